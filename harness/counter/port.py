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


class Ability(StrEnum):
    """What an adapter says it can do."""

    SIGN_IN = "sign-in"
    PURCHASE = "purchase"
    REFUND = "refund"
    TOTALS = "totals"
    BOOKS = "books"
    RESOLVE = "resolve"


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
        lines: list[JsonValue] = [
            {
                "code": line.code,
                "name": line.name,
                "price": line.price,
                "quantity": line.quantity,
                "amount": format_yuan(line.amount),
                "level": line.level,
            }
            for line in self.lines
        ]
        return {
            "order": self.order,
            "lines": lines,
            "total": format_yuan(self.total),
            "use_account": self.use_account,
        }


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


class Operation(Protocol):
    """Something the desk is busy with."""

    def until_scan_please(self) -> bool:
        """Wait until the desk asks for a (further) scan: True; False when it ended without. Raises PeerViolation."""
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

    def purchase(self, basket: Basket) -> Operation:
        """Sell a basket to whoever shows a code."""
        ...

    def start_refund(self, order: str) -> Operation:
        """Begin to take an order back in full."""
        ...

    def refund(self, order: str) -> Outcome:
        """Take an order back in full (2103)."""
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
