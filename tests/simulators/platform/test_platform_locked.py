"""Another program locks the ledger: what needs no writing is answered, what does waits, and in the end is refused.

The other program is a process of its own with an open transaction, on a file and (slow) in a PostgreSQL.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fixtures.population import people
from simulators.platform.ledger.postgres import ONE_WRITER
from tests.simulators import platform_rigs as rigs

BUSY = "981088"
ON_A_FILE = "db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN IMMEDIATE')"
ON_A_SERVER = "db = psycopg.connect(sys.argv[1]); db.execute({statement!r})"
TABLES = "LOCK TABLE liantiao.settlement IN SHARE MODE"
WRITERS = f"SELECT pg_advisory_xact_lock({ONE_WRITER})"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    try:
        with rigs.postgres() as url:
            yield url
    except rigs.NoPostgres as error:
        pytest.skip(f"no PostgreSQL: {error}")


@pytest.fixture(params=["file", *(pytest.param(s, marks=pytest.mark.slow) for s in ("tables", "writers"))])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A ledger's address, and what locks it."""
    match request.param:
        case "file":
            return str(tmp_path / "ledger.db"), f"import sqlite3, sys; {ON_A_FILE}"
        case kind:
            statement = TABLES if kind == "tables" else WRITERS
            url = str(request.getfixturevalue("postgres"))
            return url, f"import psycopg, sys; {ON_A_SERVER.format(statement=statement)}"


@contextlib.contextmanager
def locked(ledger: tuple[str, str]) -> Iterator[None]:
    """Another process has the ledger locked."""
    where, how = ledger
    words = [sys.executable, "-c", f"{how}; print('locked', flush=True); sys.stdin.read(); db.rollback()", where]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield  # leaving closes its input, by which it ends


@contextlib.contextmanager
def platform(ledger: tuple[str, str], *options: str) -> Iterator[tuple[rigs.Alone, str]]:
    """A platform on the ledger and the number of a sign-in."""
    alone = rigs.start_alone(ledger[0], *options)
    try:
        urllib.request.urlopen(urllib.request.Request(f"{alone.control}/reset", method="POST", data=b"{}")).close()
        yield alone, rigs.sign_in(alone.port)
    finally:
        alone.kill()


def got(url: str) -> Any:
    with urllib.request.urlopen(url) as found:
        return json.load(found)


def settlements_of(alone: rigs.Alone) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = got(f"{alone.control}/state")["settlements"]
    return found


def test_what_needs_no_writing_is_answered_while_a_booking_waits(ledger: tuple[str, str]) -> None:
    with platform(ledger, "--lock-patience-s", "60") as (alone, sign_no):
        booked, waiting = rigs.settlements(2, sign_no=sign_no)
        first = rigs.ask(alone.port, booked)
        query = rigs.request("2101", rigs.purchase(people()[0], "A9"), number=9, sign_no=sign_no)

        async def meanwhile() -> bytes:
            clients = [await rigs.Client.connected(alone.port) for _ in range(2)]
            try:
                with locked(ledger):
                    pending = asyncio.ensure_future(clients[0].ask(rigs.http(waiting)))
                    for n in range(20):
                        answer = rigs.answered(await clients[1].ask(rigs.http(query)))
                        assert (answer["infcode"], n, pending.done()) == (0, n, False), answer
                    assert await clients[1].ask(rigs.http(booked)) == first
                    assert not pending.done()
                return await pending
            finally:
                for client in clients:
                    client.close()

        assert rigs.answered(rigs.run(meanwhile))["infcode"] == 0
        assert len(settlements_of(alone)) == 2


@pytest.mark.parametrize(
    ("workers", "patience_s"),  # workers wait for each other now and then
    [("1", "0"), pytest.param("2", "1", marks=pytest.mark.slow)],
)
def test_a_booking_that_cannot_be_made_is_refused_and_may_come_again(
    ledger: tuple[str, str], workers: str, patience_s: str
) -> None:
    with platform(ledger, "--lock-patience-s", patience_s, "--workers", workers) as (alone, sign_no):
        (purchase,) = rigs.settlements(1, sign_no=sign_no)
        with locked(ledger):
            for body in (purchase, rigs.sign_in_request(5)):
                answer = rigs.answered(rigs.ask(alone.port, body))
                assert (answer["infcode"], answer["warn_msg"]) == (-1, BUSY)
            assert settlements_of(alone) == []
        first = rigs.ask(alone.port, purchase)
        assert rigs.answered(first)["infcode"] == 0
        assert rigs.ask(alone.port, purchase) == first
        assert len(settlements_of(alone)) == 1
        if workers == "1":  # what workers record is kept in their memories
            said = [e for e in got(f"{alone.control}/events") if e.get("event") == "out-of-order"]
            assert len(said) == 2
            assert "locked by another program" in said[0]["problem"]
            assert "transaction" in said[0]["cause"]
            assert "sent again" in said[0]["remedy"]
