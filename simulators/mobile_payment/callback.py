"""The notice of a payment's result (6302) to the hospital: sent, retried when it is not taken, then silence.

A notice is taken when the answer comes in time with HTTP 2xx and code 0 (the answer's real form is not public). What
was sent and answered is on the tape, on the channel NAME.callback. Faults on the message 6302: lose-request (it never
arrives), lose-reply (it arrives, its answer does not), cut-json, doubled-json, wrong-charset, empty-body (it arrives
so); others count as lost.
Events: callback-sent, callback-answered, callback-given-up.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from harness.bench.plugin import SimulatorContext
from harness.clock import NS, Clock
from harness.faults.catalogue import Effect
from harness.line.record import Direction, JsonValue
from harness.wire.fields import is_object
from simulators.kit.faulty import Answer, disturbed
from simulators.mobile_payment.services import NOTICE

_DAMAGED = frozenset({Effect.CUT_JSON, Effect.DOUBLED_JSON, Effect.WRONG_CHARSET, Effect.EMPTY_BODY})
JSON_HEADERS = {"content-type": "application/json;charset=UTF-8"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How notices are sent."""

    url: str
    after_s: int
    answer_s: int
    retry_after_s: tuple[int, ...]
    copies: int


class Callbacks:
    """All notices of one case."""

    def __init__(self, context: SimulatorContext, client: Callable[[], httpx.AsyncClient]) -> None:
        self._context = context
        self._client = client
        self._running: set[asyncio.Task[None]] = set()

    def send(self, order: str, seal: Callable[[], bytes], plan: Plan, told: Mapping[str, JsonValue]) -> None:
        """Send an order's notice; `seal` makes its envelope anew at each attempt, `told` goes into the event."""
        if not plan.url:
            return
        task = asyncio.create_task(self._deliver(order, seal, plan, told), name=f"callback {order}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """The case is over: send nothing more."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _deliver(self, order: str, seal: Callable[[], bytes], plan: Plan, told: Mapping[str, JsonValue]) -> None:
        attempt = 0
        for wait_s in (plan.after_s, *plan.retry_after_s):
            if wait_s:
                await sleep_until(self._context.clock, self._context.clock.now_ns() + wait_s * NS)
            attempt += 1
            why = await self._attempt(order, attempt, seal(), plan, told)
            if not why:
                for _ in range(plan.copies - 1):
                    attempt += 1
                    await self._attempt(order, attempt, seal(), plan, told)
                return
        self._event("callback-given-up", pay_ord_id=order, attempts=attempt)

    async def _attempt(self, order: str, attempt: int, body: bytes, plan: Plan, told: Mapping[str, JsonValue]) -> str:
        """Send once; why it was not taken, or empty."""
        fault = self._context.faults.due(NOTICE)
        effect = fault.effect if fault else None
        if effect in _DAMAGED:
            assert effect is not None
            body = disturbed(effect, Answer(200, (), body)).body
        self._event("callback-sent", pay_ord_id=order, attempt=attempt, **told)
        if effect is not None and effect not in _DAMAGED | {Effect.LOSE_REPLY}:
            why = "lost"
        else:
            self._context.tape.frame(f"{self._context.name}.callback", Direction.SENT, body)
            why = await self._answered(body, plan)
            if effect is Effect.LOSE_REPLY:
                why = "no-answer"
        self._event("callback-answered", pay_ord_id=order, attempt=attempt, taken=not why, why=why)
        return why

    async def _answered(self, body: bytes, plan: Plan) -> str:
        until = self._context.clock.now_ns() + plan.answer_s * NS
        asked = asyncio.ensure_future(self._client().post(plan.url, content=body, headers=JSON_HEADERS))
        late = asyncio.ensure_future(sleep_until(self._context.clock, until))
        try:
            await asyncio.wait({asked, late}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                return "no-answer"
            try:
                answer = asked.result()
            except httpx.HTTPError:
                return "unreachable"
        finally:
            for task in (asked, late):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
                    await task
        self._context.tape.frame(f"{self._context.name}.callback", Direction.RECEIVED, answer.content)
        return "" if taken(answer) else f"http-{answer.status_code}"

    def _event(self, name: str, **fields: JsonValue) -> None:
        self._context.tape.event(self._context.name, name, **fields)


def taken(answer: httpx.Response) -> bool:
    """Whether a hospital's answer says that it took the notice: HTTP 2xx and code 0."""
    if not answer.is_success:
        return False
    try:
        body = json.loads(answer.content)
    except ValueError:
        return False
    return is_object(body) and str(body.get("code")) == "0"


async def sleep_until(clock: Clock, at_ns: int) -> None:
    """Return when a clock has reached a moment."""
    while (left_ns := at_ns - clock.now_ns()) > 0:
        await clock.sleep(left_ns / NS)
