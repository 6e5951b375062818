"""A centre that ends anywhere and is started again on its ledger: nothing answered is lost, nothing is doubled."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BenchError
from harness.faults.catalogue import Effect
from simulators.mobile_payment.settings import MobilePaymentSettings, Unknown
from simulators.platform.ledger import sqlite as sqlite_module
from simulators.platform.settings import PlatformSettings
from tests.simulators import platform_rigs
from tests.simulators.mobile_payment.durable_rig import DurableRig, durable
from tests.simulators.mobile_payment.mobile_payment_rig import HOSPITAL, PEOPLE
from tests.simulators.mobile_payment.settled_rig import Settlement

P2, P8 = PEOPLE["P002"], PEOPLE["P008"]
UNDER_WAY = (
    Effect.LOSE_REPLY,
    pytest.param(Effect.LOSE_REQUEST, marks=pytest.mark.slow),
    pytest.param(Effect.LATE_REQUEST, marks=pytest.mark.slow),
)
"""What the platform does with a message whose sender ends meanwhile: all of it, nothing, all of it afterwards."""
Make = Callable[..., DurableRig]
Order = dict[str, Any]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    rigs: list[DurableRig] = []

    def made(**settings: object) -> DurableRig:
        rigs.append(durable(**{"ledger": str(tmp_path / "orders.db"), **settings}))  # type: ignore[arg-type]  # settings by name
        return rigs[-1]

    yield made
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make: Make) -> DurableRig:
    return make()


def placed(rig: DurableRig, person: Any = P2, **more: object) -> Order:
    order = rig.uploaded(person, **more)
    answer = rig.pay(order)
    assert answer["code"] == 0, answer
    return {**order, **answer["data"]}


def own_paid(rig: DurableRig, order: Order) -> dict[str, Any]:
    return rig.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})


def whole(order: Order) -> dict[str, str]:
    return {"fund": order["fundPay"], "account": order["psnAcctPay"], "own": order["ownPayAmt"], "who": "P002"}


def booked(rig: DurableRig) -> list[str]:
    return [row["infno"] for row in rig.settlements()]


def in_force(rig: DurableRig) -> list[Settlement]:
    rows = rig.settlements()
    undone = {row["reverses"] for row in rows if row["reverses"]}
    return [row for row in rows if row["setl_id"] not in undone and row["reverses"] is None]


# --- what was answered ----------------------------------------------------------------------------------


def test_every_order_stands_where_it_stood(rig: DurableRig) -> None:
    rig.listen()
    saved, revoked, to_pay, paid, refunded = (rig.uploaded(P2) for _ in range(5))
    rig.call("6401", rig.about(revoked))
    rig.pay(to_pay)
    for order in (paid, refunded):
        order.update(rig.pay(order)["data"])
        if order is paid:
            own_paid(rig, order)
    before = {order["payOrdId"]: rig.call("6301", rig.about(order)) for order in (saved, revoked, to_pay, paid)}
    rig.restart()
    after = {order["payOrdId"]: rig.call("6301", rig.about(order)) for order in (saved, revoked, to_pay, paid)}
    assert [answer["data"] for answer in after.values()] == [answer["data"] for answer in before.values()]
    assert [answer["data"]["ordStas"] for answer in after.values()] == ["0", "12", "2", "6"]
    assert own_paid(rig, to_pay)["data"]["ordStas"] in {"6", "15"}, "it goes on where it was"


def test_what_is_sent_again_gets_its_first_answer_and_other_content_its_refusal(rig: DurableRig) -> None:
    upload = rig.upload(P2)
    first = rig.call("6201", upload)["data"]
    order = {**upload, **first}
    pay = rig.pay(order)["data"]
    own_paid(rig, order)
    refund = rig.refund_request({**order, **pay}, "CASH", "R1", own="1.00", who="P002")
    done = rig.call("6203", refund)["data"]
    rig.restart()
    assert rig.call("6201", upload)["data"] == first
    assert rig.call("6201", {**upload, "deptName": "another"})["code"] == 982009
    assert rig.pay(order)["data"] == pay
    assert rig.pay(order, orgBizSer="another")["code"] == 982012
    assert rig.call("6203", refund)["data"] == done
    assert rig.call("6203", {**refund, "cashRefdAmt": "1.01", "totlRefdAmt": "1.01"})["code"] == 982016
    assert booked(rig) == ["2207"]
    assert rig.orders_by_id()[order["payOrdId"]]["refunded_fen"] == 100


def test_numbers_are_never_given_twice(rig: DurableRig) -> None:
    orders = []
    for _ in range(3):
        orders += [rig.paid(P2) for _ in range(2)]
        rig.step(-3600 * (len(orders) // 4))
        rig.restart()
    for name in ("payOrdId", "payToken", "payAuthNo"):
        assert len({order[name] for order in orders}) == 6, name
    sent = [bytes(record.data or b"") for record in rig.tape.recent() if record.channel.startswith("platform.http")]
    msgids = [raw.partition(b'"msgid":"')[2][:30] for raw in sent if b'"msgid":"' in raw]
    assert len(msgids) > 20
    assert len(set(msgids)) == len(msgids), "on a clock that stands still, and one that has stepped back"


def test_an_authorisation_number_serves_once_also_after_a_restart(rig: DurableRig) -> None:
    number, late = rig.auth_no(P2), rig.auth_no(P2)
    order = rig.uploaded(P2, payAuthNo=number)
    rig.restart()
    assert rig.call("6201", rig.upload(P2, payAuthNo=number))["code"] == 982005
    assert rig.pay(order)["code"] == 0
    assert rig.call("6201", rig.upload(P2, payAuthNo=late))["code"] == 0


@pytest.mark.parametrize(("step_s", "code"), [(299, 0), (300, 982005)])
def test_a_clock_set_back_before_a_restart_gives_an_authorisation_number_one_life_more_at_most(
    rig: DurableRig, step_s: int, code: int
) -> None:
    number = rig.auth_no(P2)
    rig.step(-3600)
    rig.restart()
    rig.step(step_s)
    assert rig.call("6201", rig.upload(P2, payAuthNo=number))["code"] == code


def test_own_accounts_are_kept_without_a_platform(make: Make) -> None:
    rig = make(use_platform=False)
    order = rig.paid(P2)
    assert rig.balance(P2) == 0
    rig.restart()
    assert rig.balance(P2) == 0
    rig.refund(order, "ALL", "R1", **whole(order))
    rig.restart()
    assert rig.balance(P2) == P2.balance_fen


def test_without_a_ledger_a_start_begins_anew(make: Make) -> None:
    rig = make(ledger=None)
    order = rig.uploaded(P2)
    rig.restart()
    assert rig.call("6301", rig.about(order))["code"] == 982011


def test_a_reset_forgets_what_stands_in_the_file(rig: DurableRig) -> None:
    order = rig.uploaded(P2)
    rig.as_new()
    rig.restart()
    assert rig.call("6301", rig.about(order))["code"] == 982011
    assert rig.orders_by_id() == {}


def test_the_platforms_own_ledger_will_do_and_survives_a_reset_of_the_centre(tmp_path: Path, make: Make) -> None:
    path = str(tmp_path / "both.db")
    rig = DurableRig(MobilePaymentSettings(pays_after_s=0, ledger=path), platform=PlatformSettings(ledger=path))
    try:
        order = rig.paid(P2)
        rig.restart()
        assert rig.status(order) == "6"
        rig.loop.call(rig.payment.reset(seed=7))
        assert rig.call("6301", rig.about(order))["code"] == 982011
        assert booked(rig) == ["2207"]
    finally:
        rig.close()


@pytest.mark.slow
def test_a_postgresql_will_do(make: Make) -> None:
    try:
        with platform_rigs.postgres() as url:
            rig = make(ledger=url)
            order = rig.paid(P2)
            rig.trouble("2208", Effect.LOSE_REPLY)
            rig.in_the_midst("2208", lambda: rig.refund(order, "ALL", "R1", **whole(order)))
            rig.wait_for("refunded")
            assert rig.status(order) == "7"
            assert booked(rig) == ["2207", "2208"]
            rig.restart(ledger=None)
    except platform_rigs.NoPostgres as error:
        pytest.skip(f"no PostgreSQL: {error}")


# --- what was under way ---------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", UNDER_WAY)
@pytest.mark.parametrize("unknown", list(Unknown))
@pytest.mark.parametrize("resolve_after_s", [0, 30])
def test_a_settlement_under_way_is_cleared_up(
    make: Make, effect: Effect, unknown: Unknown, resolve_after_s: int
) -> None:
    rig = make(unknown=unknown, resolve_after_s=resolve_after_s)
    order = placed(rig)
    rig.trouble("2207", effect)
    rig.in_the_midst("2207", lambda: own_paid(rig, order))
    settled = unknown is Unknown.REPEAT
    if resolve_after_s:
        rig.wait_for("order-paid" if settled else "order-failed")
    else:
        assert rig.orders_by_id()[order["payOrdId"]]["status"] == "3", "only 6301 asks"
    assert rig.status(order) == ("6" if settled else "15")
    assert len(in_force(rig)) == settled
    assert rig.account(P2) == (0 if settled else P2.balance_fen)
    assert len(rig.events("own-reversed")) == (not settled)
    rig.restart()
    assert rig.status(order) == ("6" if settled else "15")
    assert len(in_force(rig)) == settled


def test_who_had_paid_when_the_centre_ended_before_the_settlement_has_paid(make: Make) -> None:
    rig = make(unpaid_s=3 * 86_400)
    order = placed(rig)
    rig.step(86_400)  # another day: the centre signs in before it settles
    rig.trouble("9001", Effect.LOSE_REPLY)
    rig.in_the_midst("9001", lambda: own_paid(rig, order))
    rig.wait_for("order-paid")
    assert rig.status(order) == "6"
    assert booked(rig) == ["2207"]
    assert len(rig.events("own-paid")) == 1


@pytest.mark.parametrize("effect", UNDER_WAY)
@pytest.mark.parametrize("unknown", list(Unknown))
def test_so_is_a_payment_order_that_settles_at_once(make: Make, effect: Effect, unknown: Unknown) -> None:
    rig = make(unknown=unknown)
    order = rig.uploaded(P8)
    rig.trouble("2207", effect)
    rig.in_the_midst("2207", lambda: rig.pay(order))
    settled = unknown is Unknown.REPEAT
    rig.wait_for("order-paid" if settled else "order-failed")
    again = rig.pay(order)
    assert again["code"] == 0, "the answer that never left"
    assert (again["data"]["ordStas"], again["data"]["ownPayAmt"]) == ("2", "0.00")
    end = "6" if settled else ("15" if effect is Effect.LOSE_REQUEST else rig.status(order))
    assert rig.status(order) == end
    assert end in {"6", "13", "15"}
    assert len(in_force(rig)) == settled


@pytest.mark.parametrize("infno", ["2201", "2203", "2204"])
@pytest.mark.parametrize("effect", UNDER_WAY)
def test_an_upload_under_way_is_the_same_message_again(rig: DurableRig, infno: str, effect: Effect) -> None:
    upload = rig.upload(P2)
    rig.trouble(infno, effect)
    rig.in_the_midst(infno, lambda: rig.call("6201", upload))
    assert rig.orders_by_id() == {}
    answer = rig.call("6201", upload)
    assert answer["code"] == 0, answer
    order = {**upload, **answer["data"]}
    assert rig.pay(order)["data"]["feeSumamt"] == "44.98"


@pytest.mark.parametrize("effect", UNDER_WAY)
@pytest.mark.parametrize("asks", ["6301", "6203", "itself"])
def test_a_refund_under_way_is_done_once(make: Make, effect: Effect, asks: str) -> None:
    rig = make(resolve_after_s=30 if asks == "itself" else 0)
    order = placed(rig)
    own_paid(rig, order)
    refund = rig.refund_request(order, "ALL", "R1", **whole(order))
    rig.trouble("2208", effect)
    rig.in_the_midst("2208", lambda: rig.call("6203", refund))
    if asks == "itself":
        rig.wait_for("refunded")
    elif asks == "6301":
        assert rig.status(order) == "7"
    assert rig.call("6203", refund)["data"]["refStatus"] == "SUCC"
    assert rig.status(order) == "7"
    assert booked(rig) == ["2207", "2208"]
    assert rig.account(P2) == P2.balance_fen
    assert rig.orders_by_id()[order["payOrdId"]]["refunded_fen"] == 4498


def test_a_refund_that_ends_between_its_two_legs_is_whole(rig: DurableRig) -> None:
    order = rig.paid(P2)
    refund = rig.refund_request(order, "ALL", "R1", **whole(order))
    rig.trouble("2205", Effect.LOSE_REQUEST)
    rig.in_the_midst("2205", lambda: rig.call("6203", refund))
    assert rig.call("6203", refund)["data"]["refStatus"] == "SUCC"
    assert booked(rig) == ["2207", "2208"]
    again = {**rig.upload(P2), **{name: order[name] for name in ("iptOtpNo", "chrgBchno", "feedetailList")}}
    assert rig.call("6201", again)["code"] == 0, "the details that were left go first"


def test_a_revocation_under_way_is_revoked(rig: DurableRig) -> None:
    order = rig.uploaded(P2)
    rig.trouble("2205", Effect.LOSE_REPLY)
    rig.in_the_midst("2205", lambda: rig.call("6401", rig.about(order)))
    assert rig.status(order) == "12"
    assert rig.call("6401", rig.about(order))["code"] == 0
    again = {**rig.upload(P2), **{name: order[name] for name in ("iptOtpNo", "chrgBchno", "feedetailList")}}
    assert rig.call("6201", again)["code"] == 0


def test_a_platform_that_hangs_keeps_nobody_from_asking_for_other_orders(make: Make) -> None:
    rig = make(platform_s=3.0)
    other, answered = rig.paid(P8), False
    for _ in range(3):  # a machine that stands still for longer than the platform is waited for shows nothing
        order = placed(rig)
        rig.trouble("2207", Effect.LOSE_REQUEST)
        since = rig.tape.seq
        with ThreadPoolExecutor(1) as person:
            answer = person.submit(own_paid, rig, order)
            rig.tape.wait_for(lambda record: b'"infno":"2207"' in (record.data or b""), since=since, timeout=60)
            assert rig.status(other) == "6"
            answered = not answer.done()
            assert answer.result(60)["data"]["ordStas"] == "3"
        if answered:
            break
    assert answered, "the platform has not been given up yet"


# --- what is due by itself ------------------------------------------------------------------------------


def test_people_pay_when_they_would_have_paid_and_the_unpaid_is_revoked(make: Make) -> None:
    rig = make(pays_after_s=5)
    pays = placed(rig)
    rig.step(3)
    rig.restart()
    rig.step(1)
    assert rig.status(pays) == "2"
    rig.step(1)
    rig.wait_for("order-paid")
    rig.restart(pays_after_s=0)
    forgets = placed(rig)
    rig.step(1000)
    rig.restart()
    rig.step(799)
    assert rig.status(forgets) == "2"
    rig.step(1)
    rig.wait_for("order-revoked")
    assert booked(rig) == ["2207"]


def test_what_was_due_meanwhile_is_done_at_the_start(make: Make) -> None:
    rig = make(pays_after_s=5)
    order = placed(rig)
    rig.loop.call(rig.payment.stop())
    rig.step(3600)
    rig.restart()
    rig.wait_for("order-paid")
    assert rig.status(order) == "6"


# --- notices --------------------------------------------------------------------------------------------


def test_a_notice_that_was_not_taken_goes_on_with_the_tries_that_are_left(make: Make) -> None:
    rig = make(callback_retries="10,20,30")
    rig.listen()
    rig.hospital.status = 500
    rig.paid(P2)
    rig.wait_for("callback-answered")
    rig.step(10)
    rig.wait_for("callback-answered", 2)
    rig.restart()
    rig.step(19)
    assert len(rig.hospital.notices) == 2, "not before its time"
    rig.step(1)
    rig.wait_for("callback-answered", 3)
    rig.restart()
    rig.hospital.status = 200
    rig.step(30)
    assert rig.wait_for("callback-answered", 4).event["taken"] is True
    assert [event["attempt"] for event in rig.events("callback-sent")] == [1, 2, 3, 4]
    rig.restart()
    rig.step(100_000)
    assert len(rig.hospital.notices) == 4, "what was taken is not sent again"


def test_a_notice_that_was_given_up_is_given_up(make: Make) -> None:
    rig = make(callback_retries="10")
    rig.listen()
    rig.hospital.status = 500
    rig.paid(P2)
    rig.wait_for("callback-answered")
    rig.step(10)
    rig.wait_for("callback-given-up")
    rig.restart()
    rig.step(100_000)
    assert len(rig.hospital.notices) == 2


def test_an_attempt_that_was_cut_off_is_made_again(rig: DurableRig) -> None:
    rig.listen()
    rig.hospital.silent = True
    order = rig.paid(P2)
    rig.tape.wait_for(lambda record: record.channel.startswith("hospital.http"), since=0, timeout=60)
    rig.hospital.silent = False
    rig.restart()
    rig.wait_for("callback-answered")
    told = [dict(rig.codec.open(raw, now_ns=rig.clock.now_ns()).data) for raw in rig.hospital.notices]
    assert [notice["payOrdId"] for notice in told] == [order["payOrdId"]] * 2
    assert told[0] == told[1]


def test_the_address_of_the_back_door_holds_until_a_reset_or_another_setting(rig: DurableRig) -> None:
    def address() -> str:
        return str(rig.http.get(rig.at.also["control"] + "/state").json()["callback_url"])

    rig.listen()
    named = address()
    rig.restart()
    assert address() == named
    rig.restart(callback_url="http://127.0.0.1:9/other")
    assert address() == "http://127.0.0.1:9/other"
    rig.listen()
    rig.as_new()
    assert address() == "http://127.0.0.1:9/other"


# --- a ledger that cannot be used -----------------------------------------------------------------------


def limit(rig: DurableRig, more: int) -> None:
    """Let the file grow by so many pages at most."""

    async def set_limit() -> None:
        store = rig.payment._ledger._store  # type: ignore[attr-defined]  # the rig's own
        store.one(f"PRAGMA max_page_count = {store.one('PRAGMA page_count')[0] + more}")

    rig.loop.call(set_limit())


def post(rig: DurableRig, service: str, data: dict[str, object]) -> int:
    envelope = rig.codec.seal(data, now_ns=rig.clock.now_ns())
    return rig.http.post(rig.at.at + rig.variant.paths[service], json=envelope).status_code


def test_a_full_disk_refuses_and_then_goes_on(rig: DurableRig) -> None:
    to_pay = placed(rig)
    uploads = [rig.upload(P2) for _ in range(60)]
    limit(rig, 4)
    accepted: list[Order] = []
    for upload in uploads:
        envelope = rig.codec.seal(upload, now_ns=rig.clock.now_ns())
        reply = rig.http.post(rig.at.at + rig.variant.paths["6201"], json=envelope)
        if reply.status_code == 503:
            break
        accepted.append({**upload, **dict(rig.codec.open_reply(reply.content, now_ns=rig.clock.now_ns()).data)})
    assert 0 < len(accepted) < 60
    assert [rig.status(order) for order in accepted] == ["0"] * len(accepted), "what was answered can be asked for"
    data = {"payOrdId": to_pay["payOrdId"], "result": "SUCCESS"}
    assert rig.http.post(rig.at.at + "/pay/own", json=data).status_code == 503
    assert booked(rig) == [], "what cannot be remembered is not asked of the platform"
    limit(rig, 10**6)
    assert rig.call("6201", uploads[len(accepted)])["code"] == 0
    assert own_paid(rig, to_pay)["data"]["ordStas"] == "6"
    rig.restart()
    assert len(rig.orders_by_id()) == len(accepted) + 2
    assert rig.status(to_pay) == "6"
    assert booked(rig) == ["2207"]


def test_a_disk_that_fails_lets_nothing_leave(rig: DurableRig, monkeypatch: pytest.MonkeyPatch) -> None:
    order = placed(rig)

    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    sent = len([record for record in rig.tape.recent() if record.channel.startswith("platform.http")])
    monkeypatch.setattr(sqlite_module, "FLUSH", broken)
    data = {"payOrdId": order["payOrdId"], "result": "SUCCESS"}
    assert rig.http.post(rig.at.at + "/pay/own", json=data).status_code == 503
    assert len([record for record in rig.tape.recent() if record.channel.startswith("platform.http")]) == sent
    assert rig.events("out-of-order")
    monkeypatch.undo()
    assert post(rig, "6301", rig.about(order)) == 503, "what a disk has failed to write once is not believed any more"
    rig.restart()
    assert rig.status(order) in {"2", "3", "15"}
    assert in_force(rig) == []


@pytest.mark.parametrize("refused", [False, True])
def test_an_answer_waits_for_the_disk(make: Make, monkeypatch: pytest.MonkeyPatch, refused: bool) -> None:
    rig = make(use_platform=False)
    order = placed(rig)
    begun, may_end = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        begun.set()
        may_end.wait(60)

    monkeypatch.setattr(sqlite_module, "FLUSH", slow)
    data = {"payOrdId": order["payOrdId"], "result": "SUCCESS"}

    def asked() -> int:
        return int(rig.http.post(rig.at.at + "/pay/own", json=data).json()["code"])

    with ThreadPoolExecutor(2) as people:
        answers = [people.submit(asked)]
        assert begun.wait(60)
        if refused:
            since = rig.tape.seq
            answers.append(people.submit(asked))
            rig.tape.wait_for(lambda record: b"/pay/own" in (record.data or b""), since=since, timeout=60)
        rig.loop.settle()
        assert not any(answer.done() for answer in answers), "what a refusal tells of is not safe either"
        may_end.set()
        assert [answer.result(60) for answer in answers] == ([0, 982012] if refused else [0])


def test_a_centre_that_ends_in_the_midst_of_a_flush_has_sent_nothing(
    rig: DurableRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed(rig)
    begun, may_end = threading.Event(), threading.Event()

    def killed(_: int) -> None:
        begun.set()
        may_end.wait(60)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sqlite_module, "FLUSH", killed)
    data = {"payOrdId": order["payOrdId"], "result": "SUCCESS"}
    with ThreadPoolExecutor(1) as person:
        answer = person.submit(lambda: rig.http.post(rig.at.at + "/pay/own", json=data).status_code)
        assert begun.wait(60)
        for name in ("orders.db", "orders.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"killed-{name}")
        assert not answer.done()
        may_end.set()
        assert answer.result(60) == 503
    monkeypatch.undo()
    (tmp_path / "killed-orders.db-wal").rename(tmp_path / "killed.db-wal")
    (tmp_path / "killed-orders.db").rename(tmp_path / "killed.db")
    rig.restart(ledger=str(tmp_path / "killed.db"))
    rig.wait_for("order-failed")
    assert rig.status(order) == "15", "it may have been sent, as far as the file says"
    assert booked(rig) == []


def test_two_centres_do_not_share_a_ledger(rig: DurableRig, tmp_path: Path) -> None:
    first = rig.uploaded(P2)
    other = durable(str(tmp_path / "orders.db"))
    try:
        assert other.status(first) == "0"
        assert post(rig, "6201", rig.upload(P2, payAuthNo="AUTH0")) == 200, "a refusal writes nothing"
        data = {"appId": rig.settings.app_id, "idNo": P2.id_no, "userName": P2.name, "idType": "01"}
        found = rig.http.post(rig.at.at + "/api/mipuserquery/userQuery/partner", json=data)
        assert found.status_code == 503
        assert "opened this ledger" in rig.events("out-of-order")[0]["problem"]
        assert other.call("6201", other.upload(P2, medOrgOrd="OTHER", iptOtpNo="OTHER"))["code"] == 0
    finally:
        other.close()


def test_orders_of_another_population_are_not_read(tmp_path: Path, rig: DurableRig) -> None:
    rig.uploaded(P2)
    rig.loop.call(rig.payment.stop())
    with sqlite3.connect(tmp_path / "orders.db") as db:
        db.execute(
            "UPDATE kept SET body = replace(body, ?, 'H00000000000') WHERE kind = 'mobile-order'", (HOSPITAL.code,)
        )
    db.close()
    with pytest.raises(BenchError, match="cannot be read"):
        rig.restart()
