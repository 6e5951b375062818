"""Lines of the counter port: the reader and the schema agree, and errors name the field."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fixtures import fixture
from harness.counter.messages import (
    LINE_LIMIT,
    Answer,
    books_of,
    encode_command,
    encode_hello,
    parse_line,
    plain_outcome_of,
    sale_of,
    shown,
    totals_of,
)
from harness.counter.port import Ability, Basket, Hello, Line, Ready, Reason
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


def follows(part: str, line: object) -> bool:
    schema = {"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(line))


def read(part: str, line: object) -> object:
    message = parse_line(json.dumps(line).encode() + b"\n")
    if not isinstance(message, Answer):
        return message
    return {"saleAnswer": sale_of, "plainAnswer": plain_outcome_of, "totalsAnswer": totals_of, "booksAnswer": books_of}[
        part
    ](message)


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
        ("ready", READY),
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
    basket = Basket.of("A0001", Line.priced("X", "药", price="1.005", quantity="3"), use_account=False)
    lines = [
        encode_hello(hello, now=at),
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
