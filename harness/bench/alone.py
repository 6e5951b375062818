"""One simulator on its own, as `liantiao simulate KIND` runs it: serves, says where, ends on SIGINT or SIGTERM."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.bench.garbage import end_of_service, expect_little_garbage
from harness.bench.loop import new_loop
from harness.bench.plugin import Endpoints, Simulator, SimulatorContext
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.bench.tables import ClockKind
from harness.bench.tls import TlsSettings, alone_tls
from harness.clock import BenchClock, SystemClock
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape

MOST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class AloneOptions:
    """The options of `simulate` that every kind has."""

    port: int = 0
    """Port of the front door; 0 for any free one."""
    host: str = "127.0.0.1"
    """Address to listen on; loopback unless you say otherwise."""
    seed: int = 20201014
    """Everything that is drawn at random is drawn from this."""
    profile: str = "qinghai"
    """The province's profile."""
    clock: ClockKind = ClockKind.SYSTEM
    """system: the machine's clock; bench: stands still until stepped through the back door."""
    tls_folder: str = ""
    """Folder of a throw-away authority, made when absent: the party shows its certificate; parties may share one."""
    tape: str | None = None
    """File for the tape; without it the last records are kept in memory, for the back door's /events."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MOST_PORT:
            raise ValueError(f"port must be from 0 to {MOST_PORT}, not {self.port}")


def run_alone(
    kind: str,
    options: AloneOptions,
    settings: Mapping[str, object],
    peers: Mapping[str, str] | None = None,
    tls: TlsSettings | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `peers` are addresses of other parties by kind.

    Raises ConfigError or BenchError before anything is served.
    """
    simulated = simulator_type(kind)
    clock = BenchClock() if options.clock is ClockKind.BENCH else SystemClock()
    chosen = read_settings(simulated.settings, settings, where=f"simulate {kind}")
    server, trust, warnings = alone_tls(kind, options.host, tls or TlsSettings(), options.tls_folder)
    with Tape(clock, Path(options.tape) if options.tape else None) as tape:
        context = SimulatorContext(
            name=kind,
            clock=clock,
            tape=tape,
            seed=options.seed,
            faults=FaultSchedule(kind, tape),
            host=options.host,
            port=options.port,
            profile=options.profile,
            tls=server,
            trust=trust,
        )
        for warning in warnings:
            tape.event(kind, "tls-warning", device=kind, warning=warning)
            print(f"Warning: {warning}", file=sys.stderr, flush=True)
        simulator = simulated.create(context, chosen)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_serve(kind, simulator, peers or {}))


async def _serve(kind: str, simulator: Simulator, peers: Mapping[str, str]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    try:
        simulator.connect(peers)  # before anybody can ask for what needs them
        endpoints = await simulator.start()
        expect_little_garbage()
        _say_ready(kind, endpoints)
        await ended.wait()
    finally:
        end_of_service()
        await simulator.stop()


def _say_ready(kind: str, endpoints: Endpoints) -> None:
    line = json.dumps({"ready": kind, "at": endpoints.at, "also": dict(endpoints.also)}, ensure_ascii=False)
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
