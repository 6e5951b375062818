"""The notice of a payment's result (6302) to the hospital: sent, retried when it is not taken, then silence.

A notice is taken when the answer comes in time with HTTP 2xx and code 0 (the answer's real form is not public). How
far it has come is saved with its order: after a restart it goes on there, and an attempt that was cut off is made
again. What was sent and answered is on the tape, on the channel NAME.callback. Faults on the message 6302:
lose-request (it never arrives), lose-reply (it arrives, its answer does not), cut-json, doubled-json, wrong-charset,
empty-body (it arrives so), and those on its seal (`spoiling.seal_effects`); others count as lost.
Events: callback-sent, callback-answered, callback-given-up.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from harness.bench.plugin import SimulatorContext
from harness.clock import NS, Clock
from harness.faults.catalogue import Effect
from harness.line.record import Direction, JsonValue
from harness.wire.fields import is_object
from simulators.kit.faulty import Answer, disturbed
from simulators.mobile_payment.desk import Desk
from simulators.mobile_payment.orders import Notice, Order
from simulators.mobile_payment.services import NOTICE
from simulators.mobile_payment.spoiling import ON_SEAL

_DAMAGED = frozenset({Effect.CUT_JSON, Effect.DOUBLED_JSON, Effect.WRONG_CHARSET, Effect.EMPTY_BODY})
JSON_HEADERS = {"content-type": "application/json;charset=UTF-8"}
LONGEST = 1 << 20
"""Bytes of an answer that are read."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How notices are sent: seconds from payment to the first, for an answer, before each retry; copies when taken."""

    after_s: int
    answer_s: int
    retry_after_s: tuple[int, ...]
    copies: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """One notice: `seal` makes its envelope anew at each attempt, wrong if so told; `told` goes into the event."""

    seal: Callable[[Effect | None], bytes]
    told: Mapping[str, JsonValue]


class Callbacks:
    """All notices of one case; `message` makes an order's, `taken` is told of each that was taken."""

    def __init__(
        self,
        context: SimulatorContext,
        client: Callable[[], httpx.AsyncClient],
        *,
        desk: Desk,
        plan: Plan,
        message: Callable[[Order], Message],
        taken: Callable[[Order], None],
    ) -> None:
        self._context = context
        self._client = client
        self._desk = desk
        self._plan = plan
        self._message = message
        self._taken = taken
        self._running: set[str] = set()

    def send(self, order: Order, url: str) -> None:
        """Send a paid order's notice, once that is saved."""
        if url:
            order.notice = Notice(url=url, due_ns=self._context.clock.now_ns() + self._plan.after_s * NS)
            self._desk.after_save(lambda: self._begin(order.pay_ord_id))

    def resume(self, url: str) -> None:
        """Go on with all notices that were not taken, to another address if there is one now."""
        for order in self._desk.orders.values():
            if order.notice is not None:
                order.notice.url = url or order.notice.url
                self._begin(order.pay_ord_id)

    def _begin(self, pay_ord_id: str) -> None:
        if pay_ord_id not in self._running:
            self._running.add(pay_ord_id)
            self._desk.live(self._deliver(pay_ord_id), f"callback {pay_ord_id}")

    async def _deliver(self, pay_ord_id: str) -> None:
        try:
            while (notice := self._desk.orders[pay_ord_id].notice) is not None:
                await sleep_until(self._context.clock, notice.due_ns)
                await self._round(pay_ord_id)
        finally:
            self._running.discard(pay_ord_id)

    async def _round(self, pay_ord_id: str) -> None:
        """One attempt, its copies, and what comes of it."""
        await self._desk.insist(nothing, writes=False)  # what the notice tells of is safe
        order = self._desk.orders[pay_ord_id]
        notice, message = order.notice, self._message(order)
        if notice is None:
            return
        attempt = notice.attempts + 1
        why = await self._attempt(pay_ord_id, attempt, notice.url, message)
        if not why:
            for _ in range(self._plan.copies - 1):
                attempt += 1
                await self._attempt(pay_ord_id, attempt, notice.url, message)

        async def noted() -> None:
            now, wait_s = self._desk.order(pay_ord_id), self._plan.retry_after_s
            if now.notice is None:
                return
            now.notice.attempts = attempt
            if not why:
                now.notice = None
                self._taken(now)
            elif now.notice.failures < len(wait_s):
                now.notice.due_ns = self._context.clock.now_ns() + wait_s[now.notice.failures] * NS
                now.notice.failures += 1
            else:
                now.notice = None
                self._desk.after_save(lambda: self._event("callback-given-up", pay_ord_id=pay_ord_id, attempts=attempt))

        await self._desk.insist(noted, pay_ord_id)

    async def _attempt(self, order: str, attempt: int, url: str, message: Message) -> str:
        """Send once; why it was not taken, or empty."""
        fault = self._context.faults.due(NOTICE)
        effect = fault.effect if fault else None
        wrong = effect if effect in ON_SEAL else None
        body = message.seal(wrong)
        if effect in _DAMAGED:
            assert fault is not None
            whole, body = body, disturbed(fault.effect, Answer(200, (), body)).body
            if body == whole:  # a sealed notice has no Chinese
                self._context.faults.in_vain(fault)
        self._event("callback-sent", pay_ord_id=order, attempt=attempt, **message.told)
        if effect is not None and not wrong and effect not in _DAMAGED | {Effect.LOSE_REPLY}:
            why = "lost"
        else:
            self._context.tape.frame(f"{self._context.name}.callback", Direction.SENT, body)
            why = await self._answered(body, url)
            if effect is Effect.LOSE_REPLY:
                why = "no-answer"
        self._event("callback-answered", pay_ord_id=order, attempt=attempt, taken=not why, why=why)
        return why

    async def _answered(self, body: bytes, url: str) -> str:
        until = self._context.clock.now_ns() + self._plan.answer_s * NS
        asked = asyncio.ensure_future(self._posted(body, url))
        late = asyncio.ensure_future(sleep_until(self._context.clock, until))
        try:
            await asyncio.wait({asked, late}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                return "no-answer"
            answer = asked.result()
        finally:
            for task in (asked, late):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if answer is None:
            return "unreachable"
        status, content = answer
        self._context.tape.frame(f"{self._context.name}.callback", Direction.RECEIVED, content)
        return "" if taken(status, content) else f"http-{status}"

    async def _posted(self, body: bytes, url: str) -> tuple[int, bytes] | None:
        """Status and body of the answer, as far as it is read; None without one."""
        content = b""
        try:
            async with self._client().stream("POST", url, content=body, headers=JSON_HEADERS) as answer:
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > LONGEST:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None
        return answer.status_code, content[:LONGEST]

    def _event(self, name: str, **fields: JsonValue) -> None:
        self._context.tape.event(self._context.name, name, **fields)


async def nothing() -> None:
    """A step that changes nothing."""


def taken(status: int, content: bytes) -> bool:
    """Whether a hospital's answer says that it took the notice: HTTP 2xx and code 0."""
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return False
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return is_object(body) and str(body.get("code")) == "0"


async def sleep_until(clock: Clock, at_ns: int) -> None:
    """Return when a clock has reached a moment."""
    while (left_ns := at_ns - clock.now_ns()) > 0:
        await clock.sleep(left_ns / NS)
