"""A platform that is killed again and again loses nothing that it acknowledged and books nothing twice.

32 clients settle and refund; whenever another 500 messages have been acknowledged the platform is killed with SIGKILL
and started again on the same ledger. A client sends a message again, under its msgid, until it is answered. In the end
the client's books, made of the answers alone, and the ledger must agree to the fen. `LIANTIAO_SETTLEMENTS=10000` makes
it the full size.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.wire.institution import amount
from simulators.platform.ledger import Ledger
from tests.simulators import platform_rigs as rigs

SETTLEMENTS = int(os.environ.get("LIANTIAO_SETTLEMENTS", "1500"))
CLIENTS, KILLED_EVERY = 32, 500
BALANCE_CHANGED = "981023"
REFUNDED, ASKED_AGAIN = 10, 25
"""One order in so many is refunded, and one message in so many is sent once more although it was answered."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    try:
        with rigs.postgres() as url:
            yield url
    except rigs.NoPostgres as error:
        pytest.skip(f"no PostgreSQL: {error}")


@dataclass
class Shop:
    """The clients, their books, and who kills the platform."""

    ledger: str
    options: tuple[str, ...] = ()
    port: int = field(default_factory=rigs.free_port)
    answers: dict[int, bytes] = field(default_factory=dict)
    sent_again: int = 0
    refused: int = 0
    unequal: list[int] = field(default_factory=list)
    kills: int = 0
    sign_no: str = ""
    _idle: list[rigs.Client] = field(default_factory=list)

    def start(self) -> None:
        """Start the platform, or start it again."""
        self.platform = rigs.start_alone(self.ledger, *self.options, port=self.port)

    @contextlib.contextmanager
    def day(self) -> Iterator["Shop"]:
        """The platform is up and the cashier signed in; it is killed in the end."""
        self.start()
        try:
            self.sign_no = rigs.sign_in(self.port)
            yield self
        finally:
            self.platform.kill()

    async def trade(self, count: int) -> None:
        """Settle so many orders with all clients, killing the platform meanwhile."""
        self._up, self._killer, self._over = asyncio.Event(), asyncio.Event(), False
        self._up.set()
        orders = iter(range(1, count + 1))
        killing = asyncio.create_task(self._kill_now_and_then())
        await asyncio.gather(*(self._client(orders, count) for _ in range(CLIENTS)))
        self._over = True
        self._killer.set()
        await killing
        for client in self._idle:
            client.close()

    async def _client(self, orders: Iterator[int], count: int) -> None:
        for order in orders:
            number = order
            while True:
                (body,) = rigs.settlements(1, sign_no=self.sign_no, first=order, msgid=number)
                answer = await self._told(number, body)
                if rigs.answered(answer)["infcode"] == 0:
                    break
                number += 2 * count  # another worker used the account meanwhile: a new message, as a cashier would
            if order % ASKED_AGAIN == 0 and await self._asked(body) != answer:
                self.unequal.append(order)
            if order % REFUNDED == 0:
                info = rigs.answered(answer)["output"]["setlinfo"]
                keys = {"data": {name: info[name] for name in ("setl_id", "mdtrt_id", "psn_no")}}
                number = count + order
                await self._told(number, rigs.request("2103", keys, number=number, sign_no=self.sign_no))

    async def _told(self, number: int, body: bytes) -> bytes:
        answer = await self._asked(body)
        if rigs.answered(answer)["infcode"]:
            assert rigs.answered(answer)["warn_msg"] == BALANCE_CHANGED, answer.decode()
            self.refused += 1
            return answer
        self.answers[number] = answer
        if len(self.answers) % KILLED_EVERY == 0:
            self._killer.set()
        return answer

    async def _asked(self, body: bytes) -> bytes:
        """Send a message until it is answered; over a connection of its own each time but the first."""
        while True:
            await self._up.wait()
            client = None
            try:
                client = await self._connection()
                answer = await client.ask(rigs.http(body))
                self._idle.append(client)
            except OSError:
                self.sent_again += 1
                if client is not None:
                    client.close()
            else:
                return answer

    async def _connection(self) -> rigs.Client:
        while self._idle:
            client = self._idle.pop()
            if client.open:
                return client
        return await rigs.Client.connected(self.port)

    async def _kill_now_and_then(self) -> None:
        while True:
            await self._killer.wait()
            self._killer.clear()
            if self._over:
                return
            self._up.clear()
            self.platform.kill()
            self.kills += 1
            await asyncio.to_thread(self.start)
            self._up.set()


def demand_equal_books(shop: Shop, orders: int) -> None:
    """The ledger and the answers agree on every message, every account and the sum of all."""
    books = Ledger(shop.ledger)
    try:
        booked = {settlement.msgid: settlement for settlement in books.settlements()}
        refunds = orders // REFUNDED
        assert len(shop.answers) == len(booked) == len(books.settlements()) == orders + refunds
        ours: Counter[str] = Counter()
        for number, answer in shop.answers.items():
            info: dict[str, Any] = rigs.answered(answer)["output"]["setlinfo"]
            found = booked[rigs.msgid(number)]
            parts = tuple(
                amount(info[name]) for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
            )
            assert (found.total_fen, found.fund_fen, found.account_fen, found.cash_fen) == parts
            assert (found.setl_id, found.psn_no, found.institution) == (
                info["setl_id"],
                info["psn_no"],
                rigs.PHARMACY.code,
            )
            kept = books.answer(found.msgid)
            assert kept is not None
            assert kept[1] == answer
            ours[f"institution:{found.institution}"] += parts[0]
            ours["fund:310"] -= parts[1]
            ours[f"account:{found.psn_no}"] -= parts[2]
            ours[f"cash:{found.psn_no}"] -= parts[3]
        totals = books.totals()
        assert {name: fen for name, fen in totals.items() if fen} == {name: fen for name, fen in ours.items() if fen}
        assert sum(totals.values()) == 0
        for psn_no, (opening, balance) in books.accounts().items():
            assert balance == opening + totals.get(f"account:{psn_no}", 0)
        assert sorted(settlement.n for settlement in booked.values()) == list(range(1, len(booked) + 1))
    finally:
        books.close()


def killed_shop(ledger: str, *options: str, orders: int) -> Shop:
    """A day of so many orders with its kills; the platform is down afterwards."""
    shop = Shop(ledger, options)
    with shop.day():
        rigs.run(lambda: shop.trade(orders))
    assert shop.unequal == []
    assert shop.kills >= (orders + orders // REFUNDED) // KILLED_EVERY - 1
    demand_equal_books(shop, orders)
    print(
        f"\n{orders} orders, {len(shop.answers)} messages, {shop.kills} kills, {shop.sent_again} sent again, "
        f"{shop.refused} refused"
    )
    return shop


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_platform_agrees_with_its_clients_in_sqlite(tmp_path: Path) -> None:
    shop = killed_shop(str(tmp_path / "ledger.db"), orders=SETTLEMENTS)
    assert shop.sent_again > 0
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT COUNT(*) FROM posting GROUP BY n HAVING SUM(amount_fen) <> 0").fetchall() == []
    db.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_platform_agrees_with_its_clients_in_postgresql(postgres: str) -> None:
    shop = killed_shop(postgres, orders=SETTLEMENTS)
    assert shop.sent_again > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_so_do_two_workers_that_are_killed_together(tmp_path: Path) -> None:
    killed_shop(str(tmp_path / "ledger.db"), "--workers", "2", orders=SETTLEMENTS)


def test_a_platform_killed_amid_many_settlements_agrees_with_its_clients(tmp_path: Path) -> None:
    shop = Shop(str(tmp_path / "ledger.db"))
    with shop.day():
        rigs.run(lambda: shop.trade(240))
        shop.platform.kill()
        shop.start()
        for number, body in enumerate(rigs.settlements(3, sign_no=shop.sign_no), start=1):
            assert rigs.ask(shop.port, body) == shop.answers[number]
    demand_equal_books(shop, 240)
