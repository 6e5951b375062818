"""Alipay's IoT box: a code or a face becomes an identity, and the result of the settlement comes to the screen."""

from typing import Any

import pytest

from tests.simulators.terminal.conftest import HOSPITAL, PEOPLE, Running

RESULT = {
    "bizType": "settle",
    "medicalSettleState": "SUCCESS",
    "totalFee": "12.50",
    "medicalFee": "10.00",
    "selfFee": "2.50",
}


def _gain(terminal: Running, way: str, number: str = "1") -> Any:
    return terminal.centre("iot.gain.ec.qrcode", gainWay=way, outBizNo=number)


def _code(terminal: Running, person: str = "P001", channel: str = "wechat") -> str:
    address = terminal.bench.address("phone")
    return terminal.http.get(f"{address}/people/{person}/code.txt?channel={channel}&fresh=1").text.strip()


def _told(terminal: Running, number: str = "1", **members: str) -> dict[str, Any]:
    """The call carries nothing but what the source names."""
    body = {
        "orgId": HOSPITAL,
        "transType": "iot.medical.settle.notify",
        "data": RESULT | {"outBizNo": number} | members,
    }
    address = terminal.bench.address("voucher-centre") + "/localcfc/api/hsecfc/localQrCodeQuery"
    answer: dict[str, Any] = terminal.http.post(address, json=body).json()
    return answer


@pytest.mark.parametrize("way", ["MOBILE", "ALL"])
def test_a_shown_code_is_decoded_by_the_box(terminal: Running, way: str) -> None:
    gaining = _gain(terminal, way)
    assert not gaining.done()
    terminal.post("/present", {"what": "code", "text": _code(terminal)})
    data = gaining.result(60)["data"]
    assert (data["idNo"], data["chnlId"], data["outBizNo"]) == (PEOPLE["P001"].id_no, "wechat", "1")
    assert len(data["ecToken"]) == 38


@pytest.mark.parametrize("way", ["FACE", "ALL"])
def test_a_face_is_taken_by_the_box(terminal: Running, way: str) -> None:
    gaining = _gain(terminal, way)
    terminal.present("face", "P001")
    data = gaining.result(60)["data"]
    assert (data["idNo"], data["chnlId"]) == (PEOPLE["P001"].id_no, "alipay")
    assert "authNo" not in data


def test_a_box_that_waits_for_one_thing_leaves_the_other(terminal: Running) -> None:
    gaining = _gain(terminal, "MOBILE")
    terminal.present("face", "P001")
    assert not gaining.done()
    terminal.post("/present", {"what": "code", "text": _code(terminal, "P002")})
    assert gaining.result(60)["data"]["idNo"] == PEOPLE["P002"].id_no
    assert _gain(terminal, "ALL", "2").result(60)["data"]["idNo"] == PEOPLE["P001"].id_no, "the face that lay there"


def test_a_screen_asks_for_both(terminal: Running) -> None:
    with terminal.http.stream("GET", terminal.bench.address("terminal") + "/live", timeout=60) as reply:
        lines = (line for line in reply.iter_lines() if line)
        next(lines)
        _gain(terminal, "ALL")
        assert any('"asked": ["code", "face"]' in line for line in lines)


@pytest.mark.parametrize(
    ("shows", "code"), [({"person": "P002", "as": "P001"}, 980025), ({"person": "P005"}, 980003)], ids=["other", "none"]
)
def test_a_face_that_is_not_taken_identifies_nobody(terminal: Running, shows: dict[str, str], code: int) -> None:
    gaining = _gain(terminal, "FACE")
    terminal.post("/present", {"what": "face", **shows})
    assert gaining.result(60)["code"] == code
    assert terminal.events("token-issued") == []
    assert _told(terminal)["code"] == 980005, "nobody to show a result to"


def test_a_used_code_and_a_pay_code_identify_nobody(terminal: Running) -> None:
    code = _code(terminal)
    for number, text, refused in (("1", code, 0), ("2", code, 980002), ("3", "134567890123456789", 500159)):
        gaining = _gain(terminal, "ALL", number)
        terminal.post("/present", {"what": "code", "text": text})
        assert gaining.result(60)["code"] == refused


def test_a_business_number_serves_once(terminal: Running) -> None:
    gaining = _gain(terminal, "ALL")
    assert _gain(terminal, "ALL").result(60)["code"] == 980018, "while the first waits, too"
    terminal.present("face", "P001")
    assert gaining.result(60)["code"] == 0
    assert _gain(terminal, "ALL").result(60)["code"] == 980018


def test_nobody_comes_or_cancels(terminal: Running) -> None:
    gaining = _gain(terminal, "ALL")
    terminal.bench.step(seconds=60)
    assert gaining.result(60)["code"] == 980014
    gaining = _gain(terminal, "ALL", "2")
    assert terminal.post("/cancel", {}).json() == {"cancelled": 1}, "one call, though it waits for two things"
    assert gaining.result(60)["code"] == -2


@pytest.mark.parametrize("members", [{"gainWay": "PALM"}, {"gainWay": ""}, {"outBizNo": ""}])
def test_a_scan_that_makes_no_sense_is_refused(terminal: Running, members: dict[str, str]) -> None:
    answer = terminal.centre("iot.gain.ec.qrcode", **({"gainWay": "ALL", "outBizNo": "1"} | members))
    assert answer.result(60)["code"] == 980005


def test_the_result_comes_to_the_screen_with_the_two_parts_that_the_box_is_told(terminal: Running) -> None:
    gaining = _gain(terminal, "FACE")
    terminal.present("face", "P001")
    gaining.result(60)
    assert _told(terminal)["code"] == 0
    assert terminal.screen()["result"] == {
        "succeeded": True,
        "who": "测**",
        "total": "12.50",
        "fund": "0.00",
        "account": "0.00",
        "own": "2.50",
        "medical": "10.00",
    }
    (told,) = terminal.events("box-notified")
    assert (told["total_fen"], told["medical_fen"], told["own_fen"], told["differs_fen"]) == (1250, 1000, 250, 0)
    assert (told["state"], told["out_biz_no"]) == ("SUCCESS", "1")
    (screen,) = terminal.events("screen")
    assert screen["medical_fen"] == 1000


def test_what_the_amounts_differ_by_is_in_the_event(terminal: Running) -> None:
    gaining = _gain(terminal, "FACE")
    terminal.present("face", "P001")
    gaining.result(60)
    _told(terminal, selfFee="2.49")
    _told(terminal, medicalSettleState="FAIL", medicalFee="", selfFee="")
    assert [event["differs_fen"] for event in terminal.events("box-notified")] == [1, 0]
    assert terminal.screen()["result"]["succeeded"] is False


@pytest.mark.parametrize("members", [{"medicalFee": ""}, {"selfFee": "x"}, {"bizType": "gift"}, {"outBizNo": "9"}])
def test_a_result_that_makes_no_sense_is_refused(terminal: Running, members: dict[str, str]) -> None:
    gaining = _gain(terminal, "FACE")
    terminal.present("face", "P001")
    gaining.result(60)
    assert _told(terminal, **members)["code"] == 980005
    assert terminal.events("screen") == []
