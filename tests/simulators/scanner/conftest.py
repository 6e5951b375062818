"""Boxes that a test starts with its own settings, stopped after it."""

from collections.abc import Iterator

import pytest

from tests.simulators.scanner_rig import StartScanner, scanners


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long this machine stands still, a box's answer is in time for the driver."""
    monkeypatch.setattr("harness.devices.scanner.ANSWER_TIMEOUT_S", 60.0)


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    """Starts boxes with the settings given."""
    with scanners() as start:
        yield start
