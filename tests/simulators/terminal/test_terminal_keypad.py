"""Payments by ID card: the voucher password is asked for and typed at the terminal; results come to its screen."""

import pytest

from tests.simulators.terminal.conftest import HOSPITAL, OTHER, PEOPLE, Running


def test_a_payment_by_id_card_is_confirmed_at_the_keypad(terminal: Running) -> None:
    paying = terminal.pay("P001")
    terminal.wait_for("prompt-shown")
    asked = terminal.screen()["keypad"]
    assert (asked["what"], asked["amount"], asked["account"]) == ("voucher-password", "12.50", "2.50")
    assert asked["number"] == "639************031", "masked"
    assert terminal.post("/keypad", {"text": PEOPLE["P001"].password}).json() == {"result": "confirmed"}
    assert paying.result()["data"]["result"] == "confirmed"
    assert terminal.screen()["keypad"] == {}
    typed = [record for record in terminal.bench.tape.recent() if record.name in {"keypad-typed", "prompt-answered"}]
    assert len(typed) == 2
    assert not any(PEOPLE["P001"].password.encode() in record.data for record in typed)


def test_a_wrong_password_and_a_declined_payment(terminal: Running) -> None:
    paying = terminal.pay("P001")
    terminal.wait_for("prompt-shown")
    assert terminal.post("/keypad", {"text": "000000"}).json() == {"result": "wrong-password"}
    assert paying.result()["data"]["result"] == "wrong-password"
    assert terminal.screen()["said"]["zh"] == "密码错误"
    terminal.bench.reset("the next")
    paying = terminal.pay("P001")
    terminal.wait_for("prompt-shown")
    assert terminal.post("/cancel", {}).json() == {"cancelled": 1, "result": "declined"}
    assert paying.result()["data"]["result"] == "declined"


def test_a_prompt_that_nobody_answers_leaves_the_screen(terminal: Running) -> None:
    paying = terminal.pay("P001")
    terminal.wait_for("prompt-shown")
    terminal.bench.step(seconds=60)
    assert paying.result()["data"]["result"] == "not-answered"
    assert terminal.screen()["keypad"] == {}
    assert terminal.post("/keypad", {"text": "143709"}).status_code == 409


@pytest.mark.parametrize("keys", ["12345", "1234567", "12a456", 123456, ""])
def test_the_keypad_takes_six_digits(terminal: Running, keys: object) -> None:
    terminal.pay("P001")
    terminal.wait_for("prompt-shown")
    assert terminal.post("/keypad", {"text": keys}).status_code == 400
    assert terminal.screen()["keypad"]["what"] == "voucher-password", "still asked"


def test_a_prompt_of_another_institution_is_not_shown_here(terminal: Running) -> None:
    terminal.pay("P001", institution=OTHER)
    terminal.wait_for("prompt-undelivered")
    assert terminal.screen()["keypad"] == {}


def test_with_a_token_the_password_is_typed_on_the_phone(terminal: Running) -> None:
    code = terminal.http.get(terminal.bench.address("phone") + "/people/P001/code.txt").text.strip()
    scanning = terminal.centre("cn.nhsa.qrcode.get")
    terminal.post("/present", {"what": "code", "text": code})
    token = scanning.result()["data"]["ecToken"]
    body = {"ecToken": token, "orgId": HOSPITAL, "amount": "1.00", "accountAmount": "0.00"}
    body |= {"institutionName": "医院", "msgid": "M2"}
    address = terminal.bench.address("voucher-centre") + "/localcfc/api/hsecfc/payConfirm"
    paying = terminal.pool.submit(lambda: terminal.http.post(address, json=body).json())
    assert terminal.wait_for("prompt-shown").channel == "phone"
    terminal.http.post(terminal.bench.address("phone") + "/people/P001/confirm", json={"password": "143709"})
    assert paying.result()["data"]["result"] == "confirmed"


def test_the_result_of_a_settlement_is_shown_masked(terminal: Running) -> None:
    auth = terminal.centre("cn.nhsa.ec.auth", outBizNo="1").result()["data"]["authNo"]
    checking = terminal.centre("cn.nhsa.auth.check", outBizNo="1", authNo=auth)
    terminal.present("face", "P001")
    assert checking.result()["code"] == 0
    notice = {
        "outBizNo": "1",
        "medicalSettleState": "SUCCESS",
        "authNo": auth,
        "totalFee": "12.50",
        "bizType": "settle",
        "idNo": PEOPLE["P001"].id_no,
        "userName": PEOPLE["P001"].name,
        "setlTime": "2020-10-14 08:30:00",
        "hospitalName": "联调测试医院",
        "medicalSettleNo": "S1",
        "ownAmt": "0.00",
        "hifAmt": "10.00",
        "acctAmt": "2.50",
    }
    assert terminal.centre("cn.nhsa.settle.notify", **notice).result()["code"] == 0
    assert terminal.screen()["result"] == {
        "succeeded": True,
        "who": "测**",
        "total": "12.50",
        "fund": "10.00",
        "account": "2.50",
        "own": "0.00",
    }
    (shown,) = terminal.events("screen")
    assert (shown["total_fen"], shown["fund_fen"], shown["succeeded"]) == (1250, 1000, True)
    assert not any(secret in str(terminal.screen()) for secret in (PEOPLE["P001"].name, PEOPLE["P001"].id_no))
