"""How a counter's results are spelt in the counter port's answers, and what its commands have in common."""

from simulators.his.equipment import Command, Members
from simulators.his.journal import OPEN_STATES, Amounts, Settlement, State
from simulators.his.money import to_yuan
from simulators.his.outcome import Done
from simulators.his.sale import text_of


def done_members(done: Done) -> Members:
    """The answer to what was settled or refunded."""
    return {
        "outcome": "accepted",
        "order": done.order,
        "setl_id": done.setl_id,
        "mdtrt_id": done.mdtrt_id,
        "psn_no": done.psn_no,
        "msgid": done.msgid,
        "amounts": amounts_members(done.amounts),
    }


def amounts_members(amounts: Amounts) -> Members:
    """How a total is paid, in yuan."""
    return {
        "total": to_yuan(amounts.total),
        "fund": to_yuan(amounts.fund),
        "account": to_yuan(amounts.account),
        "cash": to_yuan(amounts.cash),
    }


def entry_members(settlement: Settlement) -> Members:
    """One entry of the books."""
    state = "unknown" if settlement.state in OPEN_STATES else settlement.state.value
    return {
        "order": settlement.order,
        "setl_id": settlement.setl_id,
        "msgid": settlement.msgid,
        "infno": settlement.infno,
        "state": state,
        **amounts_members(settlement.amounts),
    }


def day_totals(books: list[Settlement], day: str, *, less_refunds: bool = True) -> tuple[int, Amounts]:
    """Settlements of a day less refunds of that day; what was reversed or is unknown counts as not done.

    Without `less_refunds` the refunds are forgotten.
    """
    count = 0
    amounts = [0, 0, 0, 0]
    for settlement in books:
        done = settlement.state in {State.SETTLED, State.REFUNDED, State.REFUNDING}
        settled_now = done and settlement.at.startswith(day)
        refunded_now = settlement.state is State.REFUNDED and (settlement.refunded_at or "").startswith(day)
        sign = settled_now - (refunded_now and less_refunds)
        paid = settlement.amounts
        count += sign
        for at, part in enumerate((paid.total, paid.fund, paid.account, paid.cash)):
            amounts[at] += sign * part
    return count, Amounts(total=amounts[0], fund=amounts[1], account=amounts[2], cash=amounts[3])


def time_of(command: Command) -> str:
    """The cashier's time of a command. Raises ValueError."""
    at = text_of(command, "at")
    digits = "".join(filter(str.isdigit, at))
    if len(at) != len("2020-10-14 08:30:00") or len(digits) != len("20201014083000"):
        raise ValueError("at must be a time as yyyy-MM-dd HH:mm:ss")
    return at
