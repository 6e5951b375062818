"""Another program lets nobody even read the ledger: who wants to waits aside, and in the end is refused.

With a store that keeps readers out for as long as a test says and (slow) a PostgreSQL that another process has locked.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from fixtures.population import people
from harness.line.record import Direction
from harness.money import Fen
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.dispatch import HANDLERS, Dispatcher
from simulators.platform.ledger import Ledger
from simulators.platform.ledger.errors import kept_out
from simulators.platform.ledger.sqlite import SqliteStore
from simulators.platform.ledger.statements import TABLES
from simulators.platform.settings import PlatformSettings
from tests.simulators import platform_rigs as rigs
from tests.simulators.hospital_rig import HOSPITAL
from tests.simulators.insurer_rig import PEOPLE, Rig
from tests.simulators.platform.test_platform_shanghai_hospital import Clinic

BUSY = (-1, "981088")
LOCK = f"LOCK TABLE {', '.join(f'liantiao.{table}' for table in TABLES)} IN ACCESS EXCLUSIVE MODE"
HOLD = """
import sys, psycopg
db = psycopg.connect(sys.argv[1])
db.execute(sys.argv[2])
print("locked", flush=True)
sys.stdin.read()
db.rollback()
"""


# --- with a store of our own ----------------------------------------------------------------------------


class Door:
    """Keeps readers out of every ledger in memory while `shut`; `looks` counts how often that was looked at aside."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shut = False
        self.looks = 0
        self.opens_after = 0
        self.go_on = Event()
        self.go_on.set()
        read = SqliteStore.one

        def one(store: SqliteStore, statement: str, parameters: Any = ()) -> Any:
            if self.shut and not store._db.in_transaction:
                raise kept_out("books")
            return read(store, statement, parameters)

        def readable(_: SqliteStore, __: float) -> bool:
            assert self.go_on.wait(60)
            self.looks += 1
            self.shut = self.shut and self.looks != self.opens_after
            return not self.shut

        monkeypatch.setattr(SqliteStore, "one", one)
        monkeypatch.setattr(SqliteStore, "changed", lambda _: True)  # as a PostgreSQL's: all is read anew each time
        monkeypatch.setattr(SqliteStore, "readable", readable)

    def close(self, *, opens_after: int = 0) -> None:
        """Let nobody in; after so many looks everybody, with 0 never."""
        self.shut, self.looks, self.opens_after = True, 0, opens_after


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(monkeypatch)


@pytest.fixture
def rig(door: Door, make_rig: Callable[..., Rig]) -> Rig:
    """A platform behind the door; at which cashier 001 is signed in."""
    rig = make_rig()
    rig.sign_in()
    return rig


def sale(rig: Rig, **more: Any) -> dict[str, object]:
    """A purchase that nobody has to confirm, of somebody whose account pays."""
    return rig.request("2102", rig.purchase(PEOPLE["P001"]), signtype="MOCK", **more)


def test_who_wants_to_read_waits_until_readers_are_let_in(rig: Rig, door: Door) -> None:
    for request in (rig.request("2101", rig.purchase(PEOPLE["P001"])), sale(rig)):
        door.close(opens_after=3)
        assert rig.send(request)["infcode"] == 0
        assert door.looks == 3
    assert len(rig.events("booked")) == 1


def test_the_same_message_twice_meanwhile_is_done_once(rig: Rig, door: Door) -> None:
    request = sale(rig)
    door.go_on.clear()
    door.close(opens_after=1)
    with ThreadPoolExecutor() as pool:
        answers, since = [], rig.tape.seq
        for _ in range(3):
            answers.append(pool.submit(rig.send, request))
            came = rig.tape.wait_for(lambda r: r.direction is Direction.RECEIVED, since=since, timeout=60)
            assert came is not None
            since = came.seq + 1
        rig.loop.settle()
        door.go_on.set()
        found = [answer.result(60) for answer in answers]
    assert found[0]["infcode"] == 0
    assert found == [found[0]] * 3
    assert len(rig.events("booked")) == 1


def test_who_waits_for_anothers_answer_begins_again_with_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, calls = Event(), Event(), []
    query = HANDLERS["2101"]

    async def interrupted(desk: Desk, call: Call) -> bytes:
        calls.append(call.msgid)
        if len(calls) == 1:
            begun.set()
            assert await asyncio.to_thread(go_on.wait, 60)
            raise kept_out("books")
        return await query(desk, call)

    monkeypatch.setattr(Dispatcher, "handlers", {**HANDLERS, "2101": interrupted})
    request = rig.request("2101", rig.purchase(PEOPLE["P001"]))
    with ThreadPoolExecutor() as pool:
        one = pool.submit(rig.send, request)
        assert begun.wait(60)
        since = rig.tape.seq
        other = pool.submit(rig.send, request)
        assert rig.tape.wait_for(lambda r: r.direction is Direction.RECEIVED, since=since, timeout=60) is not None
        rig.loop.settle()
        go_on.set()
        assert one.result(60)["infcode"] == 0
        assert other.result(60) == one.result()
    assert len(calls) == 2


def test_what_is_booked_is_announced_however_long_readers_are_kept_out(
    rig: Rig, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, balance = Ledger.book, Ledger.balance

    def then_shut(ledger: Ledger, settlement: Any) -> None:
        book(ledger, settlement)
        door.close(opens_after=4)

    def read(ledger: Ledger, psn_no: str) -> Fen:
        if door.shut:
            raise kept_out("books")
        return balance(ledger, psn_no)

    monkeypatch.setattr(Ledger, "book", then_shut)
    monkeypatch.setattr(Ledger, "balance", read)
    assert rig.send(sale(rig))["infcode"] == 0
    assert door.looks == 4
    assert len(rig.events("booked")) == 1
    assert len(rig.phone.notices) == 1


def test_too_long_is_a_refusal_that_is_not_remembered(make_rig: Callable[..., Rig], door: Door) -> None:
    rig = make_rig(platform=PlatformSettings(lock_patience_s=0))
    rig.sign_in()
    query, purchase = rig.request("2101", rig.purchase(PEOPLE["P001"])), sale(rig)
    door.close()
    for request in (query, purchase):
        answer = rig.send(request)
        assert (answer["infcode"], answer["warn_msg"], answer["inf_refmsgid"][:6]) == (*BUSY, "639900")
    said = rig.events("out-of-order")
    assert len(said) == 2
    assert all(said[0][part] for part in ("problem", "cause", "remedy"))
    door.shut = False
    assert [rig.send(request)["infcode"] for request in (query, purchase)] == [0, 0]
    assert len(rig.events("booked")) == 1


@pytest.mark.parametrize("patience_s", [60, 0])
def test_what_shanghais_front_machine_reads_itself_waits_too(
    make_rig: Callable[..., Rig], door: Door, patience_s: int
) -> None:
    rig = make_rig(profile="shanghai", platform=PlatformSettings(lock_patience_s=patience_s))
    clinic = Clinic(rig, HOSPITAL)
    told = {"ymsgid": f"{HOSPITAL.code[:12]}20201014000000800"}
    assert clinic.send("SI91", told)["xxnr"] == {"paystatus": "0"}
    door.close(opens_after=2)
    answer = clinic.send("SI91", told)
    if patience_s:
        assert (door.looks, answer["xxfhm"], answer["xxnr"]) == (2, "P001", {"paystatus": "0"})
    else:
        assert (door.looks, answer["xxfhm"]) == (0, BUSY[1])


# --- with a server, and another process that locks its tables ----------------------------------------------


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    try:
        with rigs.postgres() as url:
            yield url
    except rigs.NoPostgres as error:
        pytest.skip(f"no PostgreSQL: {error}")


@contextlib.contextmanager
def locked(url: str) -> Iterator[None]:
    """Another process lets nobody read."""
    words = [sys.executable, "-c", HOLD, url, LOCK]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield  # leaving closes its input, by which it ends


@contextlib.contextmanager
def platform(url: str, *options: str) -> Iterator[tuple[rigs.Alone, str]]:
    """A platform on an empty ledger and the number of a sign-in."""
    alone = rigs.start_alone(url, *options)
    try:
        urllib.request.urlopen(urllib.request.Request(f"{alone.control}/reset", method="POST", data=b"{}")).close()
        yield alone, rigs.sign_in(alone.port)
    finally:
        alone.kill()


def settled(alone: rigs.Alone) -> int:
    with urllib.request.urlopen(f"{alone.control}/state") as found:
        return len(json.load(found)["settlements"])


@pytest.mark.slow
def test_on_a_server_readers_wait_and_keep_nobody_else_waiting(postgres: str) -> None:
    with platform(postgres, "--lock-patience-s", "60") as (alone, sign_no):
        booked, waiting = rigs.settlements(2, sign_no=sign_no)
        first = rigs.ask(alone.port, booked)
        query = rigs.request("2101", rigs.purchase(people()[0], "A9"), number=9, sign_no=sign_no)
        wrong = json.dumps({"infno": "2101"}).encode()

        async def meanwhile() -> list[bytes]:
            clients = [await rigs.Client.connected(alone.port) for _ in range(5)]
            try:
                with locked(postgres):
                    asked = (query, waiting, waiting, booked)
                    pending = [
                        asyncio.ensure_future(c.ask(rigs.http(b))) for c, b in zip(clients[:4], asked, strict=True)
                    ]
                    for _ in range(20):
                        refused = rigs.answered(await clients[4].ask(rigs.http(wrong)))
                        assert refused["infcode"] == -1
                        assert refused["warn_msg"] != BUSY[1]
                    assert not any(answer.done() for answer in pending)
                    with pytest.raises(urllib.error.HTTPError) as state:
                        await asyncio.to_thread(settled, alone)
                    assert state.value.code == 503
                    assert "locked" in json.load(state.value)["error"]
                return await asyncio.gather(*pending)
            finally:
                for client in clients:
                    client.close()

        answers: list[bytes] = rigs.run(meanwhile)
        assert [rigs.answered(answer)["infcode"] for answer in answers] == [0] * 4
        assert answers[1] == answers[2]
        assert answers[3] == first
        assert settled(alone) == 2


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_on_a_server_too_long_is_a_refusal(postgres: str, workers: str) -> None:
    with platform(postgres, "--lock-patience-s", "1", "--workers", workers) as (alone, sign_no):
        booked, purchase = rigs.settlements(2, sign_no=sign_no)
        first = rigs.ask(alone.port, booked)
        query = rigs.request("2101", rigs.purchase(people()[0], "A9"), number=9, sign_no=sign_no)
        with locked(postgres):
            for body in (query, purchase, booked, rigs.sign_in_request(5)):
                answer = rigs.answered(rigs.ask(alone.port, body))
                assert (answer["infcode"], answer["warn_msg"]) == BUSY
        assert settled(alone) == 1
        assert rigs.ask(alone.port, booked) == first
        assert [rigs.answered(rigs.ask(alone.port, body))["infcode"] for body in (query, purchase)] == [0, 0]
        assert settled(alone) == 2
