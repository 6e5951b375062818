"""Two processes on one ledger: a msgid that both get at once is booked once and answered alike.

Two platforms in two processes' stead: each has its own connection to the file and its own loop, so neither knows of the
other but through the ledger.
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.platform.ledger import Ledger
from simulators.platform.settings import PlatformSettings
from tests.simulators.insurer_rig import PEOPLE, Rig

P1 = PEOPLE["P001"]
TOKEN = "639900ec" + "0" * 30
Pair = tuple[Rig, Rig]


@pytest.fixture
def pair(make_rig: Callable[..., Rig], tmp_path: Path) -> Pair:
    settings = PlatformSettings(ledger=str(tmp_path / "ledger.db"), token_check=False)
    first, second = make_rig(platform=settings), make_rig(platform=settings)
    first.sign_in()
    second.sign_nos = first.sign_nos
    return first, second


def at_once(pair: Pair, body: object) -> list[bytes]:
    """The answers of both to one request that they get at the same moment."""
    start = threading.Barrier(len(pair))

    def post(rig: Rig) -> bytes:
        with httpx.Client(trust_env=False, timeout=60) as client:
            start.wait()
            reply = client.post(rig.platform_at + "/fsi/api/callService", json=body)
            assert reply.status_code == 200
            return reply.content

    with ThreadPoolExecutor(len(pair)) as pool:
        return list(pool.map(post, pair))


def booked(pair: Pair) -> list[dict[str, Any]]:
    return [event for rig in pair for event in rig.events("booked")]


def test_a_settlement_that_both_get_at_once_is_booked_once(pair: Pair) -> None:
    for number in range(1, 21):
        body = pair[0].request("2102", pair[0].purchase(P1, token=TOKEN, invono=f"A{number}"), signtype="MOCK")
        first, second = at_once(pair, body)
        assert first == second
        assert json.loads(first)["infcode"] == 0
    assert len(booked(pair)) == 20
    assert len(pair[0].events("replayed")) + len(pair[1].events("replayed")) == 20
    assert len(pair[0].state("platform")["settlements"]) == 20


def test_so_is_a_refund(pair: Pair) -> None:
    for _ in range(10):
        settled = pair[0].settle(P1, token=TOKEN)
        first, second = at_once(pair, pair[0].request("2103", pair[0].keys(settled)))
        assert first == second
        assert json.loads(first)["infcode"] == 0
    assert len([event for event in booked(pair) if event["infno"] == "2103"]) == 10
    assert pair[0].balance(P1) == P1.balance_fen


def test_so_is_a_refusal(pair: Pair) -> None:
    for _ in range(10):
        first, second = at_once(pair, pair[0].request("2102", pair[0].purchase(P1, token=TOKEN, medfee_sumamt="1.00")))
        assert first == second
        assert json.loads(first)["infcode"] == -1
    assert len(pair[0].events("refused")) + len(pair[1].events("refused")) == 10


def test_two_sign_ins_of_one_operator_get_one_number(pair: Pair) -> None:
    numbers = set()
    for operator in range(10, 30):
        data = {"signIn": {"opter_no": str(operator), "ip": "10.0.0.7"}}
        start = threading.Barrier(2)

        def post(rig: Rig, body: object, start: threading.Barrier = start) -> str:
            with httpx.Client(trust_env=False, timeout=60) as client:
                start.wait()
                answer = client.post(rig.platform_at + "/fsi/api/callService", json=body).json()
                return str(answer["output"]["signinoutb"]["sign_no"])

        bodies = [pair[0].request("9001", data, opter=str(operator)) for _ in pair]
        with ThreadPoolExecutor(2) as pool:
            found = set(pool.map(post, pair, bodies))
        assert len(found) == 1
        numbers |= found
    assert len(numbers) == 20


def test_one_visits_refund_under_ten_msgids_succeeds_once(pair: Pair) -> None:
    keys = pair[0].keys(pair[0].settle(P1, token=TOKEN))
    bodies = [pair[0].request("2103", keys) for _ in range(10)]

    def post(number: int) -> int:
        with httpx.Client(trust_env=False, timeout=60) as client:
            rig = pair[number % 2]
            return int(client.post(rig.platform_at + "/fsi/api/callService", json=bodies[number]).json()["infcode"])

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(post, range(10))) == [-1] * 9 + [0]


def test_the_first_answer_outlives_a_restart(make_rig: Callable[..., Rig], tmp_path: Path) -> None:
    settings = PlatformSettings(ledger=str(tmp_path / "ledger.db"), token_check=False)
    before = make_rig(platform=settings)
    sign_in = before.request("9001", {"signIn": {"opter_no": "001", "ip": "10.0.0.7"}})
    before.sign_nos["P63999900001"] = before.send(sign_in)["output"]["signinoutb"]["sign_no"]
    bodies = [
        sign_in,
        before.request("2102", before.purchase(P1, token=TOKEN), signtype="MOCK"),
        before.request("2102", before.purchase(P1, token=TOKEN, medfee_sumamt="1.00"), signtype="MOCK"),
    ]

    def answers(rig: Rig) -> list[bytes]:
        return [rig.http.post(rig.platform_at + "/fsi/api/callService", json=body).content for body in bodies]

    first = answers(before)
    after = make_rig(platform=settings)
    after.clock.step(seconds=60)
    assert answers(after) == first
    books = Ledger(settings.ledger)
    assert len(books.settlements()) == 1
    books.close()
