"""What is kept of a day: counts, means and percentiles, series by time, service by institution; small enough to send.

Waits are those of people who reached a counter or left; a person who left or was never served waited at least so long.
The response runs from the scan to the answer that the counter got, with time-outs and reversals in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulators.clinic.draws import Floats
from simulators.clinic.model import ClinicDay
from simulators.clinic.parts import Outcome
from simulators.clinic.sites import CHANNELS

BIN = 300.0
"""Seconds between two points of a series."""
WAIT_GRID = np.concatenate([np.arange(0, 120, 2.0), np.arange(120, 600, 10.0), np.arange(600, 7201, 60.0)])
"""At which waits their distribution is kept, in seconds."""
RESPONSE_GRID = np.concatenate([np.arange(0, 3, 0.02), np.arange(3, 60.5, 0.5)])
SLOW = 5.0
"""A response above so many seconds is called slow."""
PERCENTILES = (50.0, 95.0, 99.0)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A day in brief. Every replication of a scenario has the same names."""

    replication: int
    measures: Mapping[str, float]
    series: Mapping[str, Floats]
    """By bin of the day: `queue.window`, `busy.ICBC.machines`, `arrivals`, `response.p95`."""
    waits: Mapping[str, Floats]
    """By channel: the share that waited no longer than each point of `WAIT_GRID`."""
    responses: Floats
    """The share answered no later than each point of `RESPONSE_GRID`."""
    institutions: Mapping[str, tuple[int, float, float]]
    """By institution: patients, share served within the limit, 95th percentile of the wait."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """How many counters were needed, if that was asked; see `simulators.clinic.sizing`."""
    loads: Mapping[str, float] = field(default_factory=dict)
    """Erlang behind the counters at the peak, if that was asked."""


def summarise(day: ClinicDay, replication: int = 0) -> Summary:
    """The summary of a day that has run."""
    arrivals = day.trace.arrivals
    record = day.record
    starts, ends = np.array(record.starts), np.array(record.ends)
    asked, told = np.array(record.asked), np.array(record.told)
    outcomes = np.frombuffer(record.outcomes, dtype=np.uint8)
    still = np.where(np.isnan(ends), day.cut_off, ends)
    out_of_queue = np.where(np.isnan(starts), still, starts)
    waits = out_of_queue - arrivals
    served = ~np.isnan(starts)
    responses = told - asked
    answered = ~np.isnan(responses)
    limit = day.scenario.number("service_level.wait")
    within = served & (waits <= limit)
    channels = day.trace.channels
    edges = np.arange(day.begins, day.cut_off + BIN / 2, BIN)

    measures = _counts(day, outcomes)
    measures |= _spread("wait", waits) | {"wait.within": _mean(within)}
    measures |= _spread("response", responses[answered])
    measures["response.slow"] = float(np.count_nonzero(responses[answered] > SLOW))
    measures["total.mean"] = _mean((still - arrivals)[outcomes == Outcome.SETTLED])
    finished = still[np.isin(outcomes, (Outcome.SETTLED, Outcome.CASH))]
    measures["last"] = float(finished.max()) if finished.size else day.begins
    series: dict[str, Floats] = {
        "arrivals": _per_bin(arrivals, edges),
        "settled": _per_bin(told[outcomes == Outcome.SETTLED], edges),
        "left": _per_bin(ends[outcomes == Outcome.LEFT], edges),
        "slow": _per_bin(asked[answered & (np.nan_to_num(responses) > SLOW)], edges),
        "cash": _per_bin(told[outcomes == Outcome.CASH], edges),
        "response.p95": _percentile_per_bin(asked[answered], responses[answered], edges, 95),
    }
    cdf: dict[str, Floats] = {}
    for number, channel in enumerate(CHANNELS):
        mine = channels == number
        measures |= _spread(f"wait.{channel}", waits[mine]) | {f"wait.{channel}.within": _mean(within[mine])}
        series[f"queue.{channel}"] = _present(arrivals[mine], out_of_queue[mine], edges)
        counters = sum(spot.counters for spot in day.spots if spot.channel is channel)
        working = served & mine
        series[f"busy.{channel}"] = _present(starts[working], still[working], edges) / counters
        cdf[channel.value] = np.searchsorted(np.sort(waits[mine]), WAIT_GRID, side="right") / max(1, mine.sum())
    series |= _behind(day, edges)
    for name in [name for name in series if name.startswith("busy.")]:
        until = int((day.scenario.number("day.until") * 3600 - day.begins) // BIN)
        measures[f"{name}.peak"] = float(np.max(_smooth(series[name][:until])))
    found = np.searchsorted(np.sort(responses[answered]), RESPONSE_GRID, side="right")
    return Summary(
        replication=replication,
        measures=measures,
        series=series,
        waits=cdf,
        responses=found / max(1, int(answered.sum())),
        institutions=_institutions(day, waits, within),
    )


def _counts(day: ClinicDay, outcomes: NDArray[np.uint8]) -> dict[str, float]:
    tally = day.tally
    live = np.frombuffer(day.ledger.live, dtype=np.uint8)
    return {
        "patients": float(len(outcomes)),
        "settled": float(np.count_nonzero(outcomes == Outcome.SETTLED)),
        "left": float(np.count_nonzero(outcomes == Outcome.LEFT)),
        "cash": float(np.count_nonzero(outcomes == Outcome.CASH)),
        "unserved": float(np.count_nonzero(outcomes == Outcome.UNSERVED)),
        "time_outs": float(tally.time_outs),
        "reversals": float(tally.reversals),
        "expired": float(tally.expired),
        "unavailable": float(tally.unavailable),
        "dead_calls": float(tally.dead_calls),
        "late_answers": float(tally.late_answers),
        "open_reversals": float(np.count_nonzero(live[outcomes != Outcome.SETTLED])),
        "doubled": float(np.count_nonzero(live > 1)),
    }


def _spread(name: str, values: Floats) -> dict[str, float]:
    if not values.size:
        return {f"{name}.mean": np.nan, **{f"{name}.p{p:g}": np.nan for p in PERCENTILES}, f"{name}.max": np.nan}
    points = np.percentile(values, PERCENTILES)
    return {
        f"{name}.mean": float(values.mean()),
        **{f"{name}.p{p:g}": float(point) for p, point in zip(PERCENTILES, points, strict=True)},
        f"{name}.max": float(values.max()),
    }


def _mean(values: Floats | NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if values.size else float("nan")


def _per_bin(times: Floats, edges: Floats) -> Floats:
    return np.histogram(times, edges)[0].astype(np.float64)


def _percentile_per_bin(times: Floats, values: Floats, edges: Floats, percentile: float) -> Floats:
    places = np.digitize(times, edges) - 1
    found = np.full(len(edges) - 1, np.nan)
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    bounds = np.searchsorted(places, np.arange(len(edges)))
    for k in range(len(found)):
        mine = values[bounds[k] : bounds[k + 1]]
        if mine.size:
            found[k] = np.percentile(mine, percentile)
    return found


def _present(begins: Floats, ends: Floats, edges: Floats) -> Floats:
    """The mean number of those present in each bin, exact: the integral of each one's stay over the bin."""
    return np.diff(_elapsed(begins, edges) - _elapsed(ends, edges)) / np.diff(edges)


def _elapsed(times: Floats, edges: Floats) -> Floats:
    """For each edge t: the sum over the times x before it of t - x."""
    ordered = np.sort(times)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    before = np.searchsorted(ordered, edges)
    result: Floats = before * edges - sums[before]
    return result


def _smooth(values: Floats) -> Floats:
    """Means of three neighbouring bins: a quarter of an hour."""
    return np.convolve(values, np.ones(3) / 3, mode="valid") if len(values) >= 3 else values


def _behind(day: ClinicDay, edges: Floats) -> dict[str, Floats]:
    """Utilisation and queues of the stations behind the counters, from their accounts; HIS pools together."""
    at = np.array([sample.at for sample in day.samples])
    found: dict[str, Floats] = {}
    groups: dict[str, list[int]] = {}
    for k, (name, _) in enumerate(day.stations):
        groups.setdefault(name, []).append(k)
    for name, members in groups.items():
        busy = np.array([sum(sample.busy[k] for k in members) for sample in day.samples])
        queued = np.array([sum(sample.queued[k] for k in members) for sample in day.samples])
        servers = sum(day.samples[0].capacity[k] for k in members)
        found[f"busy.{name}"] = np.diff(np.interp(edges, at, busy)) / np.diff(edges) / servers
        found[f"queue.{name}"] = np.diff(np.interp(edges, at, queued)) / np.diff(edges)
    return found


def _institutions(day: ClinicDay, waits: Floats, within: NDArray[np.bool_]) -> dict[str, tuple[int, float, float]]:
    names = list(dict.fromkeys(spot.institution for spot in day.spots))
    number = {name: k for k, name in enumerate(names)}
    of_spot = np.array([number[spot.institution] for spot in day.spots])
    of_patient = of_spot[day.trace.spots]
    found: dict[str, tuple[int, float, float]] = {}
    for k, name in enumerate(names):
        mine = of_patient == k
        count = int(mine.sum())
        found[name] = (
            count,
            _mean(within[mine]),
            float(np.percentile(waits[mine], 95)) if count else float("nan"),
        )
    return found
