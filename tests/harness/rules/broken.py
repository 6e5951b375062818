"""A broken story: what is done to a good one, and what a rule must say of it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.harness.rules.breaking import Change
from tests.harness.rules.tape_builder import TapeBuilder


@dataclass(frozen=True)
class Broken:
    """A good story, what is done to it, and what the rule must say of it."""

    rule: str
    what: str
    story: Callable[[], TapeBuilder]
    change: Change
    seen: str
    """A regular expression that one of the observations matches in `expected` or `seen`."""
