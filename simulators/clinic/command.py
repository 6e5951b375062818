"""What `liantiao model` does: runs a scenario, its what-ifs, its sizing and its load curve, and leaves a folder.

The folder holds `clinic.json` with everything that the page shows, and CSV files for those who want their own.
"""

import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from harness.errors import ConfigError
from simulators.clinic import results
from simulators.clinic.parameters import Value, definition
from simulators.clinic.running import Engine, Job, Told, replicate
from simulators.clinic.scenario import Scenario, WhatIf, load_scenario, shipped_twin
from simulators.clinic.searching import read_wish, search
from simulators.clinic.sites import spots
from simulators.clinic.sizing import Need, boxes, needs
from simulators.clinic.statistics import Estimate, estimate
from simulators.clinic.summary import Summary

BASE = "base"
SHIPPED = "as-shipped"
SIZED = "sized"
CHECKS = 2
"""Replications of the check that a sizing keeps the service level, and of each point of the load curve."""
MOST_CHECKS = 4
CURVE = (0.3, 0.6, 0.8, 0.9, 1.0, 1.05, 1.15)
"""Loads of the curve, against what the busiest station behind the counters can do."""
CURVE_FROM_H = 9.0
CURVE_MINUTES = 5
AMPLE = 1000
"""Counters that nobody queues for."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked on the command line."""

    scenario: str
    replications: int
    seed: int = 1
    jobs: int = 1
    scheduler: str | None = None
    settings: Sequence[str] = ()
    """`key=value` each."""
    sweep: str | None = None
    """`key=1,2,3` or `key=from:to:step`."""
    find: str | None = None
    what_ifs: Sequence[str] = ()
    """Names, `all` or `none`; without any, those that the scenario shows."""
    curve: bool = True
    sizing: bool = True
    events: bool = False
    """Whether to write the event log of one day."""


def run(request: Request, out: Path, told: Told | None = None) -> Path:
    """Run what is asked and leave the results in `out`, which is made. Raises ConfigError or BenchError."""
    began = time.perf_counter()
    engine = Engine(jobs=request.jobs, scheduler=request.scheduler)
    scenario = load_scenario(request.scenario)
    if request.settings:
        scenario = scenario.with_values(dict(_setting(scenario, text) for text in request.settings))
    work = _Work(request=request, engine=engine, told=told)
    content: dict[str, object] = {}
    if request.find is not None:
        content |= _found(work, scenario, request.find)
    elif request.sweep is not None:
        content |= _swept(work, scenario, request.sweep)
    else:
        content |= _whole(work, scenario)
    content |= {
        "parameters": results.parameter_rows(scenario),
        "scenario": {
            "id": scenario.id,
            "title": scenario.title,
            "title_zh": scenario.title_zh,
            "origin": scenario.origin if scenario.origin == scenario.id else Path(scenario.origin).name,
        },
        "run": {
            "liantiao": version("liantiao"),
            "seed": request.seed,
            "replications": request.replications,
            "patients": work.patients,
            "elapsed_s": round(time.perf_counter() - began, 2),
            "jobs": request.jobs,
            "scheduler": request.scheduler,
            "python": platform.python_version(),
            "simpy": version("simpy"),
            "numpy": version("numpy"),
            "machine": f"{platform.machine()}, {os.cpu_count()} processors",
            "settings": list(request.settings),
        },
    }
    out.mkdir(parents=True, exist_ok=True)
    results.write(out, content)
    if request.events:
        results.write_events(out, scenario, request.seed)
    return out


@dataclass(kw_only=True)
class _Work:
    """The model, ready to be run for this request."""

    request: Request
    engine: Engine
    told: Told | None
    patients: int = 0

    def replicate(self, jobs: Sequence[Job]) -> dict[str, list[Summary]]:
        """Run jobs with the request's replications and seed."""
        found = replicate(
            jobs,
            replications=self.request.replications,
            seed=self.request.seed,
            engine=self.engine,
            told=self.told,
        )
        self.patients += sum(int(one.measures["patients"]) for many in found.values() for one in many)
        return found


def _whole(work: _Work, scenario: Scenario) -> dict[str, object]:
    """The scenario with its what-ifs, what changed against the shipped one, sizing and load curve."""
    asked = _what_ifs(scenario, work.request.what_ifs)
    jobs = [Job(name=BASE, scenario=scenario, sized=work.request.sizing)]
    jobs += [Job(name=one.name, scenario=scenario.asked(one)) for one in asked]
    twin = shipped_twin(scenario)
    changed = scenario.differences(twin) if twin is not None else {}
    if twin is not None and changed:
        jobs.append(Job(name=SHIPPED, scenario=twin))
    found = work.replicate(jobs)
    content: dict[str, object] = {
        "runs": {
            BASE: results.run_entry(found[BASE], None, title=scenario.title, title_zh=scenario.title_zh),
            **{
                one.name: results.run_entry(
                    found[one.name],
                    found[BASE],
                    title=one.title,
                    title_zh=one.title_zh,
                    faults=one.faults,
                    settings=one.set,
                )
                for one in asked
            },
        },
        "time": results.time_axis(scenario),
        "service_level": results.service_level(scenario),
        "changed": [
            {"key": key, "en": definition(key, "").en, "zh": definition(key, "").zh, "was": was, "is": now}
            for key, (was, now) in changed.items()
        ],
    }
    if SHIPPED in found:
        content["against_shipped"] = results.differences(found[BASE], found[SHIPPED])
    if work.request.sizing:
        content |= _sizing(work, scenario, found[BASE])
    return content


def _sizing(work: _Work, scenario: Scenario, base: Sequence[Summary]) -> dict[str, object]:
    """The fewest of everything, checked by running the model with them; and how far that system goes."""
    places = spots(scenario)
    loads = {name: max(one.loads[name] for one in base) for name in base[0].loads}
    found = needs(scenario, places, [one.counters for one in base], loads)
    sized = scenario
    kept = False
    checked: list[Summary] = []
    tries = 0
    while tries < MOST_CHECKS and not kept:
        tries += 1
        sized = scenario.with_values({need.key: need.needs for need in found}, note="the fewest")
        checked = work.replicate([Job(name=SIZED, scenario=sized, replications=CHECKS)])[SIZED]
        worst = results.shortfalls(scenario, checked)
        kept = not worst
        found = [_more(need, worst) for need in found] if not kept and tries < MOST_CHECKS else found
    had, fewest = boxes(scenario, places, found)
    content: dict[str, object] = {
        "sizing": {
            "needs": [results.need_row(need) for need in found],
            "boxes": {"has": had, "needs": fewest},
            "kept": kept,
            "measures": results.measures(checked),
            "by_hospital": results.by_hospital([one.counters for one in base]),
        }
    }
    if work.request.curve:
        content["curve"] = _curve(work, sized, loads)
    return content


def _more(need: Need, worst: Sequence[str]) -> Need:
    """One more of what may be the cause of a shortfall, a tenth more of what is many."""
    front = need.key.startswith(("hospital.w", "hospital.k", "pharmacy", "clinic"))
    if ("wait" in worst) != front and not ("response" in worst and not front):
        return need
    count = math.ceil(need.needs * 1.1) if need.needs > 1 else 2
    return Need(
        key=need.key,
        en=need.en,
        zh=need.zh,
        has=need.has,
        needs=count,
        total=math.ceil(need.total * count / need.needs),
        how=f"{need.how}; more after the model's check",
    )


def _curve(work: _Work, sized: Scenario, loads: Mapping[str, float]) -> dict[str, object]:
    """Throughput and response against the load, in what stands behind the counters of the system with the fewest.

    Five minutes of even arrivals at each load; the counters are made ample, so that the load gets through to them.
    """
    rho = {
        "platform.workers": loads["workers"] / sized.number("platform.workers"),
        "bank.platform_sessions": loads["sessions"] / sized.number("bank.platform_sessions"),
        "bank.debit_sessions": loads["debits"] / sized.number("bank.debit_sessions"),
        "hospital.his_pool": loads["his"] / sized.number("hospital.his_pool"),
    }
    busiest = max(rho, key=lambda key: rho[key])
    if not rho[busiest]:
        return {}
    usual = sized.number("day.factor") / rho[busiest]
    ample = dict.fromkeys(
        ("hospital.windows", "hospital.kiosks", "hospital.town_windows", "hospital.town_kiosks"), AMPLE
    )
    window = {
        "day.from": CURVE_FROM_H,
        "day.until": CURVE_FROM_H + CURVE_MINUTES / 60,
        "day.drain": 0.1,
        "day.burstiness": 0.0,
        "pharmacy.counters": 100,
        "clinic.counters": 100,
        **ample,
    }
    jobs = [
        Job(
            name=f"{load:g}",
            scenario=sized.with_values(window | {"day.factor": min(usual * load, 100.0)}, note="load curve"),
            replications=CHECKS,
        )
        for load in CURVE
    ]
    found = work.replicate(jobs)
    return {
        "busiest": busiest,
        "en": definition(busiest, "").en,
        "zh": definition(busiest, "").zh,
        "points": [results.curve_point(load, found[f"{load:g}"]) for load in CURVE],
    }


def _swept(work: _Work, scenario: Scenario, text: str) -> dict[str, object]:
    key, values = read_sweep(scenario, text)
    asked = _what_ifs(scenario, work.request.what_ifs or ("none",))
    under = scenario.asked(asked[0]) if asked else scenario
    points = {f"{value:g}": under.with_values({key: value}, note="swept") for value in values}
    found = work.replicate([Job(name=name, scenario=one) for name, one in points.items()])
    known = definition(key, "--sweep")
    return {
        "sweep": {
            "key": key,
            "en": known.en,
            "zh": known.zh,
            "unit": known.unit,
            "points": [{"value": float(name), **results.measures(found[name])} for name in points],
        },
        "service_level": results.service_level(scenario),
    }


def _found(work: _Work, scenario: Scenario, text: str) -> dict[str, object]:
    wish = read_wish(text)
    asked = _what_ifs(scenario, work.request.what_ifs or ("none",))
    under = scenario.asked(asked[0]) if asked else scenario

    def measured(scenarios: Sequence[Scenario]) -> list[Estimate]:
        found = work.replicate([Job(name=f"{k}", scenario=one) for k, one in enumerate(scenarios)])
        if wish.measure not in found["0"][0].measures:
            raise ConfigError(
                f"--find: there is no measure {wish.measure!r}.",
                cause="a slip of the pen",
                remedy=f"use one of: {', '.join(found['0'][0].measures)}",
            )
        return [estimate([one.measures[wish.measure] for one in found[f"{k}"]]) for k in range(len(scenarios))]

    return {"find": results.find_entry(search(under, wish, measured), asked[0] if asked else None)}


def _what_ifs(scenario: Scenario, names: Sequence[str]) -> list[WhatIf]:
    if not names:
        return [one for one in scenario.what_ifs if one.shown]
    if "all" in names:
        return list(scenario.what_ifs)
    return [scenario.what_if(name) for name in names if name != "none"]


def _setting(scenario: Scenario, text: str) -> tuple[str, object]:
    key, separator, value = text.partition("=")
    if not separator:
        raise ConfigError(
            f"--set {text!r} is not of the form key=value.",
            cause="a slip of the pen",
            remedy="e.g. --set hospital.windows=6",
        )
    key = key.strip()
    definition(key, "--set")
    return key, read_value(scenario.value(key), value)


def read_value(now: Value, text: str) -> object:
    """A value from the command line, of the sort that the parameter has now."""
    if isinstance(now, str):
        return text.strip()
    parts = text.strip().strip("[]").split(",")
    try:
        numbers = [float(part.replace("_", "")) for part in parts]
    except ValueError:
        return text.strip()
    return numbers if isinstance(now, tuple) else numbers[0] if len(numbers) == 1 else text.strip()


def read_sweep(scenario: Scenario, text: str) -> tuple[str, list[float]]:
    """A key and its values. Raises ConfigError."""
    key, _, values = text.partition("=")
    key = key.strip()
    scenario.number(key)
    try:
        if ":" in values:
            first, last, step = (float(part) for part in values.split(":"))
            count = math.floor((last - first) / step + 1e-9) + 1 if step > 0 else 0
            found = [first + k * step for k in range(count)]
        else:
            found = [float(part) for part in values.split(",")]
    except ValueError:
        found = []
    if not found or len(found) > 200:
        raise ConfigError(
            f"--sweep {text!r} gives no list of values.",
            cause="a slip of the pen, or more than 200 values",
            remedy="e.g. --sweep hospital.windows=2,4,8 or --sweep day.factor=0.5:2:0.25",
        )
    return key, found
