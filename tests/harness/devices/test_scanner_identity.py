"""Asking a box who it is, without knowing its family."""

from collections.abc import Iterator

import pytest

from harness.devices.scanner_family import Family
from harness.devices.scanner_identity import ask
from harness.errors import ConfigError
from harness.line.address import parse_address, serial_address
from harness.line.client import Disconnected
from tests.simulators.scanner_rig import StartScanner, scanners


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    with scanners() as start:
        yield start


@pytest.mark.parametrize("likely", [None, Family.NEWLAND, Family.LETTERS])
def test_a_newland_box_is_known_whatever_was_guessed(start_scanner: StartScanner, likely: Family | None) -> None:
    told = ask(parse_address(start_scanner().ends.at), likely=likely)
    assert told is not None
    assert told.family is Family.NEWLAND
    assert told.baud == 9600
    assert "newland" in told.text.lower()


@pytest.mark.parametrize("family", [Family.HONEYWELL, Family.SSI, Family.LETTERS])
def test_boxes_of_other_families_are_known(start_scanner: StartScanner, family: Family) -> None:
    told = ask(parse_address(start_scanner(family=family.value).ends.at), likely=family)
    assert told is not None
    assert told.family is family
    assert told.text


@pytest.fixture(autouse=True)
def answered(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong guesses are not answered, so that no test can afford all patience."""
    monkeypatch.setattr("harness.devices.scanner.ANSWER_TIMEOUT_S", 1.0)


def test_a_silent_line_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import tty

    monkeypatch.setattr("harness.devices.scanner.ANSWER_TIMEOUT_S", 0.01)
    master, slave = os.openpty()
    tty.setraw(slave)
    assert ask(serial_address(os.ttyname(slave))) is None
    asked = os.read(master, 4096)
    assert b"QRYSYS" in asked
    assert b"REVINF" in asked
    os.close(master)
    os.close(slave)


def test_nobody_there_and_no_line() -> None:
    with pytest.raises(Disconnected):
        ask(serial_address("/dev/does-not-exist"))
    with pytest.raises(ConfigError, match="cannot be reached"):
        ask(parse_address("http://127.0.0.1:1"))
