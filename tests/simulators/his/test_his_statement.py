"""The day's reconciliation (3201) that goes with the totals where the province wants it, and nowhere else."""

from typing import TYPE_CHECKING, Any

import pytest

from harness.wire.profile import load_profile
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

DAY = "2020-10-14"


@pytest.fixture
def adapter(start: Any) -> "Adapter":
    """The right adapter under the profile that asks for more, signed in, with two sales of which one was refunded."""
    right: Adapter = start(profile=load_profile("unnamed-newer").for_adapter())
    right.do("sign-in")
    for order, amount in (("A0001", "25.00"), ("A0002", "8.10")):
        assert right.buy(order, lines=[(amount, "1", amount)])["outcome"] == "accepted"
    assert right.do("refund", order="A0002")["outcome"] == "accepted"
    return right


def data_of(systems: "Systems") -> list[dict[str, Any]]:
    return [sent["input"]["data"] for sent in systems.sent("3201")]


def test_settlements_and_refunds_go_apart_with_all_members(adapter: "Adapter", systems: "Systems") -> None:
    totals = adapter.do("totals", day=DAY)
    assert totals["statement"] == "level"
    assert (totals["count"], totals["total"]) == (1, "25.00")
    settled, refunded = data_of(systems)
    common = {"insutype": "310", "clr_type": "41", "setl_optins": "639900", "clr_optins": "639900"}
    days = {"stmt_begndate": DAY, "stmt_enddate": DAY}
    assert settled == {
        **common,
        **days,
        "medfee_sumamt": "33.10",
        "fund_pay_sumamt": "0.00",
        "acct_pay": "16.55",
        "cash_payamt": "16.55",
        "fixmedins_setl_cnt": "2",
        "refd_setl_flag": "000000",
    }
    assert refunded == {
        **common,
        **days,
        "medfee_sumamt": "-8.10",
        "fund_pay_sumamt": "0.00",
        "acct_pay": "-4.05",
        "cash_payamt": "-4.05",
        "fixmedins_setl_cnt": "1",
        "refd_setl_flag": "000001",
    }


def test_another_day_has_nothing_to_compare(adapter: "Adapter", systems: "Systems") -> None:
    assert adapter.do("totals", day="2020-10-13")["statement"] == "level"
    assert data_of(systems) == []


@pytest.mark.parametrize(
    ("fault", "said"), [("differs", "different"), ("refused", "refused"), ("502", "unknown"), ("cut", "unknown")]
)
def test_the_worst_is_told_and_the_totals_are_as_they_are(
    adapter: "Adapter", systems: "Systems", fault: str, said: str
) -> None:
    if fault == "differs":
        systems.statement = "000101"
    elif fault == "refused":
        systems.refusals["3201"] = [("字段缺失", "981003")]
    else:
        systems.faults["3201"] = [fault]
    totals = adapter.do("totals", day=DAY)
    assert (totals["statement"], totals["total"]) == (said, "25.00")


def test_on_a_day_without_a_sign_in_nothing_is_asked(adapter: "Adapter", systems: "Systems") -> None:
    totals = adapter.do("totals", day=DAY, at="2020-10-15 08:00:00")
    assert totals["total"] == "25.00"
    assert "statement" not in totals
    assert data_of(systems) == []


@loses
def test_what_was_reversed_is_not_in_it(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults["2102"] = ["lose-reply"]
    assert adapter.buy("A0003")["outcome"] != "accepted"
    adapter.do("totals", day=DAY)
    assert [data["fixmedins_setl_cnt"] for data in data_of(systems)] == ["2", "1"]


def test_elsewhere_totals_send_nothing(start: Any, systems: "Systems") -> None:
    right: Adapter = start(profile=load_profile("qinghai").for_adapter())
    right.do("sign-in")
    right.buy()
    assert "statement" not in right.do("totals", day=DAY)
    assert data_of(systems) == []


def with_mutant(start: Any, name: str) -> "Adapter":
    """The same two sales, by an adapter with a known defect."""
    mutant: Adapter = start("--mutant", name, profile=load_profile("unnamed-newer").for_adapter())
    mutant.do("sign-in")
    for order in ("A0001", "A0002"):
        assert mutant.buy(order)["outcome"] == "accepted"
    assert mutant.do("refund", order="A0002")["outcome"] == "accepted"
    return mutant


def test_a_mutant_leaves_refunds_out(start: Any, systems: "Systems") -> None:
    with_mutant(start, "statement-without-refunds").do("totals", day=DAY)
    assert [data["refd_setl_flag"] for data in data_of(systems)] == ["000000"]


def test_a_mutant_states_refunds_above_zero(start: Any, systems: "Systems") -> None:
    with_mutant(start, "statement-refunds-above-zero").do("totals", day=DAY)
    _, refunded = data_of(systems)
    assert not any(refunded[name].startswith("-") for name in ("medfee_sumamt", "acct_pay", "cash_payamt"))


def test_a_mutant_states_another_day(start: Any, systems: "Systems") -> None:
    with_mutant(start, "statement-of-yesterday").do("totals", day=DAY)
    assert {(data["stmt_begndate"], data["stmt_enddate"]) for data in data_of(systems)} == {("2020-10-13",) * 2}


def test_a_mutant_tells_a_difference_as_level(start: Any, systems: "Systems") -> None:
    mutant = with_mutant(start, "difference-as-level")
    systems.statement = "000101"
    assert mutant.do("totals", day=DAY)["statement"] == "level"
