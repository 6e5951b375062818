"""6202 and what follows: the order is split, the person pays the own part, the insurance pays the rest."""

import asyncio

from harness.clock import NS
from harness.money import Fen, format_yuan
from harness.wire.fields import is_absent
from simulators.mobile_payment.callback import sleep_until
from simulators.mobile_payment.desk import Answer, Data, Desk, fen, spelled
from simulators.mobile_payment.orders import Order
from simulators.mobile_payment.services import OrdStas, RefusedError
from simulators.mobile_payment.settings import InsuranceLeg
from simulators.mobile_payment.split import Parts, benefit_rules, split


class Paying:
    """Payment at one case's centre."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pay(self, data: Data) -> Answer:
        """6202. Raises RefusedError."""
        order = self._desk.own(data)
        if order.status is not OrdStas.SAVED:
            raise RefusedError("state")
        self._desk.not_charged(order.batch, but=order)
        if data.get("payAuthNo"):
            self._desk.use(data["payAuthNo"], order.person, order.pay_ord_id)
        use_account = order.use_account if is_absent(data.get("acctUsedFlag")) else data["acctUsedFlag"] == "1"
        order.parts = parts = split(
            benefit_rules()[order.insutype],
            total=order.total,
            in_scope=order.in_scope,
            balance=self._desk.balances[order.person.id_no],
            use_account=use_account,
        )
        order.move(OrdStas.PRE_SETTLED)
        order.move(OrdStas.TO_PAY)
        self._desk.event("order-placed", order, **fen(parts))
        if parts.own:
            life = asyncio.create_task(self._live(order), name=f"order {order.pay_ord_id}")
            self._desk.lives.add(life)
            life.add_done_callback(self._desk.lives.discard)
        else:
            self._own_part_done(order)
        return {
            "payOrdId": order.pay_ord_id,
            "ordStas": order.status.value,
            **spelled(parts),
            "deposit": "0.00",
            "acctMulaidPay": "0.00",
            "hospPartAmt": "0.00",
            "othFeeAmt": "0.00",
            "selfAcctPay": format_yuan(parts.account),
            "extData": {"preSetl": self._pre_settlement(order, parts)},
        }

    def own_pay(self, data: Data) -> Answer:
        """The payment channel tells what became of the own part. Raises RefusedError."""
        order = self._desk.order(str(data["payOrdId"]))
        if order.status is not OrdStas.TO_PAY:
            raise RefusedError("state")
        if data["result"] == "SUCCESS":
            self._own_part_done(order)
        else:
            order.move(OrdStas.FAILED)
            self._desk.event("order-failed", order, why="own-pay")
        return {"payOrdId": order.pay_ord_id, "ordStas": order.status.value}

    async def _live(self, order: Order) -> None:
        """The person pays after a while; who does not in time loses the order."""
        begun, settings = self._desk.clock.now_ns(), self._desk.settings
        if settings.pays_after_s:
            await sleep_until(self._desk.clock, begun + settings.pays_after_s * NS)
            if order.status is OrdStas.TO_PAY:
                self._own_part_done(order)
        if settings.unpaid_s and settings.insurance_leg is not InsuranceLeg.NEVER_ENDS:
            await sleep_until(self._desk.clock, begun + settings.unpaid_s * NS)
            if order.status is OrdStas.TO_PAY:
                order.move(OrdStas.REVOKED)
                self._desk.event("order-revoked", order, why="unpaid")

    def _own_part_done(self, order: Order) -> None:
        parts, leg = order.parts or Parts(), self._desk.settings.insurance_leg
        if parts.own:
            self._desk.event("own-paid", order, own_fen=parts.own)
        if leg is InsuranceLeg.NEVER_ENDS:
            return
        if parts.own:
            order.move(OrdStas.OWN_PAID)
        balance = self._desk.balances[order.person.id_no]
        if leg is not InsuranceLeg.PAYS or balance < parts.account:
            self._insurance_failed(order, parts, "balance" if leg is InsuranceLeg.PAYS else leg.value)
            return
        self._desk.balances[order.person.id_no] = Fen(balance - parts.account)
        order.move(OrdStas.INSURANCE_PAID)
        order.move(OrdStas.SETTLED)
        order.paid_at_ns = self._desk.clock.now_ns()
        self._desk.event(
            "order-paid", order, **fen(parts), balance_fen=self._desk.balances[order.person.id_no], type=order.setl_type
        )
        self._desk.notify(order)

    def _insurance_failed(self, order: Order, parts: Parts, why: str) -> None:
        reversed_too = self._desk.settings.insurance_leg is not InsuranceLeg.FAILS_NOT_REVERSED
        if parts.own and reversed_too:
            self._desk.event("own-reversed", order, own_fen=parts.own)
        failed = OrdStas.FAILED if reversed_too or not parts.own else OrdStas.FAILED_NOT_REVERSED
        order.move(failed)
        self._desk.event("order-failed", order, why=why)

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
