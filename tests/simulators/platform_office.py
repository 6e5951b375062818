"""A platform in this process, asked without HTTP: for days of thousands of transactions."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fixtures.population import Institution
from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock, local_time
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape
from harness.wire import institution as wire
from harness.wire.msgid import make_msgid
from simulators.platform.app import Platform
from simulators.platform.ledger import Ledger
from simulators.platform.settings import PlatformSettings


@dataclass
class Office:
    """Cashier 001 of any institution; each call moves the clock on by some seconds."""

    clock: BenchClock
    tape: Tape
    platform: Platform
    runner: asyncio.Runner
    seconds: int = 4
    numbers: int = 0
    sign_nos: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        """The books."""
        assert self.platform._current is not None
        return self.platform._current[0].ledger

    def request(self, infno: str, data: Mapping[str, object], org: Institution, **members: object) -> bytes:
        """A request; the clock moves on."""
        self.clock.step(seconds=self.seconds)
        self.numbers += 1
        now = local_time(self.clock)
        envelope = wire.Envelope(
            infno=infno,
            msgid=make_msgid(org.code, at=now, seq=self.numbers % 10_000),
            at=now,
            institution=org.code,
            institution_name=org.name,
            area="639900",
            insured_place="639900",
            operator="001",
            operator_name="收银员",
            sign_no=self.sign_nos.get(org.code, ""),
            signtype="MOCK",
        )
        return wire.encode({**wire.request(envelope, data), **members})

    def answer(self, raw: bytes) -> bytes:
        """What the platform answers."""
        assert self.platform._current is not None
        return self.runner.run(self.platform._current[1].answer(raw, called=None))

    def call(self, infno: str, data: Mapping[str, object], org: Institution, **members: object) -> dict[str, Any]:
        """One transaction; its answer, read."""
        return dict(wire.decode(self.answer(self.request(infno, data, org, **members))))

    def done(self, infno: str, data: Mapping[str, object], org: Institution) -> dict[str, Any]:
        """One transaction that is accepted; its output."""
        answer = self.call(infno, data, org)
        assert answer["infcode"] == 0, answer["err_msg"]
        output: dict[str, Any] = answer.get("output", {})
        return output

    def sign_in(self, org: Institution) -> None:
        """9001; due again on another day."""
        output = self.done("9001", {"signIn": {"opter_no": "001", "mac": "", "ip": "10.0.0.7"}}, org)
        self.sign_nos[org.code] = output["signinoutb"]["sign_no"]

    def close(self) -> None:
        """End everything."""
        self.runner.run(self.platform.stop())
        self.runner.close()
        self.tape.close()


def open_office(settings: PlatformSettings | None = None, *, profile: str = "qinghai") -> Office:
    """A platform alone, in memory unless the settings name a ledger. End it with `close`."""
    clock = BenchClock()
    tape = Tape(clock)
    faults = FaultSchedule("platform", tape)
    context = SimulatorContext(name="platform", clock=clock, tape=tape, seed=7, faults=faults, profile=profile)
    platform = Platform(context, settings or PlatformSettings(token_check=False))
    runner = asyncio.Runner()
    runner.get_loop()
    platform.open_books()
    return Office(clock=clock, tape=tape, platform=platform, runner=runner)
