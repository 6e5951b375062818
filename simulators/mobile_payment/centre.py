"""What the mobile-payment centre does with each service; envelopes and doors are in `app`.

    6201 upload -> 6202 pay -> (own pay) -> insurance pays -> 6302 to the hospital
    6301 asks, 6401 revokes, 6203 refunds

Who submits twice gets the first answer. Events: authorised, order-created, order-placed, own-paid, own-reversed,
order-paid, order-failed, order-revoked, refunded, refund-failed, refund-unknown, replayed, service-refused.
"""

import asyncio
from collections.abc import Callable

from harness.clock import Clock
from harness.line.record import JsonValue
from simulators.mobile_payment import services
from simulators.mobile_payment.auths import Authorisations
from simulators.mobile_payment.desk import Answer, BelongsTo, Data, Desk, spelled
from simulators.mobile_payment.insurance import Insurance
from simulators.mobile_payment.orders import FINAL, REVOCABLE, Numbers, Order
from simulators.mobile_payment.paying import Paying
from simulators.mobile_payment.refunding import Refunding
from simulators.mobile_payment.services import OrdStas, RefusedError
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.mobile_payment.split import Parts
from simulators.mobile_payment.uploading import Uploading
from simulators.voucher_centre.moments import spell_moment


class Centre:
    """One case's centre."""

    def __init__(
        self,
        settings: MobilePaymentSettings,
        *,
        clock: Clock,
        seed: int,
        name: str,
        belongs: BelongsTo,
        notify: Callable[[Order], None],
        tell: Callable[..., None],
        insurance: Insurance,
    ) -> None:
        self._desk = Desk(
            settings=settings,
            clock=clock,
            numbers=Numbers(seed=seed, name=name),
            auths=Authorisations(life_s=settings.pay_auth_s),
            belongs=belongs,
            notify=notify,
            tell=tell,
            insurance=insurance,
        )
        self._uploading = Uploading(self._desk)
        self._paying = Paying(self._desk)
        self._refunding = Refunding(self._desk)
        self._answered: dict[tuple[str, ...], tuple[Data, Answer]] = {}

    async def handle(self, service: str, data: Data) -> Answer:
        """Answer a service. Raises RefusedError, and leaves an event of it."""
        try:
            _checked(service, data)
            async with self._desk.lock:
                return await self._handle(service, data)
        except RefusedError as error:
            order = str(data.get("payOrdId") or data.get("medOrgOrd") or "")
            self._desk.tell("service-refused", service=service, order=order, why=error.why, code=error.code)
            raise

    async def stop(self) -> None:
        """The case is over."""
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

    async def _handle(self, service: str, data: Data) -> Answer:
        match service:
            case services.UPLOAD:
                key: tuple[str, ...] = (service, str(data["orgCodg"]), str(data["medOrgOrd"]))
                return self._replayed(key, data, "order-exists") or self._kept(
                    key, data, await self._uploading.upload(data)
                )
            case services.PAY:
                key = (service, str(data["payOrdId"]))
                return self._replayed(key, data, "state") or self._kept(key, data, await self._paying.pay(data))
            case services.REFUND:
                return await self._refunding.refund(data)
            case services.QUERY:
                return await self._query(data)
            case services.REVOKE:
                return await self._revoke(data)
            case services.AUTH_QUERY:
                return self._authorise(data)
            case services.OWN_PAY:
                return await self._paying.own_pay(data)
            case _:
                return await self._refunding.decide(data)

    def _replayed(self, key: tuple[str, ...], data: Data, otherwise: str) -> Answer | None:
        """The first answer to the same submission. Raises RefusedError when its content is another."""
        before = self._answered.get(key)
        if before is None:
            return None
        if dict(before[0]) != dict(data):
            raise RefusedError(otherwise)
        self._desk.tell("replayed", service=key[0], key=key[-1])
        return before[1]

    def _kept(self, key: tuple[str, ...], data: Data, answer: Answer) -> Answer:
        self._answered[key] = (data, answer)
        return answer

    async def _query(self, data: Data) -> Answer:
        order = self._desk.of_person(data)
        await self._paying.resolve(order)
        await self._refunding.resolve(order)
        answer: Answer = {"payOrdId": order.pay_ord_id, "ordStas": order.status.value}
        if order.parts is not None and (order.status in FINAL or self._desk.settings.open_amounts):
            answer |= spelled(order.parts)
            answer["setlType"] = order.setl_type
        if order.paid_at_ns:
            answer |= notice_of(order)
        return answer

    async def _revoke(self, data: Data) -> Answer:
        order = self._desk.of_person(data)
        if order.leg is not None and order.leg.unknown:
            raise RefusedError("state")
        if order.status is OrdStas.REVOKED:
            self._desk.tell("replayed", service=services.REVOKE, key=order.pay_ord_id)
        elif order.status in REVOCABLE:
            order.move(OrdStas.REVOKED)
            self._desk.event("order-revoked", order, why="asked")
            await self._desk.withdraw(order)
        else:
            raise RefusedError("state")
        return {"success": True, "message": "成功"}

    def _authorise(self, data: Data) -> Answer:
        person = self._desk.person(data)
        now_ns = self._desk.clock.now_ns()
        given = self._desk.auths.give(
            self._desk.numbers.authorisation(person.insured_place, at_ns=now_ns),
            person,
            str(data["appId"]),
            now_ns=now_ns,
        )
        self._desk.tell("authorised", auth=given.number, id_no=person.id_no, expires_ns=given.expires_ns)
        return {"payAuthNo": given.number, "expiresAt": spell_moment(given.expires_ns)}


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
