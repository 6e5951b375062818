"""Faults on HTTP, each seen from the client: what it gets, and whether the party acted."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from harness.clock import BenchClock
from harness.faults.catalogue import ON_HTTP, Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.line.http import TapedServer
from harness.line.tape import Tape
from simulators.kit.faulty import Answer, FaultyApp, disturbed, own_fault

NAME = {"name": "张三", "infcode": 0}
HASTY = httpx.Timeout(60, read=0.2)
"""Of a client that waits in vain; all else that it asks for must come, however busy the machine is."""


class Rig:
    """A party that counts what it did, behind the layer that disturbs."""

    def __init__(self) -> None:
        self.acted: list[str] = []
        self.tape = Tape(BenchClock())
        self.faults = FaultSchedule("party", self.tape)
        app = Starlette(routes=[Route("/act", self.act, methods=["POST"])])
        self.layer = FaultyApp(app, faults=self.faults, name_of=lambda _, body: body.decode(errors="replace"))
        self.server = TapedServer(self.layer, name="party", tape=self.tape)

    async def act(self, request: Request) -> Response:
        self.acted.append((await request.body()).decode())
        return JSONResponse(NAME | {"times": len(self.acted)})

    async def untouched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers whatever was planned."""
        await JSONResponse(NAME)(scope, receive, send)

    def run(self, body: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        async def serve() -> None:
            await self.server.start()
            try:
                async with httpx.AsyncClient(base_url=self.server.address, trust_env=False, timeout=60) as client:
                    await body(client)
            finally:
                await self.server.stop()

        asyncio.run(serve())

    def plan(self, effect: Effect, *, nth: int = 1) -> None:
        self.faults.plan(Fault(party="party", message="2102", effect=effect, nth=nth))


@pytest.mark.parametrize(
    ("effect", "acts"),
    [(Effect.LOSE_REQUEST, False), (Effect.LOSE_REPLY, True), (Effect.LATE_REPLY, True), (Effect.LATE_REQUEST, False)],
)
def test_a_lost_message_leaves_the_client_without_an_answer(effect: Effect, *, acts: bool) -> None:
    rig = Rig()
    rig.plan(effect)

    async def body(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/act", content="2102", timeout=HASTY)
        while acts and not rig.acted:
            await asyncio.sleep(0)
        assert rig.acted == (["2102"] if acts else [])

    rig.run(body)


def test_a_late_request_is_acted_on_before_the_next_is_answered() -> None:
    rig = Rig()
    rig.plan(Effect.LATE_REQUEST)

    async def body(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/act", content="2102", timeout=HASTY)
        assert (await client.post("/act", content="2601")).status_code == 200
        assert rig.acted == ["2601", "2102"]

    rig.run(body)


def test_a_late_request_of_an_earlier_case_never_comes() -> None:
    rig = Rig()
    rig.plan(Effect.LATE_REQUEST)

    async def body(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/act", content="2102", timeout=HASTY)
        rig.layer.forget()
        await client.post("/act", content="2601")
        assert rig.acted == ["2601"]

    rig.run(body)


@pytest.mark.parametrize(
    ("effect", "status", "acts", "content"),
    [
        (Effect.BAD_GATEWAY, 502, False, b"<html>"),
        (Effect.BAD_GATEWAY_AFTER, 502, True, b"<html>"),
        (Effect.GATEWAY_TIMEOUT, 504, False, b"<html>"),
        (Effect.GATEWAY_TIMEOUT_AFTER, 504, True, b"<html>"),
        (Effect.EMPTY_BODY, 200, True, b""),
        (Effect.CUT_JSON, 200, True, b'{"name"'),
        (Effect.DOUBLED_JSON, 200, True, b'"{\\"name\\"'),
        (Effect.WRONG_CHARSET, 200, True, '{"name":"张三"'.encode("gbk")),
    ],
)
def test_a_disturbed_answer_arrives_as_the_effect_says(
    effect: Effect, status: int, *, acts: bool, content: bytes
) -> None:
    rig = Rig()
    rig.plan(effect)

    async def body(client: httpx.AsyncClient) -> None:
        reply = await client.post("/act", content="2102")
        assert reply.status_code == status
        assert reply.content.startswith(content)
        assert (reply.content == b"") == (effect is Effect.EMPTY_BODY)
        assert bool(rig.acted) is acts
        assert (await client.post("/act", content="2102")).json()["name"] == NAME["name"]

    rig.run(body)


def test_an_answer_without_chinese_is_in_no_wrong_charset() -> None:
    rig = Rig()
    rig.plan(Effect.WRONG_CHARSET)
    NAME["name"], before = "Zhang", NAME["name"]

    async def body(client: httpx.AsyncClient) -> None:
        assert (await client.post("/act", content="2102")).json()["name"] == "Zhang"

    try:
        rig.run(body)
    finally:
        NAME["name"] = before
    names = [r.name for r in rig.tape.recent() if r.channel == "party"]
    assert names == ["fault-scheduled", "fault-fired", "fault-without-effect"]


def test_what_is_in_gbk_arrives_in_utf_8_and_is_doubled_in_gbk() -> None:
    said = Answer(200, ((b"content-type", b"application/json;charset=GBK"),), '{"name":"张三"}'.encode("gbk"))
    assert disturbed(Effect.WRONG_CHARSET, said).body == '{"name":"张三"}'.encode()
    assert disturbed(Effect.DOUBLED_JSON, said).body == '"{\\"name\\":\\"张三\\"}"'.encode("gbk")


def test_of_two_that_are_due_at_once_the_second_disturbs_the_next() -> None:
    rig = Rig()
    rig.plan(Effect.BAD_GATEWAY, nth=2)
    rig.plan(Effect.GATEWAY_TIMEOUT, nth=2)

    async def body(client: httpx.AsyncClient) -> None:
        statuses = [(await client.post("/act", content=name)).status_code for name in ("2102", "2102", "9001", "2102")]
        assert statuses == [200, 502, 200, 504]
        assert (await client.post("/act", content="2102")).status_code == 200

    rig.run(body)


def test_a_stale_reply_is_that_to_the_message_of_its_name_before() -> None:
    rig = Rig()
    rig.plan(Effect.STALE_REPLY, nth=3)

    async def body(client: httpx.AsyncClient) -> None:
        names = ("2102", "2102", "9001", "2102", "2102")
        times = [(await client.post("/act", content=name)).json()["times"] for name in names]
        assert times == [1, 2, 3, 2, 5]
        assert rig.acted == list(names)

    rig.run(body)


def test_a_stale_reply_of_any_message_is_the_one_before() -> None:
    rig = Rig()
    rig.faults.plan(Fault(party="party", message="*", effect=Effect.STALE_REPLY, nth=2))

    async def body(client: httpx.AsyncClient) -> None:
        times = [(await client.post("/act", content=name)).json()["times"] for name in ("9001", "2102", "2102")]
        assert times == [1, 1, 3]

    rig.run(body)


def test_where_nothing_was_answered_before_a_stale_reply_never_comes() -> None:
    rig = Rig()
    rig.plan(Effect.BAD_GATEWAY)
    rig.plan(Effect.STALE_REPLY, nth=2)

    async def body(client: httpx.AsyncClient) -> None:
        assert (await client.post("/act", content="2102")).status_code == 502
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/act", content="2102", timeout=HASTY)
        assert rig.acted == ["2102"]

    rig.run(body)


def test_an_effect_of_the_applications_own_is_handed_to_it() -> None:
    rig, seen = Rig(), []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        fault = own_fault(scope)
        seen.append(fault.effect if fault else None)
        await JSONResponse(NAME)(scope, receive, send)

    rig.layer = FaultyApp(app, faults=rig.faults, name_of=lambda *_: "6301", own={Effect.SIGNATURE_DER})
    rig.server = TapedServer(rig.layer, name="party", tape=rig.tape)
    rig.faults.plan(Fault(party="party", message="6301", effect=Effect.SIGNATURE_DER, nth=2))

    async def body(client: httpx.AsyncClient) -> None:
        for _ in range(3):
            assert (await client.post("/act", content="x")).json() == NAME
        assert seen == [None, Effect.SIGNATURE_DER, None]

    rig.run(body)


def test_the_first_message_cannot_have_a_stale_reply() -> None:
    with pytest.raises(ValueError, match="nth is 2"):
        Fault(party="party", message="2102", effect=Effect.STALE_REPLY)


def test_a_cut_connection_is_an_error_at_the_client() -> None:
    rig = Rig()
    rig.plan(Effect.CUT_CONNECTION)

    async def body(client: httpx.AsyncClient) -> None:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await client.post("/act", content="2102")
        assert rig.acted == ["2102"]

    rig.run(body)


def test_only_the_nth_message_of_that_name_is_disturbed() -> None:
    rig = Rig()
    rig.plan(Effect.BAD_GATEWAY, nth=2)

    async def body(client: httpx.AsyncClient) -> None:
        statuses = [(await client.post("/act", content=name)).status_code for name in ("2102", "2101", "2102", "2102")]
        assert statuses == [200, 200, 502, 200]

    rig.run(body)
    assert [r.name for r in rig.tape.recent() if r.channel == "party"] == ["fault-scheduled", "fault-fired"]


@pytest.mark.parametrize("effect", [Effect.DOUBLED_JSON, Effect.WRONG_CHARSET])
def test_an_answer_that_is_no_text_is_disturbed_all_the_same(effect: Effect) -> None:
    assert disturbed(effect, Answer(200, (), b"\x89PNG\xff")).status == 200


def test_every_effect_on_http_is_covered_here_or_refused() -> None:
    changes_body = {Effect.EMPTY_BODY, Effect.CUT_JSON, Effect.DOUBLED_JSON, Effect.WRONG_CHARSET}
    for effect in ON_HTTP - changes_body:
        with pytest.raises(ValueError, match="changes no body"):
            disturbed(effect, Answer(200, (), b"{}"))


def test_a_message_that_is_broken_off_is_neither_acted_on_nor_counted() -> None:
    rig = Rig()
    rig.plan(Effect.BAD_GATEWAY)

    async def body(client: httpx.AsyncClient) -> None:
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(b"POST /act HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n2102")
        await writer.drain()
        writer.close()
        assert await reader.read() == b""
        assert (await client.post("/act", content="9001")).status_code == 200
        assert rig.acted == ["9001"]
        assert (await client.post("/act", content="2102")).status_code == 502

    rig.run(body)


def test_an_own_fault_that_nobody_takes_up_was_in_vain() -> None:
    rig = Rig()
    rig.layer = FaultyApp(rig.untouched, faults=rig.faults, name_of=lambda *_: "2102", own={Effect.REFUSE})
    rig.server = TapedServer(rig.layer, name="party", tape=rig.tape)
    rig.faults.plan(Fault(party="party", message="2102", effect=Effect.REFUSE))

    async def body(client: httpx.AsyncClient) -> None:
        assert (await client.post("/act", content="2102")).status_code == 200

    rig.run(body)
    names = [record.name for record in rig.tape.recent() if record.name.startswith("fault")]
    assert names == ["fault-scheduled", "fault-fired", "fault-without-effect"]
