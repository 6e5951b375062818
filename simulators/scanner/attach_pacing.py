"""The wire's time: bytes leave when a real UART would have finished sending them.

Pieces queue up behind each other as on one wire. The schedule is absolute, so late wake-ups do not add up. Event loops
wake at whole milliseconds, and a scan at 115200 baud takes two and a half; so the wake-ups come from a timerfd where
the kernel has one (Linux), to the microsecond, and from the loop's own timer elsewhere.

Several bytes may be handed over together, at most those of one `TICK_S`; the last byte of a piece has its own wake-up.
"""

import asyncio
import contextlib
import ctypes
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

TICK_S = 0.001
"""The least time between two hand-overs of one piece."""
_CLOCK_MONOTONIC, _TFD_NONBLOCK, _TFD_CLOEXEC, _TFD_ABSTIME = 1, os.O_NONBLOCK, os.O_CLOEXEC, 1
_NS = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("ns", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class FineTimer:
    """One alarm on the monotonic clock (`time.monotonic`), within the running loop."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._library = ctypes.CDLL(None, use_errno=True) if hasattr(os, "O_CLOEXEC") else None
        self._handle: asyncio.TimerHandle | None = None
        self._fd = -1
        try:
            if self._library is not None:
                self._fd = int(self._library.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC))
        except AttributeError:  # not Linux
            self._fd = -1
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._expired)

    def set(self, at: float) -> None:
        """Ring at a moment of `time.monotonic`, instead of any earlier setting."""
        if self._fd >= 0 and self._library is not None:
            seconds, ns = divmod(max(1, int(at * _NS)), _NS)
            setting = _Setting(value=_Timespec(seconds=seconds, ns=ns))
            self._library.timerfd_settime(self._fd, _TFD_ABSTIME, ctypes.byref(setting), None)
            return
        self._cancel()
        self._handle = self._loop.call_later(max(0.0, at - time.monotonic()), self._ring)

    def close(self) -> None:
        """Ring no more; may be called twice."""
        self._cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _expired(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
            self._ring()


@dataclass(frozen=True)
class _Piece:
    units: tuple[bytes, ...]
    unit_s: float
    pause_s: float


class Pacer:
    """One wire's queue. `put` takes bytes at the moment at which their last bit has passed.

    A unit is what passes whole: a byte on a serial line, a report on USB.
    """

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put
        self._queue: deque[_Piece] = deque()
        self._began = 0.0
        self._sent = 0
        self._timer: FineTimer | None = None
        self._idle: asyncio.Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something still passes, or waits."""
        return bool(self._queue)

    def send(self, data: bytes, *, unit_s: float, size: int = 1, pause_s: float = 0.0) -> None:
        """Queue units of `size` bytes that take `unit_s` seconds each, after a pause of the idle wire.

        Call it within the loop. With `unit_s` 0 and nothing before it, the bytes pass at once.
        """
        units = tuple(data[at : at + size] for at in range(0, len(data), size))
        if not units:
            return
        if not self._queue and unit_s <= 0 and pause_s <= 0:
            self._put(data)
            return
        self._queue.append(_Piece(units, unit_s, pause_s))
        if len(self._queue) == 1:
            self._begin(time.monotonic())

    async def drained(self) -> None:
        """Return when the wire is idle."""
        if self._queue:
            if self._idle is None:
                self._idle = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    def discard(self) -> None:
        """Forget what has not passed yet."""
        self._queue.clear()
        self._rest()

    def close(self) -> None:
        """Forget everything and free the timer; may be called twice, and used again after it."""
        self.discard()
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _begin(self, now: float) -> None:
        piece = self._queue[0]
        self._began, self._sent = now + piece.pause_s, 0
        if self._timer is None:
            self._timer = FineTimer(self._pass)
        self._next(now)

    def _next(self, now: float) -> None:
        piece = self._queue[0]
        end = self._began + len(piece.units) * piece.unit_s
        due = max(now + TICK_S, self._began + (self._sent + 1) * piece.unit_s)
        assert self._timer is not None
        self._timer.set(min(due, end))

    def _pass(self) -> None:
        while self._queue:
            piece, now = self._queue[0], time.monotonic()
            count = len(piece.units)
            gone = now - self._began
            due = count if gone >= count * piece.unit_s else max(0, int(gone / piece.unit_s))
            if due > self._sent:
                sent, self._sent = self._sent, due
                self._put(b"".join(piece.units[sent:due]))
            if not self._queue or self._queue[0] is not piece:
                return  # `put` has discarded it
            if due < count:
                self._next(now)
                return
            self._queue.popleft()
            if self._queue:
                self._began += count * piece.unit_s + self._queue[0].pause_s
                self._sent = 0
        self._rest()

    def _rest(self) -> None:
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        self._idle = None
