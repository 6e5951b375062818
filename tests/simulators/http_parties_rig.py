"""Every party with an HTTP door, each in a loop of its own, and for each a request whose answers differ; for tests."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from harness.bench.loop import LoopThread
from harness.bench.plugin import Endpoints, Simulator, SimulatorContext
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.clock import BenchClock
from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.line.record import Kind, Record
from harness.line.tape import Tape
from harness.line.tls import ServerTls
from simulators.terminal.unit import DEFAULT_INSTITUTION

Asked = tuple[str, str, dict[str, Any] | None]
DECODE, RANDOM = "/localcfc/api/hsecfc/localQrCodeQuery", "/SignServerJson/GenRandomData"


def _decoding(number: int) -> Asked:
    return "POST", DECODE, {"orgId": f"P{number:011d}", "transType": "ec.query", "data": {}}


def _transaction(_: int) -> Asked:
    return "POST", "/fsi/api/callService", {"infno": "9999"}


def _own_part(number: int) -> Asked:
    return "POST", "/pay/own", {"result": "paid"} if number % 2 else {"payOrdId": "O1"}


def _page(number: int) -> Asked:
    return "GET", f"/people/P{number:03d}", None


def _password(number: int) -> Asked:
    return "POST", "/HeaSecReadInfo/VerifyPIN", {"orgId": "elsewhere" if number % 2 else DEFAULT_INSTITUTION}


def _sealing(number: int) -> Asked:
    return "POST", "/seal", {"service": "6201", "data": {"number": number}}


def _random(_: int) -> Asked:
    request = {"version": "v1", "reqType": "GenRandomData", "request": {"len": 16}, "reqTime": "20201014083000+0000"}
    return "POST", RANDOM, request


REQUESTS: Mapping[str, tuple[str, Callable[[int], Asked]]] = {
    "voucher-centre": ("ec.query", _decoding),
    "platform": ("9999", _transaction),
    "mobile-payment": ("own-pay", _own_part),
    "phone": ("page", _page),
    "terminal": ("VerifyPIN", _password),
    "security-front": ("seal", _sealing),
    "encryption-machine": ("genRandomData", _random),
}
"""By kind, what faults call the request, and the n-th of it."""


class RunningParty:
    """A started party."""

    def __init__(self, kind: str, *, tls: ServerTls | None = None) -> None:
        self.kind = kind
        self.clock = BenchClock()
        self.tape = Tape(self.clock)
        self.faults = FaultSchedule(kind, self.tape)
        self.loop = LoopThread()
        offered = simulator_type(kind)
        context = SimulatorContext(name=kind, clock=self.clock, tape=self.tape, seed=7, faults=self.faults, tls=tls)
        self.simulator: Simulator = offered.create(context, read_settings(offered.settings, {}, where="test"))

        async def bring_up() -> Endpoints:
            ends = await self.simulator.start()
            self.simulator.connect({})
            return ends

        self.ends = self.loop.call(bring_up())
        self.at = self.ends.also.get("svs-http", self.ends.at)

    def plan(self, message: str, effect: Effect, *, nth: int = 1, **detail: int) -> None:
        """Schedule a fault."""
        self.faults.plan(Fault(party=self.kind, message=message, effect=effect, nth=nth, detail=detail))

    def as_new(self) -> None:
        """The next case."""

        async def reset() -> None:
            await self.simulator.reset(seed=7)
            self.faults.clear()

        self.loop.call(reset())
        self.tape.forget()

    def events(self, name: str) -> list[Record]:
        """The events of a name since the case began, on any channel."""
        return [record for record in self.tape.recent() if record.kind is Kind.EVENT and record.name == name]

    def offered(self) -> set[str]:
        """The effects that its back door offers."""
        return set(httpx.get(f"{self.ends.also['control']}/fault").json()["offered"])

    def close(self) -> None:
        """Stop it and its loop."""
        self.loop.call(self.simulator.stop())
        self.loop.close()
        self.tape.close()


def ask(client: httpx.Client, asked: Asked) -> httpx.Response:
    """Make a request."""
    method, path, body = asked
    return client.request(method, path, json=body) if body is not None else client.request(method, path)
