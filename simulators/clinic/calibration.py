"""Calibration: service times from recordings of a bench, written as a scenario, and a prediction held against a replay.

Three recordings come first: one with the arrivals so far apart that nobody waits (what each step takes, and on the
way), one under a moderate load (how much processor a purchase takes then: a busy process wakes up less often, and works
faster than one that has to be woken for every message), and, if wished, one of the encryption machine. Then another
trace is replayed for real, and the model predicts the same trace. The error is stated for mean, p95 and p99, beside the
null model in which nobody waits. A run in which the driver was late, or the host too busy, is inconclusive.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.errors import ConfigError
from harness.line.folder import TAPE, write_json
from harness.line.tape import read_tape
from simulators.clinic.calibration_fit import POINTS, Fit, Law, fit
from simulators.clinic.calibration_scenario import scenario_text
from simulators.clinic.calibration_tape import STEPS, Visit, exchanges, service_times, visits
from simulators.clinic.replay import Predicted, Recorded, predict, without_queue

CONTENT, SCENARIO = "calibration.json", "measured.toml"
TOLERANCE = 0.20
"""Up to this error of mean and p95 a prediction agrees: what response times are customarily predicted to (assumed)."""
BUSIEST = 0.85
"""Share of a processor that the bench may use in the check; beyond it a small error of the work is a large one of the
waits."""
STARVED = 0.15
"""Share of the time in which a process could have run and had to wait for a processor: what others took from it."""
CURVE_POINTS = 60


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What must hold for a comparison to mean anything."""

    name: str
    value: float
    limit: float
    unit: str

    @property
    def good(self) -> bool:
        """Whether it holds."""
        return self.value <= self.limit


class BenchCalibration:
    """What `liantiao calibrate` finds by entry point; see `harness.commands.loading.Calibration`."""

    def fit(self, out: Path, *, apart: Path, busy: Path, others: Sequence[Path]) -> Mapping[str, object]:
        """Fit service times from folders of recordings; leaves `calibration.json` and a scenario. Raises ConfigError.

        `apart` and `busy` are loads of purchases; `others` any folders with a tape: a certificate's run has the
        scanner, a load on an encryption machine its signatures.
        """
        visited, recorded = _recorded(apart)
        per_purchase = _busy_s(busy)
        scale = per_purchase / float(recorded.work.sum(axis=1).mean())
        fits = [one for one in (fit(name, values) for name, values in _times(apart, others).items()) if one]
        sums = {
            "HIS: ec.query, 1101, 2101": [sum(v.seconds[s] for s in STEPS[1:4]) for v in visited],
            "platform: 2102": [v.seconds["2102"] for v in visited],
        }
        of_steps = {name: fitted for name, values in sums.items() if (fitted := fit(name, values))}
        text = scenario_text(fits, of_steps)
        (out / SCENARIO).write_text(text, encoding="utf-8")
        content = {
            "fits": [_fit_entry(one) for one in fits],
            "scenario": SCENARIO,
            "purchases": len(visited),
            "work_apart_ms": float(recorded.work.sum(axis=1).mean()) * 1000,
            "way_ms": float(recorded.way.sum(axis=1).mean()) * 1000,
            "busy_ms": per_purchase * 1000,
            "scale": scale,
            "turns": dict(zip(STEPS, recorded.turns, strict=True)),
        }
        write_json(out / CONTENT, content)
        return content

    def check(
        self, out: Path, *, apart: Path, busy: Path, replayed: Path, replications: int, seed: int
    ) -> Mapping[str, object]:
        """Predict the trace of a replay that was done for real, and compare; adds to `calibration.json`."""
        content = dict(_json(out / CONTENT))
        real = _json(replayed / "load.json")
        _, recorded = _recorded(apart)
        scaled = Recorded(
            steps=recorded.steps,
            work=recorded.work * _number(content, "scale"),
            way=recorded.way,
            turns=recorded.turns,
        )
        latencies = [float(row["latency_ms"]) / 1000 for row in _rows(replayed / "samples.csv")]
        at_s = [float(row["at_s"]) for row in _rows(replayed / "trace.csv")]
        ordered = np.sort(np.asarray(latencies))
        models: dict[str, object] = {}
        errors: dict[str, float] = {}
        for name, laws in (("fitted", _laws(scaled)), ("recorded", None)):
            predicted, values = predict(at_s, scaled, laws=laws, replications=replications, seed=seed)
            rows = _compared(ordered, predicted)
            models[name] = {"rows": rows, "curve": _curve(values)}
            if name == "fitted":
                errors = {str(row["figure"]): float(str(row["error"])) for row in rows}
        gates = _gates({"apart": apart, "busy": busy, "replayed": replayed})
        agrees = all(abs(errors[figure]) <= TOLERANCE for figure in ("mean", "p95"))
        doubts = [gate for gate in gates if not gate.good]
        content |= {
            "verdict": "inconclusive" if doubts else "agrees" if agrees else "disagrees",
            "tolerance": TOLERANCE,
            "gates": [
                {"name": g.name, "value": g.value, "limit": g.limit, "unit": g.unit, "good": g.good} for g in gates
            ],
            "models": models,
            "no_queue_ms": without_queue(scaled) * 1000,
            "no_queue_error": without_queue(scaled) / float(ordered.mean()) - 1,
            "real_curve": _curve(ordered[None, :]),
            "replications": replications,
            "seed": seed,
            "trace": real["trace"],
            "utilisation": _utilisation(real),
            "outcomes": real["outcomes"],
            "host": real["host"],
        }
        write_json(out / CONTENT, content)
        return content


def _recorded(folder: Path) -> tuple[list[Visit], Recorded]:
    """The purchases of a recording in which nobody waited: work from the tape, the way from what the client saw."""
    by_order = {visit.order: visit for visit in visits(exchanges(read_tape(folder / TAPE).records))}
    seen: dict[str, dict[str, float]] = {}
    for row in _rows(folder / "steps.csv"):
        seen.setdefault(f"L{int(row['number']):07d}", {})[row["step"]] = float(row["took_ms"]) / 1000
    pairs = [(by_order[order], seen[order]) for order in seen if order in by_order and set(seen[order]) >= set(STEPS)]
    if len(pairs) < 20:
        raise ConfigError(
            f"{folder} holds {len(pairs)} whole purchases, too few to fit anything.",
            cause="the recording was too short, or its purchases were refused",
            remedy="record at least 20 purchases, e.g. with more --seconds",
        )
    work = np.asarray([[visit.seconds[step] for step in STEPS] for visit, _ in pairs])
    took = np.asarray([[times[step] for step in STEPS] for _, times in pairs])
    inner = np.asarray([[visit.inner[step] for step in STEPS] for visit, _ in pairs]).mean(axis=0)
    turns = tuple(round(2 * count + 1) for count in inner.tolist())
    way = np.maximum(took - work, 1e-6)
    return [visit for visit, _ in pairs], Recorded(steps=STEPS, work=work, way=way, turns=turns)


def _laws(recorded: Recorded) -> list[tuple[Law, Law]]:
    found = []
    for column, step in enumerate(recorded.steps):
        work, way = fit(step, recorded.work[:, column].tolist()), fit(step, recorded.way[:, column].tolist())
        assert work is not None
        assert way is not None
        found.append((work.law, way.law))
    return found


def _times(apart: Path, others: Sequence[Path]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for folder in (apart, *others):
        for name, values in service_times(exchanges(read_tape(folder / TAPE).records)).items():
            found.setdefault(name, []).extend(values)
    return dict(sorted(found.items()))


def _busy_s(folder: Path) -> float:
    """Seconds for each purchase in which the bench had a processor or was ready for one (the utilisation law).

    While it is ready and others have the processor, its station is as busy for whoever queues there.
    """
    content = _json(folder / "load.json")
    outcomes = content["outcomes"]
    assert isinstance(outcomes, dict)
    done = float(outcomes["accepted"])
    if not done:
        raise ConfigError(
            f"Nothing was accepted in {folder}.", cause="the bench refuses purchases", remedy=f"see {folder}/load.html"
        )
    return sum(_used(content, "bench")) / done


def _utilisation(real: Mapping[str, object]) -> float:
    return _used(real, "bench")[0] / max(_number(real, "elapsed_s"), 1e-9)


def _used(content: Mapping[str, object], process: str) -> tuple[float, float]:
    """Processor seconds that a process of a recording had, and waited for."""
    processor = content["processor"]
    assert isinstance(processor, dict)
    return float(processor[process]["had_s"]), float(processor[process]["waited_s"])


def _gates(folders: Mapping[str, Path]) -> list[Gate]:
    """Of each recording, by name: was the driver late, was the bench starved; and was the last one too busy."""
    gates = []
    for name, folder in folders.items():
        content = _json(folder / "load.json")
        late = content["late_ms"]
        assert isinstance(late, dict)
        limit = _number(content, "late_limit_ms")
        gates.append(Gate(name=f"{name}: driver late, p99", value=float(late["p99"]), limit=limit, unit="ms"))
        had, waited = _used(content, "bench")
        starved = waited / max(had + waited, 1e-9)
        gates.append(Gate(name=f"{name}: bench waited for a processor", value=starved, limit=STARVED, unit="share"))
    busy = _utilisation(_json(folders["replayed"] / "load.json"))
    gates.append(Gate(name="replayed: bench's share of a processor", value=busy, limit=BUSIEST, unit="share"))
    return gates


def _compared(
    ordered: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", predicted: Mapping[str, Predicted]
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, figure in predicted.items():
        if name == "mean":
            real = float(ordered.mean())
        else:
            rank = int(np.ceil(float(name[1:]) / 100 * len(ordered) - 1e-9))
            real = float(ordered[max(0, rank - 1)])
        rows.append(
            {
                "figure": name,
                "real_ms": real * 1000,
                "predicted_ms": figure.mean * 1000,
                "low_ms": figure.low * 1000,
                "high_ms": figure.high * 1000,
                "error": figure.mean / real - 1,
                "inside": figure.low <= real <= figure.high,
            }
        )
    return rows


def _curve(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> list[dict[str, float]]:
    """Quantiles of the latency for a picture, in ms, with their spread over replications."""
    points = np.linspace(0.5, 99.5, CURVE_POINTS)
    found = np.percentile(values, points, axis=1) * 1000
    return [
        {"point": float(p), "ms": float(row.mean()), "low_ms": float(row.min()), "high_ms": float(row.max())}
        for p, row in zip(points, found, strict=True)
    ]


def _fit_entry(one: Fit) -> dict[str, object]:
    return {
        "name": one.name,
        "count": one.count,
        "mean_ms": one.mean * 1000,
        "cv": one.cv,
        "greatest_ms": one.greatest * 1000,
        "law": one.law.name,
        "distance": one.law.distance,
        "quality": one.quality,
        "laws": [
            {"name": law.name, "mean_ms": law.mean * 1000, "cv": law.cv, "distance": law.distance} for law in one.laws
        ],
        "points": [
            {"point": point, "measured_ms": measured * 1000, "fitted_ms": one.law.quantile(point) * 1000}
            for point, measured in zip(POINTS, one.quantiles, strict=True)
        ],
    }


def _json(path: Path) -> Mapping[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read.",
            cause="this is not the folder of a load, or the run was cut short",
            remedy="record again by `liantiao load` or `liantiao calibrate`",
        ) from error
    assert isinstance(found, dict)
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.",
            cause="this is not the folder of a load",
            remedy="record again by `liantiao load`",
        ) from error


def _number(content: Mapping[str, object], key: str) -> float:
    value = content[key]
    assert isinstance(value, (int, float))
    return float(value)


CALIBRATION = BenchCalibration()
