"""The scanner's line at the counter: suffixes, lost and garbled bytes, double reads."""

import pytest

from harness.counter.outcome import OutcomeKind, Reason
from harness.faults.catalogue import Effect
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.purchase import Shopper, good_purchase_works, purchase, usual_basket


@pytest.mark.case(
    "pharmacy/suffix",
    title="Every suffix a scanner box may send 扫码墩结束符",
    requirements=["QH-SCANNER-BOX"],
)
@pytest.mark.parametrize("suffix", ["CR", "LF", "CRLF", "none"])
def test_suffix(stage: CounterStage, suffix: str) -> None:
    """The code arrives whole and unchanged, however the box ends it."""
    stage.counter.sign_in()
    stage.scanner.configure({"suffix": suffix})
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(person="P009")))


@pytest.mark.case(
    "pharmacy/byte-dropped",
    title="A byte is lost on the scanner's line 扫码丢字节",
    requirements=["QH-SCANNER-BOX", "QH-FUND-SAFETY"],
)
@pytest.mark.parametrize("position", [0, 13, 27])
def test_byte_dropped(stage: CounterStage, position: int) -> None:
    """A code that is not whole identifies nobody; scanned again, or refused."""
    stage.counter.sign_in()
    stage.disturb("scanner", "scan", Effect.DROP_BYTE, position=position)
    outcome = purchase(stage, usual_basket("A0001"), Shopper())
    stage.expect(
        outcome,
        OutcomeKind.ACCEPTED,
        OutcomeKind.REFUSED,
        reasons=(Reason.SCAN_UNREADABLE, Reason.CODE_UNKNOWN, Reason.WRONG_CODE_KIND),
    )
    good_purchase_works(stage, "A0002")


@pytest.mark.case(
    "pharmacy/byte-garbled",
    title="A byte is garbled on the scanner's line 扫码字节畸变",
    requirements=["QH-SCANNER-BOX", "QH-FUND-SAFETY"],
)
def test_byte_garbled(stage: CounterStage) -> None:
    """A code that is not what was shown identifies nobody."""
    stage.counter.sign_in()
    stage.disturb("scanner", "scan", Effect.GARBLE_BYTE, position=9)
    outcome = purchase(stage, usual_basket("A0001"), Shopper())
    stage.expect(
        outcome,
        OutcomeKind.ACCEPTED,
        OutcomeKind.REFUSED,
        reasons=(Reason.SCAN_UNREADABLE, Reason.CODE_UNKNOWN, Reason.WRONG_CODE_KIND),
    )
    good_purchase_works(stage, "A0002")


@pytest.mark.case(
    "pharmacy/double-read",
    title="The box sends a code twice 重复读码",
    requirements=["QH-SCANNER-BOX", "QH-FUND-SAFETY"],
)
def test_double_read(stage: CounterStage) -> None:
    """One purchase comes of it, and the second read is not the next customer's."""
    stage.counter.sign_in()
    stage.disturb("scanner", "scan", Effect.DOUBLE_READ)
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(person="P009", channel="wechat")))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/split-read",
    title="A code arrives in two pieces 读码分段到达",
    requirements=["QH-SCANNER-BOX"],
)
def test_split_read(stage: CounterStage) -> None:
    """The pieces are one code."""
    stage.counter.sign_in()
    stage.disturb("scanner", "scan", Effect.SPLIT_READ, position=11)
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
