"""Faces and results at a terminal of a voucher centre: one face check, one identity, one payer."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.judge.centre_talk import NS, CentreAnswer, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.wire.voucher_calls import PRESENT
from harness.wire.voucher_messages import FACE_CHECK, FACE_START, SHOW_RESULT


@dataclass(frozen=True, kw_only=True)
class _Begun:
    institution: str
    business_number: str
    until_ns: int


@rule("centre-face-authorises-once")
def centre_face_authorises_once(history: CaseHistory) -> Iterator[Observation]:
    """A face check gives an identity once, in its time, to the institution and the business number that began it."""
    talk = centre_talk(history)
    if talk is None:
        return
    begun: dict[str, _Begun] = {}
    used: set[str] = set()
    life_ns = talk.seconds("face_auth_s") * NS
    for call in talk.accepted(FACE_START, FACE_CHECK):
        if call.name == FACE_START:
            number = str(call.data.get("authNo") or "")
            begun[number] = _Begun(
                institution=call.institution, business_number=_business(call), until_ns=call.answered_ns + life_ns
            )
            continue
        number = str(call.asked.get("authNo") or "")
        auth = begun.get(number)
        if auth is None or (auth.institution, auth.business_number) != (call.institution, _business(call)):
            yield Observation(seq=call.at, expected="a face check of this institution", seen="another's taken")
        elif number in used:
            yield Observation(seq=call.at, expected="refused the second time", seen="a second identity")
        elif call.asked_ns >= auth.until_ns:
            yield Observation(seq=call.at, expected=f"refused after {life_ns // NS} s", seen="taken")
        if call.data.get("authNo") != number:
            yield Observation(seq=call.at, expected="the authNo beside the identity", seen="another, or none")
        used.add(number)


@rule("centre-face-identifies-owner")
def centre_face_identifies_owner(history: CaseHistory) -> Iterator[Observation]:
    """A face check identifies whoever showed their face last at that institution's terminal."""
    talk = centre_talk(history)
    if talk is None:
        return
    before: dict[str, str] = {}
    for call in talk.accepted(PRESENT, FACE_CHECK):
        if call.name == PRESENT and call.body.get("kind") == "face":
            before[call.institution] = str(call.body.get("text"))
        elif call.name == FACE_CHECK and call.data.get("idNo") != before.get(call.institution):
            yield Observation(seq=call.at, expected="whose face was shown", seen="another person")


@rule("centre-business-number-once")
def centre_business_number_once(history: CaseHistory) -> Iterator[Observation]:
    """A business number (outBizNo) begins one face check of an institution, and no second one."""
    talk = centre_talk(history)
    if talk is None:
        return
    seen: set[tuple[str, str]] = set()
    for call in talk.accepted(FACE_START):
        key = call.institution, _business(call)
        if key in seen:
            yield Observation(seq=call.at, expected="refused as repeated", seen="a second face check")
        seen.add(key)


@rule("centre-result-for-its-payer")
def centre_result_for_its_payer(history: CaseHistory) -> Iterator[Observation]:
    """A result goes to the screen only for the person whom that face check identified at that institution."""
    talk = centre_talk(history)
    if talk is None:
        return
    payers: dict[tuple[str, str], object] = {}
    for call in talk.accepted(FACE_CHECK, SHOW_RESULT):
        key = call.institution, str(call.asked.get("authNo") or "")
        if call.name == FACE_CHECK:
            payers[key] = call.data.get("idNo")
        elif payers.get(key) != call.asked.get("idNo"):
            yield Observation(seq=call.at, expected="the person of the face check", seen="another's result taken")


def _business(call: CentreAnswer) -> str:
    return str(call.asked.get("outBizNo") or "")
