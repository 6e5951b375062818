"""Commands: each of the family's, each setting, what must be refused, in pieces; what survives a power cut."""

import pytest

from harness.judge.scanner_commands import SILENCES_S
from harness.scenarios.scanner_host import WATCH
from harness.scenarios.scanner_stage import BoxStage
from harness.suites.scanner.test_codes import BOX, DIGITS, OTHER, rotating


@pytest.mark.case("scanner/every-command", title="Every command 全部指令", requirements=BOX)
def test_every_command(stage: BoxStage) -> None:
    """Each is answered as the family has it, and codes are read as before."""
    if stage.deaf():
        return
    stage.host.mode(WATCH)
    for told in stage.book.commands:
        stage.step(told.what)
        stage.host.say(told)
    stage.show(DIGITS)


@pytest.mark.case("scanner/every-setting", title="Every setting 全部参数", requirements=BOX)
def test_every_setting(stage: BoxStage) -> None:
    """Each takes the values of its range, says so when asked, and takes its own value back."""
    if stage.deaf():
        return
    if not stage.book.readable:
        stage.leave_out("the family has no settings that can be asked for")
        return
    for tag, values in stage.book.values.items():
        before = stage.host.ask(tag)
        for value in values:
            stage.host.configure({tag: value})
            stage.host.ask(tag)
        stage.host.configure({tag: before or values[0]})
        stage.host.ask(tag)


@pytest.mark.case("scanner/refused", title="What must be refused 拒绝与静默", requirements=BOX)
@pytest.mark.parametrize("kind", ["unknown", "out-of-range", "checksum", "no-command", "cut-short"])
def test_refused(stage: BoxStage, kind: str) -> None:
    """Refused or met with silence as the family has it; nothing changes, and codes are read as before."""
    if stage.deaf():
        return
    stage.host.mode(WATCH)
    tries = stage.book.refused.get(kind, ())
    if not tries:
        stage.leave_out(f"the family has nothing of the kind {kind}")
    tag = stage.book.sample[0] if stage.book.sample else ""
    if tag:
        stage.host.ask(tag)
    for told in tries:
        stage.step(told.what)
        if kind in {"cut-short", "no-command"}:
            stage.box.line.write(told.raw)
            stage.give_up(SILENCES_S[stage.book.family] * 1.3)
        else:
            stage.host.say(told)
    if tag:
        stage.host.ask(tag)
    stage.show(DIGITS)


@pytest.mark.case("scanner/command-in-pieces", title="A command in pieces 指令分片", requirements=BOX)
def test_command_in_pieces(stage: BoxStage) -> None:
    """Byte by byte, a command is one command."""
    if stage.deaf():
        return
    told = stage.book.commands[0]
    stage.host.answer_due(told.said)
    for byte in told.raw:
        stage.box.line.write(bytes([byte]))
    stage.host.hear()
    stage.host.mode(WATCH)
    stage.show(DIGITS)


@pytest.mark.case("scanner/commands-glued", title="Two commands in one piece 指令粘连", requirements=BOX)
def test_commands_glued(stage: BoxStage) -> None:
    """Each is answered, in turn."""
    if stage.deaf():
        return
    told = stage.book.commands[0]
    stage.box.line.write(told.raw + told.raw)
    stage.host.hear()
    stage.host.mode(WATCH)
    stage.show(DIGITS)


@pytest.mark.case("scanner/scan-during-command", title="A scan while a command arrives 指令中读码", requirements=BOX)
def test_scan_during_command(stage: BoxStage) -> None:
    """Neither is lost."""
    if stage.deaf():
        return
    stage.host.watch_plainly()
    told = stage.book.longest
    for digits in rotating(2):
        half = len(told.raw) // 2
        since = stage.tape.seq
        stage.box.line.write(told.raw[:half])
        stage.await_bytes(since=since)
        stage.show(digits)
        stage.host.answer_due(told.said)
        stage.box.line.write(told.raw[half:])
        stage.host.hear()
    stage.show(OTHER)


@pytest.mark.case("scanner/temporary", title="Temporary settings 临时参数", requirements=BOX)
def test_temporary(stage: BoxStage) -> None:
    """They hold until the power goes, and no longer."""
    if stage.deaf():
        return
    sample = stage.book.sample
    if sample is None:
        stage.host.mode(WATCH)
        stage.host.enable(on=False)
        stage.show_in_vain(DIGITS, why="disabled")
        stage.stand_in.cycle_power()
        stage.blank()
        stage.back_to_watching()
        stage.show(OTHER)
        return
    tag, first, _ = sample
    stage.host.ask(tag)
    stage.host.configure({tag: first})
    stage.host.ask(tag)
    stage.stand_in.cycle_power()
    stage.host.ask(tag)


@pytest.mark.case("scanner/permanent", title="Permanent settings 永久参数", requirements=BOX)
def test_permanent(stage: BoxStage) -> None:
    """They hold when the power comes back; a temporary one over them does not."""
    if stage.deaf():
        return
    sample = stage.book.sample
    if sample is None:
        stage.leave_out("the family has no settings that a host makes permanent")
        return
    tag, first, second = sample
    stage.host.ask(tag)
    stage.host.configure({tag: first}, permanent=True)
    stage.host.ask(tag)
    stage.stand_in.cycle_power()
    stage.host.ask(tag)
    stage.host.configure({tag: second})
    stage.host.ask(tag)
    stage.stand_in.cycle_power()
    stage.host.ask(tag)


@pytest.mark.case("scanner/restart", title="Restart by command 指令重启", requirements=BOX)
def test_restart(stage: BoxStage) -> None:
    """The family's own restart leaves the permanent settings, and a box that reads."""
    if stage.deaf():
        return
    if stage.book.restart is None:
        stage.leave_out("the family has no command to restart")
        return
    tag, first = stage.book.sample[:2] if stage.book.sample else ("", "")
    if tag:
        stage.host.ask(tag)
        stage.host.configure({tag: first})
    stage.host.say(stage.book.restart)
    if tag:
        stage.host.ask(tag)
    stage.host.mode(WATCH)
    stage.show(DIGITS)


@pytest.mark.case("scanner/factory", title="Factory defaults 恢复出厂", requirements=BOX)
def test_factory(stage: BoxStage) -> None:
    """Afterwards a setting has its factory value, for good."""
    if stage.deaf():
        return
    if stage.book.factory is None:
        stage.leave_out("the family has no command for its factory defaults")
        return
    tag, first, _ = stage.book.sample or ("", "", "")
    stage.host.configure({tag: first}, permanent=True)
    stage.host.ask(tag)
    stage.host.say(stage.book.factory)
    stage.host.ask(tag)
    stage.stand_in.cycle_power()
    stage.host.ask(tag)
