"""What holds for every command family, and what some cannot do."""

import os

import pytest

from harness.devices.scanner import NoAnswer, Scanner
from harness.devices.scanner_family import Family, family_dialect
from harness.errors import ConfigError
from harness.wire.scanner.framing import ScanFraming
from harness.wire.scanner.newland import Query
from tests.harness.devices.conftest import Box

FRAMING = ScanFraming()


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


@pytest.mark.usefixtures("hurried")
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
        assert scanner.read(60).text.endswith("12345")
