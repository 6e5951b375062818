"""The insurance terminal (医保综合服务终端) of each institution: what is held before it, and calls that wait for it.

The terminal library drives the terminal, so a scanned code or a read card is no input of its calls. On a bench whoever
plays the patient presents it (`POST /terminal/present`); the call that waits at that institution takes it, or the next
one, if it comes while the thing is still held there. Nothing presented in time ends the call, cancelling it too. With a
terminal on the bench (`TerminalLine`) that is where people present, and where prompts for a password and results for
the screen go.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.clock import NS, Clock
from simulators.kit.live_page import Bell


class Thing(StrEnum):
    """What can be presented."""

    CODE = "code"
    FACE = "face"
    CARD = "card"


class CardFault(StrEnum):
    """What may go wrong with a card in the reader; the ids of return codes."""

    UNREADABLE = "card-unreadable"
    PULLED_OUT = "card-pulled-out"
    WRONG_KIND = "card-wrong-kind"


class Ending(StrEnum):
    """How a call ends that gets nothing; the ids of return codes."""

    TIMEOUT = "scan-timeout"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Presented:
    """A thing before the terminal: the text of a code, or the ID number of a card or a face's owner.

    Of a face `text` is who they say they are, and `face_of` who is before the camera.
    """

    thing: Thing
    text: str
    face_of: str = ""
    fault: CardFault | None = None
    """Why the reader cannot read a card."""


@dataclass(kw_only=True)
class TerminalLine:
    """The way to the terminal of the bench; `post` tells whether it took the message."""

    post: Callable[[str, Mapping[str, object]], Awaitable[bool]]
    address: str = ""

    @property
    def there(self) -> bool:
        """Whether the bench has a terminal."""
        return bool(self.address)


class Terminals:
    """All terminals of one case."""

    def __init__(self, clock: Clock, *, life_s: int) -> None:
        self._clock = clock
        self._life_s = life_s
        self.bell = Bell()
        """Rings when a call begins or ends to wait."""
        self._lying: dict[tuple[str, Thing], deque[tuple[int, Presented]]] = {}
        """What is held there, and until when, by the time that has gone by."""
        self._waiting: dict[tuple[str, Thing], deque[asyncio.Future[Presented | Ending]]] = {}

    def present(self, institution: str, presented: Presented) -> None:
        """Hold something before an institution's terminal; the oldest call that waits for it gets it.

        Without one it is held there for as long as a call would wait; then the person has gone.
        """
        key = (institution, presented.thing)
        for waiter in self._waiting.get(key, ()):
            if not waiter.done():
                waiter.set_result(presented)
                return
        until_ns = self._clock.elapsed_ns() + self._life_s * NS
        self._lying.setdefault(key, deque()).append((until_ns, presented))

    def cancel(self, institution: str) -> int:
        """Press cancel: every call that waits there ends; returns how many."""
        ended = 0
        for (at, _), waiters in self._waiting.items():
            for waiter in waiters if at == institution else ():
                if not waiter.done():
                    waiter.set_result(Ending.CANCELLED)
                    ended += 1
        return ended

    def asked(self, institution: str) -> list[Thing]:
        """What calls wait for at an institution's terminal."""
        return sorted(thing for (at, thing), waiters in self._waiting.items() if at == institution and waiters)

    def taken(self, institution: str, thing: Thing) -> Presented | None:
        """What lies before a terminal, without waiting."""
        lying = self._lying.get((institution, thing), deque())
        while lying:
            until_ns, presented = lying.popleft()
            if self._clock.elapsed_ns() < until_ns:
                return presented
        return None

    async def take(self, institution: str, *things: Thing) -> Presented | Ending:
        """What is presented of these things, waiting for the first. Raises CancelledError when the case is over."""
        for thing in things:
            if found := self.taken(institution, thing):
                return found
        waiter: asyncio.Future[Presented | Ending] = asyncio.get_running_loop().create_future()
        queues = [self._waiting.setdefault((institution, thing), deque()) for thing in things]
        for queue in queues:
            queue.append(waiter)
        self.bell.ring()
        deadline_ns = self._clock.elapsed_ns() + self._life_s * NS
        expiry = asyncio.create_task(self._expire(waiter, deadline_ns), name=f"terminal {institution}")
        try:
            return await waiter
        finally:
            for queue in queues:
                queue.remove(waiter)
            self.bell.ring()
            expiry.cancel()

    def abandon(self) -> None:
        """The case is over: nobody gets anything any more."""
        self.bell.ring()
        for waiters in self._waiting.values():
            for waiter in waiters:
                waiter.cancel()

    async def _expire(self, waiter: "asyncio.Future[Presented | Ending]", deadline_ns: int) -> None:
        while (left_ns := deadline_ns - self._clock.elapsed_ns()) > 0:
            await self._clock.elapse(left_ns / NS)
        if not waiter.done():
            waiter.set_result(Ending.TIMEOUT)


def read_presented(body: Mapping[str, object]) -> Presented:
    """What a request presents. Raises ValueError."""
    thing, text = body.get("kind"), body.get("text")
    if not isinstance(thing, str) or thing not in set(Thing) or not isinstance(text, str) or not text:
        raise ValueError("kind code, face or card, and text expected")
    face_of, fault = body.get("faceOf", text), body.get("fault")
    if not isinstance(face_of, str) or fault not in {None, *CardFault}:
        raise ValueError(f"faceOf is an ID number, and fault one of {', '.join(CardFault)}")
    return Presented(
        thing=Thing(thing), text=text, face_of=face_of, fault=CardFault(str(fault)) if fault is not None else None
    )
