"""What every counter has: sign-in, whoever stands before it, its books, and what an unattended one lets go of.

`at` is everywhere the cashier's time, yyyy-MM-dd HH:mm:ss. Nothing new is booked while an outcome is unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from simulators.his.answers import amounts_members, day_totals, entry_members, time_of
from simulators.his.behaviour import RefundBy, Release
from simulators.his.booking import Bookings
from simulators.his.echo import require_person
from simulators.his.equipment import Command, Commands, Equipment, Members
from simulators.his.identify import ID_CARD, Business, By, Evidence, Identifier, Way, Ways
from simulators.his.journal import Amounts, Settlement, State
from simulators.his.libraries import unfit
from simulators.his.outcome import Done, OutcomeUnknownError, RefusedError, accepted
from simulators.his.platform import Result, Sender
from simulators.his.sale import Insured, read_person, read_sign_no, text_of
from simulators.his.statement import Statements
from simulators.his.texts import UNKNOWN_PROMPT, Reason

CAN = ("sign-in", "refund", "totals", "books", "resolve", "tills")
CAN_IDENTIFY = ("id-card", "card", "face", "iot-box", "self-service", "unattended", "libraries")


@dataclass(kw_only=True)
class Payer:
    """Somebody who was identified: what stands for them, and who the platform says they are."""

    evidence: Evidence
    insured: Insured
    ways: Ways = field(default_factory=Ways)


class Till:
    """The common part of a counter.

    `lets_go` says what the counter lets go of where nobody stands behind it, empty for nothing. `tidy` brings what else
    is in doubt to an end, and returns what is left of it.
    """

    def __init__(self, equipment: Equipment, lets_go: Callable[[Way], str]) -> None:
        self._equipment = equipment
        self._hello = equipment.hello
        self._journal = equipment.journal
        self._behaviour = equipment.behaviour
        self.identifier = Identifier(equipment)
        self.bookings = Bookings(
            journal=equipment.journal,
            platform=equipment.platform,
            behaviour=equipment.behaviour,
            sign_no=self.sign_no,
        )
        self._statements = Statements(equipment)
        self._lets_go = lets_go
        self._signed_in = ""
        """When somebody last signed in since the start; for the defect `signs-in-for-ever`."""
        self._refused_on = ""
        """The day of a refused sign-in; for the defect `signs-in-once-a-day`."""
        self._seen: dict[str, Insured] = {}
        """Who 1101 said somebody is; for the defect `keeps-persons`."""
        self.tidy: Callable[[str], str] = lambda _: ""
        self._last = ""

    @property
    def commands(self) -> Commands:
        """The commands that every counter takes."""
        return {"sign-in": self._sign_in, "totals": self._totals, "books": self._books, "resolve": self._resolve}

    def sign_no(self, at: str) -> str:
        """The sign-in number of a day. Raises RefusedError."""
        sign_no = self._journal.sign_no(self._hello.operator, at[:10])
        if sign_no is None and not self._behaviour.desk.signs_in_daily:
            sign_no = self._journal.sign_no(self._hello.operator, self._signed_in[:10])
        if sign_no is None and self._behaviour.needs_sign_in:
            raise RefusedError(Reason.NOT_SIGNED_IN)
        return sign_no or ""

    def sender(self, order: str, at: str, *, insuplc: str = "", way: str = Way.WINDOW) -> Sender:
        """Under what something is sent. Raises RefusedError."""
        return Sender(
            at=at,
            order=order,
            sign_no=self.sign_no(at),
            insuplc=self._behaviour.insuplc(insuplc),
            opter_type=self._behaviour.opter_type(way),
        )

    def clear_the_table(self, at: str) -> None:
        """Bring what is in doubt to an end before anything new. Raises RefusedError when that cannot be done."""
        if not self._behaviour.desk.clears_first:
            return
        if self.bookings.resolve_all(at, before_new=True) or self.tidy(at):
            raise RefusedError(Reason.PLATFORM_UNAVAILABLE)

    def identify(self, ways: Ways, business: Business, order: str, at: str) -> Payer:
        """Who stands there: evidence, then 1101. Raises RefusedError."""
        evidence = self.identifier.identify(ways, business, at)
        self._last = evidence.id_no
        insured = self._fails_at_the_terminal(
            evidence, order, at, business, lambda: self._person(evidence, ways, order, at)
        )
        return Payer(evidence=evidence, insured=insured, ways=ways)

    def paying(
        self, payer: Payer, order: str, at: str, *, business: Business, total: int, pay: Callable[[], Done]
    ) -> Done:
        """Take a payment by `pay`: a card's password before it; afterwards what is let go of, and the terminal told."""
        release = self._behaviour.release
        paid: Amounts | None = None
        sure = True
        try:
            payer.evidence = self.identifier.proved(payer.evidence)
            if release is Release.ASKED:
                self._let_go(payer, order)
            done = pay()
            paid = done.amounts
        except OutcomeUnknownError:
            sure = False
            raise
        else:
            if release is Release.PAID:
                self._let_go(payer, order)
            return done
        finally:
            if release is Release.ANSWERED:
                self._let_go(payer, order)
            if payer.evidence.face is not None and sure:
                self.identifier.show_result(
                    payer.evidence.face,
                    order=done.setl_id if paid else "",
                    at=at,
                    business=business,
                    total=total,
                    paid=paid,
                )

    def known(self, evidence: Evidence, order: str, ways: Ways, at: str) -> Payer:
        """Who evidence is of: 1101. Raises RefusedError."""
        return Payer(evidence=evidence, insured=self._person(evidence, ways, order, at), ways=ways)

    def turn_away(self, payer: Payer, order: str, at: str, *, business: Business, total: int) -> None:
        """Nothing will be paid: the terminal that took a face is told."""
        if payer.evidence.face is not None:
            self.identifier.show_result(payer.evidence.face, order="", at=at, business=business, total=total, paid=None)

    def let_go(self, payer: Payer, order: str) -> None:
        """A slip of an unattended counter for something without a payment."""
        self._let_go(payer, order)

    def original(self, order: str) -> Settlement:
        """The settlement of an order that stands. Raises RefusedError when there is none."""
        found = self._journal.of_order(order)
        if self._behaviour.refund_by is RefundBy.ORDER_NUMBER:
            return found[-1] if found else _made_up(order)
        standing = [settlement for settlement in found if settlement.state is State.SETTLED]
        if standing:
            return standing[-1]
        refunded = [settlement for settlement in found if settlement.state is State.REFUNDED]
        if refunded and not self._behaviour.refunds_once:
            return refunded[-1]
        raise RefusedError(Reason.ALREADY_REFUNDED if refunded else Reason.NO_ORIGINAL)

    def stands(self, order: str) -> bool:
        """Whether an order is settled and not taken back."""
        return any(settlement.state is State.SETTLED for settlement in self._journal.of_order(order))

    def is_sold(self, order: str) -> bool:
        """Whether an order is not to be settled any more: it is."""
        return self._behaviour.desk.sells_once and self.stands(order)

    def entry(self, kept: Settlement) -> Members:
        """One entry of the books."""
        entry = entry_members(kept)
        return {**entry, "state": self._behaviour.desk.state(str(entry["state"]))}

    def _person(self, evidence: Evidence, ways: Ways, order: str, at: str) -> Insured:
        sender = self.sender(order, at, way=ways.way)
        card = {"card_sn": evidence.card_sn} if evidence.card_sn else {}
        content = {"data": {**evidence.certificate, **card, "begntime": self._behaviour.began_at(at)}}

        def read(output: Mapping[str, object]) -> Insured:
            if self._behaviour.heeds_echo:
                require_person(evidence.id_no, output)
            return read_person(output, heeds_status=self._behaviour.heeds_status)

        if not self._behaviour.desk.asks_person_anew and evidence.id_no in self._seen:
            return self._seen[evidence.id_no]
        try:
            insured = accepted(self._equipment.platform.call("1101", content, sender=sender, parse=read))
        except RefusedError as error:
            if ways.by is By.CARD and error.code == PERSON_UNKNOWN:
                raise RefusedError(
                    Reason.CARD_UNKNOWN, message=error.message, code=error.code, msgid=error.msgid
                ) from error
            raise
        self._seen[evidence.id_no] = insured
        return insured

    def _pry(self, at: str) -> None:
        """For the defect `looks-people-up`: 1101 by the ID number of whoever was here last."""
        content = {"data": {"mdtrt_cert_type": ID_CARD, "mdtrt_cert_no": self._last, "begntime": at}}
        self._equipment.platform.call("1101", content, sender=self.sender("", at), parse=read_person)

    def _fails_at_the_terminal(
        self, evidence: Evidence, order: str, at: str, business: Business, ask: Callable[[], Insured]
    ) -> Insured:
        try:
            return ask()
        except RefusedError:
            if evidence.face is not None and order:
                self.identifier.show_result(evidence.face, order="", at=at, business=business, total=0, paid=None)
            raise

    def _let_go(self, payer: Payer, order: str) -> None:
        what = self._lets_go(payer.ways.way)
        if what:
            self._equipment.events.released(order, what)

    def _sign_in(self, command: Command) -> Members:
        at, hello, behaviour = time_of(command), self._hello, self._behaviour
        wrong = unfit(hello.libraries, self._equipment.bits)
        if wrong and behaviour.checks_libraries:
            raise RefusedError(Reason.LIBRARY_MISMATCH, message=wrong)
        content = {"signIn": {"opter_no": hello.operator, "mac": hello.mac, "ip": hello.ip}}

        def keep(result: Result[str]) -> None:
            if result.value is not None:
                self._journal.signed_in(hello.operator, at[:10], result.value)

        sender = Sender(at=at, order="", sign_no="")
        if self._refused_on == at[:10] and not behaviour.desk.signs_in_again:
            raise RefusedError(Reason.PLATFORM_UNAVAILABLE)
        try:
            accepted(self._equipment.platform.call("9001", content, sender=sender, parse=read_sign_no, finished=keep))
        except RefusedError:
            self._refused_on = at[:10]
            if behaviour.desk.heeds_refused_sign_ins:
                raise
            self._journal.signed_in(hello.operator, at[:10], "0")
        self._signed_in = at
        if not self.bookings.resolve_all(at):
            self.tidy(at)
        return {"outcome": "accepted"}

    def _totals(self, command: Command) -> Members:
        day = date.fromisoformat(text_of(command, "day")).isoformat()
        if self._behaviour.pries and self._last:
            self._pry(time_of(command))
        count, amounts = day_totals(self._journal.settlements(), day, less_refunds=self._behaviour.counts_refunds)
        return {"outcome": "accepted", "count": count, **amounts_members(amounts), **self._compared(command, day)}

    def _compared(self, command: Command, day: str) -> Members:
        """What the platform says of the day, where the province wants it asked; nothing without a sign-in of today."""
        sign_no = self._journal.sign_no(self._hello.operator, text_of(command, "at")[:10])
        if not self._hello.profile.statement_with_totals or sign_no is None:
            return {}
        found = self._statements.compare(day, at=time_of(command), sign_no=sign_no)
        return {"statement": self._behaviour.statement.told(found.value)}

    def _books(self, _: Command) -> Members:
        return {"outcome": "accepted", "entries": [self.entry(kept) for kept in self._journal.settlements()]}

    def _resolve(self, command: Command) -> Members:
        at = time_of(command)
        if not self._behaviour.desk.resolves:
            return {"outcome": "accepted"}
        left = self.bookings.resolve_all(at)
        if left:
            raise OutcomeUnknownError(left[0].refund_msgid or left[0].msgid, UNKNOWN_PROMPT)
        if msgid := self.tidy(at):
            raise OutcomeUnknownError(msgid, UNKNOWN_PROMPT)
        return {"outcome": "accepted"}


PERSON_UNKNOWN = "981009"
"""Refusal code of 1101 for a card that nobody insured has."""


def _made_up(order: str) -> Settlement:
    """For the defect `refund-without-original`: an order that nobody ever settled."""
    nothing = Amounts(total=0, fund=0, account=0, cash=0)
    return Settlement(
        msgid=f"refund-{order}", order=order, at="", psn_no="0", insuplc="0", amounts=nothing, state=State.REFUSED
    )
