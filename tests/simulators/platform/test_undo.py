"""2103 and 2601: refunds once, reversals by msgid, and originals that come late."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.clock import local_time
from harness.wire.institution import amount, check_reply
from harness.wire.msgid import make_msgid
from simulators.platform.ledger import Ledger
from simulators.platform.setlinfo import SETLINFO_AMOUNTS
from simulators.platform.settings import PlatformSettings
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, PHARMACY, Rig, reset_rig
from tests.simulators.platform_office import open_office
from tests.simulators.platform_sale import SALE

P1, P9 = PEOPLE["P001"], PEOPLE["P009"]


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    return shared_rig


def reversal(msgid: str, infno: str = "2102", person: str = "P001") -> dict[str, dict[str, str]]:
    return {"data": {"psn_no": PEOPLE[person].psn_no, "omsgid": msgid, "oinfno": infno}}


def msgid_of(answer: dict[str, Any]) -> str:
    return str(answer["output"]["setlinfo"]["medins_setl_id"])


# --- 2103 -----------------------------------------------------------------------------------------------


def test_a_refund_gives_everything_back_under_a_new_setl_id(rig: Rig) -> None:
    settled = rig.settle(P1)
    refund = rig.call("2103", rig.keys(settled))
    assert check_reply("2103", refund) == ()
    was, now = settled["output"]["setlinfo"], refund["output"]["setlinfo"]
    assert now["setl_id"] != was["setl_id"]
    assert now["mdtrt_id"] == was["mdtrt_id"]
    assert all(amount(now[name]) == -amount(was[name]) for name in SETLINFO_AMOUNTS)
    assert (now["psn_pay"], now["cash_payamt"]) == (now["psn_part_amt"], now["psn_cash_pay"])
    assert (now["balc"], rig.balance(P1)) == ("2000.00", 200_000)
    back = rig.events("booked")[1]
    assert (back["reverses"], back["total_fen"], back["account_fen"]) == (was["setl_id"], -4498, -3161)
    assert [notice["kind"] for notice in rig.phone.notices] == ["payment", "refund"]
    assert rig.phone.notices[1]["amount"] == "-31.61"
    assert set(rig.state("platform")["postings"].values()) == {0}


def test_a_refund_happens_once(rig: Rig) -> None:
    keys = rig.keys(rig.settle(P1))
    assert rig.call("2103", keys)["infcode"] == 0
    again = rig.call("2103", keys)
    assert again["warn_msg"] == "981025"
    assert rig.balance(P1) == 200_000


@pytest.mark.parametrize("field", ["setl_id", "mdtrt_id", "psn_no"])
def test_all_three_keys_must_be_right(rig: Rig, field: str) -> None:
    keys = rig.keys(rig.settle(P1))
    wrong = {"data": {**keys["data"], field: P9.psn_no if field == "psn_no" else "nope"}}
    assert rig.call("2103", wrong)["warn_msg"] == "981024"


def test_another_institution_cannot_refund(rig: Rig) -> None:
    keys = rig.keys(rig.settle(P1))
    rig.sign_in(OTHER_PHARMACY.code)
    assert rig.call("2103", keys, org=OTHER_PHARMACY.code)["warn_msg"] == "981024"


def test_a_refund_cannot_be_refunded(rig: Rig) -> None:
    refund = rig.call("2103", rig.keys(rig.settle(P1)))
    assert rig.call("2103", rig.keys(refund))["warn_msg"] == "981026"


# --- 2601 -----------------------------------------------------------------------------------------------


def test_a_reversal_undoes_a_settlement_and_has_no_output(rig: Rig) -> None:
    settled = rig.settle(P1)
    answer = rig.call("2601", reversal(msgid_of(settled)))
    assert answer["infcode"] == 0
    assert "output" not in answer
    assert check_reply("2601", answer) == ()
    assert rig.balance(P1) == 200_000
    assert rig.events("booked")[1]["reverses"] == settled["output"]["setlinfo"]["setl_id"]
    assert rig.phone.notices[1]["kind"] == "reversal"
    assert rig.call("2103", rig.keys(settled))["warn_msg"] == "981025"


def test_a_second_reversal_is_refused_and_the_same_one_replayed(rig: Rig) -> None:
    settled = rig.settle(P1)
    body = rig.request("2601", reversal(msgid_of(settled)))
    first = rig.send(body)
    assert rig.send(body) == first
    assert rig.call("2601", reversal(msgid_of(settled)))["warn_msg"] == "981030"
    assert len(rig.events("booked")) == 2


def test_a_refund_can_be_reversed_and_then_refunded_again(rig: Rig) -> None:
    settled = rig.settle(P1)
    refund = rig.call("2103", rig.keys(settled))
    assert rig.call("2601", reversal(msgid_of(refund), "2103"))["infcode"] == 0
    assert rig.balance(P1) == 200_000 - 3161
    assert rig.call("2103", rig.keys(settled))["infcode"] == 0
    assert rig.balance(P1) == 200_000
    assert set(rig.state("platform")["postings"].values()) == {0}


def test_a_refund_that_was_spent_meanwhile_cannot_be_taken_back(rig: Rig) -> None:
    person = PEOPLE["P002"]
    refund = rig.call("2103", rig.keys(rig.settle(person)))
    assert rig.settle(person)["infcode"] == 0
    assert rig.call("2601", reversal(msgid_of(refund), "2103", "P002"))["warn_msg"] == "981031"
    assert rig.balance(person) == 0


def test_what_books_nothing_cannot_be_reversed(rig: Rig) -> None:
    assert rig.call("2601", reversal(rig.msgid(), "2101"))["warn_msg"] == "981029"


@pytest.mark.parametrize(("change", "field"), [({"oinfno": "2103"}, "oinfno"), ({"psn_no": P9.psn_no}, "psn_no")])
def test_a_reversal_must_agree_with_its_original(rig: Rig, change: dict[str, str], field: str) -> None:
    data = reversal(msgid_of(rig.settle(P1)))
    answer = rig.call("2601", {"data": {**data["data"], **change}})
    assert answer["warn_msg"] == "981028"
    assert field in answer["err_msg"]


def test_another_institutions_msgid_is_unknown_and_stays_usable(rig: Rig) -> None:
    mine = rig.msgid()
    rig.sign_in(OTHER_PHARMACY.code)
    assert rig.call("2601", reversal(mine), org=OTHER_PHARMACY.code)["warn_msg"] == "981027"
    assert rig.call("2102", rig.purchase(P1), msgid=mine, signtype="MOCK")["infcode"] == 0
    assert rig.call("2601", reversal(mine), org=OTHER_PHARMACY.code)["warn_msg"] == "981027"
    assert rig.balance(P1) == 200_000 - 3161


def test_an_unknown_original_is_refused_and_not_booked_when_it_comes_late(rig: Rig) -> None:
    lost = rig.msgid()
    answer = rig.call("2601", reversal(lost))
    assert answer["warn_msg"] == "981027"
    assert lost in answer["err_msg"]
    late = rig.call("2102", rig.purchase(P1), msgid=lost, signtype="MOCK")
    assert late["warn_msg"] == "981008"
    assert rig.events("booked") == []


def test_a_reversal_while_the_person_confirms_keeps_the_original_from_being_booked(rig: Rig) -> None:
    msgid = rig.msgid()
    body = rig.request("2102", rig.purchase(P1), msgid=msgid)
    with ThreadPoolExecutor(1) as pool, httpx.Client(trust_env=False, timeout=60) as client:
        held = pool.submit(lambda: rig.send(body, client=client))
        rig.wait_for("prompt-shown")
        assert rig.call("2601", reversal(msgid))["warn_msg"] == "981027"
        rig.answer_prompt(P1.password)
        assert held.result(60)["warn_msg"] == "981008"
    assert rig.events("booked") == []


def test_barring_can_be_switched_off(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(platform=PlatformSettings(bar_reversed=False))
    rig.sign_in()
    lost = rig.msgid()
    assert rig.call("2601", reversal(lost))["warn_msg"] == "981027"
    assert rig.call("2102", rig.purchase(P1), msgid=lost, signtype="MOCK")["infcode"] == 0


# --- 5203 -----------------------------------------------------------------------------------------------


def test_a_settlement_and_its_refund_can_be_queried(rig: Rig) -> None:
    settled = rig.settle(P1)
    refund = rig.call("2103", rig.keys(settled))
    for booked in (settled, refund):
        found = rig.call("5203", rig.keys(booked))
        assert check_reply("5203", found) == ()
        assert found["output"]["setlinfo"] == booked["output"]["setlinfo"]
        assert found["output"]["setldetail"] == booked["output"]["setldetail"]
        assert "detlcutinfo" not in found["output"]


def test_a_reversal_can_be_queried_by_the_setl_id_of_its_notice(rig: Rig) -> None:
    settled = rig.settle(P1)
    rig.call("2601", reversal(msgid_of(settled)))
    keys = rig.keys(settled)["data"]
    found = rig.call("5203", {"data": {**keys, "setl_id": rig.phone.notices[1]["setlId"]}})
    assert found["output"]["setlinfo"]["medfee_sumamt"] == "-44.98"


def test_a_query_of_nothing_is_refused(rig: Rig) -> None:
    keys = rig.keys(rig.settle(P1))["data"]
    assert rig.call("5203", {"data": {**keys, "setl_id": "nope"}})["warn_msg"] == "981024"
    rig.sign_in(OTHER_PHARMACY.code)
    assert rig.call("5203", {"data": keys}, org=OTHER_PHARMACY.code)["warn_msg"] == "981024"


def test_what_another_process_books_while_a_reversal_waits_is_reversed_and_not_barred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "ledger.db")
    office = open_office(PlatformSettings(token_check=False, ledger=path))
    try:
        office.sign_in(PHARMACY)
        msgid = make_msgid(PHARMACY.code, at=local_time(office.clock), seq=9999)
        sale = replace(SALE, msgid=msgid, psn_no=P1.psn_no, institution=PHARMACY.code)

        async def booked_meanwhile() -> None:
            other = Ledger(path)
            with other.writing():
                other.book(sale)
            other.close()

        with monkeypatch.context() as patched:
            patched.setattr(office.ledger, "turn", booked_meanwhile)
            assert office.call("2601", reversal(msgid), PHARMACY)["infcode"] == 0
        assert not office.ledger.is_barred(msgid)
        assert [one.reverses for one in office.ledger.settlements()] == [None, sale.setl_id]
    finally:
        office.close()
