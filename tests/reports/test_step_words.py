"""What the steps of a diagram say."""

import json
from typing import Any

from fixtures import fixture
from reports.step_words import amounts, visible
from reports.vocabulary import REASONS, VERBS, pair


def test_a_booking_adds_up_before_the_readers_eyes() -> None:
    fields = {"total_fen": 2501, "fund_fen": 1500, "account_fen": 1000, "cash_fen": 1}
    assert amounts(fields) == "25.01 = fund 15.00 + account 10.00 + cash 0.01"
    assert amounts({}) == ""


def test_control_characters_are_named() -> None:
    assert visible(b"A\r\n\x00\xff") == "A<CR><LF><00><FF>"


def test_every_command_event_and_reason_of_the_counter_port_has_words_in_both_languages() -> None:
    schema = json.loads(fixture("counter-port.schema.json").read_text("utf-8"))
    named = {word for kind in ("do", "event", "outcome", "what", "by", "way") for word in _values_of(schema, kind)}
    assert {"register", "released", "face", "leave"} <= named
    assert [word for word in sorted(named - {"journal", "window"}) if not pair(VERBS, word)[1]] == []
    reasons = set(_values_of(schema, "reason"))
    assert "library-mismatch" in reasons
    assert [word for word in sorted(reasons) if not pair(REASONS, word)[1]] == []


def _values_of(schema: Any, member: str) -> list[Any]:
    """The constants and enumerations that a schema gives a member, wherever it stands."""
    found: list[Any] = []
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == member and isinstance(value, dict):
                allowed = schema.get("$defs", {}).get(str(value.get("$ref", "")).rpartition("/")[2], value)
                found += [*allowed.get("enum", []), *([allowed["const"]] if "const" in allowed else [])]
            found += _values_of(value, member)
    elif isinstance(schema, list):
        for value in schema:
            found += _values_of(value, member)
    return [word for word in found if isinstance(word, str)]
