"""The back door: the same HTTP face beside every simulator's front door, for benches, live pages and tools.

    GET  /state            what the device knows, as JSON
    GET  /events?since=N   its records on the tape from number N on
    GET  /clock            {"now_ns": …, "now": "2020-10-14 08:30:00", "steppable": true}
    POST /clock            {"step_s": 61}; refused with 409 when the clock is the machine's
    GET  /fault            faults planned and fired
    POST /fault            {"message": "2102", "effect": "lose-reply", "nth": 1, "detail": {}}
    DELETE /fault          forget all faults
    POST /reset            {"seed": 7}: as new, on the same addresses

Nothing that a case checks is read here: verdicts come from the tape.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock, Clock, local_time
from harness.errors import BenchError
from harness.faults.catalogue import Effect, Fault
from harness.line.http import TapedServer
from harness.line.record import JsonValue, Kind
from harness.line.tape import Tape

MOST_STEP_S = 366 * 86_400
"""A year at a time is enough for anybody."""

MOST_DIGITS = 18

StateOf = Callable[[], Mapping[str, JsonValue]]


class BackDoor:
    """The back door of one simulator; `state` is asked at each call, `routes` are the device's own additions."""

    def __init__(
        self,
        context: SimulatorContext,
        *,
        state: StateOf,
        reset: Callable[[int], Awaitable[None]],
        effects: frozenset[Effect],
        routes: Sequence[Route] = (),
    ) -> None:
        self._context = context
        self._state = state
        self._reset = reset
        self._effects = effects
        app = Starlette(
            routes=[
                Route("/state", self._get_state),
                Route("/events", self._get_events),
                Route("/clock", self._get_clock),
                Route("/clock", self._step_clock, methods=["POST"]),
                Route("/fault", self._get_faults),
                Route("/fault", self._plan_fault, methods=["POST"]),
                Route("/fault", self._clear_faults, methods=["DELETE"]),
                Route("/reset", self._do_reset, methods=["POST"]),
                *routes,
            ],
            exception_handlers={HTTPException: _as_json, BenchError: _out_of_order},
        )
        untaped = Tape(context.clock)
        self._server = TapedServer(app, name=f"{context.name} back door", tape=untaped)

    @property
    def address(self) -> str:
        """Where it listens; always loopback."""
        return self._server.address

    async def start(self) -> None:
        """Serve on any free loopback port."""
        await self._server.start()

    async def stop(self) -> None:
        """Stop serving."""
        await self._server.stop()

    async def _get_state(self, _: Request) -> Response:
        return JSONResponse(dict(self._state()))

    async def _get_events(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) <= MOST_DIGITS):
            raise HTTPException(400, "since must be a whole number")
        name = self._context.name
        records = [r for r in self._context.tape.recent(since=int(since)) if r.channel.split(".")[0] == name]
        return JSONResponse(
            [
                {
                    "seq": r.seq,
                    "at_ns": r.at_ns,
                    "channel": r.channel,
                    "direction": r.direction.name.lower(),
                    **(dict(r.event) if r.kind is Kind.EVENT else {"hex": r.data.hex()}),
                }
                for r in records
            ]
        )

    async def _get_clock(self, _: Request) -> Response:
        return JSONResponse(clock_state(self._context.clock))

    async def _step_clock(self, request: Request) -> Response:
        body = await json_object(request)
        seconds = body.get("step_s")
        if not isinstance(seconds, int) or isinstance(seconds, bool):
            raise HTTPException(400, "step_s must be a whole number of seconds")
        if not isinstance(self._context.clock, BenchClock):
            raise HTTPException(409, "this device runs on the machine's clock; start it with --clock bench to step it")
        if not -MOST_STEP_S <= seconds <= MOST_STEP_S:
            raise HTTPException(400, f"step_s must be between {-MOST_STEP_S} and {MOST_STEP_S}")
        self._context.tape.event("bench", "clock-step", seconds=seconds)
        try:
            self._context.clock.step(seconds=seconds)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(clock_state(self._context.clock))

    async def _get_faults(self, _: Request) -> Response:
        offered = sorted(effect.value for effect in self._effects)
        return JSONResponse({**self._context.faults.state(), "offered": offered})

    async def _plan_fault(self, request: Request) -> Response:
        body = await json_object(request)
        try:
            self._context.faults.plan(parse_fault(self._context.name, body, self._effects))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return await self._get_faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._context.faults.clear()
        return await self._get_faults(request)

    async def _do_reset(self, request: Request) -> Response:
        body = await json_object(request)
        seed = body.get("seed", self._context.seed)
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise HTTPException(400, "seed must be a whole number")
        await self._reset(seed)
        return JSONResponse(dict(self._state()))


def parse_fault(party: str, body: Mapping[str, object], effects: frozenset[Effect]) -> Fault:
    """A fault from JSON. Raises ValueError that names what is wrong and what is possible."""
    unknown = set(body) - {"party", "message", "effect", "nth", "detail"}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}; a fault has message, effect, nth and detail")
    effect, message, nth, detail = body.get("effect"), body.get("message"), body.get("nth", 1), body.get("detail", {})
    if not isinstance(effect, str) or effect not in {e.value for e in effects}:
        raise ValueError(f"effect {effect!r} is not one of {', '.join(sorted(e.value for e in effects))}")
    if not isinstance(message, str) or not message:
        raise ValueError("message must name a message, e.g. '2102', or '*' for any")
    if not isinstance(nth, int) or isinstance(nth, bool):
        raise ValueError("nth must be a whole number from 1 on")
    if not isinstance(detail, dict) or not all(type(v) is int for v in detail.values()):
        raise ValueError("detail must be an object of whole numbers")
    return Fault(party=party, message=message, effect=Effect(effect), nth=nth, detail=detail)


def clock_state(clock: Clock) -> dict[str, JsonValue]:
    """A clock as JSON."""
    return {
        "now_ns": clock.now_ns(),
        "now": local_time(clock).strftime("%Y-%m-%d %H:%M:%S"),
        "steppable": clock.steppable,
    }


async def json_object(request: Request) -> dict[str, object]:
    """The request's body as a JSON object, an empty body being `{}`. Raises HTTP 400 otherwise."""
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
        if b"\\ud" in raw.lower():
            json.dumps(body, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return body


async def _as_json(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


async def _out_of_order(_: Request, error: Exception) -> Response:
    assert isinstance(error, BenchError)
    return JSONResponse({"error": error.problem, "cause": error.cause, "remedy": error.remedy}, status_code=503)
