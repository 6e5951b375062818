"""The commands of the counter port as messages: what each needs of the adapter, its members, how its answer is read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import date
from typing import Protocol

from harness.counter.adapter_books import BooksEntry, Totals
from harness.counter.answers import (
    admission_of,
    books_of,
    charge_of,
    insurance_of,
    lock_of,
    pending_of,
    plain_outcome_of,
    proof_of,
    sale_of,
    screen_of,
    slots_of,
    tier_of,
    totals_of,
)
from harness.counter.basket import Basket, Line
from harness.counter.greeting import Ability, Ready
from harness.counter.hall import Screen
from harness.counter.hospital import Admission, By, Slot, Way
from harness.counter.line_fields import DOCUMENT
from harness.counter.messages import Answer
from harness.counter.outcome import Outcome
from harness.counter.port import Operation
from harness.errors import NotOffered
from harness.line.record import JsonValue


class WholeOperation(Operation, Protocol):
    """An operation whose answer can be had whole."""

    def whole_answer(self) -> Answer:
        """The answer as it came. Raises PeerViolation."""
        ...


class Commands(ABC):
    """See `CounterPort` for what each command means; whoever inherits sends them."""

    @property
    @abstractmethod
    def ready(self) -> Ready:
        """How the adapter introduced itself."""

    @abstractmethod
    def post(
        self,
        do: str,
        *,
        read: Callable[[Answer], Outcome] = plain_outcome_of,
        members: Mapping[str, JsonValue] | None = None,
    ) -> WholeOperation:
        """Send a command; `read` is how its answer is read."""

    def sign_in(self) -> Outcome:
        """Begin the cashier's day (9001)."""
        return plain_outcome_of(self._command(Ability.SIGN_IN).whole_answer())

    def purchase(self, basket: Basket, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Sell a basket to whoever shows a code, or is identified otherwise."""
        return self._identifying(Ability.PURCHASE, "purchase", by, way, sale_of, **basket.as_json())

    def start_refund(self, order: str, *, way: Way | None = None) -> Operation:
        """Begin to take an order back in full."""
        told: dict[str, JsonValue] = {"order": order} if way is None else {"order": order, "way": way.value}
        self._require(Ability.REFUND)
        return self.post("refund", read=sale_of, members=told)

    def refund(self, order: str, *, way: Way | None = None) -> Outcome:
        """Take an order back in full (2103, 2208, 2305); a registration `online` or at the window."""
        return self.start_refund(order, way=way).outcome()

    def slots(self, day: date) -> tuple[Slot, ...]:
        """What can be registered for on a day."""
        return slots_of(self._command(Ability.REGISTER, "slots", day=day.isoformat()).whole_answer())

    def lock(self, order: str, slot: str) -> Outcome:
        """Hold a slot until it is paid or the lock ends (锁号)."""
        return self._command(Ability.REGISTER, "lock", read=lock_of, order=order, slot=slot).outcome()

    def release(self, order: str) -> Outcome:
        """Give an unpaid lock up."""
        return self._command(Ability.REGISTER, "release", order=order).outcome()

    def register(self, order: str, *, by: By = By.CODE, way: Way = Way.WINDOW, use_account: bool = True) -> Operation:
        """Pay for the locked slot: 2201, 2203, 2204, 2206, 2207."""
        return self._identifying(Ability.REGISTER, "register", by, way, sale_of, order=order, use_account=use_account)

    def fees(self, basket: Basket, *, visit: str) -> Outcome:
        """A doctor orders what becomes a pending record of the registration's patient."""
        self._require(Ability.OUTPATIENT)
        return self.post("fees", members={"visit": visit, **basket.fees_as_json()}).outcome()

    def pending(self, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Which records wait for whoever is identified."""
        return self._identifying(Ability.OUTPATIENT, "pending", by, way, pending_of)

    def pay(self, order: str, *, by: By = By.CODE, way: Way = Way.WINDOW, use_account: bool = True) -> Operation:
        """Pay a pending record: 2203, 2204, 2206, 2207."""
        return self._identifying(Ability.OUTPATIENT, "pay", by, way, sale_of, order=order, use_account=use_account)

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
        kept: list[JsonValue] = list(keep)
        return self._identifying(
            Ability.OUTPATIENT, "refund-part", by, way, sale_of, order=order, keep=kept, use_account=use_account
        )

    def admit(self, order: str, admission: Admission, *, by: By = By.CODE, way: Way = Way.WINDOW) -> Operation:
        """Admit to hospital whoever is identified (2401)."""
        return self._identifying(Ability.INPATIENT, "admit", by, way, admission_of, order=order, **admission.as_json())

    def charge(self, order: str, lines: tuple[Line, ...]) -> Outcome:
        """Upload fees of a stay (2301); a return has quantity and amount below zero."""
        return self.start_charge(order, lines).outcome()

    def start_charge(self, order: str, lines: tuple[Line, ...]) -> Operation:
        """Begin to upload fees of a stay."""
        told: list[JsonValue] = [line.as_json() for line in lines]
        return self._command(Ability.INPATIENT, "charge", read=charge_of, order=order, lines=told)

    def discharge(self, order: str, *, way_out: str = "1") -> Outcome:
        """End a stay (2402); `way_out` is dscg_way."""
        return self._command(Ability.INPATIENT, "discharge", order=order, way_out=way_out).outcome()

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
        return self._identifying(
            Ability.INPATIENT, "settle", by, way, sale_of, order=order, use_account=use_account, interim=interim
        )

    def cancel_admission(self, order: str) -> Outcome:
        """Undo an admission (2404)."""
        return self._command(Ability.INPATIENT, "cancel-admission", order=order).outcome()

    def insurance(self, *, by: By = By.CODE) -> Operation:
        """In a hall: show the insurance of whoever is identified."""
        return self._identifying(Ability.HALL, "insurance", by, Way.WINDOW, insurance_of)

    def proof(self, *, by: By = By.CODE) -> Operation:
        """In a hall: print a proof of contributions for whoever is identified."""
        return self._identifying(Ability.HALL, "proof", by, Way.WINDOW, proof_of)

    def tier(self, tier: str, *, by: By = By.CODE) -> Operation:
        """In a hall: change the contribution tier of whoever is identified."""
        return self._identifying(Ability.HALL, "tier", by, Way.WINDOW, tier_of, tier=tier)

    def leave(self) -> Outcome:
        """In a hall: the person presses the key that ends their session."""
        return self._command(Ability.HALL, "leave").outcome()

    def screen(self) -> Screen:
        """In a hall: what stands on the terminal's own screen now."""
        return screen_of(self._command(Ability.HALL, "screen").whole_answer())

    def totals(self, day: date) -> Totals:
        """What the adapter's books say of a day."""
        return totals_of(self._command(Ability.TOTALS, day=day.isoformat()).whole_answer())

    def books(self) -> tuple[BooksEntry, ...]:
        """Every settlement the adapter ever sent, with what became of it."""
        return books_of(self._command(Ability.BOOKS).whole_answer())

    def resolve(self) -> Outcome:
        """Find out what became of every unknown outcome; accepted when none is left."""
        return plain_outcome_of(self._command(Ability.RESOLVE).whole_answer())

    def _identifying(
        self, part: Ability, do: str, by: By, way: Way, read: Callable[[Answer], Outcome], **members: JsonValue
    ) -> WholeOperation:
        """A command about a person; what is usual is not said, so that an older adapter understands it."""
        needed: list[Ability] = [Ability(by.value)] if by is not By.CODE else []
        if way is not Way.WINDOW:
            needed.append(Ability.UNATTENDED if part is Ability.PURCHASE else Ability.SELF_SERVICE)
        for ability in needed:
            self._require(ability)
        if by is not By.CODE:
            members["by"] = by.value
        if way is not Way.WINDOW:
            members["way"] = way.value
        self._require(part)
        return self.post(do, read=read, members=members)

    def _command(
        self,
        part: Ability,
        do: str = "",
        *,
        read: Callable[[Answer], Outcome] = plain_outcome_of,
        **members: JsonValue,
    ) -> WholeOperation:
        self._require(part)
        return self.post(do or part.value, read=read, members=members)

    def _require(self, ability: Ability) -> None:
        if ability not in self.ready.can:
            raise NotOffered(
                f"The adapter {self.ready.adapter} does not offer {ability.value!r}, which this case needs.",
                cause="its `ready.can` does not list it",
                remedy=f"implement it as {DOCUMENT} says and list it, or leave the case out; without it there is no "
                "certificate of this plan",
            )
