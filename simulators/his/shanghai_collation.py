"""A day's totals as Shanghai's SL01 has them: one message for everything that was settled or refunded on a day.

A refund counts as one more, with its amounts off. Written from docs/shanghai.md alone.
"""

from collections.abc import Mapping

from simulators.his.exchange import inner_object
from simulators.his.journal import Journal, State
from simulators.his.money import to_fen, to_yuan

COLLATE = "SL01"
SEVEN = ("totalexpense", "fundpay", "personpay", "curaccountpay", "hisaccountpay", "mulaidpay", "cashpay")


def collation(journal: Journal, day: str) -> dict[str, object]:
    """The content of SL01 of a day (yyyy-MM-dd), from the journal's settlements and what was answered to them."""
    count, sums = 0, dict.fromkeys(SEVEN, 0)
    for settlement in journal.settlements():
        done = settlement.state in {State.SETTLED, State.REFUNDING, State.REFUNDED}
        settled = done and settlement.at.startswith(day)
        refunded = settlement.state is State.REFUNDED and (settlement.refunded_at or "").startswith(day)
        count += settled + refunded
        paid = settlement.amounts
        parts = {
            "totalexpense": paid.total,
            "fundpay": paid.fund,
            "personpay": paid.account + paid.cash,
            "curaccountpay": paid.account,
            "mulaidpay": _mutual_aid(inner_object(journal.answer(settlement.msgid).get("xxnr"))),
            "cashpay": paid.cash,
        }
        for name, fen in parts.items():
            sums[name] += (settled - refunded) * fen
    return {"daycollate": day, "daycount": str(count), **{name: to_yuan(fen) for name, fen in sums.items()}}


def _mutual_aid(told: Mapping[str, object]) -> int:
    found = told.get("mulaidpay")
    return to_fen(found) if isinstance(found, str) and found else 0
