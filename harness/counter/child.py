"""An adapter's process and its pipes, served by the bench's event loop; knows bytes and lines, not what they say.

The child leads a session and process group of its own, so that ending it ends whatever it started. Should the bench
itself be killed, the child sees the end of its standard input; a group that outlives that is the child's fault, since
nothing a parent can set up before `exec` is free of races.

Its log (standard error) is collected as it comes and given out at moments that do not depend on timing, see `take_log`.
"""

import asyncio
import concurrent.futures
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

from harness.counter.line_fields import escaped
from harness.counter.messages import LINE_LIMIT
from harness.errors import BenchError, ConfigError, SimulatorDefect

T = TypeVar("T")
CHUNK = 1 << 16
ADAPTER_LOG = "adapter.log"
"""The log's name in a run's folder."""
NOTHING_LOGGED = "\n  it logged nothing"
LOG_KEPT = 1 << 20
"""How much of the log one process may put on the tape, in bytes."""
LOG_FILE_LIMIT = 16 << 20
"""How large the log's file may become, in bytes."""
TAIL_BYTES = 4096
TAIL_LINES = 8
TAIL_WIDTH = 200
"""How much of the last log lines a message shows: so many lines, so many characters of each."""
LOOP_S = 30.0
EOF_GRACE_S = 1.0
BYE_S = 2.0
TERMINATE_S = 1.0
KILL_S = 5.0
SILENCE_S = 1.0


def mark_log(folder: Path, text: str) -> None:
    """Put a line of our own into the adapter's log, for whoever looks for what belongs to which case."""
    with _opened(folder / ADAPTER_LOG) as file:
        file.write(f"===== {text} =====\n".encode())


class AdapterLog:
    """What an adapter wrote to standard error: all of it in a bounded file, the part not yet given out in memory."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] | None = _opened(path)
        self._room = LOG_FILE_LIMIT - self._file.tell()
        self._pending = bytearray()
        self._given = 0
        self._tail = b""

    def add(self, data: bytes) -> None:
        """Keep what came."""
        if self._file is not None and self._room > 0:
            self._file.write(data[: self._room])
            self._room -= len(data)
            if self._room <= 0:
                self._file.write(b"\n[cut here: the log is too long]\n")
        self._pending += data[: max(0, LOG_KEPT - self._given - len(self._pending))]
        self._tail = (self._tail + data)[-TAIL_BYTES:]

    def take(self) -> bytes:
        """What came since the last call; nothing more once the tape holds `LOG_KEPT` bytes of it."""
        data, self._pending = bytes(self._pending), bytearray()
        self._given += len(data)
        return data

    def tail(self) -> str:
        """The last lines below a heading, each on a line of its own and indented, to be put behind a message."""
        whole = self._tail if len(self._tail) < TAIL_BYTES else self._tail.partition(b"\n")[2] or self._tail
        lines = [line for line in escaped(whole, keep="\n\t").splitlines() if line.strip()][-TAIL_LINES:]
        shown = (line if len(line) <= TAIL_WIDTH else f"{line[:TAIL_WIDTH]} …" for line in lines)
        return "\n  ".join(["", "its last log lines:", *(f"  {line}" for line in shown)]) if lines else NOTHING_LOGGED

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Child:
    """A running adapter. What begins with `on_` is called in the loop; all else from the case's thread."""

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        loop: asyncio.AbstractEventLoop,
        log: AdapterLog,
        on_line: Callable[[bytes], None],
        on_flood: Callable[[bytes], None],
        on_end: Callable[[int | None], None],
        on_deaf: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._log = log
        self._on_line = on_line
        self._on_flood = on_flood
        self._on_end = on_end
        self._on_deaf = on_deaf
        self._out = bytearray()
        self._in = bytearray()
        self._ended = False
        self._deaf = False
        self._exited = threading.Event()
        self._process = _spawn(command)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin, self._stdout, self._stderr = (
            pipe.fileno() for pipe in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe, False)

    @property
    def pid(self) -> int:
        """The process id, which is the id of its group too."""
        return self._process.pid

    @property
    def unended(self) -> bytes:
        """What it wrote to standard output and has not ended with LF."""
        return bytes(self._in)

    def attach(self) -> None:
        """Begin to listen; from here on the callbacks are called."""
        self.in_loop(self._attach)
        threading.Thread(target=self._wait_for_exit, name="adapter under test", daemon=True).start()

    def in_loop(self, function: Callable[[], T]) -> T:
        """Run a function in the loop's thread and wait for its result. Raises SimulatorDefect when the loop hangs."""
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        try:
            return done.result(LOOP_S)
        except concurrent.futures.TimeoutError as error:
            if done.done():
                raise
            raise SimulatorDefect(
                f"The bench's event loop did not take a command for the adapter within {LOOP_S:.0f} s.",
                cause="a simulator blocks the bench's event loop",
                remedy="report this with the run's folder",
            ) from error

    def write(self, data: bytes) -> None:
        """Send bytes to its standard input; to be called in the loop. A child that is gone is noticed elsewhere."""
        self._out += data
        self._flush()

    def take_log(self) -> bytes:
        """All that it has logged by now and was not given out; to be called in the loop.

        What a child logged before it wrote a line is in its pipe when the line is read, so the log taken with an
        answer is the same in every run.
        """
        self._drain_log()
        return self._log.take()

    def stop_reading(self) -> None:
        """Listen no more to its standard output; to be called in the loop."""
        self._loop.remove_reader(self._stdout)

    def kill(self) -> None:
        """SIGKILL to the whole group, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        self._exited.wait(KILL_S)
        self._finish()

    def end(self, *, bye_s: float = BYE_S) -> None:
        """End its input and give it `bye_s` to go, then terminate, then kill the whole group; nothing of it is left."""
        if self._loop_runs():
            self.in_loop(self._end_input)
        if not self._exited.wait(bye_s):
            self._signal(signal.SIGTERM)
            self._exited.wait(TERMINATE_S)
        self.kill()

    def _attach(self) -> None:
        self._loop.add_reader(self._stdout, self._read_output)
        self._loop.add_reader(self._stderr, self._drain_log)
        self._loop.add_reader(self._stdin, self._note_deafness)  # the end of a pipe that is written is readable then

    def _end_input(self) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.closed:
            return  # its number may be another connection's by now
        self._loop.remove_writer(self._stdin)
        self._loop.remove_reader(self._stdin)
        with contextlib.suppress(OSError):
            stdin.close()

    def _detach(self) -> None:
        self._loop.remove_reader(self._stdout)
        self._loop.remove_reader(self._stderr)
        self._end_input()

    def _read_output(self) -> None:
        data = _read(self._stdout)
        if data == b"":
            self._loop.remove_reader(self._stdout)
            self._loop.call_later(EOF_GRACE_S, self._report_end, None)
        elif data is not None:
            self._take(data)

    def _take(self, data: bytes) -> None:
        self._in += data
        *lines, rest = bytes(self._in).split(b"\n")
        self._in = bytearray(rest)
        for line in lines:
            self._on_line(line + b"\n")
        if len(self._in) > LINE_LIMIT:
            flood, self._in = bytes(self._in), bytearray()
            self._on_flood(flood)

    def _drain_log(self) -> None:
        while True:
            data = _read(self._stderr)
            if data is None:
                return
            if data == b"":
                self._loop.remove_reader(self._stderr)
                return
            self._log.add(data)

    def _flush(self) -> None:
        try:
            while self._out:
                del self._out[: os.write(self._stdin, self._out)]
        except BlockingIOError:
            self._loop.add_writer(self._stdin, self._flush)
            return
        except OSError:
            self._out.clear()
            self._note_deafness()
        self._loop.remove_writer(self._stdin)

    def _wait_for_exit(self) -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._process.wait()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._note_exit)
        self._exited.set()

    def _note_exit(self) -> None:
        if self._ended:
            return
        while (data := _read(self._stdout)) not in {None, b""}:
            self._take(data or b"")
        if self._in:
            partial, self._in = bytes(self._in), bytearray()
            self._on_line(partial)
        self._report_end(self._status())

    def _note_deafness(self) -> None:
        """Nobody holds the other end of its standard input: it closed it, or is ending, which is noticed soon."""
        self._loop.remove_reader(self._stdin)
        if not self._deaf:
            self._deaf = True
            self._loop.call_later(EOF_GRACE_S, self._report_deafness)

    def _report_deafness(self) -> None:
        if not self._ended:
            self._on_deaf()

    def _report_end(self, status: int | None) -> None:
        if not self._ended:
            self._ended = True
            self._on_end(status)

    def _status(self) -> int | None:
        if hasattr(os, "waitid"):
            info = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if info is None:
                return None
            return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
        return self._process.returncode

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None or not hasattr(os, "waitid"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _finish(self) -> None:
        if self._loop_runs():
            self.in_loop(self._last_words)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_S)
        self._await_silence()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _await_silence(self) -> None:
        """Wait until nobody of the killed group holds our pipes any more."""
        held = {self._stdout, self._stderr}
        deadline = time.monotonic() + SILENCE_S
        while held and (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select(list(held), [], [], left)
            held -= {pipe for pipe in ready if _read(pipe) == b""}

    def _loop_runs(self) -> bool:
        return self._loop.is_running() and not self._loop.is_closed()

    def _last_words(self) -> None:
        self._note_exit()
        self._detach()


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("ab", buffering=0)
    except OSError as error:
        raise BenchError(
            f"The adapter's log {path} cannot be written: {error.strerror}.",
            cause="the folder is missing, full or not yours",
            remedy="name another run folder with --runs, or free some space",
        ) from error


def describe_status(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "closed its standard output"
    if status < 0:
        return f"was ended by signal {signal.Signals(-status).name}"
    return f"exited with status {status}"


def _read(pipe: int) -> bytes | None:
    """What is there; empty at the end, None when there is nothing yet."""
    try:
        return os.read(pipe, CHUNK)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _spawn(command: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    if not command:
        raise ConfigError(
            "There is no adapter to test.",
            cause="[counter] has no command",
            remedy='add command = ["java", "-jar", "adapter.jar"] to [counter], or give --adapter',
        )
    program = sys.executable if command[0] == "python" else command[0]
    try:
        return subprocess.Popen(
            [program, *command[1:]],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(
            f"The adapter's command {' '.join(command)!r} cannot be started: {error.strerror}.",
            cause="the program is not installed, its path is wrong, or it may not be executed",
            remedy="try the command by hand in the same folder; `python` means the interpreter that runs Liantiao",
        ) from error
