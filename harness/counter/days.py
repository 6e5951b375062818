"""A counter whose adapter lives through many cases: each case is a working day, with order numbers of its own."""

from dataclasses import replace
from datetime import date

from harness.counter.adapter_books import BooksEntry, Totals
from harness.counter.basket import Basket, Line
from harness.counter.greeting import Ready
from harness.counter.hall import Screen
from harness.counter.hospital import Admission, By, Slot, Way
from harness.counter.outcome import Outcome
from harness.counter.port import CounterPort, Operation


class DayCounter:
    """A counter port on its `day`-th day: `A0001` of a case is `D3A0001` at the counter; see `CounterPort`."""

    def __init__(self, port: CounterPort, *, day: int) -> None:
        self._port = port
        self._day = day

    @property
    def ready(self) -> Ready:
        """How the adapter introduced itself."""
        return self._port.ready

    @property
    def works(self) -> bool:
        """Whether the adapter is there and has not failed since its start."""
        return self._port.works

    @property
    def idle(self) -> bool:
        """Whether the next case may use it."""
        return self._port.idle

    def start(self) -> None:
        """Start the adapter and wait until it is ready."""
        self._port.start()

    def sign_in(self) -> Outcome:
        """Begin the cashier's day."""
        return self._port.sign_in()

    def purchase(self, basket: Basket, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Sell a basket to whoever shows a code, or is identified otherwise."""
        return self._port.purchase(replace(basket, order=self._number(basket.order)), by=by, way=way)

    def start_refund(self, order: str, *, way: Way | None = None) -> Operation:
        """Begin to take an order back in full."""
        return self._port.start_refund(self._number(order), way=way)

    def refund(self, order: str, *, way: Way | None = None) -> Outcome:
        """Take an order back in full."""
        return self._port.refund(self._number(order), way=way)

    def slots(self, day: date) -> tuple[Slot, ...]:
        """What can be registered for on a day."""
        return self._port.slots(day)

    def lock(self, order: str, slot: str) -> Outcome:
        """Hold a slot."""
        return self._port.lock(self._number(order), slot)

    def release(self, order: str) -> Outcome:
        """Give an unpaid lock up."""
        return self._port.release(self._number(order))

    def register(self, order: str, *, by: By = By.CODE, way: Way = Way.WINDOW, use_account: bool = True) -> Operation:
        """Pay for the locked slot."""
        return self._port.register(self._number(order), by=by, way=way, use_account=use_account)

    def fees(self, basket: Basket, *, visit: str) -> Outcome:
        """A doctor orders something at a visit of this day."""
        return self._port.fees(replace(basket, order=self._number(basket.order)), visit=self._number(visit))

    def pending(self, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Which records wait, of all days; their orders are those at the counter."""
        return self._port.pending(by=by, way=way)

    def pay(self, order: str, *, by: By = By.CODE, way: Way = Way.WINDOW, use_account: bool = True) -> Operation:
        """Pay a pending record."""
        return self._port.pay(self._number(order), by=by, way=way, use_account=use_account)

    def refund_part(
        self,
        order: str,
        keep: tuple[int, ...],
        *,
        by: By = By.CODE,
        way: Way = Way.WINDOW,
        use_account: bool = True,
    ) -> Operation:
        """Take back all lines but those kept."""
        return self._port.refund_part(self._number(order), keep, by=by, way=way, use_account=use_account)

    def admit(self, order: str, admission: Admission, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Admit to hospital whoever is identified."""
        return self._port.admit(self._number(order), admission, by=by, way=way)

    def charge(self, order: str, lines: tuple[Line, ...]) -> Outcome:
        """Upload fees of a stay."""
        return self._port.charge(self._number(order), lines)

    def start_charge(self, order: str, lines: tuple[Line, ...]) -> Operation:
        """Begin to upload fees of a stay."""
        return self._port.start_charge(self._number(order), lines)

    def discharge(self, order: str, *, way_out: str = "1") -> Outcome:
        """End a stay."""
        return self._port.discharge(self._number(order), way_out=way_out)

    def settle(
        self,
        order: str,
        *,
        by: By = By.CODE,
        way: Way = Way.WINDOW,
        use_account: bool = True,
        interim: bool = False,
    ) -> Operation:
        """Settle a stay."""
        return self._port.settle(self._number(order), by=by, way=way, use_account=use_account, interim=interim)

    def cancel_admission(self, order: str) -> Outcome:
        """Undo an admission."""
        return self._port.cancel_admission(self._number(order))

    def insurance(self, *, by: By = By.CODE) -> Operation:
        """Show the insurance of whoever is identified."""
        return self._port.insurance(by=by)

    def proof(self, *, by: By = By.CODE) -> Operation:
        """Print a proof of contributions."""
        return self._port.proof(by=by)

    def tier(self, tier: str, *, by: By = By.CODE) -> Operation:
        """Change the contribution tier."""
        return self._port.tier(tier, by=by)

    def leave(self) -> Outcome:
        """End the person's session."""
        return self._port.leave()

    def screen(self) -> Screen:
        """What stands on the hall terminal's screen."""
        return self._port.screen()

    def totals(self, day: date) -> Totals:
        """What the adapter's books say of a day."""
        return self._port.totals(day)

    def books(self) -> tuple[BooksEntry, ...]:
        """Every settlement the adapter ever sent, of all days."""
        return self._port.books()

    def resolve(self) -> Outcome:
        """Find out what became of every unknown outcome."""
        return self._port.resolve()

    def nonsense(self, line: str) -> Operation:
        """Send a line that makes no sense."""
        return self._port.nonsense(line)

    def kill(self) -> None:
        """Crash the adapter where it stands."""
        self._port.kill()

    def restart(self) -> None:
        """Start it again with what it kept."""
        self._port.restart()

    def close(self) -> None:
        """End it and whatever it started."""
        self._port.close()

    def _number(self, order: str) -> str:
        return f"D{self._day}{order}"
