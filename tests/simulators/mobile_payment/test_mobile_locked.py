"""Another program locks the orders' ledger: what books nothing is answered, what does waits, and in the end is refused.

The other program is a process of its own with an open transaction on the file.
"""

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simulators.mobile_payment.platform_line import Outcome, PlatformLine
from simulators.mobile_payment.store import Store
from tests.simulators.mobile_payment.durable_rig import DurableRig, durable
from tests.simulators.mobile_payment.mobile_payment_rig import PEOPLE

P2 = PEOPLE["P002"]
BUSY = 982022
LOCKS = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN IMMEDIATE')"
Make = Callable[..., DurableRig]


@contextlib.contextmanager
def locked(ledger: Path) -> Iterator[None]:
    """Another process has the ledger locked."""
    words = [sys.executable, "-c", f"{LOCKS}; print('locked', flush=True); sys.stdin.read(); db.rollback()"]
    with subprocess.Popen([*words, str(ledger)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield  # leaving closes its input, by which it ends


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def make(ledger: Path) -> Iterator[Make]:
    rigs: list[DurableRig] = []

    def made(**settings: Any) -> DurableRig:
        rigs.append(durable(str(ledger), **settings))
        return rigs[-1]

    yield made
    for rig in rigs:
        rig.close()


def placed(rig: DurableRig) -> dict[str, object]:
    order = rig.uploaded(P2)
    assert rig.pay(order)["code"] == 0
    return order


def pay_own(rig: DurableRig, order: dict[str, object]) -> dict[str, Any]:
    return rig.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})


def test_what_books_nothing_is_answered_while_a_payment_waits(make: Make, ledger: Path) -> None:
    rig = make(lock_patience_s=60)
    upload = rig.upload(P2)
    first = rig.call("6201", upload)
    order, other = placed(rig), rig.paid(PEOPLE["P001"])
    with ThreadPoolExecutor(1) as person:
        with locked(ledger):
            since = rig.tape.seq
            paying = person.submit(pay_own, rig, order)
            assert rig.tape.wait_for(lambda record: b"/pay/own" in (record.data or b""), since=since, timeout=60)
            for n in range(10):
                assert (rig.status(other), rig.status(order), n) == ("6", "2", n), "also of the order itself"
            assert rig.call("6201", upload)["data"] == first["data"], "what was submitted before"
            assert not paying.done()
        assert paying.result(30)["code"] == 0
    assert rig.status(order) == "6"


def test_what_cannot_be_booked_is_refused_and_may_come_again(make: Make, ledger: Path) -> None:
    rig = make(lock_patience_s=0)
    paid = rig.paid(P2)
    refund = rig.refund_request(paid, "CASH", "R1", own="1.00", who="P002")
    order = placed(rig)
    upload = rig.upload(P2)
    identity = {"appId": rig.settings.app_id, "idNo": P2.id_no, "userName": P2.name, "idType": "01"}
    with locked(ledger):
        assert rig.call("6201", upload)["code"] == BUSY
        assert pay_own(rig, order)["code"] == BUSY
        assert rig.plain("/api/mipuserquery/userQuery/partner", identity)["code"] == BUSY
        assert rig.call("6401", rig.about(order))["code"] == BUSY
        assert rig.call("6203", refund)["code"] == BUSY
        assert rig.status(order) == "2"
    said = rig.events("out-of-order")
    assert len(said) == 5
    assert "locked by another program" in str(said[0]["problem"])
    assert rig.call("6201", upload)["code"] == 0
    assert pay_own(rig, order)["code"] == 0
    assert rig.call("6203", refund)["data"]["refStatus"] == "SUCC"
    assert (rig.status(order), rig.status(paid)) == ("6", "10")


def test_what_an_order_does_by_itself_is_done_when_it_can_be(make: Make, ledger: Path) -> None:
    rig = make(lock_patience_s=0, unpaid_s=60)
    order = placed(rig)
    with locked(ledger):
        since = rig.tape.seq
        rig.step(60)
        assert rig.tape.wait_for(lambda record: record.name == "out-of-order", since=since, timeout=60)
        assert rig.status(order) == "2"
    since = rig.tape.seq
    rig.step(10)
    assert rig.tape.wait_for(lambda record: record.name == "order-revoked", since=since, timeout=60)
    assert rig.status(order) == "12"


def test_what_waits_to_be_saved_is_not_told(make: Make, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = make(lock_patience_s=60)
    order = placed(rig)
    booked, may_go_on, saves = threading.Event(), threading.Event(), threading.Event()
    answered, turn = PlatformLine._answered, Store.turn

    async def later(line: PlatformLine, infno: str, *rest: Any) -> Outcome:
        outcome = await answered(line, infno, *rest)
        if infno == "2207":
            booked.set()
            await asyncio.to_thread(may_go_on.wait, 30)
        return outcome

    async def seen(store: Store) -> None:
        if booked.is_set():
            saves.set()
        await turn(store)

    monkeypatch.setattr(PlatformLine, "_answered", later)
    monkeypatch.setattr(Store, "turn", seen)
    with ThreadPoolExecutor(1) as person:
        paying = person.submit(pay_own, rig, order)
        assert booked.wait(60)
        with locked(ledger):
            may_go_on.set()
            assert saves.wait(60)
            told = rig.status(order)
            assert not paying.done()
        assert paying.result(30)["data"]["ordStas"] == "6"
    assert told in {"2", "3"}, "paid, as it turned out, but nobody could rely on that yet"
    assert rig.status(order) == "6"
