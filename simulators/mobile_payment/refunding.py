"""6203: refunds, whole or of the own part alone, and what a person decides about one whose outcome is unknown."""

from simulators.mobile_payment.desk import Answer, Data, Desk, amount_of, fen
from simulators.mobile_payment.orders import REFUNDABLE, Order, Refund, refund_problem
from simulators.mobile_payment.platform_line import Result
from simulators.mobile_payment.services import REFUND, OrdStas, RefdType, RefStatus, RefusedError
from simulators.mobile_payment.settings import RefundOutcome
from simulators.mobile_payment.split import Parts


class Refunding:
    """Refunds at one case's centre."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def refund(self, data: Data) -> Answer:
        """6203. Raises RefusedError."""
        order, serial = self._desk.order(str(data["payOrdId"])), str(data["appRefdSn"])
        kind = RefdType(str(data["refdType"]))
        parts = Parts(
            fund=amount_of(data, "fundRefdAmt"),
            account=amount_of(data, "psnAcctRefdAmt"),
            own=amount_of(data, "cashRefdAmt"),
        )
        if before := order.refunds.get(serial):
            if (before.kind, before.parts) != (kind, parts):
                raise RefusedError("refund-repeated")
            if _is_open(before):
                await self._desk.turn()
            await self.resolve(order)
            self._desk.tell("replayed", service=REFUND, key=serial)
            return _refund_answer(order, before)
        if order.status not in REFUNDABLE:
            raise RefusedError("state")
        if parts.total != amount_of(data, "totlRefdAmt"):
            raise RefusedError("refund-sum")
        if why := refund_problem(order, kind, parts):
            raise RefusedError(why)
        await self._desk.turn()
        await self._desk.authorised(data, order.person, order.institution, use=serial)
        if data.get("payAuthNo"):
            self._desk.use(data["payAuthNo"], order.person, serial)
        refund = Refund(serial=serial, kind=kind, parts=parts, status=RefStatus.SUCC, before=order.status)
        order.refunds[serial] = refund
        match self._desk.settings.refund_outcome:
            case RefundOutcome.SUCC:
                await self._carry_out(order, refund)
            case RefundOutcome.FAIL:
                refund.status = RefStatus.FAIL
                self._desk.event("refund-failed", order, serial=serial)
            case RefundOutcome.EXP:
                refund.status = RefStatus.EXP
                order.move(OrdStas.REFUNDING)
                self._desk.event("refund-unknown", order, serial=serial, **fen(parts))
        return _refund_answer(order, refund)

    async def resolve(self, order: Order) -> None:
        """Find out what became of refunds that the platform did not answer."""
        for refund in order.refunds.values():
            if _is_open(refund):
                await self._carry_out(order, refund)

    def in_doubt(self, order: Order) -> bool:
        """Whether it is not known what the platform has given back of an order."""
        return any(_is_open(refund) for refund in order.refunds.values())

    def resume(self) -> None:
        """Find out what became of refunds that were under way when the centre ended."""
        for order in self._desk.orders.values():
            if self.in_doubt(order) and self._desk.settings.resolve_after_s:
                self._desk.live(self._clear_up(order.pay_ord_id), f"refund {order.pay_ord_id}")

    async def _clear_up(self, pay_ord_id: str) -> None:
        async def resolve() -> None:
            await self.resolve(self._desk.order(pay_ord_id))

        await self._desk.insist(resolve, pay_ord_id)

    async def _carry_out(self, order: Order, refund: Refund) -> None:
        """Give the refund's parts back: the insurance's at the platform, where there is one."""
        if order.leg is None or refund.kind is RefdType.CASH:
            self._give_back(order, refund)
            return
        again, refund.sent = refund.sent, True
        refund.status = RefStatus.EXP  # until there is an answer, also when this process ends before
        order.move(OrdStas.REFUNDING)
        outcome = await self._desk.insurance.refund(order.leg)
        match outcome.result:
            case Result.DONE:
                self._give_back(order, refund)
                await self._desk.withdraw(order)
            case Result.REFUSED:
                refund.status = RefStatus.FAIL
                order.move(refund.before)
                self._desk.event("refund-failed", order, serial=refund.serial, why=f"platform {outcome.code}")
            case Result.UNKNOWN:
                if not again:
                    self._desk.event("refund-unknown", order, serial=refund.serial, **fen(refund.parts))

    def _give_back(self, order: Order, refund: Refund) -> None:
        refund.status = RefStatus.SUCC
        order.refunded = order.refunded + refund.parts
        id_no = order.person.id_no
        balances = {}
        if order.leg is None:
            balances["balance_fen"] = self._desk.give(id_no, refund.parts.account)
        order.move(order.after_refunds())
        self._desk.event(
            "refunded",
            order,
            serial=refund.serial,
            type=refund.kind.value,
            **fen(refund.parts),
            **balances,
        )

    async def decide(self, data: Data) -> Answer:
        """A person decides. Raises RefusedError."""
        order = self._desk.order(str(data["payOrdId"]))
        refund, happened = order.refunds.get(str(data["appRefdSn"])), data.get("happened")
        if refund is None or refund.status is not RefStatus.EXP or not isinstance(happened, bool):
            raise RefusedError("state", "happened: true or false, for a refund that is unknown")
        if refund.sent:
            await self._carry_out(order, refund)
            if refund.status is RefStatus.EXP:
                raise RefusedError("platform-unavailable")
        elif happened:
            await self._carry_out(order, refund)
        else:
            refund.status = RefStatus.FAIL
            order.move(refund.before)
            self._desk.event("refund-failed", order, serial=refund.serial)
        return _refund_answer(order, refund)


def _is_open(refund: Refund) -> bool:
    """Whether the platform was asked and did not answer."""
    return refund.sent and refund.status is RefStatus.EXP


def _refund_answer(order: Order, refund: Refund) -> Answer:
    return {"payOrdId": order.pay_ord_id, "appRefdSn": refund.serial, "refStatus": refund.status.value}
