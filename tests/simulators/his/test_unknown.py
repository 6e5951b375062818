"""Unknown outcomes at the reference adapter: whatever happens to a message, the books end equal."""

from typing import TYPE_CHECKING, Any

from tests.simulators.his.conftest import each_fault, loses

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

DOUBTS = [
    *("lose-request", "lose-reply", "502", "502-after", "504-after", "of-another", "empty", "cut", "reset"),
    *("no-infcode", "no-setl-id", "drip"),
]


def states(adapter: "Adapter") -> list[str]:
    return [entry["state"] for entry in adapter.do("books")["entries"]]


@each_fault(*DOUBTS)
def test_settlement_in_doubt_is_reversed_by_its_own_msgid(adapter: "Adapter", systems: "Systems", fault: str) -> None:
    systems.faults["2102"] = [fault]
    answer = adapter.buy()
    assert answer["reason"] == "platform-unavailable", answer
    assert "未扣款" in answer["prompt"]
    reversal = systems.sent("2601")[0]
    assert reversal["input"]["data"]["omsgid"] == systems.sent("2102")[0]["msgid"]
    assert reversal["input"]["data"]["oinfno"] == "2102"
    assert reversal["msgid"] != reversal["input"]["data"]["omsgid"]
    assert systems.net_fen() == 0
    assert states(adapter) == ["reversed"]
    assert adapter.buy()["outcome"] == "accepted", "the same order may be paid anew"
    assert systems.net_fen() == 2500


@loses
def test_reversal_is_tried_again(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults |= {"2102": ["lose-reply"], "2601": ["lose-request", "502"]}
    assert adapter.buy()["reason"] == "platform-unavailable"
    assert systems.net_fen() == 0
    assert len({r["msgid"] for r in systems.sent("2601")}) == 3


@loses
def test_reversal_whose_reply_was_lost_is_not_counted_twice(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults |= {"2102": ["lose-reply"], "2601": ["lose-reply"]}
    assert adapter.buy()["reason"] == "platform-unavailable"
    assert systems.net_fen() == 0


@loses
def test_outcome_stays_unknown_until_resolved(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults |= {"2102": ["lose-reply"], "2601": ["502"] * 4}
    answer = adapter.buy()
    assert answer["outcome"] == "unknown"
    assert answer["msgid"] == systems.sent("2102")[0]["msgid"]
    assert states(adapter) == ["unknown"]
    assert systems.net_fen() == 2500
    assert adapter.do("resolve")["outcome"] == "accepted"
    assert states(adapter) == ["reversed"]
    assert systems.net_fen() == 0


@loses
def test_reversal_refused_for_another_reason_settles_nothing(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults["2102"] = ["lose-reply"]
    systems.refusals["2601"] = [("交易不能冲正", "981029")]
    assert adapter.buy()["outcome"] == "unknown"
    assert len(systems.sent("2601")) == 1


@loses
def test_nothing_new_is_settled_while_something_is_unknown(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults |= {"2102": ["lose-reply"], "2601": ["502"] * 6}
    adapter.buy()
    assert adapter.buy("A0002")["reason"] == "platform-unavailable"
    assert len(systems.sent("2102")) == 1
    assert adapter.buy("A0003")["outcome"] == "accepted"
    assert systems.net_fen() == 2500
    assert states(adapter) == ["reversed", "settled"]


@loses
def test_sign_in_resolves_what_is_unknown(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults |= {"2102": ["lose-reply"], "2601": ["502"] * 3}
    adapter.buy()
    assert adapter.do("sign-in", at="2020-10-15 08:00:00")["outcome"] == "accepted"
    assert states(adapter) == ["reversed"]


def test_crash_after_sending_is_unknown_at_restart(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults["2102"] = ["lose-reply"]
    adapter.begin_purchase("A0001")
    assert systems.arrived["2102"].wait(60)
    adapter.kill()
    adapter.restart()
    assert states(adapter) == ["unknown"]
    assert adapter.buy("A0002")["outcome"] == "accepted"
    assert states(adapter) == ["reversed", "settled"]
    assert systems.net_fen() == 2500


def test_refund_takes_all_back_once(adapter: "Adapter", systems: "Systems") -> None:
    adapter.buy()
    back = adapter.do("refund", order="A0001")
    assert back["amounts"] == {"total": "-25.00", "fund": "0.00", "account": "-12.50", "cash": "-12.50"}
    assert systems.net_fen() == 0
    assert adapter.do("refund", order="A0001")["reason"] == "already-refunded"
    assert len(systems.sent("2103")) == 1


def test_refund_of_an_unknown_order_goes_nowhere(adapter: "Adapter", systems: "Systems") -> None:
    assert adapter.do("refund", order="A0009")["reason"] == "no-original"
    assert systems.sent("2103") == []


@loses
def test_refund_of_a_reversed_settlement_has_no_original(adapter: "Adapter", systems: "Systems") -> None:
    systems.faults["2102"] = ["lose-reply"]
    adapter.buy()
    assert adapter.do("refund", order="A0001")["reason"] == "no-original"


@each_fault(*DOUBTS)
def test_refund_in_doubt_is_reversed_and_may_be_asked_for_anew(
    adapter: "Adapter", systems: "Systems", fault: str
) -> None:
    adapter.buy()
    systems.faults["2103"] = [fault]
    assert adapter.do("refund", order="A0001")["reason"] == "platform-unavailable"
    assert systems.sent("2601")[0]["input"]["data"]["omsgid"] == systems.sent("2103")[0]["msgid"]
    assert systems.sent("2601")[0]["input"]["data"]["oinfno"] == "2103"
    assert states(adapter) == ["settled"]
    assert systems.net_fen() == 2500
    assert adapter.do("refund", order="A0001")["outcome"] == "accepted"
    assert systems.net_fen() == 0


@loses
def test_refund_that_cannot_be_reversed_stands(adapter: "Adapter", systems: "Systems") -> None:
    adapter.buy()
    systems.faults["2103"] = ["lose-reply"]
    systems.refusals["2601"] = [("个人账户余额不足，不能冲正该笔撤销", "981031")]
    assert adapter.do("refund", order="A0001")["reason"] == "already-refunded"
    assert states(adapter) == ["refunded"]
    assert systems.net_fen() == 0


def test_refused_refund_leaves_the_settlement(adapter: "Adapter", systems: "Systems") -> None:
    adapter.buy()
    systems.refusals["2103"] = [("不允许撤销", "")]
    answer = adapter.do("refund", order="A0001")
    assert answer["reason"] == "platform-refused"
    assert "不允许撤销" in answer["prompt"]
    assert states(adapter) == ["settled"]


def test_totals_are_net_of_the_day(adapter: "Adapter") -> None:
    adapter.buy("A0001")
    adapter.buy("A0002", lines=[("4.00", "1", "4.00")])
    adapter.do("refund", order="A0001")
    totals: dict[str, Any] = adapter.do("totals", day="2020-10-14")
    assert (totals["count"], totals["total"], totals["account"]) == (1, "4.00", "2.00")
    assert adapter.do("totals", day="2020-10-13")["count"] == 0


def test_refund_on_a_later_day_counts_on_that_day(adapter: "Adapter") -> None:
    adapter.buy("A0001")
    adapter.do("sign-in", at="2020-10-15 08:00:00")
    adapter.do("refund", order="A0001", at="2020-10-15 08:01:00")
    assert adapter.do("totals", day="2020-10-14")["total"] == "25.00"
    assert adapter.do("totals", day="2020-10-15")["total"] == "-25.00"
