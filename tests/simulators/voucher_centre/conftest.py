"""`rig`: both systems, as new for each test; `make_rig` gives one with other settings."""

from collections.abc import Callable, Iterator

import pytest

from tests.simulators.insurer_rig import Rig, reset_rig, start_rig, stop_rig


@pytest.fixture(scope="module")
def shared_rig() -> Iterator[Rig]:
    rig = start_rig()
    yield rig
    stop_rig(rig)


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    return reset_rig(shared_rig)


@pytest.fixture
def make_rig() -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(**options: object) -> Rig:
        rigs.append(start_rig(**options))  # type: ignore[arg-type]  # the test names them
        return rigs[-1]

    yield make
    for rig in rigs:
        stop_rig(rig)
