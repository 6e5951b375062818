"""Orders of the mobile-payment centre: their identifiers, states, parts and refunds. No I/O, no clock.

The state machine is the table `MOVES`; whatever is not in it raises.
"""

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fixtures.population import Institution, Person
from harness.clock import BEIJING, NS
from harness.line.record import JsonValue
from harness.money import Fen
from simulators.mobile_payment.leg import Leg
from simulators.mobile_payment.services import OrdStas, RefdType, RefStatus
from simulators.mobile_payment.split import Parts

_ALPHABET = string.ascii_lowercase + string.digits

_REFUNDS = frozenset(
    {
        OrdStas.REFUNDED,
        OrdStas.INSURANCE_REFUNDED,
        OrdStas.OWN_REFUNDED,
        OrdStas.OWN_PARTLY_REFUNDED,
        OrdStas.INSURANCE_AND_PART_REFUNDED,
        OrdStas.REFUNDING,
    }
)
MOVES: Mapping[OrdStas, frozenset[OrdStas]] = {
    OrdStas.SAVED: frozenset({OrdStas.PRE_SETTLED, OrdStas.REVOKED}),
    OrdStas.PRE_SETTLED: frozenset({OrdStas.TO_PAY, OrdStas.REVOKED}),
    OrdStas.TO_PAY: frozenset(
        {
            OrdStas.OWN_PAID,
            OrdStas.INSURANCE_PAID,
            OrdStas.FAILED,
            OrdStas.REVOKED,
            OrdStas.INSURANCE_REVOKED,
            OrdStas.EXCEPTION,
        }
    ),
    OrdStas.OWN_PAID: frozenset(
        {OrdStas.INSURANCE_PAID, OrdStas.SETTLED, OrdStas.FAILED, OrdStas.FAILED_NOT_REVERSED, OrdStas.EXCEPTION}
    ),
    OrdStas.INSURANCE_PAID: _REFUNDS | {OrdStas.HOSPITAL_SETTLED, OrdStas.SETTLED},
    OrdStas.HOSPITAL_SETTLED: _REFUNDS | {OrdStas.SETTLED},
    OrdStas.SETTLED: _REFUNDS,
    OrdStas.INSURANCE_REFUNDED: _REFUNDS,
    OrdStas.OWN_REFUNDED: _REFUNDS,
    OrdStas.OWN_PARTLY_REFUNDED: _REFUNDS,
    OrdStas.INSURANCE_AND_PART_REFUNDED: _REFUNDS,
    OrdStas.REFUNDING: _REFUNDS | {OrdStas.INSURANCE_PAID, OrdStas.HOSPITAL_SETTLED, OrdStas.SETTLED},
}
"""Where each state may lead; a state that is no key is final."""
FINAL = frozenset(OrdStas) - {OrdStas.SAVED, OrdStas.PRE_SETTLED, OrdStas.TO_PAY, OrdStas.OWN_PAID, OrdStas.REFUNDING}
"""States after which a client need not ask again."""
REVOCABLE = frozenset({OrdStas.SAVED, OrdStas.PRE_SETTLED, OrdStas.TO_PAY})
REFUNDABLE = frozenset(
    {
        OrdStas.INSURANCE_PAID,
        OrdStas.HOSPITAL_SETTLED,
        OrdStas.SETTLED,
        OrdStas.INSURANCE_REFUNDED,
        OrdStas.OWN_REFUNDED,
        OrdStas.OWN_PARTLY_REFUNDED,
        OrdStas.INSURANCE_AND_PART_REFUNDED,
    }
)


@dataclass(kw_only=True)
class Refund:
    """One refund that was asked for."""

    serial: str
    kind: RefdType
    parts: Parts
    status: RefStatus
    before: OrdStas
    sent: bool = False
    """Whether the platform was asked, so that it knows what became of it."""


@dataclass(kw_only=True)
class Notice:
    """How far the notice 6302 of a paid order has come."""

    url: str
    due_ns: int
    """When the next attempt is due."""
    attempts: int = 0
    """How many have ended."""
    failures: int = 0
    """How many of them were not taken."""


@dataclass(kw_only=True)
class Order:
    """One order; `batch` is what is charged only once: institution, visit and charge batch."""

    pay_ord_id: str
    pay_token: str
    revs_token: str
    institution: Institution
    person: Person
    insutype: str
    hospital_order: str
    visit: str
    batch: tuple[str, str, str]
    total: Fen
    in_scope: Fen
    use_account: bool
    status: OrdStas = OrdStas.SAVED
    parts: Parts | None = None
    refunded: Parts = field(default_factory=Parts)
    refunds: dict[str, Refund] = field(default_factory=dict)
    placed_at_ns: int = 0
    """When 6202 was done: from then on the person has time to pay."""
    own_paid: bool = False
    """Whether the person has paid the own part; what became of the insurance's is another matter."""
    own_stays: bool = False
    """Whether the payment channel will not give the own part back."""
    paid_at_ns: int = 0
    taken_at_ns: int = 0
    """When the hospital had settled too, where the order waits for that."""
    notice: Notice | None = None
    """The notice that is still to be sent or taken."""
    leg: Leg | None = None
    """What stands at the platform; None where the centre keeps own accounts."""

    def move(self, status: OrdStas) -> None:
        """Go to a state. Raises ValueError for a move that is not in the table."""
        if status is not self.status and status not in MOVES.get(self.status, frozenset()):
            raise ValueError(f"order {self.pay_ord_id} cannot go from {self.status} to {status}")
        self.status = status

    @property
    def setl_type(self) -> str:
        """setlType: who pays."""
        parts = self.parts or Parts()
        if not parts.insurance:
            return RefdType.CASH.value
        return RefdType.ALL.value if parts.own else RefdType.HI.value

    def left(self) -> Parts:
        """What can still be given back."""
        return (self.parts or Parts()) - self.refunded

    def after_refunds(self) -> OrdStas:
        """The state that the refunds so far make."""
        parts, back = self.parts or Parts(), self.refunded
        all_insurance, all_own = back.insurance == parts.insurance, back.own == parts.own
        if all_insurance and all_own:
            return OrdStas.REFUNDED
        if parts.insurance and all_insurance:
            return OrdStas.INSURANCE_AND_PART_REFUNDED if back.own else OrdStas.INSURANCE_REFUNDED
        if parts.own and all_own:
            return OrdStas.OWN_REFUNDED
        return OrdStas.OWN_PARTLY_REFUNDED if back.own else OrdStas.SETTLED

    def state(self) -> dict[str, JsonValue]:
        """The order, for the back door."""
        parts = self.parts or Parts()
        return {
            "pay_ord_id": self.pay_ord_id,
            "status": self.status.value,
            "institution": self.institution.code,
            "id_no": self.person.id_no,
            "order": self.hospital_order,
            "total_fen": self.total,
            "fund_fen": parts.fund,
            "account_fen": parts.account,
            "own_fen": parts.own,
            "refunded_fen": self.refunded.total,
            **({} if self.leg is None else self.leg.state()),
        }


def refund_problem(order: Order, kind: RefdType, parts: Parts) -> str:
    """Why a refund is not what can be given back: the id of a refusal, or empty.

    Fund and account go back whole and together, the own part in pieces (settlement semantics: duplicates and refunds).
    """
    paid = order.parts or Parts()
    if not parts.sound or not parts.total:
        return "refund-parts"
    match kind:
        case RefdType.ALL:
            fits = parts == paid and not order.refunded.total
        case RefdType.HI:
            whole = (parts.fund, parts.account) == (paid.fund, paid.account)
            fits = whole and not parts.own and not order.refunded.insurance
        case RefdType.CASH:
            fits = not parts.insurance and parts.own <= order.left().own
    return "" if fits else "refund-parts"


class Numbers:
    """Draws the identifiers of one case, in the shapes of samples; goes on where `drawn` and `tokens` say."""

    def __init__(self, *, seed: int, name: str, drawn: int = 0, tokens: int = 0) -> None:
        self._seed = f"{seed}/{name}/numbers"
        self.drawn = drawn
        self.tokens = tokens

    def order(self, place: str, *, at_ns: int) -> str:
        """A payOrdId: ORD, insured place, yyyyMMddHHmmss, 7 digits."""
        return f"ORD{self._tail(place, at_ns)}"

    def authorisation(self, place: str, *, at_ns: int) -> str:
        """A payAuthNo: AUTH and the same."""
        return f"AUTH{self._tail(place, at_ns)}"

    def token(self, place: str) -> str:
        """A payToken, which looks like an ecToken."""
        self.tokens += 1
        return f"{place}ec{''.join(self._random('token', self.tokens).choices(_ALPHABET, k=30))}"

    def _tail(self, place: str, at_ns: int) -> str:
        self.drawn += 1
        at = datetime.fromtimestamp(at_ns // NS, tz=BEIJING)
        return f"{place}{at:%Y%m%d%H%M%S}{self.drawn * 1000 + self._random('tail', self.drawn).randrange(1000):07d}"

    def _random(self, what: str, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{what}/{number}")  # noqa: S311 - reproducible on purpose
