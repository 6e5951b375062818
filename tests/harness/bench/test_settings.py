"""Settings: typed, documented, and every problem named."""

from dataclasses import dataclass
from enum import StrEnum

import pytest

from harness.bench.settings import options_of, read_settings
from harness.errors import ConfigError


class Colour(StrEnum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Settings to read."""

    count: int = 3
    """How many."""
    share: float = 0.5
    """How much, over
    two lines."""
    on: bool = False
    """Whether."""
    colour: Colour = Colour.RED
    """Which."""
    name: str | None = None
    """Who."""


def test_values_keep_or_get_their_type() -> None:
    found = read_settings(Sample, {"count": "7", "share": 1, "on": "true", "colour": "blue", "name": "x"}, where="here")
    assert found == Sample(count=7, share=1.0, on=True, colour=Colour.BLUE, name="x")


@pytest.mark.parametrize(
    "raw", [{"count": "x"}, {"count": True}, {"count": 1.5}, {"on": 1}, {"colour": "green"}, {"nmae": "x"}, {"name": 3}]
)
def test_a_wrong_value_is_named(raw: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"here.*{next(iter(raw))}"):
        read_settings(Sample, raw, where="here")


def test_options_carry_their_documentation() -> None:
    found = {option.name: option for option in options_of(Sample)}
    assert found["share"].text == "How much, over two lines."
    assert found["colour"].type == "red|blue"
    assert found["name"].type == "text"
    assert found["count"].default == "3"
