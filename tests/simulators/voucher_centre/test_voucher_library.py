"""The terminal library's other calls: scan at the terminal, face, ID card, the result shown; and locked payments."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness.wire import voucher_messages as messages
from harness.wire.voucher import password_proof
from simulators.voucher_centre.settings import DataAs, PasswordAt, VoucherCentreSettings
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, PHARMACY, Rig

P1, P2, NOBODY = PEOPLE["P001"], PEOPLE["P002"], PEOPLE["P005"]


def request(call: str, *, org: str = PHARMACY.code, **more: object) -> dict[str, object]:
    data = {
        "orgId": org,
        "businessType": "02121",
        "operatorId": "001",
        "operatorName": "收银员",
        "officeId": "Y01",
        "officeName": "药店",
        **more,
    }
    return {"orgId": org, "transType": call, "data": data}


def ask(rig: Rig, call: str, **more: Any) -> dict[str, Any]:
    return rig.centre_post(messages.QR_QUERY_PATH, request(call, **more))


def present(rig: Rig, kind: str, text: str, org: str = PHARMACY.code) -> dict[str, Any]:
    return rig.centre_post(messages.TERMINAL_PRESENT_PATH, {"orgId": org, "kind": kind, "text": text})


def held(rig: Rig, call: str) -> "Future[dict[str, Any]]":
    """A call that waits at the terminal, in a thread of its own."""

    def post() -> dict[str, Any]:
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer: dict[str, Any] = client.post(rig.centre_at + messages.QR_QUERY_PATH, json=request(call)).json()
            return answer

    pool = ThreadPoolExecutor(1)
    future = pool.submit(post)
    pool.shutdown(wait=False)
    rig.tape.wait_for(lambda record: b"cn.nhsa" in record.data, since=0, timeout=60)
    rig.loop.settle()
    return future


def test_a_scan_at_the_terminal_gives_the_same_identity(rig: Rig) -> None:
    code = rig.new_code(P1)
    present(rig, "code", code)
    answer = ask(rig, "cn.nhsa.qrcode.get")
    assert answer["data"]["idNo"] == P1.id_no
    assert rig.events("token-issued")[0]["digits"] == code
    assert rig.decode(code)["code"] == 980002


def test_the_terminal_waits_for_its_own_institutions_code(rig: Rig) -> None:
    waiting = held(rig, "cn.nhsa.qrcode.get")
    present(rig, "code", rig.new_code(P2), OTHER_PHARMACY.code)
    present(rig, "card", P2.id_no)
    present(rig, "code", rig.new_code(P1))
    assert waiting.result(60)["data"]["idNo"] == P1.id_no


def test_a_scan_can_time_out_or_be_cancelled(rig: Rig) -> None:
    waiting = held(rig, "cn.nhsa.qrcode.get")
    rig.clock.step(seconds=60)
    assert waiting.result(60)["code"] == 980014
    rig.tape.forget()
    waiting = held(rig, "cn.nhsa.cert.get")
    cancelled = rig.centre_post(messages.TERMINAL_CANCEL_PATH, {"orgId": PHARMACY.code})
    assert cancelled["data"]["cancelled"] == 1
    assert waiting.result(60)["code"] == -2


def test_a_reset_hangs_up_on_a_waiting_terminal(rig: Rig) -> None:
    waiting = held(rig, "cn.nhsa.qrcode.get")
    rig.loop.call(rig.centre.reset(seed=7))
    with pytest.raises(httpx.HTTPError):
        waiting.result(60)


@pytest.mark.parametrize("body", [{"kind": "hand", "text": "1"}, {"kind": "code"}, {"kind": "code", "text": ""}])
def test_only_codes_faces_and_cards_are_presented(rig: Rig, body: dict[str, str]) -> None:
    assert rig.centre_post(messages.TERMINAL_PRESENT_PATH, {"orgId": PHARMACY.code, **body})["code"] == 980005
    assert (
        rig.centre_post(messages.TERMINAL_PRESENT_PATH, {"orgId": "P0", "kind": "code", "text": "1"})["code"] == 980005
    )


# --- faces ---


async def met(rig: Rig, peers: dict[str, str]) -> None:
    """Tell the centre of its peers."""
    rig.centre.connect({"phone": rig.phone.server.address, **peers})


def wait_until_asked(rig: Rig, calls: int) -> None:
    """Return when so many calls wait at the pharmacy's terminal."""

    async def waiting() -> int:
        return sum(task.get_name().startswith("terminal ") for task in asyncio.all_tasks())

    deadline = time.monotonic() + 60
    while rig.loop.call(waiting()) < calls:
        assert time.monotonic() < deadline, "nobody waits there"


def begun(rig: Rig, number: str = "B1", org: str = PHARMACY.code) -> str:
    return str(ask(rig, "cn.nhsa.ec.auth", outBizNo=number, org=org)["data"]["authNo"])


def test_a_face_becomes_an_identity_once(rig: Rig) -> None:
    auth = begun(rig)
    assert (len(auth), auth[:3]) == (28, "ano")
    assert ask(rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")["code"] == 980016
    present(rig, "face", P1.id_no)
    data = ask(rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")["data"]
    assert (data["idNo"], data["authNo"], data["ecQrCode"][:3]) == (P1.id_no, auth, "424")
    assert messages.check_identity(data) == ()
    check = {"ecToken": data["ecToken"], "idType": "01", "idNo": P1.id_no, "userName": P1.name, "orgId": PHARMACY.code}
    assert rig.centre_post(messages.TOKEN_CHECK_PATH, check)["data"]["flag"] == "1"
    assert ask(rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")["code"] == 980017
    assert rig.decode(data["ecQrCode"])["code"] == 980002, "the code that came with it is spent"


def test_one_face_check_gives_one_identity_also_to_two_who_ask_at_once(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    auth = begun(rig)
    rig.loop.call(met(rig, {"terminal": rig.centre_at}))  # with a terminal on the bench the call waits for the face
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1") for _ in range(2)]
        wait_until_asked(rig, 2)
        present(rig, "face", P1.id_no)
        present(rig, "face", PEOPLE["P002"].id_no)
        assert sorted(one.result(60)["code"] for one in asked) == [0, 980017]
    assert len(rig.events("token-issued")) == 1


def test_a_face_check_that_ends_while_it_waits_gives_no_identity(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(face_auth_s=30))
    auth = begun(rig)
    rig.loop.call(met(rig, {"terminal": rig.centre_at}))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")
        wait_until_asked(rig, 1)
        rig.clock.step(seconds=31)
        present(rig, "face", P1.id_no)
        assert asked.result(60)["code"] == 980017


@pytest.mark.parametrize(("kind", "step_s", "code"), [("code", 59, 0), ("code", 60, 980014), ("card", 60, 980014)])
def test_who_has_held_something_there_for_a_minute_has_gone(
    make_rig: Callable[..., Rig], kind: str, step_s: int, code: int
) -> None:
    rig = make_rig(centre=VoucherCentreSettings(validity_s=600))
    present(rig, kind, P1.id_no if kind == "card" else rig.new_code(P1))
    rig.clock.step(seconds=step_s)
    asked = held(rig, "cn.nhsa.cert.get" if kind == "card" else "cn.nhsa.qrcode.get")
    if code:
        wait_until_asked(rig, 1)
        rig.clock.step(seconds=60)
    assert asked.result(60)["code"] == code


def test_an_authorisation_is_one_institutions_and_lives_five_minutes(rig: Rig) -> None:
    auth = begun(rig)
    assert ask(rig, "cn.nhsa.ec.auth", outBizNo="B1")["code"] == 980018
    assert begun(rig, org=OTHER_PHARMACY.code) != auth
    present(rig, "face", P1.id_no)
    for more in (
        {"authNo": auth, "outBizNo": "B2"},
        {"authNo": "ano" + "0" * 25, "outBizNo": "B1"},
        {"authNo": auth, "outBizNo": "B1", "org": OTHER_PHARMACY.code},
    ):
        assert ask(rig, "cn.nhsa.auth.check", **more)["code"] == 980017
    rig.clock.step(seconds=300)
    assert ask(rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")["code"] == 980017


@pytest.mark.parametrize(("step_s", "code"), [(299, 0), (300, 980017)])
def test_a_clock_that_is_set_back_prolongs_no_face_authorisation(rig: Rig, step_s: int, code: int) -> None:
    auth = begun(rig)
    rig.clock.step(seconds=-3600)
    rig.clock.step(seconds=step_s)
    present(rig, "face", P1.id_no)
    assert ask(rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")["code"] == code


@pytest.mark.parametrize(("face", "code"), [("nobody", 980025), (PEOPLE["P018"].id_no, 980024), (NOBODY.id_no, 980003)])
def test_a_face_can_be_refused(rig: Rig, face: str, code: int) -> None:
    auth = begun(rig)
    present(rig, "face", face)
    assert ask(rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")["code"] == code
    assert rig.events("token-issued") == []
    assert rig.events("library-refused")[0]["call"] == "cn.nhsa.auth.check"


def notice(auth: str, **more: object) -> dict[str, object]:
    data = {
        "orgId": PHARMACY.code,
        "outBizNo": "B1",
        "medicalSettleState": "SUCCESS",
        "authNo": auth,
        "operatorId": "001",
        "operatorName": "收银员",
        "totalFee": "44.98",
        "bizType": "settle",
        "idNo": P1.id_no,
        "userName": P1.name,
        "setlTime": "2020-10-14 08:30:00",
        "hospitalName": PHARMACY.name,
        "officeId": "Y01",
        "officeName": "药店",
        "medicalSettleNo": "S1",
        "ownAmt": "10.00",
        "hifAmt": "13.37",
        "acctAmt": "21.61",
        "drugList": '[{"ITEM_NO":"1","ITEMNAME":"药","ITEM_AMT":"44.98"}]',
        **more,
    }
    return {"orgId": PHARMACY.code, "transType": "cn.nhsa.settle.notify", "data": data}


def test_the_result_is_shown_to_whose_face_it_was(rig: Rig) -> None:
    auth = begun(rig)
    assert rig.centre_post(messages.QR_QUERY_PATH, notice(auth))["code"] == 980017, "no face yet"
    present(rig, "face", P1.id_no)
    ask(rig, "cn.nhsa.auth.check", authNo=auth, outBizNo="B1")
    assert rig.centre_post(messages.QR_QUERY_PATH, notice(auth))["code"] == 0
    assert rig.centre_post(messages.QR_QUERY_PATH, notice(auth, userName="别人"))["code"] == 980017
    assert rig.centre_post(messages.QR_QUERY_PATH, notice(auth, drugList="x"))["code"] == 980005
    assert rig.centre_post(messages.QR_QUERY_PATH, notice(auth, ownAmt="10.01"))["code"] == 0
    told = rig.events("settle-notified")
    assert [event["differs_fen"] for event in told] == [0, -1]
    assert (told[0]["total_fen"], told[0]["account_fen"], told[0]["state"]) == (4498, 2161, "SUCCESS")


# --- ID cards ---


def test_an_id_card_says_who_and_whether_activated(rig: Rig) -> None:
    for person, activated in ((P1, True), (NOBODY, False)):
        present(rig, "card", person.id_no)
        data = ask(rig, "cn.nhsa.cert.get")["data"]
        assert (data["idNo"], data["userName"], data["activated"]) == (person.id_no, person.name, activated)
        assert "ecToken" not in data
    present(rig, "card", "639999190001010000")
    assert ask(rig, "cn.nhsa.cert.get")["code"] == 980008


def confirm(rig: Rig, **payer: str) -> dict[str, Any]:
    body = {
        "orgId": PHARMACY.code,
        "amount": "1.00",
        "accountAmount": "1.00",
        "institutionName": PHARMACY.name,
        "msgid": rig.msgid(),
        **payer,
    }
    return rig.centre_post(messages.PAY_CONFIRM_PATH, body)


def test_an_id_card_pays_with_the_voucher_password_once_activated(rig: Rig) -> None:
    pool = ThreadPoolExecutor(1)
    asked = pool.submit(confirm, rig, idNo=P1.id_no, userName=P1.name)
    pool.shutdown(wait=False)
    rig.wait_for("prompt-shown")
    rig.answer_prompt(P1.password)
    assert asked.result(60)["data"]["result"] == "confirmed"
    assert confirm(rig, idNo=NOBODY.id_no, userName=NOBODY.name)["code"] == 980003
    assert confirm(rig, idNo=P1.id_no, userName="别人")["code"] == 980005
    assert confirm(rig)["code"] == 980005


def test_a_locked_password_pays_nothing(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(password_lock_after=2, password_attempts=5))
    pool = ThreadPoolExecutor(1)
    asked = pool.submit(confirm, rig, ecToken=rig.token(P1))
    pool.shutdown(wait=False)
    rig.wait_for("prompt-shown")
    assert rig.answer_prompt("000000")["data"]["attemptsLeft"] == 4
    assert rig.answer_prompt("000000")["data"]["attemptsLeft"] == 0, "the lock ends the prompt"
    assert asked.result(60)["data"]["result"] == "wrong-password"
    answer = confirm(rig, ecToken=rig.token(P1))["data"]
    assert (answer["result"], answer["reason"]) == ("wrong-password", "password-locked")
    assert len(rig.events("password-locked")) == 1
    assert rig.events("payment-confirmed") == []


@pytest.mark.parametrize(("total", "account"), [("-1.00", "0.00"), ("1.00", "1.01"), ("1.00", "-0.01")])
def test_amounts_that_cannot_be_are_not_asked_about(rig: Rig, total: str, account: str) -> None:
    assert confirm(rig, ecToken=rig.token(P1), amount=total, accountAmount=account)["code"] == 980005
    assert rig.phone.prompts == []


def test_a_token_that_dies_with_its_payment_pays_one_of_two_at_once(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(token_single_use=True))
    token = rig.token(P1)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(confirm, rig, ecToken=token) for _ in range(2)]
        since = rig.tape.wait_for(lambda record: record.name == "prompt-shown", since=0, timeout=60)
        assert since is not None
        rig.tape.wait_for(lambda record: record.name == "prompt-shown", since=since.seq + 1, timeout=60)
        for prompt in tuple(rig.phone.prompts):
            proof = password_proof(prompt["promptId"], P1.password)
            rig.centre_post(messages.PAY_ANSWER_PATH, {"promptId": prompt["promptId"], "proof": proof})
        assert sorted(one.result(60)["code"] for one in asked) == [0, 980006]
    assert len(rig.events("payment-confirmed")) == 1


@pytest.mark.parametrize("step_s", [86_399, 86_400])
def test_a_lock_lasts_a_day_whatever_the_clock_is_set_to(make_rig: Callable[..., Rig], step_s: int) -> None:
    rig = make_rig(centre=VoucherCentreSettings(password_lock_after=1))
    verify = {
        "transType": "ec.password",
        "action": "verify",
        "idNo": P1.id_no,
        "userName": P1.name,
        "chnlId": "alipay",
    }
    assert rig.centre_post(messages.PASSWORD_PATH, {**verify, "password": "000000"})["code"] == 980012
    rig.clock.step(seconds=-7200)
    rig.clock.step(seconds=step_s)
    answer = rig.centre_post(messages.PASSWORD_PATH, {**verify, "password": P1.password})
    assert answer["code"] == (0 if step_s == 86_400 else 980012)


def test_a_token_can_die_with_its_payment(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(token_single_use=True, password=PasswordAt.MOCK))
    token = rig.token(P1)
    assert confirm(rig, ecToken=token)["data"]["result"] == "confirmed"
    assert confirm(rig, ecToken=token)["code"] == 980006


# --- forms of data ---


def test_data_can_be_a_string_in_request_and_answer(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(data_as=DataAs.STRING))
    body = request("cn.nhsa.ec.auth", outBizNo="B1")
    answer = rig.centre_post(messages.QR_QUERY_PATH, {**body, "data": json.dumps(body["data"])})
    assert isinstance(answer["data"], str)
    assert messages.parse_reply(answer).data["outBizNo"] == "B1"
    assert rig.centre_post(messages.QR_QUERY_PATH, {**body, "data": "{"})["code"] == 980005


@pytest.mark.parametrize(("charset", "code"), [("GBK", 0), ("utf-8", 980005), ("none", 980005)])
def test_a_request_in_gbk_says_so(rig: Rig, charset: str, code: int) -> None:
    body = json.dumps(request("cn.nhsa.ec.auth", outBizNo="B1"), ensure_ascii=False).encode("gbk")
    headers = {"content-type": f"application/json; charset={charset}"}
    reply = rig.http.post(rig.centre_at + messages.QR_QUERY_PATH, content=body, headers=headers)
    assert reply.json()["code"] == code


def test_faults_name_the_call(rig: Rig) -> None:
    plan = {"message": "cn.nhsa.ec.auth", "effect": "empty-body"}
    rig.http.post(rig.back_doors["voucher-centre"] + "/fault", json=plan)
    assert rig.decode(rig.new_code(P1))["code"] == 0
    reply = rig.http.post(rig.centre_at + messages.QR_QUERY_PATH, json=request("cn.nhsa.ec.auth", outBizNo="B1"))
    assert reply.content == b""


@pytest.mark.external
def test_curl_alone_activates_a_voucher(rig: Rig) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    def step(body: str) -> dict[str, Any]:
        command = ["curl", "-s", "-d", "@-", rig.centre_at + messages.ACTIVATE_PATH]
        done = subprocess.run(command, input=body.encode(), capture_output=True, check=True, timeout=60)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    head = '{"transType":"ec.activate","chnlId":"wechat","activationNo":"NUMBER","step":'
    begun_ = step(head + f'"identity","idNo":"{NOBODY.id_no}","userName":"{NOBODY.name}"}}')
    head = head.replace("NUMBER", begun_["data"]["activationNo"])
    assert step(head + '"issue"}')["code"] == 980009
    step(head + '"consent","agreed":true}')
    step(head + f'"face","faceOf":"{NOBODY.id_no}"}}')
    assert step(head + '"issue"}')["data"]["activated"] is True
