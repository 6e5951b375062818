"""Under which insurance somebody pays: that of now, which the platform alone knows (1101)."""

from collections.abc import Iterator

from harness.judge.counter_talk import Operation
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import SETTLING, as_object, head_of, is_repeat, reply_output, request_input, shown, text

PERSON = "1101"
UNDER_AN_INSURANCE = ("2101", "2102", "2201", "2206", "2206A", "2207", "2207A", "2303", "2304", "2401")
"""Transactions that name a person's insurance, in commands for which that person identifies."""
IN_FORCE = ("", "1")
"""psn_insu_stas of an insurance that is valid; also where it is not said."""


@rule("insured-as-told-now")
def insured_as_told_now(history: CaseHistory) -> Iterator[Observation]:
    """Each time somebody pays or is admitted the platform is asked anew (1101), and its answer is what is sent."""
    for operation in history.doing(*SETTLING, "admit"):  # without a platform of ours none of them is on the tape
        for exchange in history.sent(*UNDER_AN_INSURANCE):
            if not operation.spans(exchange.request.seq) or is_repeat(history, exchange):
                continue
            told = _told(history, operation, exchange)
            if told is None:
                yield Observation(
                    seq=exchange.request.seq,
                    expected=f"a {PERSON} of this person in this command, before {exchange.infno}",
                    seen="none",
                )
                break
            said = _said(exchange)
            if not any(all(said[name] in {"", row[name]} for name in said) for row in told):
                due = " or ".join(_spelt(row) for row in told)
                yield Observation(
                    seq=exchange.request.seq, expected=due or "an insurance that is in force", seen=_spelt(said)
                )


def _told(history: CaseHistory, operation: Operation, exchange: Exchange) -> list[dict[str, str]] | None:
    """The person's insurances in force as this command's last 1101 told them; None when it was not asked."""
    person = text(head_of(exchange).get("psn_no")) or text(
        as_object(request_input(exchange).get("mdtrtinfo")).get("psn_no")
    )
    found: list[dict[str, str]] | None = None
    for other in history.sent(PERSON):
        seq = other.request.seq
        if not (operation.spans(seq) and seq < exchange.request.seq and other.granted):
            continue
        output = reply_output(other)
        if text(as_object(output.get("baseinfo")).get("psn_no")) != person:
            continue
        rows = output.get("insuinfo")
        valid = [as_object(row) for row in rows] if isinstance(rows, list) else []
        found = [
            {"insuplc_admdvs": text(row.get("insuplc_admdvs")), "insutype": text(row.get("insutype"))}
            for row in valid
            if text(row.get("psn_insu_stas")) in IN_FORCE
        ]
    return found


def _said(exchange: Exchange) -> dict[str, str]:
    """What a transaction says of the insurance; empty for what it does not say."""
    head = head_of(exchange) or as_object(request_input(exchange).get("mdtrtinfo"))
    return {
        "insuplc_admdvs": text(exchange.request.json.get("insuplc_admdvs")),
        "insutype": text(head.get("insutype")),
    }


def _spelt(insurance: dict[str, str]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in insurance.items())
