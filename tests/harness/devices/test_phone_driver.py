"""The phone's driver against the simulated phone and voucher centre, over HTTP."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image

from fixtures.channels import channel_ids
from harness.bench.bench import Bench
from harness.bench.config import load_bench
from harness.clock import BenchClock
from harness.devices.http import Refused
from harness.devices.phone import BillOnScreen, NoticeOnScreen, PhoneDriver
from harness.errors import BenchError, PeerViolation
from harness.line.record import Record
from harness.money import Fen

BENCH = """
[bench]
name = "phone and centre"
clock = "bench"
seed = 7
[device.phone]
kind = "phone"
at = "virtual"
[device.voucher-centre]
kind = "voucher-centre"
at = "virtual"
"""
INSTITUTION = "P63999900001"


PHONE_ISSUES = BENCH.replace('at = "virtual"', 'at = "virtual"\nissuer = "phone"')


@pytest.fixture(scope="module")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench of a phone and a voucher centre."""
    path = tmp_path_factory.mktemp("bench") / "bench.toml"
    path.write_text(BENCH)
    with Bench(load_bench(path)) as bench:
        yield bench


@pytest.fixture
def bench(shared_bench: Bench) -> Bench:
    """The bench, as new."""
    shared_bench.reset("a case")
    return shared_bench


@pytest.fixture
def phone(bench: Bench) -> Iterator[PhoneDriver]:
    """The driver of its phone."""
    with PhoneDriver(bench.address("phone")) as driver:
        yield driver


def _step(bench: Bench, seconds: int) -> None:
    assert isinstance(bench.clock, BenchClock)
    bench.step(seconds=seconds)


def _decode(bench: Bench, digits: str) -> dict[str, Any]:
    data = {
        "orgId": INSTITUTION,
        "businessType": "02121",
        "operatorId": "0001",
        "operatorName": "收银员",
        "officeId": "01",
        "officeName": "药店",
        "ecQrCode": digits,
    }
    content = {"orgId": INSTITUTION, "transType": "ec.query", "data": data}
    url = f"{bench.address('voucher-centre')}/localcfc/api/hsecfc/localQrCodeQuery"
    answer: dict[str, Any] = httpx.post(url, json=content, trust_env=False).json()
    return answer


def _ask_to_pay(bench: Bench, phone: PhoneDriver) -> dict[str, Any]:
    """Have P001 asked to pay; returns the centre's answer when somebody has dealt with the prompt."""
    token = _decode(bench, phone.show("P001").digits)["data"]["ecToken"]
    content = {
        "ecToken": token,
        "orgId": INSTITUTION,
        "amount": "12.50",
        "accountAmount": "10.00",
        "institutionName": "联调测试大药房一店",
        "msgid": f"{INSTITUTION}202010140830000001",
    }
    url = f"{bench.address('voucher-centre')}/localcfc/api/hsecfc/payConfirm"
    answer: dict[str, Any] = httpx.post(url, json=content, trust_env=False, timeout=60).json()["data"]
    return answer


def _pay(bench: Bench, phone: PhoneDriver, act: Callable[[], str]) -> tuple[str, dict[str, Any]]:
    def shown(record: Record) -> bool:
        return record.name == "prompt-shown"

    with ThreadPoolExecutor(1) as pool, PhoneDriver(bench.address("phone")) as other:
        paid = pool.submit(_ask_to_pay, bench, other)
        assert bench.tape.wait_for(shown, since=0, timeout=60) is not None
        return act(), paid.result(60)


def test_a_shown_code_is_in_the_picture_and_the_centre_knows_whose_it_is(bench: Bench, phone: PhoneDriver) -> None:
    shown = phone.show("P001", channel="alipay", format="both")
    read = {found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(shown.picture)))}
    assert read == {shown.digits}
    assert shown.issued_ns == bench.clock.now_ns()
    assert shown.expires_ns - shown.issued_ns == 60 * 10**9
    identity = _decode(bench, shown.digits)["data"]
    assert (identity["idNo"], identity["chnlId"]) == ("639999198503127031", "alipay")


def test_a_code_of_the_last_minute_is_refused_and_the_one_on_the_screen_is_not(
    bench: Bench, phone: PhoneDriver
) -> None:
    old = phone.show("P001").digits
    _step(bench, 60)
    assert _decode(bench, old)["code"] == 980001
    new = phone.show("P001").digits
    assert new != old
    assert _decode(bench, new)["code"] == 0


def test_a_spent_code_stays_on_the_screen_until_it_is_refreshed(bench: Bench, phone: PhoneDriver) -> None:
    first = phone.show("P001").digits
    assert _decode(bench, first)["code"] == 0
    assert phone.show("P001").digits == first
    assert _decode(bench, first)["code"] == 980002
    assert _decode(bench, phone.show("P001", fresh=True).digits)["code"] == 0


def test_a_code_that_the_phone_made_itself_identifies_its_person_once_and_in_time(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text(PHONE_ISSUES)
    with Bench(load_bench(path)) as bench, PhoneDriver(bench.address("phone")) as phone:
        bench.reset("a case")
        shown = phone.show("P002", channel="icbc")
        assert not [record for record in bench.tape.recent() if record.name == "code-issued"]
        identity = _decode(bench, shown.digits)["data"]
        assert (identity["idNo"], identity["chnlId"]) == ("639999199007257042", "icbc")
        assert _decode(bench, shown.digits)["code"] == 980002
        stale = phone.show("P001").digits
        _step(bench, 60)
        assert _decode(bench, stale)["code"] == 980001


def test_a_pay_code_is_another_kind_to_the_centre(bench: Bench, phone: PhoneDriver) -> None:
    assert _decode(bench, phone.show("P001", kind="pay").digits)["code"] == 500159


def test_a_lapsed_voucher_is_shown_and_refused(bench: Bench, phone: PhoneDriver) -> None:
    assert _decode(bench, phone.show("P003").digits)["code"] == 980003


def test_every_channel_shows_a_code_that_the_centre_takes(bench: Bench, phone: PhoneDriver) -> None:
    decoded = [_decode(bench, phone.show("P008", channel=channel).digits) for channel in channel_ids()]
    assert [answer["data"]["chnlId"] for answer in decoded] == channel_ids()


def test_a_person_without_a_voucher_is_refused_with_a_prompt(phone: PhoneDriver) -> None:
    with pytest.raises(Refused) as caught:
        phone.show("P005")
    assert caught.value.http_status == 409
    assert caught.value.answer["prompt"]["id"] == "voucher-not-activated"


def test_a_person_nobody_knows_is_refused_with_those_there_are(bench: Bench, phone: PhoneDriver) -> None:
    with pytest.raises(Refused) as caught:
        phone.show("P00 1?")
    assert caught.value.http_status == 404
    assert caught.value.answer["people"][0]["id"] == "P001"
    assert [r for r in bench.tape.recent() if r.data.startswith(b"GET /people/P00%201%3F/code.png?")]


def test_the_right_password_confirms(bench: Bench, phone: PhoneDriver) -> None:
    result, told = _pay(bench, phone, lambda: phone.confirm("P001", "143709"))
    assert (result, told["result"]) == ("confirmed", "confirmed")
    assert phone.prompt("P001") is None


def test_a_wrong_password_does_not(bench: Bench, phone: PhoneDriver) -> None:
    result, told = _pay(bench, phone, lambda: phone.confirm("P001", "143700"))
    assert (result, told["result"]) == ("wrong-password", "wrong-password")


def test_a_payment_can_be_declined(bench: Bench, phone: PhoneDriver) -> None:
    result, told = _pay(bench, phone, lambda: phone.decline("P001"))
    assert (result, told["result"]) == ("declined", "declined")


def test_a_prompt_that_nobody_answers_runs_out_on_both_sides(bench: Bench, phone: PhoneDriver) -> None:
    def wait() -> str:
        prompt = phone.prompt("P001")
        assert prompt is not None
        assert (prompt.amount, prompt.account, prompt.waiting) == (1250, 1000, 1)
        assert prompt.expires_ns == bench.clock.now_ns() + 60 * 10**9
        _step(bench, 60)
        return "waited"

    assert _pay(bench, phone, wait)[1]["result"] == "not-answered"
    assert phone.prompt("P001") is None
    with pytest.raises(Refused) as caught:
        phone.confirm("P001", "143709")
    assert caught.value.http_status == 409


def test_notices_are_read_in_fen_newest_first(bench: Bench, phone: PhoneDriver) -> None:
    for number, amount in enumerate(("10.00", "-10.00"), start=1):
        content = {
            "idNo": "639999198503127031",
            "amount": amount,
            "balance": "1990.00",
            "setlId": f"S{number}",
            "kind": "payment",
            "at": "2020-10-14 08:30:00",
        }
        httpx.post(f"{bench.address('phone')}/push/notice", json=content, trust_env=False)
    notices = phone.notices("P001")
    assert [notice.setl_id for notice in notices] == ["S2", "S1"]
    assert notices[1] == NoticeOnScreen(
        amount=Fen(1000), balance=Fen(199000), setl_id="S1", kind="payment", at="2020-10-14 08:30:00"
    )
    assert phone.notices("P002") == []


def test_bills_are_read_in_fen_newest_first(bench: Bench, phone: PhoneDriver) -> None:
    for number, sign in enumerate(("", "-"), start=1):
        content = {
            "idNo": "639999198503127031",
            "chnlId": "alipay",
            "setlId": f"S{number}",
            "reverses": "S1" if sign else "",
            "institutionName": "联调测试大药房一店",
            "kind": "refund" if sign else "payment",
            "total": f"{sign}25.00",
            "fund": f"{sign}10.00",
            "account": f"{sign}12.00",
            "own": f"{sign}3.00",
            "at": "2020-10-14 08:30:00",
        }
        httpx.post(f"{bench.address('phone')}/push/bill", json=content, trust_env=False).raise_for_status()
    refund, payment = phone.bills("P001", channel="alipay")
    assert payment == BillOnScreen(
        setl_id="S1",
        reverses="",
        institution="联调测试大药房一店",
        total=Fen(2500),
        fund=Fen(1000),
        account=Fen(1200),
        own=Fen(300),
        at="2020-10-14 08:30:00",
    )
    assert (refund.reverses, refund.total) == ("S1", Fen(-2500))
    assert phone.bills("P002", channel="alipay") == []
    with pytest.raises(Refused):
        phone.bills("P001", channel="wechat")


def test_one_case_gives_the_same_codes_again(bench: Bench, phone: PhoneDriver) -> None:
    first = phone.show("P001", format="both")
    bench.reset("a case")
    again = phone.show("P001", format="both")
    assert (again.digits, again.picture) == (first.digits, first.picture)


def test_a_phone_that_is_not_there_is_the_benchs_problem(bench: Bench) -> None:
    with PhoneDriver("http://127.0.0.1:1") as phone, pytest.raises(BenchError, match="the phone at"):
        phone.show("P001")
    del bench


def alipay_bills(phone: PhoneDriver, person: str) -> object:
    """The bills of a channel that has some."""
    return phone.bills(person, channel="alipay")


class Stranger(BaseHTTPRequestHandler):
    """Answers everything with JSON that a phone would never say."""

    def do_GET(self) -> None:
        body = b'{"hello": "world"}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is no phone."""
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(60)


@pytest.mark.parametrize("ask", [PhoneDriver.show, PhoneDriver.prompt, PhoneDriver.notices, alipay_bills])
def test_an_answer_that_no_phone_gives_is_the_peers_fault(stranger: str, ask: Callable[..., object]) -> None:
    with PhoneDriver(stranger) as phone, pytest.raises(PeerViolation, match="the phone answered GET /people/P001"):
        ask(phone, "P001")
