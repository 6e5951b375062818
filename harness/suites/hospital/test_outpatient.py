"""Outpatient fees: nothing pending, the list with its details, payment; only by the patient whose they are."""

import pytest

from harness.counter.basket import Basket, Line
from harness.counter.hospital import By, Way
from harness.counter.outcome import Reason
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Answer, Shopper
from harness.scenarios.outpatient import (
    BANDAGE,
    VISIT,
    ordered,
    pay,
    pending,
    seen_by_doctor,
    usual_fees,
)
from harness.scenarios.registration import NEXT_PATIENT, PATIENT, registered

CITES = ["MY-OUTPATIENT-PAY"]
MONEY = ["MY-OUTPATIENT-PAY", "QH-FUND-SAFETY"]


@pytest.mark.case("hospital/pending-none", title="Nothing is pending 无待缴费记录", requirements=CITES)
@pytest.mark.parametrize("registered_before", [False, True], ids=["stranger", "patient"])
def test_pending_none(stage: CounterStage, registered_before: bool) -> None:
    """Whoever has nothing to pay is told so."""
    stage.counter.sign_in()
    if registered_before:
        registered(stage, VISIT, in_days=0)
    stage.expect_refused(pending(stage, PATIENT.again()), Reason.NOTHING_PENDING)


@pytest.mark.case(
    "hospital/pay",
    title="The list, its details, and payment 门诊缴费",
    requirements=[*MONEY, "QH-CLEARING", "QH-BALANCE-NOTICE", "NX-ORIGINAL-SETTLEMENT-PATH"],
)
def test_pay(stage: CounterStage) -> None:
    """What the doctor ordered is shown, line by line, paid, and then no longer shown."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    shown = stage.expect_accepted(pending(stage, patient))
    assert [len(record.lines) for record in shown.records] == [len(usual_fees().lines)], "the details are not shown"
    stage.expect_accepted(pay(stage, patient))
    stage.expect_refused(pending(stage, patient), Reason.NOTHING_PENDING)
    stage.settle_day()


@pytest.mark.case("hospital/pending-list", title="Several records 多笔待缴费", requirements=MONEY)
def test_pending_list(stage: CounterStage) -> None:
    """Two records are shown and paid one by one, one with the same goods twice; what is left is shown."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    ordered(stage, Basket.of("F0002", BANDAGE, BANDAGE))
    registered(stage, "R0002", patient, in_days=0)
    assert len(stage.expect_accepted(pending(stage, patient)).records) == 2, "not both records are shown"
    stage.expect_accepted(pay(stage, patient, "F0002"))
    assert len(stage.expect_accepted(pending(stage, patient)).records) == 1, "not the record that is left is shown"
    stage.expect_accepted(pay(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/pending-others", title="Somebody else's record 他人的待缴费记录", requirements=MONEY)
def test_pending_others(stage: CounterStage) -> None:
    """Another person neither sees it nor pays it; its own patient does."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    stage.expect_refused(pending(stage, NEXT_PATIENT), Reason.NOTHING_PENDING)
    stage.expect_refused(pay(stage, NEXT_PATIENT.again()), Reason.NOT_THEIRS)
    stage.expect_accepted(pay(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/pending-two-patients", title="Two patients' records 两位患者各有待缴费", requirements=MONEY)
def test_pending_two_patients(stage: CounterStage) -> None:
    """Each sees and pays their own."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    registered(stage, "R0002", NEXT_PATIENT, in_days=0)
    ordered(stage, Basket.of("F0002", BANDAGE), visit="R0002")
    for who, order in ((patient, "F0001"), (NEXT_PATIENT.again(), "F0002")):
        shown = stage.expect_accepted(pending(stage, who))
        assert len(shown.records) == 1, "other records than their own are shown"
        stage.expect_accepted(pay(stage, who, order))
    stage.settle_day()


@pytest.mark.case(
    "hospital/pay-by",
    title="Payment by each way of identification 各种身份核验方式缴费",
    requirements=["MY-OUTPATIENT-PAY", "QH-ID-CARD-PAY", "QH-FACE"],
)
@pytest.mark.parametrize("way", [Way.WINDOW, Way.SELF_SERVICE], ids=lambda way: str(way.value))
@pytest.mark.parametrize("by", [By.ID_CARD, By.FACE, By.CARD], ids=lambda by: str(by.value))
def test_pay_by(stage: CounterStage, by: By, way: Way) -> None:
    """Asked for and paid as with a code."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage, Shopper(by=by, way=way))
    stage.expect_accepted(pending(stage, patient))
    stage.expect_accepted(pay(stage, patient))
    stage.settle_day()


@pytest.mark.case(
    "hospital/pay-person",
    title="Patients of every kind 各类参保人缴费",
    requirements=["MY-OUTPATIENT-PAY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize(
    "person",
    [
        pytest.param("P002", id="small-account"),
        pytest.param("P004", id="resident"),
        pytest.param("P006", id="rare-character"),
        pytest.param("P008", id="pensioner"),
        pytest.param("P020", id="insured-elsewhere"),
    ],
)
def test_pay_person(stage: CounterStage, person: str) -> None:
    """Deductible, rates, account and family account differ; a small account is spared; the sums agree everywhere."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage, Shopper(person=person))
    stage.expect_accepted(pay(stage, patient, use_account=person != "P002"))
    stage.settle_day()


@pytest.mark.case(
    "hospital/pay-fen",
    title="Amounts that floats get wrong 浮点数易错金额",
    requirements=["QH-FUND-SAFETY", "QH-STANDARD-INTERFACE"],
)
@pytest.mark.parametrize(
    ("price", "quantity"), [("4.35", "3"), ("1.15", "3"), ("0.07", "100"), ("9999.99", "1"), ("2.675", "1.8")]
)
def test_pay_fen(stage: CounterStage, price: str, quantity: str) -> None:
    """The total is exact to the fen in every message, half a fen rounded up."""
    stage.counter.sign_in()
    registered(stage, VISIT, in_days=0)
    line = Line.priced("XP000003", "医用纱布", price=price, quantity=quantity, level="03")
    ordered(stage, Basket.of("F0001", line))
    stage.expect_accepted(pay(stage, PATIENT.again()))
    stage.settle_day()


@pytest.mark.case("hospital/pay-password", title="The payment is not confirmed 缴费未确认支付", requirements=MONEY)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
def test_pay_password(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing is booked, the record still waits, and with the password it is paid."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage)
    stage.expect_refused(pay(stage, Shopper(fresh=True, answer=answer)), reason)
    stage.expect_accepted(pending(stage, patient))
    stage.expect_accepted(pay(stage, patient))
    stage.settle_day()
