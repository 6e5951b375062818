"""Requests and answers of Shanghai's protocol in the words of the institution interface, and back. No I/O."""

from collections.abc import Mapping
from datetime import datetime

from harness.clock import BEIJING
from harness.money import Fen, format_yuan
from harness.wire.fields import is_array, is_object
from harness.wire.institution import amount
from harness.wire.shanghai import names
from harness.wire.shanghai.forms import renamed, spelt
from harness.wire.shanghai.names import (
    CASHIER,
    DECODE_MEMBERS,
    DONE,
    ENVELOPE,
    INSURANCE,
    OWN_QUERIES,
    PERSON,
    REVERSAL,
    Members,
)
from harness.wire.shanghai.transactions import FORMS, content, doubted, kind_of, transaction_of
from harness.wire.voucher_messages import QR_QUERY

READ_CARD_PATH = "/HeaSecReadInfo/ReadCardBas"
"""Where the settlement library reads a social-insurance card elsewhere; here S000 is the same call."""
KEPT = (*("jysj", "xxlxm", "bbh", "msgid", "xzqhdm", "jgdm", "czybm", "czyxm", "jyqd", "jyyzm", "zdjbhs"),)
"""Members of a request's envelope that its answer has as well."""
NO_CODE = "E001"


def infno_of(message: Members) -> str:
    """The transaction of a request: its number in the institution interface, `ec.query`, or empty."""
    return QR_QUERY if kind_of(message) == names.DECODE else transaction_of(message)


def to_national(message: Members, more: Mapping[str, str]) -> dict[str, object]:
    """A request as the institution interface has it; SE01 as the voucher centre, S000 as the settlement library.

    What none of these has keeps its type as `transType`; of an unknown type nothing but that type is left. `more` are
    members of the envelope that Shanghai's lacks.
    """
    kind, infno, told = kind_of(message), infno_of(message), content(message)
    if infno == QR_QUERY:
        return {
            "orgId": told.get("orgId"),
            "transType": QR_QUERY,
            "data": {name: told[name] for name in DECODE_MEMBERS if name in told},
        }
    if kind == names.CARD_READ:
        return {"orgId": message.get("jgdm")}
    if not infno:
        return {"transType" if kind in OWN_QUERIES else "xxlxm": kind} if kind else {}
    return {**envelope_of(message, more), "infno": infno, "input": _input(infno, told)}


def envelope_of(message: Members, more: Mapping[str, str]) -> dict[str, object]:
    """The envelope of a request as the institution interface has it, without transaction and input."""
    told = content(message)
    envelope = {ours: message[theirs] for theirs, ours in ENVELOPE.items() if theirs in message}
    place = {"insuplc_admdvs": told["insuplc"]} if "insuplc" in told else {}
    return {**more, **envelope, **place, "opter_type": told.get("czylx", CASHIER)}


def reply_to_national(message: Members, reply: Members) -> dict[str, object]:
    """The answer to a request as whoever answers elsewhere has it; empty for what is no answer."""
    code = reply.get("xxfhm")
    if not isinstance(code, str) or not code:
        return {}
    done, infno, told = code == DONE, infno_of(message), content(reply)
    text, data = str(reply.get("fhxx") or ""), dict(told) if done else {}
    if infno == QR_QUERY:
        return {"code": 0 if done else code, "message": text, "success": done, "data": data}
    if kind_of(message) == names.CARD_READ:
        return {"code": 0 if done else code, "message": text, "cardInfo": told.get("cardinfo") or ""}
    if not infno and kind_of(message) in OWN_QUERIES:
        return {"code": 0 if done else code, "message": text, "data": dict(told)}
    if not done:
        return {"infcode": -1, "err_msg": text, "warn_msg": code}
    return {"infcode": 0, "err_msg": "", "warn_msg": "", "output": _output(infno, told)}


def reply_from_national(message: Members, answer: Members, *, now: datetime) -> dict[str, object]:
    """The answer as it leaves, from that of the institution interface, or of the voucher centre."""
    infno, voucher = infno_of(message), "code" in answer
    done = str(answer.get("code") if voucher else answer.get("infcode")) == "0"
    if voucher:
        code, text, told = str(answer.get("code")), str(answer.get("message") or ""), answer.get("data")
    else:
        code, text = str(answer.get("warn_msg") or NO_CODE), str(answer.get("err_msg") or "")
        output = answer.get("output")
        told = _told(infno, output if is_object(output) else {})
    return reply_with(message, DONE if done else code, "" if done else text, told if done else {}, now=now)


def reply_with(message: Members, code: str, text: str, told: object, *, now: datetime) -> dict[str, object]:
    """An answer to a request: return code, text for people, content."""
    return {
        **{name: message.get(name, "") for name in KEPT},
        "jysj": f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        "xxfhm": code,
        "fhxx": text,
        "xxnr": told,
    }


def _input(infno: str, told: Members) -> dict[str, object]:
    found = {node.name: node.national(told) for node in FORMS[infno].input}
    data = found.get("data")
    if infno == REVERSAL and is_object(data):
        return {"data": {**data, "oinfno": doubted(told)}}
    return found


def _output(infno: str, told: Members) -> dict[str, object]:
    if infno == "1101":
        return {"baseinfo": renamed(told, PERSON), "insuinfo": [{**renamed(told, INSURANCE), **_balance(told)}]}
    form = FORMS.get(infno)
    return {node.name: node.national(told) for node in form.output} if form is not None else {}


def _balance(told: Members) -> dict[str, object]:
    """Both balances as one; none where either is no amount."""
    try:
        balance = sum(amount(told.get(name) or "0") for name in ("curaccountamt", "hisaccountamt"))
    except ValueError:
        return {}
    return {"balc": format_yuan(Fen(balance))}


def _told(infno: str, output: Members) -> dict[str, object]:
    """xxnr of an answer that was done."""
    if infno == "1101":
        return _person_told(output)
    form = FORMS.get(infno)
    told: dict[str, object] = {}
    for node in form.output if form is not None else ():
        told |= node.told(output.get(node.name))
    return told


def _person_told(output: Members) -> dict[str, object]:
    base, rows = output.get("baseinfo"), output.get("insuinfo")
    found = [row for row in rows if is_object(row)] if is_array(rows) else []
    row = next((one for one in found if one.get("psn_insu_stas") == "1"), found[0] if found else {})
    return {
        **spelt(base if is_object(base) else {}, PERSON),
        **spelt(row, INSURANCE),
        "curaccountamt": str(row.get("balc", "0.00")),
        "hisaccountamt": "0.00",
    }
