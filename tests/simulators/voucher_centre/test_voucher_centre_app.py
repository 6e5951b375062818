"""The centre's doors: bad bodies, charsets, faults by name, the back door, and a client that is not ours."""

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest

from harness.bench.settings import read_settings
from harness.errors import ConfigError
from harness.wire import voucher_messages as messages
from simulators.voucher_centre import SIMULATOR
from simulators.voucher_centre.settings import Charset, VoucherCentreSettings
from tests.simulators.insurer_rig import PEOPLE, PHARMACY, Rig

P1 = PEOPLE["P001"]


def test_the_plug_says_what_it_is() -> None:
    assert (SIMULATOR.kind, SIMULATOR.needs) == ("voucher-centre", ("phone", "terminal"))
    assert SIMULATOR.settings() == VoucherCentreSettings()


@pytest.mark.parametrize("raw", [{"validity_s": 0}, {"grace_s": -1}, {"issuer": "nobody"}, {"nothing": 1}])
def test_bad_settings_are_errors_of_configuration(raw: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        read_settings(SIMULATOR.settings, raw, where="bench.toml")


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'"{}"', b"\xff\xfe", b"{}", b'{"data":7}'])
@pytest.mark.parametrize(
    "path",
    [
        messages.QR_QUERY_PATH,
        messages.TOKEN_CHECK_PATH,
        messages.QRCODE_PATH,
        messages.PAY_CONFIRM_PATH,
        messages.PAY_ANSWER_PATH,
    ],
)
def test_a_bad_body_gets_an_answer_that_says_so(rig: Rig, path: str, body: bytes) -> None:
    reply = rig.http.post(rig.centre_at + path, content=body)
    assert reply.status_code == 200
    assert reply.json()["code"] == 980005
    assert len(reply.json()["message"]) > len("请求报文不符合规范")


def test_a_refusal_of_a_bad_query_names_every_field(rig: Rig) -> None:
    message = rig.centre_post(messages.QR_QUERY_PATH, {"orgId": PHARMACY.code, "transType": "ec.query", "data": {}})[
        "message"
    ]
    for field in ("orgId", "businessType", "operatorId", "operatorName", "officeId", "officeName", "ecQrCode"):
        assert f"data.{field}" in message


def test_answers_can_be_in_gbk(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(charset=Charset.GBK))
    query = messages.EcQuery(
        institution=PHARMACY.code,
        operator="1",
        operator_name="收",
        office="1",
        office_name="药",
        code="134567890123456789",
    )
    reply = rig.http.post(rig.centre_at + messages.QR_QUERY_PATH, json=messages.ec_query(query))
    assert reply.headers["content-type"] == "application/json;charset=GBK"
    assert json.loads(reply.content.decode("gbk"))["message"] == "请使用医保电子凭证二维码"
    with pytest.raises(UnicodeDecodeError):
        reply.content.decode()


@pytest.mark.parametrize("message", ["ec.query", "*"])
def test_a_fault_is_scheduled_by_the_message_name(rig: Rig, message: str) -> None:
    code = rig.new_code(P1)
    planned = rig.http.post(
        rig.back_doors["voucher-centre"] + "/fault", json={"message": message, "effect": "empty-body"}
    )
    assert planned.status_code == 200
    query = messages.EcQuery(
        institution=PHARMACY.code, operator="1", operator_name="收", office="1", office_name="药", code=code
    )
    reply = rig.http.post(rig.centre_at + messages.QR_QUERY_PATH, json=messages.ec_query(query))
    assert reply.content == b""
    assert len(rig.events("fault-fired")) == 1
    assert rig.decode(code)["code"] == 980002, "the centre acted although its answer was lost"


def test_the_back_door_shows_people_codes_tokens(rig: Rig) -> None:
    token = rig.token(P1)
    state = rig.state("voucher-centre")
    assert {row["id"] for row in state["people"]} == set(PEOPLE)
    assert [row["used"] for row in state["codes"]] == [True]
    assert [row["token"] for row in state["tokens"]] == [token]
    assert state["prompts"] == []


@pytest.mark.external
def test_curl_with_a_hand_written_body_gets_a_proper_answer(rig: Rig) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    body = (
        '{"orgId":"P63999900001","transType":"ec.query","data":{"orgId":"P63999900001","businessType":"02121",'
        '"operatorId":"001","operatorName":"收银员","officeId":"Y01","officeName":"药店","ecQrCode":"CODE"}}'
    ).replace("CODE", rig.new_code(P1))
    answer = subprocess.run(
        ["curl", "-s", "-H", "Content-Type: application/json", "-d", body, rig.centre_at + messages.QR_QUERY_PATH],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(answer.stdout)["data"]["userName"] == "测试甲"
