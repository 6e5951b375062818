"""What a run was asked for is read from its own tape: before its first case, and what the adapter said when ready."""

import json
from typing import Any

import pytest

from harness.clock import BenchClock
from harness.judge.charter import Charter, Scope, charter_fields, read_charter
from harness.judge.plan import load_plan
from harness.line.record import Direction
from harness.line.tape import Tape

PLAN = load_plan("pharmacy")
DEVICE: dict[str, Any] = {"name": "scanner", "kind": "scanner", "at": "tcp:10.0.0.7:5000", "virtual": False}


def tape(demanded: tuple[str, ...] = PLAN.cases, **more: Any) -> Tape:
    found = Tape(BenchClock())
    found.event("bench", "device", **DEVICE)
    found.event("bench", "run", **{**charter_fields(PLAN, demanded), "command": ["his"], **more})
    return found


def charter(found: Tape) -> Charter:
    read = read_charter(found.recent())
    assert read is not None
    return read


def test_everything_comes_back_as_the_plan_has_it() -> None:
    found = charter(tape())
    assert (found.plan, found.cases, found.demanded, found.terms) == (PLAN.id, PLAN.cases, PLAN.cases, PLAN.rules)
    assert found.manifest["devices"] == [DEVICE]
    assert found.manifest["subject"] == {"kind": "adapter"}
    assert found.manifest["adapter"] == {"command": ["his"]}


def test_the_adapter_is_who_it_said_when_it_first_was_ready() -> None:
    found = tape()
    found.event("case", "case-start", case="a")
    for line in ('{"ready', '{"id":1,"outcome":"accepted","prompt":"\\"ready\\""}'):
        found.frame("counter", Direction.RECEIVED, line.encode())
    assert charter(found).said == {}
    found.frame("counter", Direction.SENT, b'{"ready":{"adapter":"no","version":"0"}}')
    for name in ("first", "second"):
        ready = {"ready": {"adapter": name, "version": "1"}}
        found.frame("counter", Direction.RECEIVED, json.dumps(ready).encode())
    assert charter(found).said == {"name": "first", "version": "1"}
    assert charter(found).manifest["subject"] == {"kind": "adapter", "name": "first", "version": "1"}


def test_nothing_behind_the_first_case_changes_what_the_run_was_asked_for() -> None:
    found = tape()
    found.event("case", "case-start", case="a")
    found.event("bench", "run", **charter_fields(PLAN, ("other",)))
    found.event("bench", "device", **{**DEVICE, "virtual": True})
    assert charter(found).demanded == PLAN.cases
    assert charter(found).manifest["devices"] == [DEVICE]


def test_a_tape_of_an_older_version_has_none() -> None:
    older = Tape(BenchClock())
    older.event("bench", "run", plan="pharmacy", seed=7, profile="qinghai")
    assert read_charter(older.recent()) is None
    assert read_charter([]) is None


@pytest.mark.parametrize(
    ("demanded", "scope"),
    [
        (PLAN.cases, Scope.PLAN),
        (PLAN.cases[:1], Scope.PART),
        (PLAN.cases[::-1], Scope.PART),
        ((*PLAN.cases, "mine/case"), Scope.OWN),
        (("mine/case",), Scope.OWN),
        ((), Scope.OWN),
    ],
)
def test_the_whole_plan_a_part_and_own_cases_are_told_apart(demanded: tuple[str, ...], scope: Scope) -> None:
    assert charter(tape(demanded)).scope is scope
