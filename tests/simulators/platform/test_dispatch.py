"""Idempotence by msgid, requests that follow no interface, and two of the same at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness.wire.institution import check_reply
from tests.simulators.insurer_rig import PEOPLE, Rig, reset_rig

P1, P9 = PEOPLE["P001"], PEOPLE["P009"]


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    return shared_rig


def raw(rig: Rig, body: object) -> bytes:
    return rig.http.post(rig.platform_at + "/fsi/api/callService", json=body).content


def test_the_same_request_again_gets_the_first_answer_byte_for_byte(rig: Rig) -> None:
    body = rig.request("2102", rig.purchase(P1), signtype="MOCK")
    first = raw(rig, body)
    rig.clock.step(seconds=3)
    assert raw(rig, {**body, "inf_time": "2020-10-14 08:30:03"}) == first
    assert len(rig.events("booked")) == 1
    assert [(e["msgid"], e["infno"]) for e in rig.events("replayed")] == [(body["msgid"], "2102")]
    assert rig.balance(P1) == 200_000 - 3161


@pytest.mark.parametrize("infno", ["1101", "2101"])
def test_so_does_one_that_books_nothing(rig: Rig, infno: str) -> None:
    data = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": P1.id_no}} if infno == "1101" else rig.purchase(P1)
    body = rig.request(infno, data)
    assert raw(rig, body) == raw(rig, body)
    assert len(rig.events("replayed")) == 1


def test_other_content_under_the_same_msgid_is_refused(rig: Rig) -> None:
    msgid = rig.msgid()
    token = rig.token(P1)
    assert rig.call("2102", rig.purchase(P1, token=token), msgid=msgid, signtype="MOCK")["infcode"] == 0
    other = rig.call("2102", rig.purchase(P1, token=token, invono="A0002"), msgid=msgid, signtype="MOCK")
    assert other["warn_msg"] == "981007"
    query = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": P1.id_no}}
    assert rig.call("1101", query, msgid=msgid)["warn_msg"] == "981007"
    assert len(rig.events("booked")) == 1


def test_a_request_refused_before_it_was_understood_does_not_use_up_its_msgid(rig: Rig) -> None:
    msgid = rig.msgid()
    purchase = rig.purchase(P1)
    assert rig.call("2102", purchase, msgid=msgid, signtype="MOCK", opter_type="9")["warn_msg"] == "981003"
    assert rig.call("2102", purchase, msgid=msgid, signtype="MOCK", sign_no="")["warn_msg"] == "981005"
    assert rig.call("2102", purchase, msgid=msgid, signtype="MOCK")["infcode"] == 0


def test_two_of_the_same_at_once_book_once_and_get_the_same_answer(rig: Rig) -> None:
    body = rig.request("2102", rig.purchase(P1))
    with ThreadPoolExecutor(3) as pool:

        def post() -> dict[str, Any]:
            with httpx.Client(trust_env=False, timeout=60) as client:
                return rig.send(body, client=client)

        answers = [pool.submit(post) for _ in range(3)]
        rig.wait_for("prompt-shown")
        for number in (2, 3, 4):
            rig.wait_for_channel(f"platform.http#{number}")
        rig.loop.settle()
        rig.answer_prompt(P1.password)
        results = [answer.result(60) for answer in answers]
    assert results[0] == results[1] == results[2]
    assert results[0]["infcode"] == 0
    assert len(rig.events("booked")) == 1
    assert len(rig.phone.prompts) == 1
    assert len(rig.events("replayed")) == 2


def test_many_settlements_at_once_never_overdraw_the_account(rig: Rig) -> None:
    bodies = [rig.request("2102", rig.purchase(P9, token=rig.token(P9)), signtype="MOCK") for _ in range(24)]
    with ThreadPoolExecutor(8) as pool, httpx.Client(trust_env=False, timeout=60) as client:
        answers = list(pool.map(lambda body: rig.send(body, client=client), bodies))
    booked = [answer for answer in answers if answer["infcode"] == 0]
    assert {answer["warn_msg"] for answer in answers} <= {"", "981023"}
    assert rig.balance(P9) >= 0
    moved = sum(event["account_fen"] for event in rig.events("booked"))
    assert rig.balance(P9) == P9.balance_fen - moved
    assert len(rig.events("booked")) == len(booked) >= 20
    assert sum(rig.state("platform")["postings"].values()) == 0


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'"text"', b"\xff", b"{", b'{"infno":1}', b"{}"])
def test_a_bad_body_gets_an_answer_that_says_so(rig: Rig, body: bytes) -> None:
    reply = rig.http.post(rig.platform_at + "/fsi/api/callService", content=body)
    assert reply.status_code == 200
    answer = reply.json()
    assert answer["infcode"] == -1
    assert answer["warn_msg"] in {"981001", "981002"}
    assert check_reply("2102", answer) == ()


def test_every_wrong_field_is_named_in_the_refusal(rig: Rig) -> None:
    body = rig.request("2102", {"druginfo": {}, "drugdetail": []}, opter_type="9")
    answer = rig.send(body)
    assert answer["warn_msg"] == "981003"
    assert len(answer["err_msg"]) <= 200
    (event,) = rig.events("refused")
    for field in ("opter_type", "input.druginfo.psn_no", "input.druginfo.medfee_sumamt", "input.drugdetail"):
        assert field in event["text"]


def test_input_may_travel_as_a_string(rig: Rig) -> None:
    body = rig.request("1101", {})
    body["input"] = '{"data":{"mdtrt_cert_type":"02","mdtrt_cert_no":"' + P1.id_no + '"}}'
    assert rig.send(body)["output"]["baseinfo"]["psn_no"] == P1.psn_no
