"""Random numbers: one stream for each purpose of each replication, so that what one thing draws changes no other.

The k-th patient of a replication has the same patience, hands and network whatever is asked of the scenario: common
random numbers, which make the difference between two scenarios far more precise than either.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.clinic.faults import HOUR
from simulators.clinic.scenario import Scenario
from simulators.clinic.sites import CHANNELS, Channel, Spot

Floats = NDArray[np.float64]
CELL = 300.0
"""Length of a spell of even arrivals, in seconds: what `day.burstiness` varies."""
BLOCK = 8192
STEPS = ("present", "scan", "his", "sign", "network", "verify", "split", "debit", "sign_back", "network_back")
_PURPOSES = (
    "arrivals-hospital",
    "arrivals-pharmacy",
    "arrivals-clinic",
    "channel",
    "site",
    "patience",
    "priority",
    "phase",
    "frozen",
    "no-read",
    "present",
    "scan",
    "his",
    "sign",
    "network",
    "verify",
    "split",
    "debit",
    "platform-sign",
    "network-back",
    "platform-verify",
    "leave",
)
"""Append only: a purpose's number is part of its stream."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Who comes when and where: arrays by patient, in order of arrival."""

    arrivals: Floats
    """Seconds since midnight."""
    spots: NDArray[np.int32]
    """Number of the spot."""
    channels: NDArray[np.int8]
    """Number of the channel, in the order of `CHANNELS`."""


Row = tuple[float, ...]
"""What the patient draws: see `FIELDS`."""
FIELDS = (
    "patience",
    "priority",
    "phase",
    "frozen",
    "present",
    "scan",
    "his",
    "sign",
    "network",
    "verify",
    "split",
    "debit",
    "platform-sign",
    "network-back",
    "platform-verify",
    "leave",
)
_STEP_OF = {
    "platform-sign": "sign",
    "network-back": "network",
    "platform-verify": "verify",
}
_TIMES = FIELDS[4:]


class Streams:
    """The streams of one replication."""

    def __init__(self, seed: int, replication: int) -> None:
        self.seed = seed
        self.replication = replication

    def stream(self, purpose: str) -> np.random.Generator:
        """A fresh generator at the beginning of a purpose's stream."""
        key = (self.replication, _PURPOSES.index(purpose))
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key)))

    def alone(self, *key: int) -> random.Random:
        """A stream of one rare thing, e.g. a patient's second try."""
        return random.Random(":".join(map(str, (self.seed, self.replication, *key))))  # noqa: S311 - a simulation


def log_parameters(mean: float, cv: float) -> tuple[float, float]:
    """Mu and sigma of the lognormal law with a mean and a coefficient of variation."""
    variance = math.log1p(cv * cv)
    return (math.log(mean) - variance / 2 if mean > 0 else -math.inf), math.sqrt(variance)


def lognormal(stream: np.random.Generator, mean: float, cv: float, size: int) -> Floats:
    """Lognormal times; fixed ones when `cv` is 0, and none when `mean` is."""
    if mean == 0 or cv == 0:
        return np.full(size, mean)
    mu, sigma = log_parameters(mean, cv)
    return np.exp(mu + sigma * stream.standard_normal(size))


def trace(scenario: Scenario, places: Sequence[Spot], streams: Streams) -> Trace:
    """The arrivals of one replication, in order."""
    mix = {channel: scenario.number(f"mix.{channel}") for channel in CHANNELS}
    at_hospitals = mix[Channel.WINDOW] + mix[Channel.KIOSK]
    times, channels = [], []
    for kind, share in (
        ("hospital", at_hospitals),
        ("pharmacy", mix[Channel.PHARMACY]),
        ("clinic", mix[Channel.CLINIC]),
    ):
        come = _arrivals(scenario, kind, scenario.settlements_per_day * share, streams)
        if kind == "hospital":
            at_window = streams.stream("channel").random(len(come)) * at_hospitals < mix[Channel.WINDOW]
            channel = np.where(at_window, 0, 1)
        else:
            channel = np.full(len(come), CHANNELS.index(Channel(kind)))
        times.append(come)
        channels.append(channel)
    arrivals, of_channel = np.concatenate(times), np.concatenate(channels).astype(np.int8)
    order = np.argsort(arrivals, kind="stable")
    arrivals, of_channel = arrivals[order], of_channel[order]
    chosen = np.empty(len(arrivals), dtype=np.int32)
    lot = streams.stream("site").random(len(arrivals))
    for number, name in enumerate(CHANNELS):
        mine = [k for k, spot in enumerate(places) if spot.channel is name]
        weights = np.cumsum([places[k].weight for k in mine])
        who = of_channel == number
        drawn = np.searchsorted(weights, lot[who] * weights[-1], side="right")
        chosen[who] = np.asarray(mine, dtype=np.int32)[np.minimum(drawn, len(mine) - 1)]
    return Trace(arrivals=arrivals, spots=chosen, channels=of_channel)


def _arrivals(scenario: Scenario, kind: str, per_day: float, streams: Streams) -> Floats:
    """Poisson arrivals whose rate follows the kind's profile, and varies between spells by `day.burstiness`."""
    begins, step = scenario.number("profile.begins") * HOUR, scenario.number("profile.step") * HOUR
    cumulative = np.concatenate([[0.0], np.cumsum(scenario.shares(f"profile.{kind}"))])
    knots = begins + step * np.arange(len(cumulative))
    edges = np.arange(scenario.number("day.from") * HOUR, scenario.number("day.until") * HOUR + CELL / 2, CELL)
    means = per_day * np.diff(np.interp(edges, knots, cumulative))
    stream = streams.stream(f"arrivals-{kind}")
    burst = scenario.number("day.burstiness")
    if burst > 0:
        means = means * stream.gamma(1 / burst**2, burst**2, len(means))
    counts = stream.poisson(means)
    times: Floats = np.repeat(edges[:-1], counts) + CELL * stream.random(int(counts.sum()))
    times.sort()
    return times


def rows(scenario: Scenario, count: int, streams: Streams) -> Iterator[Row]:
    """What each patient draws, in order of arrival; drawn in blocks, so that a long day takes no more memory."""
    own = {name: streams.stream(name) for name in (*FIELDS, "no-read")}
    patience = scenario.number("patience.mean"), scenario.number("patience.cv")
    no_read, aim_again = scenario.number("scan.no_read"), scenario.number("scan.aim_again")
    steps = {name: _step(scenario, name) for name in _TIMES}
    for begin in range(0, count, BLOCK):
        size = min(BLOCK, count - begin)
        drawn: dict[str, Floats] = {
            "patience": lognormal(own["patience"], *patience, size),
            "priority": (own["priority"].random(size) < scenario.number("priority.share")).astype(np.float64),
            "phase": own["phase"].random(size) * scenario.number("code.refresh"),
            "frozen": (own["frozen"].random(size) < scenario.number("code.frozen_share")).astype(np.float64),
        }
        drawn |= {name: lognormal(own[name], *steps[name], size) for name in _TIMES}
        misses = own["no-read"].geometric(max(1e-9, 1 - no_read), size) - 1
        drawn["scan"] = drawn["scan"] + np.minimum(misses, 10) * (aim_again + drawn["scan"])
        yield from zip(*(drawn[name].tolist() for name in FIELDS), strict=True)


class Again:
    """Draws of rare things, one at a time: another try of a patient, a reversal."""

    def __init__(self, scenario: Scenario) -> None:
        steps = {name: _step(scenario, name) for name in _TIMES} | {"reverse": _step(scenario, "reverse")}
        steps["present"] = _step(scenario, "present_again")
        self._laws = {name: (mean, cv, *log_parameters(mean, cv)) for name, (mean, cv) in steps.items()}

    def row(self, lot: random.Random) -> Row:
        """What a patient draws for another try: a fresh code, which does not age before it is shown."""
        return (math.inf, 0.0, 0.0, 1.0, *(self.one(lot, name) for name in _TIMES))

    def one(self, lot: random.Random, name: str) -> float:
        """One time of a step."""
        mean, cv, mu, sigma = self._laws[name]
        return lot.lognormvariate(mu, sigma) if mean and cv else mean


def _step(scenario: Scenario, name: str) -> tuple[float, float]:
    step = _STEP_OF.get(name, name)
    return scenario.number(f"step.{step}.mean"), scenario.number(f"step.{step}.cv")
