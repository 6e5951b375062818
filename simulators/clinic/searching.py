"""The smallest capacity that keeps a service level: `machines for p95 < 3 s`, found by doubling and halving.

wish = read_wish("windows for wait p95 < 10 min")
found = search(scenario, wish, measure)        # measure(scenarios) runs the model
"""

import difflib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.errors import ConfigError
from simulators.clinic.parameters import Kind, catalogue
from simulators.clinic.scenario import Scenario
from simulators.clinic.statistics import Estimate

WORDS = {
    "windows": "hospital.windows",
    "kiosks": "hospital.kiosks",
    "self-service machines": "hospital.kiosks",
    "threads": "hospital.his_pool",
    "counters": "pharmacy.counters",
    "pharmacy counters": "pharmacy.counters",
    "clinic counters": "clinic.counters",
    "machines": "bank.machines",
    "encryption machines": "bank.machines",
    "machine sessions": "bank.machine_sessions",
    "sessions": "bank.platform_sessions",
    "debit sessions": "bank.debit_sessions",
    "workers": "platform.workers",
    "platform machines": "platform.machines",
}
"""What people call a capacity."""
_WAITS = {
    "hospital.windows": "wait.window",
    "hospital.kiosks": "wait.kiosk",
    "pharmacy.counters": "wait.pharmacy",
    "clinic.counters": "wait.clinic",
}
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "%": 0.01}
_WISH = re.compile(
    r"\s*(?P<capacity>[\w.\- ]+?)\s+for\s+(?P<measure>[\w.\- ]+?)\s*(?P<sign><=|>=|<|>)\s*(?P<value>[\d.]+)\s*"
    r"(?P<unit>ms|s|min|h|%|)\s*"
)
MOST = 1 << 14
"""No more than this is tried."""
FLAT = 0.01
"""Two doublings that change the measure by less than this share of it end the search: something else is the limit."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A capacity, and what the measure shall be."""

    key: str
    measure: str
    below: bool
    """Whether the measure shall be below the limit, or above."""
    limit: float
    text: str

    def met(self, found: Estimate) -> bool:
        """Whether it is, with the interval of the mean wholly on the right side."""
        half = 0.0 if math.isnan(found.half) else found.half
        return found.mean + half <= self.limit if self.below else found.mean - half >= self.limit


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search came to; `capacity` is None when nothing that was tried keeps the level."""

    wish: Wish
    capacity: int | None
    tried: tuple[tuple[int, Estimate], ...]
    """Capacities in ascending order, with the measure."""


def read_wish(text: str) -> Wish:
    """A wish in words. Raises ConfigError that says how it is written."""
    match = _WISH.fullmatch(text)
    if not match:
        raise ConfigError(
            f"--find {text!r} is not understood.",
            cause="it reads CAPACITY for MEASURE < LIMIT",
            remedy='e.g. "machines for p95 < 3 s", "windows for wait p95 < 10 min", "sessions for time_outs < 1"',
        )
    key = _capacity(match["capacity"])
    try:
        limit = float(match["value"]) * _UNITS[match["unit"]]
    except ValueError as error:
        raise ConfigError(
            f"--find: {match['value']!r} is no number.", cause="a slip of the pen", remedy="e.g. 3 s"
        ) from error
    return Wish(
        key=key,
        measure=_measure(match["measure"], key),
        below=match["sign"].startswith("<"),
        limit=limit,
        text=" ".join(text.split()),
    )


def search(
    scenario: Scenario,
    wish: Wish,
    measured: Callable[[Sequence[Scenario]], Sequence[Estimate]],
) -> Found:
    """Double from 1 until the wish is met, then halve between. Assumes that more never makes it worse."""
    definition = catalogue()[wish.key]
    most = int(min(definition.most, MOST))
    tried: dict[int, Estimate] = {}

    def ask(capacity: int) -> bool:
        if capacity not in tried:
            tried[capacity] = measured([scenario.with_values({wish.key: capacity}, note="searched")])[0]
        return wish.met(tried[capacity])

    high = max(1, int(definition.least))
    flat = 0
    while not ask(high):
        before = tried.get(high // 2)
        now = tried[high].mean
        flat = flat + 1 if before and abs(now - before.mean) <= FLAT * abs(now) else 0
        if high >= most or flat >= 3:
            return Found(wish=wish, capacity=None, tried=tuple(sorted(tried.items())))
        high = min(most, high * 2)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if ask(middle) else (middle, high)
    return Found(wish=wish, capacity=high, tried=tuple(sorted(tried.items())))


def _capacity(text: str) -> str:
    word = " ".join(text.lower().split())
    if word in WORDS:
        return WORDS[word]
    if word in catalogue() and catalogue()[word].kind is Kind.WHOLE:
        return word
    known = [*WORDS, *(key for key, one in catalogue().items() if one.kind is Kind.WHOLE)]
    near = difflib.get_close_matches(word, known, n=1)
    raise ConfigError(
        f"--find: {text!r} is no capacity.",
        cause=f"a slip of the pen for {near[0]!r}" if near else "it is not a whole number of the scenario",
        remedy=f"use one of: {', '.join(WORDS)}, or a key such as hospital.windows",
    )


def _measure(text: str, key: str) -> str:
    word = ".".join(text.lower().split())
    if word in {"mean", "p50", "p95", "p99", "max", "within"}:
        return f"{_WAITS.get(key, 'wait' if word == 'within' else 'response')}.{word}"
    if word.startswith("wait.") and word.count(".") == 1 and key in _WAITS:
        return f"{_WAITS[key]}.{word.removeprefix('wait.')}"
    return word
