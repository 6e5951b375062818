"""2201 to 2208: a visit from registration to settlement and back, and everything that is refused on the way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness.wire.institution import amount
from simulators.platform import visits
from simulators.platform.refusals import RefusedError
from simulators.platform.setlinfo import SETLINFO_AMOUNTS
from simulators.platform.settings import PlatformSettings
from simulators.platform.visits import TRANSITIONS, State
from tests.simulators.hospital_rig import HOSPITAL, VISIT_LINES, Hospital, rows_of_lines, sample, scope_of
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig

P1, P2, P4, P9 = (PEOPLE[name] for name in ("P001", "P002", "P004", "P009"))


@pytest.fixture
def hospital(shared_rig: Rig) -> Hospital:
    reset_rig(shared_rig).sign_in(HOSPITAL.code)
    return Hospital(shared_rig)


def refused(answer: dict[str, Any], code: str, *said: str) -> None:
    assert (answer["infcode"], answer["warn_msg"]) == (-1, code), answer["err_msg"]
    assert all(text in answer["err_msg"] for text in said), answer["err_msg"]


def paid(answer: dict[str, Any]) -> tuple[str, ...]:
    info = answer["output"]["setlinfo"]
    return tuple(info[name] for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"))


# --- the usual way --------------------------------------------------------------------------------------


def test_a_visit_is_settled_as_it_was_pre_settled(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    before = hospital.done("2206", hospital.bill(P1, keys))
    assert hospital.rig.events("booked") == []
    settled = hospital.done("2207", {"data": {**hospital.bill(P1, keys)["data"], **scope_of(before), "invono": "I7"}})
    # 295.00: 5.00 over the limit, 20.00 paid first, 270.00 in scope; (270.00 - 50.00) x 50 % = 110.00
    assert paid(before) == paid(settled) == ("295.00", "110.00", "185.00", "0.00")
    info = settled["output"]["setlinfo"]
    assert (info["overlmt_selfpay"], info["preselfpay_amt"], info["inscp_scp_amt"]) == ("5.00", "20.00", "270.00")
    assert (info["act_pay_dedc"], info["clr_type"], info["mdtrt_id"]) == ("50.00", "11", keys["mdtrt_id"])
    assert hospital.rig.balance(P1) == 200_000 - 18_500
    (booked,) = hospital.rig.events("booked")
    assert (booked["order"], booked["total_fen"], booked["infno"]) == ("I7", 29_500, "2207")
    assert hospital.rig.phone.notices[0]["kind"] == "payment"
    query = {"data": {name: info[name] for name in ("psn_no", "setl_id", "mdtrt_id")}}
    assert hospital.done("5203", query)["output"]["setlinfo"] == info


def test_the_upload_answers_how_each_line_is_split(hospital: Hospital) -> None:
    keys = hospital.register(P1)
    result = hospital.upload(keys)["output"]["result"]
    split = [(row["overlmt_amt"], row["preselfpay_amt"], row["inscp_scp_amt"], row["chrgitm_lv"]) for row in result]
    assert split == [
        ("5.00", "0.00", "10.00", "01"),
        ("0.00", "0.00", "80.00", "01"),
        ("0.00", "20.00", "180.00", "02"),
    ]


def test_the_years_deductible_is_taken_once_and_given_back_with_a_cancellation(hospital: Hospital) -> None:
    first = hospital.settle(P1, hospital.visit(P1))
    second_visit = hospital.visit(P1)
    second = hospital.settle(P1, second_visit)
    assert [answer["output"]["setlinfo"]["act_pay_dedc"] for answer in (first, second)] == ["50.00", "0.00"]
    assert paid(second)[1] == "135.00", "270.00 x 50 %"
    for answer in (first, second):
        hospital.done("2208", hospital.rig.keys(answer))
    again = hospital.settle(P1, second_visit)
    assert again["output"]["setlinfo"]["act_pay_dedc"] == "50.00"


def test_mutual_aid_pays_for_a_member_without_an_account(hospital: Hospital) -> None:
    settled = hospital.settle(P4, hospital.visit(P4), acct_used_flag="1")
    # (270.00 - 50.00) x 40 % = 88.00; the rest from the family's account
    assert paid(settled) == ("295.00", "88.00", "207.00", "0.00")
    assert settled["output"]["setlinfo"]["acct_mulaid_pay"] == "207.00"
    state = hospital.rig.state("platform")
    assert state["postings"]["mutual-aid:family-P001"] == -20_700
    assert sum(state["postings"].values()) == 0
    hospital.done("2208", hospital.rig.keys(settled))
    assert hospital.rig.state("platform")["postings"]["mutual-aid:family-P001"] == 0


def test_a_partial_refund_is_a_cancellation_and_a_smaller_settlement(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    settled = hospital.settle(P1, keys)
    refund = hospital.done("2208", hospital.rig.keys(settled))
    was, now = settled["output"]["setlinfo"], refund["output"]["setlinfo"]
    assert now["setl_id"] != was["setl_id"]
    assert all(amount(now[name]) == -amount(was[name]) for name in SETLINFO_AMOUNTS)
    assert "psn_pay" not in now, "that is 2103's own name"
    hospital.done("2205", {"data": {**keys, "chrg_bchno": "B1"}})
    rest = VISIT_LINES[:2]
    hospital.upload(keys, lines=rest)
    smaller = hospital.settle(P1, keys, lines=rest)
    assert paid(smaller) == ("95.00", "20.00", "75.00", "0.00")
    assert hospital.rig.balance(P1) == 200_000 - 7_500
    assert [event["total_fen"] for event in hospital.rig.events("booked")] == [29_500, -29_500, 9_500]
    assert hospital.rig.phone.notices[1]["kind"] == "refund"


def test_batches_of_a_visit_are_settled_one_by_one(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    hospital.upload(keys, batch="B2", lines=VISIT_LINES[:1])
    hospital.settle(P1, keys)
    other = hospital.settle(P1, keys, batch="B2", lines=VISIT_LINES[:1])
    assert paid(other)[0] == "15.00"


@pytest.mark.parametrize("letter", ["", "A"])
def test_the_transactions_with_a_letter_do_the_same(hospital: Hospital, letter: str) -> None:
    keys = hospital.register(P1)
    data = sample(f"2203{letter}")
    data["mdtrtinfo"] = {**data["mdtrtinfo"], **keys, "med_type": "11"}  # type: ignore[dict-item]  # an object
    hospital.done(f"2203{letter}", data)
    hospital.upload(keys)
    bill = hospital.bill(P1, keys)
    scope = scope_of(hospital.done(f"2206{letter}", bill))
    settled = hospital.done(f"2207{letter}", {"data": {**bill["data"], **scope}})
    assert paid(settled)[0] == "295.00"
    reversal = {
        "data": {"psn_no": P1.psn_no, "omsgid": settled["output"]["setlinfo"]["medins_setl_id"], "oinfno": "2207"}
    }
    hospital.done("2601", reversal)
    assert hospital.rig.balance(P1) == 200_000
    assert paid(hospital.settle(P1, keys))[0] == "295.00", "its details are unsettled again"


def test_a_voucher_and_its_password_settle_a_visit_too(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    token = hospital.rig.token(P1, HOSPITAL.code)
    data = hospital.settle_input(P1, keys)["data"] | {"mdtrt_cert_type": "01", "mdtrt_cert_no": token}
    body = hospital.rig.request("2207", {"data": data}, org=HOSPITAL.code)
    with ThreadPoolExecutor(1) as pool, httpx.Client(trust_env=False, timeout=60) as client:
        answer = pool.submit(hospital.rig.send, body, client=client)
        hospital.rig.wait_for("prompt-shown")
        hospital.rig.answer_prompt(P1.password)
        assert answer.result(60)["infcode"] == 0


# --- what is refused ------------------------------------------------------------------------------------


def test_every_state_is_left_by_the_table_only() -> None:
    for state in State:
        for infno in ("2202", "2203", "2204", "2205", "2206", "2207", "2301", "2304", "2402", "2404", "2405"):
            visit = visits.Visit(
                mdtrt_id="V", institution="H", psn_no="1", insutype="310", kind=visits.Kind.OUTPATIENT, number="1",
                state=state, begun="",
            )  # fmt: skip
            if (state, infno) in TRANSITIONS:
                assert visits.moved(visit, infno).state is TRANSITIONS[state, infno]
            else:
                with pytest.raises(RefusedError, match="visit-state"):
                    visits.moved(visit, infno)


def test_a_pharmacy_registers_nobody(hospital: Hospital) -> None:
    rig = hospital.rig
    rig.sign_in()
    data = sample("2201")["data"]
    assert isinstance(data, dict)
    refused(rig.call("2201", {"data": {**data, **hospital.card(P1)}}), "981032", "2201")


def test_an_id_card_must_be_the_persons(hospital: Hospital) -> None:
    data = sample("2201")["data"]
    assert isinstance(data, dict)
    refused(hospital.call("2201", {"data": {**data, **hospital.card(P1), "mdtrt_cert_no": P9.id_no}}), "981033")


def test_the_hospitals_number_is_used_once_until_the_registration_is_cancelled(hospital: Hospital) -> None:
    keys = hospital.register(P1, ipt_otp_no="X1")
    data = sample("2201")["data"]
    assert isinstance(data, dict)
    again = {"data": {**data, **hospital.card(P9), "ipt_otp_no": "X1"}}
    refused(hospital.call("2201", again), "981036", "X1", keys["mdtrt_id"])
    hospital.done("2202", {"data": {**keys, "ipt_otp_no": "X1"}})
    assert hospital.call("2201", again)["infcode"] == 0
    refused(hospital.call("2202", {"data": {**keys, "ipt_otp_no": "X1"}}), "981035", "已撤销", "2202")
    refused(hospital.call("2204", {"feedetail": rows_of_lines(keys, VISIT_LINES, batch="B1")}), "981035")


def test_a_registration_with_details_is_not_cancelled(hospital: Hospital) -> None:
    keys = hospital.register(P1, ipt_otp_no="X1")
    hospital.upload(keys)
    refused(hospital.call("2202", {"data": {**keys, "ipt_otp_no": "X1"}}), "981041", "3")
    hospital.done("2205", {"data": {**keys, "chrg_bchno": "0000"}})
    hospital.done("2202", {"data": {**keys, "ipt_otp_no": "X1"}})


@pytest.mark.parametrize("field", ["mdtrt_id", "psn_no"])
def test_a_visit_is_known_by_all_its_keys(hospital: Hospital, field: str) -> None:
    keys = {**hospital.visit(P1), field: P9.psn_no if field == "psn_no" else "V0"}
    refused(hospital.call("2204", {"feedetail": rows_of_lines(keys, VISIT_LINES, batch="B2")}), "981034")
    refused(hospital.call("2205", {"data": {**keys, "chrg_bchno": "0000"}}), "981034")


def test_detail_numbers_are_unique_in_a_visit_and_all_repeated_ones_are_named(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    rows = rows_of_lines(keys, VISIT_LINES, batch="B1")
    refused(hospital.call("2204", {"feedetail": rows}), "981043", "B1-1", "B1-2", "B1-3")
    fresh = rows_of_lines(keys, VISIT_LINES, batch="B2")
    refused(hospital.call("2204", {"feedetail": [*fresh, fresh[0]]}), "981019", "B2-1")
    other = hospital.register(P1)
    hospital.upload(other, batch="B1")
    mixed = [*fresh, *rows_of_lines(other, VISIT_LINES, batch="B3")]
    refused(hospital.call("2204", {"feedetail": mixed}), "981042")


def test_a_batch_has_one_disease_and_one_settlement(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    rows = rows_of_lines(keys, VISIT_LINES[:1], batch="B1", first=9)
    refused(hospital.call("2204", {"feedetail": [{**rows[0], "dise_codg": "I10"}]}), "981048", "B1")
    bill = hospital.settle_input(P1, keys)
    hospital.done("2207", bill)
    refused(hospital.call("2207", bill), "981047", "该笔记录已结算")
    refused(hospital.call("2206", hospital.bill(P1, keys)), "981047")
    refused(hospital.call("2204", {"feedetail": rows}), "981047")
    refused(hospital.call("2205", {"data": {**keys, "chrg_bchno": "0000"}}), "981045")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"medfee_sumamt": "295.01"}, "981018", "295.00与结算信息医疗费总额295.01"),
        ({"chrg_bchno": "B9"}, "981046", "B9"),
        ({"med_type": "13"}, "981040", "13"),
        ({"insutype": "390"}, "981014", "390"),
        ({"mdtrt_id": "V0"}, "981034", "V0"),
        ({"mdtrt_cert_type": "04"}, "981003", "04"),
        ({"inscp_scp_amt": "270.01", "preselfpay_amt": "19.99"}, "981051", "270.01≠270.00"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_booked(
    hospital: Hospital, change: dict[str, str], code: str, said: str
) -> None:
    keys = hospital.visit(P1)
    data = hospital.settle_input(P1, keys)["data"]
    answer = hospital.call("2207", {"data": {**data, **change}})
    refused(answer, code, said)
    if "inscp_scp_amt" in change:
        assert "preselfpay_amt" in answer["err_msg"], "every wrong amount is named"
    assert hospital.rig.events("booked") == []
    assert hospital.rig.balance(P1) == 200_000


def test_a_settlement_needs_the_visits_data(hospital: Hospital) -> None:
    keys = hospital.register(P1)
    hospital.upload(keys)
    refused(hospital.call("2206", hospital.bill(P1, keys)), "981039", "2203")


def test_the_kind_of_visit_is_fixed_once_something_is_settled(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    hospital.settle(P1, keys)
    data = sample("2203")
    data["mdtrtinfo"] = {**data["mdtrtinfo"], **keys, "med_type": "13"}  # type: ignore[dict-item]  # an object
    refused(hospital.call("2203", data), "981037")


def test_a_settlement_is_cancelled_once_and_by_its_own_transaction(hospital: Hospital) -> None:
    settled = hospital.settle(P1, hospital.visit(P1))
    for infno in ("2103", "2305"):
        refused(hospital.call(infno, hospital.rig.keys(settled)), "981026")
    hospital.done("2208", hospital.rig.keys(settled))
    refused(hospital.call("2208", hospital.rig.keys(settled)), "981025")


# --- reversal -------------------------------------------------------------------------------------------


def reversal(answer: dict[str, Any], infno: str) -> dict[str, dict[str, str]]:
    msgid = answer["output"]["setlinfo"]["medins_setl_id"]
    return {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": infno}}


def test_a_cancellation_that_is_reversed_leaves_the_visit_settled(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    settled = hospital.settle(P1, keys)
    cancelled = hospital.done("2208", hospital.rig.keys(settled))
    hospital.done("2601", reversal(cancelled, "2208"))
    assert hospital.rig.balance(P1) == 200_000 - 18_500
    refused(hospital.call("2206", hospital.bill(P1, keys)), "981047")
    assert hospital.call("2208", hospital.rig.keys(settled))["infcode"] == 0


def test_but_not_when_the_details_are_others_by_now(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    cancelled = hospital.done("2208", hospital.rig.keys(hospital.settle(P1, keys)))
    hospital.done("2205", {"data": {**keys, "chrg_bchno": "B1"}})
    hospital.upload(keys)
    refused(hospital.call("2601", reversal(cancelled, "2208")), "981038")
    assert hospital.rig.balance(P1) == 200_000


def test_nor_when_the_batch_has_more_details_by_now(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    cancelled = hospital.done("2208", hospital.rig.keys(hospital.settle(P1, keys)))
    (more,) = rows_of_lines(keys, VISIT_LINES[:1], batch="B1", first=9)
    hospital.done("2204", {"feedetail": [more]})
    refused(hospital.call("2601", reversal(cancelled, "2208")), "981038")
    other = {**more, "feedetl_sn": "B2-1", "chrg_bchno": "B2"}
    hospital.done("2205", {"data": {**keys, "chrg_bchno": "B1"}})
    hospital.done("2204", {"feedetail": [other]})


def test_details_in_another_batch_do_not_keep_a_settlement_from_coming_back(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    cancelled = hospital.done("2208", hospital.rig.keys(hospital.settle(P1, keys)))
    hospital.upload(keys, batch="B2")
    hospital.done("2601", reversal(cancelled, "2208"))


@pytest.mark.parametrize("price", ["4000.00", "100.00"], ids=["ceiling", "deductible"])
def test_nor_when_its_part_of_the_year_is_taken_by_now(hospital: Hospital, price: str) -> None:
    lines = (("XS000002", price, "1"),)

    def settled() -> dict[str, Any]:
        keys = hospital.register(P1)
        hospital.describe(keys)
        hospital.upload(keys, lines=lines)
        return hospital.settle(P1, keys, lines=lines, acct_used_flag="0")

    first = settled()
    cancelled = hospital.done("2208", hospital.rig.keys(first))
    later = settled()
    assert paid(first) == paid(later)
    refused(hospital.call("2601", reversal(cancelled, "2208")), "981095")
    hospital.done("2208", hospital.rig.keys(later))
    hospital.done("2601", {**reversal(cancelled, "2208")})


def test_a_reversed_msgid_is_barred_for_registrations_and_settlements(hospital: Hospital) -> None:
    keys = hospital.visit(P1)
    bill = hospital.settle_input(P1, keys)
    msgid = hospital.rig.msgid(HOSPITAL.code)
    gone = {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": "2207"}}
    refused(hospital.call("2601", gone), "981027")
    refused(hospital.call("2207", bill, msgid=msgid), "981008")


# --- many at once ---------------------------------------------------------------------------------------


def test_of_ten_who_settle_one_visit_at_once_one_succeeds(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(platform=PlatformSettings())
    rig.sign_in(HOSPITAL.code)
    hospital = Hospital(rig)
    bill = hospital.settle_input(P1, hospital.visit(P1))
    bodies = [rig.request("2207", bill, org=HOSPITAL.code, signtype="MOCK") for _ in range(10)]

    def post(body: object) -> dict[str, Any]:
        with httpx.Client(trust_env=False, timeout=60) as client:
            return rig.send(body, client=client)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(post, bodies))
    assert sorted(answer["infcode"] for answer in answers) == [-1] * 9 + [0]
    assert {answer["warn_msg"] for answer in answers if answer["infcode"]} == {"981047"}
    assert len(rig.events("booked")) == 1
    assert rig.balance(P1) == 200_000 - 18_500
