"""Machines that a test starts with its own settings, stopped after it."""

from collections.abc import Iterator

import pytest

from tests.simulators.encryption_machine_rig import RunningMachine, StartMachine, machines


@pytest.fixture
def start_machine() -> Iterator[StartMachine]:
    """Starts machines with the settings given."""
    with machines() as start:
        yield start


@pytest.fixture(scope="module")
def shared_machine() -> Iterator[RunningMachine]:
    """One machine for tests that leave no trace."""
    with machines() as start:
        yield start()
