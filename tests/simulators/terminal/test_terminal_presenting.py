"""ID card and face go on to the voucher centre, whose calls wait for them; what is wrong is refused."""

import pytest

from tests.simulators.terminal.conftest import PEOPLE, Running


def _begin_face(terminal: Running, number: str) -> str:
    return str(terminal.centre("cn.nhsa.ec.auth", outBizNo=number).result()["data"]["authNo"])


def test_an_id_card_says_who_and_whether_their_voucher_is_activated(terminal: Running) -> None:
    for person, activated in (("P001", True), ("P005", False)):
        reading = terminal.centre("cn.nhsa.cert.get")
        assert not reading.done()
        terminal.present("id-card", person)
        data = reading.result()["data"]
        assert (data["idNo"], data["activated"]) == (PEOPLE[person].id_no, activated)
        assert "ecToken" not in data


@pytest.mark.parametrize(("how", "code"), [("unreadable", 980029), ("pulled-out", 980030), ("wrong-kind", 980031)])
def test_an_id_card_that_cannot_be_read(terminal: Running, how: str, code: int) -> None:
    reading = terminal.centre("cn.nhsa.cert.get")
    terminal.present("id-card", "P001", how=how)
    assert (reading.result()["code"], reading.result()["data"]) == (code, {})


def test_a_face_check_waits_for_the_face(terminal: Running) -> None:
    auth = _begin_face(terminal, "1")
    checking = terminal.centre("cn.nhsa.auth.check", outBizNo="1", authNo=auth)
    assert not checking.done()
    terminal.present("face", "P001")
    assert checking.result()["data"]["idNo"] == PEOPLE["P001"].id_no
    assert terminal.events("face-presented") == [{"event": "face-presented", "person": "P001", "claimed": "P001"}]


def test_another_face_is_not_taken_for_whom_it_claims_to_be(terminal: Running) -> None:
    auth = _begin_face(terminal, "1")
    checking = terminal.centre("cn.nhsa.auth.check", outBizNo="1", authNo=auth)
    terminal.present("face", "P002", **{"as": "P001"})
    assert checking.result()["code"] == 980025
    assert not terminal.events("token-issued")


def test_a_face_that_nobody_shows(terminal: Running) -> None:
    auth = _begin_face(terminal, "1")
    checking = terminal.centre("cn.nhsa.auth.check", outBizNo="1", authNo=auth)
    terminal.bench.step(seconds=60)
    assert checking.result()["code"] == 980016


def test_cancel_ends_the_centres_calls(terminal: Running) -> None:
    reading = terminal.centre("cn.nhsa.cert.get")
    assert terminal.post("/cancel", {}).json() == {"cancelled": 1}
    assert reading.result()["code"] == -2


def test_a_library_that_has_hung_up_gets_nobodys_card(terminal: Running) -> None:
    address = terminal.bench.address("voucher-centre") + "/localcfc/api/hsecfc/localQrCodeQuery"
    body = {
        "orgId": "H63999900001",
        "transType": "cn.nhsa.cert.get",
        "data": {
            "orgId": "H63999900001",
            "businessType": "01301",
            "operatorId": "C1",
            "operatorName": "C",
            "officeId": "1",
            "officeName": "C",
        },
    }
    terminal.hung_up_on(address, body, call="cn.nhsa.cert.get")
    reading = terminal.centre("cn.nhsa.cert.get")
    terminal.present("id-card", "P001")
    assert reading.result()["code"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"what": "card", "person": "P006"}, 409),
        ({"what": "id-card", "person": "P999"}, 404),
        ({"what": "passport", "person": "P001"}, 400),
        ({"what": "card", "person": "P001", "how": "gently"}, 400),
        ({"what": "card", "person": "P001", "as": "P002"}, 400),
        ({"what": "code"}, 400),
        ({"what": "face", "person": "P001", "photo": "x"}, 400),
    ],
)
def test_what_cannot_be_presented_is_said_in_both_languages(
    terminal: Running, body: dict[str, str], status: int
) -> None:
    answer = terminal.post("/present", body)
    assert answer.status_code == status
    prompt = answer.json()["prompt"]
    assert prompt["zh"]
    assert prompt["en"]


def test_a_centre_that_is_away_is_said(terminal: Running) -> None:
    terminal.bench.device("voucher-centre")
    back = terminal.bench.back_door("voucher-centre")
    terminal.http.post(back + "/fault", json={"message": "terminal", "effect": "cut-connection"})
    assert terminal.present("id-card", "P001").status_code == 503
    assert terminal.events("present-undelivered")


@pytest.mark.parametrize(
    "body",
    [
        b'{"what":"card","person":"P001","how":[]}',
        b'{"what":"code","text":"\\ud800"}',
        b'{"what":"card","person":{}}',
        '{"what":"code","text":"测试"}'.encode("gbk"),
        b"[" * 50_000,
        b"\0" * (10 << 20),
    ],
    ids=["how", "half-a-character", "person", "gbk", "deep", "10-MiB"],
)
def test_what_makes_no_sense_is_refused_and_the_terminal_goes_on(terminal: Running, body: bytes) -> None:
    answer = terminal.http.post(terminal.bench.address("terminal") + "/present", content=body)
    assert answer.status_code in {400, 404}
    assert answer.json()["error"]
    reading = terminal.centre("cn.nhsa.cert.get")
    terminal.present("id-card", "P001")
    assert reading.result()["data"]["idNo"] == PEOPLE["P001"].id_no
