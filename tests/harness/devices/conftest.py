"""A bare pty for a driver, at whose other end a test plays the box."""

import os
import tty
from collections.abc import Iterator

import pytest


class Box:
    """A bare pty that answers what it is told to, once each request has come."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.at = f"serial:{os.ttyname(self.slave)}"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long this machine stands still, a box's answer is in time."""
    monkeypatch.setattr("harness.devices.scanner.ANSWER_TIMEOUT_S", 60.0)


@pytest.fixture
def hurried(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is answered, and that is soon found."""
    monkeypatch.setattr("harness.devices.scanner.ANSWER_TIMEOUT_S", 0.05)


@pytest.fixture
def box() -> Iterator[Box]:
    made = Box()
    yield made
    os.close(made.master)
    os.close(made.slave)
