"""The counter port: what a scenario may ask of a cashier's desk, whatever stands behind it.

    pills = Line.priced("XP000001", "阿莫西林胶囊", price="12.50", quantity="2")
    operation = counter.purchase(Basket.of("A0001", pills))
    if operation.until_scan_please():
        ...                                   # the desk waits for the code: show it now
    outcome = operation.outcome()             # accepted, refused or unknown

A port starts, drives and ends one HIS adapter under test. `docs/counter-port.md` is the page for its vendor.
"""

from datetime import date
from typing import Protocol

from harness.counter.adapter_books import BooksEntry, Totals
from harness.counter.basket import Basket, Line
from harness.counter.greeting import Ready
from harness.counter.hall import Screen
from harness.counter.hospital import Admission, Asked, By, Slot, Way
from harness.counter.outcome import Outcome
from harness.errors import PeerViolation


class AdapterSilent(PeerViolation):
    """The adapter under test wrote nothing for as long as the bench waits."""


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

    def error(self) -> str | None:
        """Wait for the end; the adapter's `error` to what makes no sense, None when it answered otherwise."""
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

    def nonsense(self, line: str) -> Operation:
        """Send a line that makes no sense; `{id}` and `{at}` in it become the next number and the cashier's time."""
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
