"""How scans leave: suffixes, prefix, ids and packets as the box was set."""

import pytest

from harness.scenarios.code_pictures import CODE128, QR
from harness.scenarios.scanner_host import WATCH
from harness.scenarios.scanner_spelling import Wish
from harness.scenarios.scanner_stage import BoxStage
from harness.suites.scanner.test_codes import BOX, DIGITS, OTHER, SYMBOLOGIES, rotating


@pytest.mark.case("scanner/suffix", title="Each suffix 后缀", requirements=BOX)
@pytest.mark.parametrize("suffix", ["CR", "LF", "CRLF", "TAB", "none"])
def test_suffix(stage: BoxStage, suffix: str) -> None:
    """Scans end as set; none is ended by the gap alone."""
    if "LF" in suffix and stage.deaf():
        return
    stage.host.mode(WATCH)
    stage.host.set_up(suffix=suffix)
    for digits in rotating(3):
        stage.show(digits)
    stage.show(DIGITS, CODE128)


@pytest.mark.case("scanner/suffix-changed", title="The suffix changes while at work 切换后缀", requirements=BOX)
def test_suffix_changed(stage: BoxStage) -> None:
    """From the answer on, scans end otherwise."""
    if stage.deaf():
        return
    stage.host.mode(WATCH)
    for suffix, digits in zip(["LF", "CR", "TAB"], rotating(3), strict=True):
        stage.host.set_up(suffix=suffix)
        stage.show(digits)


@pytest.mark.case("scanner/prefix", title="A prefix 前缀", requirements=BOX)
@pytest.mark.parametrize("prefix", ["*", "QH:", "\x02"], ids=["star", "text", "stx"])
def test_prefix(stage: BoxStage, prefix: str) -> None:
    """It stands before every scan, until it is taken off."""
    if not prefix.isprintable() and stage.deaf():
        return
    if not stage.host.offers("prefix", prefix):
        stage.leave_out("a prefix is set by barcodes alone")
        return
    stage.host.mode(WATCH)
    stage.host.set_up(prefix=prefix)
    stage.show(DIGITS)
    stage.show(OTHER, CODE128)
    stage.host.set_up(prefix="")
    stage.show(DIGITS)


@pytest.mark.case("scanner/ids", title="AIM id and code letter AIM标识与码制标识", requirements=BOX)
@pytest.mark.parametrize("which", ["aim_id", "code_id"])
def test_ids(stage: BoxStage, which: str) -> None:
    """They are those of the symbology, before the data, and gone when switched off."""
    if not stage.host.offers(which, value=True):
        stage.leave_out(f"{which} is set by barcodes alone")
        return
    stage.host.mode(WATCH)
    on: dict[str, Wish] = {which: True}
    stage.host.set_up(**on)
    for digits, symbology in zip(rotating(4), SYMBOLOGIES * 2, strict=True):
        stage.show(digits, symbology)
    off: dict[str, Wish] = {which: False}
    stage.host.set_up(**off)
    stage.show(DIGITS)


@pytest.mark.case("scanner/packets", title="Scans in packets 数据包", requirements=BOX)
@pytest.mark.parametrize("symbology", [QR, CODE128])
def test_packets(stage: BoxStage, symbology: str) -> None:
    """Length, type and checksum are those of the code; a suffix is of no account."""
    if not stage.host.offers("packeted", value=True):
        stage.leave_out("the family has no packets")
        return
    stage.host.mode(WATCH)
    stage.host.set_up(packeted=True)
    for digits in rotating(3):
        stage.show(digits, symbology)
    stage.host.set_up(packeted=False)
    stage.show(DIGITS, symbology)


@pytest.mark.case("scanner/long-packet", title="More than one packet 多包", requirements=BOX)
def test_long_packet(stage: BoxStage) -> None:
    """What does not fit into one packet comes in several and is one scan."""
    if not stage.host.offers("packeted", value=True):
        stage.leave_out("the family has no packets")
        return
    stage.host.mode(WATCH)
    stage.host.set_up(packeted=True)
    stage.show("0123456789" * 30)
    stage.show(OTHER)


@pytest.mark.case("scanner/sent-again", title="Not acknowledged, sent again 未确认重发", requirements=BOX)
@pytest.mark.parametrize("how", ["silence", "refused"])
def test_sent_again(stage: BoxStage, how: str) -> None:
    """A scan that the host does not acknowledge, or wants again, comes again until it is acknowledged."""
    if stage.book.acknowledge is None:
        stage.leave_out("scans are not acknowledged in this family")
        return
    stage.host.mode(WATCH)
    stage.host.set_up(**stage.book.acknowledged)
    stage.due((DIGITS, QR), (DIGITS, QR), why="not-acknowledged")
    stage.present(DIGITS)
    stage.box.hear_raw()
    if how == "silence":
        stage.wait(3)
    else:
        stage.box.line.write(stage.book.want_again)
    stage.box.hear_raw()
    stage.box.line.write(stage.book.acknowledge)
    stage.box.quiet()
    stage.due(why="nothing more")
    stage.wait(9)
    stage.box.quiet()
