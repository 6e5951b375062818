"""How many counters, threads, sessions and machines a scenario needs: the fewest that keep its service level.

Counters are found by the recursion in `simulators.clinic.recursion` on the day's own arrivals and times at the counter,
which is exact while nobody leaves and nobody overtakes. What stands behind the counters is found by Erlang C on the
load of its busiest quarter of an hour. Both leave things out, so whoever uses the numbers runs the model with them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulators.clinic.draws import Floats
from simulators.clinic.model import ClinicDay
from simulators.clinic.oracles import servers_for_wait
from simulators.clinic.recursion import waits
from simulators.clinic.scenario import Scenario
from simulators.clinic.sites import CHANNELS, Channel, Spot

BACK_WAIT_SHARE = 0.01
"""Share of requests that may wait longer than `BACK_WAIT` at a station behind the counters."""
BACK_WAIT = 0.1
"""Seconds."""
MOST = 4096


@dataclass(frozen=True, kw_only=True)
class Need:
    """The fewest servers of one parameter, beside what the scenario has."""

    key: str
    en: str
    zh: str
    has: int
    """In the scenario, at each place."""
    needs: int
    """The fewest, at the place that needs most."""
    total: int
    """The fewest, all places together."""
    how: str


def counter_needs(day: ClinicDay) -> dict[str, int]:
    """The fewest counters by `channel|name` (hospitals and towns) or `channel|` (pharmacies, clinics)."""
    level = day.scenario.number("service_level.wait")
    share = day.scenario.number("service_level.wait_share")
    starts, ends = np.array(day.record.starts), np.array(day.record.ends)
    stay = ends - starts
    usual = float(np.nanmean(stay)) if np.isfinite(stay).any() else 0.0
    stay = np.where(np.isfinite(stay), stay, usual)
    order = np.argsort(day.trace.spots, kind="stable")
    bounds = np.searchsorted(day.trace.spots[order], np.arange(len(day.spots) + 1))
    mine = [order[bounds[k] : bounds[k + 1]] for k in range(len(day.spots))]
    needs: dict[str, int] = {}
    for channel in CHANNELS:
        groups: dict[str, list[int]] = {}
        for k, spot in enumerate(day.spots):
            if spot.channel is channel:
                groups.setdefault(_group(spot), []).append(k)
        for name, members in groups.items():
            queues = [(day.trace.arrivals[mine[k]].tolist(), stay[mine[k]].tolist()) for k in members if len(mine[k])]
            needs[f"{channel}|{name}"] = _fewest(queues, level, share)
    return needs


def _group(spot: Spot) -> str:
    return spot.name if spot.channel in {Channel.WINDOW, Channel.KIOSK} else ""


def _fewest(queues: Sequence[tuple[list[float], list[float]]], level: float, share: float) -> int:
    """The fewest servers for each of some queues at which `share` of all customers wait no longer than `level`."""
    total = sum(len(arrivals) for arrivals, _ in queues)
    if not total:
        return 1
    servers = 1
    while servers < MOST:
        good = sum(sum(wait <= level for wait in waits(*queue, servers)) for queue in queues)
        if good >= share * total:
            return servers
        servers += 1 if servers < 64 else servers // 8
    return MOST


def needs(
    scenario: Scenario, places: Sequence[Spot], counted: Sequence[Mapping[str, int]], loads: Mapping[str, float]
) -> list[Need]:
    """What a scenario needs, from the counters of every replication and the peak loads (erlang) behind them."""
    found: list[Need] = []
    worst = {name: max(one[name] for one in counted) for name in counted[0]}
    for channel, key, en, zh in (
        (Channel.WINDOW, "hospital.windows", "Windows", "窗口"),
        (Channel.KIOSK, "hospital.kiosks", "Self-service machines", "自助机"),
        (Channel.PHARMACY, "pharmacy.counters", "Pharmacy counters", "药店收银台"),
        (Channel.CLINIC, "clinic.counters", "Village clinic counters", "村卫生室收银台"),
    ):
        mine = {name: count for name, count in worst.items() if name.startswith(f"{channel}|")}
        spots_here = sum(spot.channel is channel for spot in places)
        total = sum(mine.values()) if len(mine) > 1 else spots_here * max(mine.values())
        found.append(
            Need(
                key=key,
                en=en,
                zh=zh,
                has=scenario.whole(key),
                needs=max(mine.values()),
                total=total,
                how="recursion on the day's own people",
            )
        )
    fronts = len(scenario.shares("bank.split"))
    sign = scenario.number("step.sign.mean") + scenario.number("step.verify.mean")
    for key, load, mean, places_of, en, zh in (
        (
            "hospital.his_pool",
            loads["his"],
            scenario.number("step.his.mean"),
            _hospitals(places),
            "HIS threads",
            "HIS 线程",
        ),
        ("platform.workers", loads["workers"], 0.25, 1, "Platform workers", "平台工作线程"),
        ("bank.platform_sessions", loads["sessions"], 0.3, fronts, "Sessions to the platform", "到平台会话"),
        (
            "bank.debit_sessions",
            loads["debits"],
            scenario.number("step.debit.mean"),
            fronts,
            "Sessions to the core",
            "核心记账会话",
        ),
        ("bank.machines", loads["machines"], sign / 2, fronts, "Banks' encryption machines", "银行加密机"),
        ("platform.machines", loads["platform.machines"], sign / 2, 1, "Platform's encryption machines", "平台加密机"),
    ):
        servers = servers_for_wait(load, mean=max(mean, 1e-6), seconds=BACK_WAIT, share=BACK_WAIT_SHARE)
        if key.endswith("machines"):
            sessions = scenario.whole(key.replace("machines", "machine_sessions"))
            servers = math.ceil(servers / sessions) + 1
            how = "Erlang C at the peak, and one more so that one may fail"
        else:
            how = "Erlang C at the peak"
        found.append(
            Need(key=key, en=en, zh=zh, has=scenario.whole(key), needs=servers, total=servers * places_of, how=how)
        )
    return found


def boxes(scenario: Scenario, places: Sequence[Spot], found: Sequence[Need]) -> tuple[int, int]:
    """Scanner boxes with the spares of the rollout plan: in the scenario, and for the fewest counters."""
    spares = 0
    for channel in (Channel.PHARMACY, Channel.CLINIC):
        spares += sum(spot.channel is channel for spot in places) * scenario.whole(f"spares.{channel}")
    spares += _hospitals(places) * scenario.whole("spares.hospital")
    counters = {"hospital.windows", "hospital.kiosks", "pharmacy.counters", "clinic.counters"}
    fewest = sum(need.total for need in found if need.key in counters)
    return sum(spot.counters for spot in places) + spares, fewest + spares


def _hospitals(places: Sequence[Spot]) -> int:
    return sum(spot.channel is Channel.WINDOW for spot in places)


def peak_loads(day: ClinicDay, series: Mapping[str, Floats]) -> dict[str, float]:
    """Erlang of the busiest quarter of an hour behind the counters; of the busiest bank and hospital."""
    servers: dict[str, int] = {}
    for (name, _), capacity in zip(day.stations, day.samples[0].capacity, strict=True):
        servers[name] = servers.get(name, 0) + capacity

    def peak(name: str) -> float:
        busy = series[f"busy.{name}"] * servers[name]
        return float(np.max(np.convolve(busy, np.ones(3) / 3, mode="valid"))) if len(busy) >= 3 else float(busy.max())

    hospital = [spot for spot in day.spots if spot.channel in {Channel.WINDOW, Channel.KIOSK}]
    weights: dict[int, float] = {}
    for spot in hospital:
        weights[spot.site] = weights.get(spot.site, 0.0) + spot.weight
    largest = max(weights.values()) / sum(weights.values())
    return {
        "his": peak("his") * largest,
        "workers": peak("platform.workers"),
        "platform.machines": peak("platform.machines"),
        **{kind: max(peak(f"{bank}.{kind}") for bank in day.banks) for kind in ("sessions", "debits", "machines")},
    }
