"""Init and EcQuery of the social-card library: a code scanned at the terminal, the centre's answer in a buffer."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from harness.bench.settings import read_settings
from harness.errors import ConfigError
from harness.line.mask import Mask
from harness.wire.voucher_messages import check_identity
from simulators.terminal import TerminalSettings
from tests.simulators.terminal.conftest import BENCH, HOSPITAL, LIBRARY, OTHER, PEOPLE, STAFF, Running

OWNER = PEOPLE["P001"]
KEYS = {"ACCESS_KEY": "key-of-access", "SECRETKEY": "key-of-secrets"}


def told(terminal: Running, **more: object) -> dict[str, object]:
    """What Init is given; None leaves a member out."""
    given: dict[str, object] = {
        "IP": "127.0.0.1",
        "PORT": "8002",
        "TIMEOUT": "120",
        "LOG_PATH": "C:/his/insurance/log",
        "EC_URL": terminal.bench.address("voucher-centre") + LIBRARY,
        "CARD_PASSTYPE": "1",
        "API_NAME": "fsi",
        "API_VERSION": "1.0",
        **KEYS,
        "ORG_ID": HOSPITAL,
        "EXT": "",
        "AREA_CODE": "639900",
        **more,
    }
    return {name: value for name, value in given.items() if value is not None}


def set_up(terminal: Running, **more: object) -> dict[str, Any]:
    answer: dict[str, Any] = terminal.post("/HeaSecReadInfo/Init", told(terminal, **more)).json()
    return answer


def query(terminal: Running, call: str = "ec.query", **data: object) -> "Future[dict[str, Any]]":
    """EcQuery, once it waits."""
    body = {"orgId": HOSPITAL, "transType": call, "data": {**STAFF, **data}}
    return terminal._begun("terminal", "EcQuery", lambda: terminal.post("/HeaSecReadInfo/EcQuery", body))


def code_of(terminal: Running, person: str = "P001") -> str:
    """The code on somebody's phone."""
    return terminal.http.get(terminal.bench.address("phone") + f"/people/{person}/code.txt").text.strip()


def out_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The centre's answer in the buffer."""
    assert answer["code"] == 0, answer
    found: dict[str, Any] = json.loads(answer["out"])
    return found


@pytest.fixture
def other_bench() -> Iterator[Callable[..., Running]]:
    """A bench whose terminal is set otherwise: `other_bench(out_buffer=100)`."""
    opened: list[Running] = []

    def start(**settings: object) -> Running:
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
        bench = Bench(parse_bench(BENCH.replace('kind = "terminal"\n', f'kind = "terminal"\n{lines}'), source="test"))
        bench.__enter__()
        opened.append(
            Running(bench=bench, http=httpx.Client(trust_env=False, timeout=60), pool=ThreadPoolExecutor(), settings={})
        )
        return opened[-1]

    yield start
    for running in opened:
        running.bench.__exit__(None, None, None)
        running.http.close()
        running.pool.shutdown()


# --- EcQuery ---------------------------------------------------------------------------------------------


def test_a_code_shown_at_the_terminal_becomes_identity_and_token(terminal: Running) -> None:
    asking = query(terminal)
    assert not asking.done()
    assert terminal.screen()["asked"] == ["code"]
    assert terminal.post("/present", {"what": "code", "text": code_of(terminal)}).status_code == 200
    out = out_of(asking.result())
    assert (out["code"], out["data"]["idNo"], out["data"]["userName"]) == (0, OWNER.id_no, OWNER.name)
    assert check_identity(out["data"]) == ()
    assert terminal.screen()["asked"] == []
    (read,) = terminal.events("library-read")
    assert read == {"event": "library-read", "what": "code", "call": "ec.query", "answered": 0}


def test_what_the_caller_says_of_a_code_is_not_looked_at(terminal: Running) -> None:
    asking = query(terminal, ecQrCode="4" * 28)
    terminal.post("/present", {"what": "code", "text": code_of(terminal)})
    out = out_of(asking.result())
    assert out["data"]["idNo"] == OWNER.id_no


def test_a_refusal_of_the_centre_stands_in_the_buffer_and_on_the_screen(terminal: Running) -> None:
    code = code_of(terminal)
    for wanted in (0, 980002):
        asking = query(terminal)
        terminal.post("/present", {"what": "code", "text": code})
        assert out_of(asking.result())["code"] == wanted
    assert "已使用" in terminal.screen()["said"]["zh"]


def test_other_calls_of_the_terminal_library_go_to_the_centre_as_they_are(terminal: Running) -> None:
    asking = query(terminal, "cn.nhsa.cert.get")
    arrived = terminal.bench.tape.wait_for(
        lambda r: r.channel.startswith("voucher-centre") and b"cn.nhsa.cert.get" in r.data, since=0, timeout=60
    )
    assert arrived is not None
    terminal.present("id-card", "P001")
    assert out_of(asking.result())["data"]["idNo"] == OWNER.id_no


def test_a_code_that_nobody_asked_for_still_goes_to_the_centre(terminal: Running) -> None:
    asking = terminal.centre("cn.nhsa.qrcode.get")
    terminal.post("/present", {"what": "code", "text": code_of(terminal)})
    assert asking.result()["data"]["idNo"] == OWNER.id_no


def test_nobody_shows_a_code(terminal: Running) -> None:
    asking = query(terminal)
    terminal.bench.step(seconds=59)
    assert not asking.done()
    terminal.bench.step(seconds=1)
    assert (asking.result()["code"], asking.result()["reason"]) == (-1, "no-code")


def test_cancel_ends_it_and_so_does_a_new_case(terminal: Running) -> None:
    asking = query(terminal)
    assert terminal.post("/cancel", {}).json() == {"cancelled": 1}
    assert (asking.result()["code"], asking.result()["reason"]) == (-2, "cancelled")
    asking = query(terminal)
    terminal.bench.reset("the next case")
    with pytest.raises(httpx.HTTPError):
        asking.result(60)
    assert terminal.screen()["asked"] == []


def test_cancel_ends_what_waits_at_the_centre_too(terminal: Running) -> None:
    asking = query(terminal, "cn.nhsa.cert.get")
    terminal.bench.tape.wait_for(
        lambda r: r.channel.startswith("voucher-centre") and b"cn.nhsa.cert.get" in r.data, since=0, timeout=60
    )
    assert terminal.post("/cancel", {}).json() == {"cancelled": 1}
    assert asking.result()["reason"] == "cancelled"


def test_one_call_at_a_time_whatever_it_is(terminal: Running) -> None:
    asking = query(terminal)
    assert terminal.library("ReadCardBas").result()["reason"] == "busy"
    assert set_up(terminal)["reason"] == "busy"
    assert query(terminal).result()["reason"] == "busy"
    terminal.post("/present", {"what": "code", "text": code_of(terminal)})
    assert out_of(asking.result())["code"] == 0
    reading = terminal.library("ReadCardBas")
    assert query(terminal).result()["reason"] == "busy"
    terminal.present("card", "P001")
    assert reading.result()["code"] == 0


def test_a_caller_who_has_hung_up_takes_nobodys_code(terminal: Running) -> None:
    body = {"orgId": HOSPITAL, "transType": "ec.query", "data": STAFF}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            terminal.bench.address("terminal") + "/HeaSecReadInfo/EcQuery", json=body, timeout=0.2, trust_env=False
        )
    assert any(terminal.screen()["asked"] == [] for _ in range(1000)), "it still waits for the one who hung up"
    asking = query(terminal)
    terminal.post("/present", {"what": "code", "text": code_of(terminal)})
    assert out_of(asking.result())["code"] == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"orgId": OTHER, "transType": "ec.query", "data": {}}, "not-here"),
        ({"orgId": HOSPITAL, "transType": "ec.query"}, "bad-request"),
        ({"orgId": HOSPITAL, "transType": "ec.qrcode", "data": {}}, "bad-request"),
        ({"orgId": HOSPITAL, "data": {}}, "bad-request"),
        ([HOSPITAL], "bad-request"),
    ],
)
def test_what_is_no_call_is_refused_at_once(terminal: Running, body: object, reason: str) -> None:
    answer = terminal.post("/HeaSecReadInfo/EcQuery", body).json()
    assert (answer["code"], answer["reason"]) == (-1, reason)
    assert not {"out"} & answer.keys()


def test_an_answer_that_does_not_fit_the_buffer(other_bench: Callable[..., Running]) -> None:
    terminal = other_bench(out_buffer=100)
    asking = query(terminal)
    terminal.post("/present", {"what": "code", "text": code_of(terminal)})
    answer = asking.result()
    assert (answer["code"], answer["reason"]) == (-1, "buffer-too-small")


def test_the_code_travels_in_the_member_that_the_centre_wants(other_bench: Callable[..., Running]) -> None:
    terminal = other_bench(code_field="qrCode")
    asking = query(terminal)
    terminal.post("/present", {"what": "code", "text": code_of(terminal)})
    assert out_of(asking.result())["code"] == 980005, "this centre wants ecQrCode"


# --- Init ------------------------------------------------------------------------------------------------


def test_init_says_where_how_long_and_who_knows_the_password(terminal: Running) -> None:
    assert set_up(terminal, TIMEOUT=5, CARD_PASSTYPE=2) == {"code": 0}
    (said,) = terminal.events("library-set-up")
    assert (said["timeout_s"], said["pass_type"], said["area"]) == (5, "database", "639900")
    asking = query(terminal)
    terminal.bench.step(seconds=5)
    assert asking.result()["reason"] == "no-code"
    terminal.present("card", "P001")
    terminal.library("ReadCardBas").result()
    typing = terminal.library("VerifyPIN", cardNo=OWNER.card_no)
    terminal.post("/keypad", {"text": "000000"})
    assert typing.result()["code"] == 0, "the insurance judges the password, not the chip"


def test_what_init_said_holds_until_the_next_or_the_power_goes(terminal: Running) -> None:
    set_up(terminal, TIMEOUT=5)
    set_up(terminal, TIMEOUT=7)
    asking = query(terminal)
    terminal.bench.step(seconds=6)
    assert not asking.done()
    terminal.bench.step(seconds=1)
    assert asking.result()["reason"] == "no-code"
    terminal.bench.reset("the next case")
    asking = query(terminal)
    terminal.bench.step(seconds=59)
    assert not asking.done(), "the terminal's own time again"
    terminal.bench.step(seconds=1)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"IP": None}, "IP"),
        ({"IP": "x" * 101}, "IP"),
        ({"PORT": "0"}, "PORT"),
        ({"PORT": "port"}, "PORT"),
        ({"PORT": 70_000}, "PORT"),
        ({"TIMEOUT": "2 min"}, "TIMEOUT"),
        ({"TIMEOUT": 86_401}, "TIMEOUT"),
        ({"EC_URL": "127.0.0.1:8001"}, "EC_URL"),
        ({"EC_URL": "http://[::1"}, "EC_URL"),
        ({"EC_URL": "http://h/" + "x" * 1024}, "EC_URL"),
        ({"CARD_PASSTYPE": "3"}, "CARD_PASSTYPE"),
        ({"CARD_PASSTYPE": True}, "CARD_PASSTYPE"),
        ({"LOG_PATH": "C:/a/b/c/d"}, "LOG_PATH"),
        ({"LOG_PATH": "C:/Program Files"}, "LOG_PATH"),
        ({"LOG_PATH": "D:/日志"}, "LOG_PATH"),
        ({"EXT": []}, "EXT"),
    ],
)
def test_init_names_what_is_wrong_with_it(terminal: Running, wrong: Mapping[str, object], named: str) -> None:
    answer = set_up(terminal, **wrong)
    assert (answer["code"], answer["reason"]) == (-1, "init-invalid")
    assert f"{named}: " in answer["message"]
    assert terminal.events("library-set-up") == []


@pytest.mark.parametrize(
    "well",
    [{"LOG_PATH": None, "API_NAME": None, "EXT": None}, {"PORT": 8002, "TIMEOUT": 120}, {"LOG_PATH": "/var/log/his"}],
)
def test_init_may_leave_out_what_is_not_needed_and_spell_numbers_as_numbers(
    terminal: Running, well: Mapping[str, object]
) -> None:
    assert set_up(terminal, **well) == {"code": 0}


def test_init_of_another_institution_is_refused(terminal: Running) -> None:
    assert set_up(terminal, ORG_ID=OTHER)["reason"] == "not-here"
    assert terminal.post("/HeaSecReadInfo/Init", "IP=127.0.0.1").json()["reason"] == "bad-request"


def test_an_ec_url_that_leads_elsewhere_is_found_and_never_called(terminal: Running) -> None:
    assert set_up(terminal, EC_URL="http://127.0.0.1:9/localcfc/api/hsecfc/localQrCodeQuery") == {"code": 0}
    assert query(terminal).result()["reason"] == "ec-url-elsewhere"


def test_the_path_of_ec_url_is_where_the_centre_is_asked(terminal: Running) -> None:
    centre = terminal.bench.address("voucher-centre")
    for path, code in (("/fsi/api/hsecfc/localQrCodeQuery", 0), ("/nowhere", -1)):
        set_up(terminal, EC_URL=centre + path)
        asking = query(terminal)
        terminal.post("/present", {"what": "code", "text": code_of(terminal)})
        assert asking.result()["code"] == code
    assert asking.result()["reason"] == "centre-unavailable"


def test_where_init_has_to_come_first_nothing_goes_without(other_bench: Callable[..., Running]) -> None:
    terminal = other_bench(init_first=True, init_needs="ORG_ID")
    calls = [query(terminal), *(terminal.library(call) for call in ("ReadCardBas", "ReadSFZ", "VerifyPIN"))]
    assert [call.result()["reason"] for call in calls] == ["not-set-up"] * 4
    assert terminal.post("/HeaSecReadInfo/Init", {"ORG_ID": HOSPITAL}).json() == {"code": 0}
    asking = query(terminal)
    terminal.post("/present", {"what": "code", "text": code_of(terminal)})
    assert out_of(asking.result())["code"] == 0


def test_keys_are_neither_kept_nor_exported(terminal: Running) -> None:
    set_up(terminal)
    state = terminal.http.get(terminal.bench.back_door("terminal") + "/state").text
    assert json.loads(state)["library"]["set_up"] is True
    records = terminal.bench.tape.recent()
    shown = b"".join(Mask(records).hide(record.data) for record in records)
    for key in KEYS.values():
        assert key not in state
        assert any(key.encode() in record.data for record in records)
        assert key.encode() not in shown


@pytest.mark.parametrize(
    "raw", [{"init_needs": "IP,COLOUR"}, {"out_buffer": 0}, {"code_field": ""}, {"out_buffer": 1 << 21}]
)
def test_bad_settings_of_the_library_are_errors_of_configuration(raw: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        read_settings(TerminalSettings, raw, where="test")


# --- from outside ------------------------------------------------------------------------------------------


@pytest.mark.external
def test_curl_sets_the_library_up_and_scans_a_code(terminal: Running, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    at = terminal.bench.address("terminal")

    def curl(path: str, body: object) -> list[str]:
        file = tmp_path / f"{path.rpartition('/')[2]}.json"
        file.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        return ["curl", "-s", "--noproxy", "*", "--max-time", "20", at + path, "--data", f"@{file}"]

    done = subprocess.run(curl("/HeaSecReadInfo/Init", told(terminal)), capture_output=True, check=True)
    assert json.loads(done.stdout) == {"code": 0}
    since = terminal.bench.tape.seq
    body = {"orgId": HOSPITAL, "transType": "ec.query", "data": STAFF}
    with subprocess.Popen(curl("/HeaSecReadInfo/EcQuery", body), stdout=subprocess.PIPE) as asking:
        assert terminal.bench.tape.wait_for(lambda r: b"EcQuery" in r.data, since=since, timeout=60) is not None
        terminal.bench.loop.settle()
        code = code_of(terminal)
        subprocess.run(curl("/present", {"what": "code", "text": code}), capture_output=True, check=True)
        assert asking.stdout is not None
        out = out_of(json.loads(asking.stdout.read()))
    assert (out["data"]["idNo"], out["data"]["ecQrCode"]) == (OWNER.id_no, code)
