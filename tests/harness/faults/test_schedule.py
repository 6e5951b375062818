"""The fault schedule: the n-th message, once, and witnessed on the tape."""

import pytest

from harness.clock import BenchClock
from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape


def make() -> tuple[FaultSchedule, Tape]:
    tape = Tape(BenchClock())
    return FaultSchedule("platform", tape), tape


def names(tape: Tape) -> list[str]:
    return [record.name for record in tape.recent()]


def test_the_nth_message_is_disturbed_once() -> None:
    schedule, tape = make()
    fault = Fault(party="platform", message="2102", effect=Effect.LOSE_REPLY, nth=2)
    schedule.plan(fault)
    assert [schedule.due(m) for m in ("2102", "1101", "2102", "2102")] == [None, None, fault, None]
    assert names(tape) == ["fault-scheduled", "fault-fired"]


def test_a_star_matches_any_message() -> None:
    schedule, _ = make()
    fault = Fault(party="platform", message="*", effect=Effect.BAD_GATEWAY, nth=3)
    schedule.plan(fault)
    assert [schedule.due(m) for m in ("a", "b", "c")] == [None, None, fault]


def test_two_faults_on_one_message_fire_one_after_the_other() -> None:
    schedule, _ = make()
    first = Fault(party="platform", message="2102", effect=Effect.LOSE_REPLY)
    second = Fault(party="platform", message="2102", effect=Effect.BAD_GATEWAY, nth=2)
    schedule.plan(first)
    schedule.plan(second)
    assert schedule.due("2102") == first
    assert schedule.due("2102") == second


def test_messages_are_counted_from_the_planning_on() -> None:
    schedule, _ = make()
    schedule.due("2102")
    fault = Fault(party="platform", message="2102", effect=Effect.LOSE_REPLY)
    schedule.plan(fault)
    assert schedule.due("2102") == fault


def test_clearing_forgets_everything() -> None:
    schedule, _ = make()
    schedule.plan(Fault(party="platform", message="2102", effect=Effect.LOSE_REPLY))
    schedule.clear()
    assert schedule.due("2102") is None
    assert schedule.state() == {"planned": [], "fired": []}


def test_messages_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        Fault(party="platform", message="2102", effect=Effect.LOSE_REPLY, nth=0)


def test_it_is_idle_until_something_is_planned_and_after_all_has_fired() -> None:
    schedule, _ = make()
    seen = [schedule.idle]
    schedule.plan(Fault(party="box", message="2102", effect=Effect.LOSE_REPLY))
    seen.append(schedule.idle)
    assert schedule.due("2102") is not None
    seen.append(schedule.idle)
    assert seen == [True, False, True]
    assert schedule.due("2102") is None


def test_what_lasts_happens_every_time_from_the_nth_on_until_it_is_cleared() -> None:
    schedule, tape = make()
    fault = Fault(party="platform", message="2601", effect=Effect.BAD_GATEWAY, nth=2, detail={"lasting": 1})
    schedule.plan(fault)
    assert [schedule.due(m) for m in ("2601", "2601", "2102", "2601")] == [None, fault, None, fault]
    assert names(tape) == ["fault-scheduled", "fault-fired", "fault-fired"]
    schedule.clear()
    assert schedule.due("2601") is None
