"""Reading a transaction of the institution interface for the rules: its input, output, order, person and amounts.

No rule lives here. Wire names are translated where they are read; a value from the wire is never trusted to be of its
type.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fixtures.population import people
from harness.judge.counter_talk import Operation
from harness.judge.exchange import ADAPTER, Exchange
from harness.judge.history import CaseHistory
from harness.judge.messages import exact_object
from harness.money import Fen, parse_yuan
from harness.wire.voucher_messages import BOX_SCAN

PRE_SETTLEMENTS = {
    "2102": ("2101",),
    "2207": ("2206", "2206A"),
    "2207A": ("2206A", "2206"),
    "2304": ("2303",),
}
"""Settlements, each with the pre-settlements that may come before it."""
SETTLEMENTS = tuple(PRE_SETTLEMENTS)
PRE_SETTLING = ("2101", "2206", "2206A", "2303")
REFUNDS = {"2103": ("2102",), "2208": ("2207", "2207A"), "2305": ("2304",)}
"""Refunds, each with the settlements that it takes back."""
BOOKING = (*SETTLEMENTS, *REFUNDS)
"""Transactions that book: settlements and refunds."""
ADMISSION = "2401"
DOUBTFUL = (*BOOKING, ADMISSION)
"""Transactions whose unknown outcome must be cleared up, and can be by 2601."""
JOURNALLED = (*DOUBTFUL, "2601")
"""Transactions whose msgid must be durable before they are sent."""
PERSONAL = ("1101", "2101", "2102", "2201", "2206", "2206A", "2207", "2207A", "2303", "2304", ADMISSION)
"""Transactions that name a person by a certificate."""
SETTLING = ("purchase", "register", "pay", "refund-part", "settle")
"""Commands of the cashier that end in a settlement."""
IDENTIFYING = (*SETTLING, "admit", "pending")
"""Commands of the cashier for which a person identifies."""
SIGN_IN = "9001"
VOUCHER, ID_CARD, SOCIAL_CARD = "01", "02", "03"
"""mdtrt_cert_type of the e-voucher (医保电子凭证), the ID card, the social-insurance card."""
IDENTITY_CALLS = ("ec.query", "cn.nhsa.qrcode.get", "cn.nhsa.auth.check", "cn.nhsa.cert.get", BOX_SCAN)
"""Calls of the voucher library that tell who somebody is."""
SPLIT = ("total", "fund", "account", "cash")
"""The amounts of a settlement, as the counter port names them."""
KEPT_LETTERS = 4


def as_object(value: object) -> dict[str, Any]:
    """An object of a message; also one that travels as a JSON string; empty when it is none."""
    if isinstance(value, str):
        return exact_object(value)
    return dict(value) if isinstance(value, Mapping) else {}


def text(value: object) -> str:
    """A scalar of a message as text; empty when it is missing or no scalar."""
    return str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def fen(value: object) -> Fen | None:
    """The amount of a wire value; None when it is no proper amount of yuan."""
    if isinstance(value, Decimal):
        value = format(value, "f")
    try:
        return parse_yuan(value) if isinstance(value, str | int) else None
    except ValueError:
        return None


def request_input(exchange: Exchange) -> dict[str, Any]:
    """The input of a transaction, with exact numbers."""
    return as_object(exchange.request.readable.get("input"))


def reply_output(exchange: Exchange) -> dict[str, Any]:
    """The output of a transaction as a forgiving client reads it."""
    return as_object(exchange.readable_reply.get("output"))


def settlement_of(exchange: Exchange) -> dict[str, Any]:
    """The setlinfo of the reply; empty without one."""
    return as_object(reply_output(exchange).get("setlinfo"))


def head_of(exchange: Exchange) -> dict[str, Any]:
    """What a settlement or its pre-settlement says of the whole: druginfo of a pharmacy, data of a hospital."""
    found = request_input(exchange)
    return as_object(found.get("druginfo")) or as_object(found.get("data"))


def rows_of(exchange: Exchange) -> list[dict[str, Any]]:
    """The feedetail of a 2204 or 2301, the data of a 2302."""
    found = request_input(exchange)
    rows = found.get("feedetail", found.get("data"))
    return [as_object(row) for row in rows] if isinstance(rows, list) else []


def is_interim(exchange: Exchange) -> bool:
    """Whether this settles a stay before its end (mid_setl_flag)."""
    return text(head_of(exchange).get("mid_setl_flag")) == "1"


def drug_lines(exchange: Exchange) -> list[dict[str, Any]]:
    """The drugdetail of a 2101 or 2102."""
    lines = request_input(exchange).get("drugdetail")
    return [as_object(line) for line in lines] if isinstance(lines, list) else []


def member(exchange: Exchange, name: str) -> str:
    """A field of the input, wherever among its nodes it stands; of rows the first one's; empty without it."""
    found = request_input(exchange)
    inner = (value[0] if isinstance(value, list) and value else value for value in found.values())
    for node in (found, *(as_object(value) for value in inner if isinstance(value, Mapping))):
        if text(node.get(name)):
            return text(node[name])
    return ""


def is_repeat(history: CaseHistory, exchange: Exchange) -> bool:
    """Whether the adapter sent the very same transaction, msgid and all, before."""
    return any(same_transaction(exchange, other) for other in earlier(history, exchange, exchange.infno))


def same_transaction(one: Exchange, other: Exchange) -> bool:
    """Whether two requests are one transaction sent twice."""
    same_id = one.msgid == other.msgid and one.infno == other.infno
    return same_id and request_input(one) == request_input(other)


def earlier(history: CaseHistory, exchange: Exchange, *infnos: str) -> list[Exchange]:
    """The adapter's transactions before this one."""
    return [e for e in history.sent(*infnos) if e.request.seq < exchange.request.seq]


def later(history: CaseHistory, exchange: Exchange, *infnos: str) -> list[Exchange]:
    """The adapter's transactions after this one."""
    return [e for e in history.sent(*infnos) if e.request.seq > exchange.request.seq]


def resolutions(history: CaseHistory, exchange: Exchange) -> list[Exchange]:
    """What was sent later to clear up what came of this: a 2601 that names its msgid, or the same transaction again."""
    return [
        other
        for other in later(history, exchange, exchange.infno, "2601")
        if same_transaction(other, exchange) or (other.infno == "2601" and member(other, "omsgid") == exchange.msgid)
    ]


def settled_at(history: CaseHistory, exchange: Exchange) -> int | None:
    """The record with which the adapter could know what came of a transaction; None if it never could."""
    for known in (exchange, *resolutions(history, exchange)):
        if known.reply is not None and not known.unknown:
            return known.reply.seq
    return None


def operation_of(history: CaseHistory, exchange: Exchange) -> Operation | None:
    """The cashier's command that the adapter was at work on when it sent this."""
    return history.operation_at(exchange.request.seq)


def order_of(history: CaseHistory, exchange: Exchange) -> str:
    """The order that a settlement or pre-settlement is for: of the command that first sent its msgid, else invono."""
    first = next((e for e in history.sent(exchange.infno) if e.msgid == exchange.msgid), exchange)
    operation = operation_of(history, first)
    if operation is not None and operation.verb in (*SETTLING, "admit") and operation.order:
        return operation.order
    return text(head_of(exchange).get("invono"))


def journal_lines(history: CaseHistory) -> Iterator[tuple[int, str, str]]:
    """Record, msgid and infno of each transaction that the adapter declared durable."""
    for line in history.port:
        if not line.sent and line.content.get("event") == "journal":
            yield line.seq, text(line.content.get("msgid")), text(line.content.get("infno"))


def code_of(query: Exchange) -> str:
    """The scanned digits of an ec.query: `ecQrCode`, else the one field that the interface does not know."""
    data = as_object(query.request.readable.get("data"))
    if "ecQrCode" in data:
        return text(data["ecQrCode"])
    unknown = [text(value) for name, value in data.items() if name not in QUERY_FIELDS]
    return unknown[0] if unknown else ""


QUERY_FIELDS = frozenset(
    ("orgId", "businessType", "operatorId", "operatorName", "officeId", "officeName", "deviceType", "extra")
)
"""Members of an ec.query's data besides the code."""


def voucher_of(query: Exchange) -> dict[str, Any]:
    """The data of the answer to an ec.query: who was identified, and the token."""
    return as_object(query.readable_reply.get("data"))


def identity_of(query: Exchange) -> dict[str, Any]:
    """What an answer tells of who was identified; nothing where it repeats another code than was asked for."""
    told = voucher_of(query) if query.granted else {}
    repeated = text(told.get("ecQrCode"))
    return {} if repeated and call_of(query) == "ec.query" and repeated != code_of(query) else told


def token_of(query: Exchange) -> str:
    """The token that an ec.query returned; empty without one."""
    return text(voucher_of(query).get("ecToken")) if query.granted else ""


def call_of(exchange: Exchange) -> str:
    """The terminal library's call that a request to the voucher centre is (transType); empty for another."""
    return text(exchange.request.readable.get("transType"))


def identifications(history: CaseHistory, operation: Operation) -> list[tuple[int, str, str]]:
    """Who was identified while a command was under way: record of the answer, certificate type, number sent with it.

    A voucher's code and a face give a token, an ID card its number, a social-insurance card its own number.
    """
    found = []
    for exchange in history.exchanges:
        if exchange.client != ADAPTER or exchange.reply is None or not operation.spans(exchange.request.seq):
            continue
        told = identity_of(exchange)
        match call_of(exchange):
            case "ec.query" | "cn.nhsa.auth.check" | "cn.nhsa.qrcode.get" | "iot.gain.ec.qrcode" if text(
                told.get("ecToken")
            ):
                found.append((exchange.reply.seq, VOUCHER, text(told["ecToken"])))
            case "cn.nhsa.cert.get" if text(told.get("idNo")):
                found.append((exchange.reply.seq, ID_CARD, text(told["idNo"])))
            case "" if exchange.path.endswith("/ReadCardBas"):
                number = social_card(exchange)[2:3]
                found += [(exchange.reply.seq, SOCIAL_CARD, one) for one in number if one]
            case _:
                pass
    return found


def persons_identified(history: CaseHistory, operation: Operation) -> list[tuple[int, str]]:
    """The ID numbers of whoever was identified while a command was under way, with the record of each answer."""
    found = []
    for exchange in history.exchanges:
        if exchange.client != ADAPTER or exchange.reply is None or not operation.spans(exchange.request.seq):
            continue
        if call_of(exchange) in IDENTITY_CALLS:
            found.append((exchange.reply.seq, text(identity_of(exchange).get("idNo"))))
        elif exchange.path.endswith("/ReadCardBas"):
            found += [(exchange.reply.seq, id_no) for id_no in social_card(exchange)[1:2]]
    return [(seq, id_no) for seq, id_no in found if id_no]


def social_card(exchange: Exchange) -> list[str]:
    """The fields of a social-insurance card's reading (ReadCardBas); empty when none was read."""
    return text(exchange.readable_reply.get("cardInfo")).split("|") if exchange.granted else []


def by_of(operation: Operation) -> str:
    """How the person of a command identifies: `code` unless it says otherwise."""
    return text(operation.command.content.get("by")) or "code"


def way_of(operation: Operation) -> str:
    """Where the business of a command is done: `window` unless it says otherwise."""
    return text(operation.command.content.get("way")) or "window"


def id_numbers(history: CaseHistory) -> dict[str, str]:
    """ID number of each person number: of the synthetic people, and as the tape tells it."""
    known = {person.psn_no: person.id_no for person in people()}
    for exchange in history.sent("1101"):
        base = as_object(reply_output(exchange).get("baseinfo"))
        if text(base.get("psn_no")) and text(base.get("certno")):
            known[text(base["psn_no"])] = text(base["certno"])
    return known


def masked(value: str) -> str:
    """Personal data for an observation: enough to tell two values apart, not enough to name anybody."""
    return f"{value[:KEPT_LETTERS]}… ({len(value)} characters)" if len(value) > KEPT_LETTERS else "…"


def shown(value: object) -> str:
    """A harmless value for an observation, in one short line."""
    if value is None or value == "":
        return "nothing"
    return json.dumps(value, ensure_ascii=False, default=str)[:120]
