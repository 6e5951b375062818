"""A door on TCP: many clients, each with its own stream of requests, answered in order.

What is common to the host commands and the DER form of the signature server. A `Dialect` reads, executes and spells;
this module keeps the connections: order, back-pressure, fairness between clients, idle expiry and the tape. What faults
do to a reply on its way is in `wire_faults`. It is driven by what arrives; nothing polls.

A client gets at most `BURST` requests done in a turn of the loop, so that one that sends many does not hold up others;
and at most half of those that wait, so that it can take these replies and ask more while the rest is done. Reading from
a client stops while more than that wait, or while it does not take its replies.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from harness.bench.plugin import SimulatorContext
from harness.faults.catalogue import Effect, Fault
from harness.line.record import Direction
from simulators.encryption_machine.capacity import Capacity
from simulators.encryption_machine.door_dialect import Answered, C, Dialect
from simulators.encryption_machine.tape_mask import Masked, say_masked
from simulators.encryption_machine.wire_faults import WIRE_EFFECTS, OnTheWay, pace

BURST = 8
"""Requests of one client in a turn of the loop."""
SLICE = 4096
"""Bytes that are parsed at once."""
CONNECT = "connect"
"""The message of a fault on a new connection."""


class Door(Generic[C]):
    """All connections of one door."""

    def __init__(
        self,
        context: SimulatorContext,
        dialect: Dialect[C],
        capacity: Capacity,
        *,
        rebooted: Callable[[], None],
    ) -> None:
        self.context = context
        self.dialect = dialect
        self.capacity = capacity
        self.rebooted = rebooted
        self.connections: set[Conversation[C]] = set()
        self.generation = 0
        self._numbers = 0

    def protocol(self) -> "Conversation[C]":
        """For a new connection."""
        return Conversation(self)

    def next_channel(self) -> str:
        """The channel of the next connection that says something in this case."""
        self._numbers += 1
        return f"{self.context.name}.{self.dialect.suffix}#{self._numbers}"

    def renumber(self) -> None:
        """A new case begins: connections are counted anew, and nothing of the old case is held."""
        self.generation += 1
        self._numbers = 0
        for connection in self.connections:
            connection.forget()

    def abort_all(self) -> None:
        """Cut every connection."""
        for connection in list(self.connections):
            connection.abort()


class Conversation(asyncio.Protocol, Generic[C]):
    """One client's connection."""

    def __init__(self, door: Door[C]) -> None:
        self._door = door
        self._dialect = door.dialect
        self._tape = door.context.tape
        self._faults = door.context.faults
        self._codec = door.dialect.codec()
        self._transport: asyncio.Transport
        self._generation = -1
        self._channel = ""
        self._unparsed: deque[bytes] = deque()
        self._calls: deque[C] = deque()
        self._taken = bytearray()
        self._way = OnTheWay(dialect=door.dialect)
        self._silent = False
        self._stalled = False
        """A reply is on its way slowly; what follows must wait for it."""
        self._blocked = False
        """The client does not take its replies."""
        self._scheduled = False
        self._reading = True
        self._closing = False
        self._ended = False
        """The client will say no more."""
        self._timer: asyncio.TimerHandle | None = None
        self.in_session = False
        self.last_ns = 0

    # What the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came; it is hung up at once when the machine is full."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's own class, the same face
        self._door.connections.add(self)
        self._touch()
        fault = self._faults.due(CONNECT)
        if fault is not None:
            if fault.effect is Effect.SILENCE:
                self._silent = True
            elif fault.effect is not Effect.REFUSE_CONNECTION:
                self._say_without_effect(fault)
        if not self._door.capacity.connected(self) or (fault and fault.effect is Effect.REFUSE_CONNECTION):
            self._tape.event(self._door.context.name, "connection-refused", door=self._dialect.suffix)
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._touch()
        if self._closing:
            return
        if not (self._unparsed or self._stalled or self._blocked) and len(data) <= SLICE:
            self._take(data)
            if not self._scheduled:
                self._work()
            elif len(self._calls) > BURST:
                self._set_reading(on=False)
            return
        self._unparsed.extend(data[at : at + SLICE] for at in range(0, len(data), SLICE))
        self._set_reading(on=False)
        self._schedule()

    def eof_received(self) -> bool:
        """The client has said all; what it asked is still answered."""
        self._ended = True
        return bool(self._calls or self._unparsed or self._stalled or self._blocked)

    def pause_writing(self) -> None:
        """The client does not take its replies."""
        self._blocked = True
        self._set_reading(on=False)

    def resume_writing(self) -> None:
        """It does again."""
        self._blocked = False
        self._schedule()

    def connection_lost(self, _: Exception | None) -> None:
        """It is gone, and so is what waited."""
        self._closing = True
        if self._taken:
            self._record_received(bytes(self._taken), self._dialect.remains_shown(bytes(self._taken)))
            self._taken.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._unparsed.clear()
        self._calls.clear()
        self._door.connections.discard(self)
        self._door.capacity.disconnected(self)

    # What the door tells

    def forget(self) -> None:
        """Nothing of the old case is held any more."""
        self._way.forget()
        self._silent = False

    def abort(self) -> None:
        """Cut the connection."""
        self._closing = True
        self._transport.abort()

    def expire(self) -> None:
        """Nobody has said anything for too long."""
        self._closing = True
        self._tape.event(self._door.context.name, "connection-expired", on=self._name())
        self._transport.close()

    # Requests

    def _touch(self) -> None:
        self.last_ns = self._door.context.clock.now_ns()

    def _take(self, data: bytes) -> None:
        self._taken += data
        whole = 0
        for call in self._codec.feed(data):
            self._calls.append(call)
            whole += len(self._dialect.raw_of(call))
        del self._taken[:whole]

    def _schedule(self) -> None:
        if not self._scheduled and not self._closing:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        self._work()

    def _work(self) -> None:
        """Serve what waits, as much as is fair; then either go on in the next turn or read on."""
        served = most = 0
        out: list[bytes] = []
        while not (self._stalled or self._blocked or self._closing):
            if not self._calls:
                if not self._unparsed:
                    break
                self._take(self._unparsed.popleft())
                continue
            most = most or min(BURST, (len(self._calls) + 1) // 2)
            if served == most:
                self._schedule()
                break
            served += 1
            reply = self._answer(self._calls.popleft(), out)
            if reply:
                out.append(reply)
        if out and not self._transport.is_closing():
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
        busy = bool(self._unparsed or self._stalled or self._blocked)
        if self._closing or (self._ended and not busy and not self._calls):
            self._closing = True
            self._transport.close()
        else:
            self._set_reading(on=not busy and len(self._calls) <= BURST)

    def _answer(self, call: C, out: list[bytes]) -> bytes:
        """One request; returns what leaves at once, `out` being what leaves before it."""
        dialect = self._dialect
        shown = dialect.shown(call)
        if shown is None:
            self._tape.frame(self._name(), Direction.RECEIVED, dialect.raw_of(call))
        else:
            self._record_received(dialect.raw_of(call), shown)
        if not self._faults.idle:
            fault = self._faults.due(dialect.name_of(call))
            if fault is not None:
                return self._disturbed(call, fault, out)
        answered = dialect.serve(call, None) if self.in_session else self._serve(call, None)
        if self._silent:
            return b""
        return self._sent(answered) if self._way.empty else self._all_sent(self._way.released(answered))

    def _serve(self, call: C, effect: Effect | None) -> Answered:
        if not self.in_session:
            self.in_session = self._door.capacity.session_opened()
        if not self.in_session:
            effect = Effect.BUSY
        return self._dialect.serve(call, effect)

    def _sent(self, answered: Answered) -> bytes:
        """Record a reply that leaves now."""
        if answered.close:
            self._closing = True
        if answered.wire:
            self._record_sent(answered.wire, answered.shown)
        return answered.wire

    def _all_sent(self, replies: Iterable[Answered]) -> bytes:
        return b"".join([self._sent(reply) for reply in replies])

    # Faults

    def _disturbed(self, call: C, fault: Fault, out: list[bytes]) -> bytes:
        effect = fault.effect
        match effect:
            case Effect.LOSE_REQUEST:
                return b""
            case Effect.SILENCE:
                self._silent = True
                return b""
            case Effect.CLOSE_UNANSWERED:
                self._closing = True
                return b""
            case Effect.REBOOT:
                self._door.rebooted()
                return b""
            case Effect.SESSION_LOST:
                self._lose_session()
        in_serving = self._dialect.acts_on(effect, call)
        answered = self._serve(call, effect if in_serving else None)
        if self._silent:
            return b""
        if effect in WIRE_EFFECTS:
            return self._on_the_wire(answered, fault, out)
        if not in_serving:
            spelled = self._dialect.misspelt(effect, answered)
            if spelled is None:
                self._say_without_effect(fault)
            else:
                answered = spelled
        return self._all_sent(self._way.released(answered))

    def _on_the_wire(self, answered: Answered, fault: Fault, out: list[bytes]) -> bytes:
        if fault.effect is Effect.CUT_CONNECTION:
            if out:
                self._transport.write(b"".join(out))
                out.clear()
            self.abort()
            return b""
        wire = self._all_sent(self._way.disturbed(answered, fault.effect))
        if fault.effect not in {Effect.DRIP, Effect.SLOW}:
            return wire
        pieces, pause_s = pace(fault, wire)
        self._stalled = True
        self._later(pieces, pause_s)
        return b""

    def _later(self, pieces: Sequence[bytes], pause_s: float) -> None:
        def leave() -> None:
            self._timer = None
            if not self._transport.is_closing():
                self._transport.write(pieces[0])
            if len(pieces) > 1:
                self._later(pieces[1:], pause_s)
                return
            self._stalled = False
            self._work()

        self._timer = asyncio.get_running_loop().call_later(pause_s, leave)

    def _lose_session(self) -> None:
        if self.in_session:
            self.in_session = False
            self._door.capacity.session_closed()

    def _say_without_effect(self, fault: Fault) -> None:
        self._faults.in_vain(fault)

    # The tape

    def _name(self) -> str:
        if self._generation != self._door.generation:
            self._generation = self._door.generation
            self._channel = self._door.next_channel()
        return self._channel

    def _record_received(self, raw: bytes, shown: Masked) -> None:
        self._tape.frame(self._name(), Direction.RECEIVED, shown.data)
        if shown.hidden:
            say_masked(self._tape, self._door.context.name, self._name(), shown.hidden)

    def _record_sent(self, wire: bytes, shown: Masked | None) -> None:
        self._tape.frame(self._name(), Direction.SENT, wire if shown is None else shown.data)
        if shown is not None and shown.hidden:
            say_masked(self._tape, self._door.context.name, self._name(), shown.hidden)

    def _set_reading(self, *, on: bool) -> None:
        if on == self._reading or self._transport.is_closing():
            return
        self._reading = on
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
