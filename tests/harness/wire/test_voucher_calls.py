"""Calls to a voucher centre as bytes: object or string, UTF-8 or GBK, and answers from bytes."""

import json

import pytest

from harness.wire import voucher_calls as calls
from harness.wire import voucher_messages as messages
from harness.wire.voucher_calls import AS_STRING, GBK, UTF_8, Desk, Holder

DESK = Desk(institution="P63999900001")
HOLDER = Holder(channel="wechat", id_no="639999198503127031", name="测试甲")


def test_the_data_of_a_library_is_an_object_or_a_string() -> None:
    call = calls.decode(DESK, "4240")
    _, raw = calls.encode_call(call)
    assert json.loads(raw)["data"]["ecQrCode"] == "4240"
    _, raw = calls.encode_call(call, data_as=AS_STRING)
    assert json.loads(json.loads(raw)["data"])["ecQrCode"] == "4240"


def test_the_content_type_says_the_charset_in_which_it_is_written() -> None:
    for charset in (UTF_8, GBK):
        content_type, raw = calls.encode_call(calls.show_code(HOLDER), charset=charset)
        assert calls.charset_of(content_type) == charset
        assert json.loads(raw.decode(charset))["userName"] == "测试甲"


def test_a_character_that_the_charset_lacks_is_named() -> None:
    rare = Holder(channel="wechat", id_no="639999199505067129", name="测试䶮")
    with pytest.raises(ValueError, match="䶮"):
        calls.encode_call(calls.show_code(rare), charset=GBK)


def test_every_call_is_as_the_field_tables_have_it() -> None:
    notice = calls.ResultNotice(
        auth_no="ano1",
        business_number="B1",
        id_no=HOLDER.id_no,
        name=HOLDER.name,
        total="10.00",
        fund="6.00",
        account="3.00",
        own="1.00",
        at="2020-10-14 08:30:00",
        settlement="S1",
    )
    for call in (
        calls.show_code(HOLDER, member="639999201205017314"),
        calls.ask_state(HOLDER),
        calls.take_step("wechat", "identity", idNo=HOLDER.id_no, userName=HOLDER.name),
        calls.password(HOLDER, "verify", "143709"),
        calls.choose_place(HOLDER, "639900"),
        calls.family(HOLDER, "bind", memberIdNo="639999201205017314", memberName="测试小乙", agreed=True),
        calls.promoter("withdraw", "TG639900001", amount="10.00"),
        calls.own_code(DESK.institution),
        calls.owner_of_code("org1"),
        calls.decode(DESK, "4240"),
        calls.at_terminal(DESK, messages.TERMINAL_SCAN),
        calls.at_terminal(DESK, messages.FACE_START, outBizNo="B1"),
        calls.at_terminal(DESK, messages.FACE_CHECK, outBizNo="B1", authNo="ano1"),
        calls.at_terminal(DESK, messages.READ_CARD),
        calls.show_result(DESK, notice),
        calls.check_token("639900ec", id_no=HOLDER.id_no, name=HOLDER.name, institution=DESK.institution),
    ):
        assert messages.check(call.name, call.body) == (), call.name
        assert call.path.startswith("/")


def test_an_answer_is_read_in_the_charset_that_its_head_names() -> None:
    envelope = messages.reply("used", data_as="object")
    raw = json.dumps(envelope, ensure_ascii=False).encode("gbk")
    reply = calls.decode_answer("application/json; charset=GBK", raw)
    assert (reply.code, reply.message) == (980002, "二维码已使用，请刷新后重新扫码")


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        ("application/json", b"<html>"),
        ("application/json", b"[]"),
        ("application/json", b"{}"),
        ("application/json", b'{"code":"none"}'),
        ("application/json", "测".encode("gbk")),
        ("application/json;charset=KLINGON", b"{}"),
        ("application/json", b'{"code":0,"data":"{"}'),
        ("application/json", b"[" * 100_000),
    ],
)
def test_what_is_no_answer_is_a_value_error(content_type: str, raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        calls.decode_answer(content_type, raw)
