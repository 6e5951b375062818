"""The stage of a mobile-payment centre: what it puts on the tape, what it asks in doubt, and the hospital's totals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import fixture
from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from harness.crews.mobile import MobileCrew
from harness.errors import ConfigError
from harness.faults.catalogue import Effect
from harness.scenarios.mobile_forgeries import FORGERIES
from harness.scenarios.mobile_orders import begun, paid, refund, standing, uploaded, whole
from harness.scenarios.mobile_stage import MobileStage
from harness.wire.mobile_payment import Standing
from harness.wire.mobile_payment.answers import PAY, QUERY


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    text = fixture("benches/mobile-payment.toml").read_text(encoding="utf-8")
    with Bench(parse_bench(text, source="bench.toml")) as bench:
        yield bench


@pytest.fixture
def stage(bench: Bench, tmp_path: Path) -> Iterator[MobileStage]:
    bench.reset("mobile-payment/x")
    crew = MobileCrew(bench, tmp_path)
    crew.attach()
    yield crew.begin("mobile-payment/x", day=0)
    crew.close()


def told(stage: MobileStage, name: str) -> list[dict[str, object]]:
    return [dict(record.event) for record in stage.tape.recent() if record.name == name]


def test_what_has_to_come_of_a_call_is_on_the_tape(stage: MobileStage) -> None:
    order = uploaded(stage)
    stage.ask(QUERY, {**order.about, "payToken": "x"}, "order-unknown")
    assert told(stage, "expect-answer")[-1]["codes"] == [982011]
    stage.ask_malformed(QUERY, {**order.about, "idType": ""}, "idType")
    assert told(stage, "malformed")[-1]["field"] == "idType"
    assert told(stage, "expect-answer")[-1]["codes"] == [982001]


def test_what_nobody_can_read_or_trust_is_no_answer(stage: MobileStage) -> None:
    order = uploaded(stage)
    for effect in (Effect.BAD_GATEWAY, Effect.CUT_JSON, Effect.SIGNATURE_BIT, Effect.CUT_CONNECTION):
        stage.spoil(QUERY, effect)
        assert stage.ask_in_doubt(QUERY, order.about).answer is None
    assert stage.ask_in_doubt(QUERY, order.about).told["ordStas"] == "0"


def test_orders_go_through_their_life(stage: MobileStage) -> None:
    order = begun(stage)
    assert standing(stage, order) is Standing.UNDER_WAY
    stage.own_pay(order.pay_ord_id)
    assert stage.follow(order.about).standing is Standing.PAID
    assert sum(whole(order, "ALL").values()) == 4498
    refund(stage, order, "ALL")
    assert standing(stage, order) is Standing.REFUNDED


def test_a_refusal_in_the_way_of_an_order_ends_the_case(stage: MobileStage) -> None:
    with pytest.raises(AssertionError, match="982017"):
        uploaded(stage, orgCodg="H00000000000")


@pytest.mark.parametrize("name", list(FORGERIES))
def test_a_forgery_differs_from_the_right_envelope_and_is_refused_for_it(stage: MobileStage, name: str) -> None:
    data = {"ward": "门诊", "payOrdId": "ORD1", "bed": 7}
    forger = stage.forger(PAY)
    envelope = FORGERIES[name].make(forger, data)
    assert envelope != forger.sealed(data)
    answer = stage.say(PAY, envelope, *FORGERIES[name].refused_as)
    assert answer.code in told(stage, "expect-answer")[-1]["codes"]  # type: ignore[operator]  # a list of codes


def test_numbers_differ_and_are_the_same_in_equal_cases(stage: MobileStage) -> None:
    assert [stage.number("A") for _ in range(2)] == ["A16026354000000001", "A16026354000000002"]


def test_the_hospital_asks_the_platform_for_the_days_totals(stage: MobileStage) -> None:
    assert stage.hospital is not None
    order = paid(stage)
    info = order.placed["extData"]
    assert isinstance(info, dict)
    said = {
        "insutype": info["preSetl"]["insutype"],
        "clr_type": info["preSetl"]["clr_type"],
        "setl_optins": info["preSetl"]["clr_optins"],
        "stmt_begndate": "2020-10-14",
        "stmt_enddate": "2020-10-14",
        "medfee_sumamt": "44.98",
        "fund_pay_sumamt": "0.00",
        "acct_pay": "5.00",
        "fixmedins_setl_cnt": "1",
        "refd_setl_flag": "0",
    }
    assert stage.hospital.totals(said)["stmt_rslt"] in {"0", "000000"}
    assert stage.hospital.totals({**said, "acct_pay": "5.01"})["stmt_rslt"] not in {"0", "000000"}


def test_nobody_of_that_name(stage: MobileStage) -> None:
    with pytest.raises(ConfigError, match="P999"):
        stage.person("P999")
