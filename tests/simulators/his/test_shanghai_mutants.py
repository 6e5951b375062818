"""Every defect of Shanghai's protocol is seen in the adapter's messages, and the right behaviour has none of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from simulators.his.behaviour import Behaviour
from simulators.his.mutants import behaviour_of, mutants_of
from simulators.his.mutants_shanghai import SHANGHAI_MUTANTS
from simulators.his.visit_messages import cancelled_admission, cancelled_registration
from tests.simulators.his.test_his_shanghai import PAID, WHO, Speaker, basket
from tests.simulators.his.test_his_shanghai_visits import STAY, VISIT

REFUND = {"data": {"setl_id": "L1", "mdtrt_id": "M1", "psn_no": WHO.psn_no}}


def told(name: str | None, infno: str, content: Mapping[str, object], order: str = "A0001") -> dict[str, Any]:
    """The content of a message, as a mutant writes it; the right adapter's for None."""
    found: dict[str, Any] = Speaker(behaviour_of(name).shanghai).said(infno, content, order=order)["xxnr"]
    return found


@pytest.mark.parametrize(("name", "second"), [("application-stale", "JS1"), (None, "JS2")])
def test_application_stale(name: str | None, second: str) -> None:
    speaker = Speaker(behaviour_of(name).shanghai)
    named = []
    for order in ("A0001", "A0002"):
        speaker.answered("2101", {**PAID, "jssqxh": f"JS{order[-1]}"}, order=order)
        named.append(speaker.said("2102", basket(), order=order)["xxnr"]["jssqxh"])
    assert named == ["JS1", second]


@pytest.mark.parametrize(("name", "total"), [("refund-total-of-account", "12.50"), (None, "25.00")])
def test_refund_total_of_account(name: str | None, total: str) -> None:
    assert told(name, "2208", REFUND)["totalexpense"] == total


@pytest.mark.parametrize(("name", "kind"), [("card-as-token", None), (None, "02")])
def test_card_as_token(name: str | None, kind: str | None) -> None:
    assert told(name, "2101", basket("02", "639999198503127031")).get("cardtype") == kind


@pytest.mark.parametrize(("name", "flag"), [("cancellation-unmarked", None), (None, "1")])
def test_cancellation_unmarked(name: str | None, flag: str | None) -> None:
    assert told(name, "2202", cancelled_registration(VISIT)).get("zfbz") == flag
    assert told(name, "2404", cancelled_admission(STAY)).get("zfbz") == flag


@pytest.mark.parametrize(("name", "yllb"), [("refund-unclassed", None), (None, "11")])
def test_refund_unclassed(name: str | None, yllb: str | None) -> None:
    assert told(name, "2208", REFUND).get("yllb") == yllb


@pytest.mark.parametrize(("name", "charset"), [("requests-in-gbk", "gbk"), (None, "utf-8")])
def test_requests_in_gbk(name: str | None, charset: str) -> None:
    assert behaviour_of(name).shanghai.charset("utf-8") == charset


@pytest.mark.parametrize(("name", "unknown"), [("empty-answer-as-refused", False), (None, True)])
def test_empty_answer_as_refused(name: str | None, unknown: bool) -> None:
    assert behaviour_of(name).shanghai.empty_is_no_answer is unknown


def test_each_changes_shanghai_alone_and_is_proved_there() -> None:
    right = Behaviour()
    for mutant in SHANGHAI_MUTANTS:
        assert mutant.profile == "shanghai"
        assert mutant.behaviour.shanghai != right.shanghai
        changed = {name for name in vars(right) if vars(right)[name] != vars(mutant.behaviour)[name]}
        assert changed == {"shanghai"}
    names = {mutant.name for mutant in SHANGHAI_MUTANTS}
    assert names <= {mutant.name for mutant in mutants_of("hospital")}
    assert names - {"cancellation-unmarked", "refund-unclassed"} <= {mutant.name for mutant in mutants_of("pharmacy")}
    assert {f"test_{name.replace('-', '_')}" for name in names} <= set(globals())
