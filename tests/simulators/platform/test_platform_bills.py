"""A channel with a bills page hears of each settlement that its code paid, and of what takes it back; no other does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.wire import institution as wire
from simulators.platform.settings import PlatformSettings
from simulators.voucher_centre.settings import PasswordAt, VoucherCentreSettings
from tests.simulators.insurer_rig import PEOPLE, PHARMACY, Rig, reset_rig, start_rig, stop_rig

P1 = PEOPLE["P001"]
CONFIRMED = VoucherCentreSettings(password=PasswordAt.MOCK)
PARTS = ("total", "fund", "account", "own")


@pytest.fixture(scope="module")
def shared_billing() -> Iterator[Rig]:
    rig = start_rig(centre=CONFIRMED)
    yield rig
    stop_rig(rig)


@pytest.fixture
def billing(shared_billing: Rig) -> Rig:
    reset_rig(shared_billing).sign_in()
    return shared_billing


def _paid(rig: Rig, *, channel: str = "alipay", acct_used_flag: str = "1") -> dict[str, Any]:
    token = str(rig.decode(rig.new_code(P1, channel))["data"]["ecToken"])
    answer = rig.call("2102", rig.purchase(P1, token=token, acct_used_flag=acct_used_flag))
    assert answer["infcode"] == 0, answer["err_msg"]
    return answer


def _amounts(bill: dict[str, Any]) -> list[int]:
    return [wire.amount(bill[part]) for part in PARTS]


def test_a_settlement_paid_with_a_code_of_the_channel_is_one_bill(billing: Rig) -> None:
    info = _paid(billing)["output"]["setlinfo"]
    (bill,) = billing.phone.bills
    named = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
    assert _amounts(bill) == [wire.amount(info[name]) for name in named]
    assert bill["setlId"] == info["setl_id"]
    assert (bill["idNo"], bill["chnlId"], bill["kind"], bill["reverses"]) == (P1.id_no, "alipay", "payment", "")
    assert (bill["institutionName"], bill["at"]) == (PHARMACY.name, "2020-10-14 08:30:00")


def test_the_bill_comes_between_the_booking_and_the_notice(billing: Rig) -> None:
    _paid(billing)
    seen = [
        record.name or next(path for path in (b"bill", b"notice") if b"/push/" + path in record.data).decode()
        for record in billing.tape.recent()
        if record.name == "booked" or (record.channel.startswith("phone.http") and b"POST /push/" in record.data)
    ]
    assert seen == ["booked", "bill", "notice"]


def test_a_settlement_that_leaves_the_account_alone_has_a_bill_too(billing: Rig) -> None:
    _paid(billing, acct_used_flag="0")
    assert billing.phone.notices == []
    assert [wire.amount(bill["account"]) for bill in billing.phone.bills] == [0]


@pytest.mark.parametrize("channel", ["wechat", "nhsa-app", "icbc"])
def test_another_channel_hears_of_nothing(billing: Rig, channel: str) -> None:
    settled = _paid(billing, channel=channel)
    assert billing.call("2103", billing.keys(settled))["infcode"] == 0
    assert billing.phone.bills == []


def test_an_id_card_has_no_channel(billing: Rig) -> None:
    answer = billing.call("2102", billing.purchase(P1, token=P1.id_no, mdtrt_cert_type="02"))
    assert answer["infcode"] == 0, answer["err_msg"]
    assert billing.phone.bills == []


def test_a_payment_that_nobody_was_asked_about_has_none(billing: Rig) -> None:
    assert billing.settle(P1)["infcode"] == 0
    assert billing.phone.bills == []


def test_a_refund_is_a_bill_of_its_own_with_every_amount_turned(billing: Rig) -> None:
    settled = _paid(billing)
    assert billing.call("2103", billing.keys(settled))["infcode"] == 0
    first, second = billing.phone.bills
    assert _amounts(second) == [-amount for amount in _amounts(first)]
    assert (second["kind"], second["reverses"]) == ("refund", first["setlId"])
    assert second["setlId"] != first["setlId"]


def test_a_reversal_and_the_reversal_of_a_refund_are_bills_too(billing: Rig) -> None:
    msgid = billing.msgid()
    token = billing.token(P1)
    settled = billing.call("2102", billing.purchase(P1, token=token), msgid=msgid)
    refunding = billing.msgid()
    billing.call("2103", billing.keys(settled), msgid=refunding)
    for omsgid, oinfno in ((refunding, "2103"), (msgid, "2102")):
        data = {"data": {"psn_no": P1.psn_no, "omsgid": omsgid, "oinfno": oinfno}}
        assert billing.call("2601", data)["infcode"] == 0
    bills = billing.phone.bills
    assert [bill["kind"] for bill in bills] == ["payment", "refund", "reversal", "reversal"]
    assert [bill["reverses"] for bill in bills[1:]] == [bills[0]["setlId"], bills[1]["setlId"], bills[0]["setlId"]]
    assert [wire.amount(bill["total"]) > 0 for bill in bills] == [True, False, True, False]


def test_a_message_that_comes_again_is_not_billed_again(billing: Rig) -> None:
    request = billing.request("2102", billing.purchase(P1))
    assert billing.send(request) == billing.send(request)
    assert len(billing.phone.bills) == 1


def test_what_is_refused_after_it_was_confirmed_has_none(billing: Rig) -> None:
    msgid = billing.msgid()
    billing.call("2601", {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": "2102"}})  # bars it
    assert billing.call("2102", billing.purchase(P1), msgid=msgid)["infcode"] != 0
    assert billing.phone.bills == []


def test_a_bill_that_cannot_be_delivered_changes_nothing(billing: Rig) -> None:
    billing.phone.refuses = True
    settled = _paid(billing)
    setl_id = settled["output"]["setlinfo"]["setl_id"]
    assert billing.events("bill-undelivered") == [{"event": "bill-undelivered", "setl_id": setl_id}]
    billing.phone.refuses = False
    billing.call("2103", billing.keys(settled))
    assert [bill["reverses"] for bill in billing.phone.bills] == [setl_id], "the refund finds its channel all the same"


def test_a_refund_finds_the_channel_after_a_restart(tmp_path: Path, make_rig: Callable[..., Rig]) -> None:
    settings = PlatformSettings(ledger=str(tmp_path / "ledger.db"))
    one = make_rig(centre=CONFIRMED, platform=settings)
    one.sign_in()
    settled = _paid(one)
    one.loop.call(one.platform.stop())
    other = make_rig(centre=CONFIRMED, platform=settings)
    other.numbers = 100
    other.sign_nos = dict(one.sign_nos)
    assert other.call("2103", other.keys(settled))["infcode"] == 0
    assert [(bill["kind"], bill["chnlId"]) for bill in other.phone.bills] == [("refund", "alipay")]


@pytest.mark.parametrize(
    ("mutant", "kinds", "fund"),
    [
        ("no-bill", [], None),
        ("bill-twice", ["payment", "payment", "refund", "refund"], None),
        ("no-refund-bill", ["payment"], None),
        ("bill-without-fund", ["payment", "refund"], 0),
    ],
)
def test_mutants_bill_otherwise(make_rig: Callable[..., Rig], mutant: str, kinds: list[str], fund: int | None) -> None:
    rig = make_rig(centre=CONFIRMED, platform=PlatformSettings(mutant=mutant))
    rig.sign_in()
    assert rig.call("2103", rig.keys(_paid(rig)))["infcode"] == 0
    assert [bill["kind"] for bill in rig.phone.bills] == kinds
    assert all(wire.amount(bill["fund"]) == fund for bill in rig.phone.bills if fund is not None)
