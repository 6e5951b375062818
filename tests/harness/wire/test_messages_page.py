"""The page of example messages is true: each is well-formed by the field tables, and they belong together."""

import itertools
import json

import pytest

from harness.wire.institution import check, check_reply
from tests.pages import blocks

MESSAGES = [json.loads(block) for block in blocks("messages.md")]
ENVELOPE = next(message for message in MESSAGES if message.get("infno") == "9001")
PAIRS = [
    (request, reply) for request, reply in itertools.pairwise(MESSAGES) if "infno" in request and "infcode" in reply
]


AT_A_HOSPITAL = [json.loads(block) for block in blocks("messages-hospital.md")]
VISITS = [message for message in AT_A_HOSPITAL if "infno" in message]
ANSWERED = [(one, after) for one, after in itertools.pairwise(AT_A_HOSPITAL) if "infno" in one and "infcode" in after]


def test_the_page_shows_a_whole_purchase() -> None:
    assert [request["infno"] for request, _ in PAIRS] == ["9001", "1101", "2101", "2102", "2103", "2601"]


@pytest.mark.parametrize(("request_", "reply"), PAIRS, ids=[request["infno"] for request, _ in PAIRS])
def test_each_message_is_well_formed(request_: dict[str, object], reply: dict[str, object]) -> None:
    infno = str(request_["infno"])
    assert check(infno, {**ENVELOPE, **request_}, insuplc_required=True) == ()
    assert check_reply(infno, {**PAIRS[0][1], **reply} if infno != "2601" else {**PAIRS[0][1], "output": None}) == ()


@pytest.mark.parametrize("request_", VISITS, ids=[request["infno"] for request in VISITS])
def test_each_message_of_a_hospital_is_well_formed(request_: dict[str, object]) -> None:
    assert check(str(request_["infno"]), {**ENVELOPE, **request_}, insuplc_required=True) == ()


@pytest.mark.parametrize(("request_", "reply"), ANSWERED, ids=[request["infno"] for request, _ in ANSWERED])
def test_each_answer_to_a_hospital_is_well_formed(request_: dict[str, object], reply: dict[str, object]) -> None:
    assert check_reply(str(request_["infno"]), {**PAIRS[0][1], **reply}) == ()


def test_a_visit_and_a_stay_are_whole() -> None:
    sent = [request["infno"] for request in VISITS]
    assert sent == ["2201", "2203", "2204", "2206", "2207", "2208", "2205", "2401", "2301", "2402", "2303"]
    calls = [message["transType"] for message in AT_A_HOSPITAL if "transType" in message]
    assert calls == ["cn.nhsa.cert.get", "cn.nhsa.ec.auth", "cn.nhsa.auth.check", "cn.nhsa.settle.notify"]
    visit, details, settled = VISITS[0], VISITS[2], VISITS[4]
    told = ANSWERED[0][1]["output"]["data"]["mdtrt_id"]
    assert {row["mdtrt_id"] for row in details["input"]["feedetail"]} == {told}
    assert settled["input"]["data"]["mdtrt_id"] == told
    assert visit["input"]["data"]["psn_no"] == settled["input"]["data"]["psn_no"]


def test_what_one_message_tells_the_next_one_repeats() -> None:
    query, told = MESSAGES[:2]
    assert told["data"]["ecQrCode"] == query["data"]["ecQrCode"]
    said = {request["infno"]: (request, reply) for request, reply in PAIRS}
    assert said["1101"][0]["input"]["data"]["mdtrt_cert_no"] == told["data"]["ecToken"]
    assert said["1101"][1]["output"]["baseinfo"]["certno"] == told["data"]["idNo"]
    assert said["2102"][0]["input"] == said["2101"][0]["input"]
    settled = said["2102"][1]["output"]["setlinfo"]
    assert said["2103"][0]["input"]["data"]["setl_id"] == settled["setl_id"]
    assert settled["fund_pay_sumamt"] == said["2101"][1]["output"]["setlinfo"]["fund_pay_sumamt"]
