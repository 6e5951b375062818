"""Voucher passwords at a voucher centre: six digits, only the right one, locked after so many wrong ones."""

import re
from collections.abc import Iterator

from harness.judge.centre_talk import NS, CentreAnswer, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.wire.voucher_messages import ACTIVATE, PASSWORD

SIX_DIGITS = re.compile(r"[0-9]{6}")
SETS = frozenset({"set", "change", "reset"})
WRONG, LOCKED = "password-wrong", "password-locked"


@rule("centre-password-form")
def centre_password_form(history: CaseHistory) -> Iterator[Observation]:
    """A voucher password has six digits."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.accepted(PASSWORD, ACTIVATE):
        if call.body.get("action") not in SETS and call.body.get("step") != "password":
            continue
        if not SIX_DIGITS.fullmatch(str(call.body.get("password") or "")):
            yield Observation(seq=call.at, expected="six digits", seen="another form taken")


@rule("centre-password-right")
def centre_password_right(history: CaseHistory) -> Iterator[Observation]:
    """Only the password that was set last is taken."""
    talk = centre_talk(history)
    if talk is None:
        return
    known: dict[str, str] = {}
    for call in talk.accepted(PASSWORD):
        id_no, action = str(call.body.get("idNo")), call.body.get("action")
        tried = _tried(call)
        if tried is not None and known.setdefault(id_no, tried) != tried:
            yield Observation(seq=call.at, expected="the password that was set last", seen="another taken")
        if action in SETS:
            known[id_no] = str(call.body.get("password"))


@rule("centre-password-locks")
def centre_password_locks(history: CaseHistory) -> Iterator[Observation]:
    """So many wrong passwords in a row lock the password for the set time, in all channels, and fewer do not."""
    talk = centre_talk(history)
    if talk is None:
        return
    most, lock_ns = talk.seconds("password_lock_after"), talk.seconds("password_lock_s") * NS
    wrong: dict[str, int] = {}
    locked_ns: dict[str, int] = {}
    for call in talk.undisturbed(PASSWORD):
        id_no = str(call.body.get("idNo"))
        if call.accepted and call.body.get("action") in {"set", "reset"}:
            wrong.pop(id_no, None)
            locked_ns.pop(id_no, None)
        if _tried(call) is None or not (call.accepted or call.refused_as in {WRONG, LOCKED}):
            continue
        since = locked_ns.get(id_no)
        if since is not None and lock_ns and call.asked_ns >= since + lock_ns:
            wrong.pop(id_no, None)
            locked_ns.pop(id_no, None)
            since = None
        if since is not None:
            if call.refused_as != LOCKED:
                yield Observation(seq=call.at, expected="the password still locked", seen=call.refused_as or "taken")
            continue
        if call.accepted:
            wrong.pop(id_no, None)
            continue
        wrong[id_no] = wrong.get(id_no, 0) + 1
        due = LOCKED if wrong[id_no] >= most else WRONG
        if call.refused_as != due:
            yield Observation(seq=call.at, expected=f"{due} at wrong password {wrong[id_no]}", seen=call.refused_as)
        if LOCKED in {due, call.refused_as}:
            locked_ns[id_no] = call.answered_ns


def _tried(call: CentreAnswer) -> str | None:
    """The password that has to be right in a call; None when none has."""
    match call.body.get("action"):
        case "verify":
            return str(call.body.get("password"))
        case "change":
            return str(call.body.get("oldPassword"))
        case _:
            return None
