"""A counter port over scripts that play an adapter, with a tape and a loop of its own."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.counter import create_port
from harness.counter.greeting import Hello
from harness.counter.kinds import PortContext
from harness.counter.process import ProcessPort
from harness.line.record import Direction
from harness.line.tape import Tape

PATIENCE_S = 60.0
"""How long an adapter may be silent, and what was killed be there, where the test does not ask for less."""
READY = '{"ready":{"adapter":"script","version":"1","clock":"bench","can":["sign-in","purchase","refund","books"]}}'
PRELUDE = f"""
import json, os, signal, subprocess, sys, time
def say(line): sys.stdout.write(line + "\\n"); sys.stdout.flush()
def hear(): return json.loads(sys.stdin.readline())
hello = hear()
say({READY!r})
"""


class Lab:
    """Starts adapters that are scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = BenchClock()
        self.tape = Tape(self.clock)
        self.thread = LoopThread()
        self.ports: list[ProcessPort] = []

    def port(self, script: str, *, patience_s: float = PATIENCE_S, prelude: str = PRELUDE) -> ProcessPort:
        """A port over a script, not started yet."""
        path = self.folder / f"adapter{len(self.ports)}.py"
        path.write_text(prelude + script)
        return self.command(sys.executable, str(path), patience_s=patience_s)

    def command(self, *command: str, patience_s: float = PATIENCE_S) -> ProcessPort:
        """A port over a command, not started yet."""
        hello = Hello(
            institution={"code": "P63999900001", "name": "联调测试大药房一店", "admdvs": "639900"},
            operator={"no": "0001", "name": "收银员", "mac": "02-00-00-00-00-01", "ip": "10.0.0.1"},
            endpoints={"scanner": "tcp:127.0.0.1:9", "voucher-centre": "http://127.0.0.1:9", "platform": "http://h:9"},
            profile={"name": "qinghai", "paths": {}, "infver": "V1.0", "recer_sys_code": "YBXT", "signtype": "SM3"},
            state_dir=self.folder / "state",
            seed=7,
        )
        context = PortContext(
            clock=self.clock,
            tape=self.tape,
            loop=self.thread.loop,
            hello=hello,
            command=command,
            folder=self.folder,
            patience_s=patience_s,
        )
        port = create_port("process", context)
        assert isinstance(port, ProcessPort)
        self.ports.append(port)
        return port

    def frames(self, channel: str = "counter") -> list[tuple[Direction, bytes]]:
        """What the tape holds of a channel."""
        return [(r.direction, r.data) for r in self.tape.recent() if r.channel == channel and not r.name]

    def events(self) -> list[str]:
        """The names of the port's events."""
        return [r.name for r in self.tape.recent() if r.channel == "counter" and r.name]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    found = Lab(tmp_path)
    yield found
    for port in found.ports:
        port.close()
    found.thread.close()


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Whether no process of a group is left, soon after it was killed."""

    def is_gone(group: int) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while not none_of(group):
            if time.monotonic() > deadline:
                return False
        return True

    def none_of(group: int) -> bool:
        stats = Path("/proc").glob("[0-9]*/stat")
        fields = []
        for stat in stats:
            try:
                fields.append(stat.read_text().rpartition(")")[2].split())
            except OSError:
                continue
        return not any(int(f[2]) == group and f[0] != "Z" for f in fields)

    return is_gone
