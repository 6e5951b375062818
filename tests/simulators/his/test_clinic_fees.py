"""Fees of a visit at the reference adapter: pending records, payment, refunds whole and in part."""

from typing import TYPE_CHECKING

import pytest

from harness.faults.catalogue import Effect
from tests.simulators.his.clinic_rig import basket, visits_at
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.clinic_rig import Clinic


def test_own_record_is_shown_and_paid(clinic: "Clinic") -> None:
    clinic.seen()
    (record,) = clinic.do("pending")["records"]
    assert (record["order"], record["visit"], record["total"], len(record["lines"])) == ("F0001", "R0001", "288.05", 3)
    before = clinic.flow()
    assert clinic.do("pay", order="F0001", use_account=False)["amounts"]["account"] == "0.00"
    assert clinic.flow()[len(before) :] == ["1101", "2203", "2204", "2206", "2207"]
    uploaded = clinic.sent("2204")[-1]["input"]["feedetail"]
    assert {row["chrg_bchno"] for row in uploaded} == {"F0001"}
    assert clinic.do("pending")["reason"] == "nothing-pending"
    assert "paid already" in clinic.do("pay", order="F0001")["error"]
    clinic.agree()


def test_without_a_record_the_prompt_says_so(clinic: "Clinic") -> None:
    refused = clinic.do("pending")
    assert refused["reason"] == "nothing-pending"
    assert "没有待缴费记录" in refused["prompt"]
    assert clinic.do("pay", order="F0009")["reason"] == "nothing-pending"


def test_others_see_and_pay_nothing_of_it(clinic: "Clinic") -> None:
    clinic.seen()
    assert clinic.do("pending", person="P008")["reason"] == "nothing-pending"
    before = clinic.flow()
    assert clinic.do("pay", order="F0001", person="P008")["reason"] == "not-theirs"
    assert clinic.flow()[len(before) :] == ["1101"]
    assert clinic.do("pay", order="F0001")["outcome"] == "accepted"


def test_fees_want_a_paid_registration_and_a_right_sum(clinic: "Clinic") -> None:
    assert "no paid registration" in clinic.do("fees", visit="R0001", **basket("F0001"))["error"]
    clinic.registered()
    assert clinic.do("fees", visit="R0001", **basket("F0001") | {"total": "1.00"})["reason"] == "amounts-disagree"
    assert clinic.do("fees", visit="R0001", **basket("F0001"))["outcome"] == "accepted"
    assert "in use" in clinic.do("fees", visit="R0001", **basket("F0001"))["error"]


@loses
@pytest.mark.parametrize(
    "infno",
    [
        pytest.param(infno, marks=() if infno == "2204" else pytest.mark.slow)
        for infno in ("2203", "2204", "2206", "2207")
    ],
)
@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY])
def test_failed_payment_leaves_the_record_to_pay(clinic: "Clinic", infno: str, effect: Effect) -> None:
    clinic.seen()
    clinic.fault(infno, effect)
    assert clinic.do("pay", order="F0001")["reason"] == "platform-unavailable"
    (visit,) = visits_at(clinic.bench)
    assert visit.unsettled == []
    assert clinic.do("pay", order="F0001")["outcome"] == "accepted"
    numbers = [row["feedetl_sn"] for body in clinic.sent("2204") for row in body["input"]["feedetail"]]
    assert len(set(numbers)) == len(numbers)
    clinic.agree()


def test_whole_refund_withdraws_the_details(clinic: "Clinic") -> None:
    clinic.paid()
    assert clinic.do("refund", order="F0001")["amounts"]["total"] == "-288.05"
    assert clinic.flow()[-2:] == ["2208", "2205"]
    assert clinic.do("pending")["reason"] == "nothing-pending"
    assert clinic.do("refund", order="F0001")["reason"] == "already-refunded"
    clinic.agree()


def test_part_refund_settles_the_rest_anew(clinic: "Clinic") -> None:
    clinic.paid()
    done = clinic.do("refund-part", order="F0001", keep=[0, 2], use_account=True)
    assert (done["outcome"], done["amounts"]["total"]) == ("accepted", "88.05")
    assert clinic.flow()[-6:] == ["1101", "2208", "2205", "2204", "2206", "2207"]
    assert [event["setl_id"] for event in clinic.events("platform", "booked")][-2] == done["refunded"]
    assert clinic.books()[1:] == [("F0001", "2207", "refunded"), ("F0001", "2207", "settled")]
    assert clinic.do("refund", order="F0001")["amounts"]["total"] == "-88.05"
    clinic.agree()


@pytest.mark.parametrize("keep", [[], [0, 1, 2], ["0"]])
def test_part_refund_keeps_some_lines_and_not_all(clinic: "Clinic", keep: object) -> None:
    clinic.paid()
    assert "keep" in clinic.do("refund-part", order="F0001", keep=keep)["error"]
    assert clinic.sent("2208") == []


@loses
@pytest.mark.parametrize("infno", [pytest.param("2204", marks=pytest.mark.slow), "2206", "2207"])
def test_part_refund_that_fails_leaves_the_rest_to_pay(clinic: "Clinic", infno: str) -> None:
    clinic.paid()
    clinic.fault(infno)
    refused = clinic.do("refund-part", order="F0001", keep=[0, 2])
    assert refused["reason"] == "platform-unavailable"
    assert "待缴费" in refused["prompt"]
    clinic.agree()
    assert [record["total"] for record in clinic.do("pending")["records"]] == ["88.05"]
    assert clinic.do("pay", order="F0001")["amounts"]["total"] == "88.05"
    clinic.agree()


@loses
def test_part_refund_of_which_nothing_is_known_changes_nothing(clinic: "Clinic") -> None:
    clinic.paid()
    clinic.fault("2208")
    assert clinic.do("refund-part", order="F0001", keep=[0])["reason"] == "platform-unavailable"
    assert clinic.books()[1:] == [("F0001", "2207", "settled")]
    assert clinic.do("refund-part", order="F0001", keep=[0, 1])["amounts"]["total"] == "280.00"
    clinic.agree()


def test_part_refund_by_somebody_else_sends_nothing(clinic: "Clinic") -> None:
    clinic.paid()
    assert clinic.do("refund-part", order="F0001", keep=[0], person="P008")["reason"] == "not-theirs"
    assert clinic.sent("2208") == []
