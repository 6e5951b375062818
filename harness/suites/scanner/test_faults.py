"""What can go wrong between the box and its host: what the host meets, and that everything works again afterwards.

Faults are asked of the virtual box; what it sends while one is on is not held against it.
"""

import pytest

from harness.faults.catalogue import Effect
from harness.line.client import Disconnected
from harness.scenarios.scanner_host import TRIGGER
from harness.scenarios.scanner_spelling import Wish
from harness.scenarios.scanner_stage import BoxStage
from harness.suites.scanner.test_codes import BOX, DIGITS, OTHER, rotating

SHORT_MS, LONG_MS = 20, 200
"""Pauses in the middle of a scan: shorter and longer than the gap that ends one."""


@pytest.mark.case("scanner/dropped-byte", title="A byte is lost 丢字节", requirements=BOX)
@pytest.mark.parametrize("position", [0, 14, 27])
def test_dropped_byte(stage: BoxStage, position: int) -> None:
    """The host sees a code that is one digit short."""
    _before(stage)
    stage.spoil(Effect.DROP_BYTE, position=position)
    assert len(stage.show(OTHER)) == len(OTHER) - 1
    _works_again(stage)


@pytest.mark.case("scanner/dropped-suffix", title="The suffix is lost 丢后缀", requirements=BOX)
def test_dropped_suffix(stage: BoxStage) -> None:
    """The gap ends the scan: the host does not take it together with the next one."""
    _before(stage)
    stage.spoil(Effect.DROP_BYTE, position=len(OTHER))
    assert stage.show(OTHER) == ""
    _works_again(stage)


@pytest.mark.case("scanner/garbled-byte", title="A byte is garbled 误码", requirements=BOX)
@pytest.mark.parametrize("position", [0, 14, 27])
def test_garbled_byte(stage: BoxStage, position: int) -> None:
    """The host sees that a code is not of digits alone."""
    _before(stage)
    stage.spoil(Effect.GARBLE_BYTE, position=position)
    met = stage.show(OTHER)
    assert len(met) == len(OTHER)
    assert not met.isdigit()
    _works_again(stage)


@pytest.mark.case("scanner/doubled-scan", title="A scan comes twice 重复上送", requirements=BOX)
def test_doubled_scan(stage: BoxStage) -> None:
    """The host sees the same code twice in a row, and can tell it from a second scan by the lock-out."""
    _before(stage)
    stage.spoil(Effect.DOUBLE_READ)
    assert stage.show(OTHER) == OTHER
    assert stage.take() == OTHER
    _works_again(stage)


@pytest.mark.case("scanner/slow-line", title="A pause in a scan 传输停顿", requirements=BOX)
@pytest.mark.parametrize("pause_ms", [SHORT_MS, LONG_MS])
def test_slow_line(stage: BoxStage, pause_ms: int) -> None:
    """A short pause is none; after a long one the host takes neither half for a code."""
    _before(stage)
    stage.spoil(Effect.SPLIT_READ, pause_ms=pause_ms)
    stage.due((OTHER, "qr"), why="shown")
    showing = stage.meanwhile(OTHER)
    met = stage.take()
    showing.join()
    assert met == (OTHER if pause_ms == SHORT_MS else "")
    stage.box.quiet()
    _works_again(stage)


@pytest.mark.case("scanner/unplugged", title="Unplugged and plugged in 拔插", requirements=BOX)
def test_unplugged(stage: BoxStage) -> None:
    """The host notices, opens the line anew, and reads on."""
    _before(stage)
    stage.due(why="unplugged")
    stage.stand_in.unplug()
    with pytest.raises(Disconnected):
        stage.box.driver.read(stage.table.read_s)
    stage.stand_in.replug()
    stage.open_again()
    _works_again(stage)


@pytest.mark.case("scanner/unplugged-in-scan", title="Unplugged in the middle of a scan 读码中拔线", requirements=BOX)
def test_unplugged_in_scan(stage: BoxStage) -> None:
    """Half a scan is none: the host has nothing of it, before and after."""
    _before(stage)
    stage.due((OTHER, "qr"), why="shown")
    stage.stand_in.unplug_in_scan(byte=len(OTHER) // 2)
    stage.present(OTHER)
    with pytest.raises(Disconnected):
        stage.box.driver.read(stage.table.read_s)
    stage.stand_in.replug()
    stage.open_again()
    _works_again(stage)


@pytest.mark.case("scanner/found-again", title="The driver finds the box again 自动重连", requirements=BOX)
def test_found_again(stage: BoxStage) -> None:
    """A driver that follows the box reads on by itself after the cable was pulled."""
    _before(stage)
    if not stage.follow():
        stage.leave_out("on this machine an unplugged pty comes back under another name")
        stage.open_again()
        return
    for digits in rotating(3):
        stage.show(digits)
        stage.due(why="unplugged")
        stage.stand_in.unplug()
        stage.stand_in.replug()
        stage.box.quiet()
    stage.blank()
    _works_again(stage)


@pytest.mark.case("scanner/power-cut", title="Power cut 断电", requirements=BOX)
def test_power_cut(stage: BoxStage) -> None:
    """Without power nothing is read; with it everything works again."""
    _before(stage)
    stage.due(why="power cut")
    stage.stand_in.power(on=False)
    stage.show_in_vain(OTHER, why="no power")
    stage.blank()
    stage.stand_in.power(on=True)
    stage.back_to_watching()
    _works_again(stage)


@pytest.mark.case("scanner/power-cut-in-scan", title="Power cut in the middle of a scan 读码中断电", requirements=BOX)
def test_power_cut_in_scan(stage: BoxStage) -> None:
    """Half a scan is none, and the next one is whole."""
    _before(stage)
    stage.spoil(Effect.SPLIT_READ, pause_ms=LONG_MS)
    stage.due((OTHER, "qr"), why="shown")
    showing = stage.meanwhile(OTHER)
    assert len(stage.box.line.read(stage.table.read_s)) < len(OTHER)
    stage.stand_in.power(on=False)
    showing.join()
    assert stage.box.quiet() == ""
    stage.blank()
    stage.stand_in.power(on=True)
    stage.back_to_watching()
    _works_again(stage)


@pytest.mark.case("scanner/power-cut-in-session", title="Power cut in a session 等待读码时断电", requirements=BOX)
def test_power_cut_in_session(stage: BoxStage) -> None:
    """A session does not outlive the power."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    stage.pull()
    stage.stand_in.cycle_power()
    stage.host.mode(TRIGGER)
    stage.show_in_vain(DIGITS, why="not-triggered")
    stage.pull(DIGITS)


@pytest.mark.case("scanner/keyboard", title="Host and keyboard disagree 键盘布局、大写与输入法", requirements=BOX)
@pytest.mark.parametrize("wrong", ["layout", "caps-lock", "full-width", "pinyin"])
def test_keyboard(stage: BoxStage, wrong: str) -> None:
    """A box that types: digits either arrive, or are seen not to be any; set right again, everything works."""
    host: dict[str, dict[str, Wish]] = {
        "layout": {"host_keyboard": "fr"},
        "caps-lock": {"caps_lock": True},
        "full-width": {"input_method": "full-width"},
        "pinyin": {"input_method": "pinyin"},
    }
    _before(stage)
    if not stage.stand_in.keyboard(host_keyboard="us", caps_lock=False, input_method="none"):
        stage.leave_out("the box does not type into a window")
        return
    stage.due(why="set wrong")
    stage.excuse("the host is set otherwise than the box")
    stage.stand_in.keyboard(**host[wrong])
    stage.present(OTHER)
    met = stage.take()
    assert met == OTHER or not (met.isascii() and met.isdigit() and met)
    stage.box.quiet()
    stage.stand_in.keyboard(host_keyboard="us", caps_lock=False, input_method="none")
    _works_again(stage)


def _before(stage: BoxStage) -> None:
    stage.host.watch_plainly()
    stage.show(DIGITS)


def _works_again(stage: BoxStage) -> None:
    for digits in rotating(2):
        stage.show(digits)
