"""The day's reconciliation with the platform (对总账, 3201), one message for each insurance, kind, place and direction.

Settlements and refunds are told apart (refd_setl_flag), as the platform counts them apart. Books nothing; what it comes
to is told with the totals and changes none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from simulators.his.equipment import Equipment
from simulators.his.exchange import inner_object
from simulators.his.journal import Settlement, State
from simulators.his.money import to_yuan
from simulators.his.platform import Kind, Sender
from simulators.his.sale import text_of
from simulators.his.shanghai_collation import COLLATE, collation
from simulators.his.shanghai_library import SHANGHAI

COUNTED = frozenset({State.SETTLED, State.REFUNDING, State.REFUNDED})
"""States of what counts as settled."""
LEVEL = ("000000", "0")
"""stmt_rslt of books that agree, in both families."""


class Compared(StrEnum):
    """What a day's reconciliation came to, the worst of its messages."""

    LEVEL = "level"
    DIFFERENT = "different"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, order=True)
class Group:
    """What one 3201 is about; `place` is the clearing place (clr_optins) of the settlements."""

    insutype: str
    clr_type: str
    place: str
    refund: bool


class Statements:
    """Compares days of a counter."""

    def __init__(self, equipment: Equipment) -> None:
        self._platform = equipment.platform
        self._journal = equipment.journal
        self._profile = equipment.hello.profile
        self._behaviour = equipment.behaviour

    def compare(self, day: str, *, at: str, sign_no: str) -> Compared:
        """3201 of everything that was settled or refunded on a day; in Shanghai SL01."""
        if self._profile.protocol == SHANGHAI:
            content = {"data": collation(self._journal, self._behaviour.statement.day(day))}
            return self._answered(COLLATE, content, Sender(at=at, order="", sign_no=sign_no))
        found = [
            self._compare(group, bookings, day, Sender(at=at, order="", sign_no=sign_no))
            for group, bookings in sorted(self._groups(day).items())
        ]
        return max(found, key=list(Compared).index, default=Compared.LEVEL)

    def _compare(self, group: Group, bookings: list[Settlement], day: str, sender: Sender) -> Compared:
        return self._answered("3201", {"data": self._behaviour.stated(self._data(group, bookings, day))}, sender)

    def _answered(self, infno: str, content: Mapping[str, object], sender: Sender) -> Compared:
        result = self._platform.call(infno, content, sender=sender, parse=_read_result)
        if result.kind is not Kind.ACCEPTED:
            return Compared.REFUSED if result.kind is Kind.REFUSED else Compared.UNKNOWN
        return Compared.LEVEL if result.value in LEVEL else Compared.DIFFERENT

    def _groups(self, day: str) -> dict[Group, list[Settlement]]:
        groups: dict[Group, list[Settlement]] = {}
        for settlement in self._journal.settlements():
            settled = settlement.state in COUNTED and settlement.at.startswith(day)
            refunded = (
                self._behaviour.statement.states_refunds
                and settlement.state is State.REFUNDED
                and (settlement.refunded_at or "").startswith(day)
            )
            for happened, refund in ((settled, False), (refunded, True)):
                if happened and (group := self._group(settlement, refund=refund)) is not None:
                    groups.setdefault(group, []).append(settlement)
        return groups

    def _group(self, settlement: Settlement, *, refund: bool) -> Group | None:
        """The group by what the platform answered to the settlement; None where that is not to be had."""
        info = inner_object(self._journal.answer(settlement.msgid).get("output")).get("setlinfo")
        if not isinstance(info, Mapping):
            return None
        told = {name: str(info.get(name) or "") for name in ("insutype", "clr_type", "clr_optins")}
        return Group(insutype=told["insutype"], clr_type=told["clr_type"], place=told["clr_optins"], refund=refund)

    def _data(self, group: Group, bookings: list[Settlement], day: str) -> dict[str, str]:
        sums = {
            "medfee_sumamt": sum(booking.amounts.total for booking in bookings),
            "fund_pay_sumamt": sum(booking.amounts.fund for booking in bookings),
            "acct_pay": sum(booking.amounts.account for booking in bookings),
            "cash_payamt": sum(booking.amounts.cash for booking in bookings),
        }
        refunded, stated_day = self._behaviour.statement.refunded, self._behaviour.statement.day(day)
        amounts = {name: to_yuan(refunded(fen) if group.refund else fen) for name, fen in sums.items()}
        more = {"cash_payamt": amounts.pop("cash_payamt"), "clr_optins": group.place}
        return {
            "insutype": group.insutype,
            "clr_type": group.clr_type,
            "setl_optins": group.place,
            "stmt_begndate": stated_day,
            "stmt_enddate": stated_day,
            **amounts,
            "fixmedins_setl_cnt": str(len(bookings)),
            "refd_setl_flag": self._behaviour.refund_flag(self._profile.refd_setl_flag, group.refund),
            **{name: value for name, value in more.items() if name in self._profile.statement_members},
        }


def _read_result(output: Mapping[str, object]) -> str:
    info = output.get("stmtinfo")
    if not isinstance(info, Mapping):
        raise ValueError("the answer has no stmtinfo")
    return text_of(info, "stmt_rslt")
