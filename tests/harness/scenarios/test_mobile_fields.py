"""The fields that cases make wrong: those of the simulator's own tables, and wrong there for the reason meant."""

from collections.abc import Mapping

import pytest

from harness.scenarios.mobile_fields import CODED, FORMED, LONG, MANDATORY, TYPED, Wrong
from harness.wire.mobile_payment.answers import UPLOAD
from simulators.mobile_payment import services


def required(service: str) -> set[str]:
    """The mandatory fields of a service by the simulator's own table, those of a line with its node before."""
    fields, nodes = services._tables(service)
    found = {spec.name for spec in fields if spec.required}
    for node in nodes:
        if node.name == "feedetailList":
            found |= {f"feedetailList.{spec.name}" for spec in node.fields if spec.required}
    return found


@pytest.mark.parametrize("service", list(MANDATORY))
def test_all_mandatory_fields_are_left_out_once(service: str) -> None:
    assert set(MANDATORY[service]) == required(service)


@pytest.mark.parametrize("table", [LONG, TYPED, CODED, FORMED])
def test_each_value_is_wrong_by_itself(table: Mapping[str, Mapping[str, Wrong]]) -> None:
    for service, places in table.items():
        for place, values in places.items():
            for value in values:
                node, _, name = place.rpartition(".")
                said = value if not isinstance(value, tuple) else list(value)
                data: dict[str, object] = {name: said} if not node else {node: [{name: said}]}
                found = {problem.path for problem in services.check(service, data) if problem.rule != "required"}
                assert any(path.endswith(name) for path in found), (service, place, value)


def test_lines_belong_to_uploads() -> None:
    lines = {service for service, places in MANDATORY.items() if any("feedetailList." in place for place in places)}
    assert lines == {UPLOAD}
