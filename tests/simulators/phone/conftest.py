"""A phone in a thread with its own loop, beside a small stand-in for the voucher centre that a test can steer."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.loop import LoopThread
from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock
from harness.faults.schedule import FaultSchedule
from harness.line.http import TapedServer
from harness.line.record import Record
from harness.line.tape import Tape
from simulators.phone import SIMULATOR, PhoneSettings

P001, P002 = "639999198503127031", "639999199007257042"


class StubCentre:
    """Answers as it is told: `codes` counts up, `refusal` and `broken` replace the answer; `asked` is what came."""

    def __init__(self, clock: BenchClock) -> None:
        self.forget()
        routes = [
            Route("/ebus/channel/api/cfc/nationcfc/ec/qrcode", self._qrcode, methods=["POST"]),
            Route("/localcfc/api/hsecfc/payAnswer", self._pay_answer, methods=["POST"]),
        ]
        self.server = TapedServer(Starlette(routes=routes), name="stub", tape=Tape(clock))

    def forget(self) -> None:
        """As new."""
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refusal: tuple[int, str] | None = None
        self.broken: Response | None = None
        self.answer: dict[str, Any] = {"result": "confirmed", "attemptsLeft": 0}
        self.life = {"validSeconds": 60, "refreshSeconds": 60}
        self.hold: asyncio.Event | None = None
        self._issued = 0

    async def _qrcode(self, request: Request) -> Response:
        self.asked.append(("qrcode", await request.json()))
        if self.hold is not None:
            await self.hold.wait()
        self._issued += 1
        digits = f"424{self._issued:017}00630000"
        return self._reply({"ecQrCode": digits, "issuedAt": "2020-10-14 08:30:00", **self.life})

    async def _pay_answer(self, request: Request) -> Response:
        self.asked.append(("answer", await request.json()))
        return self._reply(self.answer)

    def _reply(self, data: Mapping[str, Any]) -> Response:
        if self.broken is not None:
            return self.broken
        if self.refusal is not None:
            return JSONResponse({"code": self.refusal[0], "message": self.refusal[1], "success": False, "data": {}})
        return JSONResponse({"code": 0, "message": "成功", "success": True, "data": data})


class RunningPhone:
    """A started phone with its clock, tape and doors; `get` and `post` are its front door."""

    def __init__(self, loop: LoopThread, settings: PhoneSettings, *, centre: bool, seed: int) -> None:
        self.loop = loop
        self.clock = BenchClock()
        self.tape = Tape(self.clock)
        self.centre = StubCentre(self.clock)
        context = SimulatorContext(
            name="phone", clock=self.clock, tape=self.tape, seed=seed, faults=FaultSchedule("phone", self.tape)
        )
        self.phone = SIMULATOR.create(context, settings)
        loop.call(self.centre.server.start())
        ends = loop.call(self.phone.start())
        self.at, self.control = ends.at, ends.also["control"]
        self.phone.connect({"voucher-centre": self.centre.server.address} if centre else {})
        self.http = httpx.Client(base_url=self.at, trust_env=False, timeout=60)

    def stop(self) -> None:
        """Hang up and close all doors."""
        self.http.close()
        self.loop.call(_both(self.phone.stop(), self.centre.server.stop()))

    def as_new(self) -> None:
        """What a bench does between two cases."""
        self.loop.call(self.phone.reset(seed=7))
        self.centre.forget()
        self.clock.rewind()
        self.tape.forget()

    def get(self, path: str) -> httpx.Response:
        """A GET at the front door."""
        return self.http.get(path)

    def post(self, path: str, content: Any) -> httpx.Response:
        """A POST of JSON at the front door."""
        return self.http.post(path, json=content)

    def digits(self, person: str = "P001", query: str = "") -> str:
        """The code that a person's phone tells."""
        reply = self.get(f"/people/{person}/code.txt?{query}")
        assert reply.status_code == 200, reply.text
        return reply.text.strip()

    def push_prompt(
        self, prompt: str = "PP1", *, id_no: str = P001, amount: str = "12.50", **more: Any
    ) -> httpx.Response:
        """A prompt as the centre pushes it."""
        content = {
            "promptId": prompt,
            "idNo": id_no,
            "amount": amount,
            "accountAmount": "10.00",
            "institutionName": "联调测试大药房一店",
            "expiresAt": "2020-10-14 08:31:00",
        }
        return self.post("/push/prompt", content | more)

    def push_notice(self, setl_id: str, *, id_no: str = P001, amount: str = "10.00", **more: Any) -> httpx.Response:
        """A notice as the platform pushes it."""
        content = {
            "idNo": id_no,
            "amount": amount,
            "balance": "1990.00",
            "setlId": setl_id,
            "kind": "payment",
            "at": "2020-10-14 08:30:00",
        }
        return self.post("/push/notice", content | more)

    def events(self, name: str) -> list[Mapping[str, Any]]:
        """The events of a name on the tape."""
        return [record.event for record in self.tape.recent() if record.name == name]

    def wait(self, wanted: Callable[[Record], bool]) -> Record:
        """The first record that is wanted; fails the test when it does not come."""
        found = self.tape.wait_for(wanted, since=0, timeout=60)
        assert found is not None
        return found


async def _both(one: Coroutine[Any, Any, None], other: Coroutine[Any, Any, None]) -> None:
    await asyncio.gather(one, other)


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    """A running event loop."""
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def bring_up(loop: LoopThread) -> Iterator[Callable[..., RunningPhone]]:
    """Start phones: `bring_up(PhoneSettings(...), centre=False, seed=8)`."""
    running: list[RunningPhone] = []

    def start(settings: PhoneSettings | None = None, *, centre: bool = True, seed: int = 7) -> RunningPhone:
        running.append(RunningPhone(loop, settings or PhoneSettings(), centre=centre, seed=seed))
        return running[-1]

    yield start
    for phone in running:
        phone.stop()


@pytest.fixture(scope="module")
def usual_phone(loop: LoopThread) -> Iterator[RunningPhone]:
    """The phone that most tests share."""
    running = RunningPhone(loop, PhoneSettings(), centre=True, seed=7)
    yield running
    running.stop()


@pytest.fixture
def phone(usual_phone: RunningPhone) -> RunningPhone:
    """A phone, as new, beside the stand-in for the centre."""
    usual_phone.as_new()
    return usual_phone


@pytest.fixture
def zbarimg(tmp_path: Any) -> Callable[[bytes], set[str]]:
    """What zbarimg reads in a PNG: lines such as `QR-Code:424…`."""
    if shutil.which("zbarimg") is None:
        pytest.skip("zbarimg (package zbar-tools) is not installed")

    def read(png: bytes) -> set[str]:
        path = tmp_path / "shown.png"
        path.write_bytes(png)
        done = subprocess.run(["zbarimg", "-q", str(path)], capture_output=True, text=True, check=False, timeout=60)
        return set(done.stdout.split())

    return read
