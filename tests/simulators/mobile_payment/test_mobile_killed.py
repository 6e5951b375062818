"""Killed with SIGKILL, platform and centre in turn: orders, the clients' answers and the ledger agree to the fen.

32 clients buy, pay, ask and give back; whenever another `KILLED_EVERY` orders have been placed one of the two is killed
and started again on its ledger. `LIANTIAO_ORDERS=2000` makes it the full size.
"""

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures.people_register import Insurance, register_records
from fixtures.population import Person, people
from harness.wire.institution import amount
from simulators.platform.ledger import Ledger
from tests.simulators import platform_rigs
from tests.simulators.mobile_payment.killed_rig import Client, Order, Pair, Party, about, pay, refund, upload
from tests.simulators.mobile_payment.mobile_payment_rig import HOSPITAL

ORDERS = int(os.environ.get("LIANTIAO_ORDERS", "200"))
CLIENTS = 32
KILLED_EVERY = 100
HUNG = {
    "2204": "lose-reply",
    "2206": "lose-request",
    "2207": "lose-reply",
    "2208": "lose-reply",
    "2205": "lose-request",
}
"""Messages of which the platform leaves every fifth without an answer, where it hangs."""
PARTS = ("feeSumamt", "fundPay", "psnAcctPay", "ownPayAmt")


def buyers() -> list[Person]:
    """Everybody whose insurance is valid and whose orders no platform refuses."""
    records = register_records()
    return [person for person in people() if records[person.id_no].insurance is Insurance.VALID]


@pytest.fixture
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    unknown = getattr(request, "param", "repeat")
    quick = ("--platform-s", "0.3") if "hangs" in request.node.name else ()
    made = Pair(tmp_path, "--pays-after-s", "0", "--unknown", unknown, "--resolve-after-s", "1", *quick)
    yield made
    made.close()


@dataclass
class Day:
    """The clients, what they were told, and who is killed when."""

    pair: Pair
    every: int
    told: dict[str, Order] = field(default_factory=dict)
    """By payOrdId: what 6202 said, and the state that the client saw last."""
    hangs: bool = False
    """Whether the platform leaves messages without an answer."""
    placed: int = 0
    kills: int = 0
    sent_again: int = 0
    unequal: list[str] = field(default_factory=list)

    async def trade(self, orders: int) -> None:
        """So many orders by all clients; they are killed meanwhile."""
        numbers = iter(range(1, orders + 1))
        await asyncio.to_thread(self._hang, orders)
        self._due, self._over = asyncio.Event(), False
        killing = asyncio.create_task(self._kill(orders))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CLIENTS):
                    group.create_task(self._client(numbers))
        finally:
            self._over = True
            self._due.set()
            await killing

    def _hang(self, orders: int) -> None:
        """Have the platform leave messages without an answer, from now on and until it is killed."""
        for infno, effect in HUNG.items() if self.hangs else ():
            for nth in range(5, orders, 5):
                fault = {"message": infno, "effect": effect, "nth": nth}
                httpx.post(
                    f"{self.pair.platform.control}/fault", json=fault, trust_env=False, timeout=60
                ).raise_for_status()

    async def _kill(self, orders: int) -> None:
        turns = [self.pair.centre, self.pair.platform]
        while True:
            await self._due.wait()
            self._due.clear()
            if self._over:
                return
            victim = turns[self.kills % 2]
            self.kills += 1
            if victim is self.pair.centre:
                self.pair.up.clear()
            victim.kill()
            await asyncio.to_thread(victim.start)
            if victim is self.pair.platform:
                await asyncio.to_thread(self._hang, orders)
            self.pair.up.set()

    async def _client(self, numbers: Iterator[int]) -> None:
        client, somebody = Client(self.pair), buyers()
        try:
            for number in numbers:
                await self._order(client, number, somebody[number % len(somebody)])
        finally:
            self.sent_again += client.sent_again
            client.close()

    async def _order(self, client: Client, number: int, person: Person) -> None:
        order: Order = upload(person, number, await client.auth_no(person))
        made = await client.call("6201", order)
        assert made["code"] == 0, made
        order |= made["data"]
        answer = await client.call("6202", pay(order))
        assert answer["code"] == 0, answer
        order |= {name: answer["data"][name] for name in PARTS}
        self.told[order["payOrdId"]] = order
        self.placed += 1
        if self.placed % self.every == 0:
            self._due.set()
        if number % 10 == 0 and (await client.call("6202", pay(order)))["data"] != answer["data"]:
            self.unequal.append(order["payOrdId"])
        if number % 11 == 0:
            await client.call("6401", about(order))
        elif order["ownPayAmt"] != "0.00":
            await client.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
        order["status"] = await self._end(client, order)
        if order["status"] != "6":
            return
        given = {"fund": order["fundPay"], "account": order["psnAcctPay"], "own": order["ownPayAmt"]}
        kinds: dict[int, tuple[str, dict[str, str]]] = {
            0: ("ALL", given),
            1: ("CASH", {"own": "0.01"}),
            2: ("HI", {name: given[name] for name in ("fund", "account")}),
        }
        if number % 7 not in kinds:
            return
        kind, asked = kinds[number % 7]
        if not any(amount(yuan) for yuan in asked.values()) or (kind == "CASH" and given["own"] == "0.00"):
            return
        wish = refund(order, kind, f"R{number}", await client.auth_no(person), **asked)
        while (back := await client.call("6203", wish)).get("data") == {**back.get("data", {}), "refStatus": "EXP"}:
            pass
        assert back["code"] == 0, back
        assert back["data"]["refStatus"] == "SUCC"
        order["status"] = await self._end(client, order)
        order["refunded"] = wish["totlRefdAmt"]

    async def _end(self, client: Client, order: Order) -> str:
        """The order's state once nothing is under way any more."""
        while True:
            state = str((await client.call("6301", about(order)))["data"]["ordStas"])
            if state in {"0", "2", "3", "17"}:
                left = order["payOrdId"] in self.told and state in {"2", "3"} and order["ownPayAmt"] != "0.00"
                if left:  # the payment may have been cut off before it was taken: the channel tells again
                    await client.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
                continue
            return state


def demand_agreement(day: Day, folder: Path) -> None:
    """Orders, answers and ledger, to the fen."""
    state = {row["pay_ord_id"]: row for row in day.pair.centre.state()["orders"]}
    day.pair.close()
    books = Ledger(str(folder / "books.db"))
    try:
        rows = books.settlements()
        undone = {row.reverses for row in rows if row.reverses}
        live = {row.msgid: row for row in rows if row.setl_id not in undone and row.reverses is None}
        assert len({row.msgid for row in rows}) == len(rows)
        assert state.keys() == day.told.keys(), "an order that was answered, and no other"
        expected: Counter[str] = Counter()
        for pay_ord_id, told in day.told.items():
            order = state[pay_ord_id]
            assert order["status"] == told["status"], told
            assert not order["unknown"]
            fen = tuple(order[name] for name in ("total_fen", "fund_fen", "account_fen", "own_fen"))
            assert fen == tuple(amount(told[name]) for name in PARTS)
            assert fen[0] == sum(fen[1:]) == 4498
            assert order["refunded_fen"] == amount(told.get("refunded", "0.00"))
            booking = live.pop(order["msgid"], None) if order["msgid"] else None
            if told["status"] in {"6", "9", "10"}:
                assert booking is not None, told
                assert fen == (booking.total_fen, booking.fund_fen, booking.account_fen, booking.cash_fen)
                expected[f"institution:{HOSPITAL.code}"] += fen[0]
                expected[f"account:{booking.psn_no}"] -= fen[2] - booking.mutual_fen
            else:
                assert booking is None, told
        assert live == {}, "the ledger has what no order has"
        totals = books.totals()
        assert sum(totals.values()) == 0
        for name, fen_there in totals.items():
            if name.startswith(("institution:", "account:")):
                assert fen_there == expected[name], name
        for psn_no, (opening, balance) in books.accounts().items():
            assert balance == opening + totals.get(f"account:{psn_no}", 0) >= 0
    finally:
        books.close()


def killed_day(pair: Pair, folder: Path, *, orders: int, every: int, hangs: bool = False) -> Day:
    day = Day(pair, every, hangs=hangs)
    platform_rigs.run(lambda: day.trade(orders))
    assert day.unequal == []
    assert len(day.told) == orders
    demand_agreement(day, folder)
    ends = Counter(order["status"] for order in day.told.values())
    print(f"\n{orders} orders, {day.kills} kills, {day.sent_again} sent again, ends {dict(ends)}")
    return day


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("pair", ["repeat", "reverse"], indirect=True)
def test_orders_split_and_ledger_agree_after_many_kills(pair: Pair, tmp_path: Path) -> None:
    day = killed_day(pair, tmp_path, orders=ORDERS, every=KILLED_EVERY)
    assert day.kills >= ORDERS // KILLED_EVERY - 1
    assert day.sent_again > 0


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_orders_split_and_ledger_agree_after_two_kills(pair: Pair, tmp_path: Path) -> None:
    assert killed_day(pair, tmp_path, orders=40, every=15).kills >= 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("pair", ["repeat", "reverse"], indirect=True)
def test_orders_split_and_ledger_agree_when_the_platform_hangs_and_both_are_killed(pair: Pair, tmp_path: Path) -> None:
    orders = ORDERS // 5
    day = killed_day(pair, tmp_path, orders=orders, every=orders // 3, hangs=True)
    assert day.kills >= 2
    assert day.sent_again > 0


def ran(pair: Pair, *deeds: Any) -> list[Any]:
    async def all_of_them() -> list[Any]:
        client = Client(pair)
        try:
            return [await deed(client) for deed in deeds]
        finally:
            client.close()

    found: list[Any] = platform_rigs.run(all_of_them)
    return found


@pytest.mark.parametrize("victim", [pytest.param("platform", marks=pytest.mark.slow), "centre"])
def test_whoever_is_killed_between_6202_and_the_settlement_the_order_ends_paid_once(pair: Pair, victim: str) -> None:
    (person, *_) = buyers()
    party: Party = getattr(pair, victim)

    async def deed(client: Client) -> str:
        order: Order = upload(person, 2, await client.auth_no(person))
        order |= (await client.call("6201", order))["data"]
        first = await client.call("6202", pay(order))
        party.kill()
        if victim == "platform":
            told = await client.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
            assert told["data"]["ordStas"] in {"2", "3"}, "no answer of the platform is no failure"
        await asyncio.to_thread(party.start)
        assert (await client.call("6202", pay(order)))["data"] == first["data"]
        day = Day(pair, 100, told={order["payOrdId"]: order | first["data"]})
        return await day._end(client, order | first["data"])

    assert ran(pair, deed) == ["6"]
    rows = pair.platform.state()["settlements"]
    assert [row["infno"] for row in rows] == ["2207"]


class Listener:
    """A hospital that takes no notice until it is told to, and says when one has come."""

    def __init__(self) -> None:
        self.status = 500
        self.came = threading.Event()
        self.taken: list[bytes] = []
        hospital = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                notice, status = self.rfile.read(int(self.headers["content-length"])), hospital.status
                if status == 200:
                    hospital.taken.append(notice)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b'{"code":0}')
                hospital.came.set()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/notice"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hospital() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.mark.parametrize("when", ["before the first", pytest.param("after the first", marks=pytest.mark.slow)])
def test_a_centre_killed_between_6202_and_the_notice_sends_it(tmp_path: Path, hospital: Listener, when: str) -> None:
    after_s = "3" if when == "before the first" else "0"
    retries = ",".join(["1"] * 60)  # however long this process stands still, there is another
    options = ("--callback-url", hospital.url, "--callback-after-s", after_s, "--callback-retries", retries)
    pair = Pair(tmp_path, "--pays-after-s", "0", *options)
    (person, *_) = buyers()

    async def deed(client: Client) -> Order:
        order: Order = upload(person, 2, await client.auth_no(person))
        order |= (await client.call("6201", order))["data"]
        await client.call("6202", pay(order))
        await client.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
        return order

    try:
        (order,) = ran(pair, deed)
        if when == "after the first":
            assert hospital.came.wait(60)
        pair.centre.kill()
        hospital.came.clear()
        hospital.status = 200
        pair.centre.start()
        assert hospital.came.wait(60)
        (taken,) = hospital.taken
        assert pair.codec.open(taken, now_ns=time.time_ns()).data["payOrdId"] == order["payOrdId"]
    finally:
        pair.close()


@pytest.mark.parametrize("victim", [pytest.param("platform", marks=pytest.mark.slow), "centre"])
def test_whoever_is_killed_between_the_legs_of_a_refund_it_is_given_back_once(pair: Pair, victim: str) -> None:
    (person, *_) = buyers()
    party: Party = getattr(pair, victim)

    async def deed(client: Client) -> str:
        order: Order = upload(person, 2, await client.auth_no(person))
        order |= (await client.call("6201", order))["data"]
        order |= (await client.call("6202", pay(order)))["data"]
        await client.plain("/pay/own", {"payOrdId": order["payOrdId"], "result": "SUCCESS"})
        fault = {"message": "2208", "effect": "lose-reply", "nth": 1}
        assert httpx.post(f"{pair.platform.control}/fault", json=fault, trust_env=False, timeout=60).status_code < 300
        given = {"fund": order["fundPay"], "account": order["psnAcctPay"], "own": order["ownPayAmt"]}
        wish = refund(order, "ALL", "R1", await client.auth_no(person), **given)
        asked = asyncio.create_task(client.call("6203", wish))
        while len((await asyncio.to_thread(pair.platform.state))["settlements"]) < 2:
            pass  # until the platform has booked it; its answer will never come
        party.kill()
        await asyncio.to_thread(party.start)
        await asked
        while (back := await client.call("6203", wish))["data"]["refStatus"] == "EXP":
            pass
        return str(back["data"]["refStatus"])

    assert ran(pair, deed) == ["SUCC"]
    rows = pair.platform.state()["settlements"]
    assert [row["infno"] for row in rows] == ["2207", "2208"]
    (order,) = pair.centre.state()["orders"]
    assert (order["status"], order["refunded_fen"]) == ("7", 4498)


def test_32_clients_at_once_on_one_order_book_once(pair: Pair) -> None:
    (person, *_) = buyers()

    async def deed(client: Client) -> list[str]:
        crowd = [Client(pair) for _ in range(32)]

        async def all_of_them(service: str, data: Order) -> list[Order]:
            return list(await asyncio.gather(*(one.call(service, data) for one in crowd)))

        order: Order = upload(person, 2, await client.auth_no(person))
        made = [answer["data"] for answer in await all_of_them("6201", order)]
        assert made == made[:1] * 32
        order |= made[0]
        placed = [answer["data"] for answer in await all_of_them("6202", pay(order))]
        assert placed == placed[:1] * 32
        order |= placed[0]
        body = {"payOrdId": order["payOrdId"], "result": "SUCCESS"}
        paid = await asyncio.gather(*(one.plain("/pay/own", body) for one in crowd))
        assert [answer["code"] for answer in paid].count(0) == 1
        assert {answer["data"]["ordStas"] for answer in await all_of_them("6301", about(order))} == {"6"}
        given = {"fund": order["fundPay"], "account": order["psnAcctPay"], "own": order["ownPayAmt"]}
        back = await all_of_them("6203", refund(order, "ALL", "R1", await client.auth_no(person), **given))
        for one in crowd:
            one.close()
        return [answer["data"]["refStatus"] for answer in back]

    assert ran(pair, deed) == [["SUCC"] * 32]
    rows = pair.platform.state()["settlements"]
    assert [row["infno"] for row in rows] == ["2207", "2208"]
    assert sum(row["total_fen"] for row in rows) == 0
