"""Codes on screens: who makes them, how long they stay, what is refused, and what the tape keeps."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from fixtures.channels import channel_ids
from fixtures.population import people
from harness.gm import sm3
from harness.line.record import comparable_digest
from harness.wire.voucher import ScanKind, issuing_key, parse_code, phone_code, scan_kind
from simulators.phone import PhoneSettings
from simulators.phone.settings import Issuer
from tests.simulators.phone.conftest import P001, RunningPhone

ORIGIN_NS = 1_602_635_400 * 10**9
BringUp = Callable[..., RunningPhone]


def test_a_code_is_fetched_for_the_person_in_the_channel(phone: RunningPhone) -> None:
    assert phone.digits("P006", "channel=alipay") == "4240000000000000000100630000"
    assert phone.centre.asked == [
        (
            "qrcode",
            {
                "transType": "ec.qrcode",
                "idNo": "639999199505067129",
                "idType": "01",
                "userName": "测试䶮",
                "chnlId": "alipay",
            },
        )
    ]


def test_a_code_stays_until_its_refresh_time_and_then_is_another(phone: RunningPhone) -> None:
    first = phone.digits()
    phone.clock.step(seconds=59)
    assert phone.digits() == first
    phone.clock.step(seconds=1)
    assert phone.digits() != first
    assert len(phone.centre.asked) == 2


def test_refresh_and_validity_are_the_centres_word(phone: RunningPhone) -> None:
    phone.centre.life = {"validSeconds": 300, "refreshSeconds": 5}
    reply = phone.get("/people/P001/code.txt")
    assert reply.headers["x-issued-ns"] == str(ORIGIN_NS)
    assert reply.headers["x-refresh-ns"] == str(ORIGIN_NS + 5 * 10**9)
    assert reply.headers["x-expires-ns"] == str(ORIGIN_NS + 300 * 10**9)
    phone.clock.step(seconds=5)
    assert phone.digits() != reply.headers["x-code"]


def test_fresh_gives_a_new_code_at_once_which_then_stays(phone: RunningPhone) -> None:
    first = phone.digits()
    second = phone.digits(query="fresh=1")
    assert second != first
    assert phone.digits() == second


def test_people_and_channels_have_codes_of_their_own(phone: RunningPhone) -> None:
    codes = [phone.digits("P001", f"channel={channel}") for channel in channel_ids()] + [phone.digits("P002")]
    assert len(set(codes)) == 19
    assert [phone.digits("P001", f"channel={channel}") for channel in channel_ids()] == codes[:18]


def test_two_who_look_at_once_see_the_same_code(phone: RunningPhone) -> None:
    async def gate() -> asyncio.Event:
        return asyncio.Event()

    held = phone.centre.hold = phone.loop.call(gate())
    with ThreadPoolExecutor(2) as pool:
        looks = [pool.submit(phone.digits) for _ in range(2)]
        phone.wait(lambda record: record.channel == "phone.http#2")
        phone.loop.soon(held.set)
        assert len({look.result(60) for look in looks}) == 1
    assert len(phone.centre.asked) == 1


def test_a_picture_holds_what_its_headers_say(phone: RunningPhone, zbarimg: Callable[[bytes], set[str]]) -> None:
    reply = phone.get("/people/P001/code.png?format=both&channel=wechat")
    assert reply.headers["content-type"] == "image/png"
    digits = reply.headers["x-code"]
    assert zbarimg(reply.content) == {f"QR-Code:{digits}", f"CODE-128:{digits}"}


def test_each_picture_and_each_telling_leaves_one_event(phone: RunningPhone) -> None:
    png = phone.get("/people/P001/code.png?format=barcode&channel=abc").content
    phone.digits("P001", "channel=abc")
    shown = {
        "event": "code-shown",
        "person": "P001",
        "id_no": P001,
        "chnl": "abc",
        "digits": "4240000000000000000100630000",
        "kind": "voucher",
        "issued_ns": ORIGIN_NS,
        "expires_ns": ORIGIN_NS + 60 * 10**9,
    }
    assert phone.events("code-shown") == [
        shown | {"format": "barcode", "image_sm3": sm3(png).hex()},
        shown | {"format": "digits", "image_sm3": ""},
    ]


def test_a_clock_that_is_set_back_leaves_no_old_code_on_the_screen(phone: RunningPhone) -> None:
    first = phone.digits()
    phone.clock.step(seconds=-3600)
    assert phone.digits() == first
    phone.clock.step(seconds=59)
    assert phone.digits() == first
    phone.clock.step(seconds=1)
    assert phone.digits() != first


# --- the phone's own codes ---


def test_without_a_centre_the_phone_makes_codes_of_the_documented_form(bring_up: BringUp) -> None:
    phone = bring_up(centre=False)
    digits = phone.digits()
    assert parse_code(digits).province == "63"
    assert digits == phone_code(
        key=issuing_key(7), id_no=P001, channel="nhsa-app", window=ORIGIN_NS // (60 * 10**9), insured_place="639900"
    )
    assert phone.centre.asked == []


def test_a_phone_that_issues_does_not_ask_the_centre(bring_up: BringUp) -> None:
    phone = bring_up(PhoneSettings(issuer=Issuer.PHONE, refresh_s=30, validity_s=90))
    phone.clock.step(seconds=29)
    reply = phone.get("/people/P001/code.txt")
    assert reply.headers["x-issued-ns"] == str(ORIGIN_NS)
    assert reply.headers["x-expires-ns"] == str(ORIGIN_NS + 90 * 10**9)
    phone.clock.step(seconds=1)
    assert phone.digits() != reply.text.strip()
    assert phone.centre.asked == []


def test_its_own_code_is_the_same_within_a_window_even_when_fresh(bring_up: BringUp) -> None:
    phone = bring_up(centre=False)
    assert phone.digits(query="fresh=1") == phone.digits()


def test_a_pay_code_is_of_another_kind_and_rotates(bring_up: BringUp) -> None:
    phone = bring_up(centre=False)
    first = phone.digits(query="kind=pay")
    assert len(first) == 18
    assert first.startswith("13")
    assert scan_kind(first) is ScanKind.WECHAT_PAY
    assert phone.digits(query="kind=pay") == first
    assert phone.digits(query="kind=pay&fresh=1") != first
    phone.clock.step(seconds=60)
    assert phone.digits(query="kind=pay") != first


def test_a_person_without_a_voucher_still_has_a_pay_code(phone: RunningPhone) -> None:
    assert phone.digits("P005", "kind=pay").startswith("13")


# --- what is refused ---


@pytest.mark.parametrize("what", ["code.png", "code.txt"])
def test_a_person_without_a_voucher_is_asked_to_activate_one(phone: RunningPhone, what: str) -> None:
    phone.centre.refusal = (980003, "凭证未激活或已失效")
    reply = phone.get(f"/people/P005/{what}?channel=hxb")
    assert reply.status_code == 409
    assert reply.json()["prompt"]["id"] == "voucher-not-activated"
    assert "激活" in reply.json()["prompt"]["zh"]
    assert "activate" in reply.json()["prompt"]["en"]
    assert reply.json()["activation_flow"] == "consent; face; insured data; password; choose insured place"
    assert phone.events("code-shown") == []
    assert phone.events("code-not-shown") == [
        {"event": "code-not-shown", "person": "P005", "chnl": "hxb", "why": "voucher-not-activated"}
    ]


def test_whoever_has_activated_since_shows_a_code(phone: RunningPhone) -> None:
    assert phone.digits("P005", "channel=wechat").startswith("424")


def test_the_centres_word_that_there_is_no_voucher_counts_too(phone: RunningPhone) -> None:
    phone.centre.refusal = (980003, "凭证未激活或已失效")
    reply = phone.get("/people/P001/code.txt")
    assert (reply.status_code, reply.json()["prompt"]["id"]) == (409, "voucher-not-activated")


def test_a_lapsed_person_gets_a_code(phone: RunningPhone) -> None:
    assert len(phone.digits("P003")) == 28


def test_an_unknown_person_is_answered_with_those_there_are(phone: RunningPhone) -> None:
    reply = phone.get("/people/P999/code.png")
    assert reply.status_code == 404
    assert [row["id"] for row in reply.json()["people"]] == [person.id for person in people()]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("channel=nokia", "unionpay"),
        ("kind=gift", "voucher, pay"),
        ("format=svg", "qr, barcode, both"),
        ("fresh=yes", "0 or 1"),
        ("colour=red", "colour"),
    ],
)
def test_a_wrong_wish_is_told_what_is_possible(phone: RunningPhone, query: str, named: str) -> None:
    reply = phone.get(f"/people/P001/code.txt?{query}")
    assert reply.status_code == 400
    assert named in reply.json()["error"]


@pytest.mark.parametrize(
    "broken",
    [
        Response("<html>502</html>", status_code=502),
        Response(b""),
        Response(b"[]"),
        Response(b'{"code":0,"data":{}}'),
        Response(b'{"code":0,"data":{"ecQrCode":"424","issuedAt":"yesterday","validSeconds":60,"refreshSeconds":60}}'),
        Response(b'{"code":0,"data":{"ecQrCode":42,"issuedAt":1,"validSeconds":60,"refreshSeconds":60}}'),
        Response(b'{"code":0,"data":{"ecQrCode":"424","issuedAt":1,"validSeconds":-1,"refreshSeconds":60}}'),
        Response("成功".encode("gbk"), media_type="application/json;charset=UTF-8"),
    ],
)
def test_a_centre_that_answers_nonsense_costs_the_code_and_nothing_else(phone: RunningPhone, broken: Response) -> None:
    phone.centre.broken = broken
    reply = phone.get("/people/P001/code.txt")
    assert (reply.status_code, reply.json()["prompt"]["id"]) == (503, "centre-unavailable")
    phone.centre.broken = None
    assert phone.digits()


def test_a_centre_in_gbk_is_understood_by_its_header(phone: RunningPhone) -> None:
    content = json.dumps({"code": 980001, "message": "二维码已过期"}, ensure_ascii=False).encode("gbk")
    phone.centre.broken = Response(content, media_type="application/json;charset=GBK")
    reply = phone.get("/people/P001/code.txt")
    assert (reply.status_code, reply.json()["prompt"]["zh"]) == (409, "二维码已过期")


def test_a_centre_that_is_gone_leaves_the_phone_standing(bring_up: BringUp) -> None:
    phone = bring_up()
    phone.loop.call(phone.centre.server.stop())
    assert phone.get("/people/P001/code.png").status_code == 503
    assert phone.digits(query="kind=pay")


@pytest.mark.parametrize("values", [{"refresh_s": 0}, {"validity_s": 0}, {"module_px": 0}, {"bar_px": 99}])
def test_settings_out_of_range_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        PhoneSettings(**values)  # type: ignore[arg-type]  # the table holds whole numbers only


# --- the same again ---


def _session(phone: RunningPhone) -> tuple[list[bytes], str]:
    phone.tape.volatile("at", phone.at.removeprefix("http://"))
    pictures = []
    for query in ("", "fresh=1", "kind=pay", "kind=pay&fresh=1", "format=both&channel=citic"):
        pictures.append(phone.get(f"/people/P002/code.png?{query}").content)
        phone.clock.step(seconds=20)
    phone.push_prompt()
    phone.post("/people/P001/confirm", {"password": "143709"})
    phone.push_notice("S1")
    return pictures, comparable_digest(phone.tape.recent())


@pytest.mark.parametrize("centre", [True, False])
def test_one_seed_gives_the_same_bytes_and_the_same_tape(bring_up: BringUp, *, centre: bool) -> None:
    first, second = bring_up(centre=centre), bring_up(centre=centre)
    assert _session(first) == _session(second)


def test_another_seed_gives_other_codes(bring_up: BringUp) -> None:
    one, two = bring_up(centre=False, seed=1), bring_up(centre=False, seed=2)
    assert one.digits() != two.digits()
    assert one.digits(query="kind=pay") != two.digits(query="kind=pay")


def test_a_reset_makes_all_as_new(phone: RunningPhone) -> None:
    first = phone.digits(query="kind=pay")
    phone.digits(query="kind=pay&fresh=1")
    phone.digits()
    phone.push_prompt()
    phone.push_notice("S1")
    phone.loop.call(phone.phone.reset(seed=7))
    assert phone.digits(query="kind=pay") == first
    assert phone.get("/people/P001/prompt").json() == {}
    assert phone.get("/people/P001/notices").json() == []
    phone.digits()
    assert len([name for name, _ in phone.centre.asked if name == "qrcode"]) == 2


def test_a_reset_counts_connections_anew(bring_up: BringUp) -> None:
    phone = bring_up(centre=False)
    for _ in range(2):
        phone.tape.forget()
        phone.digits()
        assert {record.channel for record in phone.tape.recent()} == {"phone", "phone.http#1"}
        phone.loop.call(phone.phone.reset(seed=7))
        phone.http.close()
        phone.http = httpx.Client(base_url=phone.at, trust_env=False, timeout=60)


def test_the_back_door_tells_its_state_and_takes_faults(phone: RunningPhone) -> None:
    phone.digits()
    state: Any = phone.http.get(f"{phone.control}/state").json()
    assert (state["issuer"], state["codes_on_screen"]) == ("server", 1)
    fault = {"message": "code", "effect": "bad-gateway"}
    assert phone.http.post(f"{phone.control}/fault", json=fault).status_code == 200
    assert phone.get("/people/P001/code.png").status_code == 502
    assert phone.digits()


def test_a_password_goes_nowhere_but_into_its_proof(phone: RunningPhone) -> None:
    phone.push_prompt()
    phone.post("/people/P001/confirm", {"password": "143709"})
    assert "143709" not in phone.http.get(f"{phone.control}/state").text
    assert all("143709" not in str(record.event) for record in phone.tape.recent())
    assert "143709" not in str(phone.centre.asked)
