"""The driver's side of each command family, against bytes that boxes are published to send."""

import os
import tty
from collections.abc import Iterator

import pytest

from harness.devices.scanner import NoAnswer, Scanner
from harness.devices.scanner_family import Family, PacketDialect, Reply, Request, Said, family_dialect
from harness.errors import ConfigError
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query

FRAMING = ScanFraming()
SCAN = "6201234567890123456789012345"


class Box:
    """A bare pty that answers what it is told to, once each request has come."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.at = f"serial:{os.ttyname(self.slave)}"


@pytest.fixture
def box() -> Iterator[Box]:
    made = Box()
    yield made
    os.close(made.master)
    os.close(made.slave)


@pytest.mark.parametrize(
    ("family", "on", "off"),
    [
        (Family.NEWLAND, "01 54 04", "01 50 04"),
        (Family.HONEYWELL, "16 54 0D", "16 55 0D"),
        (Family.MINDEO, "16 54 0D", "16 55 0D"),
        (Family.SSI, "04 E4 04 00 FF 14", "04 E5 04 00 FF 13"),
        (Family.LETTERS, "54", "58"),
    ],
)
def test_triggers_are_the_published_bytes(family: Family, on: str, off: str) -> None:
    dialect = family_dialect(family, FRAMING)
    assert dialect.trigger(on=True).raw == bytes.fromhex(on)
    assert dialect.trigger(on=False).raw == bytes.fromhex(off)


def test_the_register_trigger_writes_register_2() -> None:
    raw = family_dialect(Family.REGISTER, FRAMING).trigger(on=True).raw
    assert raw[:7] == bytes.fromhex("7E 00 08 01 00 02 01")


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
        assert scanner.read(5).text == SCAN
        assert os.read(box.master, 100) == bytes.fromhex("04 D0 04 00 FF 28")


def test_honeywell_answers_are_told_from_scans(box: Box) -> None:
    dialect = family_dialect(Family.HONEYWELL, FRAMING)
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
    dialect = family_dialect(Family.HONEYWELL, FRAMING)
    request = dialect.identity()
    assert request.raw == b"\x16M\rREVINF."
    dialect.expect(request)
    (reply,) = dialect.feed(b"Product Name: Voyager 1602g\r\nSerial Number: 1\r\nREVINF\x06.")
    assert isinstance(reply, Reply)
    assert reply.text == "Product Name: Voyager 1602g Serial Number: 1"


def test_register_answers() -> None:
    dialect = family_dialect(Family.REGISTER, FRAMING)
    (done,) = dialect.feed(bytes.fromhex("02 00 00 01 00 33 31"))
    assert isinstance(done, Reply)
    assert done.items[0].said is Said.DONE
    (wrong,) = dialect.feed(bytes.fromhex("02 00 01 01 00 04 01"))
    assert isinstance(wrong, Reply)
    assert wrong.items[0].said is Said.REFUSED
    requests = dialect.settings([("0x0013", "0x85"), ("0", "1")], permanent=True)
    assert [request.raw[:7].hex(" ") for request in requests] == [
        "7e 00 08 01 00 13 85",
        "7e 00 08 01 00 00 01",
        "7e 00 09 01 00 00 00",
    ]


def test_letters() -> None:
    dialect = family_dialect(Family.LETTERS, FRAMING)
    assert dialect.settings([("109902", "")], permanent=False) == [Request(b"#@109902\r", answered=False)]
    (reply,) = dialect.feed(b"\x01\x02PowerScan\x03\x04")
    assert isinstance(reply, Reply)
    assert reply.text == "PowerScan"


@pytest.mark.parametrize(
    ("family", "tag", "kind"),
    [
        (Family.SSI, "138", Query.RANGE),
        (Family.SSI, "138", None),
        (Family.REGISTER, "0", Query.FACTORY),
        (Family.LETTERS, "x", None),
        (Family.LETTERS, "i", Query.CURRENT),
    ],
)
def test_what_a_family_cannot_be_asked(box: Box, family: Family, tag: str, kind: Query | None) -> None:
    with Scanner.open(box.at, family=family) as scanner, pytest.raises(ConfigError, match="cannot be asked"):
        scanner.query(tag, kind)


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        (Family.SSI, {"trigger": "8"}),
        (Family.SSI, {"138": "300"}),
        (Family.REGISTER, {"0": "256"}),
        (Family.REGISTER, {"70000": "1"}),
        (Family.LETTERS, {"12": ""}),
        (Family.HONEYWELL, {"CBRENA": "1!"}),
    ],
)
def test_what_cannot_be_spelled_is_the_callers_slip(box: Box, family: Family, settings: dict[str, str]) -> None:
    with Scanner.open(box.at, family=family) as scanner, pytest.raises(ConfigError, match="cannot be told"):
        scanner.configure(settings)


@pytest.mark.parametrize("family", [Family.MINDEO, Family.REGISTER])
def test_families_without_an_identity(box: Box, family: Family) -> None:
    with Scanner.open(box.at, family=family) as scanner, pytest.raises(ConfigError, match="who it is"):
        scanner.identify()


def test_a_trigger_that_is_not_answered(box: Box) -> None:
    with Scanner.open(box.at, family=Family.SSI) as scanner, pytest.raises(NoAnswer):
        scanner.trigger()


@pytest.mark.parametrize("family", Family)
def test_a_box_that_answers_with_garbage_breaks_nothing(box: Box, family: Family) -> None:
    garbage = bytes((7 * n) & 255 for n in range(600)).replace(b"\r", b"?")
    with Scanner.open(box.at, family=family, framing=ScanFraming(idle_s=0.01)) as scanner:
        os.write(box.master, garbage)
        events = 0
        try:
            while True:
                scanner._scans.clear()
                scanner._await(scanner._scans, 0.02)
                events += len(scanner._scans)
                if not scanner._scans:
                    break
        finally:
            scanner._scans.clear()
        os.write(box.master, b"12345\r")
        assert scanner.read(5).text.endswith("12345")


def test_whole_scans_are_not_cut_and_replies_among_them_are_known() -> None:
    dialect = PacketDialect(family_dialect(Family.NEWLAND, FRAMING), FRAMING)
    assert dialect.feed(b"1\r2\r") == [Scan(b"1\r2\r", b"1\r2")]
    assert isinstance(dialect.feed(b"\x02\x010000#SCNMOD0\x06;\x03")[0], Reply)
    assert isinstance(dialect.feed(b"\r")[0], Malformed)
