"""6202 and what follows: the order is split, the person pays the own part, the insurance pays the rest.

With a platform on the bench the split is its pre-settlement and the insurance's part its settlement; while the outcome
of that is unknown the order stays in state 2. Alone the centre splits by its own rule and keeps own accounts.
"""

import asyncio

from harness.clock import NS
from harness.money import Fen, format_yuan
from harness.wire.fields import is_absent
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


class Paying:
    """Payment at one case's centre."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def pay(self, data: Data) -> Answer:
        """6202. Raises RefusedError."""
        order = self._desk.own(data)
        if order.status is not OrdStas.SAVED:
            raise RefusedError("state")
        self._desk.not_charged(order.batch, but=order)
        if data.get("payAuthNo"):
            self._desk.use(data["payAuthNo"], order.person, order.pay_ord_id)
        use_account = order.use_account if is_absent(data.get("acctUsedFlag")) else data["acctUsedFlag"] == "1"
        order.parts, pre_settled = await self._split(order, use_account=use_account)
        parts = order.parts
        order.move(OrdStas.PRE_SETTLED)
        order.move(OrdStas.TO_PAY)
        self._desk.event("order-placed", order, **fen(parts))
        if parts.own:
            self._begin(order)
        else:
            await self._own_part_done(order)
        mutual = amount(pre_settled["acct_mulaid_pay"])
        return {
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

    async def own_pay(self, data: Data) -> Answer:
        """The payment channel tells what became of the own part. Raises RefusedError."""
        order = self._desk.order(str(data["payOrdId"]))
        if order.status is not OrdStas.TO_PAY or _is_unknown(order):
            raise RefusedError("state")
        if data["result"] == "SUCCESS":
            await self._own_part_done(order)
        else:
            order.move(OrdStas.FAILED)
            self._desk.event("order-failed", order, why="own-pay")
            await self._desk.withdraw(order)
        return {"payOrdId": order.pay_ord_id, "ordStas": order.status.value}

    async def resolve(self, order: Order) -> None:
        """Find out what became of a settlement without an answer, if there is one."""
        leg, parts = order.leg, order.parts
        if leg is None or parts is None or not leg.unknown:
            return
        if self._desk.settings.unknown is Unknown.REPEAT:
            await self._answered(order, leg, await self._desk.insurance.settle(leg, own=parts.own))
        elif await self._desk.insurance.reverse(leg):
            await self._insurance_failed(order, parts, "reversed")
        else:
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

    def _begin(self, order: Order) -> None:
        life = asyncio.create_task(self._live(order), name=f"order {order.pay_ord_id}")
        self._desk.lives.add(life)
        life.add_done_callback(self._desk.lives.discard)

    async def _live(self, order: Order) -> None:
        """The person pays after a while; who does not in time loses the order."""
        begun, settings = self._desk.clock.now_ns(), self._desk.settings
        if settings.pays_after_s:
            await sleep_until(self._desk.clock, begun + settings.pays_after_s * NS)
            async with self._desk.lock:
                if order.status is OrdStas.TO_PAY and not _is_unknown(order):
                    await self._own_part_done(order)
        if settings.unpaid_s and settings.insurance_leg is not InsuranceLeg.NEVER_ENDS:
            await sleep_until(self._desk.clock, begun + settings.unpaid_s * NS)
            async with self._desk.lock:
                if order.status is OrdStas.TO_PAY and not _is_unknown(order):
                    order.move(OrdStas.REVOKED)
                    self._desk.event("order-revoked", order, why="unpaid")
                    await self._desk.withdraw(order)

    async def _own_part_done(self, order: Order) -> None:
        parts, leg = order.parts or Parts(), self._desk.settings.insurance_leg
        if parts.own:
            self._desk.event("own-paid", order, own_fen=parts.own)
        if leg is InsuranceLeg.NEVER_ENDS:
            return
        if leg is not InsuranceLeg.PAYS:
            await self._insurance_failed(order, parts, leg.value)
        elif order.leg is not None:
            await self._answered(order, order.leg, await self._desk.insurance.settle(order.leg, own=parts.own))
        elif (balance := self._desk.balances[order.person.id_no]) < parts.account:
            await self._insurance_failed(order, parts, "balance")
        else:
            self._desk.balances[order.person.id_no] = Fen(balance - parts.account)
            self._paid(order, parts, Fen(balance - parts.account))

    async def _answered(self, order: Order, leg: Leg, outcome: Outcome) -> None:
        """What the platform said to the settlement decides."""
        parts = order.parts or Parts()
        match outcome.result:
            case Result.DONE:
                info = outcome.output["setlinfo"]
                assert isinstance(info, dict)
                if parts_of(info) == parts:
                    self._paid(order, parts, amount(info["balc"]), setl_id=leg.setl_id, msgid=leg.msgid)
                elif await self._desk.insurance.reverse(leg):
                    await self._insurance_failed(order, parts, "amounts")
                else:
                    self._wait(order)
            case Result.REFUSED:
                await self._insurance_failed(order, parts, f"platform {outcome.code}")
            case Result.UNKNOWN:
                self._wait(order)

    def _wait(self, order: Order) -> None:
        """The outcome is unknown: the order stays as it is until it is."""
        self._desk.event("insurance-unknown", order, msgid=order.leg.msgid if order.leg else "")
        if self._desk.settings.resolve_after_s and order.pay_ord_id not in self._desk.resolving:
            self._desk.resolving.add(order.pay_ord_id)
            task = asyncio.create_task(self._resolving(order), name=f"resolving {order.pay_ord_id}")
            self._desk.lives.add(task)
            task.add_done_callback(self._desk.lives.discard)

    async def _resolving(self, order: Order) -> None:
        while _is_unknown(order):
            clock = self._desk.clock
            await sleep_until(clock, clock.now_ns() + self._desk.settings.resolve_after_s * NS)
            async with self._desk.lock:
                await self.resolve(order)
        self._desk.resolving.discard(order.pay_ord_id)

    def _paid(self, order: Order, parts: Parts, balance: Fen, **keys: str) -> None:
        if parts.own:
            order.move(OrdStas.OWN_PAID)
        order.move(OrdStas.INSURANCE_PAID)
        order.move(OrdStas.SETTLED)
        order.paid_at_ns = self._desk.clock.now_ns()
        self._desk.event("order-paid", order, **fen(parts), balance_fen=balance, type=order.setl_type, **keys)
        self._desk.notify(order)

    async def _insurance_failed(self, order: Order, parts: Parts, why: str) -> None:
        if parts.own:
            order.move(OrdStas.OWN_PAID)
        reversed_too = self._desk.settings.insurance_leg is not InsuranceLeg.FAILS_NOT_REVERSED
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
