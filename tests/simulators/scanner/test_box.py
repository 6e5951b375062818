"""The behaviour of a box: trigger modes, lock-outs and sessions, on a clock that a test steps."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from harness.clock import BenchClock
from harness.line.record import JsonValue
from simulators.scanner.box import Conduct, ScannerBox
from simulators.scanner.optics import Sighting, Symbology, Unreadable
from simulators.scanner.settings import Mode

CONDUCT = Conduct(mode=Mode.SENSE, enabled=True, same_code_ms=1500, good_read_ms=0, session_ms=3000)
ONE = Sighting(symbology=Symbology.QR, data=b"1", text="1")
TWO = Sighting(symbology=Symbology.CODE128, data=b"2", text="2")


class Rig:
    """A box, and what it said and read."""

    def __init__(self, **changes: Any) -> None:
        self.clock = BenchClock()
        self.said: list[str] = []
        self.read: list[str] = []
        self.box = ScannerBox(
            clock=self.clock,
            conduct=replace(CONDUCT, **changes),
            report=self._report,
            deliver=lambda sighting: self.read.append(sighting.text),
            no_read=self._count,
        )
        self.no_reads = 0

    def _count(self) -> None:
        self.no_reads += 1

    def _report(self, name: str, _: dict[str, JsonValue]) -> None:
        self.said.append(name)

    async def step(self, ms: int) -> None:
        self.clock.step(seconds=ms / 1000)
        for _ in range(5):
            await asyncio.sleep(0)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_sense_reads_what_is_shown() -> None:
    rig = Rig()
    assert rig.box.show(ONE) == ""
    assert rig.read == ["1"]
    assert rig.said == ["good-read", "beep"]


def test_the_same_code_is_locked_out_until_its_time_is_over() -> None:
    rig = Rig()
    rig.box.show(ONE)
    rig.clock.step(seconds=1.499)
    assert rig.box.show(ONE) == "the same code is locked out"
    assert rig.said == ["good-read", "beep", "same-code-locked-out"]
    rig.clock.step(seconds=0.001)
    assert rig.box.show(ONE) == ""
    assert rig.read == ["1", "1"]


def test_the_lock_out_is_timed_from_the_last_read_not_the_last_sight() -> None:
    rig = Rig()
    for _ in range(3):
        rig.box.show(ONE)
        rig.clock.step(seconds=0.75)
    assert rig.read == ["1", "1"]


def test_another_code_is_read_at_once_and_lifts_the_lock_out() -> None:
    rig = Rig()
    for view in (ONE, TWO, ONE):
        assert rig.box.show(view) == ""
    assert rig.read == ["1", "2", "1"]


def test_a_clock_that_is_stepped_back_locks_nothing_out() -> None:
    rig = Rig()
    rig.box.show(ONE)
    rig.clock.step(seconds=-60)
    assert rig.box.show(ONE) == ""


def test_lock_out_off() -> None:
    rig = Rig(same_code_ms=0)
    rig.box.show(ONE)
    assert rig.box.show(ONE) == ""


def test_no_two_reads_within_the_good_read_delay() -> None:
    rig = Rig(good_read_ms=500)
    rig.box.show(ONE)
    assert rig.box.show(TWO) == "the delay between two reads is not over"
    rig.clock.step(seconds=0.5)
    assert rig.box.show(TWO) == ""


def test_a_picture_without_a_code_is_a_no_read() -> None:
    rig = Rig()
    assert rig.box.show(Unreadable()) == "no code can be read"
    assert rig.said == ["no-read"]
    assert rig.read == []


def test_a_disabled_box_sees_nothing_and_queues_nothing() -> None:
    rig = Rig(enabled=False)
    assert rig.box.show(ONE) == "the box is disabled"
    rig.box.trigger(on=True)
    rig.box.conduct_changed(CONDUCT)
    assert rig.read == []
    assert rig.said == []


def test_a_trigger_reads_what_is_in_view_also_within_the_lock_out() -> None:
    rig = Rig()
    rig.box.show(ONE)
    rig.box.trigger(on=True)
    assert rig.read == ["1", "1"]


@pytest.mark.parametrize("mode", [Mode.LEVEL, Mode.PULSE])
def test_level_and_pulse_wait_for_their_trigger(mode: Mode) -> None:
    rig = Rig(mode=mode)
    assert rig.box.show(ONE) == "the box waits for its trigger"
    rig.box.trigger(on=True)
    assert rig.read == ["1"]
    assert not rig.box.in_session


def test_a_session_reads_what_is_shown_while_it_lasts() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.LEVEL)
        rig.box.trigger(on=True)
        await rig.step(2999)
        assert rig.box.show(Unreadable()) == "no code can be read"
        assert rig.box.show(ONE) == ""
        assert rig.box.show(TWO) == "the box waits for its trigger"
        await rig.box.reset()

    run(scenario())


def test_a_session_ends_with_its_time_and_says_no_read() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.LEVEL)
        rig.box.trigger(on=True)
        await rig.step(0)
        await rig.step(3000)
        assert rig.said == ["no-read"]
        assert not rig.box.in_session
        assert rig.box.show(ONE) == "the box waits for its trigger"

    run(scenario())


def test_a_session_without_time_out_lasts() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.LEVEL, session_ms=0)
        rig.box.trigger(on=True)
        await rig.step(10_000_000)
        assert rig.box.show(ONE) == ""

    run(scenario())


def test_letting_the_trigger_go_ends_a_level_session_but_no_pulse_session() -> None:
    async def scenario() -> None:
        for mode, lasts in ((Mode.LEVEL, False), (Mode.PULSE, True)):
            rig = Rig(mode=mode)
            rig.box.trigger(on=True)
            rig.box.trigger(on=False)
            assert rig.box.in_session is lasts
            await rig.box.reset()

    run(scenario())


def test_continuous_reads_again_after_each_lock_out_while_the_code_stays() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.CONTINUOUS)
        rig.box.show(ONE)
        await rig.step(0)
        await rig.step(1500)
        await rig.step(1500)
        assert rig.read == ["1", "1", "1"]
        rig.box.show(None)
        await rig.step(10_000)
        assert len(rig.read) == 3
        await rig.box.reset()

    run(scenario())


def test_continuous_stops_when_the_mode_changes() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.CONTINUOUS)
        rig.box.show(ONE)
        await rig.step(0)
        rig.box.conduct_changed(CONDUCT)
        await rig.step(10_000)
        assert rig.read == ["1"]
        await rig.box.reset()
        assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()

    run(scenario())


def test_reset_is_power_on() -> None:
    async def scenario() -> None:
        rig = Rig()
        rig.box.show(ONE)
        await rig.box.reset()
        assert rig.box.view is None
        assert rig.box.show(ONE) == ""

    run(scenario())


def test_a_quiet_box_does_not_beep() -> None:
    rig = Rig(beep=False)
    rig.box.show(ONE)
    assert rig.said == ["good-read"]


def test_a_code_that_rotates_in_view_is_a_second_scan() -> None:
    for absent in (False, True):
        rig = Rig(absent=absent)
        assert [rig.box.show(view) for view in (ONE, TWO)] == ["", ""]
        assert rig.read == ["1", "2"]


def test_the_absent_lock_out_lasts_while_the_code_is_in_view() -> None:
    rig = Rig(absent=True, same_code_ms=500)
    rig.box.show(ONE)
    rig.clock.step(seconds=100)
    assert rig.box.show(ONE) == "the same code is locked out"
    rig.box.show(None)
    rig.clock.step(seconds=0.499)
    assert rig.box.show(ONE) == "the same code is locked out"
    rig.box.show(Unreadable())
    rig.clock.step(seconds=0.5)
    assert rig.box.show(ONE) == ""
    assert rig.read == ["1", "1"]


def test_another_code_lifts_the_absent_lock_out_too() -> None:
    rig = Rig(absent=True)
    assert [rig.box.show(view) for view in (ONE, TWO, ONE)] == ["", "", ""]


def test_host_mode_is_triggered_and_stopped_by_the_host() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.HOST)
        assert rig.box.show(ONE) == "the box waits for its trigger"
        rig.box.show(None)
        rig.box.trigger(on=True)
        rig.box.trigger(on=False)
        assert not rig.box.in_session
        await rig.box.reset()

    run(scenario())


def test_presentation_reads_what_stays_again_after_its_timed_lock_out() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.PRESENTATION)
        rig.box.show(ONE)
        await rig.step(0)
        await rig.step(1499)
        assert rig.read == ["1"]
        await rig.step(1)
        assert rig.read == ["1", "1"]
        await rig.box.reset()

    run(scenario())


def test_presentation_does_not_read_what_stays_again_when_it_must_be_absent() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.PRESENTATION, absent=True)
        rig.box.show(ONE)
        await rig.step(0)
        await rig.step(1_000_000)
        assert rig.read == ["1"]
        assert "same-code-locked-out" not in rig.said
        await rig.box.reset()

    run(scenario())


def test_presentation_gives_up_on_what_cannot_be_read() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.PRESENTATION)
        rig.box.show(Unreadable())
        assert rig.said == []
        await rig.step(0)
        await rig.step(3000)
        assert rig.said == ["no-read"]
        assert rig.no_reads == 1
        await rig.step(10_000)
        assert rig.no_reads == 1
        await rig.box.reset()

    run(scenario())


def test_presentation_reads_a_code_that_the_good_read_delay_held_back() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.PRESENTATION, good_read_ms=800)
        rig.box.show(ONE)
        rig.box.show(TWO)
        await rig.step(0)
        await rig.step(800)
        assert rig.read == ["1", "2"]
        await rig.box.reset()

    run(scenario())


def test_a_box_switched_on_again_looks_at_what_is_before_it() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.PRESENTATION, enabled=False)
        rig.box.show(ONE)
        rig.box.conduct_changed(replace(CONDUCT, mode=Mode.PRESENTATION))
        await rig.step(0)
        await rig.step(100)
        assert rig.read == ["1"]
        await rig.box.reset()

    run(scenario())


def test_a_session_ends_when_the_box_is_disabled() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.LEVEL)
        rig.box.trigger(on=True)
        rig.box.conduct_changed(replace(CONDUCT, mode=Mode.LEVEL, enabled=False))
        assert not rig.box.in_session
        await rig.box.reset()

    run(scenario())


def test_the_end_of_a_session_without_a_read_is_told() -> None:
    async def scenario() -> None:
        rig = Rig(mode=Mode.LEVEL)
        rig.box.trigger(on=True)
        await rig.step(0)
        await rig.step(3000)
        assert rig.no_reads == 1
        await rig.box.reset()

    run(scenario())


def test_a_restart_forgets_session_and_lock_out() -> None:
    async def scenario() -> None:
        rig = Rig()
        rig.box.show(ONE)
        rig.box.restart()
        assert rig.box.show(ONE) == ""
        await rig.box.reset()

    run(scenario())
