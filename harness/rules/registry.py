"""What a rule is, and the list of all rules.

A rule is one function over a case's history whose docstring is one sentence: what must hold. It yields an observation
for every place where it does not. It knows neither how severe that is nor which clause asks for it: the plan does.

    @rule("settled-at-most-once")
    def settled_at_most_once(history: CaseHistory) -> Iterator[Observation]:
        \"\"\"An order is settled at most once.\"\"\"
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import harness.rules
from harness.judge.history import CaseHistory

Check = Callable[[CaseHistory], Iterator["Observation"]]


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A place on the tape where a rule does not hold.

    `seq` is the record to look at; `expected` and `seen` are short, whole and free of personal data.
    """

    seq: int
    expected: str
    seen: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A check with its id and its sentence."""

    id: str
    sentence: str
    check: Check
    whole: bool = False
    """Whether it speaks of the institution as a whole, and not of one of its tills."""


_RULES: dict[str, Rule] = {}


def rule(identity: str, *, whole: bool = False) -> Callable[[Check], Check]:
    """Register a check as the rule of this id; `whole` as in `Rule`."""

    def register(check: Check) -> Check:
        if identity in _RULES:
            raise ValueError(f"there are two rules called {identity}")
        sentence = (check.__doc__ or "").strip().splitlines()[0]
        _RULES[identity] = Rule(id=identity, sentence=sentence, check=check, whole=whole)
        return check

    return register


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its id, in alphabetical order; the modules are read once."""
    for module in pkgutil.iter_modules(harness.rules.__path__):
        importlib.import_module(f"harness.rules.{module.name}")
    return MappingProxyType(dict(sorted(_RULES.items())))
