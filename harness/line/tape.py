"""The tape: every frame on every line and every event of a run, in order, chained with SM3, written as it happens.

A record is in the file (in the kernel's hands) when `frame` or `event` returns, so a killed run keeps what it saw.
An outgoing frame is recorded before it is sent and an incoming one as soon as it is read: what caused a record stands
before it. Any thread may record; `wait_for` lets a case wait for what a device will do.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from harness.clock import Clock
from harness.errors import BenchError
from harness.gm import sm3_digest
from harness.line.record import (
    CHAIN_SIZE,
    LENGTH,
    MAGIC,
    ORIGIN,
    Direction,
    JsonValue,
    Kind,
    Record,
    chain,
    event_data,
    made_record,
    parse_body,
)

KEPT_WITHOUT_FILE = 10_000
"""How many records a tape without a file remembers."""
NO_FILE, CLOSED = -1, -2
"""What stands for a file's number when there is none."""
SEARCHED = 1 << 16
"""How many bytes of a tape's end are searched for a whole record whose length is wrong."""


class _Unsettled(NamedTuple):
    """A record on its way into the file, which grows from `before` to `after` bytes by it."""

    record: Record
    digest: bytes
    before: int
    after: int


class Tape:
    """A tape being written; without `path` it is kept in memory alone (a device that runs on its own)."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._chain = ORIGIN
        self._seq = 0
        self._began_ns = time.monotonic_ns()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0
        self._unsettled: _Unsettled | None = None
        self._recent: list[Record] = []
        self._file = NO_FILE if path is None else self._create(path)
        self._size = len(MAGIC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def head(self) -> str:
        """The chain digest so far, in hex: what a certificate signs."""
        with self._lock:
            self._settle()
            return self._chain.hex()

    @property
    def seq(self) -> int:
        """The number that the next record will bear."""
        with self._lock:
            self._settle()
            return self._seq

    def frame(self, channel: str, direction: Direction, data: bytes) -> int:
        """Record bytes on a line; returns the record's number. Raises BenchError when the disk refuses."""
        return self._append(Kind.FRAME, direction, channel, bytes(data))

    def event(self, channel: str, name: str, /, **fields: JsonValue) -> int:
        """Record what is not bytes; returns the record's number. Raises BenchError when the disk refuses."""
        return self._append(Kind.EVENT, Direction.NONE, channel, event_data(name, fields))

    def volatile(self, name: str, token: str) -> None:
        """Announce a value that differs between equal runs, so that digests can be compared without it."""
        self.event("bench", "volatile", name=name, token=token)

    def recent(self, *, since: int = 0) -> list[Record]:
        """The records still in memory with a number of at least `since`."""
        with self._lock:
            self._settle()
            first = self._recent[0].seq if self._recent else self._seq
            return self._recent[max(0, since - first) :]

    def forget(self) -> None:
        """Drop records from memory (not from the file): a case begins."""
        with self._lock:
            self._settle()
            self._recent.clear()

    def wait_for(self, wanted: Callable[[Record], bool], *, since: int, timeout: float) -> Record | None:
        """The first record from number `since` on that is wanted; None after `timeout` real seconds without one."""
        deadline = time.monotonic() + timeout
        looked = since
        while True:
            with self._lock:
                fresh, seen = self.recent(since=looked), self.seq
            for record in fresh:
                if wanted(record):
                    return record
            looked = max(looked, seen)
            if not self._grown(looked, deadline):
                return None

    def _grown(self, seen: int, deadline: float) -> bool:
        with self._lock:
            self._waiting += 1
            try:
                return self._changed.wait_for(lambda: self._seq > seen, deadline - time.monotonic())
            finally:
                self._waiting -= 1

    def close(self) -> None:
        """Flush to the disk and close; recording in the file after that raises BenchError."""
        with self._lock:
            self._settle()
            file, self._file = self._file, CLOSED if self._file >= 0 else self._file
            if file >= 0:
                try:
                    os.fsync(file)
                except OSError as error:
                    raise self._refused(error) from error
                finally:
                    os.close(file)

    def _create(self, path: Path) -> int:
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                if os.write(file, MAGIC) != len(MAGIC):
                    raise _disk_full()
            except OSError:
                os.close(file)
                raise
        except OSError as error:
            raise BenchError(
                f"The tape {path} cannot be written: {error.strerror}.",
                cause="the folder is missing, full or not yours, or the tape exists already",
                remedy="name another run folder with --runs, or free some space",
            ) from error
        return file

    def _append(self, kind: Kind, direction: Direction, channel: str, data: bytes) -> int:
        with self._lock:
            self._settle()
            record = made_record(
                seq=self._seq,
                at_ns=self._clock.now_ns(),
                real_ns=time.monotonic_ns() - self._began_ns,
                kind=kind,
                direction=direction,
                channel=channel,
                data=data,
            )
            body = record.body()
            digest = chain(self._chain, body)
            stored = LENGTH.pack(len(body)) + body + digest
            self._unsettled = _Unsettled(record, digest, self._size, self._size + len(stored))
            if self._file != NO_FILE:
                self._write(stored)
            elif len(self._recent) >= KEPT_WITHOUT_FILE:
                del self._recent[: KEPT_WITHOUT_FILE // 2]
            self._take(record, digest)
            self._unsettled = None
            return record.seq

    def _take(self, record: Record, digest: bytes) -> None:
        if not self._recent or self._recent[-1] is not record:
            self._recent.append(record)
        self._chain = digest
        self._seq = record.seq + 1
        if self._waiting:
            self._changed.notify_all()

    def _settle(self) -> None:
        # Ctrl-C may strike between the write and what remembers it: the file then says whether the record is there.
        if self._unsettled is None:
            return
        unsettled = self._unsettled
        if self._file < 0:
            written = bool(self._recent) and self._recent[-1] is unsettled.record
        else:
            written = os.lseek(self._file, 0, os.SEEK_CUR) == unsettled.after
            if not written:
                self._back_to(unsettled.before)
        if written:
            self._size = unsettled.after
            self._take(unsettled.record, unsettled.digest)
        self._unsettled = None

    def _write(self, stored: bytes) -> None:
        try:
            if os.write(self._file, stored) != len(stored):
                self._back_to(self._size)
                raise _disk_full()
        except OSError as error:
            self._unsettled = None
            raise self._refused(error) from error
        self._size += len(stored)

    def _back_to(self, size: int) -> None:
        os.ftruncate(self._file, size)
        os.lseek(self._file, size, os.SEEK_SET)
        self._size = size

    def _refused(self, error: OSError) -> BenchError:
        closed = self._file == CLOSED and error.errno == errno.EBADF
        return BenchError(
            "The tape is closed." if closed else f"The tape {self._path} cannot be written: {error.strerror}.",
            cause="a device recorded after its bench went down" if closed else "the disk is full or went away",
            remedy="report this with the run's folder" if closed else "free some space; the run so far is readable",
        )


def _disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass(frozen=True, kw_only=True)
class ChainBreak:
    """Where a tape stops being trustworthy."""

    offset: int
    seq: int
    cut_short: bool
    """The file just ends inside a record, as after a crash; else its content was changed."""

    def __str__(self) -> str:
        what = "the tape ends in the middle of" if self.cut_short else "the chain breaks at"
        return f"{what} record {self.seq}, byte {self.offset} of the file"


@dataclass(frozen=True, kw_only=True)
class TapeReading:
    """All of a tape up to its end or its first break."""

    records: tuple[Record, ...]
    head: str
    broken: ChainBreak | None


def read_tape(path: Path) -> TapeReading:
    """Read and check a tape; a damaged one is read up to the damage. Raises BenchError when there is none at all."""
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise BenchError(
            f"The tape {path} cannot be read: {error.strerror}.",
            cause="this is not the folder of a run, or the run never started",
            remedy="name a folder below runs/ that holds a tape.bin",
        ) from error
    records: list[Record] = []
    digest = ORIGIN
    broken = None
    if not stored.startswith(MAGIC):
        broken = ChainBreak(offset=0, seq=0, cut_short=MAGIC.startswith(stored))
    else:
        for offset, body, claimed in _stored_records(stored):
            record = None if claimed is None or claimed != chain(digest, body) else _parsed(body, seq=len(records))
            if claimed is None or record is None:
                cut_short = claimed is None and not _hidden_whole(digest, stored[offset + LENGTH.size :])
                broken = ChainBreak(offset=offset, seq=len(records), cut_short=cut_short)
                break
            records.append(record)
            digest = claimed
    return TapeReading(records=tuple(records), head=digest.hex(), broken=broken)


def _stored_records(stored: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    offset = len(MAGIC)
    while offset < len(stored):
        start = offset + LENGTH.size
        size = LENGTH.unpack_from(stored, offset)[0] if start <= len(stored) else 0
        end = start + size + CHAIN_SIZE
        if end > len(stored):
            yield offset, b"", None
            return
        yield offset, stored[start : start + size], stored[start + size : end]
        offset = end


def _parsed(body: bytes, *, seq: int) -> Record | None:
    try:
        record = parse_body(body)
    except ValueError:
        return None
    return record if record.seq == seq else None


def _hidden_whole(digest: bytes, rest: bytes) -> bool:
    """Whether a record that seems to reach beyond the end is there all the same: then its length was changed."""
    computation = sm3_digest()
    computation.update(digest)
    for size in range(min(SEARCHED, len(rest) - CHAIN_SIZE + 1)):
        if computation.copy().digest() == rest[size : size + CHAIN_SIZE]:
            return True
        computation.update(rest[size : size + 1])
    return False
