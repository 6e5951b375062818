"""A stay in hospital: admission, fees and returns, discharge, settlement with a fresh code; interim, refunded."""

import pytest

from harness.counter.hospital import By, Way
from harness.counter.outcome import Reason
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Answer, Shopper
from harness.scenarios.inpatient import (
    BANDAGE,
    BED,
    OPERATION,
    STAY,
    admit,
    admitted,
    charged,
    discharged,
    ready_to_settle,
    returned,
    settle,
)
from harness.scenarios.registration import DAY_S, NEXT_PATIENT, PATIENT

TWO_HOURS_S = 7200
CITES = ["GS-INPATIENT"]
MONEY = ["GS-INPATIENT", "QH-FUND-SAFETY", "QH-CLEARING"]


@pytest.mark.case(
    "hospital/stay",
    title="A whole stay 住院全流程",
    requirements=[*MONEY, "QH-BALANCE-NOTICE", "NX-ORIGINAL-SETTLEMENT-PATH"],
)
@pytest.mark.parametrize("way", [Way.WINDOW, Way.SELF_SERVICE], ids=lambda way: str(way.value))
def test_stay(stage: CounterStage, way: Way) -> None:
    """Admitted by code, charged for days, discharged, and settled with a freshly scanned code."""
    stage.counter.sign_in()
    patient = admitted(stage, Shopper(way=way))
    charged(stage)
    stage.step_clock(DAY_S)
    stage.counter.sign_in()
    charged(stage, BED)
    discharged(stage)
    stage.step_clock(TWO_HOURS_S)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case(
    "hospital/stay-by",
    title="A stay by each way of identification 各种身份核验方式住院",
    requirements=["GS-INPATIENT", "QH-ID-CARD-PAY", "QH-FACE"],
)
@pytest.mark.parametrize("by", [By.ID_CARD, By.FACE, By.CARD], ids=lambda by: str(by.value))
def test_stay_by(stage: CounterStage, by: By) -> None:
    """Whatever is presented at admission and at discharge, the same stay follows."""
    stage.counter.sign_in()
    patient = ready_to_settle(stage, Shopper(by=by))
    stage.step_clock(TWO_HOURS_S)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/stay-person", title="Patients of every kind 各类参保人住院", requirements=MONEY)
@pytest.mark.parametrize(
    "person",
    [pytest.param("P004", id="resident"), pytest.param("P008", id="pensioner"), pytest.param("P006", id="rare")],
)
def test_stay_person(stage: CounterStage, person: str) -> None:
    """Deductible and rates differ; the sums agree everywhere."""
    stage.counter.sign_in()
    patient = ready_to_settle(stage, Shopper(person=person))
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/stay-returns", title="Goods are returned at the ward 住院退药", requirements=MONEY)
def test_stay_returns(stage: CounterStage) -> None:
    """A return names the line it takes back; what is settled is the rest."""
    stage.counter.sign_in()
    patient = admitted(stage)
    batch = charged(stage, OPERATION, BED, BANDAGE)
    charged(stage, returned(BANDAGE, "3", of=f"{batch}:3"))
    discharged(stage)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/stay-interim", title="An interim settlement 中途结算", requirements=MONEY)
def test_stay_interim(stage: CounterStage) -> None:
    """What came up to now is settled before the discharge, the rest after it, without the account; no fee twice."""
    stage.counter.sign_in()
    patient = admitted(stage)
    charged(stage)
    stage.expect_accepted(settle(stage, patient, interim=True))
    charged(stage, BED)
    discharged(stage)
    stage.expect_accepted(settle(stage, patient, use_account=False))
    stage.settle_day()


@pytest.mark.case("hospital/stay-not-discharged", title="Settled before discharge 未出院结算", requirements=CITES)
def test_not_discharged(stage: CounterStage) -> None:
    """It is refused, nothing is sent; after the discharge it works."""
    stage.counter.sign_in()
    patient = admitted(stage)
    charged(stage)
    stage.expect_refused(settle(stage, patient), Reason.NOT_DISCHARGED)
    discharged(stage)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case(
    "hospital/stay-other-person", title="Another's code at discharge 他人凭证办理出院结算", requirements=MONEY
)
def test_other_person(stage: CounterStage) -> None:
    """It settles nothing; the patient's own does."""
    stage.counter.sign_in()
    patient = ready_to_settle(stage)
    stage.expect_refused(settle(stage, NEXT_PATIENT), Reason.NOT_THEIRS)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/stay-twice", title="Admitted twice 重复入院", requirements=CITES)
def test_admitted_twice(stage: CounterStage) -> None:
    """Who is in hospital is not admitted again; the stay goes on."""
    stage.counter.sign_in()
    patient = admitted(stage)
    stage.expect_refused(admit(stage, patient, "I0002"), Reason.PLATFORM_REFUSED)
    charged(stage)
    discharged(stage)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/stay-cancelled", title="An admission is cancelled 取消入院", requirements=CITES)
@pytest.mark.parametrize("with_fees", [False, True], ids=["empty", "with-fees"])
def test_cancelled(stage: CounterStage, with_fees: bool) -> None:
    """Fees are withdrawn, the admission is undone, and the person can be admitted anew."""
    stage.counter.sign_in()
    patient = admitted(stage)
    if with_fees:
        charged(stage)
    stage.expect_accepted(stage.counter.cancel_admission(STAY))
    stage.expect_accepted(admit(stage, patient, "I0002"))
    stage.settle_day()


@pytest.mark.case(
    "hospital/stay-cancel-settled", title="A settled stay is not cancelled 已结算不能取消入院", requirements=MONEY
)
def test_cancel_settled(stage: CounterStage) -> None:
    """Something is settled already: it is refused, and the stay goes on."""
    stage.counter.sign_in()
    patient = admitted(stage)
    charged(stage)
    stage.expect_accepted(settle(stage, patient, interim=True))
    stage.expect_refused(stage.counter.cancel_admission(STAY), Reason.HAS_FEES)
    stage.settle_day()


@pytest.mark.case("hospital/stay-refund", title="A stay's settlement is refunded 住院结算退费", requirements=MONEY)
def test_stay_refund(stage: CounterStage) -> None:
    """2305 gives everything back, once; the stay can be settled anew."""
    stage.counter.sign_in()
    patient = ready_to_settle(stage)
    stage.expect_accepted(settle(stage, patient))
    stage.expect_accepted(stage.counter.refund(STAY))
    stage.expect_refused(stage.counter.refund(STAY), Reason.ALREADY_REFUNDED)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case(
    "hospital/stay-password", title="The settlement is not confirmed 出院结算未确认支付", requirements=MONEY
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer.WRONG_PASSWORD, Reason.WRONG_PASSWORD, id="wrong"),
        pytest.param(Answer.DECLINE, Reason.DECLINED, id="declined"),
        pytest.param(Answer.NOTHING, Reason.NOT_ANSWERED, id="not-answered"),
    ],
)
def test_stay_password(stage: CounterStage, answer: Answer, reason: Reason) -> None:
    """Nothing is booked; with the password it is."""
    stage.counter.sign_in()
    patient = ready_to_settle(stage)
    stage.expect_refused(settle(stage, Shopper(fresh=True, answer=answer)), reason)
    stage.expect_accepted(settle(stage, patient))
    stage.settle_day()


@pytest.mark.case("hospital/stay-two", title="Two patients in hospital 两位住院患者", requirements=MONEY)
def test_two_stays(stage: CounterStage) -> None:
    """Fees go to the stay they are for, and each leaves in their own way."""
    stage.counter.sign_in()
    one = admitted(stage, PATIENT)
    other = admitted(stage, NEXT_PATIENT, "I0002")
    charged(stage, OPERATION)
    charged(stage, BED, order="I0002")
    charged(stage, BANDAGE)
    discharged(stage)
    discharged(stage, "I0002", way_out="2")
    stage.expect_accepted(settle(stage, other, "I0002"))
    stage.expect_accepted(settle(stage, one))
    stage.settle_day()
