"""A counter whose adapter lives through many cases: each case is a working day, with order numbers of its own."""

from dataclasses import replace
from datetime import date

from harness.counter.port import Basket, BooksEntry, CounterPort, Operation, Outcome, Ready, Totals


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

    def purchase(self, basket: Basket) -> Operation:
        """Sell a basket to whoever shows a code."""
        return self._port.purchase(replace(basket, order=self._number(basket.order)))

    def start_refund(self, order: str) -> Operation:
        """Begin to take an order back in full."""
        return self._port.start_refund(self._number(order))

    def refund(self, order: str) -> Outcome:
        """Take an order back in full."""
        return self._port.refund(self._number(order))

    def totals(self, day: date) -> Totals:
        """What the adapter's books say of a day."""
        return self._port.totals(day)

    def books(self) -> tuple[BooksEntry, ...]:
        """Every settlement the adapter ever sent, of all days."""
        return self._port.books()

    def resolve(self) -> Outcome:
        """Find out what became of every unknown outcome."""
        return self._port.resolve()

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
