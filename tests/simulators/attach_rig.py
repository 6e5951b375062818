"""Attachments that a test starts in a loop of its own, and what they report."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import Queue

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.line.record import Direction, JsonValue, Kind
from harness.line.tape import Tape
from simulators.scanner.attach_protocol import Attachment, Report


class Attached:
    """A started attachment: call it in its loop, read what it received and reported."""

    def __init__(self, loop: LoopThread, make: Callable[[Tape, Report], Attachment]) -> None:
        self.loop = loop
        self.tape = Tape(BenchClock())
        self.chunks: Queue[bytes] = Queue()
        self.reports: Queue[tuple[str, Mapping[str, JsonValue]]] = Queue()
        self.box = make(self.tape, lambda name, fields: self.reports.put((name, fields)))
        loop.call(self.box.start(self.chunks.put))

    @property
    def at(self) -> str:
        """Its address."""
        return str(self.box.address)

    def send(self, data: bytes) -> bool:
        """Record and send."""

        async def send() -> bool:
            return self.box.send(data)

        return self.loop.call(send())

    def drained(self) -> None:
        """Return when all has left."""
        self.loop.call(self.box.drained())

    def do(self, name: str) -> None:
        """Call a method without arguments."""

        async def call() -> None:
            getattr(self.box, name)()

        self.loop.call(call())

    def received(self, size: int) -> bytes:
        """What the host sent, once so much has come."""
        data = b""
        while len(data) < size:
            data += self.chunks.get(timeout=60)
        return data

    def sent(self) -> list[bytes]:
        """The frames on the tape that the box sent."""
        return [r.data for r in self.tape.recent() if r.kind is Kind.FRAME and r.direction is Direction.SENT]


StartAttached = Callable[[Callable[[Tape, Report], Attachment]], Attached]


@contextmanager
def attachments() -> Iterator[StartAttached]:
    """Starts attachments, and stops them at the end."""
    loop = LoopThread()
    started: list[Attached] = []

    def start(make: Callable[[Tape, Report], Attachment]) -> Attached:
        started.append(Attached(loop, make))
        return started[-1]

    try:
        yield start
    finally:
        for attached in started:
            loop.call(attached.box.stop())
        loop.close()
