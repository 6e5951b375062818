"""Honeywell: answers among scans, and who the box is."""

from harness.devices.scanner_dialects.dialect import Reply, Said
from harness.devices.scanner_dialects.honeywell import HoneywellDialect
from harness.wire.scanner.framing import Scan, ScanFraming


def test_honeywell_answers_are_told_from_scans() -> None:
    dialect = HoneywellDialect(ScanFraming(), mindeo=False)
    (request,) = dialect.settings([("CBRENA", "1"), ("SCNLED", "1")], permanent=False)
    assert request.raw == b"\x16M\rCBRENA1;SCNLED1!"
    dialect.expect(request)
    found = dialect.feed(b"123\rCBRENA1\x06;SCNLED1\x05!")
    assert isinstance(found[0], Scan)
    assert isinstance(found[1], Reply)
    assert [told.said for told in found[1].items] == [Said.DONE, Said.NO_SUCH_SETTING]
    dialect.forget()
    assert isinstance(dialect.feed(b"CBRENA1\r")[0], Scan)


def test_a_honeywell_box_says_who_it_is() -> None:
    dialect = HoneywellDialect(ScanFraming(), mindeo=False)
    request = dialect.identity()
    assert request.raw == b"\x16M\rREVINF."
    dialect.expect(request)
    (reply,) = dialect.feed(b"Product Name: Voyager 1602g\r\nSerial Number: 1\r\nREVINF\x06.")
    assert isinstance(reply, Reply)
    assert reply.text == "Product Name: Voyager 1602g Serial Number: 1"
