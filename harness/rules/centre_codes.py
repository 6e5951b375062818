"""The codes of a voucher centre: their form, their life, and that each identifies somebody once."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.judge.centre_talk import NS, CentreAnswer, CentreTalk, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.wire.voucher_messages import CODE_FIELD, QR_QUERY, QRCODE, TERMINAL_SCAN

DIGITS, MARK = 28, "424"
WRONG_KIND = 500159
ISSUED_BY_PHONE = "phone"
UNJUST = frozenset({"expired", "used", "unknown", "wrong-kind"})
"""Refusals that a fresh code must not meet."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A code that the centre gave to a channel."""

    digits: str
    id_no: str
    channel: str
    from_ns: int
    """Before this it was not issued: when it was asked for."""
    until_ns: int
    """After this it was issued: when it came."""


def given_codes(talk: CentreTalk) -> dict[str, Given]:
    """Every code that channels got, by its digits."""
    found = {}
    for call in talk.accepted(QRCODE):
        digits = str(call.data.get("ecQrCode") or "")
        found[digits] = Given(
            digits=digits,
            id_no=str(call.body.get("memberIdNo") or call.body.get("idNo")),
            channel=str(call.body.get("chnlId")),
            from_ns=call.asked_ns,
            until_ns=call.answered_ns,
        )
    return found


def scanned_text(talk: CentreTalk, call: CentreAnswer) -> str | None:
    """The text that an ec.query carries; None for what carries none."""
    text = call.asked.get(str(talk.terms["code_field"] or CODE_FIELD))
    return text if call.name == QR_QUERY and isinstance(text, str) and text else None


@rule("centre-code-form")
def centre_code_form(history: CaseHistory) -> Iterator[Observation]:
    """A voucher code has 28 digits, begins with 424, and names the province of its holder's insured place."""
    talk = centre_talk(history)
    if talk is None:
        return
    places = _places(talk)
    for call in talk.accepted(QRCODE):
        digits = str(call.data.get("ecQrCode") or "")
        if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS and digits.startswith(MARK)):
            yield Observation(
                seq=call.at, expected=f"{DIGITS} digits from {MARK}", seen=f"{digits[:3]}…, {len(digits)}"
            )
        elif digits in places and digits[22:24] != places[digits][:2]:
            yield Observation(seq=call.at, expected=f"province {places[digits][:2]}", seen=digits[22:24])


@rule("centre-codes-never-repeat")
def centre_codes_never_repeat(history: CaseHistory) -> Iterator[Observation]:
    """The voucher centre never gives the same code twice."""
    talk = centre_talk(history)
    if talk is None or talk.terms["issuer"] == ISSUED_BY_PHONE:
        return
    seen: set[str] = set()
    for call in talk.accepted(QRCODE):
        digits = str(call.data.get("ecQrCode") or "")
        if digits in seen:
            yield Observation(seq=call.at, expected="a new code", seen="one that was given before")
        seen.add(digits)


@rule("centre-code-life")
def centre_code_life(history: CaseHistory) -> Iterator[Observation]:
    """A code identifies nobody after its life, which is as long as the centre is set to and says."""
    talk = centre_talk(history)
    if talk is None:
        return
    given, life = given_codes(talk), talk.seconds("validity_s")
    for call in talk.accepted(QRCODE):
        if call.data.get("validSeconds") != life:
            yield Observation(seq=call.at, expected=f"{life} s", seen=f"{call.data.get('validSeconds')} s")
    for call in talk.accepted(QR_QUERY, TERMINAL_SCAN):
        code = given.get(str(call.data.get("ecQrCode") or ""))
        age_ns = call.asked_ns - code.until_ns if code else 0
        if age_ns >= (life + talk.seconds("grace_s")) * NS:
            yield Observation(seq=call.at, expected="refused as expired", seen=f"taken after {age_ns // NS} s")


@rule("centre-code-serves-its-life")
def centre_code_serves_its_life(history: CaseHistory) -> Iterator[Observation]:
    """A code that is neither spent nor too old is not refused as expired, used, unknown or of another kind."""
    talk = centre_talk(history)
    if talk is None:
        return
    given, spent, life = given_codes(talk), set[str](), talk.seconds("validity_s")
    for call in talk.undisturbed(QR_QUERY, TERMINAL_SCAN):
        if call.accepted:
            spent.add(str(call.data.get("ecQrCode") or ""))
        text = scanned_text(talk, call)
        code = given.get(text) if text else None
        if code and text not in spent and call.refused_as in UNJUST and call.answered_ns < code.from_ns + life * NS:
            yield Observation(seq=call.at, expected="a fresh code decoded", seen=f"refused as {call.refused_as}")


@rule("centre-code-once")
def centre_code_once(history: CaseHistory) -> Iterator[Observation]:
    """A code identifies its holder once; decoded, it is spent."""
    talk = centre_talk(history)
    if talk is None or not talk.terms["single_use"]:
        return
    spent: set[str] = set()
    for call in talk.accepted(QR_QUERY, TERMINAL_SCAN):
        digits = str(call.data.get("ecQrCode") or "")
        if digits in spent:
            yield Observation(seq=call.at, expected="refused as used", seen="decoded again")
        spent.add(digits)


@rule("centre-wrong-kind-named")
def centre_wrong_kind_named(history: CaseHistory) -> Iterator[Observation]:
    """A scanned text that does not even begin as a voucher code is refused with 500159, and a voucher code never is."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.undisturbed(QR_QUERY):
        text = scanned_text(talk, call)
        if text is None or call.code is None or call.refused_as == "invalid-request":
            continue
        whole = text.isascii() and text.isdigit() and len(text) == DIGITS
        if whole and text.startswith(MARK) and call.code == WRONG_KIND:
            yield Observation(seq=call.at, expected="another code than 500159", seen=str(call.code))
        if not text.startswith(MARK) and call.code != WRONG_KIND:
            yield Observation(seq=call.at, expected="500159", seen=str(call.code))


def _places(talk: CentreTalk) -> dict[str, str]:
    """The insured place of each decoded code's holder; places of one province are all that matters here."""
    return {
        str(call.data.get("ecQrCode") or ""): str(call.data.get("insuOrg") or "")
        for call in talk.accepted(QR_QUERY, TERMINAL_SCAN)
        if call.data.get("insuOrg")
    }
