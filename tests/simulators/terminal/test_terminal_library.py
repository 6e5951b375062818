"""The social-card library: a card read once it is put in, its password proved, and everything that goes wrong."""

import httpx
import pytest

from harness.gm import sm3
from tests.simulators.terminal.conftest import HOSPITAL, OTHER, PEOPLE, Running


def test_a_card_is_read_as_eleven_fields_once_it_is_put_in(terminal: Running) -> None:
    reading = terminal.library("ReadCardBas")
    assert not reading.done()
    assert terminal.screen()["asked"] == ["card"]
    assert terminal.present("card", "P001").status_code == 200
    answer = reading.result()
    assert answer["code"] == 0
    fields = answer["cardInfo"].split("|")
    person = PEOPLE["P001"]
    assert len(fields) == 11
    assert fields[:5] == ["639900", person.id_no, person.card_no, person.card_sn, person.name]
    assert fields[7:9] == ["20191015", "20291012"], "issued a year before the bench's day"
    assert terminal.events("card-presented") == [
        {"event": "card-presented", "what": "card", "person": "P001", "how": "well"}
    ]
    assert terminal.screen()["card_in"]


def test_a_card_that_lies_there_is_read_at_once(terminal: Running) -> None:
    terminal.present("card", "P002")
    assert terminal.library("ReadCardBas").result()["cardInfo"].split("|")[2] == PEOPLE["P002"].card_no


def test_an_id_card_is_read_too(terminal: Running) -> None:
    reading = terminal.library("ReadSFZ")
    terminal.present("id-card", "P001")
    assert PEOPLE["P001"].id_no in reading.result()["sfzInfo"].split("|")


@pytest.mark.parametrize(
    ("what", "how", "reason"),
    [
        ("card", "unreadable", "card-unreadable"),
        ("card", "pulled-out", "card-pulled-out"),
        ("card", "wrong-kind", "card-wrong-kind"),
        ("id-card", "well", "card-wrong-kind"),
    ],
)
def test_a_card_that_cannot_be_read_gives_nothing(terminal: Running, what: str, how: str, reason: str) -> None:
    reading = terminal.library("ReadCardBas")
    terminal.present(what, "P001", how=how)
    answer = reading.result()
    assert (answer["code"], answer["reason"]) == (-1, reason)
    assert " / " in answer["message"], "both languages"
    assert not {"cardInfo", "sfzInfo"} & answer.keys()
    assert terminal.library("VerifyPIN", cardNo=PEOPLE["P001"].card_no).result()["reason"] == "card-pulled-out"


def test_nobody_puts_a_card_in(terminal: Running) -> None:
    reading = terminal.library("ReadCardBas")
    terminal.bench.step(seconds=59)
    assert not reading.done()
    terminal.bench.step(seconds=1)
    assert reading.result()["reason"] == "no-card"


def test_cancel_ends_a_reading_with_its_own_code(terminal: Running) -> None:
    reading = terminal.library("ReadCardBas")
    assert terminal.post("/cancel", {}).json() == {"cancelled": 1}
    assert (reading.result()["code"], reading.result()["reason"]) == (-2, "cancelled")


def test_a_password_is_proved_and_never_told(terminal: Running) -> None:
    terminal.present("card", "P001")
    card_no = terminal.library("ReadCardBas").result()["cardInfo"].split("|")[2]
    asking = terminal.library("VerifyPIN", cardNo=card_no)
    assert terminal.screen()["keypad"]["what"] == "card-pin"
    assert terminal.post("/keypad", {"text": "194946"}).json() == {"result": "typed"}
    proof = sm3(f"{PEOPLE['P001'].card_sn}:194946".encode()).hex()
    assert asking.result() == {"code": 0, "proof": proof}
    told = [record for record in terminal.bench.tape.recent() if record.name.startswith("keypad")]
    assert [record.name for record in told] == ["keypad-asked", "keypad-typed"]
    assert not any(b"194946" in record.data for record in told)
    assert terminal.screen()["keypad"] == {}


def test_a_password_is_asked_for_the_card_that_was_read(terminal: Running) -> None:
    card_no = PEOPLE["P001"].card_no
    assert terminal.library("VerifyPIN", cardNo=card_no).result()["reason"] == "card-pulled-out"
    terminal.present("card", "P002")
    terminal.library("ReadCardBas").result()
    assert terminal.library("VerifyPIN", cardNo=card_no).result()["reason"] == "other-card"


def test_a_password_that_nobody_types(terminal: Running) -> None:
    terminal.present("card", "P001")
    terminal.library("ReadCardBas").result()
    asking = terminal.library("VerifyPIN", cardNo=PEOPLE["P001"].card_no)
    terminal.bench.step(seconds=60)
    assert asking.result()["reason"] == "keypad-timeout"
    assert terminal.post("/keypad", {"text": "194946"}).status_code == 409


def test_a_card_taken_out_ends_the_question(terminal: Running) -> None:
    terminal.present("card", "P001")
    terminal.library("ReadCardBas").result()
    asking = terminal.library("VerifyPIN", cardNo=PEOPLE["P001"].card_no)
    assert terminal.post("/pull", {}).status_code == 200
    assert asking.result()["reason"] == "card-pulled-out"
    assert terminal.post("/pull", {}).status_code == 409, "no card in it any more"


def test_one_call_at_a_time_of_the_own_institution(terminal: Running) -> None:
    reading = terminal.library("ReadCardBas")
    assert terminal.library("ReadSFZ").result()["reason"] == "busy"
    assert terminal.post("/HeaSecReadInfo/ReadCardBas", {"orgId": OTHER}).json()["reason"] == "not-here"
    assert terminal.post("/HeaSecReadInfo/ReadCardBas", [HOSPITAL]).json()["reason"] == "bad-request"
    terminal.present("card", "P001")
    answer = reading.result()
    assert answer["code"] == 0, answer


def test_a_caller_who_has_hung_up_gets_nobodys_card(terminal: Running) -> None:
    address = terminal.bench.address("terminal") + "/HeaSecReadInfo/ReadCardBas"
    terminal.hung_up_on(address, {"orgId": HOSPITAL}, call="ReadCardBas")
    reading = terminal.library("ReadCardBas")
    terminal.present("card", "P001")
    answer = reading.result()
    assert answer["code"] == 0, answer


def test_a_new_case_hangs_up_on_whoever_waits(terminal: Running) -> None:
    reading = terminal.library("ReadCardBas")
    terminal.bench.reset("the next case")
    with pytest.raises(httpx.HTTPError):
        reading.result(60)
    assert terminal.screen()["asked"] == []
