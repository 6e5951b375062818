"""Payment prompts and notices: queueing, answers and their proof, time running out, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import Response

from harness.gm import sm3
from simulators.phone.inbox import read_moment
from tests.simulators.phone.conftest import P001, P002, RunningPhone


def _prompt(phone: RunningPhone, person: str = "P001") -> dict[str, Any]:
    content: dict[str, Any] = phone.get(f"/people/{person}/prompt").json()
    return content


def test_a_prompt_is_shown_with_its_amounts(phone: RunningPhone) -> None:
    assert phone.push_prompt().status_code == 202
    prompt = _prompt(phone)
    assert (prompt["promptId"], prompt["amount"], prompt["accountAmount"]) == ("PP1", "12.50", "10.00")
    assert prompt["institutionName"] == "联调测试大药房一店"
    assert prompt["expires_ns"] == (1_602_635_400 + 60) * 10**9
    assert phone.events("prompt-shown") == [
        {"event": "prompt-shown", "prompt": "PP1", "person": "P001", "amount_fen": 1250, "account_fen": 1000}
    ]
    assert _prompt(phone, "P002") == {}


def test_a_password_is_answered_with_its_proof_and_the_result_handed_back(phone: RunningPhone) -> None:
    phone.push_prompt()
    reply = phone.post("/people/P001/confirm", {"password": "143709"})
    assert (reply.status_code, reply.json()) == (200, {"result": "confirmed"})
    assert phone.centre.asked == [("answer", {"promptId": "PP1", "proof": sm3(b"PP1:143709").hex()})]
    assert phone.events("prompt-answered") == [
        {"event": "prompt-answered", "prompt": "PP1", "person": "P001", "answer": "password"}
    ]
    assert _prompt(phone) == {}


def test_a_prompt_can_be_declined(phone: RunningPhone) -> None:
    phone.centre.answer = {"result": "declined"}
    phone.push_prompt()
    assert phone.post("/people/P001/confirm", {"decline": True}).json() == {"result": "declined"}
    assert phone.centre.asked == [("answer", {"promptId": "PP1", "declined": True})]
    assert phone.events("prompt-answered")[0]["answer"] == "declined"


def test_a_wrong_password_ends_the_prompt_unless_the_centre_allows_another(phone: RunningPhone) -> None:
    phone.push_prompt()
    phone.centre.answer = {"result": "wrong-password", "attemptsLeft": 1}
    assert phone.post("/people/P001/confirm", {"password": "000000"}).json() == {"result": "wrong-password"}
    assert _prompt(phone)["promptId"] == "PP1"
    phone.centre.answer = {"result": "wrong-password", "attemptsLeft": 0}
    phone.post("/people/P001/confirm", {"password": "000000"})
    assert _prompt(phone) == {}


def test_prompts_of_one_person_queue_oldest_first(phone: RunningPhone) -> None:
    phone.push_prompt("PP1")
    phone.push_prompt("PP2", amount="7.00")
    assert (_prompt(phone)["promptId"], _prompt(phone)["waiting"]) == ("PP1", 2)
    phone.post("/people/P001/confirm", {"password": "143709"})
    assert (_prompt(phone)["promptId"], _prompt(phone)["amount"], _prompt(phone)["waiting"]) == ("PP2", "7.00", 1)


def test_a_prompt_in_the_queue_can_be_answered_by_its_id(phone: RunningPhone) -> None:
    phone.push_prompt("PP1")
    phone.push_prompt("PP2")
    phone.post("/people/P001/confirm", {"decline": True, "promptId": "PP2"})
    assert phone.centre.asked[0][1]["promptId"] == "PP2"
    assert _prompt(phone)["promptId"] == "PP1"


def test_people_have_prompts_of_their_own(phone: RunningPhone) -> None:
    phone.push_prompt("PP1")
    phone.push_prompt("PP2", id_no=P002)
    phone.post("/people/P002/confirm", {"password": "151628"})
    assert phone.centre.asked[0][1]["promptId"] == "PP2"
    assert _prompt(phone)["promptId"] == "PP1"


def test_a_prompt_that_comes_twice_is_shown_once(phone: RunningPhone) -> None:
    phone.push_prompt()
    assert phone.push_prompt().status_code == 202
    assert _prompt(phone)["waiting"] == 1
    assert len(phone.events("prompt-shown")) == 1


def test_an_expired_prompt_cannot_be_answered_and_the_next_moves_up(phone: RunningPhone) -> None:
    phone.push_prompt("PP1")
    phone.push_prompt("PP2", expiresAt="2020-10-14 08:31:30.500")
    phone.clock.step(seconds=60)
    assert _prompt(phone)["promptId"] == "PP2"
    phone.clock.step(seconds=31)
    reply = phone.post("/people/P001/confirm", {"password": "143709"})
    assert (reply.status_code, reply.json()["prompt"]["id"]) == (409, "no-prompt")
    assert phone.centre.asked == []
    assert phone.events("prompt-answered") == []


def test_a_clock_set_back_does_not_prolong_a_prompt(phone: RunningPhone) -> None:
    phone.push_prompt()
    phone.clock.step(seconds=-3600)
    phone.clock.step(seconds=59)
    assert _prompt(phone)["promptId"] == "PP1"
    phone.clock.step(seconds=1)
    assert _prompt(phone) == {}
    assert phone.post("/people/P001/confirm", {"password": "143709"}).status_code == 409


def test_without_a_prompt_there_is_nothing_to_answer(phone: RunningPhone) -> None:
    reply = phone.post("/people/P001/confirm", {"password": "143709"})
    assert reply.status_code == 409
    assert "no payment to confirm" in reply.json()["error"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"password": ""},
        {"password": "12345"},
        {"password": 143709},
        {"password": "１２３４５６"},
        {"password": "143709", "decline": True},
        {"decline": False},
        {"decline": True, "promptId": 1},
    ],
)
def test_an_answer_is_six_digits_or_a_refusal(phone: RunningPhone, content: dict[str, Any]) -> None:
    phone.push_prompt()
    assert phone.post("/people/P001/confirm", content).status_code == 400
    assert _prompt(phone)["promptId"] == "PP1"
    assert phone.events("prompt-answered") == []


def test_an_answer_that_cannot_be_delivered_leaves_the_prompt_on_the_screen(phone: RunningPhone) -> None:
    phone.push_prompt("PP1")
    phone.push_prompt("PP2")
    phone.centre.broken = Response("", status_code=502)
    assert phone.post("/people/P001/confirm", {"password": "143709"}).status_code == 503
    assert phone.events("answer-undelivered") == [{"event": "answer-undelivered", "prompt": "PP1", "person": "P001"}]
    assert _prompt(phone)["promptId"] == "PP1"
    phone.centre.broken = None
    assert phone.post("/people/P001/confirm", {"password": "143709"}).json() == {"result": "confirmed"}


def test_a_prompt_that_the_centre_has_closed_is_gone(phone: RunningPhone) -> None:
    phone.push_prompt()
    phone.centre.refusal = (980007, "支付确认请求不存在或已结束")
    reply = phone.post("/people/P001/confirm", {"password": "143709"})
    assert (reply.status_code, reply.json()["code"]) == (409, 980007)
    assert _prompt(phone) == {}


def test_notices_are_listed_newest_first_each_as_often_as_it_came(phone: RunningPhone) -> None:
    phone.push_notice("S1")
    phone.push_notice("S2", amount="-10.00", balance="2000.00", kind="refund")
    phone.push_notice("S2", amount="-10.00", balance="2000.00", kind="refund")
    rows = phone.get("/people/P001/notices").json()
    assert [row["setlId"] for row in rows] == ["S2", "S2", "S1"]
    assert rows[2] == {
        "amount": "10.00",
        "balance": "1990.00",
        "setlId": "S1",
        "kind": "payment",
        "at": "2020-10-14 08:30:00",
    }
    assert phone.events("notice")[0] == {
        "event": "notice",
        "person": "P001",
        "amount_fen": 1000,
        "balance_fen": 199000,
        "setl_id": "S1",
    }
    assert phone.get("/people/P002/notices").json() == []


Push = Callable[[RunningPhone], Any]


@pytest.mark.parametrize(
    ("push", "named"),
    [
        (lambda phone: phone.push_prompt(""), "promptId"),
        (lambda phone: phone.push_prompt(amount="12.505"), "amount"),
        (lambda phone: phone.push_prompt(amount=12.5), "amount"),
        (lambda phone: phone.push_prompt(expiresAt="soon"), "expiresAt"),
        (lambda phone: phone.push_prompt(expiresAt="2020-13-14 08:31:00"), "expiresAt"),
        (lambda phone: phone.push_notice("S1", balance=None), "balance"),
        (lambda phone: phone.push_notice("S1", at=5), "at must"),
        (lambda phone: phone.http.post("/push/prompt", content=b"{"), "JSON"),
        (lambda phone: phone.http.post("/push/notice", content=b"[]"), "object"),
    ],
)
def test_a_push_that_is_wrong_names_the_field(phone: RunningPhone, push: Push, named: str) -> None:
    reply = push(phone)
    assert reply.status_code == 400
    assert named in reply.json()["error"]
    assert phone.events("prompt-shown") == phone.events("notice") == []


def test_a_push_for_nobody_here_is_refused(phone: RunningPhone) -> None:
    assert phone.push_prompt(id_no="639999198503120000").status_code == 404
    assert phone.push_notice("S1", id_no=P001[:-1]).status_code == 404


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2020-10-14 08:30:00", 0),
        ("2020-10-14T08:30:00+08:00", 0),
        ("2020-10-14 08:30:00.000000001", 1),
        ("2020-10-14 08:30:00.5", 500_000_000),
        (1_602_635_400_000_000_007, 7),
    ],
)
def test_moments_are_exact_to_the_nanosecond(text: object, ns: int) -> None:
    assert read_moment(text, "at") == 1_602_635_400 * 10**9 + ns
