"""What the services share: one case's orders, accounts, people and authorisations, and the checks on them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fixtures.population import Institution, Person, institutions, people
from harness.clock import Clock
from harness.line.record import JsonValue
from harness.money import Fen, format_yuan
from harness.wire.fields import is_absent
from harness.wire.institution import amount
from simulators.mobile_payment.auths import Authorisations
from simulators.mobile_payment.insurance import Insurance
from simulators.mobile_payment.orders import Numbers, Order
from simulators.mobile_payment.services import OrdStas, RefusedError
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.mobile_payment.split import Parts

Data = Mapping[str, object]
Answer = dict[str, object]
BelongsTo = Callable[[str, Person, Institution], Awaitable[bool]]
"""Whether the voucher centre says that a token is this person's here; raises RefusedError when it does not answer."""
_OPEN_TO_OTHERS = frozenset(
    {OrdStas.SAVED, OrdStas.REVOKED, OrdStas.FAILED, OrdStas.FAILED_NOT_REVERSED, OrdStas.REFUNDED}
)
"""States of an order whose charge batch may be charged by another one."""


@dataclass(kw_only=True)
class Desk:
    """The books of one case.

    `belongs` asks the voucher centre, `notify` sends a paid order's notice, `tell` leaves events.
    """

    settings: MobilePaymentSettings
    clock: Clock
    numbers: Numbers
    auths: Authorisations
    belongs: BelongsTo
    notify: Callable[[Order], None]
    tell: Callable[..., None]
    insurance: Insurance
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One at a time: a service, or what an order does by itself."""
    orders: dict[str, Order] = field(default_factory=dict)
    balances: dict[str, Fen] = field(default_factory=lambda: {p.id_no: Fen(p.balance_fen) for p in people()})
    lives: set["asyncio.Task[None]"] = field(default_factory=set)
    resolving: set[str] = field(default_factory=set)
    """Orders whose settlement is being cleared up."""

    def __post_init__(self) -> None:
        self._people = {person.id_no: person for person in people()}
        self._institutions = {institution.code: institution for institution in institutions()}

    def institution(self, data: Data) -> Institution:
        """The institution of a message. Raises RefusedError."""
        found = self._institutions.get(str(data["orgCodg"]))
        if found is None:
            raise RefusedError("institution-unknown")
        return found

    def order(self, pay_ord_id: str) -> Order:
        """An order. Raises RefusedError."""
        found = self.orders.get(pay_ord_id)
        if found is None:
            raise RefusedError("order-unknown")
        return found

    def person(self, data: Data) -> Person:
        """The person whom a message names. Raises RefusedError."""
        person = self._people.get(str(data["idNo"]))
        if person is None or person.name != data["userName"] or data.get("psnNo") not in {None, "", person.psn_no}:
            raise RefusedError("person-mismatch")
        return person

    async def authorised(self, data: Data, person: Person, institution: Institution, *, use: str) -> None:
        """Check the one authorisation of a message, for a use. Raises RefusedError."""
        token, number = data.get("ecToken"), data.get("payAuthNo")
        if bool(token) == bool(number):
            raise RefusedError("auth-missing")
        if number:
            self.auths.check(number, person, self.settings.app_id, use=use, now_ns=self.clock.now_ns())
        elif not await self.belongs(str(token), person, institution):
            raise RefusedError("token-invalid")

    def use(self, number: object, person: Person, use: str) -> None:
        """Let an authorisation number serve a use, once. Raises RefusedError."""
        now_ns = self.clock.now_ns()
        self.auths.check(number, person, self.settings.app_id, use=use, now_ns=now_ns).used_for = use

    def not_charged(self, batch: tuple[str, str, str], but: Order | None = None) -> None:
        """Raises RefusedError when another order has charged, or is charging, a batch."""
        for other in self.orders.values():
            if other.batch == batch and other is not but and other.status not in _OPEN_TO_OTHERS:
                raise RefusedError("already-settled")

    def own(self, data: Data) -> Order:
        """The order that a message is about, if it is the sender's own. Raises RefusedError."""
        order = self.order(str(data["payOrdId"]))
        if (order.pay_token, order.institution.code) != (data["payToken"], data["orgCodg"]):
            raise RefusedError("order-unknown")
        return order

    def of_person(self, data: Data) -> Order:
        """The same, if it is also the named person's. Raises RefusedError."""
        order = self.own(data)
        if (order.person.id_no, order.person.name) != (data["idNo"], data["userName"]):
            raise RefusedError("person-mismatch")
        return order

    async def withdraw(self, order: Order) -> None:
        """Take an order's details back from the platform, where there is one."""
        if order.leg is not None and not await self.insurance.withdraw(order.leg):
            self.event("details-left", order, mdtrt_id=order.leg.mdtrt_id)

    def event(self, event: str, order: Order, /, **fields: JsonValue) -> None:
        """Leave an event about an order."""
        self.tell(
            event,
            pay_ord_id=order.pay_ord_id,
            institution=order.institution.code,
            id_no=order.person.id_no,
            order=order.hospital_order,
            status=order.status.value,
            **fields,
        )


def amount_of(data: Data, name: str) -> Fen:
    """An amount of a message; nothing given is zero."""
    return Fen(0) if is_absent(data.get(name)) else amount(data[name])


def spelled(parts: Parts) -> Answer:
    """Parts as messages spell them."""
    return {
        "feeSumamt": format_yuan(parts.total),
        "ownPayAmt": format_yuan(parts.own),
        "psnAcctPay": format_yuan(parts.account),
        "fundPay": format_yuan(parts.fund),
    }


def fen(parts: Parts) -> dict[str, JsonValue]:
    """Parts as events have them."""
    return {
        "total_fen": parts.total,
        "fund_fen": parts.fund,
        "account_fen": parts.account,
        "own_fen": parts.own,
    }
