"""Every service well: orders from upload to paid, who pays what, each state as 6301 tells it."""

from collections.abc import Callable, Mapping

import pytest

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
    revoke,
    standing,
    upload_of,
    uploaded,
    whole,
)
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, UPLOAD

MOBILE = ["QH-MOBILE-PLATFORM"]
SAFE = ["QH-FUND-SAFETY"]


@pytest.mark.case("mobile-payment/order", title="An order from upload to paid 费用上传到支付", requirements=MOBILE)
@pytest.mark.parametrize("by", ["auth", "token"])
def test_order(stage: MobileStage, by: str) -> None:
    """Authorised by a payAuthNo, or by an ecToken; the person pays the own part; 6301 says so."""
    person = stage.person(POOR)
    more = {"ecToken": stage.token(person)} if by == "token" else {}
    order = uploaded(stage, POOR, fields=more)
    assert standing(stage, order) is Standing.UNDER_WAY
    order = placed(stage, order)
    assert order.placed["ordStas"] == "2", "6202 done is not paid"
    assert standing(stage, order) is Standing.UNDER_WAY
    stage.own_pay(order.pay_ord_id)
    followed = stage.follow(order.about)
    assert followed.standing is Standing.PAID
    assert followed.answer["medOrgOrd"] == order.upload["medOrgOrd"]


@pytest.mark.case(
    "mobile-payment/insurance-alone", title="The insurance pays all of it 全部医保支付", requirements=MOBILE
)
def test_insurance_alone(stage: MobileStage) -> None:
    """Where the account reaches, the person pays nothing, and 6202 settles at once."""
    order = paid(stage, RICH)
    assert standing(stage, order) is Standing.PAID
    if order.part("own") == 0:
        stage.own_pay(order.pay_ord_id, "state")


@pytest.mark.case("mobile-payment/fund-pays", title="Fund, account and own part 三方分担", requirements=MOBILE)
def test_fund_pays(stage: MobileStage) -> None:
    """A dear order is paid by the fund, too."""
    order = paid(stage, POOR, goods=DEAR)
    assert order.part("fund"), "the fund was to pay a part"
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case(
    "mobile-payment/account-unused", title="The account is not to be used 不使用个人账户", requirements=MOBILE
)
@pytest.mark.parametrize("said_in", [UPLOAD, PAY])
def test_account_unused(stage: MobileStage, said_in: str) -> None:
    """acctUsedFlag 0, at the upload or at the payment."""
    order = uploaded(stage, RICH, acctUsedFlag="0" if said_in == UPLOAD else "1")
    order = placed(stage, order, **({"acctUsedFlag": "0"} if said_in == PAY else {}))
    assert order.part("account") == 0
    stage.own_pay(order.pay_ord_id)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case(
    "mobile-payment/two-orders", title="Two orders of one person 同一人两笔订单", requirements=MOBILE + SAFE
)
def test_two_orders(stage: MobileStage) -> None:
    """Each takes its own part of the account, and gives back its own."""
    first = paid(stage, RICH)
    second = paid(stage, RICH)
    assert first.pay_ord_id != second.pay_ord_id
    refund(stage, first, "ALL")
    assert standing(stage, first) is Standing.REFUNDED
    assert standing(stage, second) is Standing.PAID
    third = paid(stage, RICH)
    assert standing(stage, third) is Standing.PAID


@pytest.mark.case("mobile-payment/rare-name", title="A rare character in a name 生僻字姓名", requirements=MOBILE)
@pytest.mark.parametrize("who", ["P006", "P007"])
def test_rare_name(stage: MobileStage, who: str) -> None:
    """The name is signed and encrypted as it is."""
    order = paid(stage, who)
    assert standing(stage, order) is Standing.PAID


@pytest.mark.case(
    "mobile-payment/empty-members", title="Empty members are not signed 空字段不参与签名", requirements=MOBILE
)
def test_empty_members(stage: MobileStage) -> None:
    """Null, empty text, array and object, a number and a boolean: the canonical string has rules for each."""
    data = upload_of(stage, stage.person(POOR))
    data |= {"drName": "", "caty": None, "diseinfoList": [], "extData": {}, "initRxOrd": "0"}
    reply = stage.ask(UPLOAD, data)
    assert standing(stage, Order(person=stage.person(POOR), upload=data, created=reply.told)) is Standing.UNDER_WAY


@pytest.mark.case("mobile-payment/refunded", title="An order is refunded 退费", requirements=MOBILE + SAFE)
@pytest.mark.parametrize("kind", ["ALL", "HI", "CASH"])
def test_refunded(stage: MobileStage, kind: str) -> None:
    """All of it, fund and account, or the own part; 6301 says which, and what is left can still be given back."""
    order = paid(stage, POOR, goods=DEAR)
    assert refund(stage, order, kind).told["refStatus"] == "SUCC"
    assert standing(stage, order) is Standing.REFUNDED
    rest = {"HI": "CASH", "CASH": "HI"}.get(kind)
    if rest:
        assert refund(stage, order, rest).told["refStatus"] == "SUCC"
    assert query(stage, order).told["ordStas"] == "7"


@pytest.mark.case("mobile-payment/refund-by-token", title="A refund by ecToken 凭令牌退费", requirements=MOBILE)
def test_refund_by_token(stage: MobileStage) -> None:
    """An ecToken authorises a refund as a payAuthNo does."""
    order = paid(stage, POOR)
    refund(stage, order, "ALL", ecToken=stage.token(order.person))
    assert query(stage, order).told["ordStas"] == "7"


@pytest.mark.case(
    "mobile-payment/refund-in-pieces", title="The own part in pieces to the last fen 自费分次退完", requirements=SAFE
)
def test_refund_in_pieces(stage: MobileStage) -> None:
    """CASH three times, to the last fen and not beyond; then fund and account."""
    order = paid(stage, POOR)
    own = order.part("own")
    pieces = (Fen(own // 3), Fen(1))
    for piece in (*pieces, Fen(own - sum(pieces))):
        refund(stage, order, "CASH", parts={"own": piece})
        standing(stage, order)
    refund(stage, order, "CASH", "refund-parts", parts={"own": Fen(1)})
    assert query(stage, order).told["ordStas"] == "9"
    refund(stage, order, "HI")
    assert query(stage, order).told["ordStas"] == "7"


def _saved(stage: MobileStage) -> Order:
    return uploaded(stage)


def _to_pay(stage: MobileStage) -> Order:
    return begun(stage)


def _paid(stage: MobileStage) -> Order:
    return paid(stage)


def _revoked(stage: MobileStage) -> Order:
    order = uploaded(stage)
    revoke(stage, order)
    return order


def _failed(stage: MobileStage) -> Order:
    order = begun(stage)
    stage.own_pay(order.pay_ord_id, result="FAIL")
    return order


def _given_back(*kinds: str) -> Callable[[MobileStage], Order]:
    def give(stage: MobileStage) -> Order:
        order = paid(stage, goods=DEAR)
        for kind in kinds:
            if kind == "part":
                refund(stage, order, "CASH", parts={"own": Fen(100)})
            else:
                refund(stage, order, kind)
        return order

    return give


STATES: Mapping[str, tuple[Callable[[MobileStage], Order], str]] = {
    "saved": (_saved, "0"),
    "to-pay": (_to_pay, "2"),
    "paid": (_paid, "4 5 6"),
    "revoked": (_revoked, "12"),
    "failed": (_failed, "15"),
    "refunded": (_given_back("ALL"), "7"),
    "insurance-refunded": (_given_back("HI"), "8"),
    "own-refunded": (_given_back("CASH"), "9"),
    "own-partly-refunded": (_given_back("part"), "10"),
    "insurance-and-part-refunded": (_given_back("HI", "part"), "11"),
}
"""How an order gets into each state that needs nothing to go wrong, and what 6301 says there."""


@pytest.mark.case("mobile-payment/query", title="6301 in each state 各状态查询", requirements=MOBILE)
@pytest.mark.parametrize("state", list(STATES))
def test_query(stage: MobileStage, state: str) -> None:
    """Asked twice, 6301 says the same; it changes nothing."""
    make, due = STATES[state]
    order = make(stage)
    first, second = query(stage, order).told, query(stage, order).told
    assert first["ordStas"] in due.split()
    assert first == second


@pytest.mark.case(
    "mobile-payment/amounts-once-paid", title="6301 has the amounts of the split 查询金额", requirements=MOBILE
)
def test_amounts_once_paid(stage: MobileStage) -> None:
    """A final state comes with all amounts, setlType and revsToken."""
    order = paid(stage, POOR, goods=DEAR)
    told = query(stage, order).told
    assert told["setlType"] == "ALL"
    assert told["revsToken"]
    total = sum(whole(order, "ALL").values())
    assert told["feeSumamt"] == format_yuan(Fen(total))
