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
from typing import Self

from harness.clock import Clock
from harness.errors import BenchError
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
    parse_body,
)

KEPT_WITHOUT_FILE = 10_000
"""How many records a tape without a file remembers."""


class Tape:
    """A tape being written; without `path` it is kept in memory alone (a device that runs on its own)."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._chain = ORIGIN
        self._seq = 0
        self._began_ns = time.monotonic_ns()
        self._changed = threading.Condition()
        self._recent: list[Record] = []
        self._file = -1 if path is None else self._create(path)
        self._size = len(MAGIC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def head(self) -> str:
        """The chain digest so far, in hex: what a certificate signs."""
        return self._chain.hex()

    @property
    def seq(self) -> int:
        """The number that the next record will bear."""
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
        with self._changed:
            first = self._recent[0].seq if self._recent else 0
            return self._recent[max(0, since - first) :]

    def forget(self) -> None:
        """Drop records from memory (not from the file): a case begins."""
        with self._changed:
            self._recent.clear()

    def wait_for(self, wanted: Callable[[Record], bool], *, since: int, timeout: float) -> Record | None:
        """The first record from number `since` on that is wanted; None after `timeout` real seconds without one."""
        deadline = time.monotonic() + timeout
        with self._changed:
            looked = since
            while True:
                first = self._recent[0].seq if self._recent else self._seq
                for record in self._recent[max(0, looked - first) :]:
                    if wanted(record):
                        return record
                looked = self._seq
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return None

    def close(self) -> None:
        """Flush to the disk and close; recording after that raises BenchError."""
        with self._changed:
            if self._file >= 0:
                os.fsync(self._file)
                os.close(self._file)
                self._file = -2

    def _create(self, path: Path) -> int:
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            os.write(file, MAGIC)
        except OSError as error:
            raise BenchError(
                f"The tape {path} cannot be written: {error.strerror}.",
                cause="the folder is missing, full or not yours, or the tape exists already",
                remedy="name another run folder with --runs, or free some space",
            ) from error
        return file

    def _append(self, kind: Kind, direction: Direction, channel: str, data: bytes) -> int:
        with self._changed:
            record = Record(
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
            if self._file != -1:
                self._write(LENGTH.pack(len(body)) + body + digest)
            elif len(self._recent) >= KEPT_WITHOUT_FILE:
                del self._recent[: KEPT_WITHOUT_FILE // 2]
            self._chain = digest
            self._seq += 1
            self._recent.append(record)
            self._changed.notify_all()
            return record.seq

    def _write(self, stored: bytes) -> None:
        try:
            self._write_whole(stored)
        except OSError as error:
            closed = self._file < 0
            raise BenchError(
                "The tape is closed." if closed else f"The tape {self._path} cannot be written: {error.strerror}.",
                cause="a device recorded after its bench went down" if closed else "the disk is full or went away",
                remedy="report this with the run's folder" if closed else "free some space; the run so far is readable",
            ) from error
        self._size += len(stored)

    def _write_whole(self, stored: bytes) -> None:
        if os.write(self._file, stored) != len(stored):
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


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
            expected = None if claimed is None else chain(digest, body)
            if claimed is None or claimed != expected:
                broken = ChainBreak(offset=offset, seq=len(records), cut_short=claimed is None)
                break
            records.append(parse_body(body))
            digest = claimed
    return TapeReading(records=tuple(records), head=digest.hex(), broken=broken)


def _stored_records(stored: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    offset = len(MAGIC)
    while offset < len(stored):
        if offset + LENGTH.size > len(stored):
            yield offset, b"", None
            return
        (size,) = LENGTH.unpack_from(stored, offset)
        start = offset + LENGTH.size
        end = start + size + CHAIN_SIZE
        if end > len(stored):
            yield offset, b"", None
            return
        yield offset, stored[start : start + size], stored[start + size : end]
        offset = end
