"""What the terminal does for whoever has identified: insurance, proof of contributions, change of tier."""

import pytest

from harness.counter.hospital import By
from harness.counter.outcome import Reason
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.hall import EMPLOYEE, OTHER_EMPLOYEE, OTHER_TIER, RESIDENT, TIER, insurance, proof, tier, visitor
from harness.scenarios.identification import Answer, Shopper


@pytest.mark.case(
    "hall/insurance",
    title="Insurance shown to whoever identified 查询参保信息",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("by", ["code", "face", "id-card"])
def test_insurance(stage: CounterStage, by: str) -> None:
    """Code, face and ID card each lead to the own insurance."""
    stage.counter.sign_in()
    for person in (EMPLOYEE, RESIDENT):
        outcome = stage.expect_accepted(insurance(stage, visitor(person, by=By(by))))
        assert [row.insutype for row in outcome.insurances] == ["390" if person == RESIDENT else "310"]


@pytest.mark.case(
    "hall/proof",
    title="A proof of contributions is printed 打印参保缴费证明",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("by", ["code", "face", "id-card"])
def test_proof(stage: CounterStage, by: str) -> None:
    """One proof is printed, with a check value that the platform can verify."""
    stage.counter.sign_in()
    outcome = stage.expect_accepted(proof(stage, visitor(EMPLOYEE, by=By(by))))
    assert outcome.proof is not None
    assert outcome.proof.months > 0, "an employee who has paid for years"
    stage.expect_accepted(proof(stage, visitor(RESIDENT)))


@pytest.mark.case(
    "hall/tier",
    title="A resident changes the contribution tier 变更缴费档次",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("by", ["code", "face", "id-card"])
def test_tier(stage: CounterStage, by: str) -> None:
    """Confirmed by the voucher password, the tier is changed and told as changed."""
    stage.counter.sign_in()
    outcome = stage.expect_accepted(tier(stage, visitor(RESIDENT, by=By(by))))
    assert outcome.tier is not None
    assert (outcome.tier.before, outcome.tier.after) == ("1", TIER), "the tier is the one that was chosen"


@pytest.mark.case(
    "hall/tier-employee",
    title="An employee has no tier to change 职工不能变更档次",
    requirements=["MY-SELF-SERVICE"],
)
def test_tier_employee(stage: CounterStage) -> None:
    """The platform's refusal is shown, and nothing of the person with it."""
    stage.counter.sign_in()
    stage.expect_refused(tier(stage, visitor(EMPLOYEE)), Reason.PLATFORM_REFUSED)


@pytest.mark.case(
    "hall/tier-twice",
    title="The tier is changed once a year 一年限变更一次",
    requirements=["MY-SELF-SERVICE"],
)
def test_tier_twice(stage: CounterStage) -> None:
    """The second change of a year is refused, and so are the tier one has and one that does not exist."""
    stage.counter.sign_in()
    stage.expect_refused(tier(stage, visitor(RESIDENT), "9"), Reason.PLATFORM_REFUSED)
    stage.expect_refused(tier(stage, visitor(RESIDENT).again(), "1"), Reason.PLATFORM_REFUSED)
    stage.expect_accepted(tier(stage, visitor(RESIDENT).again()))
    stage.expect_refused(tier(stage, visitor(RESIDENT).again(), OTHER_TIER), Reason.PLATFORM_REFUSED)


@pytest.mark.case(
    "hall/tier-password",
    title="A change of tier without the right password 档次变更密码",
    requirements=["MY-SELF-SERVICE"],
)
@pytest.mark.parametrize("by", ["code", "id-card"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("wrong-password", Reason.WRONG_PASSWORD),
        ("decline", Reason.DECLINED),
        ("nothing", Reason.NOT_ANSWERED),
    ],
    ids=["wrong", "declined", "not-answered"],
)
def test_tier_password(stage: CounterStage, by: str, answer: str, reason: Reason) -> None:
    """Nothing is changed, and the change can be asked for again."""
    stage.counter.sign_in()
    who = Shopper(person=RESIDENT, by=By(by), answer=Answer(answer))
    stage.expect_refused(tier(stage, who), reason)
    stage.expect_accepted(tier(stage, visitor(RESIDENT, by=By(by)).again()))


@pytest.mark.case(
    "hall/two-people",
    title="One after another 多人依次办理",
    requirements=["MY-SELF-SERVICE"],
)
def test_two_people(stage: CounterStage) -> None:
    """Each is shown their own, whoever was there before."""
    stage.counter.sign_in()
    for person in (EMPLOYEE, RESIDENT, OTHER_EMPLOYEE):
        stage.expect_accepted(insurance(stage, visitor(person)))
        stage.expect_accepted(proof(stage, visitor(person).again()))
