"""Messages read as the adapter's province has them."""

import json
from decimal import Decimal
from typing import Any

import pytest

from harness.judge.messages import Message
from harness.judge.provinces import in_province
from harness.wire.profile import load_profile

ANSWER = {"infcode": 0, "err_msg": "成功", "output": {}}


def message(body: bytes) -> Message:
    return Message(seq=1, at_ns=0, start="POST / HTTP/1.1", headers={}, body=body)


def hello(name: str) -> dict[str, Any]:
    return {"institution": {"name": "药房"}, "profile": load_profile(name).for_adapter()}


def reply_of(name: str, body: bytes, request: bytes = b"{}") -> dict[str, Any]:
    _, reply = in_province(message(request), message(body), hello(name))
    assert reply is not None
    return reply.json


def test_without_a_profile_and_by_the_national_core_nothing_changes() -> None:
    request, reply = message(b"{}"), message(json.dumps(ANSWER).encode())
    assert in_province(request, reply, {}) == (request, reply)
    assert in_province(request, reply, hello("qinghai")) == (request, reply)
    assert in_province(request, None, hello("shanxi"))[1] is None


def test_an_answer_encoded_twice_is_proper_in_shanxi_only() -> None:
    twice = json.dumps(json.dumps(ANSWER)).encode()
    assert reply_of("shanxi", twice) == ANSWER
    assert reply_of("shanxi", json.dumps(ANSWER).encode()) == ANSWER, "the gateway's own answers are not"
    assert reply_of("qinghai", twice) == {}


@pytest.mark.parametrize("charset", ["gbk", "utf-8"])
def test_gbk_is_proper_in_shanghai_only(charset: str) -> None:
    request = json.dumps({"xxlxm": "SI12", "xxnr": {}}).encode()
    body = json.dumps({"xxfhm": "981017", "fhxx": "金额不一致"}, ensure_ascii=False).encode(charset)
    right = {"infcode": -1, "err_msg": "金额不一致", "warn_msg": "981017"}
    assert (reply_of("shanghai", body, request) == right) is (charset == "gbk")


def test_a_request_in_shanghai_is_read_in_the_words_of_the_institution_interface() -> None:
    sent = {"xxlxm": "SK01", "msgid": "m", "jgdm": "P1", "xxnr": {"translsh": "9", "insuplc": "639900"}}
    request, _ = in_province(message(json.dumps(sent).encode()), None, hello("shanghai"))
    assert (request.json["infno"], request.json["fixmedins_code"], request.json["fixmedins_name"]) == (
        "2103",
        "P1",
        "药房",
    )
    assert request.json["insuplc_admdvs"] == "639900"
    assert request.json["input"] == {"data": {"setl_id": "9"}}


def test_a_visit_and_its_details_in_shanghai_are_read_likewise() -> None:
    told = {"jzdyh": "M1", "personno": "1", "jfpc": "B1", "mxs": [{"mxxh": "D1", "je": "1.00"}]}
    sent = {"xxlxm": "SN01", "msgid": "m", "jgdm": "H1", "xxnr": told}
    answered = {"xxfhm": "P001", "fhxx": "", "xxnr": {"mxs": [{"mxxh": "D1", "fwnje": "1.00"}]}}
    request, reply = in_province(
        message(json.dumps(sent).encode()), message(json.dumps(answered).encode("gbk")), hello("shanghai")
    )
    assert request.json["infno"] == "2204"
    assert request.json["input"]["feedetail"][0]["mdtrt_id"] == "M1"
    assert reply is not None
    assert reply.json["output"] == {"result": [{"feedetl_sn": "D1", "inscp_scp_amt": "1.00"}]}


@pytest.mark.parametrize(("code", "told"), [("P001", 0), ("P101", "P101")])
def test_a_card_read_by_the_front_machine_is_a_call_of_the_settlement_library(code: str, told: object) -> None:
    sent = {"xxlxm": "S000", "msgid": "m", "jgdm": "H1", "xxnr": {}}
    answered = {"xxfhm": code, "fhxx": "x", "xxnr": {"cardinfo": "a|b"}}
    request, reply = in_province(
        message(json.dumps(sent).encode()), message(json.dumps(answered).encode("gbk")), hello("shanghai")
    )
    assert request.start == "POST /HeaSecReadInfo/ReadCardBas HTTP/1.1"
    assert reply is not None
    assert (reply.json["code"], "infno" in request.json) == (told, False)
    assert message(b"{}").start == in_province(message(b"{}"), None, hello("shanghai"))[0].start


def test_a_charset_that_nobody_knows_is_read_as_utf_8() -> None:
    told = {"profile": {"charset_out": "klingon"}}
    _, reply = in_province(message(b"{}"), message(json.dumps(ANSWER).encode()), told)
    assert reply is not None
    assert reply.json == ANSWER


def test_a_province_s_own_codes_are_read_as_the_nation_s() -> None:
    asked = message(b'{"infno":"2101","input":{"druginfo":{"mdtrt_cert_type":"1","medfee_sumamt":12.50}}}')
    told = message(b'{"infcode":0,"output":{"setlinfo":{"mdtrt_cert_type":"1","medfee_sumamt":12.50}}}')
    request, reply = in_province(asked, told, hello("unnamed-short-codes"))
    assert request.readable["input"]["druginfo"] == {"mdtrt_cert_type": "01", "medfee_sumamt": Decimal("12.50")}
    assert reply is not None
    assert reply.readable["output"]["setlinfo"]["mdtrt_cert_type"] == "01"
    wrong = message(b'{"infno":"2101","input":{"druginfo":{"mdtrt_cert_type":"01"}}}')
    request, _ = in_province(wrong, None, hello("unnamed-short-codes"))
    assert request.readable["input"]["druginfo"]["mdtrt_cert_type"] == "01, not one of 1 2 3"
