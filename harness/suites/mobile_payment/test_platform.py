"""On the settlement platform's ledger: it holds what was paid, nothing else, and doubts are cleared up on it."""

from collections.abc import Sequence

import pytest

from harness.clock import local_time
from harness.errors import BenchError
from harness.faults.catalogue import Effect
from harness.money import Fen, format_yuan
from harness.scenarios.mobile_orders import (
    DEAR,
    POOR,
    RICH,
    Order,
    begun,
    paid,
    placed,
    query,
    refund,
    refund_of,
    revoke,
    standing,
    upload_of,
    uploaded,
    whole,
)
from harness.scenarios.mobile_stage import PLATFORM, MobileStage, PlatformDesk
from harness.wire.institution_statement import ResultLine, StatementLine
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, REFUND, UPLOAD

CLEARING = ["QH-CLEARING"]
SAFE = ["QH-FUND-SAFETY"]
LEVEL = {"0", "000000"}


def _hospital(stage: MobileStage) -> PlatformDesk:
    """The hospital's line to the platform. Raises BenchError."""
    if stage.hospital is None:
        raise BenchError("There is no platform.", cause="the bench has none", remedy="add a [device.platform]")
    return stage.hospital


def _stated(stage: MobileStage, order: Order) -> dict[str, object]:
    """What a statement of the day says of where it is from, by an order's pre-settlement."""
    info = order.placed["extData"]
    assert isinstance(info, dict)
    told = info["preSetl"]
    day = local_time(stage.clock).strftime("%Y-%m-%d")
    return {
        "clr_type": told["clr_type"],
        "setl_optins": told["clr_optins"],
        "stmt_begndate": day,
        "stmt_enddate": day,
    }


def _level(stage: MobileStage, orders: list[Order], *, refunded: bool = False) -> None:
    """The hospital's own totals of the day are the platform's (3201)."""
    sign = -1 if refunded else 1
    said = _hospital(stage).totals(
        {
            **_stated(stage, orders[0]),
            "insutype": orders[0].upload["insutype"],
            "medfee_sumamt": format_yuan(Fen(sign * sum(sum(whole(order, "ALL").values()) for order in orders))),
            "fund_pay_sumamt": format_yuan(Fen(sign * sum(order.part("fund") for order in orders))),
            "acct_pay": format_yuan(Fen(sign * sum(order.part("account") for order in orders))),
            "fixmedins_setl_cnt": str(len(orders)),
            "refd_setl_flag": "1" if refunded else "0",
        }
    )
    assert said["stmt_rslt"] in LEVEL, f"3201 says {said['stmt_rslt']}"


@pytest.mark.case("mobile-payment/totals", title="The day's totals agree 当日对总账", requirements=CLEARING)
def test_totals(stage: MobileStage) -> None:
    """3201 counts what was paid, and what was given back, and nothing of what was revoked or has failed."""
    orders = [paid(stage, POOR, goods=DEAR), paid(stage, RICH), paid(stage, "P003", goods=DEAR)]
    failed = begun(stage, POOR)
    stage.own_pay(failed.pay_ord_id, result="FAIL")
    revoke(stage, uploaded(stage, RICH))
    _level(stage, orders)
    refund(stage, orders[0], "ALL")
    refund(stage, orders[2], "CASH", parts={"own": Fen(1)})
    _level(stage, orders)
    _level(stage, [orders[0]], refunded=True)


def _details(stage: MobileStage, order: Order, lines: Sequence[StatementLine]) -> Sequence[ResultLine]:
    """What 3202 has to say to a statement of these lines."""
    total, fund, account = (sum(getattr(line, part) for line in lines) for part in ("total", "fund", "account"))
    stated = {
        **_stated(stage, order),
        "medfee_sumamt": format_yuan(Fen(total)),
        "fund_pay_sumamt": format_yuan(Fen(fund)),
        "cash_payamt": format_yuan(Fen(total - fund - account)),
        "fixmedins_setl_cnt": str(len(lines)),
    }
    return _hospital(stage).details(stated, lines)


def _line(order: Order, sign: int) -> tuple[object, ...]:
    """Visit, person and amounts of an order, or of its refund, as a statement has them."""
    extended = order.created["extData"]
    assert isinstance(extended, dict)
    parts = (sum(whole(order, "ALL").values()), order.part("fund"), order.part("account"))
    return (extended["mdtrtId"], order.person.psn_no, *(sign * part for part in parts))


@pytest.mark.case("mobile-payment/details", title="Each payment in 3202 明细对账", requirements=CLEARING)
def test_details(stage: MobileStage) -> None:
    """3202, which is the platform's, has each payment with its visit and parts, and a refund as a line of its own.

    The centre tells no setl_id; a hospital has it from the result, and its books are level with it then.
    """
    orders = [paid(stage, POOR, goods=DEAR), paid(stage, RICH)]
    refund(stage, orders[0], "ALL")
    found = _details(stage, orders[0], [])
    seen = sorted((line.mdtrt_id, line.psn_no, line.total, line.fund, line.account) for line in found)
    assert seen == sorted([*(_line(order, 1) for order in orders), _line(orders[0], -1)])
    assert all(line.msgid and line.code not in LEVEL for line in found), "the hospital has none of them yet"
    books = [
        StatementLine(
            setl_id=line.setl_id,
            mdtrt_id=line.mdtrt_id,
            psn_no=line.psn_no,
            total=line.total,
            fund=line.fund,
            account=line.account,
            refund_flag=line.refund_flag,
        )
        for line in found
    ]
    assert all(line.code in LEVEL for line in _details(stage, orders[0], books))


@pytest.mark.case(
    "mobile-payment/refund-on-ledger", title="A refund stands on the ledger 退费入账", requirements=CLEARING
)
@pytest.mark.parametrize("kind", ["ALL", "HI"])
def test_refund_on_ledger(stage: MobileStage, kind: str) -> None:
    """Fund and account go back at the platform, whole; the same charge can be settled anew."""
    order = paid(stage, POOR, goods=DEAR)
    refund(stage, order, kind)
    if kind == "HI":
        refund(stage, order, "CASH")
    _level(stage, [order], refunded=True)
    again = paid(stage, goods=DEAR, iptOtpNo=order.upload["iptOtpNo"], chrgBchno=order.upload["chrgBchno"])
    _level(stage, [order, again])


@pytest.mark.case("mobile-payment/platform-silent", title="No answer to an upload 平台无应答", requirements=SAFE)
@pytest.mark.parametrize(
    ("infno", "effect"),
    [("2201", "cut-connection"), ("2204", "cut-connection"), ("2206", "cut-connection"), ("2206", "bad-gateway")],
)
def test_platform_silent(stage: MobileStage, infno: str, effect: str) -> None:
    """Refused for now; the same message again is done, and charged once."""
    stage.disturb(PLATFORM, infno, Effect(effect))
    data = upload_of(stage, stage.person(POOR))
    if infno == "2206":
        created = stage.ask(UPLOAD, data)
    else:
        stage.ask(UPLOAD, data, "platform-unavailable")
        created = stage.ask(UPLOAD, data)
    order = Order(person=stage.person(POOR), upload=data, created=created.told)
    if infno == "2206":
        stage.ask(PAY, order.payment, "platform-unavailable")
    order = placed(stage, order)
    stage.own_pay(order.pay_ord_id)
    assert standing(stage, order) is Standing.PAID
    _level(stage, [order])


@pytest.mark.case(
    "mobile-payment/settlement-unknown", title="The settlement is in doubt 结算结果未知", requirements=SAFE
)
@pytest.mark.parametrize(
    ("who", "effect"),
    [
        *(
            (POOR, effect)
            for effect in ("cut-connection", "bad-gateway", "bad-gateway-after", "cut-json", "empty-body")
        ),
        *((RICH, effect) for effect in ("cut-connection", "bad-gateway")),
    ],
)
def test_settlement_unknown(stage: MobileStage, who: str, effect: str) -> None:
    """Neither paid nor failed until it is cleared up; then it is one of them, and the ledger has it so."""
    order = uploaded(stage, who)
    stage.disturb(PLATFORM, "2207", Effect(effect))
    order = placed(stage, order)
    if order.part("own"):
        stage.own_pay(order.pay_ord_id)
    revoke(stage, order, "state", "ok")
    found = stage.follow(order.about)
    assert found.standing is not Standing.UNDER_WAY, "the doubt was never cleared up"
    before = query(stage, order).told["ordStas"]
    if found.standing is Standing.FAILED or found.standing is Standing.REVOKED:
        order = paid(stage, who, iptOtpNo=order.upload["iptOtpNo"], chrgBchno=order.upload["chrgBchno"])
        assert standing(stage, order) is Standing.PAID
    assert before
    _level(stage, [order])


@pytest.mark.case("mobile-payment/own-part-paid", title="Own part paid, insurance open 自费完成", requirements=SAFE)
def test_own_part_paid(stage: MobileStage) -> None:
    """The person has paid and the insurance's part is in doubt (3): not paid twice, not withdrawn, not forgotten."""
    order = begun(stage)
    stage.disturb(PLATFORM, "2207", Effect.BAD_GATEWAY_AFTER)
    if stage.terms.unknown == "reverse":
        stage.disturb(PLATFORM, "2601", Effect.CUT_CONNECTION)
    else:
        stage.disturb(PLATFORM, "2207", Effect.CUT_CONNECTION, nth=2)
    assert stage.own_pay(order.pay_ord_id).data["ordStas"] == "3"
    assert query(stage, order).told["ordStas"] == "3"
    stage.own_pay(order.pay_ord_id, "state")
    revoke(stage, order, "state")
    found = stage.follow(order.about)
    assert found.standing is (Standing.FAILED if stage.terms.unknown == "reverse" else Standing.PAID)
    if found.standing is Standing.FAILED:
        order = paid(stage, iptOtpNo=order.upload["iptOtpNo"], chrgBchno=order.upload["chrgBchno"])
    _level(stage, [order])


@pytest.mark.case("mobile-payment/settlement-refused", title="The platform refuses 平台拒绝结算", requirements=SAFE)
@pytest.mark.parametrize("infno", ["2204", "2206", "2207"])
def test_settlement_refused(stage: MobileStage, infno: str) -> None:
    """Nothing is booked, and the person's own part goes back; once it is over, the charge is paid."""
    stage.disturb(PLATFORM, infno, Effect.REFUSE)
    data = upload_of(stage, stage.person(POOR))
    created = stage.ask(UPLOAD, data, *(["platform-refused"] if infno == "2204" else []))
    if infno == "2204":
        created = stage.ask(UPLOAD, data)
    order = Order(person=stage.person(POOR), upload=data, created=created.told)
    if infno == "2206":
        stage.ask(PAY, order.payment, "platform-refused")
    order = placed(stage, order)
    stage.own_pay(order.pay_ord_id)
    if infno == "2207":
        assert standing(stage, order) is Standing.FAILED
        order = paid(stage, iptOtpNo=order.upload["iptOtpNo"], chrgBchno=order.upload["chrgBchno"])
    assert standing(stage, order) is Standing.PAID
    _level(stage, [order])


@pytest.mark.case("mobile-payment/exception", title="A doubt that stays 冲正被拒", requirements=SAFE)
def test_exception(stage: MobileStage) -> None:
    """If the platform refuses to undo what it may have booked, a person has to look, and nobody else may charge it."""
    stage.disturb(PLATFORM, "2207", Effect.BAD_GATEWAY)
    stage.disturb(PLATFORM, "2601", Effect.REFUSE)
    order = begun(stage)
    stage.own_pay(order.pay_ord_id)
    assert stage.follow(order.about).ord_stas == "14"
    batch = {name: order.upload[name] for name in ("iptOtpNo", "chrgBchno")}
    stage.ask(UPLOAD, upload_of(stage, order.person, fields=batch), "already-settled")
    refund(stage, order, "CASH", "state", parts={"own": Fen(1)})
    revoke(stage, order, "state")


@pytest.mark.case("mobile-payment/refund-unknown", title="A refund is in doubt 退费结果未知", requirements=SAFE)
@pytest.mark.parametrize("effect", ["cut-connection", "bad-gateway", "bad-gateway-after", "cut-json"])
def test_refund_unknown(stage: MobileStage, effect: str) -> None:
    """EXP and state 17 until the same refund is asked for again; given back once."""
    order = paid(stage, POOR, goods=DEAR)
    data = refund_of(stage, order, "ALL", stage.number("R"), whole(order, "ALL"))
    stage.disturb(PLATFORM, "2208", Effect(effect))
    assert stage.ask(REFUND, data).told["refStatus"] == "EXP"
    refund(stage, order, "CASH", "state", parts={"own": Fen(1)})
    assert stage.ask(REFUND, data).told["refStatus"] == "SUCC"
    assert query(stage, order).told["ordStas"] == "7"
    _level(stage, [order], refunded=True)


@pytest.mark.case(
    "mobile-payment/refund-refused", title="The platform refuses a refund 平台拒绝退费", requirements=SAFE
)
def test_refund_refused(stage: MobileStage) -> None:
    """FAIL, and the order is as it was: another refund may be asked for."""
    order = paid(stage)
    stage.disturb(PLATFORM, "2208", Effect.REFUSE)
    assert refund(stage, order, "ALL").told["refStatus"] == "FAIL"
    assert standing(stage, order) is Standing.PAID
    assert refund(stage, order, "ALL").told["refStatus"] == "SUCC"
    assert query(stage, order).told["ordStas"] == "7"
