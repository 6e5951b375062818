"""The quick yes: given to what is right, and never to what the field tables refuse; for the voucher centre's messages.

Those of the institution interface are tried in the platform's tests.
"""

import copy
from dataclasses import dataclass
from typing import Any

import pytest

from harness.wire import quick_tables
from harness.wire import voucher_messages as messages
from harness.wire.fields import FieldSpec, Node, check_fields, check_nodes
from harness.wire.quick_tables import QuickTable

QUERY = messages.ec_query(
    messages.EcQuery(
        institution="P63999900001",
        operator="001",
        operator_name="收银员",
        office="Y01",
        office_name="药店",
        code="4240941908710459319408630000",
    )
)
WRONG: tuple[object, ...] = (None, "", " ", "X" * 5000, 0, 1.5, True, [], {}, [{}], "ec.query", "99999", "2020-02-30")
OUTER = (FieldSpec(name="kind", type="C", length=3, required=True), FieldSpec(name="day", type="D", form="date"))
LINES = Node(
    name="lines",
    many=True,
    required=True,
    fields=(
        FieldSpec(name="amount", type="N", length=6, decimals=2, required=True),
        FieldSpec(name="why", type="C", length=5, required_when={"amount": "0"}),
    ),
)
RIGHT: dict[str, Any] = {"kind": "abc", "day": "2020-02-29", "lines": [{"amount": "-1.5"}, {"amount": "0", "why": "x"}]}


def variants(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The body with one value replaced or left out, in every place."""
    found = []
    for name, value in body.items():
        found += [{**body, name: wrong} for wrong in WRONG]
        found.append({other: kept for other, kept in body.items() if other != name})
        if isinstance(value, dict):
            found += [{**body, name: inner} for inner in variants(value)]
        if isinstance(value, list):
            for index, entry in enumerate(value):
                for inner in variants(entry):
                    changed = copy.deepcopy(value)
                    changed[index] = inner
                    found.append({**body, name: changed})
    return found


@pytest.mark.parametrize("below", ["", "input"])
def test_a_yes_is_always_right(below: str) -> None:
    table = QuickTable(OUTER, [LINES], below=below)

    def placed(body: dict[str, Any]) -> dict[str, Any]:
        outer = {name: value for name, value in body.items() if name != "lines"}
        nodes = {"lines": body["lines"]} if "lines" in body else {}
        return {**outer, below: nodes} if below else body

    assert table.surely_fits(placed(RIGHT))
    refused = 0
    for body in variants(RIGHT):
        problems = [*check_fields(OUTER, body, ""), *check_nodes([LINES], body, "")]
        refused += bool(problems)
        assert not (problems and table.surely_fits(placed(body))), (body, problems)
    assert refused > 30


def test_a_table_with_a_column_that_is_not_known_gets_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Newer(FieldSpec):
        pattern: str = ""

    monkeypatch.setattr(quick_tables, "FieldSpec", Newer)
    assert not QuickTable(OUTER, [LINES]).surely_fits(RIGHT)


def test_a_query_is_checked_the_same_with_and_without_the_quick_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [messages.check(messages.QR_QUERY, body) for body in (QUERY, *variants(QUERY))]
    assert found[0] == ()
    assert sum(1 for problems in found if problems) > 50
    monkeypatch.setattr(QuickTable, "surely_fits", lambda self, body: False)
    assert [messages.check(messages.QR_QUERY, body) for body in (QUERY, *variants(QUERY))] == found
