"""Promoters: paid for who is due, withdrawals within the limits, reviewed above them."""

import pytest

from harness.scenarios.activating import activate
from harness.scenarios.centre_stage import APP, CentreStage
from harness.wire import voucher_calls as calls
from harness.wire.voucher_messages import CentreReply

PROMOTER = ["PL-PROMOTER"]
POOR, RICH = "TG639900001", "TG639900002"
CHANNEL = "alipay"
"""Whose activations are paid for."""
REFUSED = "withdrawal-refused"
DAY_S = 86_400


def _account(stage: CentreStage, code: str = POOR) -> CentreReply:
    return stage.ask(calls.promoter("account", code))


def _withdraw(stage: CentreStage, amount: str, *reasons: str, code: str = RICH) -> CentreReply:
    return stage.ask(calls.promoter("withdraw", code, amount=amount), *reasons)


@pytest.mark.case("voucher/reward", title="Paid for a new person 推广奖励", requirements=PROMOTER)
@pytest.mark.parametrize("code", [POOR, RICH])
def test_reward(stage: CentreStage, code: str) -> None:
    """Two people activate with the promoter's code; each is paid for, once."""
    _account(stage, code)
    activate(stage, "P005", CHANNEL, promoter=code)
    _account(stage, code)
    activate(stage, "P019", CHANNEL, promoter=code)
    assert _account(stage, code).data["activated"] == 2


@pytest.mark.case("voucher/no-reward", title="Not paid for 不计奖励", requirements=PROMOTER)
@pytest.mark.parametrize("why", ["activated-before", "other-channel", "twice"])
def test_no_reward(stage: CentreStage, why: str) -> None:
    """Who has a voucher, who activates elsewhere and who comes again earns a promoter nothing."""
    _account(stage)
    match why:
        case "activated-before":
            stage.identify(stage.holder("P001"))
            activate(stage, "P001", CHANNEL, promoter=POOR)
        case "other-channel":
            activate(stage, "P005", "wechat", promoter=POOR)
        case _:
            activate(stage, "P005", CHANNEL, promoter=POOR)
            _account(stage)
            activate(stage, "P005", CHANNEL, promoter=POOR)
    assert _account(stage).data["activated"] == (1 if why == "twice" else 0)


@pytest.mark.case("voucher/withdrawals-a-day", title="Two a day 每日两次", requirements=PROMOTER)
def test_withdrawals_a_day(stage: CentreStage) -> None:
    """Two withdrawals a day; the third is refused and the balance stays; the next day there are two again."""
    _account(stage, RICH)
    for _ in range(2):
        assert _withdraw(stage, "10.00").data["result"] == "paid"
    _withdraw(stage, "10.00", REFUSED)
    _account(stage, RICH)
    stage.step_clock(DAY_S)
    for _ in range(2):
        _withdraw(stage, "1.00")
    _withdraw(stage, "1.00", REFUSED)


@pytest.mark.case("voucher/withdrawal-limit", title="Sixty yuan, and above 六十元与人工审核", requirements=PROMOTER)
@pytest.mark.parametrize(("amount", "result"), [("60.00", "paid"), ("60.01", "in-review"), ("0.01", "paid")])
def test_withdrawal_limit(stage: CentreStage, amount: str, result: str) -> None:
    """Sixty yuan are paid at once; a fen more waits for a person."""
    _account(stage, RICH)
    assert _withdraw(stage, amount).data["result"] == result
    _account(stage, RICH)


@pytest.mark.case("voucher/withdrawal-reviewed", title="Reviewed 审核通过与驳回", requirements=PROMOTER)
@pytest.mark.parametrize("approve", [True, False], ids=["approved", "rejected"])
def test_withdrawal_reviewed(stage: CentreStage, approve: bool) -> None:
    """Approved it is paid, rejected the money is back; a second review of it is refused."""
    _account(stage, RICH)
    number = str(_withdraw(stage, "150.00").data["withdrawalNo"])
    review = calls.promoter("review", RICH, withdrawalNo=number, approve=approve)
    assert stage.ask(review).data["result"] == ("paid" if approve else "rejected")
    stage.ask(review, "invalid-request")
    assert _account(stage, RICH).data["balance"] == ("50.00" if approve else "200.00")


@pytest.mark.case("voucher/withdrawal-refused", title="Cannot be withdrawn 不能提现", requirements=PROMOTER)
@pytest.mark.parametrize("amount", ["200.01", "0.00", "-1.00"])
def test_withdrawal_refused(stage: CentreStage, amount: str) -> None:
    """More than the balance, nothing, less than nothing: refused, and the balance stays."""
    before = _account(stage, RICH).data["balance"]
    _withdraw(stage, amount, REFUSED, "invalid-request")
    assert _account(stage, RICH).data["balance"] == before
    _withdraw(stage, "200.00")


@pytest.mark.case("voucher/promoter-unknown", title="Nobody's promoter code 推广码不存在", requirements=PROMOTER)
def test_promoter_unknown(stage: CentreStage) -> None:
    """A code that is no promoter's is refused at once, and nothing is activated by it."""
    stage.ask(calls.promoter("account", "TG000"), "invalid-request")
    person = stage.person("P005")
    step = calls.take_step(CHANNEL, "identity", idNo=person.id_no, userName=person.name, promoterCode="TG000")
    stage.ask(step, "invalid-request")
    activate(stage, "P005", APP)
