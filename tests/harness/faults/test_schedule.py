"""The fault schedule: the n-th message, once, and witnessed on the tape."""

import pytest

from harness.clock import BenchClock
from harness.faults.catalogue import HANDSHAKE, ON_TLS, Effect, Fault
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


def test_only_effects_on_tls_are_for_a_handshake_and_they_for_nothing_else() -> None:
    for message, effect in (("2102", Effect.TLS_EXPIRED), ("*", Effect.TLS_WRONG_NAME), (HANDSHAKE, Effect.CUT_JSON)):
        with pytest.raises(ValueError, match="for the message 'handshake'"):
            Fault(party="platform", message=message, effect=effect)


def test_a_message_may_be_none_for_other_effects() -> None:
    schedule, _ = make()
    any_message = Fault(party="platform", message="*", effect=Effect.BAD_GATEWAY)
    handshake = Fault(party="platform", message=HANDSHAKE, effect=Effect.TLS_EXPIRED)
    schedule.plan(any_message)
    schedule.plan(handshake)
    assert schedule.due(HANDSHAKE, among=ON_TLS) is handshake
    assert schedule.due(HANDSHAKE, among=ON_TLS) is None
    assert schedule.due("2102") is any_message


def test_the_fault_that_was_given_last_is_known_until_the_next_message() -> None:
    schedule, _ = make()
    fault = Fault(party="platform", message="2102", effect=Effect.LOSE_REPLY)
    schedule.plan(fault)
    assert (schedule.due("1101"), schedule.last) == (None, None)
    assert (schedule.due("2102"), schedule.last) == (fault, fault)
    assert (schedule.due("2102"), schedule.last) == (None, None)


def test_a_fault_in_vain_is_said() -> None:
    schedule, tape = make()
    schedule.in_vain(Fault(party="platform", message="2102", effect=Effect.ANOTHER_SPLIT))
    (told,) = tape.recent()
    assert (told.name, told.event["effect"], told.event["message"]) == ("fault-without-effect", "another-split", "2102")
