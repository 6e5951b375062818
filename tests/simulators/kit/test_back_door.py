"""The back door: what it offers works, and whatever else it is told is answered with 4xx and JSON."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock, SystemClock
from harness.faults.catalogue import ON_HTTP, Effect
from harness.faults.schedule import FaultSchedule
from harness.line.record import Direction
from harness.line.tape import Tape
from simulators.kit.back_door import BackDoor, json_object

Ask = Callable[..., Awaitable[httpx.Response]]


class Rig:
    """A back door with a device behind it that remembers its resets."""

    def __init__(self, clock: BenchClock | SystemClock | None = None) -> None:
        self.clock = clock or BenchClock()
        self.tape = Tape(self.clock)
        self.faults = FaultSchedule("box", self.tape)
        self.seeds: list[int] = []
        context = SimulatorContext(name="box", clock=self.clock, tape=self.tape, seed=5, faults=self.faults)
        self.door = BackDoor(
            context,
            state=lambda: {"seeds": list(self.seeds)},
            reset=self.reset,
            effects=ON_HTTP,
            routes=[Route("/own", self.own, methods=["POST"])],
        )

    async def reset(self, seed: int) -> None:
        self.seeds.append(seed)

    async def own(self, request: Request) -> Response:
        return JSONResponse(await json_object(request))

    def run(self, body: Callable[[Ask], Awaitable[None]]) -> None:
        """Serve while `body` asks."""

        async def serve() -> None:
            await self.door.start()
            try:
                async with httpx.AsyncClient(base_url=self.door.address, trust_env=False) as client:
                    await body(client.request)
            finally:
                await self.door.stop()

        asyncio.run(serve())


def test_state_clock_and_reset() -> None:
    rig = Rig()

    async def body(ask: Ask) -> None:
        assert (await ask("GET", "/state")).json() == {"seeds": []}
        assert (await ask("POST", "/reset", json={"seed": 7})).json() == {"seeds": [7]}
        assert (await ask("POST", "/reset")).json() == {"seeds": [7, 5]}
        assert (await ask("GET", "/clock")).json()["now"] == "2020-10-14 08:30:00"
        stepped = (await ask("POST", "/clock", json={"step_s": 61})).json()
        assert (stepped["now"], stepped["steppable"]) == ("2020-10-14 08:31:01", True)

    rig.run(body)
    assert [r.event["seconds"] for r in rig.tape.recent() if r.name == "clock-step"] == [61]


def test_the_machines_clock_is_not_stepped() -> None:
    async def body(ask: Ask) -> None:
        refused = await ask("POST", "/clock", json={"step_s": 61})
        assert refused.status_code == 409
        assert "--clock bench" in refused.json()["error"]

    Rig(SystemClock()).run(body)


def test_events_are_those_of_the_device_from_a_number_on() -> None:
    rig = Rig()
    rig.tape.event("box", "first")
    rig.tape.event("other", "not mine")
    rig.tape.frame("box.http#1", Direction.SENT, b"\x01\x02")

    async def body(ask: Ask) -> None:
        events = (await ask("GET", "/events")).json()
        assert [e.get("event", e.get("hex")) for e in events] == ["first", "0102"]
        assert [e["seq"] for e in (await ask("GET", "/events?since=1")).json()] == [2]

    rig.run(body)


@pytest.mark.parametrize("effect", sorted(ON_HTTP))
def test_every_offered_effect_is_planned(effect: Effect) -> None:
    rig = Rig()

    async def body(ask: Ask) -> None:
        planned = await ask("POST", "/fault", json={"message": "2102", "effect": effect, "nth": 2})
        assert planned.status_code == 200
        assert planned.json()["planned"][0]["effect"] == effect
        assert effect in planned.json()["offered"]
        assert (await ask("DELETE", "/fault")).json()["planned"] == []

    rig.run(body)


BAD: list[tuple[str, str, bytes]] = [
    ("POST", "/clock", body)
    for body in (
        b"x",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        b'{"step_s":"1"}',
        b'{"step_s":1.5}',
        b'{"step_s":true}',
        b'{"step_s":1e400}',
        b'{"step_s":' + b"9" * 30 + b"}",
        b'{"step_s":' + b"9" * 5000 + b"}",
        b'{"step_s":-99999999999}',
    )
]
BAD += [("POST", "/reset", body) for body in (b"{", b'{"seed":true}', b'{"seed":"x"}', b'{"seed":1.5}')]
BAD += [
    ("POST", "/fault", body)
    for body in (
        b"",
        b'{"message":"2102","effect":"nix"}',
        b'{"message":"2102","effect":["lose-reply"]}',
        b'{"message":"2102","effect":{"a":1}}',
        b'{"message":2102,"effect":"lose-reply"}',
        b'{"message":"","effect":"lose-reply"}',
        b'{"message":"2102","effect":"lose-reply","nth":0}',
        b'{"message":"2102","effect":"lose-reply","nth":true}',
        b'{"message":"2102","effect":"lose-reply","detail":[1]}',
        b'{"message":"2102","effect":"lose-reply","detail":{"a":true}}',
        b'{"message":"2102","effect":"lose-reply","colour":1}',
        b'{"message":"scan","effect":"drop-byte"}',
    )
]
BAD += [("POST", "/own", b"null"), ("GET", "/nowhere", b""), ("PUT", "/clock", b""), ("GET", "/events?since=x", b"")]
BAD += [("GET", f"/events?since={since}", b"") for since in ("-1", "1e5", "9" * 5000, "%C2%B2", "%FF")]


def test_whatever_else_it_is_told_is_refused_in_json_and_changes_nothing() -> None:
    rig = Rig()
    answers: dict[tuple[str, str, bytes], tuple[int, Any]] = {}

    async def body(ask: Ask) -> None:
        for method, path, content in BAD:
            reply = await ask(method, path, content=content)
            answers[method, path, content[:60]] = (reply.status_code, json.loads(reply.content))
        assert (await ask("GET", "/clock")).json()["now"] == "2020-10-14 08:30:00"
        assert (await ask("GET", "/fault")).json()["planned"] == []

    rig.run(body)
    assert {key: said for key, said in answers.items() if not 400 <= said[0] < 500 or set(said[1]) != {"error"}} == {}
    assert rig.seeds == []
