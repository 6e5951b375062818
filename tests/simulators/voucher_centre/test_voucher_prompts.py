"""Payment prompts: pushed, answered once, expired on the bench clock, listed for a keypad, mocked."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness.wire import voucher_messages as messages
from simulators.voucher_centre.settings import PasswordAt, VoucherCentreSettings
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, PHARMACY, Rig, reset_rig

P1 = PEOPLE["P001"]


class Asked:
    """A payConfirm that is held in a thread of its own."""

    def __init__(self, rig: Rig, token: str, **more: str) -> None:
        self._rig = rig
        self._pool = ThreadPoolExecutor(1)
        request = {
            "ecToken": token,
            "orgId": PHARMACY.code,
            "amount": "44.98",
            "accountAmount": "31.61",
            "institutionName": PHARMACY.name,
            "msgid": rig.msgid(),
            **more,
        }
        self.answer: Future[dict[str, Any]] = self._pool.submit(self._ask, request)
        self._pool.shutdown(wait=False)

    def _ask(self, request: dict[str, str]) -> dict[str, Any]:
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer: dict[str, Any] = client.post(self._rig.centre_at + messages.PAY_CONFIRM_PATH, json=request).json()
            return answer

    def result(self) -> str:
        """How it ended."""
        return str(self.answer.result(60)["data"]["result"])


def ask(rig: Rig, **more: str) -> Asked:
    since = rig.tape.seq
    asked = Asked(rig, rig.token(P1), **more)
    rig.wait_for("prompt-shown", since=since)
    return asked


async def waiting_prompts() -> int:
    return sum(task.get_name().startswith("prompt ") for task in asyncio.all_tasks())


def test_the_prompt_on_the_phone_says_what_is_paid(rig: Rig) -> None:
    asked = ask(rig)
    (prompt,) = rig.phone.prompts
    assert prompt["idNo"] == P1.id_no
    assert (prompt["amount"], prompt["accountAmount"]) == ("44.98", "31.61")
    assert prompt["institutionName"] == PHARMACY.name
    assert prompt["expiresAt"] == "2020-10-14 08:31:00"
    assert not asked.answer.done()
    rig.answer_prompt(P1.password)
    asked.result()


def test_the_right_password_confirms(rig: Rig) -> None:
    asked = ask(rig)
    assert rig.answer_prompt(P1.password)["data"]["result"] == "confirmed"
    assert asked.result() == "confirmed"
    assert asked.answer.result()["data"]["confirmNo"]
    (event,) = rig.events("payment-confirmed")
    assert event["id_no"] == P1.id_no


@pytest.mark.parametrize(("password", "result"), [("000000", "wrong-password"), (None, "declined")])
def test_anything_else_does_not(rig: Rig, password: str | None, result: str) -> None:
    asked = ask(rig)
    assert rig.answer_prompt(password)["data"]["result"] == result
    assert asked.result() == result
    assert asked.answer.result()["data"]["confirmNo"] == ""
    (event,) = rig.events("payment-not-confirmed")
    assert event["result"] == result
    assert rig.events("payment-confirmed") == []


def test_nobody_answers_and_the_clock_ends_it(rig: Rig) -> None:
    asked = ask(rig)
    rig.clock.step(seconds=59)
    rig.loop.settle()
    assert not asked.answer.done()
    rig.clock.step(seconds=1)
    assert asked.result() == "not-answered"
    assert rig.answer_prompt(P1.password)["code"] == 980007


def test_a_prompt_is_answered_once(rig: Rig) -> None:
    asked = ask(rig)
    assert rig.answer_prompt(None)["code"] == 0
    assert rig.answer_prompt(P1.password)["code"] == 980007
    assert asked.result() == "declined"


def test_an_answered_prompt_leaves_no_task_behind(rig: Rig) -> None:
    asked = ask(rig)
    assert rig.loop.call(waiting_prompts()) == 1
    rig.answer_prompt(P1.password)
    asked.result()
    rig.loop.settle()
    assert rig.loop.call(waiting_prompts()) == 0
    rig.clock.step(seconds=3600)
    rig.loop.settle()
    assert rig.events("payment-not-confirmed") == []


def test_more_attempts_can_be_allowed(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(password_attempts=3))
    asked = ask(rig)
    for left in (2, 1):
        assert rig.answer_prompt("000000")["data"] == {"result": "wrong-password", "attemptsLeft": left}
        assert not asked.answer.done()
    rig.answer_prompt(P1.password)
    assert asked.result() == "confirmed"


def test_an_answer_without_proof_is_no_answer(rig: Rig) -> None:
    asked = ask(rig)
    prompt_id = rig.phone.prompts[0]["promptId"]
    for answer in ({"promptId": prompt_id}, {"promptId": prompt_id, "declined": "no"}, {"proof": "00"}):
        assert rig.centre_post(messages.PAY_ANSWER_PATH, answer)["code"] == 980005
    assert not asked.answer.done()
    rig.answer_prompt(P1.password)
    assert asked.result() == "confirmed"


def test_a_token_of_another_institution_asks_nobody(rig: Rig) -> None:
    asked = Asked(rig, rig.token(P1, OTHER_PHARMACY.code))
    assert asked.answer.result(60)["code"] == 980006
    assert rig.phone.prompts == []


def test_a_phone_that_cannot_be_reached_can_still_be_answered_at_a_keypad(rig: Rig) -> None:
    rig.phone.refuses = True
    asked = Asked(rig, rig.token(P1))
    rig.wait_for("prompt-undelivered")
    (prompt,) = rig.http.get(rig.centre_at + messages.TERMINAL_PROMPTS_PATH).json()["prompts"]
    rig.phone.prompts.append(prompt)
    rig.answer_prompt(P1.password)
    assert asked.result() == "confirmed"


def test_a_keypad_lists_what_is_open(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(password=PasswordAt.TERMINAL))
    asked = Asked(rig, rig.token(P1))
    assert rig.tape.wait_for(lambda record: b"payConfirm" in record.data, since=0, timeout=60)
    rig.loop.settle()
    listed = rig.http.get(rig.centre_at + messages.TERMINAL_PROMPTS_PATH).json()["prompts"]
    assert [prompt["idNo"] for prompt in listed] == [P1.id_no]
    rig.phone.prompts += listed
    rig.answer_prompt(P1.password)
    assert asked.result() == "confirmed"
    assert rig.http.get(rig.centre_at + messages.TERMINAL_PROMPTS_PATH).json() == {"prompts": []}
    assert rig.events("prompt-shown") == []


def test_mock_confirms_at_once(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(password=PasswordAt.MOCK))
    assert Asked(rig, rig.token(P1)).result() == "confirmed"
    assert rig.phone.prompts == []


def test_a_reset_hangs_up_on_who_waits_and_records_nothing(rig: Rig) -> None:
    asked = ask(rig)
    reset_rig(rig)
    with pytest.raises(httpx.RemoteProtocolError):
        asked.answer.result(60)
    rig.clock.step(seconds=3600)
    rig.loop.settle()
    assert [record.data for record in rig.tape.recent()] == []
