"""Orders on the platform's ledger: its own split, each booking once, unknown outcomes cleared up, refunds, bad luck."""

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from harness.faults.catalogue import Effect
from harness.money import Fen, format_yuan
from harness.wire.institution import amount
from harness.wire.mobile_confirmation import mobile_exp_content
from harness.wire.profile import load_profile
from simulators.mobile_payment.platform_line import PlatformLine
from simulators.mobile_payment.settings import InsuranceLeg, MobilePaymentSettings, RefundOutcome, Unknown
from simulators.platform.settings import PlatformSettings
from tests.simulators.mobile_payment.mobile_payment_rig import HOSPITAL, PEOPLE
from tests.simulators.mobile_payment.settled_rig import SettledRig, Settlement

P1, P2, P4, P8, P9 = (PEOPLE[name] for name in ("P001", "P002", "P004", "P008", "P009"))
NO_RESOLVING = {"pays_after_s": 0, "resolve_after_s": 0}
Order = dict[str, Any]


@pytest.fixture(scope="module")
def settled_rig() -> Iterator[SettledRig]:
    rig = SettledRig(MobilePaymentSettings(**NO_RESOLVING))  # type: ignore[arg-type]  # settings by name
    yield rig
    rig.close()


@pytest.fixture
def rig(settled_rig: SettledRig) -> SettledRig:
    return settled_rig.as_new()


@pytest.fixture
def make_rig() -> Iterator[Callable[..., SettledRig]]:
    made: list[SettledRig] = []

    def make(platform: PlatformSettings | None = None, **settings: object) -> SettledRig:
        made.append(SettledRig(MobilePaymentSettings(**{**NO_RESOLVING, **settings}), platform=platform))  # type: ignore[arg-type]  # settings by name
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def parts(order: Order) -> tuple[str, ...]:
    return tuple(order[name] for name in ("feeSumamt", "fundPay", "psnAcctPay", "ownPayAmt"))


def own_paid(rig: SettledRig, order: Order) -> dict[str, Any]:
    return rig.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})


def placed(rig: SettledRig, person: Any, **more: object) -> Order:
    order = rig.uploaded(person, **more)
    answer = rig.pay(order)
    assert answer["code"] == 0, answer
    return {**order, **answer["data"]}


def in_force(settlements: list[Settlement]) -> list[Settlement]:
    """What is neither undone nor an undoing (the centre undoes no undoing)."""
    undone = {row["reverses"] for row in settlements if row["reverses"]}
    return [row for row in settlements if row["setl_id"] not in undone and row["reverses"] is None]


# --- an order at the platform ---------------------------------------------------------------------------


def test_the_split_is_the_platforms_and_the_booking_the_institutions(rig: SettledRig) -> None:
    order = placed(rig, P8)
    info = order["extData"]["preSetl"]
    assert (order["fundPay"], order["ownPayAmt"]) == (info["fund_pay_sumamt"], info["psn_cash_pay"])
    assert info["mdtrt_id"] == order["extData"]["preSetl"]["mdtrt_id"]
    assert order["ordStas"] == "6", "with an account this full nothing is left to pay"
    (booked,) = rig.settlements()
    assert (booked["institution"], booked["infno"]) == (HOSPITAL.code, "2207")
    assert booked["msgid"].startswith(HOSPITAL.code[:12])
    assert (booked["total_fen"], booked["fund_fen"]) == (4498, amount(order["fundPay"]))
    kept = rig.orders_by_id()[order["payOrdId"]]
    assert (kept["setl_id"], kept["msgid"]) == (booked["setl_id"], booked["msgid"])
    assert rig.account(P8) == P8.balance_fen - booked["account_fen"]
    assert rig.http.get(rig.at.also["control"] + "/state").json()["people"] == [], "no own accounts"


def test_transactions_are_sent_by_a_mobile_operator_for_the_institution(rig: SettledRig) -> None:
    rig.paid(P2)
    sent = [record.data for record in rig.tape.recent() if record.channel.startswith("platform.http") and record.data]
    bodies = [raw for raw in sent if b'"opter_type":"3"' in raw]
    for infno in ("9001", "2201", "2203", "2204", "2206", "2207"):
        assert sum(f'"infno":"{infno}"'.encode() in raw for raw in bodies) == 1, infno


def test_the_hospitals_own_visit_is_used_where_the_message_names_it(rig: SettledRig) -> None:
    first = rig.uploaded(P2)
    again = rig.uploaded(P2, mdtrtId=first["extData"]["mdtrtId"], iptOtpNo="OTHER")
    assert again["extData"] == first["extData"]
    assert rig.call("6201", rig.upload(P2, mdtrtId="V0"))["message"].endswith("未查询到就诊信息V0")


def test_counter_and_centre_see_one_account_and_one_statement(rig: SettledRig) -> None:
    order = placed(rig, P8)
    sign_no = rig.cashier()
    day = {"stmt_begndate": "2020-10-14", "stmt_enddate": "2020-10-14"}
    sums = {
        "insutype": "310",
        "clr_type": "11",
        "setl_optins": "639900",
        "medfee_sumamt": order["feeSumamt"],
        "fund_pay_sumamt": order["fundPay"],
        "acct_pay": order["psnAcctPay"],
        "fixmedins_setl_cnt": "1",
        **day,
    }
    answer = rig.at_counter("3201", {"data": sums}, sign_no=sign_no)
    assert answer["output"]["stmtinfo"]["stmt_rslt"] == "000000", answer
    off = {**sums, "acct_pay": format_yuan(Fen(amount(order["psnAcctPay"]) + 1))}
    assert rig.at_counter("3201", {"data": off}, sign_no=sign_no)["output"]["stmtinfo"]["stmt_rslt"] != "000000"


def traced(data: dict[str, Any]) -> list[dict[str, str]]:
    """One pack of each line, as 6201 has trace codes."""
    return [
        {"feedetlSn": line["feedetlSn"], "drugTracCodg": f"8{n:019d}", "trdnFlag": "0", "minPrcuntType": "2"}
        for n, line in enumerate(data["feedetailList"], start=1)
    ]


def test_where_the_province_asks_for_trace_codes_goods_are_paid_with_those_of_the_upload() -> None:
    with closing(SettledRig(MobilePaymentSettings(**NO_RESOLVING), profile="unnamed-newer")) as rig:  # type: ignore[arg-type]  # settings by name
        data: dict[str, Any] = rig.upload(P8)
        assert rig.call("6201", {**data, "drugTracInfo": [{"feedetlSn": "1"}]})["code"] != 0, "no code in it"
        answer = rig.call("6201", {**data, "drugTracInfo": traced(data)})
        order = {**data, **answer["data"]}
        assert rig.pay(order)["code"] == 0
        assert rig.status(order) == "6"
        (sent,) = [r.data for r in rig.tape.recent() if b'"infno":"2207"' in r.data and b'"input"' in r.data]
        listed = json.loads(sent.partition(b"\r\n\r\n")[2])["input"]["drug_trac_info"]
        assert [(row["feedetl_sn"], row["drug_trac_codg"]) for row in listed] == [
            (line["feedetlSn"], f"8{n:019d}") for n, line in enumerate(data["feedetailList"], start=1)
        ]
        assert {(row["trdn_flag"], row["min_prcunt_type"]) for row in listed} == {("0", "2")}
        without = placed(rig, P9)
        assert rig.status(without) == "15", "981084: goods without a code"
        assert len(rig.settlements()) == 1


def test_the_account_is_taken_once_and_a_used_up_account_fails_the_order(rig: SettledRig) -> None:
    first, second = placed(rig, P2), placed(rig, P2)
    assert first["psnAcctPay"] == second["psnAcctPay"] == "5.00", "both were promised the same five yuan"
    own_paid(rig, first)
    own_paid(rig, second)
    assert (rig.status(first), rig.status(second)) == ("6", "15")
    assert rig.events("own-reversed")[0]["order"] == second["medOrgOrd"]
    assert rig.events("order-failed")[0]["why"] == "platform 981072"
    assert rig.account(P2) == 0
    assert len(rig.settlements()) == 1


def test_without_account_and_without_platform_setting(make_rig: Callable[..., SettledRig]) -> None:
    rig = make_rig(use_platform=False)
    order = rig.paid(P2)
    assert rig.status(order) == "6"
    assert rig.settlements() == []


def test_a_refusal_of_the_platform_is_the_answer(rig: SettledRig) -> None:
    for person in ("P015", "P017"):
        answer = rig.call("6201", rig.upload(PEOPLE[person]))
        assert answer["code"] == 982020
        assert "981068" in answer["message"]
    other = rig.upload(P2)
    other["feedetailList"][0]["cnt"] = "3"  # type: ignore[index]  # rows
    assert "981017" in rig.call("6201", other)["message"]


def test_a_key_that_the_platform_does_not_know_pays_nothing(make_rig: Callable[..., SettledRig]) -> None:
    rig = make_rig(platform=PlatformSettings(mobile_key="another"))
    order = placed(rig, P2)
    own_paid(rig, order)
    assert rig.status(order) == "15"
    assert rig.settlements() == []


def test_no_institution_can_claim_that_somebody_has_confirmed(rig: SettledRig) -> None:
    order = placed(rig, P2)
    sign_no = rig.cashier()
    keys = {"mdtrt_id": rig.orders_by_id()[order["payOrdId"]]["mdtrt_id"], "psn_no": P2.psn_no}
    info = order["extData"]["preSetl"]
    scope = {name: info[name] for name in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")}
    proof = mobile_exp_content(
        "guessed", msgid="x", psn_no=P2.psn_no, own_pay=order["ownPayAmt"], order=order["payOrdId"]
    )
    data = {
        **keys,
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": P2.id_no,
        "med_type": "11",
        "medfee_sumamt": "44.98",
        "psn_setlway": "01",
        "chrg_bchno": order["chrgBchno"],
        "acct_used_flag": "1",
        "insutype": "310",
        **scope,
        "expContent": proof,
    }
    answer = rig.at_counter("2207", {"data": data}, sign_no=sign_no)
    assert answer["infcode"] == 0, "signtype MOCK asks for no confirmation"
    own_paid(rig, order)
    assert rig.status(order) == "15", "the counter was faster; the batch is settled once"
    assert len(rig.settlements()) == 1


# --- 6401 -----------------------------------------------------------------------------------------------


def test_a_revoked_upload_is_withdrawn_and_may_come_again(rig: SettledRig) -> None:
    first = rig.uploaded(P2)
    assert rig.call("6401", rig.about(first))["code"] == 0
    again = {**rig.upload(P2), **{name: first[name] for name in ("iptOtpNo", "chrgBchno", "feedetailList")}}
    assert rig.call("6201", again)["code"] == 0, "the same lines of the same batch"


def test_lines_left_by_a_withdrawal_without_an_answer_go_before_the_next_upload(rig: SettledRig) -> None:
    first = rig.uploaded(P2)
    rig.trouble("2205", Effect.BAD_GATEWAY)
    assert rig.call("6401", rig.about(first))["code"] == 0
    assert len(rig.events("details-left")) == 1
    again = {**rig.upload(P2), **{name: first[name] for name in ("iptOtpNo", "chrgBchno", "feedetailList")}}
    assert rig.call("6201", again)["code"] == 0


# --- unknown outcomes -----------------------------------------------------------------------------------

SILENT = (Effect.LOSE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REQUEST)
LOST = (Effect.BAD_GATEWAY, Effect.BAD_GATEWAY_AFTER, Effect.CUT_CONNECTION, Effect.EMPTY_BODY, Effect.CUT_JSON)


@pytest.mark.parametrize("unknown", list(Unknown))
def test_ten_who_ask_at_once_clear_up_an_unknown_settlement_once(
    make_rig: Callable[..., SettledRig], unknown: Unknown
) -> None:
    rig = make_rig(unknown=unknown)
    order = placed(rig, P2)
    rig.trouble("2207", Effect.BAD_GATEWAY_AFTER)
    assert own_paid(rig, order)["data"]["ordStas"] == "3"
    settled = unknown is Unknown.REPEAT
    with ThreadPoolExecutor(10) as clients:
        assert set(clients.map(lambda _: rig.status(order), range(10))) == {"6" if settled else "15"}
        assert len(in_force(rig.settlements())) == settled
        if settled:
            asked = {**amounts(order, "fund", "account", "own"), "who": "P002"}
            body = rig.refund_request(order, "ALL", "R1", **asked)
            answers = list(clients.map(lambda _: rig.call("6203", body), range(10)))
            assert [answer["data"] for answer in answers] == [answers[0]["data"]] * 10
            assert answers[0]["data"]["refStatus"] == "SUCC"
    assert in_force(rig.settlements()) == []
    assert rig.account(P2) == P2.balance_fen


@pytest.mark.parametrize("effect", [*LOST, Effect.DOUBLED_JSON, *SILENT])
@pytest.mark.parametrize("unknown", list(Unknown))
def test_a_settlement_without_an_answer_stays_3_until_it_is_cleared_up(
    make_rig: Callable[..., SettledRig], effect: Effect, unknown: Unknown
) -> None:
    rig = make_rig(unknown=unknown, **({"platform_s": 1.0} if effect in SILENT else {}))
    order = placed(rig, P2)
    rig.trouble("2207", effect)
    assert own_paid(rig, order)["data"]["ordStas"] == "3"
    assert rig.events("insurance-unknown")[0]["order"] == order["medOrgOrd"]
    assert own_paid(rig, order)["code"] != 0, "the own part is not taken twice"
    assert rig.call("6401", rig.about(order))["code"] != 0, "nor is the order revoked"
    settled = unknown is Unknown.REPEAT
    assert rig.status(order) == ("6" if settled else "15")
    assert len(in_force(rig.settlements())) == settled
    assert rig.account(P2) == (0 if settled else P2.balance_fen)
    assert len(rig.events("own-reversed")) == (not settled)


def test_while_the_reversal_has_no_answer_either_the_order_waits(rig: SettledRig) -> None:
    order = placed(rig, P2)
    rig.trouble("2207", Effect.BAD_GATEWAY_AFTER)
    rig.trouble("2601", Effect.BAD_GATEWAY_AFTER)
    own_paid(rig, order)
    assert rig.status(order) == "3"
    assert rig.status(order) == "15"
    assert in_force(rig.settlements()) == []
    assert rig.account(P2) == P2.balance_fen


def test_a_split_that_was_not_promised_is_undone_also_when_the_reversal_has_no_answer(
    make_rig: Callable[..., SettledRig],
) -> None:
    rig = make_rig(unknown=Unknown.REPEAT)
    rig.trouble("2207", Effect.BAD_GATEWAY)
    first = placed(rig, P9)
    assert first["ordStas"] == "2", "nothing to pay oneself, and the settlement never arrived"
    second = placed(rig, P9)
    assert second["ordStas"] == "6"
    rig.trouble("2601", Effect.BAD_GATEWAY)
    assert rig.status(first) == "2", "booked with another split, since the second has used up the deductible"
    assert len(in_force(rig.settlements())) == 2
    assert rig.status(first) == "13"
    (booked,) = in_force(rig.settlements())
    assert booked["setl_id"] == rig.orders_by_id()[second["payOrdId"]]["setl_id"]
    assert rig.account(P9) == P9.balance_fen - booked["account_fen"]


def test_the_centre_clears_up_by_itself(make_rig: Callable[..., SettledRig]) -> None:
    rig = make_rig(resolve_after_s=30)
    order = placed(rig, P2)
    rig.trouble("2207", Effect.BAD_GATEWAY_AFTER)
    rig.trouble("2601", Effect.BAD_GATEWAY)
    own_paid(rig, order)
    rig.step(30)
    rig.wait_for("insurance-unknown", 2)
    assert rig.orders_by_id()[order["payOrdId"]]["status"] == "3"
    rig.step(30)
    rig.wait_for("order-failed")
    assert in_force(rig.settlements()) == []


def test_an_upload_without_an_answer_is_the_same_message_again(rig: SettledRig) -> None:
    for infno in ("2201", "2203", "2204"):
        data = rig.upload(P2)
        rig.trouble(infno, Effect.BAD_GATEWAY_AFTER)
        assert rig.call("6201", data)["code"] == 982021, infno
        data["payAuthNo"] = rig.auth_no(P2)
        assert rig.call("6201", data)["code"] == 0, infno
        rig.platform_faults.clear()


# --- refunds --------------------------------------------------------------------------------------------


def amounts(order: Order, *names: str) -> dict[str, str]:
    wire = {"fund": "fundPay", "account": "psnAcctPay", "own": "ownPayAmt"}
    return {name: order[wire[name]] for name in names}


def test_cash_refunds_leave_the_ledger_alone_and_an_insurance_refund_is_a_2208(rig: SettledRig) -> None:
    order = rig.paid(P2)
    before = rig.settlements()
    assert rig.refund(order, "CASH", "R1", own="1.00", who="P002")["data"]["refStatus"] == "SUCC"
    assert rig.settlements() == before
    back = rig.refund(order, "HI", "R2", **amounts(order, "fund", "account"), who="P002")
    assert back["data"]["refStatus"] == "SUCC"
    first, second = rig.settlements()
    assert (second["infno"], second["reverses"]) == ("2208", first["setl_id"])
    assert second["fund_fen"] == -first["fund_fen"]
    assert rig.account(P2) == P2.balance_fen
    assert rig.status(order) == "11"
    again = {**rig.upload(P2), **{name: order[name] for name in ("iptOtpNo", "feedetailList")}}
    assert rig.call("6201", again)["code"] == 0, "its details were withdrawn"


@pytest.mark.parametrize("effect", [Effect.BAD_GATEWAY, Effect.BAD_GATEWAY_AFTER])
def test_a_refund_without_an_answer_is_unknown_and_then_done_once(rig: SettledRig, effect: Effect) -> None:
    order = rig.paid(P2)
    rig.trouble("2208", effect)
    asked = {**amounts(order, "fund", "account", "own"), "who": "P002"}
    assert rig.refund(order, "ALL", "R1", **asked)["data"]["refStatus"] == "EXP"
    assert rig.refund(order, "ALL", "R1", **asked)["data"]["refStatus"] == "SUCC"
    assert rig.status(order) == "7"
    assert [row["infno"] for row in rig.settlements()] == ["2207", "2208"]
    assert rig.account(P2) == P2.balance_fen


def test_a_refund_that_the_platform_refuses_fails(rig: SettledRig) -> None:
    order = rig.paid(P2)
    kept = rig.orders_by_id()[order["payOrdId"]]
    keys = {"setl_id": kept["setl_id"], "mdtrt_id": kept["mdtrt_id"], "psn_no": P2.psn_no}
    sign_no = rig.cashier()
    answer = rig.at_counter("2208", {"data": keys}, sign_no=sign_no)
    assert answer["infcode"] == 0
    asked = {**amounts(order, "fund", "account"), "who": "P002"}
    assert rig.refund(order, "HI", "R1", **asked)["data"]["refStatus"] == "SUCC", "given back at the counter already"
    assert len(rig.settlements()) == 2


def test_a_simulated_unknown_refund_is_decided_by_a_person(make_rig: Callable[..., SettledRig]) -> None:
    rig = make_rig(refund_outcome=RefundOutcome.EXP)
    order = rig.paid(P2)
    asked = {**amounts(order, "fund", "account", "own"), "who": "P002"}
    assert rig.refund(order, "ALL", "R1", **asked)["data"]["refStatus"] == "EXP"
    assert len(rig.settlements()) == 1
    decision = {"payOrdId": order["payOrdId"], "appRefdSn": "R1", "happened": True}
    assert rig.plain("/pay/refund-decision", decision)["data"]["refStatus"] == "SUCC"
    assert len(rig.settlements()) == 2


def test_a_simulated_failure_of_the_insurance_books_nothing(make_rig: Callable[..., SettledRig]) -> None:
    rig = make_rig(insurance_leg=InsuranceLeg.FAILS)
    order = placed(rig, P2)
    own_paid(rig, order)
    assert rig.status(order) == "15"
    assert rig.settlements() == []


# --- ledger and orders agree ----------------------------------------------------------------------------


def agree(rig: SettledRig) -> None:
    """Fund, account and cash of orders and of ledger, to the fen, order by order."""
    rows = rig.settlements()
    live = {row["msgid"]: row for row in in_force(rows)}
    for order in rig.orders_by_id().values():
        booked = live.pop(order["msgid"], None)
        if order["status"] in {"6", "9", "10"}:
            assert booked is not None, order
            seen = tuple(booked[name] for name in ("total_fen", "fund_fen", "account_fen", "cash_fen"))
            assert seen == tuple(order[name] for name in ("total_fen", "fund_fen", "account_fen", "own_fen"))
        else:
            assert booked is None, order
    assert live == {}, "the ledger has what no order has"
    assert sum(rig.books()["postings"].values()) == 0
    for person in PEOPLE.values():
        spent = sum(row["account_fen"] - row["mutual_fen"] for row in rows if row["psn_no"] == person.psn_no)
        assert rig.account(person) == person.balance_fen - spent


TROUBLED = ("2204", "2205", "2206", "2207", "2207", "2207", "2208", "2208", "2601")
DEEDS = {"buy": 5, "own": 8, "query": 2, "revoke": 1, "cash": 2, "insured": 2, "all": 2}


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))])
@pytest.mark.parametrize("unknown", list(Unknown))
def test_ledger_and_orders_agree_after_anything(
    make_rig: Callable[..., SettledRig], seed: int, unknown: Unknown
) -> None:
    rig, draw = make_rig(unknown=unknown), random.Random(seed)
    orders: list[Order] = []
    people = [P1, P2, P4, P8, P9]
    for step in range(50):
        if draw.random() < 0.3:
            rig.trouble(draw.choice(TROUBLED), draw.choice(LOST))
        (deed,) = draw.choices(tuple(DEEDS), weights=tuple(DEEDS.values()))
        order = draw.choice(orders[-4:]) if orders else None
        if deed == "buy" or order is None:
            person = draw.choice(people)
            data = rig.upload(person)
            answer = rig.call("6201", data)
            if answer["code"] == 0:
                orders.append({**data, **answer["data"], "person": person.id})
                orders[-1].update(rig.pay(orders[-1]).get("data") or {})
        elif deed == "own":
            own_paid(rig, order)
        elif deed == "query":
            rig.call("6301", rig.about(order))
        elif deed == "revoke":
            rig.call("6401", rig.about(order))
        elif "fundPay" in order:
            wanted = {
                "cash": ("CASH", {"own": "0.01"}),
                "insured": ("HI", amounts(order, "fund", "account")),
                "all": ("ALL", amounts(order, "fund", "account", "own")),
            }
            kind, given = wanted[deed]
            rig.refund(order, kind, f"R{step}", **given, who=order["person"])
    rig.platform_faults.clear()
    for order in orders:
        assert rig.call("6301", rig.about(order))["data"]["ordStas"] != "17"
    assert len(orders) >= 2
    assert not any(order["unknown"] for order in rig.orders_by_id().values())
    agree(rig)


# --- the line -------------------------------------------------------------------------------------------


def test_the_centre_signs_in_anew_on_another_day_and_after_a_sign_out(rig: SettledRig) -> None:
    rig.uploaded(P2)
    rig.step(24 * 3600)
    assert rig.call("6201", rig.upload(P2))["code"] == 0
    rig.loop.call(rig.platform.reset(seed=1))
    assert rig.call("6201", rig.upload(P2, iptOtpNo="NEW"))["code"] == 0, "the sign-in is not known any more"


def test_message_ids_never_repeat_even_when_the_clock_stands_still(rig: SettledRig) -> None:
    line = PlatformLine(httpx.AsyncClient, lambda: "", profile=load_profile("qinghai"), clock=rig.clock, reply_s=1)
    assert not line.connected
    first = [line.new_msgid(HOSPITAL) for _ in range(12_000)]
    rig.clock.step(seconds=1)
    later = [line.new_msgid(HOSPITAL) for _ in range(6_000)]
    assert len({*first, *later}) == 18_000
    assert all(5000 <= int(msgid[-4:]) <= 9999 for msgid in (*first, *later)), "below lie the institution's own"
