"""Lines that give each scan whole."""

from harness.devices.scanner_dialects.dialect import Reply
from harness.devices.scanner_dialects.newland import NewlandDialect
from harness.devices.scanner_dialects.packets import PacketDialect
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming

FRAMING = ScanFraming()


def test_whole_scans_are_not_cut_and_replies_among_them_are_known() -> None:
    dialect = PacketDialect(NewlandDialect(FRAMING), FRAMING)
    assert dialect.feed(b"1\r2\r") == [Scan(b"1\r2\r", b"1\r2")]
    assert isinstance(dialect.feed(b"\x02\x010000#SCNMOD0\x06;\x03")[0], Reply)
    assert isinstance(dialect.feed(b"\r")[0], Malformed)
