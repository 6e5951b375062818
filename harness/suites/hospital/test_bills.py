"""The bills page of a channel after a hospital's visit: registration, fees, and what was given back in part."""

import pytest

from fixtures.channels import bill_channels
from harness.scenarios.counter_stage import CounterStage
from harness.scenarios.identification import Shopper
from harness.scenarios.outpatient import pay, refund_part, seen_by_doctor

CHANNEL = min(bill_channels())
"""A channel with a bills page."""


@pytest.mark.case(
    "hospital/bills",
    title="A visit in the channel's bills 渠道账单",
    requirements=["NX-ORIGINAL-SETTLEMENT-PATH", "MY-OUTPATIENT-PAY"],
)
def test_bills(stage: CounterStage) -> None:
    """Each settlement is a line; a partial refund takes the first back and leaves what is kept as a new one."""
    stage.counter.sign_in()
    patient = seen_by_doctor(stage, Shopper(channel=CHANNEL))
    fees = stage.expect_accepted(pay(stage, patient))
    stage.expect_accepted(refund_part(stage, patient, (0,)))
    lines = stage.phone.bills(patient.person, channel=CHANNEL)
    reverses = [line.reverses for line in lines]
    assert reverses == ["", fees.setl_id, "", ""], "not registration, fees, their refund, and what was kept"
    stage.settle_day()
