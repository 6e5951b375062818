"""The counter of a pharmacy: the flows of sign-in, purchase and refund, step by step.

`at` is everywhere the cashier's time, yyyy-MM-dd HH:mm:ss. Nothing new is booked while an outcome is unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from simulators.his.behaviour import Behaviour, RefundBy
from simulators.his.booking import Bookings, Order
from simulators.his.centre import Centre, CentreRefusedError, Identity
from simulators.his.hello import Hello
from simulators.his.journal import Amounts, Journal, Settlement, State
from simulators.his.log import Log
from simulators.his.outcome import Done, OutcomeUnknownError, RefusedError, accepted
from simulators.his.platform import Platform, Result, Sender
from simulators.his.sale import Insured, Sale, druginfo, read_amounts, read_person, read_sign_no
from simulators.his.scan import ScanKind, Scanner, ScannerGoneError, kind_of
from simulators.his.texts import UNKNOWN_PROMPT, Reason

SCANS = 2
"""How often the customer is asked to scan before the purchase is given up."""


class Pharmacy:
    """A cashier's desk."""

    def __init__(
        self,
        hello: Hello,
        *,
        journal: Journal,
        scanner: Scanner,
        centre: Centre,
        platform: Platform,
        behaviour: Behaviour,
        log: Log,
    ) -> None:
        self._hello = hello
        self._journal = journal
        self._scanner = scanner
        self._centre = centre
        self._platform = platform
        self._behaviour = behaviour
        self._log = log
        self._bookings = Bookings(journal=journal, platform=platform, behaviour=behaviour, sign_no=self._sign_no)

    def sign_in(self, at: str) -> None:
        """9001; afterwards what is still unknown is resolved. Raises RefusedError."""
        hello = self._hello
        content = {"signIn": {"opter_no": hello.operator, "mac": hello.mac, "ip": hello.ip}}

        def keep(result: Result[str]) -> None:
            if result.value is not None:
                self._journal.signed_in(hello.operator, at[:10], result.value)

        sender = Sender(at=at, order="", sign_no="")
        accepted(self._platform.call("9001", content, sender=sender, parse=read_sign_no, finished=keep))
        self._bookings.resolve_all(at)

    def purchase(self, sale: Sale, at: str, scan_please: Callable[[], None]) -> Done:
        """Sell a basket to whoever shows a code. Raises RefusedError or OutcomeUnknownError."""
        sender = Sender(at=at, order=sale.order, sign_no=self._sign_no(at))
        self._check(sale)
        self._clear_the_table(at)
        code = self._scan(scan_please)
        identity = self._identify(code, at)
        insured = self._person(identity, sender)
        sender = replace(sender, insuplc=insured.insuplc)
        content = druginfo(sale, identity.token, insured, at, self._behaviour)
        expected = self._pre_settle(content, sender) if self._behaviour.pre_settles else None
        return self._bookings.settle(Order(content=content, psn_no=insured.psn_no, expected=expected), sender)

    def refund(self, order: str, at: str) -> Done:
        """Take an order back in full. Raises RefusedError or OutcomeUnknownError."""
        self._sign_no(at)
        self._clear_the_table(at)
        return self._bookings.refund(self._original(order), at)

    def resolve(self, at: str) -> None:
        """Find out what became of every unknown outcome. Raises RefusedError or OutcomeUnknownError."""
        left = self._bookings.resolve_all(at)
        if left:
            raise OutcomeUnknownError(left[0].refund_msgid or left[0].msgid, UNKNOWN_PROMPT)

    def books(self) -> list[Settlement]:
        """Every settlement that was sent, with what became of it."""
        return self._journal.settlements()

    def stands(self, order: str) -> bool:
        """Whether an order is settled and not taken back."""
        return any(settlement.state is State.SETTLED for settlement in self._journal.of_order(order))

    def _sign_no(self, at: str) -> str:
        sign_no = self._journal.sign_no(self._hello.operator, at[:10])
        if sign_no is None and self._behaviour.needs_sign_in:
            raise RefusedError(Reason.NOT_SIGNED_IN)
        return sign_no or ""

    def _check(self, sale: Sale) -> None:
        adds_up, line_fen = self._behaviour.adds_up, self._behaviour.line_fen
        lines_right = all(adds_up(line.amount, line_fen(line.price, line.quantity)) for line in sale.lines)
        if not lines_right or not adds_up(sale.total, sum(line.amount for line in sale.lines)):
            raise RefusedError(Reason.AMOUNTS_DISAGREE)

    def _clear_the_table(self, at: str) -> None:
        if self._bookings.resolve_all(at):
            raise RefusedError(Reason.PLATFORM_UNAVAILABLE)

    def _scan(self, scan_please: Callable[[], None]) -> str:
        for _ in range(SCANS):
            try:
                self._scanner.ask()
                scan_please()
                text = self._scanner.read(self._hello.wait_s)
            except ScannerGoneError as error:
                raise RefusedError(Reason.SCAN_UNREADABLE, message=str(error)) from error
            if text is None:
                break
            if kind_of(text) is not ScanKind.UNREADABLE:
                return self._behaviour.scanned(text)
        raise RefusedError(Reason.SCAN_UNREADABLE)

    def _identify(self, code: str, at: str) -> Identity:
        try:
            identity = self._centre.identify(code)
        except CentreRefusedError as error:
            self._log.write(at, f"ec.query {error.reason.value} {error.code or ''}".rstrip())
            raise RefusedError(error.reason, message=error.message, code=error.code or "") from error
        self._log.write(at, "ec.query accepted", person=identity.id_no)
        return identity

    def _person(self, identity: Identity, sender: Sender) -> Insured:
        content = {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": identity.token, "begntime": sender.at}}
        return accepted(self._platform.call("1101", content, sender=sender, parse=read_person))

    def _pre_settle(self, content: Mapping[str, object], sender: Sender) -> Amounts:
        return accepted(self._platform.call("2101", content, sender=sender, parse=read_amounts))

    def _original(self, order: str) -> Settlement:
        found = self._journal.of_order(order)
        if self._behaviour.refund_by is RefundBy.ORDER_NUMBER:
            return found[-1] if found else _made_up(order)
        standing = [settlement for settlement in found if settlement.state is State.SETTLED]
        if standing:
            return standing[-1]
        refunded = any(settlement.state is State.REFUNDED for settlement in found)
        raise RefusedError(Reason.ALREADY_REFUNDED if refunded else Reason.NO_ORIGINAL)


def _made_up(order: str) -> Settlement:
    """For the defect `refund-without-original`: an order that nobody ever settled."""
    nothing = Amounts(total=0, fund=0, account=0, cash=0)
    return Settlement(
        msgid=f"refund-{order}", order=order, at="", psn_no="0", insuplc="0", amounts=nothing, state=State.REFUSED
    )
