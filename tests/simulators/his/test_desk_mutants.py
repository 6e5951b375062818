"""Each known defect of a desk shows from outside; the right adapter, given the same, does not show it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from simulators.his.mutants_desk import DESK_MUTANTS
from tests.simulators.his.conftest import LOST_S, REPLY_S

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

TOMORROW = "2020-10-15 08:30:00"
BUSY = ("系统繁忙", "981088")


def states(adapter: "Adapter") -> list[str]:
    return [entry["state"] for entry in adapter.do("books")["entries"]]


def in_doubt(adapter: "Adapter", systems: "Systems") -> Any:
    """A settlement that nobody answers, nor its reversals."""
    systems.faults |= {"2102": ["lose-reply"], "2601": ["502"] * 20}
    return adapter.buy()


def killed_in_doubt(adapter: "Adapter", systems: "Systems", infno: str) -> None:
    """The adapter dies with a message under way, and is started again."""
    if infno == "2103":
        adapter.buy()
    systems.faults[infno] = ["lose-reply"]
    if infno == "2103":
        adapter.begin("refund", order="A0001")
    else:
        adapter.begin_purchase("A0001")
    assert systems.arrived[infno].wait(60)
    adapter.kill()
    adapter.restart()


def sells_while_unknown(adapter: "Adapter", systems: "Systems") -> bool:
    in_doubt(adapter, systems)
    return bool(adapter.buy("A0002")["outcome"] == "accepted")


def sells_after_crash_first(adapter: "Adapter", systems: "Systems") -> bool:
    killed_in_doubt(adapter, systems, "2102")
    assert adapter.buy("A0002")["outcome"] == "accepted"
    return not systems.sent("2601")


def resolve_always_accepted(adapter: "Adapter", systems: "Systems") -> bool:
    in_doubt(adapter, systems)
    return bool(adapter.do("resolve")["outcome"] == "accepted")


def reversed_booked_as_refused(adapter: "Adapter", systems: "Systems") -> bool:
    systems.faults["2102"] = ["lose-reply"]
    adapter.buy()
    return states(adapter) == ["refused"]


def reverses_ten_times(adapter: "Adapter", systems: "Systems") -> bool:
    in_doubt(adapter, systems)
    assert len(systems.sent("2601")) in {3, 10}
    return len(systems.sent("2601")) == 10


def reverses_later(adapter: "Adapter", systems: "Systems") -> bool:
    systems.faults["2102"] = ["lose-reply"]
    assert adapter.buy()["outcome"] == "refused"
    late = not systems.sent("2601")
    adapter.buy("A0002")
    assert len(systems.sent("2601")) == 1
    return late


def refused_reversal_as_reversed(adapter: "Adapter", systems: "Systems") -> bool:
    systems.faults["2102"] = ["lose-reply"]
    systems.refusals["2601"] = [BUSY]
    return bool(adapter.buy()["outcome"] == "refused")


def forgets_refund_at_restart(adapter: "Adapter", systems: "Systems") -> bool:
    killed_in_doubt(adapter, systems, "2103")
    assert adapter.do("resolve")["outcome"] == "accepted"
    assert states(adapter) == ["settled"]
    return not systems.sent("2601")


def drops_unknown_at_restart(adapter: "Adapter", systems: "Systems") -> bool:
    in_doubt(adapter, systems)
    adapter.kill()
    adapter.restart()
    return states(adapter) == ["refused"]


def reversed_before_answer(adapter: "Adapter", systems: "Systems") -> bool:
    systems.faults |= {"2102": ["502-after"], "2601": ["lose-request"]}
    adapter.begin_purchase("A0001")
    assert systems.arrived["2601"].wait(60)
    adapter.kill()
    adapter.restart()
    return states(adapter) == ["reversed"]


def basket_not_checked(adapter: "Adapter", systems: "Systems") -> bool:
    adapter.buy(lines=[("12.50", "2", "25.01")])
    return bool(systems.sent("ec.query"))


def split_not_compared(adapter: "Adapter", systems: "Systems") -> bool:
    systems.faults["2102"] = ["changed"]
    return bool(adapter.buy()["outcome"] == "accepted")


def sells_order_again(adapter: "Adapter", systems: "Systems") -> bool:
    adapter.buy()
    return "error" not in adapter.buy() and systems.net_fen() == 5000


def dies_of_nonsense(adapter: "Adapter", _: "Systems") -> bool:
    adapter.write_raw(b"nonsense\n")
    try:
        assert "error" in adapter.read()
    except AssertionError:
        return adapter.process.wait(60) == 1
    return False


def takes_nonsense_for_done(adapter: "Adapter", _: "Systems") -> bool:
    return adapter.do("dance").get("outcome") == "accepted"


def signs_in_for_ever(adapter: "Adapter", _: "Systems") -> bool:
    return bool(adapter.buy("A0002", at=TOMORROW).get("reason") != "not-signed-in")


def refusal_not_explained(adapter: "Adapter", systems: "Systems") -> bool:
    systems.refusals["2101"] = [BUSY]
    answer = adapter.buy()
    assert answer["reason"] == "platform-refused"
    return BUSY[0] not in answer["prompt"]


def refused_refund_as_done(adapter: "Adapter", systems: "Systems") -> bool:
    adapter.buy()
    systems.refusals["2103"] = [("医保年度已结转", "981099")]
    done = bool(adapter.do("refund", order="A0001")["outcome"] == "accepted")
    assert states(adapter) == ["refunded" if done else "settled"]
    return done


def half_fen_to_even(adapter: "Adapter", systems: "Systems") -> bool:
    return bool(adapter.buy(lines=[("4.25", "0.5", "2.13")])["outcome"] != "accepted")


def refused_sign_in_as_done(adapter: "Adapter", systems: "Systems") -> bool:
    systems.refusals["9001"] = [BUSY]
    return bool(adapter.do("sign-in", at=TOMORROW)["outcome"] == "accepted")


def signs_in_once_a_day(adapter: "Adapter", systems: "Systems") -> bool:
    systems.refusals["9001"] = [BUSY]
    assert adapter.do("sign-in", at=TOMORROW)["outcome"] == "refused"
    return bool(adapter.do("sign-in", at=TOMORROW)["outcome"] == "refused")


def keeps_persons(adapter: "Adapter", systems: "Systems") -> bool:
    for order in ("A0001", "A0002"):
        assert adapter.buy(order)["outcome"] == "accepted"
    return len(systems.sent("1101")) == 1


def tills_share_numbers(adapter: "Adapter", systems: "Systems") -> bool:
    adapter.kill()
    adapter.more = {"till": {"number": 2, "of": 2}}
    adapter.restart()
    adapter.do("sign-in", at=TOMORROW)
    return int(systems.sent("9001")[-1]["msgid"][-4:]) < 5000


SHOWN: dict[str, Callable[["Adapter", "Systems"], bool]] = {
    shows.__name__.replace("_", "-"): shows
    for shows in (
        sells_while_unknown,
        sells_after_crash_first,
        resolve_always_accepted,
        reversed_booked_as_refused,
        reverses_ten_times,
        reverses_later,
        refused_reversal_as_reversed,
        forgets_refund_at_restart,
        drops_unknown_at_restart,
        reversed_before_answer,
        basket_not_checked,
        split_not_compared,
        sells_order_again,
        dies_of_nonsense,
        takes_nonsense_for_done,
        signs_in_for_ever,
        refusal_not_explained,
        refused_refund_as_done,
        half_fen_to_even,
        refused_sign_in_as_done,
        signs_in_once_a_day,
        keeps_persons,
        tills_share_numbers,
    )
}


def test_each_is_here() -> None:
    assert set(SHOWN) == {mutant.name for mutant in DESK_MUTANTS}


LOSING = {
    "sells-while-unknown",
    "resolve-always-accepted",
    "reversed-booked-as-refused",
    "reverses-ten-times",
    "reverses-later",
    "refused-reversal-as-reversed",
    "drops-unknown-at-restart",
}
"""Where an answer is lost and the adapter waits for it; elsewhere it is killed while it waits."""
each = pytest.mark.parametrize(
    ("name", "reply_s"), [(name, LOST_S if name in LOSING else REPLY_S) for name in SHOWN], ids=SHOWN
)


@each
def test_a_defect_shows(start: Any, systems: "Systems", name: str) -> None:
    adapter = start("--mutant", name)
    adapter.do("sign-in")
    assert SHOWN[name](adapter, systems)


@each
def test_the_right_adapter_does_not_show_it(adapter: "Adapter", systems: "Systems", name: str) -> None:
    assert not SHOWN[name](adapter, systems)
