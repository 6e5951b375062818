"""6202 and what follows: the order is split, the person pays the own part, the insurance pays the rest.

With a platform on the bench the split is its pre-settlement and the insurance's part its settlement; while the outcome
of that is unknown the order stays in state 3, or in 2 where the person pays nothing. Alone the centre splits by its own
rule and keeps own accounts. What an order does by itself goes on after a restart, when it was due before.
"""

from collections.abc import Callable

from harness.clock import NS
from harness.money import Fen, format_yuan
from harness.wire.fields import is_absent, show
from harness.wire.institution import amount
from simulators.mobile_payment.callback import sleep_until
from simulators.mobile_payment.desk import Answer, Data, Desk, fen, spelled
from simulators.mobile_payment.insurance import parts_of
from simulators.mobile_payment.leg import Leg
from simulators.mobile_payment.orders import Order
from simulators.mobile_payment.platform_line import Outcome, Result
from simulators.mobile_payment.services import OrdStas, RefusedError
from simulators.mobile_payment.settings import InsuranceLeg, Unknown
from simulators.mobile_payment.split import Parts, benefit_rules, split

_UNDER_WAY = frozenset({OrdStas.TO_PAY, OrdStas.OWN_PAID})
"""States in which an order is being paid."""


class Paying:
    """Payment at one case's centre."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._living: set[str] = set()

    async def pay(self, data: Data, keep: Callable[[Answer], object]) -> Answer:
        """6202; `keep` remembers the answer before what follows begins. Raises RefusedError."""
        order = self._desk.touch(self._desk.own(data))
        if order.status is not OrdStas.SAVED:
            raise RefusedError("state")
        for name, uploaded in (("chrgBchno", order.batch[2]), ("mdtrtId", order.visit)):
            if not is_absent(data.get(name)) and data[name] != uploaded:
                raise RefusedError("field-problems", f"{name}: {uploaded} of 6201 expected, {show(data[name])} seen")
        self._desk.not_charged(order.batch, but=order)
        if data.get("payAuthNo"):
            self._desk.use(data["payAuthNo"], order.person, order.pay_ord_id)
        use_account = order.use_account if is_absent(data.get("acctUsedFlag")) else data["acctUsedFlag"] == "1"
        order.parts, pre_settled = await self._split(order, use_account=use_account)
        parts = order.parts
        order.move(OrdStas.PRE_SETTLED)
        order.move(OrdStas.TO_PAY)
        order.placed_at_ns = self._desk.clock.now_ns()
        self._desk.event("order-placed", order, **fen(parts))
        mutual = amount(pre_settled["acct_mulaid_pay"])
        answer: Answer = {
            "payOrdId": order.pay_ord_id,
            "ordStas": order.status.value,
            **spelled(parts),
            "deposit": "0.00",
            "acctMulaidPay": format_yuan(mutual),
            "hospPartAmt": "0.00",
            "othFeeAmt": "0.00",
            "selfAcctPay": format_yuan(Fen(parts.account - mutual)),
            "extData": {"preSetl": pre_settled},
        }
        keep(answer)
        if parts.own:
            self._desk.after_save(lambda: self._begin(order.pay_ord_id))
        else:
            await self._own_part_done(order)
            answer["ordStas"] = order.status.value
        return answer

    async def own_pay(self, data: Data) -> Answer:
        """The payment channel tells what became of the own part. Raises RefusedError."""
        order = self._desk.order(str(data["payOrdId"]))
        # A payment that was undone half-way, since it could not be saved, may be told of again.
        again = order.status is OrdStas.OWN_PAID and data["result"] == "SUCCESS"
        if (order.status is not OrdStas.TO_PAY and not again) or _is_unknown(order):
            raise RefusedError("state")
        await self._desk.turn()
        if data["result"] == "SUCCESS":
            order.own_stays = data.get("reversal") == "FAIL"
            await self._own_part_done(order)
        else:
            order.move(OrdStas.FAILED)
            self._desk.event("order-failed", order, why="own-pay")
            await self._desk.withdraw(order)
        return {"payOrdId": order.pay_ord_id, "ordStas": order.status.value}

    async def resolve(self, order: Order) -> None:
        """Find out what became of a settlement without an answer, if there is one."""
        leg, parts = order.leg, order.parts
        if leg is None or parts is None or not self.in_doubt(order):
            return
        if self._desk.settings.unknown is Unknown.REPEAT and not leg.undoing:
            await self._answered(order, leg, await self._desk.insurance.settle(leg, own=parts.own))
        else:
            await self._reverse(order, leg, parts, "amounts" if leg.undoing else "reversed")

    def in_doubt(self, order: Order) -> bool:
        """Whether it is not known what the platform has booked of an order."""
        return order.parts is not None and _is_open(order)

    def resume(self) -> None:
        """What orders were about to do when the centre ended, they do when it is due, or at once."""
        for order in self._desk.orders.values():
            if order.status in _UNDER_WAY and _is_unknown(order):
                self._clear_up(order.pay_ord_id, after_s=0)
            elif order.status in _UNDER_WAY:
                self._begin(order.pay_ord_id)
            elif order.status is OrdStas.HOSPITAL_SETTLED:
                self._end_soon(order.pay_ord_id)

    async def _reverse(self, order: Order, leg: Leg, parts: Parts, why: str) -> None:
        """Have the platform undo whatever it has booked."""
        outcome = await self._desk.insurance.reverse(leg)
        match outcome.result:
            case Result.DONE:
                await self._insurance_failed(order, parts, why)
            case Result.REFUSED:
                order.move(OrdStas.EXCEPTION)
                self._desk.event("order-exception", order, why=f"platform {outcome.code}", msgid=leg.msgid)
            case Result.UNKNOWN:
                self._wait(order)

    async def _split(self, order: Order, *, use_account: bool) -> tuple[Parts, Answer]:
        """Who would pay what, and that as 2206 spells it. Raises RefusedError."""
        if order.leg is not None:
            order.leg.use_account = use_account
            return await self._desk.insurance.pre_settle(order.leg)
        parts = split(
            benefit_rules()[order.insutype],
            total=order.total,
            in_scope=order.in_scope,
            balance=self._desk.balances[order.person.id_no],
            use_account=use_account,
        )
        return parts, self._pre_settlement(order, parts)

    def _begin(self, pay_ord_id: str) -> None:
        if pay_ord_id not in self._living:
            self._living.add(pay_ord_id)
            self._desk.live(self._live(pay_ord_id), f"order {pay_ord_id}")

    async def _live(self, pay_ord_id: str) -> None:
        """The person pays after a while; who does not in time loses the order."""
        settings, begun = self._desk.settings, self._desk.orders[pay_ord_id].placed_at_ns

        async def pay() -> None:
            order = self._desk.order(pay_ord_id)
            if order.status in _UNDER_WAY and not _is_unknown(order):
                await self._own_part_done(order)

        async def revoke() -> None:
            order = self._desk.order(pay_ord_id)
            if order.status is OrdStas.TO_PAY and not _is_unknown(order) and not order.own_paid:
                order.move(OrdStas.REVOKED)
                self._desk.event("order-revoked", order, why="unpaid")
                await self._desk.withdraw(order)

        try:
            if settings.pays_after_s or self._desk.orders[pay_ord_id].own_paid:
                await sleep_until(self._desk.clock, begun + settings.pays_after_s * NS)
                await self._desk.insist(pay, pay_ord_id)
            if settings.unpaid_s and settings.insurance_leg is not InsuranceLeg.NEVER_ENDS:
                await sleep_until(self._desk.clock, begun + settings.unpaid_s * NS)
                await self._desk.insist(revoke, pay_ord_id)
        finally:
            self._living.discard(pay_ord_id)

    async def _own_part_done(self, order: Order) -> None:
        parts, leg = order.parts or Parts(), self._desk.settings.insurance_leg
        if parts.own and leg is not InsuranceLeg.NEVER_ENDS:
            order.move(OrdStas.OWN_PAID)
        if parts.own and not order.own_paid:
            order.own_paid = True
            self._desk.event("own-paid", order, own_fen=parts.own)
        if leg is InsuranceLeg.NEVER_ENDS:
            return
        if leg is InsuranceLeg.EXCEPTION:
            order.move(OrdStas.EXCEPTION)
            self._desk.event("order-exception", order, why=leg.value)
        elif leg is not InsuranceLeg.PAYS:
            await self._insurance_failed(order, parts, leg.value)
        elif order.leg is not None:
            await self._answered(order, order.leg, await self._desk.insurance.settle(order.leg, own=parts.own))
        elif self._desk.balances[order.person.id_no] < parts.account:
            await self._insurance_failed(order, parts, "balance")
        else:
            self._paid(order, parts, self._desk.give(order.person.id_no, Fen(-parts.account)))

    async def _answered(self, order: Order, leg: Leg, outcome: Outcome) -> None:
        """What the platform said to the settlement decides."""
        parts = order.parts or Parts()
        match outcome.result:
            case Result.DONE:
                info = outcome.output["setlinfo"]
                assert isinstance(info, dict)
                if parts_of(info) == parts:
                    self._paid(order, parts, amount(info["balc"]), setl_id=leg.setl_id, msgid=leg.msgid)
                else:
                    leg.undoing = True
                    await self._reverse(order, leg, parts, "amounts")
            case Result.REFUSED:
                await self._insurance_failed(order, parts, f"platform {outcome.code}")
            case Result.UNKNOWN:
                self._wait(order)

    def _wait(self, order: Order) -> None:
        """The outcome is unknown: the order stays as it is until it is."""
        self._desk.event("insurance-unknown", order, msgid=order.leg.msgid if order.leg else "")
        self._desk.after_save(lambda: self._clear_up(order.pay_ord_id, after_s=self._desk.settings.resolve_after_s))

    def _clear_up(self, pay_ord_id: str, *, after_s: int) -> None:
        """Have the outcome found out again and again, until it is known."""
        if self._desk.settings.resolve_after_s and pay_ord_id not in self._desk.resolving:
            self._desk.resolving.add(pay_ord_id)
            self._desk.live(self._clearing_up(pay_ord_id, after_s), f"resolving {pay_ord_id}")

    async def _clearing_up(self, pay_ord_id: str, after_s: int) -> None:
        async def resolve() -> None:
            await self.resolve(self._desk.order(pay_ord_id))

        clock = self._desk.clock
        try:
            while _is_open(self._desk.orders[pay_ord_id]):
                await sleep_until(clock, clock.now_ns() + after_s * NS)
                await self._desk.insist(resolve, pay_ord_id)
                after_s = self._desk.settings.resolve_after_s
        finally:
            self._desk.resolving.discard(pay_ord_id)

    def hospital_settled(self, order: Order) -> None:
        """The hospital has taken the notice of an order: where the order waits for that, it goes on."""
        if order.status is OrdStas.INSURANCE_PAID:
            order.move(OrdStas.HOSPITAL_SETTLED)
            order.taken_at_ns = self._desk.clock.now_ns()
            self._desk.event("hospital-settled", order)
            self._desk.after_save(lambda: self._end_soon(order.pay_ord_id))

    def _end_soon(self, pay_ord_id: str) -> None:
        async def end() -> None:
            order = self._desk.order(pay_ord_id)
            if order.status is OrdStas.HOSPITAL_SETTLED:
                order.move(OrdStas.SETTLED)
                self._desk.event("order-settled", order)

        async def life() -> None:
            due_ns = self._desk.orders[pay_ord_id].taken_at_ns + self._desk.settings.settles_after_s * NS
            await sleep_until(self._desk.clock, due_ns)
            await self._desk.insist(end, pay_ord_id)

        self._desk.live(life(), f"settling {pay_ord_id}")

    def _paid(self, order: Order, parts: Parts, balance: Fen, **keys: str) -> None:
        order.move(OrdStas.INSURANCE_PAID)
        if not self._desk.settings.hospital_settles:
            order.move(OrdStas.SETTLED)
        order.paid_at_ns = self._desk.clock.now_ns()
        self._desk.event("order-paid", order, **fen(parts), balance_fen=balance, type=order.setl_type, **keys)
        self._desk.notify(order)

    async def _insurance_failed(self, order: Order, parts: Parts, why: str) -> None:
        if order.leg is not None and order.leg.reversed and not parts.own:
            order.move(OrdStas.INSURANCE_REVOKED)
            self._desk.event("order-failed", order, why=why)
            await self._desk.withdraw(order)
            return
        reversed_too = self._desk.settings.insurance_leg is not InsuranceLeg.FAILS_NOT_REVERSED and not order.own_stays
        if parts.own and reversed_too:
            self._desk.event("own-reversed", order, own_fen=parts.own)
        failed = OrdStas.FAILED if reversed_too or not parts.own else OrdStas.FAILED_NOT_REVERSED
        order.move(failed)
        self._desk.event("order-failed", order, why=why)
        await self._desk.withdraw(order)

    def _pre_settlement(self, order: Order, parts: Parts) -> Answer:
        return {
            "mdtrt_id": order.visit,
            "psn_no": order.person.psn_no,
            "insutype": order.insutype,
            "medfee_sumamt": format_yuan(parts.total),
            "inscp_scp_amt": format_yuan(order.in_scope),
            "hifp_pay": format_yuan(parts.fund),
            "fund_pay_sumamt": format_yuan(parts.fund),
            "psn_part_amt": format_yuan(Fen(parts.account + parts.own)),
            "acct_pay": format_yuan(parts.account),
            "psn_cash_pay": format_yuan(parts.own),
            "acct_mulaid_pay": "0.00",
            "balc": format_yuan(Fen(self._desk.balances[order.person.id_no] - parts.account)),
        }


def _is_unknown(order: Order) -> bool:
    return order.leg is not None and order.leg.unknown


def _is_open(order: Order) -> bool:
    """Whether what the platform has booked is still to be found out."""
    return _is_unknown(order) and order.status is not OrdStas.EXCEPTION
