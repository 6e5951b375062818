"""Authorisation numbers of a mobile-payment centre (payAuthNo): one or an ecToken, whose they are, how long, once."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.judge.history import CaseHistory
from harness.judge.mobile_talk import NS, MobileCall, MobileTalk, mobile_talk
from harness.rules.mobile_orders import submission
from harness.rules.mobile_protocol import named
from harness.rules.registry import Observation, rule
from harness.wire.mobile_payment.answers import AUTH_QUERY, PAY, REFUND, UPLOAD, answers

SPENT = answers()["pay-auth-invalid"].code


@dataclass(frozen=True, kw_only=True)
class _Auth:
    """A number that was given, and when it was asked for and answered."""

    id_no: str
    app_id: str
    asked_ns: int
    answered_ns: int


@rule("mobile-auth-exactly-one")
def mobile_auth_exactly_one(history: CaseHistory) -> Iterator[Observation]:
    """An order and a refund need an ecToken or a payAuthNo: one of them, and not both."""
    talk = mobile_talk(history)
    if talk is None:
        return
    for call in talk.accepted(UPLOAD, REFUND):
        given = [name for name in ("ecToken", "payAuthNo") if call.asked.get(name)]
        if len(given) != 1:
            yield Observation(
                seq=call.at, expected=f"{named(call)} refused", seen=f"success with {' and '.join(given) or 'neither'}"
            )


@rule("mobile-auth-once")
def mobile_auth_once(history: CaseHistory) -> Iterator[Observation]:
    """An authorisation number serves one order, or one refund."""
    talk = mobile_talk(history)
    if talk is None:
        return
    used: dict[str, tuple[str, ...]] = {}
    for call, number in _uses(talk):
        if used.setdefault(number, submission(call)) != submission(call):
            yield Observation(seq=call.at, expected="refused: the number has served another", seen="success")


@rule("mobile-auth-bound")
def mobile_auth_bound(history: CaseHistory) -> Iterator[Observation]:
    """An authorisation number serves only the person and the application that it was given to."""
    talk = mobile_talk(history)
    if talk is None or not talk.own_doors:
        return
    given = _given(talk)
    people = {str(call.data.get("payOrdId")): str(call.asked.get("idNo")) for call in talk.accepted(UPLOAD)}
    for call, number in _uses(talk):
        auth = given.get(number)
        whose = call.asked.get("idNo") if call.name == UPLOAD else people.get(str(call.asked.get("payOrdId")))
        if auth is None:
            yield Observation(seq=call.at, expected="refused: nobody was given this number", seen="success")
        elif auth.app_id != talk.terms["app_id"]:
            yield Observation(seq=call.at, expected="refused with 114: another application's", seen="success")
        elif auth.id_no != whose:
            yield Observation(seq=call.at, expected="refused: another person's", seen="success")


@rule("mobile-auth-life")
def mobile_auth_life(history: CaseHistory) -> Iterator[Observation]:
    """An authorisation number serves as long as it lives, and not a moment longer."""
    talk = mobile_talk(history)
    if talk is None or not talk.own_doors:
        return
    given, life_ns = _given(talk), talk.seconds("pay_auth_s") * NS
    served: set[str] = set()
    seen: set[tuple[str, ...]] = set()
    for call in sorted(talk.undisturbed(UPLOAD, REFUND), key=lambda call: call.at):
        number = str(call.asked.get("payAuthNo") or "")
        auth, again = given.get(number), submission(call) in seen
        if auth is None or again:
            continue
        if call.accepted:
            seen.add(submission(call))
            served.add(number)
            if call.asked_ns >= auth.answered_ns + life_ns:
                yield Observation(seq=call.at, expected=f"refused after {life_ns // NS} s", seen="success")
        elif call.code == SPENT and number not in served and call.answered_ns < auth.asked_ns + life_ns:
            yield Observation(seq=call.at, expected="a number that lives serves", seen="refused")


def _given(talk: MobileTalk) -> dict[str, _Auth]:
    return {
        str(call.data.get("payAuthNo")): _Auth(
            id_no=str(call.asked.get("idNo")),
            app_id=str(call.asked.get("appId")),
            asked_ns=call.asked_ns,
            answered_ns=call.answered_ns,
        )
        for call in talk.accepted(AUTH_QUERY)
    }


def _uses(talk: MobileTalk) -> Iterator[tuple[MobileCall, str]]:
    """Every call that was done under a number, in the order of the answers; a 6202 shows its order's own again."""
    mine = {str(call.data.get("payOrdId")): str(call.asked.get("payAuthNo") or "") for call in talk.accepted(UPLOAD)}
    for call in talk.accepted(UPLOAD, PAY, REFUND):
        number = str(call.asked.get("payAuthNo") or "")
        if number and not (call.name == PAY and mine.get(str(call.asked.get("payOrdId"))) == number):
            yield call, number
