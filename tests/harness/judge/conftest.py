"""Records in the making for each test."""

import pytest

from tests.harness.judge.tape_records import Records


@pytest.fixture
def records() -> Records:
    return Records()
