"""What the services share: one case's orders, accounts, people and authorisations, and the checks on them.

What is done to them is done within `working`: one at a time for each key, and at its end all of it is saved, or none of
it has been. Nothing leaves before it is saved: before a message to the platform, `safe`; events and notices wait for
the save. While a piece of work waits for anybody, others go on; so whatever it has changed by then is saved, or is not
told: `as_saved`. Before anything is begun, who has to write waits for programs that have locked the ledger: `turn`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from fixtures.population import Institution, Person, institutions, people
from harness.clock import Clock
from harness.errors import BenchError
from harness.line.record import JsonValue
from harness.money import Fen, format_yuan
from harness.wire.fields import is_absent, is_object
from harness.wire.institution import amount
from simulators.mobile_payment.auths import Authorisation, Authorisations
from simulators.mobile_payment.documents import authorisation_body, order_body, read_authorisation, read_order
from simulators.mobile_payment.insurance import Insurance
from simulators.mobile_payment.orders import Numbers, Order
from simulators.mobile_payment.services import OrdStas, RefusedError
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.mobile_payment.split import Parts
from simulators.mobile_payment.store import Kind, Note, Store, key_of, parts_of_key
from simulators.mobile_payment.work import CURRENT, Key, Locks, Work
from simulators.platform.ledger import LockedError

Data = Mapping[str, object]
Answer = dict[str, object]
Batch = tuple[str, str, str]
BelongsTo = Callable[[str, Person, Institution], Awaitable[bool]]
"""Whether the voucher centre says that a token is this person's here; raises RefusedError when it does not answer."""
RETRY_S = 10
"""Seconds until an order tries again what the ledger could not keep."""
_OPEN_TO_OTHERS = frozenset(
    {
        OrdStas.SAVED,
        OrdStas.REVOKED,
        OrdStas.INSURANCE_REVOKED,
        OrdStas.FAILED,
        OrdStas.FAILED_NOT_REVERSED,
        OrdStas.REFUNDED,
    }
)
"""States of an order whose charge batch may be charged by another one."""


@dataclass(kw_only=True)
class Desk:
    """The books of one case.

    `belongs` asks the voucher centre, `notify` sends a paid order's notice, `tell` leaves events, `out_of_order` says
    that the ledger cannot be used.
    """

    settings: MobilePaymentSettings
    clock: Clock
    numbers: Numbers
    auths: Authorisations
    belongs: BelongsTo
    notify: Callable[[Order], None]
    tell: Callable[..., None]
    insurance: Insurance
    store: Store
    out_of_order: Callable[[BenchError], None]
    resume: Callable[[], None]
    """Has orders go on by themselves after all was read again."""
    locks: Locks = field(default_factory=Locks)
    """One at a time for each key: a service, or what an order does by itself."""
    orders: dict[str, Order] = field(default_factory=dict)
    batches: dict[Batch, list[Order]] = field(default_factory=dict)
    """Orders by what is charged only once."""
    answers: dict[tuple[str, ...], tuple[str, Answer]] = field(default_factory=dict)
    """The digest of a submission, and its answer."""
    balances: dict[str, Fen] = field(default_factory=dict)
    lives: set["asyncio.Task[None]"] = field(default_factory=set)
    """What orders do by themselves."""
    resolving: set[str] = field(default_factory=set)
    """Orders, by payOrdId, whose settlement is being cleared up."""
    _unsaved: set[str] = field(default_factory=set)
    """Orders, by payOrdId, that have changed and wait to be saved while another program has the ledger locked."""
    _epoch: int = 0
    """How often something could not be kept, so that all under way counted no more."""
    _broken: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        self._people = {person.id_no: person for person in people()}
        self._institutions = {institution.code: institution for institution in institutions()}

    # --- saving ---------------------------------------------------------------------------------------

    def load(self) -> None:
        """Everything as the store has it. Raises BenchError."""
        try:
            self._load()
        except (ValueError, TypeError, LookupError, msgspec.MsgspecError) as error:
            raise BenchError(
                f"The orders in this ledger cannot be read: {error}.",
                cause="they were written by another version of Liantiao, or with other people and institutions",
                remedy="name another file or database with the setting ledger",
            ) from error

    def _load(self) -> None:
        self.store.reread()
        self.orders.clear()
        self.batches.clear()
        for _, body in self.store.read(Kind.ORDER):
            self._enter(read_order(body))
        self.auths.load({number: read_authorisation(body) for number, body in self.store.read(Kind.AUTH)})
        self.answers = {}
        for key, body in self.store.read(Kind.ANSWER):
            answer = body["answer"]
            assert is_object(answer)
            self.answers[parts_of_key(key)] = (str(body["digest"]), dict(answer))
        self.balances = {person.id_no: Fen(person.balance_fen) for person in people()}
        for id_no, body in self.store.read(Kind.BALANCE):
            self.balances[id_no] = Fen(_whole(body, "fen"))
        drawn = self.store.note(Note.NUMBERS)
        self.numbers.drawn, self.numbers.tokens = _whole(drawn, "drawn"), _whole(drawn, "tokens")
        self.insurance.load(self.store)
        self._broken = False

    async def turn(self) -> None:
        """Wait until something can be written, before anything is begun. Raises RefusedError when nobody can."""
        try:
            await self.store.turn()
        except LockedError as error:
            self.out_of_order(error)
            raise RefusedError("busy") from error
        self.still()

    async def save(self) -> None:
        """Save what this work has done; then tell of it. Raises BenchError; then all of it has never been."""
        self.still()
        work = CURRENT.get()
        self._put(work)
        if self.store.behind:
            waiting = work.orders - self._unsaved
            self._unsaved |= waiting
            try:
                await self.store.turn()
            finally:
                self._unsaved -= waiting
            self.still()
            self._put(work)  # again: others have drawn numbers meanwhile
        self.store.save()
        later, work.later = work.later, []
        for act in later:
            act()

    def _put(self, work: Work) -> None:
        for pay_ord_id in work.orders:
            order = self.orders.get(pay_ord_id)
            if order is not None:
                self.store.put(Kind.ORDER, pay_ord_id, order_body(order))
        self.store.put(Kind.NOTE, Note.NUMBERS, {"drawn": self.numbers.drawn, "tokens": self.numbers.tokens})
        self.insurance.note_numbers()

    def still(self) -> None:
        """Whether this work goes on after it has waited. Raises BenchError when it counts no more."""
        if self._ended:
            raise _over()
        if CURRENT.get().epoch != self._epoch:
            raise BenchError(
                "What was under way has been undone.",
                cause="the ledger of the orders could not be used meanwhile, and was read again",
                remedy="send the same message again",
            )

    async def safe(self) -> None:
        """Save what was done so far, and return when it is safe: before anything of it leaves."""
        await self.save()
        await self.store.flushed()
        self.still()

    @asynccontextmanager
    async def working(self, *keys: Key) -> AsyncIterator[None]:
        """Do something to the books, alone with what the keys name. Returns when it is safe.

        What is raised inside, but a refusal, undoes what was not saved yet, and all else that is under way: all is read
        again before the next work. Raises BenchError when the ledger cannot be used.
        """
        refusal = None
        async with self.locks.held(*keys):
            if self._ended:
                raise _over()
            if self._broken:
                self.load()
                self.resume()
            work = Work(epoch=self._epoch)
            token = CURRENT.set(work)
            try:
                try:
                    yield
                except RefusedError as error:
                    refusal = error
                await self.save()
            except BaseException:
                if work.epoch == self._epoch:
                    self._epoch += 1
                    self._broken = True
                raise
            finally:
                CURRENT.reset(token)
        await self.store.flushed()
        if refusal is not None:
            raise refusal

    def end(self) -> None:
        """The case is over: nothing that is still under way does anything any more."""
        self._ended = True

    @property
    def ended(self) -> bool:
        """Whether the case is over."""
        return self._ended

    async def insist(self, step: Callable[[], Awaitable[None]], pay_ord_id: str = "", *, writes: bool = True) -> None:
        """Do what an order does by itself; later again while the ledger cannot be used."""
        while True:
            try:
                if writes:
                    await self.store.turn()
                async with self.working(*self.keys_of(pay_ord_id)):
                    await step()
            except BenchError as error:
                self.out_of_order(error)
                await self.clock.sleep(RETRY_S)
            else:
                return

    @property
    def broken(self) -> bool:
        """Whether something was undone, so that all is read again before the next work."""
        return self._broken

    def live(self, life: Coroutine[object, object, None], name: str) -> None:
        """Have an order do something by itself."""
        task = asyncio.create_task(life, name=name)
        self.lives.add(task)
        task.add_done_callback(self.lives.discard)

    def after_save(self, act: Callable[[], None]) -> None:
        """Do something once what was done up to now has been saved."""
        CURRENT.get().later.append(act)

    def touch(self, order: Order) -> Order:
        """Have an order saved with the rest."""
        CURRENT.get().orders.add(order.pay_ord_id)
        return order

    def add(self, order: Order) -> None:
        """A new order."""
        self._enter(self.touch(order))

    def keys_of(self, pay_ord_id: str) -> tuple[Key, ...]:
        """What work on an order holds alone: its charge batch, since of the orders of a batch one may be charged.

        Accounts need no key: at the platform its ledger decides, and own ones are looked at and moved in one go.
        """
        order = self.orders.get(pay_ord_id)
        return () if order is None else (batch_key(order.batch),)

    def _enter(self, order: Order) -> None:
        self.orders[order.pay_ord_id] = order
        self.batches.setdefault(order.batch, []).append(order)

    def give(self, id_no: str, fen: Fen) -> Fen:
        """Put something on an own account, or take it; what is on it then."""
        balance = self.balances[id_no] = Fen(self.balances[id_no] + fen)
        self.store.put(Kind.BALANCE, id_no, {"fen": balance})
        return balance

    def keep_answer(self, key: tuple[str, ...], digest: str, answer: Answer) -> Answer:
        """Remember the first answer to a submission."""
        self.answers[key] = (digest, answer)
        self.store.put(Kind.ANSWER, key_of(*key), {"digest": digest, "answer": answer})
        return answer

    def keep_authorisation(self, given: Authorisation) -> None:
        """Remember an authorisation, or what it has served."""
        self.store.put(Kind.AUTH, given.number, authorisation_body(given))

    # --- finding and checking -------------------------------------------------------------------------

    def institution(self, data: Data) -> Institution:
        """The institution of a message. Raises RefusedError."""
        found = self._institutions.get(str(data["orgCodg"]))
        if found is None:
            raise RefusedError("institution-unknown")
        return found

    def order(self, pay_ord_id: str) -> Order:
        """An order, to be saved with the rest. Raises RefusedError."""
        return self.touch(self._found(pay_ord_id))

    def _found(self, pay_ord_id: str) -> Order:
        found = self.orders.get(pay_ord_id)
        if found is None:
            raise RefusedError("order-unknown")
        return found

    def person(self, data: Data) -> Person:
        """The person whom a message names. Raises RefusedError."""
        person = self._people.get(str(data["idNo"]))
        if person is None or person.name != data["userName"] or data.get("psnNo") not in {None, "", person.psn_no}:
            raise RefusedError("person-mismatch")
        return person

    async def authorised(self, data: Data, person: Person, institution: Institution, *, use: str) -> None:
        """Check the one authorisation of a message, for a use. Raises RefusedError."""
        token, number = data.get("ecToken"), data.get("payAuthNo")
        if bool(token) == bool(number):
            raise RefusedError("auth-missing")
        if number:
            self.auths.check(number, person, self.settings.app_id, use=use)
            return
        belongs = await self.belongs(str(token), person, institution)
        self.still()
        if not belongs:
            raise RefusedError("token-invalid")

    def use(self, number: object, person: Person, use: str) -> None:
        """Let an authorisation number serve a use, once. Raises RefusedError."""
        found = self.auths.check(number, person, self.settings.app_id, use=use)
        found.used_for = use
        self.keep_authorisation(found)

    def not_charged(self, batch: Batch, but: Order | None = None) -> None:
        """Raises RefusedError when another order has charged, or is charging, a batch."""
        for other in self.batches.get(batch, ()):
            if other is not but and other.status not in _OPEN_TO_OTHERS:
                raise RefusedError("already-settled")

    def as_saved(self, order: Order) -> Order:
        """An order as it may be told of: without what waits to be saved."""
        body = self.store.saved(Kind.ORDER, order.pay_ord_id) if order.pay_ord_id in self._unsaved else None
        return order if body is None else read_order(body)

    def own(self, data: Data) -> Order:
        """The order that a message is about, if it is the sender's own; only to be looked at. Raises RefusedError."""
        order = self._found(str(data["payOrdId"]))
        if (order.pay_token, order.institution.code) != (data["payToken"], data["orgCodg"]):
            raise RefusedError("order-unknown")
        return order

    def of_person(self, data: Data) -> Order:
        """The same, if it is also the named person's. Raises RefusedError."""
        order = self.own(data)
        if (order.person.id_no, order.person.name) != (data["idNo"], data["userName"]):
            raise RefusedError("person-mismatch")
        return order

    async def withdraw(self, order: Order) -> None:
        """Take an order's details back from the platform, where there is one."""
        if order.leg is not None and not await self.insurance.withdraw(order.leg):
            self.event("details-left", order, mdtrt_id=order.leg.mdtrt_id)

    def event(self, event: str, order: Order, /, **fields: JsonValue) -> None:
        """Leave an event about an order, once what it tells of has been saved."""
        told: dict[str, JsonValue] = {
            "pay_ord_id": order.pay_ord_id,
            "institution": order.institution.code,
            "id_no": order.person.id_no,
            "order": order.hospital_order,
            "status": order.status.value,
            **fields,
        }
        self.after_save(lambda: self.tell(event, **told))


def batch_key(batch: Batch) -> Key:
    """What work on a charge batch holds."""
    return ("batch", *batch)


def _over() -> BenchError:
    return BenchError(
        "This case is over.", cause="the centre was reset or stopped meanwhile", remedy="ask the case that runs now"
    )


def _whole(body: Data, name: str) -> int:
    found = body.get(name, 0)
    return found if isinstance(found, int) else 0


def amount_of(data: Data, name: str) -> Fen:
    """An amount of a message; nothing given is zero."""
    return Fen(0) if is_absent(data.get(name)) else amount(data[name])


def spelled(parts: Parts) -> Answer:
    """Parts as messages spell them."""
    return {
        "feeSumamt": format_yuan(parts.total),
        "ownPayAmt": format_yuan(parts.own),
        "psnAcctPay": format_yuan(parts.account),
        "fundPay": format_yuan(parts.fund),
    }


def fen(parts: Parts) -> dict[str, JsonValue]:
    """Parts as events have them."""
    return {
        "total_fen": parts.total,
        "fund_fen": parts.fund,
        "account_fen": parts.account,
        "own_fen": parts.own,
    }
