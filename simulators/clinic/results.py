"""What a run of the model leaves: `clinic.json` for the page, CSV files for those who want their own.

clinic.json         everything the page shows
measures.csv        every measure of every run: mean, interval, and each replication
series.csv          queues, utilisation, throughput by five minutes: mean and band over replications
waits.csv           the distribution of waits by channel
institutions.csv    service level by institution
events.csv          on demand: the event log of one day (entity, event, time, resource), for animation
"""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from simulators.clinic.faults import HOUR, Fault, clock
from simulators.clinic.model import ClinicDay
from simulators.clinic.parameters import Value
from simulators.clinic.parts import Outcome
from simulators.clinic.scenario import Scenario, WhatIf
from simulators.clinic.searching import Found
from simulators.clinic.sites import CHANNELS
from simulators.clinic.sizing import Need
from simulators.clinic.statistics import Estimate, band, difference, estimate
from simulators.clinic.summary import BIN, RESPONSE_GRID, WAIT_GRID, Summary

CONTENT = "clinic.json"
Entry = dict[str, object]


def parameter_rows(scenario: Scenario) -> list[Entry]:
    """Every parameter with unit and source, for the report's table."""
    return [
        {
            "key": key,
            "value": _plain(parameter.value),
            "unit": parameter.definition.unit,
            "source": parameter.source.value,
            "note": parameter.note,
            "en": parameter.definition.en,
            "zh": parameter.definition.zh,
        }
        for key, parameter in scenario.parameters.items()
    ]


def run_entry(
    found: Sequence[Summary],
    base: Sequence[Summary] | None,
    *,
    title: str,
    title_zh: str,
    faults: Sequence[Fault] = (),
    settings: Mapping[str, Value] | None = None,
) -> Entry:
    """A run over its replications; with `base`, also what differs from it."""
    return {
        "title": title,
        "title_zh": title_zh,
        "settings": {key: _plain(value) for key, value in (settings or {}).items()},
        "faults": [fault_row(fault) for fault in faults],
        "measures": measures(found),
        "replications": {name: [one.measures[name] for one in found] for name in found[0].measures},
        "series": {name: _band([one.series[name] for one in found]) for name in found[0].series},
        "waits": {name: _band([one.waits[name] for one in found]) for name in found[0].waits},
        "responses": _band([one.responses for one in found]),
        "institutions": _institutions(found),
        "differences": differences(found, base) if base is not None else {},
    }


def measures(found: Sequence[Summary]) -> dict[str, Entry]:
    """Every measure: mean over replications and half-width of its interval."""
    return {name: _estimate(estimate([one.measures[name] for one in found])) for name in found[0].measures}


def differences(found: Sequence[Summary], base: Sequence[Summary]) -> dict[str, Entry]:
    """Every measure minus the base's, paired by replication."""
    return {
        name: {
            **_estimate(change := difference([o.measures[name] for o in found], [o.measures[name] for o in base])),
            "sure": change.sure,
        }
        for name in found[0].measures
    }


def time_axis(scenario: Scenario) -> Entry:
    """Where the series begin, in hours, and how far apart their points are, in seconds."""
    return {
        "from_h": scenario.number("day.from"),
        "until_h": scenario.number("day.until"),
        "bin_s": BIN,
        "wait_grid": WAIT_GRID.tolist(),
        "response_grid": RESPONSE_GRID.tolist(),
    }


def service_level(scenario: Scenario) -> Entry:
    """The limits."""
    return {
        "wait": scenario.number("service_level.wait"),
        "wait_share": scenario.number("service_level.wait_share"),
        "response_p95": scenario.number("service_level.response_p95"),
        "response_p99": scenario.number("service_level.response_p99"),
    }


def shortfalls(scenario: Scenario, found: Sequence[Summary]) -> list[str]:
    """Where the service level is not kept: `wait`, `response`."""
    level = service_level(scenario)
    mean = {name: estimate([one.measures[name] for one in found]).mean for name in found[0].measures}
    channels = [mean[f"wait.{channel}.within"] for channel in CHANNELS]
    share = scenario.number("service_level.wait_share")
    short = []
    if any(within < share for within in channels if not math.isnan(within)):
        short.append("wait")
    if mean["response.p95"] > float(str(level["response_p95"])) or mean["response.p99"] > float(
        str(level["response_p99"])
    ):
        short.append("response")
    return short


def need_row(need: Need) -> Entry:
    """A line of the sizing table."""
    return {
        "key": need.key,
        "en": need.en,
        "zh": need.zh,
        "has": need.has,
        "needs": need.needs,
        "total": need.total,
        "how": need.how,
    }


def by_hospital(counted: Sequence[Mapping[str, int]]) -> list[Entry]:
    """Windows and self-service machines that each hospital needs."""
    worst = {name: max(one[name] for one in counted) for name in counted[0]}
    names = [name.partition("|")[2] for name in worst if name.startswith("window|")]
    return [{"name": name, "windows": worst[f"window|{name}"], "kiosks": worst[f"kiosk|{name}"]} for name in names]


def curve_point(load: float, found: Sequence[Summary]) -> dict[str, float]:
    """A point of the load curve: rates a second in the one spell of arrivals, and the response."""
    offered = [float(one.series["arrivals"][0]) / BIN for one in found]
    done = [float(one.series["settled"][0]) / BIN for one in found]
    point = {"load": load, "offered": float(np.mean(offered))}
    point |= {"throughput": float(np.mean(done)), "throughput_low": min(done), "throughput_high": max(done)}
    for name in ("response.p50", "response.p95", "wait.p95", "wait.within", "left", "cash", "time_outs"):
        values = [one.measures[name] for one in found]
        point |= {name: float(np.mean(values)), f"{name}.low": min(values), f"{name}.high": max(values)}
    return point


def find_entry(found: Found, what_if: WhatIf | None) -> Entry:
    """The result of a search."""
    return {
        "text": found.wish.text,
        "key": found.wish.key,
        "measure": found.wish.measure,
        "limit": found.wish.limit,
        "below": found.wish.below,
        "capacity": found.capacity,
        "what_if": what_if.title if what_if else "",
        "what_if_zh": what_if.title_zh if what_if else "",
        "tried": [
            {"capacity": capacity, **_estimate(value), "met": found.wish.met(value)} for capacity, value in found.tried
        ],
    }


def fault_row(fault: Fault) -> Entry:
    """A fault for the page."""
    return {
        "kind": fault.kind.value,
        "from_h": fault.at / HOUR,
        "until_h": fault.until / HOUR,
        "from": clock(fault.at),
        "until": clock(fault.until),
        "bank": fault.bank,
    }


def write(out: Path, content: Entry) -> None:
    """Write `clinic.json` and the CSV files that its parts give."""
    text = json.dumps(_clean(content), ensure_ascii=False, indent=1)
    (out / CONTENT).write_text(text + "\n", encoding="utf-8")
    runs = content.get("runs")
    if isinstance(runs, dict):
        _write_measures(out / "measures.csv", runs)
        _write_series(out / "series.csv", runs, content["time"])
        _write_waits(out / "waits.csv", runs)
        _write_institutions(out / "institutions.csv", runs)
    sweep = content.get("sweep")
    if isinstance(sweep, dict):
        names = [name for name in sweep["points"][0] if name != "value"]
        _csv(
            out / "sweep.csv",
            [sweep["key"], *(part for name in names for part in (name, f"{name} half"))],
            (
                [point["value"], *(part for name in names for part in (point[name]["mean"], point[name]["half"]))]
                for point in sweep["points"]
            ),
        )


def write_events(out: Path, scenario: Scenario, seed: int) -> None:
    """Write the event log of the first replication: entity, event type, event, time, resource."""
    day = ClinicDay(scenario, seed=seed)
    day.run()
    record = day.record
    lines: list[tuple[float, int, str, str, str]] = []
    for k, at in enumerate(day.trace.arrivals.tolist()):
        spot = day.spots[day.trace.spots[k]]
        lines.append((at, k, "arrival_departure", "arrival", ""))
        lines.append((at, k, "queue", f"{spot.channel}_queue_begins", ""))
        if not math.isnan(record.starts[k]):
            lines.append((record.starts[k], k, "resource_use", f"{spot.channel}_begins", spot.name))
        if not math.isnan(record.ends[k]):
            if not math.isnan(record.starts[k]):
                lines.append((record.ends[k], k, "resource_use_end", f"{spot.channel}_ends", spot.name))
            outcome = Outcome(record.outcomes[k]).name.lower()
            lines.append((record.ends[k], k, "arrival_departure", f"depart_{outcome}", ""))
    lines.sort(key=lambda line: line[:2])
    _csv(
        out / "events.csv",
        ["entity_id", "event_type", "event", "time", "resource"],
        ([entity, kind, event, round(at, 3), resource] for at, entity, kind, event, resource in lines),
    )


def _institutions(found: Sequence[Summary]) -> list[Entry]:
    rows: list[Entry] = []
    for name in found[0].institutions:
        mine = [one.institutions[name] for one in found]
        rows.append(
            {
                "name": name,
                "patients": float(np.mean([one[0] for one in mine])),
                "within": _estimate(estimate([one[1] for one in mine])),
                "wait_p95": _estimate(estimate([one[2] for one in mine])),
            }
        )
    return rows


def _write_measures(path: Path, runs: Mapping[str, Entry]) -> None:
    def lines() -> Iterable[list[object]]:
        for run, entry in runs.items():
            found, single = entry["measures"], entry["replications"]
            if isinstance(found, dict) and isinstance(single, dict):
                for name, value in found.items():
                    yield [run, name, value["mean"], value["half"], *single[name]]

    count = max(
        len(next(iter(entry["replications"].values())))
        for entry in runs.values()
        if isinstance(entry["replications"], dict)
    )
    _csv(path, ["run", "measure", "mean", "half-width 95 %", *(f"replication {k}" for k in range(count))], lines())


def _write_series(path: Path, runs: Mapping[str, Entry], axis: object) -> None:
    begins, step = (axis["from_h"], axis["bin_s"]) if isinstance(axis, dict) else (0.0, BIN)

    def lines() -> Iterable[list[object]]:
        for run, entry in runs.items():
            series = entry["series"]
            if isinstance(series, dict):
                for name, values in series.items():
                    for k, (mean, low, high) in enumerate(
                        zip(values["mean"], values["low"], values["high"], strict=True)
                    ):
                        yield [run, name, f"{begins + k * step / HOUR:.4f}", mean, low, high]

    _csv(path, ["run", "series", "clock hour", "mean", "low 2.5 %", "high 97.5 %"], lines())


def _write_waits(path: Path, runs: Mapping[str, Entry]) -> None:
    def lines() -> Iterable[list[object]]:
        for run, entry in runs.items():
            waits = entry["waits"]
            if isinstance(waits, dict):
                for channel, values in waits.items():
                    for wait, share in zip(WAIT_GRID.tolist(), values["mean"], strict=True):
                        yield [run, channel, wait, share]

    _csv(path, ["run", "channel", "seconds", "share that waited no longer"], lines())


def _write_institutions(path: Path, runs: Mapping[str, Entry]) -> None:
    def lines() -> Iterable[list[object]]:
        for run, entry in runs.items():
            rows = entry["institutions"]
            if isinstance(rows, list):
                for row in rows:
                    yield [run, row["name"], row["patients"], row["within"]["mean"], row["wait_p95"]["mean"]]

    _csv(path, ["run", "institution", "patients", "share within the limit", "wait p95 s"], lines())


def _csv(path: Path, head: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(lines)


def _band(series: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> Entry:
    mean, low, high = band(series)
    return {"mean": mean, "low": low, "high": high}


def _estimate(found: Estimate) -> Entry:
    return {"mean": found.mean, "half": found.half}


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _clean(value: object) -> object:
    """What JSON can hold: NaN becomes null, numbers lose digits that mean nothing."""
    match value:
        case float():
            return float(f"{value:.8g}") if math.isfinite(value) else None
        case dict():
            return {str(key): _clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
        case _:
            return value
