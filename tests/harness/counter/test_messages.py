"""Lines of the counter port: the reader and the schema agree, and errors name the field."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fixtures import fixture
from harness.counter.answers import (
    admission_of,
    books_of,
    charge_of,
    lock_of,
    pending_of,
    plain_outcome_of,
    sale_of,
    slots_of,
    totals_of,
)
from harness.counter.basket import Basket, Line
from harness.counter.greeting import Ability, Hello, Ready
from harness.counter.hospital import Admission
from harness.counter.libraries import Libraries
from harness.counter.line_fields import shown
from harness.counter.messages import LINE_LIMIT, Answer, encode_command, encode_hello, parse_line
from harness.counter.outcome import Reason
from harness.errors import PeerViolation
from harness.money import Fen

SCHEMA = json.loads(fixture("counter-port.schema.json").read_text("utf-8"))
DOCUMENT = Path(__file__).parents[3] / "docs" / "counter-port.md"
AMOUNTS = {"total": "25.00", "fund": "5.00", "account": "20.00", "cash": "0.00"}
SOLD: dict[str, Any] = {
    "id": 2,
    "outcome": "accepted",
    "order": "A0001",
    "setl_id": "S1",
    "mdtrt_id": "M1",
    "psn_no": "P1",
    "msgid": "X1",
    "amounts": AMOUNTS,
}
REFUSED: dict[str, Any] = {"id": 2, "outcome": "refused", "reason": "declined", "prompt": "未付", "code": "981021"}
UNKNOWN: dict[str, Any] = {"id": 2, "outcome": "unknown", "msgid": "X1", "prompt": "未知"}
TOTALS: dict[str, Any] = {"id": 2, "outcome": "accepted", "count": 1, **AMOUNTS}
ENTRY: dict[str, Any] = {"order": "A1", "setl_id": None, "msgid": "X", "infno": "2102", "state": "unknown", **AMOUNTS}
BOOKS: dict[str, Any] = {"id": 2, "outcome": "accepted", "entries": [ENTRY]}
READY: dict[str, Any] = {"ready": {"adapter": "a", "version": "1", "clock": "own", "can": ["books"]}}
SLOT: dict[str, Any] = {
    "slot": "S20201016-0101-AM",
    "dept_code": "01",
    "dept_name": "内科门诊",
    "caty": "A03",
    "doctor_code": "0101",
    "doctor_name": "测试医师甲",
    "day": "2020-10-16",
    "period": "AM",
    "fee": "12.00",
    "free": 3,
}
LOCKED: dict[str, Any] = {"id": 2, "outcome": "accepted", "order": "R1", "slot": "S1", "until": "2020-10-14 08:45:00"}
FEE: dict[str, Any] = {"code": "X", "name": "药", "price": "1.15", "quantity": "3", "amount": "3.45"}
PENDING: dict[str, Any] = {
    "id": 2,
    "outcome": "accepted",
    "records": [{"order": "F1", "visit": "R1", "total": "3.45", "lines": [FEE]}],
}
ADMITTED: dict[str, Any] = {"id": 2, "outcome": "accepted", "order": "I1", "mdtrt_id": "M", "psn_no": "P", "msgid": "X"}
CHARGED: dict[str, Any] = {"id": 2, "outcome": "accepted", "order": "I1", "batch": "I1-1", "count": 2}
READERS = {
    "saleAnswer": sale_of,
    "plainAnswer": plain_outcome_of,
    "totalsAnswer": totals_of,
    "booksAnswer": books_of,
    "slotsAnswer": slots_of,
    "lockAnswer": lock_of,
    "pendingAnswer": pending_of,
    "admitAnswer": admission_of,
    "chargeAnswer": charge_of,
}


def follows(part: str, line: object) -> bool:
    schema = {"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(line))


def read(part: str, line: object) -> object:
    message = parse_line(json.dumps(line).encode() + b"\n")
    if not isinstance(message, Answer):
        return message
    return READERS[part](message)


def damaged(line: Any) -> list[tuple[str, Any]]:
    """The line with each member missing, null, of another type or empty."""
    found = []
    for path in _paths(line):
        for wrong in (_MISSING, None, 7, "", [], {}, "12,50", True):
            copy = json.loads(json.dumps(line))
            inner = copy
            for step in path[:-1]:
                inner = inner[step]
            if wrong is _MISSING:
                del inner[path[-1]]
            else:
                inner[path[-1]] = wrong
            found.append((f"{'.'.join(map(str, path))}={wrong!r}", copy))
    return found


_MISSING = object()


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for key, inner in items for p in [(*before, key), *_paths(inner, (*before, key))]]


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("saleAnswer", SOLD),
        ("saleAnswer", REFUSED),
        ("saleAnswer", UNKNOWN),
        ("plainAnswer", {"id": 1, "outcome": "accepted"}),
        ("plainAnswer", REFUSED),
        ("totalsAnswer", TOTALS),
        ("booksAnswer", BOOKS),
        ("saleAnswer", {**SOLD, "slot": "S1", "refunded": "S9"}),
        ("slotsAnswer", {"id": 2, "outcome": "accepted", "slots": [SLOT]}),
        ("lockAnswer", LOCKED),
        ("lockAnswer", REFUSED),
        ("pendingAnswer", PENDING),
        ("admitAnswer", ADMITTED),
        ("chargeAnswer", CHARGED),
        ("ready", READY),
        ("ready", {"ready": {**READY["ready"], "bits": 32}}),
        ("presentPlease", {"event": "present-please", "id": 1, "what": "id-card"}),
        ("released", {"event": "released", "id": 1, "order": "A1", "what": "goods"}),
        ("scanPlease", {"event": "scan-please", "id": 1}),
        ("journal", {"event": "journal", "id": 1, "msgid": "X", "infno": "2102"}),
        ("error", {"id": None, "error": "what?"}),
    ],
)
def test_reader_accepts_what_the_schema_accepts(part: str, line: dict[str, Any]) -> None:
    assert follows(part, line)
    read(part, line)
    disagree = []
    for what, wrong in damaged(line):
        try:
            read(part, wrong)
            accepted = True
        except PeerViolation:
            accepted = False
        if accepted != follows(part, wrong):
            disagree.append(f"{what}: the reader says {accepted}")
    assert not disagree


def test_values_come_through() -> None:
    sold = sale_of(parse_answer(SOLD))
    assert sold.amounts is not None
    assert (sold.amounts.account, sold.setl_id) == (Fen(2000), "S1")
    refused = sale_of(parse_answer(REFUSED))
    assert (refused.reason, refused.code, refused.refused) == (Reason.DECLINED, "981021", True)
    assert sale_of(parse_answer(UNKNOWN)).unknown
    ready = read("ready", READY)
    assert isinstance(ready, Ready)
    assert ready.can == {Ability.BOOKS}


def test_values_of_a_hospital_come_through() -> None:
    (slot,) = slots_of(parse_answer({"id": 2, "outcome": "accepted", "slots": [SLOT]}))
    assert (slot.fee, slot.free, slot.period) == (Fen(1200), 3, "AM")
    (record,) = pending_of(parse_answer(PENDING)).records
    assert (record.order, record.total, record.lines[0].amount) == ("F1", Fen(345), Fen(345))
    assert (charge_of(parse_answer(CHARGED)).batch, charge_of(parse_answer(CHARGED)).count) == ("I1-1", 2)
    assert lock_of(parse_answer(LOCKED)).until == "2020-10-14 08:45:00"
    assert lock_of(parse_answer({**REFUSED, "reason": "slot-taken"})).reason is Reason.SLOT_TAKEN
    assert admission_of(parse_answer(ADMITTED)).amounts is None
    wide = parse_line(json.dumps({"ready": {**READY["ready"], "bits": 32}}).encode())
    assert isinstance(wide, Ready)
    assert wide.bits == 32


def parse_answer(line: dict[str, Any]) -> Answer:
    message = parse_line(json.dumps(line).encode())
    assert isinstance(message, Answer)
    return message


def test_field_is_named_by_its_path() -> None:
    with pytest.raises(PeerViolation, match=r"`entries\[0\]\.fund`"):
        books_of(parse_answer({**BOOKS, "entries": [{**ENTRY, "fund": 5}]}))
    with pytest.raises(PeerViolation, match=r"`amounts\.cash` is missing"):
        sale_of(parse_answer({**SOLD, "amounts": {k: v for k, v in AMOUNTS.items() if k != "cash"}}))


def test_books_that_are_refused_are_a_violation() -> None:
    with pytest.raises(PeerViolation, match="books"):
        books_of(parse_answer(REFUSED))


def test_deeply_nested_rubbish_is_rubbish() -> None:
    with pytest.raises(PeerViolation):
        parse_line(b"[" * (LINE_LIMIT // 2))


def test_shown_line_is_short_and_printable() -> None:
    text = shown(b"\x1b[31m" + b"x" * 10_000 + b"\n")
    assert len(text) < 300
    assert "\x1b" not in text


def test_commands_follow_the_schema(tmp_path: Path) -> None:
    hello = Hello(
        institution={"code": "P63999900001", "name": "药房", "admdvs": "639900"},
        operator={"no": "1", "name": "员", "mac": "", "ip": ""},
        endpoints={"scanner": "serial:/dev/x", "voucher-centre": "http://a", "platform": "http://b"},
        profile={"name": "p", "paths": {}, "infver": "V1.0", "recer_sys_code": "YBXT", "signtype": "SM3"},
        state_dir=tmp_path,
        seed=7,
    )
    at = "2020-10-14 08:30:00"
    pills = Line.priced("X", "药", price="1.005", quantity="3")
    basket = Basket.of("A0001", pills, use_account=False)
    back = replace(pills, quantity="-1", amount=Fen(-101), returns="I1-1:1")
    ward = Admission(dept_code="03", dept_name="外科", bed="12", diagnosis=("K35", "阑尾炎"), doctor=("31", "医师"))
    libraries = Libraries(tmp_path / "libraries").paths
    lines = [
        encode_hello(hello, now=at),
        encode_hello(replace(hello, kind="hospital", libraries=libraries), now=at),
        encode_hello(replace(hello, tls={"ca": "/run/ca.pem"}), now=at),
        encode_hello(replace(hello, tls={"ca": "/ca.pem", "client_cert": "/c.pem", "client_key": "/c.key"}), now=at),
        encode_command(9, "purchase", at=at, by="card", way="self-service", **basket.as_json()),
        encode_command(9, "refund", at=at, order="R0001", way="online"),
        encode_command(9, "slots", at=at, day="2020-10-16"),
        encode_command(9, "lock", at=at, order="R0001", slot="S1"),
        encode_command(9, "release", at=at, order="R0001"),
        encode_command(9, "register", at=at, order="R0001", use_account=True, by="face", way="mobile"),
        encode_command(9, "fees", at=at, visit="R0001", **basket.fees_as_json()),
        encode_command(9, "pending", at=at, by="id-card"),
        encode_command(9, "pay", at=at, order="F0001", use_account=True),
        encode_command(9, "refund-part", at=at, order="F0001", keep=[0, 2], use_account=True),
        encode_command(9, "admit", at=at, order="I0001", **ward.as_json()),
        encode_command(9, "charge", at=at, order="I0001", lines=[pills.as_json(), back.as_json()]),
        encode_command(9, "discharge", at=at, order="I0001", way_out="1"),
        encode_command(9, "settle", at=at, order="I0001", use_account=True, interim=False),
        encode_command(9, "cancel-admission", at=at, order="I0001"),
        encode_command(1, "sign-in", at=at),
        encode_command(2, "purchase", at=at, **basket.as_json()),
        encode_command(3, "refund", at=at, order="A0001"),
        encode_command(4, "totals", at=at, day="2020-10-14"),
        *(encode_command(5, do, at=at) for do in ("books", "resolve", "bye")),
    ]
    for line in lines:
        assert line.endswith(b"\n")
        jsonschema.validate(json.loads(line), {"$ref": "#/$defs/toAdapter", "$defs": SCHEMA["$defs"]})


def test_dialogue_in_the_document_follows_the_schema() -> None:
    block = DOCUMENT.read_text("utf-8").split("## A whole dialogue")[1].split("```")[1]
    asked: dict[int, str] = {}
    parts = {"purchase": "saleAnswer", "refund": "saleAnswer", "totals": "totalsAnswer", "books": "booksAnswer"}
    seen = set()
    for row in block.strip().splitlines():
        way, line = row[0], json.loads(row[2:])
        assert follows("toAdapter" if way == ">" else "fromAdapter", line), row
        if way == ">":
            asked[line.get("id", 0)] = line.get("do", "hello")
        else:
            read(parts.get(asked.get(line.get("id"), ""), "plainAnswer"), line)
        seen.add(line.get("do") or line.get("event") or line.get("outcome"))
    assert {"sign-in", "purchase", "refund", "totals", "books", "resolve", "bye", "scan-please", "journal"} <= seen


def test_document_and_schema_list_the_same_reasons() -> None:
    listed = set(SCHEMA["$defs"]["refused"]["properties"]["reason"]["enum"])
    assert listed == {reason.value for reason in Reason}
    text = DOCUMENT.read_text("utf-8")
    assert all(f"`{reason}`" in text for reason in listed)
