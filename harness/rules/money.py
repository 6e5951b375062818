"""Money on the wire and at the counter: exact decimals of yuan whose parts add up (§7.1 of the interface reference)."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.money import Fen, format_yuan
from harness.rules.registry import Observation, rule
from harness.rules.transactions import (
    PRE_SETTLING,
    SETTLEMENTS,
    SPLIT,
    as_object,
    drug_lines,
    fen,
    head_of,
    reply_output,
    rows_of,
    settlement_of,
    shown,
    text,
)

FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay", "hifdm_pay")
PERSON = ("psn_part_amt", "acct_pay", "psn_cash_pay", "acct_mulaid_pay", "hosp_part_amt", "balc")
COVERED = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc")
AMOUNTS = ("medfee_sumamt", "fund_pay_sumamt", "psn_pay", "cash_payamt", *FUNDS, *PERSON, *COVERED)
"""The amounts of a setlinfo: N16,2."""
UPLOADS = ("2204", "2301")
FINE = {"pric": 6, "cnt": 4}
"""Numbers of a line that may have more decimals than an amount."""


@rule("money-identities")
def money_identities(history: CaseHistory) -> Iterator[Observation]:
    """Amounts are exact decimals of yuan, and every total is the sum of its parts."""
    for exchange in history.exchanges:
        if exchange.infno in {*PRE_SETTLING, *SETTLEMENTS, *UPLOADS}:
            yield from _request(exchange)
        if exchange.infno and exchange.reply is not None:
            yield from _settlement(exchange, exchange.reply.seq)
    for operation in history.operations:
        if operation.answer is not None:
            yield from _answer(operation.answer.content, operation.answer.seq)


def _inexact(values: Mapping[str, Any], names: Iterable[str], seq: int) -> Iterator[Observation]:
    for name in names:
        value = values.get(name)
        if value is not None and value != "" and fen(value) is None:
            seen = f"{name} {shown(text(value) or value)}"
            yield Observation(seq=seq, expected=f"{name} in yuan with at most two decimals", seen=seen)


def _decimals(value: object) -> int | None:
    whole, _, places = (format(value, "f") if isinstance(value, Decimal) else text(value)).lstrip("-").partition(".")
    return len(places.rstrip("0")) if whole.isdigit() and (not places or places.isdigit()) else None


def _request(exchange: Exchange) -> Iterator[Observation]:
    seq, head = exchange.request.seq, head_of(exchange)
    lines = rows_of(exchange) if exchange.infno in UPLOADS else drug_lines(exchange)
    yield from _inexact(head, ["medfee_sumamt", *COVERED], seq)
    for line in lines:
        yield from _inexact(line, ["det_item_fee_sumamt"], seq)
        for name, most in FINE.items():
            places = _decimals(line.get(name)) if line.get(name) is not None else 0
            if places is None or places > most:
                yield Observation(
                    seq=seq, expected=f"{name} with at most {most} decimals", seen=f"{name} {shown(line.get(name))}"
                )
    total, parts = fen(head.get("medfee_sumamt")), [fen(line.get("det_item_fee_sumamt")) for line in lines]
    if exchange.granted and total is not None and lines and None not in parts:
        added = Fen(sum(part for part in parts if part is not None))
        if added != total:
            yield Observation(
                seq=seq,
                expected=f"the lines of what is accepted add up to medfee_sumamt {format_yuan(total)}",
                seen=format_yuan(added),
            )


def _settlement(exchange: Exchange, seq: int) -> Iterator[Observation]:
    info = settlement_of(exchange)
    yield from _inexact(info, AMOUNTS, seq)
    for detail in reply_output(exchange).get("setldetail") or []:
        yield from _inexact(as_object(detail), ["fund_payamt", "inscp_scp_amt", "crt_payb_lmt_amt"], seq)
    known = {name: amount for name in AMOUNTS if (amount := fen(info.get(name))) is not None}
    known.setdefault("psn_part_amt", known.get("psn_pay", Fen(0)))
    known.setdefault("psn_cash_pay", known.get("cash_payamt", Fen(0)))
    if {"medfee_sumamt", "fund_pay_sumamt"} <= known.keys():
        parts = known["fund_pay_sumamt"] + known["psn_part_amt"]
        yield from _adds_up(
            seq,
            "medfee_sumamt = fund_pay_sumamt + psn_part_amt (+ hosp_part_amt)",
            known["medfee_sumamt"],
            (parts, parts + known.get("hosp_part_amt", 0)),
        )
        paid = known.get("acct_pay", 0) + known["psn_cash_pay"]
        yield from _adds_up(
            seq,
            "psn_part_amt = acct_pay + psn_cash_pay (+ acct_mulaid_pay)",
            known["psn_part_amt"],
            (paid, paid + known.get("acct_mulaid_pay", 0)),
        )
    if "fund_pay_sumamt" in known and known.keys() & set(FUNDS):
        funds = sum(known.get(name, 0) for name in FUNDS)
        yield from _adds_up(seq, "fund_pay_sumamt = the sum of the funds", known["fund_pay_sumamt"], (funds,))
    unused = text(head_of(exchange).get("acct_used_flag")) == "0"
    if unused and known.get("acct_pay"):
        yield Observation(
            seq=seq,
            expected="acct_pay 0.00, since acct_used_flag is 0",
            seen=f"acct_pay {format_yuan(known['acct_pay'])}",
        )


def _adds_up(seq: int, identity: str, whole: Fen, sums: Iterable[int]) -> Iterator[Observation]:
    sums = list(sums)
    if whole not in sums:
        seen = f"{format_yuan(whole)} against {format_yuan(Fen(sums[0]))}"
        yield Observation(seq=seq, expected=identity, seen=seen)


def _answer(content: Mapping[str, Any], seq: int) -> Iterator[Observation]:
    entries = content.get("entries")
    parts = [as_object(entry) for entry in entries] if isinstance(entries, list) else []
    for amounts in (content, as_object(content.get("amounts")), *parts):
        yield from _inexact(amounts, SPLIT, seq)
        given = [fen(amounts.get(part)) for part in SPLIT]
        if None not in given:
            total, *rest = (part for part in given if part is not None)
            yield from _adds_up(seq, "total = fund + account + cash", total, (sum(rest),))
