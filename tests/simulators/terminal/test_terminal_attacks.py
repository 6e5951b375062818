"""What a clock, a caller or a person may do to a call that is held: it ends once, in time, and the next one works."""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from harness.line.record import Direction
from tests.simulators.terminal.conftest import HOSPITAL, PEOPLE, Running
from tests.simulators.terminal_rig import Alone

OWNER = PEOPLE["P001"]
LIFE_S, HOUR_S = 60, 3600


def _read(terminal: Running, person: str = "P001") -> None:
    terminal.present("card", person)
    assert terminal.library("ReadCardBas").result()["code"] == 0


def _asking(terminal: Running) -> Any:
    return terminal.library("VerifyPIN", cardNo=OWNER.card_no)


def _works(terminal: Running) -> None:
    """The next customer is served."""
    _read(terminal)
    asking = _asking(terminal)
    assert terminal.post("/keypad", {"text": OWNER.card_pin}).status_code == 200
    assert asking.result(60)["code"] == 0


def _card(terminal: Running) -> Any:
    return terminal.library("ReadCardBas")


def _pin(terminal: Running) -> Any:
    _read(terminal)
    return _asking(terminal)


@pytest.mark.parametrize(
    ("held", "reason"), [(_card, "no-card"), (_pin, "keypad-timeout")], ids=["reading", "password"]
)
def test_a_clock_set_back_neither_prolongs_nor_shortens_a_held_call(
    terminal: Running, held: Callable[[Running], Any], reason: str
) -> None:
    call = held(terminal)
    terminal.bench.step(seconds=30)
    terminal.bench.step(seconds=-HOUR_S)
    terminal.bench.step(seconds=29)
    assert not call.done(), "a second too early"
    terminal.bench.step(seconds=1)
    assert call.result(60)["reason"] == reason
    _works(terminal)


def test_a_clock_set_back_leaves_the_seconds_on_the_screen_as_they_are(terminal: Running) -> None:
    _pin(terminal)
    terminal.bench.step(seconds=20)
    terminal.bench.step(seconds=-HOUR_S)
    shown = terminal.screen()
    assert shown["keypad"]["until_ms"] - shown["now_ms"] == (LIFE_S - 20) * 1000


@pytest.mark.parametrize("call", ["cn.nhsa.cert.get", "pay"])
def test_a_clock_set_back_does_not_prolong_what_the_centre_waits_for_here(terminal: Running, call: str) -> None:
    waiting = terminal.pay("P001") if call == "pay" else terminal.centre(call)
    terminal.wait_for("prompt-shown") if call == "pay" else None
    terminal.bench.step(seconds=-HOUR_S)
    terminal.bench.step(seconds=LIFE_S - 1)
    assert not waiting.done()
    terminal.bench.step(seconds=1)
    answer = waiting.result(60)
    assert answer["data"].get("result") == "not-answered" if call == "pay" else answer["code"] == 980014
    if call == "pay":
        assert terminal.screen()["keypad"] == {}, "the keypad asks for a payment that is over"
        assert terminal.post("/keypad", {"text": OWNER.password}).json()["prompt"]["id"] == "nothing-asked"
    _works(terminal)


def test_of_two_calls_at_once_the_second_is_told_that_it_is_busy(terminal: Running) -> None:
    first = _pin(terminal)
    for call in ("VerifyPIN", "ReadCardBas", "ReadSFZ"):
        assert terminal.library(call, cardNo=OWNER.card_no).result(60)["reason"] == "busy"
    terminal.post("/keypad", {"text": OWNER.card_pin})
    assert first.result(60)["code"] == 0


def test_a_password_that_comes_after_its_time_is_taken_by_nobody(terminal: Running) -> None:
    asking = _pin(terminal)
    terminal.bench.step(seconds=LIFE_S)
    assert asking.result(60)["reason"] == "keypad-timeout"
    assert terminal.post("/keypad", {"text": OWNER.card_pin}).status_code == 409
    assert not any(record.name == "keypad-typed" for record in terminal.bench.tape.recent())
    _works(terminal)


def test_a_card_pulled_or_replaced_while_its_password_is_asked_for(terminal: Running) -> None:
    asking = _pin(terminal)
    terminal.post("/pull", {})
    assert asking.result(60)["reason"] == "card-pulled-out"
    asking = _pin(terminal)
    terminal.present("card", "P002")
    assert asking.result(60)["reason"] == "card-pulled-out"
    terminal.post("/keypad", {"text": OWNER.card_pin})
    assert terminal.library("VerifyPIN", cardNo=OWNER.card_no).result(60)["reason"] == "card-pulled-out"
    _works(terminal)


@pytest.mark.parametrize(
    "keys",
    ["12345", "1234567", "12345x", "１２３４５６", "123456\n", " 123456", "", "1" * (1 << 20), None, 123456, ["1"] * 6],
    ids=["five", "seven", "letter", "full-width", "newline", "blank", "empty", "1-MiB", "null", "number", "list"],
)
def test_what_is_no_password_is_refused_and_does_not_count(terminal: Running, keys: object) -> None:
    asking = _pin(terminal)
    answer = terminal.post("/keypad", {"text": keys})
    assert (answer.status_code, answer.json()["prompt"]["id"]) == (400, "six-digits")
    assert terminal.screen()["keypad"]["what"] == "card-pin", "still asked"
    assert terminal.post("/keypad", {"text": OWNER.card_pin}).status_code == 200
    assert asking.result(60)["code"] == 0
    assert terminal.events("pin-wrong") == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"cardNo": {}}', b'{"orgId": ["H63999900001"]}', b"[" * 50_000, b"9" * (1 << 20)],
    ids=["empty", "cut", "list", "bytes", "no-org", "org-list", "deep", "1-MiB"],
)
@pytest.mark.parametrize("call", ["ReadCardBas", "ReadSFZ", "VerifyPIN"])
def test_a_call_that_makes_no_sense_is_refused(terminal: Running, call: str, body: bytes) -> None:
    answer = terminal.http.post(terminal.bench.address("terminal") + f"/HeaSecReadInfo/{call}", content=body)
    assert answer.status_code == 200
    assert answer.json()["code"] == -1
    assert answer.json()["reason"] in {"bad-request", "not-here"}


@pytest.mark.parametrize("card", [{}, None, 7, "", "T63990002", ["T63990001"]])
def test_a_password_of_a_card_that_is_not_there(terminal: Running, card: object) -> None:
    _read(terminal)
    answer = terminal.post("/HeaSecReadInfo/VerifyPIN", {"orgId": HOSPITAL, "cardNo": card})
    assert answer.json()["reason"] == "other-card"
    _works(terminal)


def test_a_caller_who_hangs_up_while_a_password_is_asked_for(terminal: Running) -> None:
    _read(terminal)
    address = terminal.bench.address("terminal") + "/HeaSecReadInfo/VerifyPIN"
    terminal.hung_up_on(address, {"orgId": HOSPITAL, "cardNo": OWNER.card_no}, call="VerifyPIN")
    assert terminal.post("/keypad", {"text": OWNER.card_pin}).status_code == 409
    _works(terminal)


def test_a_prompt_that_comes_twice_is_shown_once(terminal: Running) -> None:
    prompt = {
        "promptId": "PP1",
        "idNo": OWNER.id_no,
        "amount": "12.50",
        "accountAmount": "2.50",
        "institutionName": "联调测试医院",
        "expiresAt": "2020-10-14 08:31:00",
        "orgId": HOSPITAL,
    }
    for _ in range(2):
        assert terminal.post("/push/prompt", prompt).status_code == 202
    assert len(terminal.events("prompt-shown")) == 1
    terminal.post("/keypad", {"text": OWNER.password})  # the centre knows no such prompt
    assert terminal.post("/push/prompt", prompt).status_code == 202
    assert terminal.screen()["keypad"] == {}, "not again after it was answered"


@pytest.mark.parametrize("cut", [10, 60, 170])
def test_a_caller_who_hangs_up_in_the_middle_of_a_request(terminal: Running, cut: int) -> None:
    where = urlsplit(terminal.bench.address("terminal"))
    body = b'{"orgId":"H63999900001"}'
    head = f"POST /HeaSecReadInfo/ReadCardBas HTTP/1.1\r\nHost: x\r\nX-Pad: {'p' * 90}\r\n"
    request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
    since = terminal.bench.tape.seq
    with socket.create_connection((where.hostname or "", where.port or 0)) as line:
        line.sendall(request[:cut])
    found = terminal.bench.tape.wait_for(
        lambda r: r.direction is Direction.RECEIVED and r.channel.startswith("terminal"), since=since, timeout=60
    )
    assert found is not None
    assert terminal.screen()["asked"] == []
    _works(terminal)


@pytest.mark.slow
def test_a_killed_terminal_cuts_the_call_and_its_successor_serves(alone: Alone) -> None:
    one = alone()
    one.read_card()
    asking = one.verify_pin()
    one.until_asked()
    one.kill()
    with pytest.raises(httpx.HTTPError):
        asking.result(60)
    other = alone()
    other.read_card()
    asking = other.verify_pin()
    other.until_asked()
    other.post("/keypad", {"text": OWNER.card_pin})
    assert asking.result(60).json()["code"] == 0
