"""The stage of a voucher centre: what it puts on the tape, and how it breaks calls on purpose."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from harness.crews.centre import CentreCrew
from harness.errors import ConfigError
from harness.scenarios.activating import Activating, activate
from harness.scenarios.centre_stage import CentreStage, having, without
from harness.wire import voucher_calls as calls
from harness.wire.voucher_calls import Desk

CALL = calls.decode(Desk(institution="P63999900001"), "4240")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[CentreStage]:
    file = parse_bench(fixture("benches/voucher.toml").read_text(encoding="utf-8"), source="bench.toml")
    with Bench(file) as bench:
        bench.reset("voucher/x")
        crew = CentreCrew(bench, tmp_path)
        crew.attach()
        yield crew.begin("voucher/x", day=0)
        crew.close()


def test_members_are_taken_out_and_changed_at_any_depth() -> None:
    assert "orgId" not in without(CALL, "orgId").body
    data = having(CALL, "9", "data", "operatorId").body["data"]
    assert isinstance(data, dict)
    assert data["operatorId"] == "9"
    assert "ecQrCode" not in str(without(CALL, "data", "ecQrCode").body)
    assert "orgId" in CALL.body, "the call itself is as it was"


def test_what_has_to_come_of_a_call_is_on_the_tape(stage: CentreStage) -> None:
    stage.decode("134567890123456789", "wrong-kind")
    expected = [r.event for r in stage.tape.recent() if r.name == "expect-answer"]
    assert [(event["codes"], event["reasons"]) for event in expected] == [([500159], ["wrong-kind"])]


def test_nobody_of_that_name(stage: CentreStage) -> None:
    with pytest.raises(ConfigError, match="P999"):
        stage.person("P999")


def test_business_numbers_differ_within_a_run(stage: CentreStage) -> None:
    first = stage.business_number()
    stage.identify(stage.holder("P001"))
    assert stage.business_number() != first
    assert len(first) <= 64


def test_activation_goes_by_the_channels_steps(stage: CentreStage) -> None:
    first = activate(stage, "P005", "abc")
    assert set(first.done) == {step.value for step in first.flow.steps}
    again = Activating(stage, stage.person("P005"), "boc").through()
    assert again.activated
