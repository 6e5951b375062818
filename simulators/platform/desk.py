"""What every transaction works with: books, people, rules, clock, voucher centre, and how a booking is made.

A booking is committed first, then stands on the tape (`booked`), then the person gets a bill, where the channel of
their code has a bills page, and a notice, then the caller the answer. What cannot be delivered changes nothing but
leaves `bill-undelivered` or `notice-undelivered`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from fixtures.population import Institution, Person, institutions, people
from harness.clock import BEIJING, Clock
from harness.line.record import JsonValue
from harness.line.tape import Tape
from harness.money import Fen, format_yuan
from harness.wire.profile import Profile
from simulators.platform.attempts import key_of
from simulators.platform.bills import Bills, bill_of
from simulators.platform.call import Call, Writer, spell, stamp
from simulators.platform.centre import VoucherCentreClient
from simulators.platform.ledger import KeptOutError, Ledger, Settlement
from simulators.platform.refusals import RefusedError
from simulators.platform.settings import PlatformSettings

Notify = Callable[[Mapping[str, object]], Awaitable[bool]]
KIND_OF_NOTICE = {
    **dict.fromkeys(("2102", "2207", "2207A", "2304"), "payment"),
    **dict.fromkeys(("2103", "2208", "2305"), "refund"),
    "2601": "reversal",
}


class AbandonedError(Exception):
    """The case ended while a transaction waited; nothing may be booked or answered any more."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One case's platform, as transactions see it; `over` tells whether the case has ended."""

    name: str
    settings: PlatformSettings
    profile: Profile
    clock: Clock
    tape: Tape
    ledger: Ledger
    writer: Writer
    centre: VoucherCentreClient
    notify: Notify
    bills: Bills
    over: Callable[[], bool]

    @property
    def population(self) -> tuple[Person, ...]:
        """Everybody who is insured."""
        return tuple(self._people.values())

    def moved(self, person: Person) -> None:
        """Somebody's insurance is another one from now on, until the next case; leaves `insurance-moved`."""
        self._people[person.psn_no] = self._by_id_no[person.id_no] = person
        self.event(
            "insurance-moved",
            person=person.id,
            psn_no=person.psn_no,
            place=person.insured_place,
            insutype=person.insutype,
        )

    def state(self) -> dict[str, JsonValue]:
        """Accounts, settlements and the sums of all postings, for the back door."""
        accounts = self.ledger.accounts()
        return {
            "people": [
                {
                    "id": person.id,
                    "psn_no": person.psn_no,
                    "id_no": person.id_no,
                    "insutype": person.insutype,
                    "opening_fen": accounts[person.psn_no][0],
                    "balance_fen": accounts[person.psn_no][1],
                }
                for person in self.population
            ],
            "settlements": [dict(vars(settlement)) for settlement in self.ledger.settlements()],
            "postings": self.ledger.totals(),
        }

    @cached_property
    def _people(self) -> dict[str, Person]:
        return {person.psn_no: person for person in people()}

    @cached_property
    def _by_id_no(self) -> dict[str, Person]:
        return {person.id_no: person for person in people()}

    @cached_property
    def _institutions(self) -> dict[str, Institution]:
        return {institution.code: institution for institution in institutions()}

    def now(self) -> datetime:
        """The time in Beijing."""
        return datetime.fromtimestamp(self.clock.now_ns() // 1000 / 1_000_000, tz=BEIJING)  # exact: 53 bits hold it

    def person(self, psn_no: object) -> Person:
        """The insured person with a psn_no. Raises RefusedError."""
        person = self._people.get(psn_no) if isinstance(psn_no, str) else None
        if person is None:
            raise RefusedError("person-unknown")
        return person

    def person_of_id_no(self, id_no: object) -> Person:
        """The insured person with an ID number. Raises RefusedError."""
        person = self._by_id_no.get(id_no) if isinstance(id_no, str) else None
        if person is None:
            raise RefusedError("person-unknown")
        return person

    def institution(self, code: object) -> Institution:
        """The institution with a code. Raises RefusedError."""
        institution = self._institutions.get(code) if isinstance(code, str) else None
        if institution is None:
            raise RefusedError("institution-unknown", institution=code)
        return institution

    def event(self, name: str, **fields: JsonValue) -> None:
        """Put an event on the tape."""
        self.tape.event(self.name, name, **fields)

    def still_here(self) -> None:
        """To be called after every wait. Raises AbandonedError when the case is over."""
        if self.over():
            raise AbandonedError

    def accepted(self, call: Call, output: Mapping[str, object] | None) -> bytes:
        """The answer to a transaction that books nothing."""
        return self.writer.accepted(call, output, now=self.now())

    def number_for(self, call: Call) -> tuple[int, str, str]:
        """Number, setl_id and mdtrt_id of the next settlement; only inside `ledger.writing`."""
        n = self.ledger.next_number()
        place, day = call.institution.admdvs, stamp(call.at)[:8]
        return n, f"{place}{day}{n:012d}", f"M{place}{day}{n:010d}"

    def book(self, call: Call, settlement: Settlement, output: Mapping[str, object] | None) -> bytes:
        """Write a settlement with the answer to its msgid; only inside `ledger.writing`. Returns the answer.

        Raises TakenError when the msgid has been answered in another process: hand it on, the dispatcher knows.
        """
        reply = self.accepted(call, output)
        key = key_of(call.msgid, call.attempt)
        self.ledger.book(settlement if call.attempt == 1 else replace(settlement, msgid=key))
        self.bills.book(settlement, self.ledger)
        self.ledger.keep_answer(key, call.institution.code, call.digest, reply)
        return reply

    async def announce(self, settlement: Settlement) -> None:
        """Once a settlement is on the disk, tell tape and person. Raises AbandonedError when the case is over."""
        await self.ledger.flushed()
        self.still_here()
        person = self.person(settlement.psn_no)
        balance = await self._balance_after(settlement)
        self.event(
            "booked",
            setl_id=settlement.setl_id,
            msgid=settlement.msgid,
            infno=settlement.infno,
            institution=settlement.institution,
            psn_no=settlement.psn_no,
            id_no=person.id_no,
            mdtrt_id=settlement.mdtrt_id,
            order=settlement.invono,
            total_fen=settlement.total_fen,
            fund_fen=settlement.fund_fen,
            account_fen=settlement.account_fen,
            cash_fen=settlement.cash_fen,
            reverses=settlement.reverses,
            balance_fen=balance,
        )
        if channel := self.bills.channel_of(settlement):
            await self.bill(settlement, person, channel)
        if settlement.account_fen:
            await self.tell(settlement, person, balance)

    async def _balance_after(self, settlement: Settlement) -> Fen:
        """What is on the account; what is booked is announced, however long others keep readers out."""
        while True:
            try:
                return self.ledger.balance(settlement.psn_no)
            except KeptOutError:
                await self.ledger.looked()
                self.still_here()

    async def bill(self, settlement: Settlement, person: Person, channel: str) -> None:
        """Send a channel the bill of a settlement. Raises AbandonedError when the case is over."""
        bill = bill_of(
            settlement,
            person,
            self.institution(settlement.institution),
            channel=channel,
            kind=KIND_OF_NOTICE[settlement.infno],
            at=spell(self.now()),
        )
        delivered = await self.bills.push(bill)
        self.still_here()
        if not delivered:
            self.event("bill-undelivered", setl_id=settlement.setl_id)

    async def tell(self, settlement: Settlement, person: Person, balance: Fen) -> None:
        """Send the notice of what moved on an account. Raises AbandonedError when the case is over."""
        notice = {
            "idNo": person.id_no,
            "amount": format_yuan(settlement.account_fen),
            "balance": format_yuan(balance),
            "setlId": settlement.setl_id,
            "kind": KIND_OF_NOTICE[settlement.infno],
            "at": spell(self.now()),
        }
        delivered = await self.notify(notice)
        self.still_here()
        if not delivered:
            self.event("notice-undelivered", setl_id=settlement.setl_id)


def reversal_of(original: Settlement, call: Call, *, n: int, setl_id: str, at_ns: int) -> Settlement:
    """The settlement that undoes another: the same parties, every amount with the other sign."""
    return replace(
        original,
        n=n,
        setl_id=setl_id,
        msgid=call.msgid,
        infno=call.infno,
        at_ns=at_ns,
        total_fen=Fen(-original.total_fen),
        fund_fen=Fen(-original.fund_fen),
        account_fen=Fen(-original.account_fen),
        cash_fen=Fen(-original.cash_fen),
        large_fen=Fen(-original.large_fen),
        mutual_fen=Fen(-original.mutual_fen),
        reverses=original.setl_id,
    )
