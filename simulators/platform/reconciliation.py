"""Reconciliation (对账): which bookings count, what they come to, and where an institution's books differ. Pure but for
reading the ledger.

A settlement that was reversed by 2601 never happened, and neither did what reversed it: both are left out. A refund
counts on its own, with amounts below zero, at the time it was made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from harness.clock import BEIJING, NS
from harness.money import Fen
from harness.wire.institution import REVERSE
from harness.wire.institution_statement import ResultLine, StatementLine
from simulators.platform.attempts import msgid_of
from simulators.platform.choices import Choices, Codes
from simulators.platform.ledger import Ledger, Settlement
from simulators.platform.setlinfo import INPATIENT, OUTPATIENT, PHARMACY

CLEARING = {
    **dict.fromkeys(("2102", "2103"), PHARMACY),
    **dict.fromkeys(("2207", "2207A", "2208"), OUTPATIENT),
    **dict.fromkeys(("2304", "2305"), INPATIENT),
}
"""clr_type of what a transaction books."""
LAST_DAY = date(2100, 12, 31)
"""Days beyond it are cut to it: a ledger counts nanoseconds in 64 bits."""


class Verdict(Enum):
    """How two sums, or a line and a booking, compare; with stmt_rslt of both families (long, short)."""

    LEVEL = ("000000", "0")
    CENTRE_MORE = ("000101", "1")
    INSTITUTION_MORE = ("000102", "2")
    DIFFERENT = ("000103", "")

    def code(self, codes: Codes, *, centre_greater: bool) -> str:
        """The stmt_rslt; the short family has none for what differs in both directions, and takes the greater's."""
        if codes is Codes.LONG:
            return self.value[0]
        return self.value[1] or (Verdict.CENTRE_MORE if centre_greater else Verdict.INSTITUTION_MORE).value[1]


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What some bookings come to, in fen."""

    total: Fen
    fund: Fen
    account: Fen
    cash: Fen
    count: int

    @property
    def parts(self) -> tuple[int, ...]:
        """What 3201 compares."""
        return self.total, self.fund, self.account, self.count


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One line of the comparison; either side may be missing."""

    verdict: Verdict
    theirs: StatementLine | None
    ours: Settlement | None
    why: str


def counted(
    ledger: Ledger, institution: str, *, begin: date, end: date, clr_type: str, insutype: str = ""
) -> list[Settlement]:
    """An institution's bookings of some days, both included, that count; of all insurances unless one is named."""
    since, until = _midnight(min(begin, LAST_DAY)), _midnight(min(end, LAST_DAY) + timedelta(days=1))
    gone = ledger.undone_by(REVERSE, institution, since_ns=since, until_ns=until)
    return [
        booking
        for booking in ledger.settled(institution, since_ns=since, until_ns=until)
        if booking.setl_id not in gone
        and CLEARING.get(booking.infno) == clr_type
        and insutype in {"", booking.insutype}
    ]


def sums(bookings: Iterable[Settlement], *, net_count: bool = False) -> Sums:
    """What bookings come to. `net_count`: a refund takes one off the count, else it is one more."""
    found = list(bookings)
    return Sums(
        total=Fen(sum(booking.total_fen for booking in found)),
        fund=Fen(sum(booking.fund_fen for booking in found)),
        account=Fen(sum(booking.account_fen for booking in found)),
        cash=Fen(sum(booking.cash_fen for booking in found)),
        count=sum(-1 if net_count and booking.reverses else 1 for booking in found),
    )


def compare_sums(pairs: Sequence[tuple[int, int]]) -> Verdict:
    """Our sums, each against the institution's."""
    if all(a == b for a, b in pairs):
        return Verdict.LEVEL
    if all(a >= b for a, b in pairs):
        return Verdict.CENTRE_MORE
    if all(a <= b for a, b in pairs):
        return Verdict.INSTITUTION_MORE
    return Verdict.DIFFERENT


def compare_lines(
    ledger: Ledger, ours: Sequence[Settlement], theirs: Sequence[StatementLine], *, mutual_beside: bool = False
) -> Iterator[Difference]:
    """Every booking and every line with its verdict: the institution's lines in their order, then what only we have."""
    open_ones = {booking.setl_id: booking for booking in ours}
    known = frozenset(open_ones)
    refunds = {booking.reverses: booking for booking in ours if booking.reverses is not None}
    for line in theirs:
        booking = _mine(open_ones, refunds, line)
        if booking is None:
            why = _why_missing(ledger, open_ones, line, known)
            yield Difference(verdict=Verdict.INSTITUTION_MORE, theirs=line, ours=None, why=why)
            continue
        del open_ones[booking.setl_id]
        wrong = _disagreements(booking, line, mutual_beside=mutual_beside)
        verdict = Verdict.DIFFERENT if wrong else Verdict.LEVEL
        yield Difference(verdict=verdict, theirs=line, ours=booking, why="、".join(wrong))
    for booking in open_ones.values():
        yield Difference(verdict=Verdict.CENTRE_MORE, theirs=None, ours=booking, why="医药机构无此记录")


def result_line(difference: Difference, choices: Choices) -> ResultLine:
    """A difference as the result file has it: our amounts where we have the booking, else theirs."""
    line, booking = difference.theirs, difference.ours
    if booking is not None:
        keys = {"psn_no": booking.psn_no, "mdtrt_id": booking.mdtrt_id, "setl_id": booking.setl_id}
        total, fund, account, msgid = booking.total_fen, booking.fund_fen, booking.account_fen, msgid_of(booking.msgid)
    else:
        assert line is not None
        keys = {"psn_no": line.psn_no, "mdtrt_id": line.mdtrt_id, "setl_id": line.setl_id}
        total, fund, account, msgid = line.total, line.fund, line.account, ""
    greater = line is None or (booking is not None and booking.total_fen >= line.total)
    flags = ("000", "001") if choices.refund_flag is Codes.LONG else ("0", "1")
    return ResultLine(
        **keys,
        msgid=msgid,
        code=difference.verdict.code(choices.statement_codes, centre_greater=greater),
        refund_flag=flags[total < 0],
        memo=difference.why,
        total=Fen(total),
        fund=Fen(fund),
        account=Fen(account),
        content="" if line is None else line.content,
    )


def _mine(
    open_ones: Mapping[str, Settlement], refunds: Mapping[str, Settlement], line: StatementLine
) -> Settlement | None:
    """The booking of a line; a refund may be named by the setl_id of what it refunds, where 2208 answered that."""
    found = open_ones.get(line.setl_id)
    if line.total < 0 and (found is None or found.reverses is None):
        refund = refunds.get(line.setl_id)
        return open_ones.get(refund.setl_id) if refund is not None else found
    return found


def _why_missing(ledger: Ledger, open_ones: Mapping[str, Settlement], line: StatementLine, known: Set[str]) -> str:
    if line.setl_id in known and line.setl_id not in open_ones:
        return "医药机构记录重复"
    if ledger.settlement(line.setl_id) is not None:
        return "中心有此结算，不在本次对账范围内或已冲正"
    return "中心无此记录"


def _disagreements(booking: Settlement, line: StatementLine, *, mutual_beside: bool) -> list[str]:
    account = booking.account_fen - (booking.mutual_fen if mutual_beside else 0)
    pairs = (
        ("psn_no", booking.psn_no, line.psn_no),
        ("mdtrt_id", booking.mdtrt_id, line.mdtrt_id),
        ("medfee_sumamt", booking.total_fen, line.total),
        ("fund_pay_sumamt", booking.fund_fen, line.fund),
        ("acct_pay", account, line.account),
    )
    return [f"{name}不一致" for name, ours, theirs in pairs if ours != theirs]


def _midnight(day: date) -> int:
    return max(0, int(datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp())) * NS
