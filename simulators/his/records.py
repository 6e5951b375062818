"""What a hospital's counter keeps in its journal besides settlements: locks, visits, records to pay, uploads, stays.

Each is a document of the journal, durable when a call returns. Whether something is paid is nowhere written twice: it
follows from the settlements of its order.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from simulators.his.journal import Journal
from simulators.his.sale import SaleLine


class UploadState(StrEnum):
    """Where the details of one upload stand at the platform."""

    SENT = "sent"
    """2204 or 2301 is written, its result is not, or is unknown."""
    THERE = "there"
    GONE = "gone"
    """Withdrawn, or never arrived."""


class VisitState(StrEnum):
    """Where a visit stands at the platform."""

    OPENING = "opening"
    """2201 is written, its result is not, or is unknown."""
    OPEN = "open"
    CLOSED = "closed"


class StayState(StrEnum):
    """Where a stay in hospital stands."""

    ADMITTING = "admitting"
    """2401 is written, its result is not, or is unknown."""
    ADMITTED = "admitted"
    LEAVING = "leaving"
    """2402 is written, its result is not, or is unknown."""
    CANCELLING = "cancelling"
    """2404 is written, its result is not, or is unknown."""
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"


class Plan(StrEnum):
    """What a refund under way is to leave behind."""

    NONE = ""
    WHOLE = "whole"
    PART = "part"


@dataclass(frozen=True, kw_only=True)
class Patient:
    """Who a visit or stay is of, as the platform knows them."""

    psn_no: str
    insutype: str
    insuplc: str


@dataclass(frozen=True, kw_only=True)
class Registration:
    """An order for a slot: a lock (锁号) until it is paid."""

    order: str
    slot: str
    until: str
    """When the unpaid lock ends, yyyy-MM-dd HH:mm:ss."""
    released: bool = False
    """The slot is free again: given up, failed, or refunded."""
    visit: str = ""
    """Own number (ipt_otp_no) of its visit, the last one begun."""
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class Visit:
    """An outpatient visit under our own number (ipt_otp_no)."""

    number: str
    order: str
    patient: Patient
    begun: str
    content: str
    """The input of its 2201, as JSON."""
    msgid: str = ""
    """Of its 2201."""
    mdtrt_id: str = ""
    state: VisitState = VisitState.OPENING


@dataclass(frozen=True, kw_only=True)
class Record:
    """Fees that a doctor ordered at a visit (待缴费)."""

    order: str
    registration: str
    lines: tuple[SaleLine, ...]
    keep: tuple[int, ...] = ()
    """The lines that a partial refund under way keeps."""
    plan: Plan = Plan.NONE
    closed: bool = False
    """Refunded whole: not to be paid any more."""

    @property
    def total(self) -> int:
        """What it comes to, in fen."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The four amounts that the platform gives each upload, in fen (result[] of 2204 and 2301, added up)."""

    own_pay: int = 0
    over_limit: int = 0
    paid_first: int = 0
    in_scope: int = 0


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Details of fees sent in one message; `number` is ours, `batch` is chrg_bchno."""

    number: str
    batch: str
    order: str
    mdtrt_id: str
    patient: Patient
    inpatient: bool
    lines: tuple[SaleLine, ...]
    details: tuple[str, ...]
    """feedetl_sn of each line."""
    msgid: str = ""
    scope: Scope = Scope()
    state: UploadState = UploadState.SENT
    settled_by: str = ""
    """msgid of the settlement that holds it, if that one stands."""

    @property
    def total(self) -> int:
        """What it comes to, in fen."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Stay:
    """A stay in hospital under our own number (ipt_no = order)."""

    order: str
    patient: Patient
    msgid: str
    """Of its 2401."""
    at: str
    dept_code: str
    dept_name: str
    bed: str
    diagnosis: tuple[str, str]
    doctor: tuple[str, str]
    mdtrt_id: str = ""
    state: StayState = StayState.ADMITTING
    way_out: str = ""
    """dscg_way, once discharge was asked for."""
    left_at: str = ""
    changed_by: str = ""
    """msgid of the last 2402 or 2404."""


T = TypeVar("T", Registration, Visit, Record, Upload, Stay)


class Shelf(Generic[T]):
    """All documents of one kind."""

    def __init__(self, journal: Journal, kind: str, read: Callable[[dict[str, object]], T], key: str) -> None:
        self._journal = journal
        self._kind = kind
        self._read: Callable[[dict[str, object]], T] = read
        self._key = key

    def put(self, document: T) -> T:
        """Keep a document, new or changed; returns it."""
        row = asdict(document)
        self._journal.keep(self._kind, str(row[self._key]), json.dumps(row, ensure_ascii=False))
        return document

    def get(self, key: str) -> T | None:
        """A document by its key."""
        body = self._journal.document(self._kind, key)
        return None if body is None else self._read(json.loads(body))

    def all(self) -> list[T]:
        """Every document, the oldest first."""
        return [self._read(json.loads(body)) for body in self._journal.documents(self._kind)]


class Records:
    """The shelves of a hospital's counter."""

    def __init__(self, journal: Journal) -> None:
        self.registrations = Shelf(journal, "registration", _registration, "order")
        self.visits = Shelf(journal, "visit", _visit, "number")
        self.records = Shelf(journal, "record", _record, "order")
        self.uploads = Shelf(journal, "upload", _upload, "number")
        self.stays = Shelf(journal, "stay", _stay, "order")


def _registration(row: dict[str, object]) -> Registration:
    return Registration(**row)  # type: ignore[arg-type] # rows are what asdict wrote


def _visit(row: dict[str, object]) -> Visit:
    return Visit(**(row | {"patient": _patient(row), "state": VisitState(str(row["state"]))}))  # type: ignore[arg-type] # likewise


def _record(row: dict[str, object]) -> Record:
    keep = row["keep"]
    assert isinstance(keep, list)
    more = {"lines": _lines(row), "keep": tuple(keep), "plan": Plan(str(row["plan"]))}
    return Record(**(row | more))  # type: ignore[arg-type] # likewise


def _upload(row: dict[str, object]) -> Upload:
    details, scope = row["details"], row["scope"]
    assert isinstance(details, list)
    assert isinstance(scope, dict)
    more = {"patient": _patient(row), "lines": _lines(row), "details": tuple(details), "scope": Scope(**scope)}
    return Upload(**(row | more | {"state": UploadState(str(row["state"]))}))  # type: ignore[arg-type] # likewise


def _stay(row: dict[str, object]) -> Stay:
    diagnosis, doctor = row["diagnosis"], row["doctor"]
    assert isinstance(diagnosis, list)
    assert isinstance(doctor, list)
    more = {"patient": _patient(row), "diagnosis": tuple(diagnosis), "doctor": tuple(doctor)}
    return Stay(**(row | more | {"state": StayState(str(row["state"]))}))  # type: ignore[arg-type] # likewise


def _patient(row: dict[str, object]) -> Patient:
    patient = row["patient"]
    assert isinstance(patient, dict)
    return Patient(**patient)


def _lines(row: dict[str, object]) -> tuple[SaleLine, ...]:
    lines = row["lines"]
    assert isinstance(lines, list)
    return tuple(SaleLine(**{**line, "trace_codes": tuple(line.get("trace_codes", ()))}) for line in lines)
