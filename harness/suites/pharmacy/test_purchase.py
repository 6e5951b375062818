"""Purchases that succeed: the ordinary one, every channel, every picture, every way of paying."""

import pytest

from fixtures.channels import channel_ids
from harness.counter.basket import Basket, Line
from harness.counter.hospital import By
from harness.counter.outcome import Amounts, Reason
from harness.money import Fen
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.insurance import MOVER, moves
from harness.scenarios.purchase import BANDAGE, MEDICINE, Shopper, purchase, usual_basket

HOUR_S = 3600


@pytest.mark.case(
    "pharmacy/purchase",
    title="A good purchase 正常购药",
    requirements=[
        "GS-PHARMACY",
        "NX-ORIGINAL-SETTLEMENT-PATH",
        "QH-STANDARD-INTERFACE",
        "QH-BALANCE-NOTICE",
        "NX-ONE-CODE",
    ],
)
def test_purchase(stage: CounterStage) -> None:
    """Code shown, scanned, decoded, priced, confirmed, paid; the phone shows what was paid; books and totals agree."""
    stage.counter.sign_in()
    shopper = Shopper()
    outcome = stage.expect_accepted(purchase(stage, usual_basket("A0001"), shopper))
    if outcome.amounts is not None and outcome.amounts.account:
        seen = {notice.setl_id for notice in stage.phone.notices(shopper.person)}
        assert outcome.setl_id in seen, "the customer does not see the payment on the phone"
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/channel",
    title="The voucher of every channel is treated alike 各渠道展码",
    requirements=["NX-CHANNELS", "GS-DYNAMIC-QR"],
)
@pytest.mark.parametrize("channel", channel_ids())
def test_channel(stage: CounterStage, channel: str) -> None:
    """A code shown by any of the 18 channels buys."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper(channel=channel)))


@pytest.mark.case(
    "pharmacy/barcode",
    title="The barcode with digits instead of the QR code 条形码展码",
    requirements=["NX-BARCODE-DIGITS"],
)
def test_barcode(stage: CounterStage) -> None:
    """The Code 128 barcode identifies as the QR code does."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper(picture="barcode")))


@pytest.mark.case(
    "pharmacy/two-customers",
    title="Two customers one after the other 连续两位顾客",
    requirements=["NX-ONE-CODE", "QH-CLEARING"],
)
def test_two_customers(stage: CounterStage) -> None:
    """Each pays their own basket, an hour apart; the day's totals hold both. The first brings everything back."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.step_clock(HOUR_S)
    stage.expect_accepted(purchase(stage, Basket.of("A0002", MEDICINE), Shopper(person="P009", channel="wechat")))
    stage.settle_day()
    stage.expect_accepted(stage.counter.refund("A0001"))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/account-too-small",
    title="The personal account is too small, the rest is cash 个人账户余额不足",
    requirements=["GS-PHARMACY", "QH-FUND-SAFETY"],
)
def test_account_too_small(stage: CounterStage) -> None:
    """The account pays its 5 yuan, cash what is left."""
    stage.counter.sign_in()
    basket = Basket.of("A0001", BANDAGE)
    expected = Amounts(total=Fen(693), fund=Fen(0), account=Fen(500), cash=Fen(193))
    stage.expect_accepted(purchase(stage, basket, Shopper(person="P002")), expected)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/account-not-used",
    title="The customer does not want the account to be used 不使用个人账户",
    requirements=["GS-PHARMACY"],
)
def test_account_not_used(stage: CounterStage) -> None:
    """Nothing leaves the personal account."""
    stage.counter.sign_in()
    basket = Basket.of("A0001", BANDAGE, use_account=False)
    expected = Amounts(total=Fen(693), fund=Fen(0), account=Fen(0), cash=Fen(693))
    stage.expect_accepted(purchase(stage, basket, Shopper()), expected)
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/resident",
    title="A resident without a personal account 城乡居民无个人账户",
    requirements=["GS-PHARMACY"],
)
def test_resident(stage: CounterStage) -> None:
    """The account pays nothing, and the purchase is accepted."""
    stage.counter.sign_in()
    basket = Basket.of("A0001", BANDAGE)
    expected = Amounts(total=Fen(693), fund=Fen(0), account=Fen(0), cash=Fen(693))
    stage.expect_accepted(purchase(stage, basket, Shopper(person="P004")), expected)


@pytest.mark.case(
    "pharmacy/insured-elsewhere",
    title="Somebody insured in another place 异地参保人购药",
    requirements=["QH-STANDARD-INTERFACE", "QH-CLEARING"],
)
@pytest.mark.parametrize("by", [By.CODE, By.CARD])
def test_insured_elsewhere(stage: CounterStage, by: By) -> None:
    """insuplc_admdvs is where the person is insured, not where the counter stands; the day is cleared apart."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(person="P020", by=by)))
    stage.settle_day()
    stage.expect_accepted(stage.counter.refund("A0002"))


@pytest.mark.case(
    "pharmacy/insurance-moved",
    title="Somebody's insurance moves between two purchases 两次购药之间参保关系转移",
    requirements=["QH-STANDARD-INTERFACE", "QH-FUND-SAFETY"],
)
def test_insurance_moved(stage: CounterStage) -> None:
    """The second purchase is settled under the insurance of now, which the platform alone knows."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), MOVER))
    moves(stage)
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), MOVER.again()))
    stage.settle_day()


@pytest.mark.case(
    "pharmacy/rare-name",
    title="Names with rare characters 生僻字姓名",
    requirements=["QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize("person", ["P006", "P007"])
def test_rare_name(stage: CounterStage, person: str) -> None:
    """A character that GBK lacks, and a middle dot, go through unharmed."""
    stage.counter.sign_in()
    stage.expect_accepted(purchase(stage, usual_basket("A0001"), Shopper(person=person)))


@pytest.mark.case(
    "pharmacy/fen",
    title="Amounts that floats get wrong 浮点数易错金额",
    requirements=["QH-FUND-SAFETY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize(
    ("price", "quantity"),
    [("4.35", "3"), ("1.15", "3"), ("0.07", "100"), ("1.10", "3"), ("9999.99", "1"), ("2.675", "2"), ("4.25", "0.5")],
)
def test_fen(stage: CounterStage, price: str, quantity: str) -> None:
    """The total is exact to the fen in every message, half a fen of an opened pack rounded up."""
    stage.counter.sign_in()
    line = Line.priced("XP000009", "测试药品", price=price, quantity=quantity, level="03")
    stage.expect_accepted(purchase(stage, Basket.of("A0001", line), Shopper()))


@pytest.mark.case(
    "pharmacy/fee-details",
    title="Fee details that do not add up 费用明细与总额不符",
    requirements=["GS-PHARMACY", "QH-FUND-SAFETY"],
)
def test_fee_details(stage: CounterStage) -> None:
    """A total that its lines do not support is refused before anything is sent, and nothing is booked."""
    stage.counter.sign_in()
    basket = Basket(order="A0001", lines=(MEDICINE, BANDAGE), total=Fen(3194))
    stage.expect_refused(purchase(stage, basket, Shopper()), Reason.AMOUNTS_DISAGREE)
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(person="P009")))


@pytest.mark.case(
    "pharmacy/sign-in-missing",
    title="No sign-in today 未签到",
    requirements=["QH-STANDARD-INTERFACE"],
)
def test_sign_in_missing(stage: CounterStage) -> None:
    """Without 9001 nothing is settled; after it the counter works."""
    stage.expect_refused(purchase(stage, usual_basket("A0001"), Shopper()))
    stage.expect_accepted(stage.counter.sign_in())
    stage.expect_accepted(purchase(stage, usual_basket("A0002"), Shopper(person="P009")))
