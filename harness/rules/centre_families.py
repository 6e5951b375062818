"""Family accounts at a voucher centre: consent, the child's face, and no code of anybody who is not bound."""

from collections.abc import Iterator
from datetime import UTC, datetime

from harness.clock import BEIJING
from harness.judge.centre_talk import NS, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.wire.voucher_messages import FAMILY, QRCODE


@rule("centre-family-consent")
def centre_family_consent(history: CaseHistory) -> Iterator[Observation]:
    """A member is bound only after the consent page."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.accepted(FAMILY):
        if call.body.get("action") == "bind" and call.body.get("agreed") is not True:
            yield Observation(seq=call.at, expected="agreed: true", seen="bound without it")


@rule("centre-family-face")
def centre_family_face(history: CaseHistory) -> Iterator[Observation]:
    """A member under the age is bound only by their own face."""
    talk = centre_talk(history)
    if talk is None:
        return
    below = talk.seconds("family_face_below")
    for call in talk.accepted(FAMILY):
        member = str(call.body.get("memberIdNo") or "")
        if call.body.get("action") != "bind" or _age(member, call.asked_ns) >= below:
            continue
        if call.body.get("faceOf") != member:
            yield Observation(seq=call.at, expected=f"the face of a member under {below}", seen="bound without it")


@rule("centre-family-bound")
def centre_family_bound(history: CaseHistory) -> Iterator[Observation]:
    """The code of another person is shown only while they are bound to the family account."""
    talk = centre_talk(history)
    if talk is None:
        return
    bound: dict[str, set[str]] = {}
    for call in talk.accepted(FAMILY, QRCODE):
        holder, member = str(call.body.get("idNo")), str(call.body.get("memberIdNo") or "")
        mine = bound.setdefault(holder, set())
        if call.name == QRCODE:
            if member and member not in mine:
                yield Observation(seq=call.at, expected="no code of who is not bound", seen="a code")
            continue
        match call.body.get("action"):
            case "bind":
                mine.add(member)
            case "unbind":
                mine.discard(member)
            case _:
                members = call.data.get("members")
                listed = members if isinstance(members, list) else []
                now = {str(one.get("memberIdNo")) for one in listed if isinstance(one, dict)}
                if any(one not in now for one in mine):
                    yield Observation(seq=call.at, expected="every bound member listed", seen="one is missing")
                bound[holder] = now


def _age(id_no: str, at_ns: int) -> int:
    """Whole years of the owner of an ID number; 0 for what is none."""
    if not id_no[6:14].isdigit():
        return 0
    day = datetime.fromtimestamp(at_ns // NS, UTC).astimezone(BEIJING)
    year, month, date = int(id_no[6:10]), int(id_no[10:12]), int(id_no[12:14])
    return day.year - year - ((day.month, day.day) < (month, date))
