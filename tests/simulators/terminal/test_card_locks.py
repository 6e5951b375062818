"""The chip counts wrong passwords and locks; right ones and the card office make it forget; a restart does not."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.errors import BenchError
from simulators.terminal.chips import Chips
from tests.simulators.terminal.conftest import PEOPLE, Running
from tests.simulators.terminal_rig import Alone

OWNER = PEOPLE["P001"]
RIGHT, WRONG, TRIES = OWNER.card_pin, "000000", 5


def _read(terminal: Running) -> None:
    terminal.present("card", "P001")
    assert terminal.library("ReadCardBas").result()["code"] == 0


def _typed(terminal: Running, text: str) -> dict[str, Any]:
    asking = terminal.library("VerifyPIN", cardNo=OWNER.card_no)
    assert terminal.post("/keypad", {"text": text}).json() == {"result": "typed"}
    return asking.result()


def _locked(terminal: Running) -> None:
    _read(terminal)
    for _ in range(TRIES):
        _typed(terminal, WRONG)


def _back(terminal: Running, path: str, body: object) -> httpx.Response:
    return terminal.http.post(terminal.bench.back_door("terminal") + path, json=body)


def test_a_wrong_password_gives_no_proof_and_says_how_many_are_left(terminal: Running) -> None:
    _read(terminal)
    answer = _typed(terminal, WRONG)
    assert (answer["code"], answer["reason"]) == (-1, "pin-wrong")
    assert "还可输入4次" in answer["message"]
    assert "4 attempts left" in answer["message"]
    assert "proof" not in answer
    assert terminal.screen()["said"]["zh"] == "社会保障卡密码错误，还可输入4次"
    assert terminal.events("pin-wrong") == [{"event": "pin-wrong", "person": "P001", "left": 4}]


def test_the_last_wrong_password_locks_the_card_for_the_right_one_too(terminal: Running) -> None:
    _read(terminal)
    said = [_typed(terminal, WRONG)["reason"] for _ in range(TRIES)]
    assert terminal.screen()["said"]["zh"].startswith("社会保障卡密码已锁定")
    assert said == ["pin-wrong"] * (TRIES - 1) + ["pin-locked"]
    refused = terminal.library("VerifyPIN", cardNo=OWNER.card_no).result()
    assert (refused["code"], refused["reason"]) == (-1, "pin-locked")
    assert "社保卡服务网点" in refused["message"]
    assert terminal.screen()["keypad"] == {}, "it does not even ask"
    assert terminal.post("/keypad", {"text": RIGHT}).status_code == 409


def test_the_right_password_forgets_the_wrong_ones(terminal: Running) -> None:
    _read(terminal)
    for _ in range(TRIES - 1):
        _typed(terminal, WRONG)
    assert _typed(terminal, RIGHT)["code"] == 0
    assert _typed(terminal, WRONG)["reason"] == "pin-wrong"
    assert terminal.events("pin-wrong")[-1]["left"] == TRIES - 1


def test_another_card_is_not_locked(terminal: Running) -> None:
    _locked(terminal)
    terminal.present("card", "P002")
    terminal.library("ReadCardBas").result()
    asking = terminal.library("VerifyPIN", cardNo=PEOPLE["P002"].card_no)
    terminal.post("/keypad", {"text": PEOPLE["P002"].card_pin})
    assert asking.result()["code"] == 0


def test_a_card_stays_locked_in_a_terminal_that_was_switched_off_and_on(terminal: Running) -> None:
    _locked(terminal)
    assert _back(terminal, "/restart", {}).status_code == 200
    assert not terminal.screen()["card_in"]
    _read(terminal)
    assert terminal.library("VerifyPIN", cardNo=OWNER.card_no).result()["reason"] == "pin-locked"


def test_a_terminal_switched_off_hangs_up_on_whoever_waits(terminal: Running) -> None:
    _read(terminal)
    asking = terminal.library("VerifyPIN", cardNo=OWNER.card_no)
    _back(terminal, "/restart", {})
    with pytest.raises(httpx.HTTPError):
        asking.result(60)
    assert terminal.screen()["keypad"] == {}


def test_the_card_office_unlocks_a_card(terminal: Running) -> None:
    _locked(terminal)
    assert _back(terminal, "/cards/unlock", {"person": "P001"}).json() == {"left": TRIES}
    assert terminal.events("card-unlocked") == [{"event": "card-unlocked", "person": "P001"}]
    assert _typed(terminal, RIGHT)["code"] == 0


@pytest.mark.parametrize(
    ("body", "status"), [({}, 404), ({"person": "P999"}, 404), ({"person": "P006"}, 409), ([], 400)]
)
def test_the_card_office_knows_only_cards_that_there_are(terminal: Running, body: object, status: int) -> None:
    answer = _back(terminal, "/cards/unlock", body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_new_case_has_new_cards(terminal: Running) -> None:
    _locked(terminal)
    terminal.bench.reset("the next case")
    _read(terminal)
    assert _typed(terminal, RIGHT)["code"] == 0


def test_chips_remember_in_their_file_and_forget_with_it(tmp_path: Path) -> None:
    file = tmp_path / "cards.json"
    first = Chips(most=2, file=str(file))
    first.open()
    assert [first.wrong("A"), first.wrong("A"), first.wrong("B")] == [1, 0, 1]
    again = Chips(most=2, file=str(file))
    again.open()
    assert again.locked("A")
    assert again.left("B") == 1
    assert again.state() == {"A": 0, "B": 1}
    again.clear()
    assert json.loads(file.read_text()) == {}


@pytest.mark.parametrize("content", ["", "[]", '{"A": true}', '{"A": 1.5}', "[" * 100_000])
def test_a_file_that_is_none_of_chips_is_an_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cards.json"
    file.write_text(content)
    with pytest.raises(BenchError, match=r"cards\.json"):
        Chips(most=2, file=str(file)).open()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="missing"):
        Chips(most=2, file=str(tmp_path / "none" / "cards.json")).wrong("A")


@pytest.mark.slow
def test_a_card_stays_locked_when_its_terminal_was_killed(alone: Alone) -> None:
    one = alone("--pin-lock-after", "1")
    one.read_card()
    asking = one.verify_pin()
    one.until_asked()
    one.post("/keypad", {"text": WRONG})
    assert asking.result(60).json()["reason"] == "pin-locked", "the one wrong password that it takes"
    one.kill()
    other = alone("--pin-lock-after", "1")
    other.read_card()
    assert other.verify_pin().result(60).json()["reason"] == "pin-locked"
