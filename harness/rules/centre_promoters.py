"""Promoters at a voucher centre: what they earn for whom, and what they may withdraw."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from harness.clock import BEIJING
from harness.judge.centre_talk import NS, CentreAnswer, CentreTalk, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.wire.voucher_messages import ACTIVATE, PROMOTER, QRCODE, STATE

LEAST_FEN, MOST_FEN = 200, 300
"""What a promoter earns for a person."""
A_DAY, LIMIT_FEN = 2, 6000
"""How often a day and how much at most without a review."""
PAID, IN_REVIEW = "paid", "in-review"


@rule("centre-rewards-who-is-due")
def centre_rewards_who_is_due(history: CaseHistory) -> Iterator[Observation]:
    """A promoter is paid for each person newly activated with their code in their channel, once, and nobody else."""
    talk = centre_talk(history)
    if talk is None:
        return
    for before, after, due in _accounts(talk):
        counted = _number(after, "activated") - _number(before, "activated")
        if counted != due:
            yield Observation(seq=after.at, expected=f"{due} more activated", seen=f"{counted}")


@rule("centre-reward-bounds")
def centre_reward_bounds(history: CaseHistory) -> Iterator[Observation]:
    """Each person is worth 2 to 3 yuan, and the balance changes by nothing else than rewards and withdrawals."""
    talk = centre_talk(history)
    if talk is None:
        return
    withdrawn: dict[str, int] = {}
    for before, after, _ in _accounts(talk):
        number = str(after.data.get("withdrawalNo") or "")
        if after.body.get("action") == "withdraw":
            withdrawn[number] = _fen(after.body.get("amount"))
        counted = _number(after, "activated") - _number(before, "activated")
        moved = _fen(after.data.get("balance")) - _fen(before.data.get("balance"))
        moved += _taken(after, withdrawn.get(number, 0))
        if not counted * LEAST_FEN <= moved <= counted * MOST_FEN:
            expected = f"{counted} times {LEAST_FEN} to {MOST_FEN} fen beside what was withdrawn"
            yield Observation(seq=after.at, expected=expected, seen=f"{moved} fen")


@rule("centre-withdrawal-limits")
def centre_withdrawal_limits(history: CaseHistory) -> Iterator[Observation]:
    """Two withdrawals a day; up to 60 yuan is paid at once, and above it a person reviews it."""
    talk = centre_talk(history)
    if talk is None:
        return
    times: dict[tuple[str, str], int] = {}
    for call in talk.accepted(PROMOTER):
        if call.body.get("action") != "withdraw":
            continue
        code, fen = str(call.body.get("promoterCode")), _fen(call.body.get("amount"))
        key = code, datetime.fromtimestamp(call.asked_ns // NS, UTC).astimezone(BEIJING).strftime("%Y-%m-%d")
        times[key] = times.get(key, 0) + 1
        if times[key] > A_DAY:
            yield Observation(seq=call.at, expected=f"{A_DAY} withdrawals a day", seen=f"number {times[key]}")
        due = IN_REVIEW if fen > LIMIT_FEN else PAID
        if call.data.get("result") != due:
            yield Observation(seq=call.at, expected=f"{due} for {fen} fen", seen=str(call.data.get("result")))


@rule("centre-withdrawal-covered")
def centre_withdrawal_covered(history: CaseHistory) -> Iterator[Observation]:
    """A promoter withdraws more than nothing and never more than the balance."""
    talk = centre_talk(history)
    if talk is None:
        return
    balance: dict[str, int] = {}
    for call in talk.accepted(PROMOTER):
        code, fen = str(call.body.get("promoterCode")), _fen(call.body.get("amount"))
        if call.body.get("action") == "withdraw" and (fen <= 0 or fen > balance.get(code, fen)):
            yield Observation(seq=call.at, expected="refused", seen=f"{fen} fen withdrawn")
        balance[code] = _fen(call.data.get("balance"))


def _accounts(talk: CentreTalk) -> Iterator[tuple[CentreAnswer, CentreAnswer, int]]:
    """Each view of a promoter's account with the one before, and how many people were due in between."""
    last: dict[str, CentreAnswer] = {}
    due: dict[str, int] = {}
    active: set[str] = set()
    begun: dict[str, tuple[str, str, str, bool]] = {}
    for call in talk.undisturbed(PROMOTER, ACTIVATE, STATE, QRCODE):
        if not call.accepted:
            continue
        id_no = str(call.body.get("idNo") or "")
        if call.name == QRCODE or (call.name == STATE and call.data.get("state") == "active"):
            active.add(id_no)
        elif call.name == ACTIVATE:
            number = str(call.data.get("activationNo") or "")
            if call.body.get("step") == "identity":
                code, channel = str(call.body.get("promoterCode") or ""), str(call.body.get("chnlId"))
                begun[number] = id_no, code, channel, id_no not in active
            elif call.data.get("activated") is True and number in begun:
                person, code, channel, newly = begun.pop(number)
                active.add(person)
                if newly and code in last and last[code].data.get("chnlId") == channel:
                    due[code] = due.get(code, 0) + 1
        elif call.name == PROMOTER:
            code = str(call.body.get("promoterCode"))
            if code in last:
                yield last[code], call, due.pop(code, 0)
            last[code] = call


def _taken(call: CentreAnswer, withdrawn: int) -> int:
    """What a call itself takes from the balance, in fen; what is rejected in review comes back."""
    match call.body.get("action"), call.data.get("result"):
        case "withdraw", _:
            return withdrawn
        case "review", "rejected":
            return -withdrawn
        case _:
            return 0


def _number(call: CentreAnswer, name: str) -> int:
    found = call.data.get(name)
    return found if isinstance(found, int) else 0


def _fen(amount: object) -> int:
    try:
        return int(Decimal(str(amount)) * 100)
    except (InvalidOperation, ValueError):
        return 0
