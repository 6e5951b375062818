"""The tape: every frame on every line and every event of a run, in order, chained with SM3, written as it happens.

A record is in the file (in the kernel's hands) when `frame` or `event` returns, so a killed run keeps what it saw.
An outgoing frame is recorded before it is sent and an incoming one as soon as it is read: what caused a record stands
before it. Any thread may record; `wait_for` lets a case wait for what a device will do.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, monotonic_ns
from typing import Self, TypeAlias

from harness.clock import Clock
from harness.errors import BenchError
from harness.gm import sm3, sm3_digest
from harness.line.record import (
    CHAIN_SIZE,
    HEAD,
    LENGTH,
    MAGIC,
    ORIGIN,
    Direction,
    JsonValue,
    Kind,
    Record,
    canonical,
    chain,
    made_record,
    parse_body,
)

KEPT_WITHOUT_FILE = 10_000
"""How many records a tape without a file remembers."""
NO_FILE, CLOSED = -1, -2
"""What stands for a file's number when there is none."""
SEARCHED = 1 << 16
"""How many bytes of a tape's end are searched for a whole record whose length is wrong."""


Entry: TypeAlias = tuple[bytes, int, int, int, int, Kind, Direction, str, bytes]
"""A record that nobody has asked for yet, with the chain digest after it and the size of the file that ends with it:
digest, size, number, at_ns, real_ns, kind, direction, channel, data. A plain tuple, for the tape makes one of
everything that happens, and most are never looked at.
"""
_NONE_YET: Entry = (ORIGIN, len(MAGIC), -1, 0, 0, Kind.EVENT, Direction.NONE, "", b"")


class Tape:
    """A tape being written; without `path` its last records are kept in memory, unchained (a device on its own)."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._now_ns = clock.now_ns
        self._path = path
        self._began_ns = monotonic_ns()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0
        self._last = self._begun = _NONE_YET
        """The last record; and the one on its way, until it is the last."""
        self._recent: list[Entry | Record] = []
        self._file = NO_FILE if path is None else self._create(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def head(self) -> str:
        """The chain digest so far, in hex: what a certificate signs; without a file, that of an empty tape."""
        with self._lock:
            return self._settled()[0].hex()

    @property
    def seq(self) -> int:
        """The number that the next record will bear."""
        with self._lock:
            return self._settled()[2] + 1

    def frame(self, channel: str, direction: Direction, data: bytes) -> int:
        """Record bytes on a line; returns the record's number. Raises BenchError when the disk refuses."""
        return self._append(Kind.FRAME, direction, channel, data if type(data) is bytes else bytes(data))

    def event(self, channel: str, name: str, /, **fields: JsonValue) -> int:
        """Record what is not bytes; returns the record's number. Raises BenchError when the disk refuses."""
        fields["event"] = name
        return self._append(Kind.EVENT, Direction.NONE, channel, canonical(fields))

    def volatile(self, name: str, token: str) -> None:
        """Announce a value that differs between equal runs, so that digests can be compared without it."""
        self.event("bench", "volatile", name=name, token=token)

    def recent(self, *, since: int = 0) -> list[Record]:
        """The records still in memory with a number of at least `since`."""
        with self._lock:
            last, entries = self._settled(), self._recent
            start = max(0, since + len(entries) - last[2] - 1)
            found = [entry if isinstance(entry, Record) else _record(entry) for entry in entries[start:]]
            entries[start:] = found
            return found

    def forget(self) -> None:
        """Drop records from memory (not from the file): a case begins."""
        with self._lock:
            self._settled()
            self._recent.clear()

    def wait_for(self, wanted: Callable[[Record], bool], *, since: int, timeout: float) -> Record | None:
        """The first record from number `since` on that is wanted; None after `timeout` real seconds without one."""
        deadline = monotonic() + timeout
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
                return self._changed.wait_for(lambda: self.seq > seen, deadline - monotonic())
            finally:
                self._waiting -= 1

    def close(self) -> None:
        """Flush to the disk and close; recording in the file after that raises BenchError."""
        with self._lock:
            self._settled()
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
            last = self._last
            if last is not self._begun:
                last = self._settled()
            seq, file = last[2] + 1, self._file
            at_ns, real_ns = self._now_ns(), monotonic_ns() - self._began_ns
            if file == NO_FILE:
                if len(self._recent) >= KEPT_WITHOUT_FILE:
                    del self._recent[: KEPT_WITHOUT_FILE // 2]
                self._begun = entry = (ORIGIN, last[1], seq, at_ns, real_ns, kind, direction, channel, data)
            else:
                spelled = channel.encode()
                body = HEAD.pack(kind, direction, seq, at_ns, real_ns, len(spelled)) + spelled + data
                digest = sm3(last[0] + body)
                stored = LENGTH.pack(len(body)) + body + digest
                size = last[1] + len(stored)
                self._begun = entry = (digest, size, seq, at_ns, real_ns, kind, direction, channel, data)
                try:
                    written = os.write(file, stored)
                except OSError as error:
                    self._begun = last
                    raise self._refused(error) from error
                if written != len(stored):
                    self._cut_short(last)
            self._recent.append(entry)
            if self._waiting:
                self._changed.notify_all()
            self._last = entry
            return seq

    def _settled(self) -> Entry:
        """The last record, after a look at whether one that Ctrl-C struck is there: the file then says so."""
        entry, last = self._begun, self._last
        if entry is last:
            return last
        remembered = bool(self._recent) and self._recent[-1] is entry
        if self._file >= 0 and os.lseek(self._file, 0, os.SEEK_CUR) != entry[1]:
            self._back_to(last[1])
        elif self._file >= 0 or remembered:
            if not remembered:
                self._recent.append(entry)
            if self._waiting:
                self._changed.notify_all()
            self._last = entry
        self._begun = self._last
        return self._last

    def _cut_short(self, last: Entry) -> None:
        self._back_to(last[1])
        self._begun = last
        full = _disk_full()
        raise self._refused(full) from full

    def _back_to(self, size: int) -> None:
        os.ftruncate(self._file, size)
        os.lseek(self._file, size, os.SEEK_SET)

    def _refused(self, error: OSError) -> BenchError:
        closed = self._file == CLOSED and error.errno == errno.EBADF
        return BenchError(
            "The tape is closed." if closed else f"The tape {self._path} cannot be written: {error.strerror}.",
            cause="a device recorded after its bench went down" if closed else "the disk is full or went away",
            remedy="report this with the run's folder" if closed else "free some space; the run so far is readable",
        )


def _record(entry: Entry) -> Record:
    _, _, seq, at_ns, real_ns, kind, direction, channel, data = entry
    return made_record(
        seq=seq, at_ns=at_ns, real_ns=real_ns, kind=kind, direction=direction, channel=channel, data=data
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
