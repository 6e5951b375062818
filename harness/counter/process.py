"""The counter port `process`: the adapter under test is a command that speaks JSON lines on its standard streams.

Its lines are read in the bench's event loop and are on the tape in the order in which they came, relative to all that
the bench's other parties see. On the tape: channel `counter` holds commands (SENT) and lines (RECEIVED), byte for
byte, with the events `adapter-started`, `adapter-failed`, `adapter-killed` and `adapter-ended`; channel `counter.log`
what the adapter logged up to each answer.

Here is the adapter's life: its start, its end, and what reaches it. What is said meanwhile is `dialogue`, a command
under way `operation`, what is said of one that fails `failures`, its pipes `child`.
"""

from collections.abc import Callable, Mapping

from harness.clock import local_time
from harness.counter import failures
from harness.counter.answers import plain_outcome_of
from harness.counter.child import ADAPTER_LOG, BYE_S, AdapterLog, Child
from harness.counter.commands import Commands
from harness.counter.dialogue import Dialogue, understood
from harness.counter.greeting import AdapterClock, Ready
from harness.counter.kinds import PortContext
from harness.counter.line_fields import SHOWN, rubbish
from harness.counter.messages import LINE_LIMIT, Answer, encode_command, encode_hello
from harness.counter.operation import ProcessOperation
from harness.counter.outcome import Outcome
from harness.counter.port import AdapterSilent
from harness.counter.trace_codes import with_trace_codes
from harness.errors import LiantiaoError
from harness.interrupt import shielded
from harness.line.record import Direction, JsonValue

HURRY_S = 0.2
"""How long an adapter that failed may take to go by itself."""


class ProcessPort(Commands):
    """An adapter under test that is a command; see `CounterPort` for what each method means."""

    def __init__(self, context: PortContext) -> None:
        self._context = context
        self._said = Dialogue(patience_s=context.patience_s, silent=self._silent)
        self._child: Child | None = None
        self._log: AdapterLog | None = None
        self._closing = False
        self._announced = False

    @property
    def ready(self) -> Ready:
        """How the adapter introduced itself. Raises BenchError before it did."""
        if self._said.ready is None:
            raise failures.not_started()
        return self._said.ready

    @property
    def works(self) -> bool:
        """Whether the adapter is there and has not failed since its start."""
        return self._child is not None and self._said.failure is None

    @property
    def idle(self) -> bool:
        """Whether it works and has answered every command, so that the next case may use it."""
        return self.works and not self._said.busy

    @property
    def pid(self) -> int | None:
        """The adapter's process id while it runs."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the adapter and wait until it is ready. Raises ConfigError when it cannot be started."""
        context = self._context
        if self._child is not None:
            return
        self._closing = False
        self._said.begin_anew()
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
            self._said.wait_until(lambda: self._said.ready, "the 'ready' line")
        except BaseException:
            self.close()
            raise

    def kill(self) -> None:
        """Crash the adapter where it stands (SIGKILL to it and whatever it started)."""
        if self._child is None:
            return
        self._closing = True
        self._event("adapter-killed")
        self._said.fail(failures.killed())
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
        well = self._said.failure is None and self._said.ready is not None
        self._closing = True
        if well and self._context.loop.is_running():
            self.post("bye")
        self._child.end(bye_s=BYE_S if well else HURRY_S)
        self._put_away()

    def post(
        self,
        do: str,
        *,
        read: Callable[[Answer], Outcome] = plain_outcome_of,
        members: Mapping[str, JsonValue] | None = None,
    ) -> ProcessOperation:
        """Send a command; `read` is how its answer is read."""
        operation = self._said.begun(do, read)
        hello = self._context.hello
        told = with_trace_codes(do, members or {}, hello.profile, str(hello.institution.get("code")))
        self._send(encode_command(operation.number, do, at=self._now(), **told))
        return operation

    def nonsense(self, line: str) -> ProcessOperation:
        """Send a line that makes no sense; `{id}` and `{at}` in it become the next number and the cashier's time."""
        operation = self._said.begun("nonsense", plain_outcome_of)
        said = line.replace("{id}", str(operation.number)).replace("{at}", self._now())
        self._send(said.encode() + b"\n")
        return operation

    def _now(self) -> str:
        """The cashier's time: the bench's, and once the adapter has said that it keeps its own clock, the machine's."""
        own = self._said.ready is not None and self._said.ready.clock is AdapterClock.OWN
        clock = self._context.machine if own else self._context.clock
        return local_time(clock).strftime("%Y-%m-%d %H:%M:%S")

    def _send(self, line: bytes) -> None:
        child = self._child
        if child is None:
            raise failures.not_running()

        def send() -> None:
            self._context.tape.frame(self._context.name, Direction.SENT, line)
            child.write(line)

        child.in_loop(send)

    def _event(self, name: str, **fields: JsonValue) -> None:
        if self._child is not None and self._context.loop.is_running():
            self._child.in_loop(lambda: self._context.tape.event(self._context.name, name, **fields))

    def _silent(self, what: str) -> AdapterSilent:
        return failures.silent(
            what,
            patience_s=self._context.patience_s,
            began=self._said.ready is not None,
            unended=b"" if self._child is None else self._child.unended,
            tail=self._tail(),
        )

    def _tail(self) -> str:
        return "" if self._log is None else self._log.tail()

    def _put_away(self) -> None:
        if self._log is not None:
            self._log.close()
        self._child = None
        self._log = None

    # What follows runs in the loop's thread.

    def _take_line(self, line: bytes) -> None:
        if self._said.failure is not None:
            return
        message, failure = understood(line)
        if isinstance(message, Answer | Ready):
            self._record_log()
        self._context.tape.frame(self._context.name, Direction.RECEIVED, line)
        failure = self._said.take(message, line, failure)
        if failure is not None:
            self._fail(failure)

    def _take_flood(self, data: bytes) -> None:
        self._context.tape.frame(self._context.name, Direction.RECEIVED, data[: SHOWN * 4])
        self._fail(rubbish(data, f"does not end within {LINE_LIMIT} bytes"))

    def _take_end(self, status: int | None) -> None:
        self._record_log()
        self._context.tape.event(self._context.name, "adapter-ended", status=status, expected=self._closing)
        if not self._closing:
            self._fail(failures.ended(status, began=self._said.ready is not None, tail=self._tail()))

    def _take_deafness(self) -> None:
        if not self._closing:
            self._record_log()
            self._fail(failures.deaf(tail=self._tail()))

    def _record_log(self) -> None:
        data = b"" if self._child is None else self._child.take_log()
        if data:
            self._context.tape.frame(f"{self._context.name}.log", Direction.RECEIVED, data)

    def _fail(self, failure: LiantiaoError) -> None:
        if self._child is not None:
            self._child.stop_reading()
        if self._said.failure is None:
            self._context.tape.event(self._context.name, "adapter-failed", problem=failure.problem)
        self._said.fail(failure)
