"""SSI: parameters, refusals and acknowledgements, against bytes that boxes are published to send."""

import os

from harness.devices.scanner import Scanner
from harness.devices.scanner_dialects.dialect import Reply, Said
from harness.devices.scanner_family import Family
from harness.wire.scanner.newland import Query
from tests.harness.devices.conftest import Box

SCAN = "6201234567890123456789012345"


def test_ssi_settings_and_refusals(box: Box) -> None:
    with Scanner.open(box.at, family=Family.SSI) as scanner:
        os.write(box.master, bytes.fromhex("04 D0 00 00 FF 2C"))
        scanner._line.read(1)
        dialect = scanner._dialect
        (request,) = dialect.settings([("0x8A", "8")], permanent=False)
        assert request.raw == bytes.fromhex("07 C6 04 00 FF 8A 08 FD 9E")
        (ack,) = dialect.feed(bytes.fromhex("04 D0 00 00 FF 2C"))
        assert isinstance(ack, Reply)
        assert ack.items[0].said is Said.DONE
        (denied,) = dialect.feed(bytes.fromhex("05 D1 00 00 06 FF 24"))
        assert isinstance(denied, Reply)
        assert denied.items[0].said is Said.REFUSED
        assert dialect.question("0x8A", Query.CURRENT).raw == bytes.fromhex("05 C7 04 00 8A FE A6")
        assert dialect.identity().raw == bytes.fromhex("04 A3 04 00 FF 55")


def test_an_ssi_scan_in_a_packet_is_acknowledged_each_time_and_given_once(box: Box) -> None:
    packet = bytes.fromhex("21 F3 00 00 1C") + SCAN.encode() + bytes.fromhex("F9 1F")
    with Scanner.open(box.at, family=Family.SSI) as scanner:
        os.write(box.master, packet)
        assert scanner.read(60).text == SCAN
        assert os.read(box.master, 100) == bytes.fromhex("04 D0 04 00 FF 28")
