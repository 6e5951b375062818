"""The registry: whoever offers the entry point is found, and nobody else."""

import pytest

from harness.bench.registry import kinds, simulator_type
from harness.errors import ConfigError


def test_every_kind_loads_and_names_itself() -> None:
    assert {"phone", "scanner", "voucher-centre", "platform"} <= set(kinds())
    for kind in kinds():
        assert simulator_type(kind).kind == kind


def test_peers_are_kinds_too() -> None:
    for kind in kinds():
        assert set(simulator_type(kind).needs) <= set(kinds())


def test_an_unknown_kind_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="slip of the pen for 'platform'"):
        simulator_type("platfrom")
