"""Who a voucher centre says somebody is: the holder of the code, whole, and the same in every channel."""

from collections.abc import Iterator

from harness.judge.centre_talk import CentreAnswer, CentreTalk, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.centre_codes import given_codes, scanned_text
from harness.rules.registry import Observation, rule
from harness.wire.voucher_messages import (
    ACTIVATE,
    FACE_CHECK,
    FAMILY,
    GENDER_TEXT,
    ORG_CODE,
    ORG_QUERY,
    PLACE,
    QR_QUERY,
    QRCODE,
    READ_CARD,
    STATE,
    TERMINAL_SCAN,
    check_identity,
)

IDENTIFYING = (QR_QUERY, TERMINAL_SCAN, FACE_CHECK)
"""The calls whose answer is an identity with a token."""


@rule("centre-identifies-holder")
def centre_identifies_holder(history: CaseHistory) -> Iterator[Observation]:
    """A code is decoded to the person and the channel that it was given to, and the answer repeats it."""
    talk = centre_talk(history)
    if talk is None:
        return
    given = given_codes(talk)
    for call in talk.accepted(QR_QUERY, TERMINAL_SCAN):
        digits, text = str(call.data.get("ecQrCode") or ""), scanned_text(talk, call)
        if text is not None and text != digits:
            yield Observation(seq=call.at, expected="the code that was scanned", seen="another in ecQrCode")
        code = given.get(text or digits)
        if code is None:
            continue
        if call.data.get("idNo") != code.id_no:
            yield Observation(seq=call.at, expected="the holder of the code", seen="another person")
        if call.data.get("chnlId") != code.channel:
            yield Observation(seq=call.at, expected=f"chnlId {code.channel}", seen=str(call.data.get("chnlId")))


@rule("centre-identity-whole")
def centre_identity_whole(history: CaseHistory) -> Iterator[Observation]:
    """An identity has every documented field in its form; birthday and gender are those of the ID number."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.accepted(*IDENTIFYING):
        for problem in check_identity(call.data):
            yield Observation(seq=call.at, expected=f"{problem.path}: {problem.expected}", seen=problem.rule.value)
        id_no = str(call.data.get("idNo") or "")
        due = {"birthday": f"{id_no[6:10]}.{id_no[10:12]}.{id_no[12:14]}", "gender": _gender(id_no), "idType": "01"}
        for name, value in due.items():
            if call.data.get(name) != value:
                yield Observation(seq=call.at, expected=f"{name} as the ID number has it", seen="another")


@rule("centre-one-voucher-a-person")
def centre_one_voucher_a_person(history: CaseHistory) -> Iterator[Observation]:
    """One person has one voucher: one ecIndexNo and one name in every channel, and nobody else has that ecIndexNo."""
    talk = centre_talk(history)
    if talk is None:
        return
    names = _names(talk)
    index_of: dict[str, str] = {}
    owner_of: dict[str, str] = {}
    for call in talk.accepted(*IDENTIFYING):
        id_no, index = str(call.data.get("idNo") or ""), str(call.data.get("ecIndexNo") or "")
        if index_of.setdefault(id_no, index) != index:
            yield Observation(seq=call.at, expected="the person's one ecIndexNo", seen="another")
        if owner_of.setdefault(index, id_no) != id_no:
            yield Observation(seq=call.at, expected="an ecIndexNo of this person alone", seen="another person's")
        if id_no in names and call.data.get("userName") != written(talk, names[id_no]):
            yield Observation(seq=call.at, expected="the person's name", seen="another")


@rule("centre-one-code-an-institution")
def centre_one_code_an_institution(history: CaseHistory) -> Iterator[Observation]:
    """One institution has one code, which never changes and leads back to it alone."""
    talk = centre_talk(history)
    if talk is None:
        return
    code_of: dict[str, str] = {}
    for call in talk.accepted(ORG_CODE):
        institution, code = str(call.body.get("orgId")), str(call.data.get("orgCode") or "")
        if code_of.setdefault(institution, code) != code:
            yield Observation(seq=call.at, expected="the institution's one code", seen="another")
        if any(other != institution and theirs == code for other, theirs in code_of.items()):
            yield Observation(seq=call.at, expected="a code of this institution alone", seen="another's")
    owner = {code: institution for institution, code in code_of.items()}
    for call in talk.accepted(ORG_QUERY):
        due = owner.get(str(call.body.get("orgCode")))
        if due is not None and call.data.get("orgId") != due:
            yield Observation(seq=call.at, expected=due, seen=str(call.data.get("orgId")))


@rule("centre-place-as-chosen")
def centre_place_as_chosen(history: CaseHistory) -> Iterator[Observation]:
    """An insured place is chosen from those on offer, and from then on it is the identity's and the token's."""
    talk = centre_talk(history)
    if talk is None:
        return
    who: dict[str, str] = {}
    offered: dict[str, list[str]] = {}
    chosen: dict[str, str] = {}
    for call in talk.undisturbed():
        id_no = _about(call, who)
        if call.name in IDENTIFYING and call.accepted:
            place = chosen.get(str(call.data.get("idNo")))
            if place and (call.data.get("insuOrg"), str(call.data.get("ecToken"))[:6]) != (place, place):
                yield Observation(seq=call.at, expected=f"{place} in insuOrg and token", seen="another place")
        asked = str(call.body.get("insuOrg") or "")
        if call.accepted and asked and (call.name == PLACE or call.body.get("step") == "place"):
            if id_no in offered and asked not in offered[id_no]:
                yield Observation(seq=call.at, expected=f"one of {', '.join(offered[id_no]) or 'none'}", seen=asked)
            chosen[id_no] = asked
        if isinstance(call.data.get("places"), list) and id_no:
            offered[id_no] = [str(place) for place in call.data["places"]]


@rule("centre-card-gives-no-token")
def centre_card_gives_no_token(history: CaseHistory) -> Iterator[Observation]:
    """An ID card says who somebody is and whether their voucher is activated; it gives no token and no code."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.accepted(READ_CARD):
        for name in ("ecToken", "ecQrCode"):
            if call.data.get(name):
                yield Observation(seq=call.at, expected=f"no {name}", seen="one")
        if not isinstance(call.data.get("activated"), bool):
            yield Observation(seq=call.at, expected="whether the voucher is activated", seen="nothing")


def _about(call: CentreAnswer, who: dict[str, str]) -> str:
    """Whom a channel's call is about; activations are remembered by their number."""
    id_no = str(call.body.get("idNo") or "")
    if call.name == ACTIVATE:
        number = str(call.data.get("activationNo") or call.body.get("activationNo") or "")
        return who.setdefault(number, id_no) if number else id_no
    return id_no if call.name in {PLACE, STATE} else ""


def _gender(id_no: str) -> str:
    return GENDER_TEXT["1" if id_no[16:17].isdigit() and int(id_no[16:17]) % 2 else "2"]


def _names(talk: CentreTalk) -> dict[str, str]:
    """Names that the centre has accepted from channels, by ID number."""
    found = {}
    for call in talk.accepted(QRCODE, STATE, FAMILY, PLACE):
        found[str(call.body.get("idNo"))] = str(call.body.get("userName"))
    for call in talk.accepted(FAMILY):
        if call.body.get("memberName") and call.body.get("action") == "bind":
            found[str(call.body.get("memberIdNo"))] = str(call.body.get("memberName"))
    return found


def written(talk: CentreTalk, name: str) -> str:
    """A name as the charset of the answers can spell it."""
    charset = str(talk.terms["charset"])
    return name.encode(charset, errors="replace").decode(charset)
