"""Reading a transaction of the institution interface for the rules: its input, output, order, person and amounts.

No rule lives here. Wire names are translated where they are read; a value from the wire is never trusted to be of its
type.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fixtures.population import people
from harness.judge.history import CaseHistory, Exchange, Operation, exact_object
from harness.money import Fen, parse_yuan

BOOKING = ("2102", "2103")
"""Transactions that book: settlement and refund."""
JOURNALLED = (*BOOKING, "2601")
"""Transactions whose msgid must be durable before they are sent."""
PERSONAL = ("1101", "2101", "2102")
"""Transactions that name a person by a certificate."""
SIGN_IN = "9001"
VOUCHER = "01"
"""mdtrt_cert_type of the e-voucher (医保电子凭证)."""
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


def drug_info(exchange: Exchange) -> dict[str, Any]:
    """The druginfo of a 2101 or 2102."""
    return as_object(request_input(exchange).get("druginfo"))


def drug_lines(exchange: Exchange) -> list[dict[str, Any]]:
    """The drugdetail of a 2101 or 2102."""
    lines = request_input(exchange).get("drugdetail")
    return [as_object(line) for line in lines] if isinstance(lines, list) else []


def member(exchange: Exchange, name: str) -> str:
    """A field of the input, wherever among its nodes it stands; empty without it."""
    found = request_input(exchange)
    for node in (found, *(as_object(value) for value in found.values() if isinstance(value, Mapping))):
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
    """The order that a 2101 or 2102 is for: of the purchase that first sent its msgid, else its invoice number."""
    first = next((e for e in history.sent(exchange.infno) if e.msgid == exchange.msgid), exchange)
    operation = operation_of(history, first)
    if operation is not None and operation.verb == "purchase" and operation.order:
        return operation.order
    return text(drug_info(exchange).get("invono"))


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


def token_of(query: Exchange) -> str:
    """The token that an ec.query returned; empty without one."""
    return text(voucher_of(query).get("ecToken")) if query.granted else ""


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
