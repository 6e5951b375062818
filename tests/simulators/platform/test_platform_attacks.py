"""Clients that mean no good, and a worker that is killed: quick refusals, and books that are right."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.platform.ledger import Ledger
from tests.simulators import platform_rigs as rigs

BIG = 10 << 20
QUICK_S = 20.0
"""On a shared host; on a free one all of them take less than a second."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rigs.Alone]:
    alone = rigs.start_alone(str(tmp_path_factory.mktemp("attacks") / "ledger.db"))
    yield alone
    alone.kill()


@pytest.fixture(scope="module")
def good(platform: rigs.Alone) -> dict[str, Any]:
    (body,) = rigs.settlements(1, sign_no=rigs.sign_in(platform.port), use_account=False)
    found: dict[str, Any] = json.loads(body)
    return found


def booked(platform: rigs.Alone) -> int:
    state = httpx.get(platform.control + "/state", trust_env=False, timeout=60).json()
    assert sum(state["postings"].values()) == 0
    return len(state["settlements"])


def with_rows(good: dict[str, Any], rows: list[object]) -> bytes:
    return json.dumps({**good, "input": {**good["input"], "drugdetail": rows}}).encode()


@pytest.mark.parametrize("kind", ["text", "depth", "field", "rows", "empty rows"])
def test_a_very_large_body_is_refused_quickly(platform: rigs.Alone, good: dict[str, Any], kind: str) -> None:
    row = good["input"]["drugdetail"][0]
    body = {
        "text": lambda: b"x" * BIG,
        "depth": lambda: b"[" * BIG,
        "field": lambda: json.dumps({**good, "opter": "y" * BIG}).encode(),
        "rows": lambda: with_rows(good, [row] * 10_000),
        "empty rows": lambda: with_rows(good, [{}] * 1_500_000),
    }[kind]()
    began = time.monotonic()
    answer = rigs.answered(rigs.ask(platform.port, body))
    assert answer["infcode"] == -1
    assert time.monotonic() - began < QUICK_S
    assert booked(platform) == 0


def test_requests_that_never_end_keep_nobody_from_settling(platform: rigs.Alone, good: dict[str, Any]) -> None:
    half = rigs.http(json.dumps(good).encode())[:-5]
    held = [socket.create_connection(("127.0.0.1", platform.port)) for _ in range(100)]
    for connection in held:
        connection.sendall(half)
    wrong = rigs.answered(rigs.ask(platform.port, json.dumps({**good, "sign_no": "nobody"}).encode()))
    assert wrong["infcode"] == -1
    for connection in held:
        connection.close()
    assert booked(platform) == 0


def test_a_worker_killed_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    platform = rigs.start_alone(path, "--workers", "2")
    acknowledged: list[str] = []
    try:
        sign_no = rigs.sign_in(platform.port)
        pids = [
            row["pid"] for row in httpx.get(platform.control + "/state", trust_env=False, timeout=60).json()["workers"]
        ]
        pending = (
            body  # without end: however late the others notice that one has died, they are at work
            for number in count(1)
            for body in rigs.settlements(1, sign_no=sign_no, use_account=False, first=number)
        )

        async def one() -> None:
            client = await rigs.Client.connected(platform.port)
            with suppress(ConnectionError):
                for body in pending:
                    answer = rigs.answered(await client.ask(rigs.http(body)))
                    assert answer["infcode"] == 0
                    acknowledged.append(json.loads(body)["msgid"])
                    if len(acknowledged) == 100:
                        os.kill(pids[0], signal.SIGKILL)
            client.close()

        async def all_of_them() -> None:
            await asyncio.gather(*(one() for _ in range(8)))

        rigs.run(all_of_them)
    finally:
        platform.kill()
    books = Ledger(path)
    found = [settlement.msgid for settlement in books.settlements()]
    assert len(set(found)) == len(found)
    assert len(acknowledged) >= 100
    assert set(acknowledged) <= set(found)
    assert sum(books.totals().values()) == 0
    books.close()
