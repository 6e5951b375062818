"""The bench under load, up in a process of its own: the driver must not share an interpreter with what it loads.

    with bench_process(file, tape) as bench:
        bench.addresses["platform"]["at"]
        bench.usage()                       # what processor time the bench had so far, and how long it waited for it

Real devices of the bench file are passed through; with none but real ones nothing is started.
"""

import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.errors import BenchError, LiantiaoError
from harness.line.tls import ClientTls

START_S = 60.0
END_S = 15.0
USAGE = "usage"


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Processor seconds that a process has had, all threads together, and seconds that it was ready and had to wait.

    The second is what others on the machine take from it; 0 where the kernel does not tell (it is Linux's schedstat).
    """

    had_s: float
    waited_s: float

    def since(self, before: "Usage") -> "Usage":
        """What came after an earlier moment."""
        return Usage(had_s=self.had_s - before.had_s, waited_s=self.waited_s - before.waited_s)


def own_usage() -> Usage:
    """Of this process, so far."""
    waited_ns = 0
    for told in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError, IndexError, ValueError):  # the thread has just ended, or the kernel keeps no account
            waited_ns += int(told.read_text(encoding="ascii").split()[1])
    return Usage(had_s=time.process_time(), waited_s=waited_ns / 1e9)


class LoadedBench:
    """A bench in another process; `addresses` is by device name, `by_kind` gives the address of a kind."""

    def __init__(self, addresses: dict[str, dict[str, str]], tls: dict[str, ClientTls], line: Connection) -> None:
        self.addresses = addresses
        self._tls = tls
        self._line = line

    def by_kind(self, kind: str) -> str:
        """Where the device of a kind is. Raises BenchError when the bench has none."""
        for device in self.addresses.values():
            if device["kind"] == kind:
                return device["at"]
        raise BenchError(
            f"The bench has no device of kind {kind!r}.",
            cause="this load needs one",
            remedy=f"add a table [device.{kind}] to the bench file",
        )

    def towards(self, kind: str) -> ClientTls:
        """Whom to trust, and what to show, when the device of a kind is called."""
        return self._tls[kind]

    def usage(self) -> Usage:
        """What the bench's process had so far. Raises BenchError when it is gone."""
        try:
            self._line.send(USAGE)
            told = self._line.recv()
        except (OSError, EOFError) as error:
            raise _gone() from error
        assert isinstance(told, Usage)
        return told


@contextmanager
def bench_process(file: BenchFile, tape: Path) -> Iterator[LoadedBench]:
    """Bring a bench up in a process of its own; its tape is whole when this ends. Raises what bringing it up raises."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(file, tape, theirs), name="bench", daemon=False)
    process.start()
    theirs.close()
    try:
        if not ours.poll(START_S):
            raise _gone()
        try:
            said = ours.recv()
        except EOFError as error:
            raise _gone() from error
        if isinstance(said, LiantiaoError):
            raise said
        addresses, tls = said
        yield LoadedBench(addresses, tls, ours)
    finally:
        ours.close()
        process.join(END_S)
        if process.is_alive():
            process.kill()
            process.join()


def _serve(file: BenchFile, tape: Path, line: Connection) -> None:
    """The other process: up until its line is closed. Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Bench(file, tape_path=tape) as bench:
            tls = {device.spec.kind: bench.towards(device.spec.kind) for device in bench.devices.values()}
            line.send((bench.addresses(), tls))
            while line.recv() == USAGE:
                line.send(own_usage())
    except LiantiaoError as error:
        line.send(error)
    except (EOFError, OSError):
        return


def _gone() -> BenchError:
    return BenchError(
        "The bench's process is gone, or never came up.",
        cause="it was killed, or ran out of memory",
        remedy="bring it up by `liantiao up` to see what it says",
    )
