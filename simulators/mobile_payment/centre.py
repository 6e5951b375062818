"""What the mobile-payment centre does with each service; envelopes and doors are in `app`.

    6201 upload -> 6202 pay -> (own pay) -> insurance pays -> 6302 to the hospital
    6301 asks, 6401 revokes, 6203 refunds

Who submits twice gets the first answer. Events: authorised, order-created, order-placed, own-paid, own-reversed,
order-paid, order-failed, order-revoked, refunded, refund-failed, refund-unknown, replayed, service-refused.
"""

import asyncio
import json
from collections.abc import Callable
from typing import ClassVar

import httpx

from harness.bench.plugin import SimulatorContext
from harness.errors import BenchError
from harness.faults.catalogue import Effect
from harness.gm import sm3
from harness.line.record import JsonValue
from harness.money import Fen, format_yuan
from simulators.mobile_payment import services
from simulators.mobile_payment.auths import Authorisations
from simulators.mobile_payment.callback import Callbacks, Message, Plan
from simulators.mobile_payment.desk import Answer, BelongsTo, Data, Desk, batch_key, spelled
from simulators.mobile_payment.insurance import Insurance
from simulators.mobile_payment.orders import FINAL, REVOCABLE, Numbers, Order
from simulators.mobile_payment.paying import Paying
from simulators.mobile_payment.refunding import Refunding
from simulators.mobile_payment.services import OrdStas, RefusedError
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.mobile_payment.split import Parts
from simulators.mobile_payment.store import Kind, Note, Store
from simulators.mobile_payment.uploading import Uploading, batch_of
from simulators.mobile_payment.work import Key
from simulators.voucher_centre.moments import spell_moment


class Centre:
    """One case's centre on what a store holds; `belongs` asks the voucher centre, `seal` makes a notice's envelope,
    `callback_url` says where notices go, `out_of_order` is told when the store cannot be used.
    """

    desks: ClassVar[type[Desk]] = Desk
    numbers: ClassVar[type[Numbers]] = Numbers
    auths: ClassVar[type[Authorisations]] = Authorisations

    def __init__(
        self,
        context: SimulatorContext,
        settings: MobilePaymentSettings,
        *,
        seed: int,
        store: Store,
        client: Callable[[], httpx.AsyncClient],
        belongs: BelongsTo,
        seal: Callable[[Answer, Effect | None], bytes],
        callback_url: Callable[[], str],
        insurance: Insurance,
        out_of_order: Callable[[BenchError], None],
    ) -> None:
        self._context = context
        self._settings = settings
        self._seal = seal
        self._callback_url = callback_url
        self._desk = desk = self.desks(
            settings=settings,
            clock=context.clock,
            numbers=self.numbers(seed=seed, name=context.name),
            auths=self.auths(life_s=settings.pay_auth_s, clock=context.clock),
            belongs=belongs,
            notify=lambda order: self._callbacks.send(order, callback_url()),
            tell=self._event,
            insurance=insurance,
            store=store,
            out_of_order=out_of_order,
            resume=self.resume,
        )
        insurance.journal(store, desk.safe, desk.still)
        self._uploading = Uploading(desk)
        self._paying = Paying(desk)
        self._refunding = Refunding(desk)
        plan = Plan(
            after_s=settings.callback_after_s,
            answer_s=settings.callback_s,
            retry_after_s=settings.retry_after_s,
            copies=settings.callback_copies,
        )
        self._callbacks = Callbacks(
            context, client, desk=desk, plan=plan, message=self._message, taken=self._paying.hospital_settled
        )
        self._asked: dict[str, int] = {}
        desk.load()

    def resume(self) -> None:
        """Go on with what was under way when the store was written last: once the peers are known."""
        self._paying.resume()
        self._refunding.resume()
        self._callbacks.resume(self._callback_url())

    async def handle(self, service: str, data: Data) -> Answer:
        """Answer a service, once what it did is safe. Raises RefusedError, and leaves an event of it; BenchError."""
        try:
            _checked(service, data)
            if service == services.QUERY and not self._desk.broken and not self._in_doubt(data):
                # Whoever asks what is known does not wait for a platform that is being asked about the same batch.
                answer = self._told(self._desk.as_saved(self._desk.of_person(data)))
                await self._desk.store.flushed()
                return answer
            async with self._desk.working(*self._keys(service, data)):
                return await self._handle(service, data)
        except RefusedError as error:
            order = str(data.get("payOrdId") or data.get("medOrgOrd") or "")
            self._desk.tell("service-refused", service=service, order=order, why=error.why, code=error.code)
            raise

    async def note(self, which: Note, body: Answer) -> None:
        """Keep a note with the orders. Raises BenchError."""
        await self._desk.store.turn()
        async with self._desk.working():
            self._desk.store.put(Kind.NOTE, which, body)

    async def stop(self) -> None:
        """The case is over."""
        self._desk.end()
        for task in tuple(self._desk.lives):
            task.cancel()
        await asyncio.gather(*self._desk.lives, return_exceptions=True)

    def state(self) -> dict[str, JsonValue]:
        """Orders and accounts, for the back door."""
        return {
            "orders": [order.state() for order in self._desk.orders.values()],
            "accounts": "platform" if self._desk.insurance.connected else "own",
            "people": [
                {"id_no": id_no, "balance_fen": balance}
                for id_no, balance in self._desk.balances.items()
                if not self._desk.insurance.connected
            ],
        }

    @property
    def ended(self) -> bool:
        """Whether the case is over."""
        return self._desk.ended

    def _keys(self, service: str, data: Data) -> tuple[Key, ...]:
        """What nobody else may have to do with meanwhile: a submission, an authorisation number, a charge batch."""
        keys: tuple[Key, ...] = ()
        if service == services.UPLOAD:
            keys += (_submission(data),)
        if data.get("payAuthNo"):
            keys += (("authorisation", str(data["payAuthNo"])),)
        if service == services.UPLOAD:
            return (*keys, batch_key(batch_of(data)))
        return keys + self._desk.keys_of(str(data.get("payOrdId") or ""))

    async def _handle(self, service: str, data: Data) -> Answer:
        match service:
            case services.UPLOAD:
                key = _submission(data)
                if (before := self._replayed(key, data, "order-exists")) is not None:
                    return before
                await self._desk.turn()
                return self._desk.keep_answer(key, _digest(data), await self._uploading.upload(data))
            case services.PAY:
                key = (service, str(data["payOrdId"]))
                if (before := self._replayed(key, data, "state")) is not None:
                    return before
                await self._desk.turn()
                answer = await self._paying.pay(
                    data, keep=lambda placed: self._desk.keep_answer(key, _digest(data), placed)
                )
                return self._desk.keep_answer(key, _digest(data), answer)
            case services.REFUND:
                return await self._refunding.refund(data)
            case services.QUERY:
                return await self._query(data)
            case services.REVOKE:
                return await self._revoke(data)
            case services.AUTH_QUERY:
                await self._desk.turn()
                return self._authorise(data)
            case services.OWN_PAY:
                return await self._paying.own_pay(data)
            case _:
                await self._desk.turn()
                return await self._refunding.decide(data)

    def _replayed(self, key: tuple[str, ...], data: Data, otherwise: str) -> Answer | None:
        """The first answer to the same submission. Raises RefusedError when its content is another."""
        before = self._desk.answers.get(key)
        if before is None:
            return None
        if before[0] != _digest(data):
            raise RefusedError(otherwise)
        self._desk.tell("replayed", service=key[0], key=key[-1])
        return before[1]

    async def _query(self, data: Data) -> Answer:
        order = self._desk.touch(self._desk.of_person(data))
        try:
            await self._desk.turn()
        except RefusedError:  # while nobody can write it is told as far as it is known
            return self._told(order)
        await self._paying.resolve(order)
        await self._refunding.resolve(order)
        return self._told(order)

    def _in_doubt(self, data: Data) -> bool:
        """Whether the platform has to be asked before an order's state can be told. Raises RefusedError."""
        order = self._desk.of_person(data)
        return self._paying.in_doubt(order) or self._refunding.in_doubt(order)

    def _told(self, order: Order) -> Answer:
        """The answer of 6301."""
        shown = self._shown(order)
        answer: Answer = {"payOrdId": order.pay_ord_id, "ordStas": shown}
        final = shown in FINAL
        if order.parts is not None and (final or self._desk.settings.open_amounts):
            answer |= spelled(order.parts)
            answer["setlType"] = order.setl_type
        if order.paid_at_ns and (final or shown == order.status):
            answer |= notice_of(order)
        return answer

    def _shown(self, order: Order) -> str:
        """ordStas as this 6301 says it: the truth, unless the settings have another for it."""
        asked = self._asked[order.pay_ord_id] = self._asked.get(order.pay_ord_id, 0) + 1
        shown = self._settings.shown[asked - 1] if asked <= len(self._settings.shown) else ""
        return shown or order.status.value

    async def _revoke(self, data: Data) -> Answer:
        order = self._desk.touch(self._desk.of_person(data))
        if order.leg is not None and order.leg.unknown:
            raise RefusedError("state")
        if order.status is OrdStas.REVOKED:
            self._desk.tell("replayed", service=services.REVOKE, key=order.pay_ord_id)
        elif order.status in REVOCABLE:
            await self._desk.turn()
            order.move(OrdStas.REVOKED)
            self._desk.event("order-revoked", order, why="asked")
            await self._desk.withdraw(order)
        else:
            raise RefusedError("state")
        return {"success": True, "message": "成功"}

    def _authorise(self, data: Data) -> Answer:
        person = self._desk.person(data)
        number = self._desk.numbers.authorisation(person.insured_place, at_ns=self._desk.clock.now_ns())
        given = self._desk.auths.give(number, person, str(data["appId"]))
        self._desk.keep_authorisation(given)
        self._desk.tell("authorised", auth=given.number, id_no=person.id_no, expires_ns=given.expires_ns)
        return {"payAuthNo": given.number, "expiresAt": spell_moment(given.expires_ns)}

    def _event(self, name: str, /, **fields: JsonValue) -> None:
        self._context.tape.event(self._context.name, name, **fields)

    def _message(self, order: Order) -> Message:
        """An order's notice; its amounts are off where the settings say so."""
        parts, off, data = order.parts or Parts(), self._settings.callback_off_fen, notice_of(order)
        if off:
            data["ownPayAmt"] = format_yuan(Fen(parts.own + off))
            data["feeSumamt"] = format_yuan(Fen(parts.total + off))
        told: dict[str, JsonValue] = {
            "total_fen": parts.total + off,
            "fund_fen": parts.fund,
            "account_fen": parts.account,
            "own_fen": parts.own + off,
        }
        return Message(seal=lambda effect: self._seal(data, effect), told=told)


def _submission(data: Data) -> Key:
    """What a 6201 is known by when it comes again."""
    return (services.UPLOAD, str(data["orgCodg"]), str(data["medOrgOrd"]))


def _digest(data: Data) -> str:
    """What tells one submission from another; numbers as they were written."""
    return sm3(json.dumps(data, sort_keys=True, default=str).encode()).hex()


def _checked(service: str, data: Data) -> None:
    if problems := services.check(service, data):
        raise RefusedError("field-problems", "；".join(str(problem) for problem in problems))


def notice_of(order: Order) -> Answer:
    """What 6302 says of a paid order."""
    return {
        "payOrdId": order.pay_ord_id,
        "callType": services.PAID_CALL,
        "medOrgOrd": order.hospital_order,
        "traceTime": spell_moment(order.paid_at_ns).partition(".")[0],
        **spelled(order.parts or Parts()),
        "setlType": order.setl_type,
        "revsToken": order.revs_token,
    }
