"""An order at a mobile-payment centre as the hospital has it: uploaded, placed, paid, asked about, given back.

    order = paid(stage, "P002")                      # 6201, 6202, and the person's own part
    refund(stage, order, "ALL", order.number("R"))

Every step says how it has to end; whatever breaks a step is the case's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fixtures.population import Person
from harness.clock import local_time
from harness.devices.mobile_payment import Data
from harness.money import Fen, format_yuan, parse_yuan
from harness.scenarios.mobile_stage import Ask, MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, QUERY, REFUND, REVOKE, UPLOAD

Goods = tuple[tuple[str, str, str, str], ...]
NONE: Mapping[str, object] = {}
LINES: Goods = (
    ("XP000001", "12.50", "2", "25.00"),
    ("XP000002", "4.35", "3", "13.05"),
    ("XP000003", "0.99", "7", "6.93"),
)
"""Code, price, count, sum of the usual lines: 44.98 in all."""
DEAR: Goods = (("XP000001", "1250.00", "2", "2500.00"), ("XP000002", "435.00", "1", "435.00"))
"""Lines beyond every deductible, so that the fund pays a part."""
POOR, RICH = "P002", "P001"
"""Somebody whose account does not reach, so that they pay a part themselves, and somebody whose account does."""
PARTS = {"fund": "fundPay", "account": "psnAcctPay", "own": "ownPayAmt"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the hospital knows of an order: what it uploaded, the answer, and that of 6202 once it was placed."""

    person: Person
    upload: Data
    created: Data
    placed: Data = field(default_factory=dict)

    @property
    def pay_ord_id(self) -> str:
        """payOrdId."""
        return str(self.created.get("payOrdId", ""))

    def part(self, name: str) -> Fen:
        """One of `PARTS`, in fen, as 6202 said."""
        return parse_yuan(str(self.placed[PARTS[name]]))

    @property
    def about(self) -> dict[str, object]:
        """The data of 6301 and 6401."""
        return {
            "payOrdId": self.pay_ord_id,
            "orgCodg": self.upload["orgCodg"],
            "payToken": self.created.get("payToken", ""),
            "idNo": self.person.id_no,
            "userName": self.person.name,
            "idType": "01",
        }

    @property
    def payment(self) -> dict[str, object]:
        """The data of 6202."""
        data = {
            "payOrdId": self.pay_ord_id,
            "payToken": self.created.get("payToken", ""),
            "orgCodg": self.upload["orgCodg"],
            "orgBizSer": f"BIZ{self.upload['medOrgOrd']}",
        }
        if "payAuthNo" in self.upload:
            data["payAuthNo"] = self.upload["payAuthNo"]
        return data


def lines_of(stage: MobileStage, goods: Goods = LINES) -> list[dict[str, object]]:
    """The lines of an upload."""
    return [
        {
            "feedetlSn": stage.number("L"),
            "feeOcurTime": moment(stage),
            "medListCodg": code,
            "medinsListCodg": code,
            "detItemFeeSumamt": total,
            "cnt": count,
            "pric": price,
        }
        for code, price, count, total in goods
    ]


def moment(stage: MobileStage) -> str:
    """Now, as uploads spell it."""
    return local_time(stage.clock).strftime("%Y-%m-%d %H:%M:%S")


def upload_of(
    stage: MobileStage, person: Person, *, goods: Goods = LINES, fields: Mapping[str, object] = NONE, **more: object
) -> dict[str, object]:
    """The data of a 6201, with `fields` and others in it; without an authorisation there a payAuthNo is fetched."""
    said = {**fields, **more}
    if not {"ecToken", "payAuthNo"} & set(said):
        said = {"payAuthNo": stage.auth_no(person), **said}
    total = Fen(sum(parse_yuan(row[3]) for row in goods))
    return {
        "orgCodg": stage.table.institution,
        "psnNo": person.psn_no,
        "insutype": person.insutype,
        "medOrgOrd": stage.number("MO"),
        "begntime": moment(stage),
        "idNo": person.id_no,
        "userName": person.name,
        "idType": "01",
        "iptOtpNo": stage.number("OP"),
        "medType": "11",
        "feeType": "01",
        "medfeeSumamt": format_yuan(total),
        "acctUsedFlag": "1",
        "psnSetlway": "01",
        "chrgBchno": stage.number("B"),
        "uldLatlnt": "101.77,36.61",
        "feedetailList": lines_of(stage, goods),
        **said,
    }


def uploaded(
    stage: MobileStage,
    who: str = POOR,
    *,
    goods: Goods = LINES,
    fields: Mapping[str, object] = NONE,
    **more: object,
) -> Order:
    """An order, by 6201."""
    person = stage.person(who)
    data = upload_of(stage, person, goods=goods, fields=fields, **more)
    return Order(person=person, upload=data, created=_done(stage.ask(UPLOAD, data)))


def _done(ask: Ask) -> Data:
    """What a good answer says. Raises AssertionError for a refusal: nothing can go on from there."""
    assert ask.answer is not None, f"{ask.service} had no answer"
    assert ask.answer.accepted, f"{ask.service} was refused with {ask.answer.code}"
    return ask.told


def placed(stage: MobileStage, order: Order, **more: object) -> Order:
    """The same order, placed by 6202."""
    return replace(order, placed=_done(stage.ask(PAY, {**order.payment, **more})))


def begun(stage: MobileStage, who: str = POOR, *, goods: Goods = LINES, **more: object) -> Order:
    """An order whose own part is to be paid."""
    order = placed(stage, uploaded(stage, who, goods=goods, fields=more))
    assert order.part("own"), "this person was to pay a part themselves"
    return order


def paid(stage: MobileStage, who: str = POOR, *, goods: Goods = LINES, **more: object) -> Order:
    """An order that is paid: placed, and the own part with it, where there is one."""
    order = placed(stage, uploaded(stage, who, goods=goods, fields=more))
    if order.part("own"):
        stage.own_pay(order.pay_ord_id)
    return order


def query(stage: MobileStage, order: Order, *reasons: str, **other: object) -> Ask:
    """6301."""
    return stage.ask(QUERY, {**order.about, **other}, *reasons)


def standing(stage: MobileStage, order: Order) -> Standing:
    """Where an order stands, by 6301."""
    return stage.standing(order.about)


def revoke(stage: MobileStage, order: Order, *reasons: str, **other: object) -> Ask:
    """6401."""
    return stage.ask(REVOKE, {**order.about, **other}, *reasons)


def refund_of(
    stage: MobileStage, order: Order, kind: str, serial: str, parts: Mapping[str, Fen], **more: object
) -> dict[str, object]:
    """The data of a 6203, under a payAuthNo that is fetched for it unless `more` has an authorisation."""
    if not {"ecToken", "payAuthNo"} & set(more):
        more = {"payAuthNo": stage.auth_no(order.person), **more}
    amounts = {name: parts.get(name, Fen(0)) for name in PARTS}
    return {
        "payOrdId": order.pay_ord_id,
        "appRefdSn": serial,
        "appRefdTime": local_time(stage.clock).strftime("%Y%m%d%H%M%S"),
        "totlRefdAmt": format_yuan(Fen(sum(amounts.values()))),
        "psnAcctRefdAmt": format_yuan(amounts["account"]),
        "fundRefdAmt": format_yuan(amounts["fund"]),
        "cashRefdAmt": format_yuan(amounts["own"]),
        "refdType": kind,
        **more,
    }


def whole(order: Order, kind: str) -> dict[str, Fen]:
    """All that a kind of refund gives back of an order: ALL, HI (fund and account) or CASH (the own part)."""
    names = {"ALL": ("fund", "account", "own"), "HI": ("fund", "account"), "CASH": ("own",)}[kind]
    return {name: order.part(name) for name in names}


def refund(
    stage: MobileStage,
    order: Order,
    kind: str,
    *reasons: str,
    parts: Mapping[str, Fen] | None = None,
    serial: str = "",
    fields: Mapping[str, object] = NONE,
    **more: object,
) -> Ask:
    """6203 of what is due of a kind, or of other parts."""
    given = whole(order, kind) if parts is None else parts
    return stage.ask(
        REFUND, refund_of(stage, order, kind, serial or stage.number("R"), given, **fields, **more), *reasons
    )
