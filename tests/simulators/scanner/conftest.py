"""Boxes that a test starts with its own settings, stopped after it."""

from collections.abc import Iterator

import pytest

from tests.simulators.scanner_rig import StartScanner, scanners


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    """Starts boxes with the settings given."""
    with scanners() as start:
        yield start
