"""Which requirements the cases of a plan's suite cite, so that a run of a part can say what it did not show."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import harness.suites
from harness.errors import ConfigError
from harness.judge.plan import load_plan
from harness.pytest_plugin import MARKER


@cache
def citations(plan: str) -> Mapping[str, tuple[str, ...]]:
    """The requirements by the case, without its variant; empty for a plan whose suite does not ship."""
    try:
        suite = f"{harness.suites.__name__}.{load_plan(plan).suite}"
        package = importlib.import_module(suite)
    except (ConfigError, ImportError):
        return {}
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        for function in vars(importlib.import_module(f"{suite}.{module.name}")).values():
            for mark in getattr(function, "pytestmark", ()):
                if getattr(mark, "name", "") == MARKER and mark.args:
                    found[str(mark.args[0])] = tuple(mark.kwargs.get("requirements", ()))
    return found
