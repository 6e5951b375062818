"""The counter port `process`: the adapter under test is a command that speaks JSON lines on its standard streams.

Its lines are read in the bench's event loop and are on the tape in the order in which they came, relative to all that
the bench's other parties see. On the tape: channel `counter` holds commands (SENT) and lines (RECEIVED), byte for
byte, with the events `adapter-started`, `adapter-failed`, `adapter-killed` and `adapter-ended`; channel `counter.log`
what the adapter logged up to each answer.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from harness.clock import local_time
from harness.counter.answers import plain_outcome_of
from harness.counter.child import ADAPTER_LOG, BYE_S, AdapterLog, Child, describe_status
from harness.counter.commands import Commands
from harness.counter.greeting import AdapterClock, Ready
from harness.counter.hospital import Asked
from harness.counter.kinds import PortContext
from harness.counter.line_fields import DOCUMENT, SHOWN, rubbish, shown
from harness.counter.messages import (
    LINE_LIMIT,
    Answer,
    Journalled,
    NotUnderstood,
    PresentPlease,
    Released,
    ScanPlease,
    encode_command,
    encode_hello,
    parse_line,
)
from harness.counter.outcome import Outcome
from harness.counter.port import AdapterSilent
from harness.counter.trace_codes import with_trace_codes
from harness.errors import BenchError, LiantiaoError, PeerViolation
from harness.interrupt import shielded
from harness.line.record import Direction, JsonValue

T = TypeVar("T")
HURRY_S = 0.2
"""How long an adapter that failed may take to go by itself."""
EVENTS_LIMIT = 10_000
"""More events than this in one operation are an endless loop."""


class ProcessOperation:
    """A command that the adapter is busy with."""

    def __init__(self, port: "ProcessPort", number: int, do: str, read: Callable[[Answer], Outcome]) -> None:
        self._port = port
        self._read = read
        self._asks_seen = 0
        self.number = number
        self.do = do
        self.asks: list[Asked] = []
        self.released: list[Released] = []
        self.journal: list[Journalled] = []
        self.answer: Answer | None = None
        self.not_understood: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the adapter has answered, well or badly."""
        return self.answer is not None or self.not_understood is not None

    def take(self, message: ScanPlease | PresentPlease | Released | Journalled) -> None:
        """Note an event of this command."""
        match message:
            case ScanPlease():
                self.asks.append(Asked.SCAN)
            case PresentPlease(what=what):
                self.asks.append(what)
            case Released():
                self.released.append(message)
            case Journalled():
                self.journal.append(message)

    def until_scan_please(self) -> bool:
        """Wait until the desk asks for a (further) scan: True; False when it ended without. Raises PeerViolation."""
        while (asked := self.until_asked()) is not None:
            if asked is Asked.SCAN:
                return True
        return False

    def until_asked(self) -> Asked | None:
        """Wait until the desk asks for something (more) to be shown or typed; None when it ended without."""

        def asked() -> Asked | bool | None:
            if len(self.asks) > self._asks_seen:
                return self.asks[self._asks_seen]
            return False if self.ended else None

        found = self._port.wait_until(asked, f"'scan-please', 'present-please' or an answer to {self.do!r}")
        if not isinstance(found, Asked):
            return None
        self._asks_seen += 1
        return found

    def until_journalled(self, infno: str) -> str | None:
        """Wait until a message of this transaction stands in the journal; its msgid, or None when it ended without."""

        def journalled() -> str | None:
            found = [message.msgid for message in self.journal if message.infno == infno]
            if found:
                return found[-1]
            return "" if self.ended else None

        return self._port.wait_until(journalled, f"the journal event of {infno}") or None

    def outcome(self) -> Outcome:
        """Wait for the end. Raises PeerViolation when the adapter dies, falls silent or breaks the protocol."""
        return self._read(self.whole_answer())

    def error(self) -> str | None:
        """Wait for the end; the adapter's `error` to what makes no sense, None when it answered otherwise."""
        self._port.wait_until(lambda: self.ended or None, f"an answer to {self.do!r}")
        return self.not_understood

    def whole_answer(self) -> Answer:
        """Wait for the end; the answer as it came."""
        self._port.wait_until(lambda: self.ended or None, f"an answer to {self.do!r}")
        if self.answer is None:
            raise PeerViolation(
                f"The adapter did not understand {self.do!r}: {self.not_understood}",
                cause="the command is read wrongly, or is not implemented although `ready.can` lists it",
                remedy=f"compare the command on the tape with {DOCUMENT}",
            )
        return self.answer


class ProcessPort(Commands):
    """An adapter under test that is a command; see `CounterPort` for what each method means."""

    def __init__(self, context: PortContext) -> None:
        self._context = context
        self._changed = threading.Condition()
        self._number = 0
        self._child: Child | None = None
        self._log: AdapterLog | None = None
        self._closing = False
        self._announced = False
        self._ready: Ready | None = None
        self._failure: LiantiaoError | None = None
        self._running: dict[int, ProcessOperation] = {}
        self._events = 0
        self._last_line = 0.0

    @property
    def ready(self) -> Ready:
        """How the adapter introduced itself. Raises BenchError before it did."""
        if self._ready is None:
            raise BenchError(
                "The adapter is not started.", cause="a call before start()", remedy="start the counter port first"
            )
        return self._ready

    @property
    def works(self) -> bool:
        """Whether the adapter is there and has not failed since its start."""
        return self._child is not None and self._failure is None

    @property
    def idle(self) -> bool:
        """Whether it works and has answered every command, so that the next case may use it."""
        return self.works and not self._running

    @property
    def pid(self) -> int | None:
        """The adapter's process id while it runs."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the adapter and wait until it is ready. Raises ConfigError when it cannot be started."""
        context = self._context
        if self._child is not None:
            return
        self._forget()
        if not self._announced:
            self._announced = True
            context.tape.volatile(f"{context.name}.state-dir", str(context.hello.state_dir))
        context.hello.state_dir.mkdir(parents=True, exist_ok=True)
        log = AdapterLog(context.folder / ADAPTER_LOG)
        try:
            with shielded():
                self._child = Child(
                    context.command,
                    loop=context.loop,
                    log=log,
                    on_line=self._take_line,
                    on_flood=self._take_flood,
                    on_end=self._take_end,
                    on_deaf=self._take_deafness,
                )
                self._log = log
        except LiantiaoError:
            log.close()
            raise
        try:
            self._event("adapter-started")
            self._child.attach()
            self._send(encode_hello(context.hello, now=self._now()))
            self.wait_until(lambda: self._ready, "the 'ready' line")
        except BaseException:
            self.close()
            raise

    def kill(self) -> None:
        """Crash the adapter where it stands (SIGKILL to it and whatever it started)."""
        if self._child is None:
            return
        self._closing = True
        self._event("adapter-killed")
        with self._changed:
            self._failure = self._failure or BenchError(
                "The adapter was killed.", cause="the case crashed it", remedy="restart() it before the next command"
            )
        self._child.kill()
        self._put_away()

    def restart(self) -> None:
        """Start it again with what it kept in its state folder."""
        self.close()
        self.start()

    def close(self) -> None:
        """Say bye, then terminate, then kill it and whatever it started; may be called twice."""
        if self._child is None:
            return
        well = self._failure is None and self._ready is not None
        self._closing = True
        if well and self._context.loop.is_running():
            self.post("bye")
        self._child.end(bye_s=BYE_S if well else HURRY_S)
        self._put_away()

    def wait_until(self, wanted: Callable[[], T | None], what: str) -> T:
        """Wait until `wanted` gives something. Raises PeerViolation when the adapter fails or no line comes in time."""
        patience = self._context.patience_s
        since = time.monotonic()
        with self._changed:
            while True:
                found = wanted()
                if found is not None:
                    return found
                if self._failure is not None:
                    raise self._failure
                left = max(since, self._last_line) + patience - time.monotonic()
                if left <= 0:
                    wrote = "no whole line" if self._unended else "nothing"
                    raise AdapterSilent(
                        f"The adapter wrote {wrote} for {patience:g} s; {what} was due.",
                        cause=f"{self._why_silent()}{self._tail()}",
                        remedy="give every call a time-out, and write and flush each line at once; patience_s in "
                        "[counter] sets how long the bench waits",
                    )
                self._changed.wait(left)

    def _forget(self) -> None:
        self._ready = None
        self._failure = None
        self._running = {}
        self._events = 0
        self._last_line = time.monotonic()
        self._closing = False

    def post(
        self,
        do: str,
        *,
        read: Callable[[Answer], Outcome] = plain_outcome_of,
        members: Mapping[str, JsonValue] | None = None,
    ) -> ProcessOperation:
        """Send a command; `read` is how its answer is read."""
        operation = self._begun(do, read)
        hello = self._context.hello
        told = with_trace_codes(do, members or {}, hello.profile, str(hello.institution.get("code")))
        self._send(encode_command(operation.number, do, at=self._now(), **told))
        return operation

    def nonsense(self, line: str) -> ProcessOperation:
        """Send a line that makes no sense; `{id}` and `{at}` in it become the next number and the cashier's time."""
        operation = self._begun("nonsense", plain_outcome_of)
        said = line.replace("{id}", str(operation.number)).replace("{at}", self._now())
        self._send(said.encode() + b"\n")
        return operation

    def _begun(self, do: str, read: Callable[[Answer], Outcome]) -> ProcessOperation:
        with self._changed:
            self._number += 1
            operation = ProcessOperation(self, self._number, do, read)
            self._running[operation.number] = operation
        return operation

    def _now(self) -> str:
        """The cashier's time: the bench's, and once the adapter has said that it keeps its own clock, the machine's."""
        own = self._ready is not None and self._ready.clock is AdapterClock.OWN
        clock = self._context.machine if own else self._context.clock
        return local_time(clock).strftime("%Y-%m-%d %H:%M:%S")

    def _send(self, line: bytes) -> None:
        child = self._child
        if child is None:
            raise BenchError(
                "The adapter does not run.", cause="it was closed or killed", remedy="start() or restart() it first"
            )

        def send() -> None:
            self._context.tape.frame(self._context.name, Direction.SENT, line)
            child.write(line)

        child.in_loop(send)

    def _event(self, name: str, **fields: JsonValue) -> None:
        if self._child is not None and self._context.loop.is_running():
            self._child.in_loop(lambda: self._context.tape.event(self._context.name, name, **fields))

    @property
    def _unended(self) -> bytes:
        return b"" if self._child is None else self._child.unended

    def _why_silent(self) -> str:
        if self._unended:
            return f"it has not ended its line with LF: {shown(self._unended)}"
        if self._ready is None:
            return "it waits for something else than the hello line, or its output is not flushed after each line"
        return "it hangs, waits for a system without a time-out, or its output is not flushed after each line"

    def _tail(self) -> str:
        return "" if self._log is None else self._log.tail()

    def _put_away(self) -> None:
        if self._log is not None:
            self._log.close()
        self._child = None
        self._log = None

    # What follows runs in the loop's thread.

    def _take_line(self, line: bytes) -> None:
        if self._failure is not None:
            return
        failure: PeerViolation | None = None
        message = None
        try:
            message = parse_line(line)
        except PeerViolation as error:
            failure = error
        if isinstance(message, Answer | Ready):
            self._record_log()
        self._context.tape.frame(self._context.name, Direction.RECEIVED, line)
        with self._changed:
            self._last_line = time.monotonic()
            failure = failure or self._apply(message, line)
            self._changed.notify_all()
        if failure is not None:
            self._fail(failure)

    def _apply(self, message: object, line: bytes) -> PeerViolation | None:
        match message:
            case Ready():
                if self._ready is not None:
                    return _out_of_turn(line, "it is ready already")
                self._ready = message
            case NotUnderstood(id=number, text=text):
                for operation in [o for o in self._running.values() if number in {None, o.number}]:
                    operation.not_understood = text
                    del self._running[operation.number]
            case Answer(id=number):
                if number not in self._running:
                    return self._not_running(line, number)
                self._running.pop(number).answer = message
                self._events = 0
            case ScanPlease(id=number) | PresentPlease(id=number) | Released(id=number) | Journalled(id=number):
                running = self._running.get(number)
                self._events += 1
                if running is None:
                    return self._not_running(line, number)
                if self._events > EVENTS_LIMIT:
                    return _out_of_turn(line, f"that makes {self._events} events in one command")
                running.take(message)
            case _:
                pass
        return None

    def _not_running(self, line: bytes, number: int) -> PeerViolation:
        due = [f"{operation.number} ({operation.do})" for operation in self._running.values()]
        return _out_of_turn(line, f"command {number} is not running, {' and '.join(due) or 'none'} is")

    def _take_flood(self, data: bytes) -> None:
        self._context.tape.frame(self._context.name, Direction.RECEIVED, data[: SHOWN * 4])
        self._fail(rubbish(data, f"does not end within {LINE_LIMIT} bytes"))

    def _take_end(self, status: int | None) -> None:
        self._record_log()
        self._context.tape.event(self._context.name, "adapter-ended", status=status, expected=self._closing)
        if not self._closing:
            began = self._ready is not None
            self._fail(
                PeerViolation(
                    f"The adapter {describe_status(status)} "
                    f"{'in the middle of the dialogue' if began else 'before it was ready'}.",
                    cause=f"{_why_ended(status, began=began)}{self._tail()}",
                    remedy=_after_end(status, began=began),
                )
            )

    def _take_deafness(self) -> None:
        if not self._closing:
            self._record_log()
            self._fail(
                PeerViolation(
                    "The adapter closed its standard input, so that no command reaches it.",
                    cause=f"it stopped reading, or the part of it that reads ended{self._tail()}",
                    remedy="read standard input until `bye` or its end",
                )
            )

    def _record_log(self) -> None:
        data = b"" if self._child is None else self._child.take_log()
        if data:
            self._context.tape.frame(f"{self._context.name}.log", Direction.RECEIVED, data)

    def _fail(self, failure: LiantiaoError) -> None:
        if self._child is not None:
            self._child.stop_reading()
        if self._failure is None:
            self._context.tape.event(self._context.name, "adapter-failed", problem=failure.problem)
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()


def _why_ended(status: int | None, *, began: bool) -> str:
    if status is None:
        return "it went on without its standard output, or handed it to a process that ended"
    return "it crashed or gave up" if began else "its command is not complete, or something that it needs is missing"


def _after_end(status: int | None, *, began: bool) -> str:
    if status is None:
        return "keep standard output open until `bye` or the end of input; adapter.log in the run's folder has the log"
    if not began:
        return "try its command by hand in the same folder: it must wait for a line on standard input, and not end"
    return "see this case in adapter.log in the run's folder; an adapter ends only after `bye` or the end of input"


def _out_of_turn(line: bytes, why: str) -> PeerViolation:
    return PeerViolation(
        f"The adapter wrote a line out of turn, {why}: {shown(line)}",
        cause="a wrong `id`, or a second answer to the same command",
        remedy=f"give each command exactly one answer with its own `id`; see {DOCUMENT}",
    )
