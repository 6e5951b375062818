"""What happens while a person confirms: midnight, of which the settlement is told alike everywhere; a sign-out."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness.wire.institution import amount
from tests.simulators.hospital_rig import HOSPITAL, Hospital
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig

P1 = PEOPLE["P001"]
TO_MIDNIGHT = 55_790
"""Seconds from the bench's beginning to 23:59:50."""
DAYS = ("2020-10-14", "2020-10-15")


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig)
    shared_rig.clock.step(seconds=TO_MIDNIGHT)
    return shared_rig


@pytest.fixture
def post() -> Iterator[Callable[[Rig, object], "Future[dict[str, Any]]"]]:
    with ThreadPoolExecutor(1) as threads:

        def send(rig: Rig, body: object) -> dict[str, Any]:
            with httpx.Client(trust_env=False, timeout=60) as client:
                return rig.send(body, client=client)

        yield lambda rig, body: threads.submit(send, rig, body)


def answered_after_midnight(rig: Rig, waiting: "Future[dict[str, Any]]") -> dict[str, Any]:
    rig.wait_for("prompt-shown")
    rig.clock.step(seconds=20)
    rig.answer_prompt(P1.password)
    answer = waiting.result(60)
    assert answer["infcode"] == 0, answer["err_msg"]
    info: dict[str, Any] = answer["output"]["setlinfo"]
    return info


def stated(info: dict[str, Any], day: str) -> dict[str, Any]:
    names = ("insutype", "clr_type", "medfee_sumamt", "fund_pay_sumamt", "acct_pay")
    days = {"stmt_begndate": day, "stmt_enddate": day}
    return {
        "data": {**{name: info[name] for name in names}, **days, "setl_optins": "639900", "fixmedins_setl_cnt": "1"}
    }


def test_a_purchase_is_of_the_day_on_which_it_was_booked(
    rig: Rig, post: Callable[[Rig, object], "Future[dict[str, Any]]"]
) -> None:
    rig.sign_in()
    info = answered_after_midnight(rig, post(rig, rig.request("2102", rig.purchase(P1))))
    assert info["setl_time"] == "2020-10-15 00:00:10"
    rig.sign_in()
    results = [rig.call("3201", stated(info, day))["output"]["stmtinfo"]["stmt_rslt"] for day in DAYS]
    assert results == ["000102", "000000"], "a HIS that groups by setl_time is level"
    assert rig.call("5203", rig.keys({"output": {"setlinfo": info}}))["output"]["setlinfo"] == info


def test_a_visit_is_too(rig: Rig, post: Callable[[Rig, object], "Future[dict[str, Any]]"]) -> None:
    rig.sign_in(HOSPITAL.code)
    hospital = Hospital(rig)
    data = hospital.settle_input(P1, hospital.visit(P1))
    info = answered_after_midnight(rig, post(rig, rig.request("2207", data, org=HOSPITAL.code)))
    assert info["setl_time"] == "2020-10-15 00:00:10"
    assert amount(info["medfee_sumamt"]) == 29_500


def test_who_signs_out_meanwhile_has_settled_all_the_same(
    rig: Rig, post: Callable[[Rig, object], "Future[dict[str, Any]]"]
) -> None:
    sign_no = rig.sign_in()
    waiting = post(rig, rig.request("2102", rig.purchase(P1)))
    rig.wait_for("prompt-shown")
    assert rig.call("9002", {"signOut": {"sign_no": sign_no, "opter_no": "001"}})["infcode"] == 0
    rig.answer_prompt(P1.password)
    assert waiting.result(60)["infcode"] == 0
    assert len(rig.events("booked")) == 1
    assert rig.settle(P1)["warn_msg"] == "981006"
