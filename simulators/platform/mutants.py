"""Platforms with one known defect each, as the field has them: proof that a plan's rules detect it.

A mutant has another desk, or hands a transaction to another function. Nothing else of the simulator knows of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from msgspec.structs import replace as renamed

from fixtures.population import Person
from harness.errors import ConfigError
from harness.money import Fen
from harness.wire.fields import is_object
from harness.wire.institution import decode, parse_reply
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.dispatch import HANDLERS, Dispatcher, Handler
from simulators.platform.ledger import Settlement
from simulators.platform.transactions.confirm import MOCK
from simulators.platform.transactions.settle import settle
from simulators.platform.transactions.visit_settle import SCOPE, pre_settle_visit, settle_visit

YUAN = 100
REFUNDS = frozenset({"2103", "2208", "2305"})
SETTLED_BY = {"2206": "2207", "2206A": "2207A", "2303": "2304"}
NUMBER = 12
"""Digits of a setl_id that are the settlement's number."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """What a platform is put together of for each case."""

    desk: type[Desk] = Desk
    dispatcher: type[Dispatcher] = Dispatcher


# --- notices ---


class NoticeTwice(Desk):
    """Sends every notice twice."""

    async def tell(self, settlement: Settlement, person: Person, balance: Fen) -> None:
        """Once, and once more."""
        await super().tell(settlement, person, balance)
        await super().tell(settlement, person, balance)


class NoNotice(Desk):
    """Sends no notices."""

    async def tell(self, settlement: Settlement, person: Person, balance: Fen) -> None:
        """Of nothing."""


class NoRefundNotice(Desk):
    """Sends no notice of what comes back to an account."""

    async def tell(self, settlement: Settlement, person: Person, balance: Fen) -> None:
        """Of payments alone."""
        if settlement.reverses is None:
            await super().tell(settlement, person, balance)


# --- bills ---


class NoBill(Desk):
    """Tells no channel of a settlement that was paid with its code."""

    async def bill(self, settlement: Settlement, person: Person, channel: str) -> None:
        """Of nothing."""


class BillTwice(Desk):
    """Tells a channel twice of each settlement."""

    async def bill(self, settlement: Settlement, person: Person, channel: str) -> None:
        """Once, and once more."""
        await super().bill(settlement, person, channel)
        await super().bill(settlement, person, channel)


class BillWithoutFund(Desk):
    """Tells a channel that the person paid themselves what the fund paid."""

    async def bill(self, settlement: Settlement, person: Person, channel: str) -> None:
        """With other parts of the same total."""
        cash = Fen(settlement.cash_fen + settlement.fund_fen)
        await super().bill(replace(settlement, fund_fen=Fen(0), cash_fen=cash), person, channel)


class NoRefundBill(Desk):
    """Tells no channel of what comes back."""

    async def bill(self, settlement: Settlement, person: Person, channel: str) -> None:
        """Of payments alone."""
        if settlement.reverses is None:
            await super().bill(settlement, person, channel)


# --- other amounts ---


class _Altered(Desk):
    """Books, and tells of, another settlement than the one that was answered."""

    def altered(self, settlement: Settlement) -> Settlement:
        """What is booked instead."""
        raise NotImplementedError

    def book(self, call: Call, settlement: Settlement, output: Mapping[str, object] | None) -> bytes:
        """The other one."""
        return super().book(call, self.altered(settlement), output)

    async def announce(self, settlement: Settlement) -> None:
        """The other one."""
        await super().announce(self.altered(settlement))


class AnotherSplit(_Altered):
    """Books a yuan less from the account than was confirmed, and leaves it to the counter."""

    def altered(self, settlement: Settlement) -> Settlement:
        """Of a payment that takes at least as much."""
        own = settlement.account_fen - settlement.mutual_fen
        if settlement.reverses is not None or own < YUAN:
            return settlement
        return replace(
            settlement,
            account_fen=Fen(settlement.account_fen - YUAN),
            cash_fen=Fen(settlement.cash_fen + YUAN),
        )


class GivesBackLess(_Altered):
    """Gives a fen less back than was paid."""

    def altered(self, settlement: Settlement) -> Settlement:
        """Of what comes back to an account."""
        if settlement.reverses is None or settlement.account_fen >= 0:
            return settlement
        return replace(
            settlement,
            total_fen=Fen(settlement.total_fen + 1),
            account_fen=Fen(settlement.account_fen + 1),
        )


class _OneFenMore(Settlement):
    """A settlement that moves a fen more than it says."""

    @property
    def postings(self) -> tuple[tuple[str, int], ...]:
        """From the account to the institution."""
        moved = dict(super().postings)
        for account, fen in ((f"account:{self.psn_no}", -1), (f"institution:{self.institution}", 1)):
            moved[account] = moved.get(account, 0) + fen
        return tuple(moved.items())


class LosesAFen(Desk):
    """Takes a fen more from the account than it books."""

    def book(self, call: Call, settlement: Settlement, output: Mapping[str, object] | None) -> bytes:
        """Where there is one left."""
        own = settlement.account_fen - settlement.mutual_fen
        if settlement.reverses is None and self.ledger.balance(settlement.psn_no) > own:
            settlement = _OneFenMore(**vars(settlement))
        return super().book(call, settlement, output)


# --- once more ---


class _Twice(Desk):
    """Books once more what was booked."""

    def repeats(self, settlement: Settlement) -> bool:
        """Whether this one is booked twice."""
        raise NotImplementedError

    async def announce(self, settlement: Settlement) -> None:
        """Both."""
        await super().announce(settlement)
        if self.repeats(settlement):
            await super().announce(self._again(settlement))

    def _again(self, settlement: Settlement) -> Settlement:
        with self.ledger.writing():
            n = self.ledger.next_number()
            twin = replace(settlement, n=n, setl_id=f"{settlement.setl_id[:-NUMBER]}{n:0{NUMBER}d}")
            self.ledger.book(replace(twin, msgid=f"{settlement.msgid}+"))
        return twin


class BooksTwice(_Twice):
    """Books a settlement twice."""

    def repeats(self, settlement: Settlement) -> bool:
        """As far as the account reaches."""
        own = settlement.account_fen - settlement.mutual_fen
        return settlement.reverses is None and self.ledger.balance(settlement.psn_no) >= own


class TakesBackTwice(_Twice):
    """Gives a refund twice."""

    def repeats(self, settlement: Settlement) -> bool:
        """A refund, not a reversal."""
        return settlement.infno in REFUNDS


# --- another function ---


async def _settles_purchase(desk: Desk, call: Call) -> bytes:
    return await settle(desk, renamed(call, infno="2102", signtype=MOCK))


async def _settles_visit(desk: Desk, call: Call) -> bytes:
    reply = await pre_settle_visit(desk, call)
    info = parse_reply(decode(reply)).output["setlinfo"]
    assert is_object(info)
    data = {"data": {**call.node("data"), **{name: str(info[name]) for name in SCOPE}}}
    await settle_visit(desk, renamed(call, infno=SETTLED_BY[call.infno], signtype=MOCK, data=data))
    return reply


class BooksPreSettlements(Dispatcher):
    """Books what was only to be reckoned."""

    handlers: Mapping[str, Handler] = MappingProxyType(
        {**HANDLERS, "2101": _settles_purchase, **dict.fromkeys(SETTLED_BY, _settles_visit)}
    )


_DESKS: Mapping[str, type[Desk]] = {
    "notice-twice": NoticeTwice,
    "no-notice": NoNotice,
    "no-refund-notice": NoRefundNotice,
    "no-bill": NoBill,
    "bill-twice": BillTwice,
    "bill-without-fund": BillWithoutFund,
    "no-refund-bill": NoRefundBill,
    "another-split": AnotherSplit,
    "gives-back-less": GivesBackLess,
    "loses-a-fen": LosesAFen,
    "books-twice": BooksTwice,
    "takes-back-twice": TakesBackTwice,
}
_DISPATCHERS: Mapping[str, type[Dispatcher]] = {"books-pre-settlements": BooksPreSettlements}

MUTANTS: Mapping[str, str] = {
    name: (kind.__doc__ or "").strip().splitlines()[0] for name, kind in (*_DESKS.items(), *_DISPATCHERS.items())
}
"""Every mutant with what is wrong with it."""


def office_for(mutant: str) -> Office:
    """What a platform is put together of; the right parts for an empty name. Raises ConfigError for an unknown one."""
    if mutant and mutant not in MUTANTS:
        raise ConfigError(
            f"There is no mutant {mutant!r} of the platform.",
            cause="a slip of the pen",
            remedy=f"use one of: {', '.join(MUTANTS)}",
        )
    return Office(desk=_DESKS.get(mutant, Desk), dispatcher=_DISPATCHERS.get(mutant, Dispatcher))
