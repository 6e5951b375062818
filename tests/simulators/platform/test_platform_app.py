"""The platform's doors: paths, the back door, faults by transaction, equal tapes, and clients that are not ours."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock, SystemClock
from harness.errors import BenchError, ConfigError
from harness.faults.schedule import FaultSchedule
from harness.line.record import comparable_digest
from harness.line.tape import Tape
from harness.wire.profile import load_profile
from simulators.platform import SIMULATOR
from simulators.platform.app import Platform
from simulators.platform.settings import PlatformSettings
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig, start_rig, stop_rig

P1 = PEOPLE["P001"]
ALONE = """
import sys
from harness.bench.alone import AloneOptions, run_alone
run_alone("platform", AloneOptions(), {"ledger": sys.argv[1], "token_check": False})
"""


def test_the_plug_says_what_it_is() -> None:
    assert (SIMULATOR.kind, SIMULATOR.needs) == ("platform", ("voucher-centre", "phone", "terminal"))
    assert SIMULATOR.settings() == PlatformSettings()


def test_a_reset_is_in_the_file_when_it_is_answered(tmp_path: Path) -> None:
    books, clock = tmp_path / "books.db", SystemClock()
    tape = Tape(clock)
    context = SimulatorContext(
        name="platform", clock=clock, tape=tape, seed=7, faults=FaultSchedule("platform", tape), profile="qinghai"
    )
    platform = Platform(context, PlatformSettings(ledger=str(books)))

    async def kept() -> list[int]:
        platform.open_books()
        assert platform._ledger is not None
        with platform._ledger.writing():
            platform._ledger.keep("any", "key", b"body")
        await platform._ledger.flushed()
        found = []
        with closing(sqlite3.connect(books)) as other:
            found.append(other.execute("SELECT COUNT(*) FROM kept").fetchone()[0])
            await platform.reset(seed=7)
            found.append(other.execute("SELECT COUNT(*) FROM kept").fetchone()[0])
        await platform.stop()
        return found

    assert asyncio.run(kept()) == [1, 0]
    tape.close()


def test_an_unknown_profile_is_an_error_of_configuration() -> None:
    clock = BenchClock()
    tape = Tape(clock)
    context = SimulatorContext(
        name="platform", clock=clock, tape=tape, seed=1, faults=FaultSchedule("platform", tape), profile="nowhere"
    )
    with pytest.raises(ConfigError, match="nowhere"):
        SIMULATOR.create(context, PlatformSettings())


def test_a_ledger_that_cannot_be_opened_is_an_error_of_the_lab(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="ledger"):
        start_rig(platform=PlatformSettings(ledger=str(tmp_path / "missing" / "ledger.db")))


def test_each_transaction_has_its_path_and_only_its_own(rig: Rig) -> None:
    paths = load_profile("qinghai").paths
    body = rig.request("9001", {"signIn": {"opter_no": "001", "ip": "10.0.0.7"}})
    assert rig.http.post(rig.platform_at + paths["9001"], json=body).json()["infcode"] == 0
    other = rig.http.post(rig.platform_at + paths["1101"], json=body).json()
    assert other["warn_msg"] == "981003"
    assert "infno" in other["err_msg"]
    assert rig.http.post(rig.platform_at + "/fsi/api/nothing", json=body).status_code == 404
    assert rig.http.get(rig.platform_at + paths["9001"]).status_code == 405


@pytest.mark.parametrize("path", ["/fsi/api/callService", load_profile("qinghai").paths["2102"]])
def test_a_fault_is_scheduled_by_transaction_on_any_path(rig: Rig, path: str) -> None:
    rig.sign_in()
    body = rig.request("2102", rig.purchase(P1), signtype="MOCK")
    rig.http.post(rig.back_doors["platform"] + "/fault", json={"message": "2102", "effect": "bad-gateway-after"})
    assert rig.http.post(rig.platform_at + path, json=body).status_code == 502
    assert len(rig.events("booked")) == 1, "booked although the answer was lost"
    assert rig.http.post(rig.platform_at + path, json=body).json()["infcode"] == 0
    assert len(rig.events("booked")) == 1


def test_the_back_door_shows_the_books(rig: Rig) -> None:
    rig.sign_in()
    rig.settle(P1)
    state = rig.state("platform")
    assert [row["setl_id"] for row in state["settlements"]] == [rig.events("booked")[0]["setl_id"]]
    assert state["postings"][f"account:{P1.psn_no}"] == -3161
    assert {row["id"] for row in state["people"]} == set(PEOPLE)


def test_a_reset_through_the_back_door_opens_new_books(rig: Rig) -> None:
    rig.sign_in()
    first = rig.settle(P1)
    rig.http.post(rig.back_doors["platform"] + "/reset", json={"seed": 7})
    assert rig.balance(P1) == 200_000
    rig.numbers = 0
    rig.sign_in()
    assert rig.settle(P1)["output"]["setlinfo"]["setl_id"] == first["output"]["setlinfo"]["setl_id"]


def a_story(rig: Rig) -> str:
    """One purchase with a password, one refund; the digest of its tape without ports."""
    reset_rig(rig)
    rig.tape.volatile("platform", rig.platform_at.rpartition(":")[2])
    rig.tape.volatile("centre", rig.centre_at.rpartition(":")[2])
    rig.tape.volatile("phone", rig.phone.server.address.rpartition(":")[2])
    rig.sign_in()
    settled = rig.settle(P1)
    rig.call("2103", rig.keys(settled))
    return comparable_digest(rig.tape.recent())


def test_the_same_story_leaves_the_same_tape(make_rig: Callable[..., Rig]) -> None:
    one, other = make_rig(), make_rig()
    assert len({a_story(one), a_story(one), a_story(other)}) == 1


@pytest.mark.external
def test_curl_with_a_hand_written_body_signs_in(rig: Rig) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    body = (
        '{"infno":"9001","msgid":"P63999900001202010140830000001","mdtrtarea_admvs":"639900","insuplc_admdvs":"",'
        '"recer_sys_code":"YBXT","dev_no":"","dev_safe_info":"","cainfo":"","signtype":"","infver":"V1.0",'
        '"opter_type":"1","opter":"001","opter_name":"收银员","inf_time":"2020-10-14 08:30:00",'
        '"fixmedins_code":"P63999900001","fixmedins_name":"联调测试大药房一店","sign_no":"",'
        '"input":{"signIn":{"opter_no":"001","mac":"00-00-00-00-00-01","ip":"10.0.0.7"}}}'
    )
    path = load_profile("qinghai").paths["9001"]
    answer = subprocess.run(
        ["curl", "-s", "-H", "Content-Type: application/json", "-d", body, rig.platform_at + path],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(answer.stdout)["output"]["signinoutb"]["sign_no"] == "P639999000012020101400000001"


def alone(ledger: Path) -> tuple[subprocess.Popen[str], str]:
    """A platform in a process of its own, over a ledger file."""
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, str(ledger)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    return process, str(json.loads(process.stdout.readline())["at"])


def send(rig: Rig, at: str, body: object) -> dict[str, Any]:
    reply = rig.http.post(at + "/fsi/api/callService", json=body)
    answer: dict[str, Any] = reply.json()
    return answer


def test_a_killed_platform_has_every_booking_it_answered_for(rig: Rig, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    process, at = alone(ledger)
    try:
        signed = send(rig, at, rig.request("9001", {"signIn": {"opter_no": "001", "ip": "10.0.0.7"}}))
        rig.sign_nos["P63999900001"] = signed["output"]["signinoutb"]["sign_no"]
        purchase = rig.purchase(P1, token="639900ec" + "0" * 30)
        bodies = [rig.request("2102", purchase, signtype="MOCK") for _ in range(5)]
        answers = [send(rig, at, body) for body in bodies]
        assert {answer["infcode"] for answer in answers} == {0}
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process, at = alone(ledger)
    try:
        assert [send(rig, at, body) for body in bodies] == answers
        found = send(rig, at, rig.request("5203", rig.keys(answers[4])))
        assert found["output"]["setlinfo"] == answers[4]["output"]["setlinfo"]
        assert found["output"]["setlinfo"]["balc"] == "1841.95"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0


def test_stopping_twice_and_before_starting_does_no_harm(rig: Rig) -> None:
    clock = BenchClock()
    tape = Tape(clock)
    context = SimulatorContext(name="platform", clock=clock, tape=tape, seed=1, faults=FaultSchedule("platform", tape))
    platform = SIMULATOR.create(context, PlatformSettings())

    async def life() -> str:
        await platform.stop()
        endpoints = await platform.start()
        await platform.stop()
        await platform.stop()
        return endpoints.at

    at = rig.loop.call(life())
    with pytest.raises(httpx.ConnectError):
        rig.http.get(at)


def test_a_rig_leaves_no_thread_behind() -> None:
    stop_rig(start_rig())
