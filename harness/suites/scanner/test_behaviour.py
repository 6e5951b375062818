"""When the box reads: trigger, session, lock-outs, delay, enable and disable."""

import pytest

from harness.scenarios.scanner_host import TRIGGER, WATCH
from harness.scenarios.scanner_stage import BoxStage
from harness.suites.scanner.test_codes import BOX, DIGITS, OTHER, SYMBOLOGIES, rotating


@pytest.mark.case("scanner/trigger", title="Only when triggered 触发读码", requirements=BOX)
@pytest.mark.parametrize("symbology", SYMBOLOGIES)
def test_trigger(stage: BoxStage, symbology: str) -> None:
    """Nothing before the trigger; with it, what is in view; the answer first, where the family answers."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.show_in_vain(DIGITS, symbology, why="not-triggered")
    stage.pull(DIGITS, symbology)
    stage.show_in_vain(OTHER, symbology, why="not-triggered")


@pytest.mark.case("scanner/trigger-first", title="The code comes after the trigger 先触发后出示", requirements=BOX)
def test_trigger_first(stage: BoxStage) -> None:
    """A session waits for a code; one read ends it."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.host.set_up(session_ms=3000)
    stage.pull()
    stage.show(DIGITS)
    stage.show_in_vain(OTHER, why="not-triggered")


@pytest.mark.case("scanner/trigger-released", title="The trigger is let go 取消触发", requirements=BOX)
def test_trigger_released(stage: BoxStage) -> None:
    """A code that comes after that is not read."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.pull()
    stage.pull(on=False)
    stage.show_in_vain(DIGITS, why="not-triggered")
    stage.pull(DIGITS)


@pytest.mark.case("scanner/short-trigger", title="The short trigger 简短触发指令", requirements=BOX)
def test_short_trigger(stage: BoxStage) -> None:
    """The family's shortest trigger does the same."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.show_in_vain(DIGITS, why="not-triggered")
    stage.due((DIGITS, "qr"), why="shown")
    stage.box.driver.trigger()
    stage.take()


@pytest.mark.case("scanner/same-code-triggered", title="The same code, triggered again 同码再触发", requirements=BOX)
def test_same_code_triggered(stage: BoxStage) -> None:
    """Who pulls the trigger wants a read: a lock-out does not count."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.host.set_up(same_code_ms=5000)
    stage.show_in_vain(DIGITS, why="not-triggered")
    for _ in range(3):
        stage.pull(DIGITS)


@pytest.mark.case("scanner/session", title="A session ends after its time 读码超时", requirements=BOX)
@pytest.mark.parametrize("session_ms", [2000, 5000])
def test_session(stage: BoxStage, session_ms: int) -> None:
    """A code that comes in time is read, one that comes later waits for the next trigger."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.host.set_up(session_ms=session_ms)
    stage.pull()
    stage.wait(session_ms // 1000 - 1)
    stage.show(DIGITS)
    stage.blank()
    stage.pull()
    stage.wait(session_ms // 1000 + 1)
    stage.show_in_vain(OTHER, why="timed-out")
    stage.pull(OTHER)


@pytest.mark.case("scanner/lock-out", title="Same-code lock-out 同码延迟", requirements=[*BOX, "GS-DYNAMIC-QR"])
@pytest.mark.parametrize("symbology", SYMBOLOGIES)
def test_lock_out(stage: BoxStage, symbology: str) -> None:
    """The same code is not read again within its time, and is after it."""
    stage.host.mode(WATCH)
    stage.host.set_up(same_code_ms=3000)
    stage.show(DIGITS, symbology)
    for _ in range(2):
        stage.blank()
        stage.show_in_vain(DIGITS, symbology, why="locked-out")
    stage.blank()
    stage.wait(4)
    stage.show(DIGITS, symbology)


@pytest.mark.case("scanner/lock-out-long", title="The lock-out lasts 同码延迟时长", requirements=BOX)
def test_lock_out_long(stage: BoxStage) -> None:
    """Shortly before its time is over it still holds."""
    stage.host.mode(WATCH)
    stage.host.set_up(same_code_ms=9000)
    stage.show(DIGITS)
    stage.blank()
    stage.wait(8)
    stage.show_in_vain(DIGITS, why="locked-out")


@pytest.mark.case("scanner/lock-out-off", title="No lock-out 关闭同码延迟", requirements=BOX)
def test_lock_out_off(stage: BoxStage) -> None:
    """Without it the same code is read at once when it comes again."""
    stage.host.mode(WATCH)
    stage.host.set_up(same_code_ms=0)
    for _ in range(3):
        stage.show(DIGITS)
        stage.blank()


@pytest.mark.case("scanner/another-between", title="Another code in between 中间换码", requirements=BOX)
def test_another_between(stage: BoxStage) -> None:
    """A lock-out is that of the last code: another one is read at once."""
    stage.host.mode(WATCH)
    stage.host.set_up(same_code_ms=5000)
    stage.show(DIGITS)
    stage.show(OTHER, why="rotated")
    stage.blank()
    stage.show_in_vain(OTHER, why="locked-out")


@pytest.mark.case("scanner/good-read-delay", title="Delay between two reads 读码间隔", requirements=BOX)
def test_good_read_delay(stage: BoxStage) -> None:
    """No code at all is read before it is over."""
    stage.host.mode(WATCH)
    stage.host.set_up(good_read_ms=3000)
    stage.show(DIGITS)
    stage.show_in_vain(OTHER, why="good-read-delay")
    stage.blank()
    stage.wait(4)
    stage.show(OTHER)


@pytest.mark.case("scanner/disabled", title="Disabled and enabled 禁用与启用", requirements=BOX)
def test_disabled(stage: BoxStage) -> None:
    """A disabled box reads nothing and keeps nothing for later."""
    if stage.deaf():
        return
    stage.host.mode(WATCH)
    stage.show(DIGITS)
    stage.host.enable(on=False)
    for digits in rotating(2):
        stage.show_in_vain(digits, why="disabled")
    stage.blank()
    stage.host.enable(on=True)
    stage.box.quiet()
    stage.show(OTHER)


@pytest.mark.case("scanner/disabled-triggered", title="Triggered while disabled 禁用时触发", requirements=BOX)
def test_disabled_triggered(stage: BoxStage) -> None:
    """A trigger does not make a disabled box read."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.host.enable(on=False)
    stage.show_in_vain(DIGITS, why="disabled")
    stage.pull_in_vain(why="disabled")
    stage.blank()
    stage.host.enable(on=True)
    stage.show_in_vain(DIGITS, why="not-triggered")
    stage.pull(DIGITS)
