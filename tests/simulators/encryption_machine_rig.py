"""A virtual encryption machine running in a thread with its own loop, and a socket to speak to it; for tests."""

import asyncio
import base64
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from harness.bench.loop import LoopThread
from harness.bench.plugin import Endpoints, Simulator, SimulatorContext
from harness.clock import BenchClock, SystemClock
from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.gm import der
from harness.line.record import Kind, Record
from harness.line.tape import Tape
from simulators.encryption_machine import SIMULATOR
from simulators.encryption_machine.provision import PIN
from simulators.encryption_machine.settings import EncryptionMachineSettings

NAME = "encryption-machine"
PATIENCE_S = 60.0
SGD_SM3_SM2 = 131585
SVS_TIME = "20201014083000+0000"


class _Problems(logging.Handler):
    """What the machine raised and its servers caught: there must be none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def in_loop(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what the loop caught."""
        self.found.append(f"{context.get('message')}: {context.get('exception')!r}")

    def emit(self, record: logging.LogRecord) -> None:
        """Take what the HTTP server caught."""
        self.found.append(record.getMessage() + repr(record.exc_info))


class RunningMachine:
    """A started machine: its addresses, tape, clock and faults."""

    def __init__(
        self, settings: EncryptionMachineSettings, *, path: Path | None = None, seed: int = 7, real: bool = False
    ) -> None:
        self.clock: BenchClock | SystemClock = SystemClock() if real else BenchClock()
        self.tape = Tape(self.clock, path)
        self.faults = FaultSchedule(NAME, self.tape)
        context = SimulatorContext(name=NAME, clock=self.clock, tape=self.tape, seed=seed, faults=self.faults)
        self.machine: Simulator | None = None
        self.loop = LoopThread()
        self.problems = _Problems()
        self.loop.loop.set_exception_handler(self.problems.in_loop)
        logging.getLogger("uvicorn.error").addHandler(self.problems)

        async def bring_up() -> Endpoints:
            self.machine = SIMULATOR.create(context, settings)
            return await self.machine.start()

        try:
            self.ends: Endpoints = self.loop.call(bring_up())
        except BaseException:
            self.stop()
            raise

    def plan(self, message: str, effect: Effect, nth: int = 1, **detail: int) -> None:
        """Schedule a fault."""
        self.planned = self.tape.seq
        self.faults.plan(Fault(party=NAME, message=message, effect=effect, nth=nth, detail=detail))

    def until_fired(self) -> None:
        """Wait for the fault that was scheduled last."""
        fired = self.tape.wait_for(lambda record: record.name == "fault-fired", since=self.planned, timeout=PATIENCE_S)
        assert fired is not None

    def step(self, seconds: int) -> None:
        """Step the clock and let the loop see it."""
        assert isinstance(self.clock, BenchClock)
        self.clock.step(seconds=seconds)
        self.loop.settle()

    def reset(self, seed: int = 7) -> None:
        """The next case."""
        assert self.machine is not None
        self.loop.call(self.machine.reset(seed=seed))

    def frames(self) -> list[Record]:
        """The frames so far."""
        return [record for record in self.tape.recent() if record.kind is Kind.FRAME]

    def events(self) -> list[str]:
        """The names of the machine's events."""
        return [record.name for record in self.tape.recent() if record.kind is Kind.EVENT and record.channel == NAME]

    def stop(self) -> None:
        """Stop the machine and its loop; may be called twice."""
        if not self.loop.loop.is_closed():
            if self.machine is not None:
                self.loop.call(self.machine.stop())
            self.loop.close()
            self.tape.close()
        logging.getLogger("uvicorn.error").removeHandler(self.problems)


_opened: list["Client"] = []
StartMachine = Callable[..., RunningMachine]


@contextmanager
def machines() -> Iterator[StartMachine]:
    """Starts machines with the settings given, and stops them at the end."""
    running: list[RunningMachine] = []

    def start(*, path: Path | None = None, seed: int = 7, real: bool = False, **settings: Any) -> RunningMachine:
        running.append(RunningMachine(EncryptionMachineSettings(**settings), path=path, seed=seed, real=real))
        return running[-1]

    try:
        yield start
    finally:
        for client in _opened:
            client.close()
        _opened.clear()
        for machine in running:
            machine.stop()
            assert not machine.problems.found, machine.problems.found


def connected(address: str) -> socket.socket:
    """A socket to a `tcp:HOST:PORT` or `http://HOST:PORT`."""
    host, _, port = address.removeprefix("tcp:").removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


class Client:
    """Host commands over a socket, written from the reference alone: nothing of the product."""

    def __init__(self, address: str, *, header: bytes = b"") -> None:
        self.socket = connected(address)
        self.header = header
        _opened.append(self)

    def send(self, message: bytes) -> None:
        """A command with its fields."""
        body = self.header + message
        self.socket.sendall(len(body).to_bytes(2, "big") + body)

    def exactly(self, size: int) -> bytes:
        """So many bytes, or EOFError."""
        found = b""
        while len(found) < size:
            more = self.socket.recv(size - len(found))
            if not more:
                raise EOFError(found)
            found += more
        return found

    def receive(self) -> bytes:
        """A reply without its length and header."""
        body = self.exactly(int.from_bytes(self.exactly(2), "big"))
        assert body.startswith(self.header)
        return body[len(self.header) :]

    def ask(self, message: bytes) -> bytes:
        """A reply: code, error, fields. Checks the rule of the reply's code."""
        self.send(message)
        reply = self.receive()
        assert reply[:2] == message[:1] + bytes([message[1] + 1])
        return reply[2:]

    def gone(self) -> bool:
        """Whether the machine has hung up (waits for it)."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def n4(data: bytes) -> bytes:
    """Data after its length in four decimal digits."""
    return f"{len(data):04d}".encode() + data


def sign_request(data: bytes, index: int = 1, user_id: bytes = b"1234567812345678") -> bytes:
    """E5 with a key the machine holds."""
    return b"E52007" + n4(user_id) + b";" + n4(data) + b";" + f"K{index:04d}0".encode()


def svs(machine: RunningMachine, method: str, base: str = "", **request: Any) -> dict[str, Any]:
    """The `respond` of a JSON call to the signature server, bytes being sent as Base64."""
    spelled = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in request.items()}
    name = method[0].lower() + method[1:] if base == "/" else method
    body = {"version": 0 if base == "/" else "v1", "reqType": name, "request": spelled, "reqTime": SVS_TIME}
    url = f"{machine.ends.also['svs-http']}{base or '/SignServerJson/'}{method}"
    found = httpx.post(url, json=body, timeout=PATIENCE_S)
    assert found.status_code == 200
    respond = found.json()["respond"]
    assert isinstance(respond, dict)
    return respond


def export_certificate(machine: RunningMachine, name: str) -> bytes:
    """A certificate of the machine, DER."""
    return base64.b64decode(svs(machine, "ExportCert", identification=name)["cert"])


def tagged(tag: int, inside: bytes) -> bytes:
    """An explicitly tagged element."""
    return der.element(0xA0 | tag, inside)


def octets(data: bytes) -> bytes:
    """An OCTET STRING."""
    return der.element(der.OCTET_STRING, data)


def der_request(number: int, body: bytes) -> bytes:
    """A request of the DER form (the layout of the public Go implementation)."""
    time = der.element(0x17, b"201014003000Z")
    inside = tagged(20, der.integer(0)) + tagged(21, der.integer(number)) + tagged(number, der.element(0x30, body))
    return der.element(0x30, inside + tagged(22, time))


def der_sign(data: bytes, index: int = 1, pin: bytes = PIN) -> bytes:
    """A signData request."""
    body = tagged(0, der.integer(SGD_SM3_SM2)) + tagged(1, der.integer(index)) + tagged(2, octets(pin))
    return der_request(3, body + tagged(3, der.integer(len(data))) + tagged(4, octets(data)))
