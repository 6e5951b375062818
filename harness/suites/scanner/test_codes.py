"""Codes before the box: every one delivered once, whole, unchanged, in order."""

import pytest

from harness.scenarios.code_pictures import CODE128, QR
from harness.scenarios.scanner_host import TRIGGER, WATCH
from harness.scenarios.scanner_stage import BoxStage

BOX = ["QH-SCANNER-BOX"]
ROTATING = [*BOX, "GS-DYNAMIC-QR"]
DIGITS = "6201234567890123456789012345"
OTHER = "6201234567890123456789012368"
ZEROS = "0000001234567890123456789012"
SYMBOLOGIES = [QR, CODE128]
LOCK_OUT_MS = 9000


def rotating(count: int) -> list[str]:
    """Codes as a phone shows them one after the other."""
    return [f"6201{number * 7_654_321_987_654_321 % 10**24:024}" for number in range(1, count + 1)]


@pytest.mark.case("scanner/read", title="A code is read 读码", requirements=[*BOX, "NX-SCAN-TEST-ALL"])
@pytest.mark.parametrize("symbology", SYMBOLOGIES)
def test_read(stage: BoxStage, symbology: str) -> None:
    """One code, then another."""
    stage.host.mode(WATCH)
    stage.show(DIGITS, symbology)
    stage.blank()
    stage.show(OTHER, symbology)


@pytest.mark.case("scanner/leading-zeros", title="Leading zeros stay 前导零", requirements=BOX)
@pytest.mark.parametrize("symbology", SYMBOLOGIES)
def test_leading_zeros(stage: BoxStage, symbology: str) -> None:
    """A code is a text of digits and not a number."""
    stage.host.mode(WATCH)
    stage.show(ZEROS, symbology)
    stage.show(DIGITS, symbology)


@pytest.mark.case("scanner/length", title="Codes of every length 码长", requirements=[*BOX, "NX-CHANNELS"])
@pytest.mark.parametrize("length", [1, 18, 19, 24, 27, 28, 34, 64])
def test_length(stage: BoxStage, length: int) -> None:
    """Payment codes have 18, 19 or 16 to 24 digits; an odd number of them is no trouble, nor one alone."""
    stage.host.mode(WATCH)
    digits = ("9876543210" * 7)[:length]
    stage.show(digits)
    stage.blank()
    stage.show(OTHER)


@pytest.mark.case(
    "scanner/both-kinds", title="QR and barcode in turn 二维码与条形码", requirements=[*BOX, "NX-BARCODE-DIGITS"]
)
def test_both_kinds(stage: BoxStage) -> None:
    """Whatever kind comes next is read."""
    stage.host.mode(WATCH)
    for number, digits in enumerate(rotating(8)):
        stage.show(digits, SYMBOLOGIES[number % 2])


@pytest.mark.case("scanner/rotation", title="The code rotates in view 动态码刷新", requirements=ROTATING)
@pytest.mark.parametrize("symbology", SYMBOLOGIES)
def test_rotation(stage: BoxStage, symbology: str) -> None:
    """Each new code is a second, legitimate scan, however long the lock-out."""
    stage.host.mode(WATCH)
    stage.host.set_up(same_code_ms=LOCK_OUT_MS)
    for digits in rotating(6):
        stage.show(digits, symbology, why="rotated")


@pytest.mark.case("scanner/one-digit-changes", title="Only the last digit changes 仅末位变化", requirements=ROTATING)
def test_one_digit_changes(stage: BoxStage) -> None:
    """Codes that are almost the same are different codes."""
    stage.host.mode(WATCH)
    stage.host.set_up(same_code_ms=LOCK_OUT_MS)
    for last in range(5):
        stage.show(f"{DIGITS[:-1]}{last}", why="rotated")


@pytest.mark.case("scanner/rotation-triggered", title="Rotation between two triggers 触发间刷新", requirements=ROTATING)
def test_rotation_triggered(stage: BoxStage) -> None:
    """A trigger reads what is in view now, not what was there at the last one."""
    if stage.deaf():
        return
    stage.host.mode(TRIGGER)
    for digits in rotating(4):
        stage.show_in_vain(digits, why="not-triggered")
        stage.pull(digits, why="rotated")


@pytest.mark.case("scanner/nothing-to-read", title="A screen without a code 无码", requirements=BOX)
def test_nothing_to_read(stage: BoxStage) -> None:
    """Nothing is invented, and the next code is read."""
    stage.host.mode(WATCH)
    stage.show_plain()
    stage.show(DIGITS)
    stage.show_plain()
    stage.blank()
    stage.show(OTHER)
