"""6201: the lines of a charge are uploaded, and an order is made of them."""

from harness.money import Fen
from harness.wire.fields import is_absent
from harness.wire.institution import amount
from simulators.mobile_payment.desk import Answer, Batch, Data, Desk, amount_of
from simulators.mobile_payment.leg import Leg, Sender
from simulators.mobile_payment.orders import Order
from simulators.mobile_payment.services import OrdStas, RefusedError, lines_of
from simulators.mobile_payment.split import benefit_rules


class Uploading:
    """6201 at one case's centre."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def upload(self, data: Data) -> Answer:
        """Make the order. Raises RefusedError."""
        institution = self._desk.institution(data)
        person = self._desk.person(data)
        ruled = self._desk.insurance.connected or str(data["insutype"]) in benefit_rules()
        if not ruled or data["insutype"] != person.insutype:
            raise RefusedError("insutype")
        total, in_scope = _amounts(data)
        visit = str(data.get("mdtrtId") or data["iptOtpNo"])
        batch = batch_of(data)
        if self._desk.settings.demands_visit and not data.get("ecToken") and is_absent(data.get("mdtrtId")):
            raise RefusedError("field-problems", "mdtrtId: the visit expected, since there is no ecToken")
        self._desk.not_charged(batch)
        await self._desk.authorised(data, person, institution, use="")
        now_ns = self._desk.clock.now_ns()
        order = Order(
            pay_ord_id=self._desk.numbers.order(person.insured_place, at_ns=now_ns),
            pay_token=self._desk.numbers.token(person.insured_place),
            revs_token=self._desk.numbers.token(person.insured_place),
            institution=institution,
            person=person,
            insutype=person.insutype,
            hospital_order=str(data["medOrgOrd"]),
            visit=visit,
            batch=batch,
            total=total,
            in_scope=in_scope,
            use_account=data["acctUsedFlag"] == "1",
        )
        if self._desk.insurance.connected:
            visit = await self._to_platform(order, data)
        self._desk.add(order)
        if data.get("payAuthNo"):
            self._desk.use(data["payAuthNo"], person, order.pay_ord_id)
        self._desk.event("order-created", order, total_fen=total)
        return {
            "payOrdId": order.pay_ord_id,
            "payToken": order.pay_token,
            "ordStas": order.status.value,
            "extData": {"mdtrtId": visit},
        }

    async def _to_platform(self, order: Order, data: Data) -> str:
        """The details go to the platform; the visit's mdtrt_id. Raises RefusedError."""
        for other in self._desk.batches.get(order.batch, ()):
            if other.leg is not None and other.status is not OrdStas.SAVED:
                self._desk.touch(other)
                await self._desk.insurance.withdraw(other.leg)
        order.leg = Leg(
            sender=Sender(institution=order.institution, insured_place=order.person.insured_place),
            psn_no=order.person.psn_no,
            id_no=order.person.id_no,
            insutype=order.insutype,
            pay_ord_id=order.pay_ord_id,
            mdtrt_id="",
            med_type=str(data["medType"]),
            psn_setlway=str(data["psnSetlway"]),
            batch=str(data["chrgBchno"]),
            total=order.total,
            use_account=order.use_account,
        )
        await self._desk.insurance.upload(order.leg, data)
        order.visit = order.leg.mdtrt_id
        return order.visit


def batch_of(data: Data) -> Batch:
    """What is charged once, of a 6201."""
    return (str(data["orgCodg"]), str(data["iptOtpNo"]), str(data["chrgBchno"]))


def _amounts(data: Data) -> tuple[Fen, Fen]:
    """The total and what is in scope of it. Raises RefusedError when amounts do not agree."""
    lines = lines_of(data)
    amounts = [amount(line["detItemFeeSumamt"]) for line in lines]
    total = amount(data["medfeeSumamt"])
    if total <= 0 or min(amounts) < 0:
        raise RefusedError("amount")
    if len({line["feedetlSn"] for line in lines}) != len(lines):
        raise RefusedError("line-repeated")
    if sum(amounts) != total:
        raise RefusedError("sum-differs")
    own, first = amount_of(data, "fulamtOwnpayAmt"), amount_of(data, "preselfpayAmt")
    given = data.get("inscpScpAmt")
    in_scope = Fen(total - own - first) if is_absent(given) else amount(given)
    if min(own, first, in_scope) < 0 or in_scope + own + first > total:
        raise RefusedError("scope-differs")
    return total, in_scope
