"""Whether an answer answers what was asked: what the institution interface repeats of a request is compared.

A pooled connection that is out of step, or a relay's cache, brings the answer to somebody else's message. Such an
answer says nothing of one's own, so that its outcome is unknown.
"""

from collections.abc import Iterable, Mapping

RESIDENT_ID = "01"
REFUNDS = ("2103", "2208", "2305")
HALL = {"9801": ("proof",), "9802": ("change",)}
_Members = Mapping[str, object]


def require_message(msgid: str, answer: _Members) -> None:
    """Raises ValueError where an envelope repeats another message's id, in a province whose envelope does."""
    if _differs(answer.get("msgid"), msgid):
        raise ValueError(f"the answer is that to message {answer['msgid']}")


def require_own(infno: str, msgid: str, content: _Members, output: _Members) -> None:
    """Raises ValueError where an output belongs to another message; members that are missing say nothing.

    A settlement's answer names its message (medins_setl_id), that to a cancellation may name the settlement instead, as
    some provinces do. Registrations repeat patient and number, uploads the numbers of the details, and what a hall's
    terminal asks for repeats the person.
    """
    setlinfo = _node(output, "setlinfo")
    if _differs(setlinfo.get("medins_setl_id"), msgid):
        original = _node(content, "data").get("setl_id")
        if infno not in REFUNDS or _differs(setlinfo.get("setl_id"), original):
            raise ValueError(f"the answer is that to message {setlinfo['medins_setl_id']}")
    if infno == "2201":
        asked, told = _node(content, "data"), _node(output, "data")
        if any(_differs(told.get(name), asked.get(name)) for name in ("psn_no", "ipt_otp_no")):
            raise ValueError("the answer is about another registration")
    for name in HALL.get(infno, ()):
        asked_of = _node(content, "data").get("psn_no", "")
        if asked_of and _differs(_node(output, name).get("psn_no"), asked_of):
            raise ValueError("the answer is about another person")
    if infno in {"2204", "2301"} and not _numbers(output, "result") <= _numbers(content, "feedetail"):
        raise ValueError("the answer is about other details")


def require_person(id_no: str, output: _Members) -> None:
    """Raises ValueError where 1101 tells of somebody else than was identified; without their ID number nobody knows."""
    base = _node(output, "baseinfo")
    if id_no and base.get("psn_cert_type") in {None, "", RESIDENT_ID} and _differs(base.get("certno"), id_no):
        raise ValueError("the answer is about another person")


def _node(members: _Members, name: str) -> _Members:
    found = members.get(name)
    return found if isinstance(found, dict) else {}


def _differs(told: object, asked: object) -> bool:
    return told is not None and told not in ("", asked)


def _numbers(members: _Members, name: str) -> set[str]:
    rows = members.get(name)
    found: Iterable[object] = rows if isinstance(rows, list) else ()
    return {str(row["feedetl_sn"]) for row in found if isinstance(row, dict) and "feedetl_sn" in row}
