"""The counter port: what a scenario may ask of a cashier's desk, whatever stands behind it, and the kinds of ports.

    pills = Line.priced("XP000001", "阿莫西林胶囊", price="12.50", quantity="2")
    operation = counter.purchase(Basket.of("A0001", pills))
    if operation.until_scan_please():
        ...                                   # the desk waits for the code: show it now
    outcome = operation.outcome()             # accepted, refused or unknown

A port starts, drives and ends one HIS adapter under test. `docs/counter-port.md` is the page for its vendor.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from harness.clock import Clock
from harness.counter.hall import Insurance, Proof, Screen, TierChange
from harness.counter.hospital import Admission, Asked, By, Slot, Way
from harness.errors import ConfigError, PeerViolation
from harness.line.record import JsonValue
from harness.line.tape import Tape
from harness.money import Fen, format_yuan


class AdapterSilent(PeerViolation):
    """The adapter under test wrote nothing for as long as the bench waits."""


class OutcomeKind(StrEnum):
    """How a request of the cashier ended; unknown is never refused."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why an adapter refused."""

    CODE_EXPIRED = "code-expired"
    CODE_USED = "code-used"
    WRONG_CODE_KIND = "wrong-code-kind"
    NOT_ACTIVATED = "not-activated"
    CODE_UNKNOWN = "code-unknown"
    SCAN_UNREADABLE = "scan-unreadable"
    NOT_SIGNED_IN = "not-signed-in"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a reason
    DECLINED = "declined"
    NOT_ANSWERED = "not-answered"
    AMOUNTS_DISAGREE = "amounts-disagree"
    ALREADY_REFUNDED = "already-refunded"
    NO_ORIGINAL = "no-original"
    VOUCHER_CENTRE_UNAVAILABLE = "voucher-centre-unavailable"
    PLATFORM_UNAVAILABLE = "platform-unavailable"
    PLATFORM_REFUSED = "platform-refused"
    SLOT_TAKEN = "slot-taken"
    NO_SUCH_SLOT = "no-such-slot"
    LOCK_EXPIRED = "lock-expired"
    REFUND_AT_WINDOW = "refund-at-window"
    NOTHING_PENDING = "nothing-pending"
    NOT_THEIRS = "not-theirs"
    NOT_DISCHARGED = "not-discharged"
    HAS_FEES = "has-fees"
    LIBRARY_MISMATCH = "library-mismatch"
    CARD_UNREADABLE = "card-unreadable"
    CARD_UNKNOWN = "card-unknown"
    FACE_MISMATCH = "face-mismatch"
    NOT_IDENTIFIED = "not-identified"


class Ability(StrEnum):
    """What an adapter says it can do."""

    SIGN_IN = "sign-in"
    PURCHASE = "purchase"
    REFUND = "refund"
    TOTALS = "totals"
    BOOKS = "books"
    RESOLVE = "resolve"
    REGISTER = "register"
    """Registrations: slots, lock, release, register."""
    OUTPATIENT = "outpatient"
    """Fees of a visit: fees, pending, pay, refund-part."""
    INPATIENT = "inpatient"
    """A stay: admit, charge, discharge, settle, cancel-admission."""
    ID_CARD = "id-card"
    CARD = "card"
    FACE = "face"
    SELF_SERVICE = "self-service"
    UNATTENDED = "unattended"
    """Goods are released without a cashier: drug cabinet, internet pharmacy."""
    LIBRARIES = "libraries"
    """The two libraries' widths are checked before they are used."""
    HALL = "hall"
    """A self-service terminal of a government hall: insurance, proof, tier."""


class BookState(StrEnum):
    """Where a settlement stands in the adapter's own books."""

    SETTLED = "settled"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class AdapterClock(StrEnum):
    """Whose time an adapter puts on its messages."""

    BENCH = "bench"
    """The cashier's time that each command carries."""
    OWN = "own"
    """Its machine's."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How a total (medfee_sumamt) is paid: pooled fund, personal account and cash, in fen; negative for a refund."""

    total: Fen
    fund: Fen
    account: Fen
    cash: Fen


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a basket; price in yuan with up to 6 decimals and quantity with up to 4, as their wire texts."""

    code: str
    name: str
    price: str
    quantity: str
    amount: Fen
    level: str = "01"
    """Level of the charge item (chrgitm_lv): 01 class A, 02 class B, 03 paid by the person."""
    returns: str = ""
    """Of a return at a ward, with quantity and amount below zero: what it takes back, as `batch:line`, from 1."""

    def as_json(self) -> dict[str, JsonValue]:
        """The line as commands have it."""
        members: dict[str, JsonValue] = {
            "code": self.code,
            "name": self.name,
            "price": self.price,
            "quantity": self.quantity,
            "amount": format_yuan(self.amount),
            "level": self.level,
        }
        return {**members, "returns": self.returns} if self.returns else members

    @classmethod
    def priced(cls, code: str, name: str, *, price: str, quantity: str, level: str = "01") -> "Line":
        """A line whose amount is price times quantity, rounded half up to the fen. Raises ValueError for no numbers."""
        try:
            exact = Decimal(price) * Decimal(quantity) * 100
            amount = Fen(int(exact.to_integral_value(rounding=ROUND_HALF_UP)))
        except InvalidOperation as error:
            raise ValueError(f"price {price!r} and quantity {quantity!r} must be decimal numbers") from error
        return cls(code=code, name=name, price=price, quantity=quantity, amount=amount, level=level)


@dataclass(frozen=True, kw_only=True)
class PendingRecord:
    """Fees that wait to be paid (待缴费): what a doctor ordered at one visit."""

    order: str
    visit: str
    total: Fen
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Basket:
    """What a customer buys under one order number (invono); total and lines may disagree on purpose."""

    order: str
    lines: tuple[Line, ...]
    total: Fen
    use_account: bool = True

    @classmethod
    def of(cls, order: str, *lines: Line, use_account: bool = True) -> "Basket":
        """A basket that adds up."""
        total = Fen(sum(line.amount for line in lines))
        return cls(order=order, lines=lines, total=total, use_account=use_account)

    def as_json(self) -> dict[str, JsonValue]:
        """The members of a purchase command."""
        return {**self.fees_as_json(), "use_account": self.use_account}

    def fees_as_json(self) -> dict[str, JsonValue]:
        """Order, lines and total alone: what a doctor orders says nothing of how it is paid."""
        lines: list[JsonValue] = [line.as_json() for line in self.lines]
        return {"order": self.order, "lines": lines, "total": format_yuan(self.total)}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a request ended; which fields are set depends on `kind` and on what was asked."""

    kind: OutcomeKind
    order: str | None = None
    setl_id: str | None = None
    mdtrt_id: str | None = None
    psn_no: str | None = None
    msgid: str | None = None
    amounts: Amounts | None = None
    reason: Reason | None = None
    """Set when refused."""
    prompt: str | None = None
    """What the cashier reads; set unless accepted."""
    code: str | None = None
    """The other system's own code, where a refusal came from there."""
    slot: str | None = None
    """Of a lock or a registration."""
    until: str | None = None
    """When a lock ends, yyyy-MM-dd HH:mm:ss."""
    batch: str | None = None
    """Of an accepted charge: its chrg_bchno."""
    count: int | None = None
    """Of an accepted charge: how many lines were uploaded."""
    records: tuple[PendingRecord, ...] = ()
    """Of an accepted question for what is pending."""
    refunded: str | None = None
    """Of a partial refund: setl_id of the 2208 that undid the settlement before."""
    insurances: tuple[Insurance, ...] = ()
    """Of an accepted question for one's insurance in a hall."""
    proof: Proof | None = None
    """Of an accepted proof of contributions."""
    tier: TierChange | None = None
    """Of an accepted change of tier."""

    @property
    def accepted(self) -> bool:
        """Whether it was done."""
        return self.kind is OutcomeKind.ACCEPTED

    @property
    def refused(self) -> bool:
        """Whether it was certainly not done."""
        return self.kind is OutcomeKind.REFUSED

    @property
    def unknown(self) -> bool:
        """Whether nobody at the counter knows."""
        return self.kind is OutcomeKind.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Totals:
    """A day at the counter: settlements of that day less refunds of that day; amounts likewise, in fen."""

    count: int
    amounts: Amounts


@dataclass(frozen=True, kw_only=True)
class BooksEntry:
    """One settlement (2102) in the adapter's books: its msgid and what became of it; amounts as settled, in fen."""

    order: str
    setl_id: str | None
    msgid: str
    infno: str
    state: BookState
    amounts: Amounts


@dataclass(frozen=True, kw_only=True)
class Ready:
    """How an adapter introduces itself."""

    adapter: str
    version: str
    clock: AdapterClock
    can: frozenset[Ability]
    bits: int = 64
    """Width of the adapter's process, 32 or 64: that of the libraries it can load."""


@dataclass(frozen=True, kw_only=True)
class Hello:
    """What an adapter is told first: where it is, who works there, and where everything is.

    `profile` says how the province differs; `endpoints` are in the bench file's notation.
    """

    institution: Mapping[str, JsonValue]
    operator: Mapping[str, JsonValue]
    endpoints: Mapping[str, str]
    profile: Mapping[str, JsonValue]
    state_dir: Path
    seed: int
    connect_s: float = 2.0
    reply_s: float = 1.0
    scan: Mapping[str, float | str] = field(default_factory=lambda: {"idle_s": 0.05, "baud": 9600})
    kind: str = ""
    """What the counter is: pharmacy, hospital or hall; empty: not said."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Paths of the two libraries, `voucher` and `settlement`; empty: not said."""


class Operation(Protocol):
    """Something the desk is busy with."""

    def until_scan_please(self) -> bool:
        """Wait until the desk asks for a (further) scan: True; False when it ended without. Raises PeerViolation."""
        ...

    def until_asked(self) -> Asked | None:
        """Wait until the desk asks for something (more) to be shown or typed; None when it ended without."""
        ...

    def until_journalled(self, infno: str) -> str | None:
        """Wait until a message of this transaction stands in the journal; its msgid, or None when it ended without."""
        ...

    def outcome(self) -> Outcome:
        """Wait for the end. Raises PeerViolation when the adapter dies, falls silent or breaks the protocol."""
        ...


class CounterPort(Protocol):
    """A cashier's desk. Every call raises PeerViolation when the adapter behind it breaks the port's rules."""

    @property
    def ready(self) -> Ready:
        """How the adapter introduced itself."""
        ...

    @property
    def works(self) -> bool:
        """Whether the adapter is there and has not failed since its start."""
        ...

    @property
    def idle(self) -> bool:
        """Whether it works and has answered every command, so that the next case may use it."""
        ...

    def start(self) -> None:
        """Start the adapter and wait until it is ready. Raises ConfigError when it cannot be started."""
        ...

    def sign_in(self) -> Outcome:
        """Begin the cashier's day (9001)."""
        ...

    def purchase(self, basket: Basket, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Sell a basket to whoever shows a code, or is identified otherwise."""
        ...

    def start_refund(self, order: str, *, way: Way | None = None) -> Operation:
        """Begin to take an order back in full."""
        ...

    def refund(self, order: str, *, way: Way | None = None) -> Outcome:
        """Take an order back in full (2103, 2208, 2305); a registration `online` or at the window."""
        ...

    def slots(self, day: date) -> tuple[Slot, ...]:
        """What can be registered for on a day."""
        ...

    def lock(self, order: str, slot: str) -> Outcome:
        """Hold a slot until it is paid or the lock ends (锁号)."""
        ...

    def release(self, order: str) -> Outcome:
        """Give an unpaid lock up."""
        ...

    def register(self, order: str, *, by: By = By.CODE, way: Way = Way.WINDOW, use_account: bool = True) -> Operation:
        """Pay for the locked slot: 2201, 2203, 2204, 2206, 2207."""
        ...

    def fees(self, basket: Basket, *, visit: str) -> Outcome:
        """A doctor orders what becomes a pending record of the registration's patient."""
        ...

    def pending(self, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Which records wait for whoever is identified."""
        ...

    def pay(self, order: str, *, by: By = By.CODE, way: Way = Way.WINDOW, use_account: bool = True) -> Operation:
        """Pay a pending record: 2203, 2204, 2206, 2207."""
        ...

    def refund_part(
        self,
        order: str,
        keep: tuple[int, ...],
        *,
        by: By = By.CODE,
        way: Way = Way.WINDOW,
        use_account: bool = True,
    ) -> Operation:
        """Take back all lines but those kept (from 0): 2208, 2205, 2204, 2206, 2207."""
        ...

    def admit(self, order: str, admission: Admission, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Admit to hospital whoever is identified (2401)."""
        ...

    def charge(self, order: str, lines: tuple[Line, ...]) -> Outcome:
        """Upload fees of a stay (2301); a return has quantity and amount below zero."""
        ...

    def start_charge(self, order: str, lines: tuple[Line, ...]) -> Operation:
        """Begin to upload fees of a stay."""
        ...

    def discharge(self, order: str, *, way_out: str = "1") -> Outcome:
        """End a stay (2402); `way_out` is dscg_way."""
        ...

    def settle(
        self,
        order: str,
        *,
        by: By = By.CODE,
        way: Way = Way.WINDOW,
        use_account: bool = True,
        interim: bool = False,
    ) -> Operation:
        """Settle a stay with whoever is identified anew: 2303, 2304."""
        ...

    def cancel_admission(self, order: str) -> Outcome:
        """Undo an admission (2404)."""
        ...

    def insurance(self, *, by: By = By.CODE) -> Operation:
        """In a hall: show the insurance of whoever is identified."""
        ...

    def proof(self, *, by: By = By.CODE) -> Operation:
        """In a hall: print a proof of contributions for whoever is identified."""
        ...

    def tier(self, tier: str, *, by: By = By.CODE) -> Operation:
        """In a hall: change the contribution tier of whoever is identified."""
        ...

    def leave(self) -> Outcome:
        """In a hall: the person presses the key that ends their session."""
        ...

    def screen(self) -> Screen:
        """In a hall: what stands on the terminal's own screen now."""
        ...

    def totals(self, day: date) -> Totals:
        """What the adapter's books say of a day."""
        ...

    def books(self) -> tuple[BooksEntry, ...]:
        """Every settlement the adapter ever sent, with what became of it."""
        ...

    def resolve(self) -> Outcome:
        """Find out what became of every unknown outcome; accepted when none is left."""
        ...

    def kill(self) -> None:
        """Crash the adapter where it stands."""
        ...

    def restart(self) -> None:
        """Start it again with what it kept."""
        ...

    def close(self) -> None:
        """End it and whatever it started; may be called twice."""
        ...


@dataclass(frozen=True, kw_only=True)
class PortContext:
    """What the bench gives a counter port. `folder` takes the adapter's log; `loop` is the bench's, in its thread."""

    name: str = "counter"
    clock: Clock
    tape: Tape
    loop: asyncio.AbstractEventLoop
    hello: Hello
    command: tuple[str, ...] = ()
    folder: Path
    patience_s: float = 20.0


PortKind = Callable[[PortContext], CounterPort]
"""Makes a port that is not started yet."""


class PortKinds:
    """The kinds of ports by the name they have in the bench file (`[counter] port = "process"`)."""

    def __init__(self) -> None:
        self._kinds: dict[str, PortKind] = {}

    def register(self, name: str, kind: PortKind) -> None:
        """Offer a kind of port. Raises ValueError when the name is taken."""
        if name in self._kinds:
            raise ValueError(f"there is a port {name!r} already")
        self._kinds[name] = kind

    def names(self) -> tuple[str, ...]:
        """Every kind, sorted."""
        return tuple(sorted(self._kinds))

    def check(self, name: str) -> None:
        """Raises ConfigError for a kind that does not exist."""
        if name not in self._kinds:
            raise ConfigError(
                f"[counter]: there is no port {name!r}.",
                cause="a slip of the pen, or a port of another version",
                remedy=f"use one of: {', '.join(self.names())}",
            )

    def create(self, name: str, context: PortContext) -> CounterPort:
        """A port of a kind, not started yet. Raises ConfigError for a kind that does not exist."""
        self.check(name)
        return self._kinds[name](context)
