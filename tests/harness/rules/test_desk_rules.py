"""The desk's rules know every command that the counter port has, and take a basket's amounts as an adapter must."""

import json

from fixtures import fixture
from harness.rules.desk import COMMANDS, _wrong_with


def test_every_command_of_the_schema_is_known() -> None:
    schema = json.loads(fixture("counter-port.schema.json").read_text(encoding="utf-8"))
    assert set(_commands(schema)) == COMMANDS


def test_amounts_are_rounded_half_up_to_the_fen() -> None:
    line = {"price": "2.675", "quantity": "1", "amount": "2.68"}
    assert _wrong_with({"lines": [line], "total": "2.68"}) == ""
    assert _wrong_with({"lines": [{**line, "amount": "2.67"}], "total": "2.67"}) == "line 1 is not price times quantity"
    assert _wrong_with({"lines": [line], "total": "2.69"}) == "the lines do not add up to the total"


def test_what_cannot_be_read_is_not_said_to_be_wrong() -> None:
    assert _wrong_with({"lines": [{"price": "x", "quantity": "1", "amount": "2.68"}], "total": "y"}) == ""


def _commands(schema: object) -> list[str]:
    if isinstance(schema, list):
        return [name for part in schema for name in _commands(part)]
    if not isinstance(schema, dict):
        return []
    do = schema.get("do")
    found = [do["const"]] if isinstance(do, dict) and "const" in do else []
    found += do.get("enum", []) if isinstance(do, dict) else []
    return found + [name for part in schema.values() for name in _commands(part)]
