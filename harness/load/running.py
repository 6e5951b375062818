"""A run of load, from its options to its folder: bench up, trace replayed, doubts reconciled, money checked, written.

The folder holds `load.json` (all figures), `samples.csv` and `steps.csv` (every customer), `trace.csv` (to replay it)
and `tape.bin` (what the virtual devices recorded).
"""

import asyncio
import csv
import os
import platform as machine
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from harness import __version__
from harness.bench.config import BenchFile
from harness.bench.loop import new_loop
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.bench.tables import ClockKind
from harness.clock import BEIJING, SystemClock, local_time
from harness.errors import ConfigError
from harness.line.folder import TAPE, write_json
from harness.line.tape import read_tape
from harness.load.bench_process import LoadedBench, Usage, bench_process, own_usage
from harness.load.books import booked_on_tape, books_against
from harness.load.machine import MachineLoad
from harness.load.open_loop import Told, replay
from harness.load.purchase import PurchaseLoad, Systems
from harness.load.results import LATE_LIMIT_S, Attempt, Check, Sample, Verdict, judged, late_limit, summary
from harness.load.trace import Trace, write_trace
from harness.wire.encryption_machine.profile import load_host_profile
from harness.wire.profile import load_profile

CONTENT, SAMPLES, STEPS, TRACE = "load.json", "samples.csv", "steps.csv", "trace.csv"
PURCHASE_NEEDS = ("phone", "voucher-centre", "platform")
MACHINE = "encryption-machine"
STEP_ORDER = ("code", "ec.query", "1101", "2101", "2102", "sign", "verify")


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """How a load is put on a bench."""

    connections: int = 64
    """The most connections to each system."""
    reply_s: float = 10.0
    """How long an answer may take before its outcome is unknown."""
    signtype: str = ""
    """Signature named in the envelope, instead of the profile's; MOCK skips the voucher password."""
    late_limit_s: float = LATE_LIMIT_S
    """How late the driver may be (99th percentile) whatever the latencies are."""

    def __post_init__(self) -> None:
        for name in ("connections", "reply_s", "late_limit_s"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"--{name.replace('_', '-')} cannot be {getattr(self, name):g}.",
                    cause="a slip of the pen",
                    remedy="give a number above zero",
                )


class Load(Protocol):
    """What is loaded, and how."""

    kind: str

    def close(self) -> None:
        """Hang up."""
        ...

    async def prepare(self) -> None:
        """What comes before the first customer."""
        ...

    async def __call__(self, number: int) -> Attempt:
        """One customer."""
        ...

    async def reconcile(self) -> int:
        """Find out what became of unknown outcomes; how many stay so."""
        ...

    async def checks(self) -> list[Check]:
        """What can be checked at the end."""
        ...


@dataclass(frozen=True, kw_only=True)
class Played:
    """A trace that was replayed, before it is judged."""

    samples: list[Sample]
    unresolved: int
    checks: list[Check]
    bench: Usage
    """The processor time of the bench's process while the trace was replayed."""
    driver: Usage


def run_load(
    file: BenchFile, trace: Trace, settings: LoadSettings, folder: Path, *, told: Told | None = None
) -> Verdict:
    """Put a load on a bench and leave its results in a folder that exists. Raises ConfigError or BenchError."""
    file = fit_for_load(file)
    busy_before = _load_average()
    began = local_time(SystemClock())
    purchases = _is_purchase(file)
    with _brought_up(file, folder) as bench:
        load: Load = _purchase(file, bench, settings) if purchases else _machine(file, bench, settings)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            played = runner.run(_played(load, trace, bench, told))
    checks = list(played.checks)
    if isinstance(load, PurchaseLoad) and (books := _books(file, folder, load)) is not None:
        checks.append(books)
    limit = late_limit(played.samples, least_s=settings.late_limit_s)
    verdict, reasons = judged(played.samples, checks, late_limit_s=limit, unresolved=played.unresolved)
    write_trace(folder / TRACE, trace)
    _write_samples(folder, played.samples)
    write_json(
        folder / CONTENT,
        {
            "liantiao": __version__,
            "verdict": verdict.value,
            "reasons": reasons,
            "kind": load.kind,
            "bench": file.bench.name,
            "devices": [{"name": d.name, "kind": d.kind, "at": d.at, "virtual": d.virtual} for d in file.devices],
            "profile": file.bench.profile,
            "trace": {
                "origin": trace.origin,
                "arrivals": len(trace.at_s),
                "seconds": trace.seconds,
                "rate": trace.rate,
            },
            "settings": asdict(settings),
            "late_limit_ms": limit * 1000,
            **summary(played.samples),
            "unresolved": played.unresolved,
            "checks": [asdict(check) for check in checks],
            "processor": {"bench": asdict(played.bench), "driver": asdict(played.driver)},
            "host": host_facts(busy_before),
            "began": began.strftime("%Y-%m-%d %H:%M:%S"),
        },
    )
    return verdict


def fit_for_load(file: BenchFile) -> BenchFile:
    """The bench on the machine's clock, with a virtual centre that confirms payments by itself. Raises ConfigError."""
    kinds = {spec.kind for spec in file.devices}
    missing = [kind for kind in PURCHASE_NEEDS if kind not in kinds]
    if missing and MACHINE not in kinds:
        raise ConfigError(
            f"{file.source}: no load can be put on this bench; it has no {' and no '.join(missing)}.",
            cause="a load needs phone, voucher centre and platform, or an encryption machine",
            remedy='add a table for each with at = "virtual", or --plan encryption-machine',
        )
    file = file.on_clock(ClockKind.SYSTEM)
    if not missing and file.device("voucher-centre").virtual:
        file = file.with_setting("voucher-centre", "password", "mock")
    used = (*PURCHASE_NEEDS,) if not missing else (MACHINE,)
    return replace(file, devices=tuple(spec for spec in file.devices if spec.kind in used))


def host_facts(load_before: float) -> dict[str, object]:
    """The machine that all of this ran on, and how busy others kept it (load average over a minute)."""
    return {
        "processors": os.cpu_count() or 1,
        "machine": machine.machine(),
        "python": machine.python_version(),
        "load_before": load_before,
        "load_after": _load_average(),
    }


def load_folder_name(file: BenchFile) -> str:
    """What a run's folder is called."""
    return "load-pharmacy" if _is_purchase(file) else "load-encryption-machine"


def now() -> datetime:
    """The machine's time in Beijing, for a folder's name."""
    return datetime.now(tz=BEIJING)


def _is_purchase(file: BenchFile) -> bool:
    return {spec.kind for spec in file.devices} >= set(PURCHASE_NEEDS)


@contextmanager
def _brought_up(file: BenchFile, folder: Path) -> Iterator[LoadedBench]:
    with bench_process(file, folder / TAPE) as bench:
        yield bench


async def _played(load: Load, trace: Trace, bench: LoadedBench, told: Told | None) -> Played:
    try:
        await load.prepare()
        bench_before, driver_before = bench.usage(), own_usage()
        samples = await replay(trace.at_s, load, told=told)
        bench_used, driver_used = bench.usage().since(bench_before), own_usage().since(driver_before)
        unresolved = await load.reconcile()
        checks = await load.checks()
    finally:
        load.close()
    return Played(samples=samples, unresolved=unresolved, checks=checks, bench=bench_used, driver=driver_used)


def _purchase(file: BenchFile, bench: LoadedBench, settings: LoadSettings) -> PurchaseLoad:
    spec = file.device("voucher-centre")
    profile = load_profile(file.bench.profile)
    if profile.protocol != "national":
        raise ConfigError(
            f"Load of purchases cannot be put on a platform of {profile.title}.",
            cause="its protocol is another one, which the load generator does not speak",
            remedy="choose another profile in the bench file; `liantiao profiles` lists them",
        )
    known = read_settings(simulator_type(spec.kind).settings, spec.settings, where=spec.where)
    phone, centre, platform = (bench.by_kind(kind) for kind in PURCHASE_NEEDS)
    systems = Systems(
        phone=phone,
        centre=centre,
        platform=platform,
        tls={bench.by_kind(kind): bench.towards(kind) for kind in PURCHASE_NEEDS},
        profile=profile,
        institution=file.counter.institution,
        code_field=known.code_field,
        signtype=settings.signtype,
    )
    return PurchaseLoad(systems, clock=SystemClock(), connections=settings.connections, reply_s=settings.reply_s)


def _machine(file: BenchFile, bench: LoadedBench, settings: LoadSettings) -> MachineLoad:
    spec = file.device(MACHINE)
    known = read_settings(simulator_type(spec.kind).settings, spec.settings, where=spec.where)
    return MachineLoad(
        bench.by_kind(MACHINE),
        load_host_profile(known.profile),
        index=file.machine.index,
        connections=min(settings.connections, known.sessions, known.connections),
        reply_s=settings.reply_s,
    )


def _books(file: BenchFile, folder: Path, load: PurchaseLoad) -> Check | None:
    """The virtual platform's own books; None where it keeps no tape: a real one, or one of several processes."""
    spec = file.device("platform")
    if not spec.virtual:
        return None
    known = read_settings(simulator_type(spec.kind).settings, spec.settings, where=spec.where)
    if known.workers > 1:
        return None
    booked = booked_on_tape(read_tape(folder / TAPE).records)
    return books_against(load.acknowledged, booked, undone=frozenset(load.undone))


def _write_samples(folder: Path, samples: Sequence[Sample]) -> None:
    with (folder / SAMPLES).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["number", "due_s", "started_s", "ended_s", "latency_ms", "late_ms", "outcome", "reason", "key"])
        for s in samples:
            times = (f"{value:.6f}" for value in (s.due_s, s.started_s, s.ended_s))
            ms = (f"{value * 1000:.3f}" for value in (s.latency_s, s.late_s))
            out.writerow([s.number, *times, *ms, s.attempt.outcome.value, s.attempt.reason, s.attempt.key])
    with (folder / STEPS).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["number", "step", "began_s", "took_ms"])
        for s in samples:
            for step in s.attempt.steps:
                out.writerow([s.number, step.name, f"{step.began_s:.6f}", f"{step.took_s * 1000:.3f}"])


def _load_average() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
