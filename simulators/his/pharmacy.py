"""The counter of a pharmacy: purchase and refund, step by step; also as drug cabinet and internet pharmacy."""

from collections.abc import Mapping

from simulators.his.answers import done_members, time_of
from simulators.his.booking import Order
from simulators.his.equipment import Command, Commands, Equipment, Members
from simulators.his.identify import Business, Way, Ways, read_ways
from simulators.his.journal import Amounts
from simulators.his.outcome import Done, RefusedError, accepted
from simulators.his.platform import Sender
from simulators.his.sale import Sale, check_lines, detail_number, druginfo, read_amounts, read_sale, text_of
from simulators.his.texts import Reason
from simulators.his.till import CAN, CAN_IDENTIFY, Payer, Till
from simulators.his.trace_codes import trace_members


class Pharmacy:
    """A cashier's desk of a pharmacy."""

    can = (*CAN, "purchase", *CAN_IDENTIFY)

    def __init__(self, equipment: Equipment) -> None:
        self._platform = equipment.platform
        self._profile = equipment.hello.profile
        self._behaviour = equipment.behaviour
        self._till = Till(equipment, lambda way: "" if way is Way.WINDOW else "goods")

    @property
    def commands(self) -> Commands:
        """The commands that it takes."""
        return {**self._till.commands, "purchase": self._purchase, "refund": self._refund}

    def _purchase(self, command: Command) -> Members:
        sale, at, ways = read_sale(command), time_of(command), read_ways(command)
        if self._till.is_sold(sale.order):
            raise ValueError(f"order {sale.order} is settled already; each sale has an order number of its own")
        return done_members(self._sell(sale, at, ways))

    def _sell(self, sale: Sale, at: str, ways: Ways) -> Done:
        self._till.sign_no(at)
        if not check_lines(sale.lines, sale.total, self._behaviour):
            raise RefusedError(Reason.AMOUNTS_DISAGREE)
        self._till.clear_the_table(at)
        payer = self._till.identify(ways, Business.PURCHASE, sale.order, at)
        return self._till.paying(
            payer,
            sale.order,
            at,
            business=Business.PURCHASE,
            total=sale.total,
            pay=lambda: self._settle(sale, payer, at),
        )

    def _settle(self, sale: Sale, payer: Payer, at: str) -> Done:
        insured, evidence = payer.insured, payer.evidence
        sender = self._till.sender(sale.order, at, insuplc=insured.insuplc, way=payer.ways.way)
        more = self._behaviour.more(evidence.proof)
        content = druginfo(sale, evidence.certificate, insured, at, self._behaviour, more=more)
        expected = self._pre_settle(content, sender) if self._behaviour.pre_settles else None
        sold = [(detail_number(sale, number), line) for number, line in enumerate(sale.lines, start=1)]
        content = {**content, **trace_members("2102", sold, self._profile, self._behaviour)}
        order = Order(content=content, psn_no=insured.psn_no, expected=expected)
        return self._till.bookings.settle(order, sender)

    def _refund(self, command: Command) -> Members:
        order, at = text_of(command, "order"), time_of(command)
        self._till.sign_no(at)
        self._till.clear_the_table(at)
        return done_members(self._till.bookings.refund(self._till.original(order), at))

    def _pre_settle(self, content: Mapping[str, object], sender: Sender) -> Amounts:
        return accepted(self._platform.call("2101", content, sender=sender, parse=read_amounts))
