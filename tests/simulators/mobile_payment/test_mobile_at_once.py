"""Orders at the same time: one that hangs at the platform holds up no other, and money and answers stay as in turn."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fixtures.population import Person
from harness.errors import BenchError
from harness.faults.catalogue import Effect
from harness.wire.institution import amount
from simulators.mobile_payment.settings import MobilePaymentSettings, Unknown
from simulators.mobile_payment.store import Store
from tests.simulators.mobile_payment.durable_rig import DurableRig, durable
from tests.simulators.mobile_payment.mobile_payment_rig import PEOPLE
from tests.simulators.mobile_payment.settled_rig import SettledRig

P1, P2, P4, P8, P9 = (PEOPLE[name] for name in ("P001", "P002", "P004", "P008", "P009"))
LONG_S = 60.0
"""A platform that hangs is not given up while a test looks."""
SHORT_S, SHORTEST_S = 2.0, 0.4
"""One that is given up in the end: longer than a machine stands still; and where it makes no difference."""
Make = Callable[..., DurableRig]
Order = dict[str, Any]
WHOLE = ("fundPay", "psnAcctPay", "ownPayAmt")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    rigs: list[DurableRig] = []

    def made(**settings: object) -> DurableRig:
        given = {"ledger": str(tmp_path / "orders.db"), "durability": "process", "resolve_after_s": 0, **settings}
        rigs.append(durable(**given))  # type: ignore[arg-type]  # settings by name
        return rigs[-1]

    yield made
    for rig in rigs:
        rig.close()


def placed(rig: SettledRig, person: Person = P2, **more: object) -> Order:
    order = rig.uploaded(person, **more)
    answer = rig.pay(order)
    assert answer["code"] == 0, answer
    return {**order, **answer["data"]}


def own_paid(rig: SettledRig, order: Order) -> dict[str, Any]:
    return rig.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})


def status_of_own_pay(rig: SettledRig, order: Order) -> int:
    """The same, as HTTP has it."""
    return rig.http.post(rig.at.at + "/pay/own", json={"payOrdId": order["payOrdId"], "result": "SUCCESS"}).status_code


def whole(rig: SettledRig, order: Order, serial: str, who: str = "P002") -> dict[str, object]:
    fund, account, own = (order[name] for name in WHOLE)
    return rig.refund_request(order, "ALL", serial, fund=fund, account=account, own=own, who=who)


def under_way(rig: SettledRig, infno: str, deed: Callable[[], object], crowd: ThreadPoolExecutor) -> "Future[object]":
    """Have somebody do something of which the platform has got `infno`, and does not answer."""
    since, named = rig.tape.seq, f'"infno":"{infno}"'.encode()
    doing = crowd.submit(deed)
    found = rig.tape.wait_for(
        lambda record: record.channel.startswith("platform.http") and named in (record.data or b""),
        since=since,
        timeout=60,
    )
    assert found is not None, f"no {infno} at the platform"
    return doing


def books_agree(rig: SettledRig) -> None:
    """What the ledger has booked and not undone are the orders that are paid, to the fen; accounts likewise."""
    rows = rig.settlements()
    undone = {row["reverses"] for row in rows if row["reverses"]}
    live = {row["msgid"]: row for row in rows if row["setl_id"] not in undone and row["reverses"] is None}
    for order in rig.orders_by_id().values():
        booked = live.pop(order["msgid"], None)
        assert (booked is not None) == (order["status"] in {"6", "9", "10"}), order
        if booked is not None:
            seen = tuple(booked[name] for name in ("total_fen", "fund_fen", "account_fen", "cash_fen"))
            assert seen == tuple(order[name] for name in ("total_fen", "fund_fen", "account_fen", "own_fen"))
    assert live == {}, "the ledger has what no order has"
    assert sum(rig.books()["postings"].values()) == 0
    for person in PEOPLE.values():
        spent = sum(row["account_fen"] - row["mutual_fen"] for row in rows if row["psn_no"] == person.psn_no)
        assert rig.account(person) == person.balance_fen - spent >= 0


# --- a platform that hangs ------------------------------------------------------------------------------


@pytest.mark.parametrize("infno", ["2201", "2204", "2205", "2206", "2207", "2208"])
def test_one_order_that_hangs_holds_up_no_other(make: Make, infno: str) -> None:
    rig = make(platform_s=LONG_S)
    waits = rig.upload(P2) if infno in {"2201", "2204"} else rig.uploaded(P2)
    if infno in {"2207", "2208"}:
        waits.update(rig.pay(waits)["data"])
    if infno == "2208":
        own_paid(rig, waits)
    deeds: dict[str, Callable[[], object]] = {
        "2201": lambda: rig.call("6201", waits),
        "2204": lambda: rig.call("6201", waits),
        "2205": lambda: rig.call("6401", rig.about(waits)),
        "2206": lambda: rig.pay(waits),
        "2207": lambda: own_paid(rig, waits),
        "2208": lambda: rig.call("6203", whole(rig, waits, "R1")),
    }
    rig.trouble(infno, Effect.LOSE_REQUEST)
    with ThreadPoolExecutor(1) as crowd:
        doing = under_way(rig, infno, deeds[infno], crowd)
        mine, revoked = rig.paid(P8), rig.uploaded(P8)
        assert rig.status(mine) == "6"
        assert rig.call("6203", whole(rig, mine, "R2", "P008"))["data"]["refStatus"] == "SUCC"
        assert rig.call("6401", rig.about(revoked))["code"] == 0
        assert rig.status(mine) == "7"
        assert not doing.done(), "the platform has not been given up yet"
        rig.restart()  # whoever waits, waits in vain


def test_an_order_of_another_charge_of_the_same_visit_goes_on_as_well(make: Make) -> None:
    rig = make(platform_s=LONG_S)
    waits = placed(rig)
    rig.trouble("2207", Effect.LOSE_REQUEST)
    with ThreadPoolExecutor(1) as crowd:
        doing = under_way(rig, "2207", lambda: own_paid(rig, waits), crowd)
        assert rig.status(rig.paid(P2, iptOtpNo=waits["iptOtpNo"])) == "6"
        assert not doing.done()
        rig.restart()


def test_who_comes_while_the_centre_signs_in_shares_that_sign_in(make: Make) -> None:
    rig = make(platform_s=SHORT_S)
    rig.trouble("9001", Effect.LOSE_REQUEST)
    since = rig.tape.seq

    def signed_in() -> int:
        sent = [record for record in rig.tape.recent() if record.seq > since and record.channel[:8] == "platform"]
        return sum(b'"infno":"9001"' in (record.data or b"") for record in sent)

    uploads = [rig.upload(P2) for _ in range(5)]
    with ThreadPoolExecutor(5) as crowd:
        first = under_way(rig, "9001", lambda: rig.call("6201", uploads[0])["code"], crowd)
        others = [crowd.submit(lambda data: rig.call("6201", data)["code"], upload) for upload in uploads[1:]]
        assert [doing.result(60) for doing in (first, *others)] == [982021] * 5
    assert signed_in() == 1
    with ThreadPoolExecutor(5) as crowd:
        answers = list(crowd.map(lambda upload: rig.call("6201", upload)["code"], uploads))
    assert answers == [0] * 5
    assert signed_in() == 2


# --- at once, and yet once ------------------------------------------------------------------------------


def test_one_authorisation_number_serves_one_of_ten_orders_at_once(make: Make) -> None:
    rig = make()
    number = rig.auth_no(P2)
    uploads = [rig.upload(P2, payAuthNo=number) for _ in range(10)]
    with ThreadPoolExecutor(10) as crowd:
        codes = sorted(crowd.map(lambda upload: rig.call("6201", upload)["code"], uploads))
    assert codes == [0, *[982005] * 9]
    assert len(rig.orders_by_id()) == 1, "whoever is refused leaves no order behind"


@pytest.mark.parametrize("use_platform", [True, False])
def test_of_ten_orders_of_one_charge_batch_one_is_placed(make: Make, use_platform: bool) -> None:
    rig = make(use_platform=use_platform)
    lines = rig.upload(P2)["feedetailList"]
    same = {"iptOtpNo": "OP-SAME", "chrgBchno": "B-SAME"}
    uploads = [
        rig.upload(P2, **same, feedetailList=[{**row, "feedetlSn": f"{n}-{row['feedetlSn']}"} for row in lines])  # type: ignore[attr-defined]  # rows
        for n in range(10)
    ]
    with ThreadPoolExecutor(10) as crowd:
        made = [
            {**upload, **answer["data"]}
            for upload, answer in zip(uploads, crowd.map(lambda upload: rig.call("6201", upload), uploads), strict=True)
            if answer["code"] == 0
        ]
        assert made
        codes = list(crowd.map(lambda order: rig.pay(order)["code"], made))
        list(crowd.map(lambda order: own_paid(rig, order), made))
    if use_platform:  # which refuses all of them while the lines of the others stand in the batch, too
        assert codes.count(0) <= 1
        assert len(rig.settlements()) <= 1
        books_agree(rig)
    else:
        assert codes.count(0) == 1
        assert codes.count(982010) == 9


@pytest.mark.parametrize("use_platform", [True, False])
def test_one_account_pays_once_however_many_orders_want_it(make: Make, use_platform: bool) -> None:
    rig = make(use_platform=use_platform)
    orders = [placed(rig) for _ in range(8)]
    assert {order["psnAcctPay"] for order in orders} == {"5.00"}, "all were promised the same five yuan"
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda order: own_paid(rig, order), orders))
        ends = sorted(crowd.map(rig.status, orders))
    assert ends == [*["15"] * 7, "6"]
    if use_platform:
        books_agree(rig)
    else:
        assert rig.balance(P2) == 0


def test_ten_who_place_one_order_at_once_get_one_answer_and_one_booking(make: Make) -> None:
    rig = make()
    order = rig.uploaded(P2)
    del order["payAuthNo"]  # which 6202 does not need, and which would have them wait for one another, too
    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(lambda _: rig.pay(order)["data"], range(10)))
        paid = list(crowd.map(lambda _: own_paid(rig, order)["code"], range(10)))
    assert answers == answers[:1] * 10
    assert paid.count(0) == 1
    assert [row["infno"] for row in rig.settlements()] == ["2207"]
    assert len(rig.events("own-paid")) == 1


# --- what must not be kept ------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", list(Unknown))
def test_what_hangs_while_the_ledger_fails_is_read_again_and_cleared_up(
    make: Make, monkeypatch: pytest.MonkeyPatch, unknown: Unknown
) -> None:
    rig = make(platform_s=SHORT_S, unknown=unknown, resolve_after_s=30)
    hangs, fails = placed(rig), placed(rig, P8, acctUsedFlag="0")
    rig.trouble("2207", Effect.LOSE_REPLY)
    with ThreadPoolExecutor(1) as crowd:
        doing = under_way(
            rig,
            "2207",
            lambda: status_of_own_pay(rig, hangs),
            crowd,
        )
        save = Store.save

        def full(_: Store) -> None:
            raise BenchError("It is full.", cause="a test", remedy="none")

        monkeypatch.setattr(Store, "save", full)
        assert status_of_own_pay(rig, fails) == 503
        monkeypatch.setattr(Store, "save", save)
        assert own_paid(rig, fails)["data"]["ordStas"] == "6", "the ledger can be used again"
        assert doing.result(60) == 503
    settled = unknown is Unknown.REPEAT
    rig.wait_for("order-paid" if settled else "order-failed", 2 if settled else 1)
    assert rig.status(hangs) == ("6" if settled else "15")
    books_agree(rig)


def test_what_hangs_when_a_case_ends_does_nothing_in_the_next(make: Make) -> None:
    rig = make(platform_s=SHORT_S)
    hangs = placed(rig)
    rig.trouble("2207", Effect.LOSE_REQUEST)
    with ThreadPoolExecutor(1) as crowd:
        doing = under_way(rig, "2207", lambda: status_of_own_pay(rig, hangs), crowd)
        rig.as_new()
        order = rig.uploaded(P2)
        assert order["payOrdId"] == hangs["payOrdId"], "the first of a case, as ever"
        assert doing.result(60) == 503
    assert rig.status(order) == "0"
    assert [row["status"] for row in rig.orders_by_id().values()] == ["0"]
    assert rig.events("insurance-unknown") == []
    assert rig.events("out-of-order") == []
    rig.restart()
    assert rig.status(order) == "0", "nor is anything of it in the ledger"


def test_message_numbers_go_on_after_whatever_was_given_last(make: Make) -> None:
    rig = make()
    rig.paid(P8)
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda _: rig.paid(P8, acctUsedFlag="0"), range(8)))
    rig.restart()
    rig.paid(P8, acctUsedFlag="0")
    sent = [bytes(record.data or b"") for record in rig.tape.recent() if record.channel.startswith("platform.http")]
    msgids = [raw.partition(b'"msgid":"')[2][:30] for raw in sent if b'"msgid":"' in raw]
    assert len(set(msgids)) == len(msgids) > 30


# --- anything at once -----------------------------------------------------------------------------------

TROUBLED = ("2204", "2205", "2206", "2207", "2207", "2207", "2208", "2208", "2601")
LOST = (Effect.BAD_GATEWAY, Effect.BAD_GATEWAY_AFTER, Effect.CUT_CONNECTION, Effect.LOSE_REPLY, Effect.LOSE_REQUEST)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
@pytest.mark.parametrize("unknown", list(Unknown))
def test_ledger_and_orders_agree_whatever_many_do_at_once(make: Make, seed: int, unknown: Unknown) -> None:
    rig, draw = make(unknown=unknown, platform_s=SHORTEST_S), random.Random(seed)
    for _ in range(12):
        rig.trouble(draw.choice(TROUBLED), draw.choice(LOST), draw.randint(1, 6))
    shared: list[Order] = []
    lock, people = threading.Lock(), [P1, P2, P4, P8, P9]

    def drawn(options: list[Any]) -> Any:
        with lock:
            return draw.choice(options)

    def buy(number: int) -> None:
        person = drawn(people)
        with lock:
            data = rig.upload(person)
        answer = rig.call("6201", data)
        if answer["code"] == 0:
            order = {**data, **answer["data"], "person": person.id}
            order.update(rig.pay(order).get("data") or {})
            shared.append(order)
        for deed in range(3):
            if shared:
                act(drawn(shared), drawn(["own", "own", "query", "revoke", "cash", "all"]), f"R{number}-{deed}")

    def act(order: Order, deed: str, serial: str) -> None:
        if deed == "own":
            own_paid(rig, order)
        elif deed == "query":
            rig.call("6301", rig.about(order))
        elif deed == "revoke":
            rig.call("6401", rig.about(order))
        elif deed == "cash":
            rig.refund(order, "CASH", serial, own="0.01", who=order["person"])
        elif "fundPay" in order:
            rig.call("6203", whole(rig, order, serial, order["person"]))

    with ThreadPoolExecutor(6) as crowd:
        list(crowd.map(buy, range(18)))
    rig.platform_faults.clear()
    for order in shared:
        assert rig.call("6301", rig.about(order))["data"]["ordStas"] != "17"
    assert len(shared) > 4
    assert not any(order["unknown"] for order in rig.orders_by_id().values())
    books_agree(rig)
    before = rig.orders_by_id()
    rig.restart()
    assert rig.orders_by_id() == before, "the ledger has every order as it is"


# --- in turn, all as ever -------------------------------------------------------------------------------


def test_one_after_the_other_the_same_seed_gives_the_same_messages() -> None:
    def day() -> tuple[list[object], list[bytes]]:
        rig = SettledRig(MobilePaymentSettings(pays_after_s=0))
        try:
            paid = rig.paid(P2)
            rig.call("6203", whole(rig, {**paid}, "R1"))
            rig.call("6401", rig.about(rig.uploaded(P8)))
            rig.trouble("2207", Effect.BAD_GATEWAY_AFTER)
            order = placed(rig, P8, acctUsedFlag="0")
            own_paid(rig, order)
            rig.status(order)
            events: list[object] = [(record.name, dict(record.event)) for record in rig.tape.recent() if record.name]
            bodies = [bytes(record.data or b"").partition(b"\r\n\r\n")[2] for record in rig.tape.recent()]
            assert amount(order["ownPayAmt"]) > 0
            return events, bodies
        finally:
            rig.close()

    assert day() == day()
