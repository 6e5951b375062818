"""The register of port kinds."""

import pytest

from harness.counter.kinds import PortKinds
from harness.errors import ConfigError


def test_kind_is_registered_once() -> None:
    kinds = PortKinds()
    kinds.register("x", lambda context: pytest.fail("not made"))
    with pytest.raises(ValueError, match="already"):
        kinds.register("x", lambda context: pytest.fail("not made"))
    assert kinds.names() == ("x",)


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do() -> None:
    kinds = PortKinds()
    kinds.register("x", lambda context: pytest.fail("not made"))
    with pytest.raises(ConfigError, match=r"(?s)no port 'pigeon'.*use one of: x"):
        kinds.check("pigeon")
