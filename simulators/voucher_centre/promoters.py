"""Promoters (推广员): what they earn for people activated with their code, and how they withdraw it.

The documented rules: one channel, 2 to 3 yuan a person, two withdrawals a day of at most 60 yuan; a person reviews what
is above. Events: promoter-earned, promoter-not-rewarded, red-packet, promoter-withdrawn, promoter-review,
promoter-reviewed, promoter-refused.
"""

from dataclasses import dataclass, field

from fixtures.population import Person
from fixtures.voucher_promoters import Promoter, promoter_rules, promoters
from harness.clock import Clock, local_time
from harness.line.record import JsonValue
from harness.money import Fen, format_yuan
from harness.wire.institution import amount
from simulators.voucher_centre.refusal import RefusedError, required
from simulators.voucher_centre.vouchers import Tell

PAID, IN_REVIEW, REJECTED = "paid", "in-review", "rejected"


@dataclass(kw_only=True)
class Withdrawal:
    """One withdrawal; `day` is the Beijing date it was asked for on."""

    number: str
    amount: Fen
    day: str
    state: str


@dataclass(kw_only=True)
class Account:
    """A promoter's account."""

    promoter: Promoter
    balance: Fen
    people: list[str] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)


class Promotion:
    """All promoters of one case."""

    def __init__(self, clock: Clock, *, red_packet: Fen, tell: Tell) -> None:
        self._clock = clock
        self._red_packet = red_packet
        self._tell = tell
        self._accounts = {
            promoter.code: Account(promoter=promoter, balance=Fen(promoter.opening_fen)) for promoter in promoters()
        }

    def check(self, code: str) -> None:
        """Raises RefusedError when a code is no promoter's."""
        self._account(code)

    def earn(self, code: str, person: Person, *, channel: str, newly: bool) -> None:
        """A person was activated with a promoter's code: reward them, if the rules say so."""
        account = self._account(code)
        why = "" if newly else "already-activated"
        if channel != account.promoter.channel:
            why = "other-channel"
        if why:
            self._tell("promoter-not-rewarded", promoter=code, id_no=person.id_no, why=why)
            return
        account.people.append(person.id_no)
        account.balance = Fen(account.balance + account.promoter.reward_fen)
        self._tell(
            "promoter-earned",
            promoter=code,
            id_no=person.id_no,
            amount_fen=account.promoter.reward_fen,
            balance_fen=account.balance,
        )
        if self._red_packet:
            self._tell("red-packet", id_no=person.id_no, amount_fen=self._red_packet)

    def handle(self, body: dict[str, object]) -> dict[str, object]:
        """A promoter's call, or the reviewer's. Raises RefusedError."""
        account = self._account(str(body["promoterCode"]))
        match body["action"]:
            case "withdraw":
                return self._withdraw(account, body)
            case "review":
                return self._review(account, body)
            case _:
                return self._shown(account)

    def state(self) -> list[JsonValue]:
        """Every account, for the back door."""
        return [
            {
                "promoter": account.promoter.code,
                "balance_fen": account.balance,
                "people": list(account.people),
                "withdrawals": [
                    {"number": one.number, "amount_fen": one.amount, "day": one.day, "state": one.state}
                    for one in account.withdrawals
                ],
            }
            for account in self._accounts.values()
        ]

    def _account(self, code: str) -> Account:
        account = self._accounts.get(code)
        if account is None:
            raise RefusedError("invalid-request", f"promoterCode {code!r} is no promoter's")
        return account

    def _withdraw(self, account: Account, body: dict[str, object]) -> dict[str, object]:
        rules, today = promoter_rules(), local_time(self._clock).strftime("%Y-%m-%d")
        if body.get("amount") in {None, ""}:
            raise RefusedError("invalid-request", "amount: a number expected")
        wanted = amount(body["amount"])
        why = ""
        if wanted <= 0:
            why = "amount"
        elif wanted > account.balance:
            why = "balance"
        elif sum(one.day == today for one in account.withdrawals) >= rules.withdrawals_per_day:
            why = "withdrawals-per-day"
        if why:
            self._tell("promoter-refused", promoter=account.promoter.code, amount_fen=wanted, why=why)
            raise RefusedError("withdrawal-refused", why, {"why": why})
        reviewed = wanted > rules.withdrawal_limit_fen
        withdrawal = Withdrawal(
            number=f"TX{account.promoter.code}{len(account.withdrawals) + 1:04d}",
            amount=wanted,
            day=today,
            state=IN_REVIEW if reviewed else PAID,
        )
        account.withdrawals.append(withdrawal)
        account.balance = Fen(account.balance - wanted)
        self._tell(
            "promoter-review" if reviewed else "promoter-withdrawn",
            promoter=account.promoter.code,
            withdrawal=withdrawal.number,
            amount_fen=wanted,
            balance_fen=account.balance,
        )
        return {**self._shown(account), "withdrawalNo": withdrawal.number, "result": withdrawal.state}

    def _review(self, account: Account, body: dict[str, object]) -> dict[str, object]:
        number, approve = required(body, "withdrawalNo"), body.get("approve")
        found = next((one for one in account.withdrawals if one.number == number and one.state == IN_REVIEW), None)
        if found is None or not isinstance(approve, bool):
            raise RefusedError("invalid-request", "withdrawalNo of one in review, and approve true or false")
        found.state = PAID if approve else REJECTED
        if not approve:
            account.balance = Fen(account.balance + found.amount)
        self._tell(
            "promoter-reviewed",
            promoter=account.promoter.code,
            withdrawal=number,
            amount_fen=found.amount,
            approved=approve,
            balance_fen=account.balance,
        )
        return {**self._shown(account), "withdrawalNo": number, "result": found.state}

    def _shown(self, account: Account) -> dict[str, object]:
        first, last = promoter_rules().review_working_days
        return {
            "promoterCode": account.promoter.code,
            "chnlId": account.promoter.channel,
            "balance": format_yuan(account.balance),
            "activated": len(account.people),
            "reviewDays": f"{first}-{last}",
        }
