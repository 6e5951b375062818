"""HID-POS reports by maker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.line.hid_pos import (
    REPORT_SIZE,
    PosLayout,
    PosMalformed,
    PosReader,
    PosScan,
    command_of,
    encode_command,
    encode_scan,
)

SCAN = b"6201234567890123456789012345"


@given(st.binary(max_size=400), st.sampled_from(PosLayout))
def test_scans_come_back(data: bytes, layout: PosLayout) -> None:
    reader = PosReader(layout)
    reports = encode_scan(layout, data)
    found = [reader.feed(report) for report in reports]
    assert found[:-1] == [None] * (len(reports) - 1)
    assert isinstance(found[-1], PosScan)
    assert found[-1].data == data
    assert {len(report) for report in reports} == {REPORT_SIZE}


@pytest.mark.parametrize("layout", PosLayout)
def test_scans_follow_each_other_on_one_reader(layout: PosLayout) -> None:
    reader = PosReader(layout)
    for data in (SCAN * 5, b"1", SCAN, SCAN * 3):
        *_, last = [reader.feed(report) for report in encode_scan(layout, data)]
        assert isinstance(last, PosScan)
        assert last.data == data
        assert not reader.pending


def test_28_digits_are_one_report_laid_out_as_published() -> None:
    (honeywell,) = encode_scan(PosLayout.HONEYWELL, SCAN, aim=b"Q1", code_id=b"s")
    assert honeywell[:5] == b"\x02\x1c]Q1"
    assert honeywell[5:61].rstrip(b"\0") == SCAN
    assert honeywell[61:] == b"s\0\0"
    (newland,) = encode_scan(PosLayout.NEWLAND, SCAN)
    assert newland[:30] == b"\x02\x1c" + SCAN
    (microscan,) = encode_scan(PosLayout.MICROSCAN, SCAN)
    assert microscan[:30] == b"\x01\x1c" + SCAN


@pytest.mark.parametrize("layout", PosLayout)
def test_the_layout_is_told_by_the_reports(layout: PosLayout) -> None:
    found = PosReader().feed(encode_scan(layout, SCAN, aim=b"Q1", code_id=b"s")[0])
    aim = b"Q1" if layout is PosLayout.HONEYWELL else b""
    letter = b"" if layout is PosLayout.MICROSCAN else b"s"
    assert found == PosScan(SCAN, aim, letter)


def test_commands() -> None:
    """The published output report: FD 03 16 54 0D."""
    (report,) = encode_command(PosLayout.HONEYWELL, b"\x16T\r")
    assert report.rstrip(b"\0") == bytes.fromhex("FD 03 16 54 0D")
    assert command_of(report) == b"\x16T\r"
    assert encode_command(PosLayout.NEWLAND, b"\x01T\x04")[0].rstrip(b"\0") == bytes.fromhex("04 03 01 54 04")
    long = bytes(range(1, 101))
    assert b"".join(command_of(part) or b"" for part in encode_command(PosLayout.NEWLAND, long)) == long
    with pytest.raises(ValueError, match="no command"):
        encode_command(PosLayout.MICROSCAN, b"x")


@pytest.mark.parametrize("report", [b"", b"\xfd", b"\xfd\x05abc", b"\x09\x01a"])
def test_output_reports_that_are_no_command(report: bytes) -> None:
    assert command_of(report) is None


@pytest.mark.parametrize(
    "report",
    [b"", b"\x02", b"\x02" * 63, b"\x07" + bytes(63), b"\x02\x39" + bytes(62), b"\x01\x3f" + bytes(62)],
    ids=["empty", "one", "short", "id", "length", "length-microscan"],
)
def test_reports_that_are_no_scan_do_not_spoil_the_next(report: bytes) -> None:
    reader = PosReader()
    first, second = encode_scan(PosLayout.NEWLAND, SCAN * 3)
    assert reader.feed(first) is None
    assert isinstance(reader.feed(report), PosMalformed)
    assert reader.feed(encode_scan(PosLayout.NEWLAND, SCAN, code_id=b"")[0]) == PosScan(SCAN)
    assert not reader.pending
    assert second


def test_a_scan_without_end_is_bounded() -> None:
    reader = PosReader(PosLayout.NEWLAND)
    report = b"\x02\x38" + b"1" * 56 + bytes(5) + b"\x01"
    found = [reader.feed(report) for _ in range(200)]
    assert any(isinstance(event, PosMalformed) for event in found)
