"""Masking: personal data goes in whatever spelling, lengths stay, and nothing else is touched."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.population import people
from harness.line.mask import Mask
from harness.line.record import Direction, Kind, Record, event_data

ID_NO = "63999919850312703X"
CODE = "1234567890123456789012345678"
TOKEN = "639900ec0123456789abcdefghijklmnopqrst"
PERSON = {"idNo": ID_NO, "userName": "测试甲", "ecQrCode": CODE, "ecToken": TOKEN, "psn_no": "639999000000000001"}


def record(data: bytes) -> Record:
    return Record(seq=0, at_ns=0, real_ns=0, kind=Kind.FRAME, direction=Direction.SENT, channel="x", data=data)


SPELLINGS = {
    "json": json.dumps(PERSON, ensure_ascii=False).encode(),
    "json in gbk": json.dumps(PERSON, ensure_ascii=False).encode("gbk"),
    "escaped json": json.dumps(PERSON).encode(),
    "json in json": json.dumps({"data": json.dumps(PERSON, ensure_ascii=False)}, ensure_ascii=False).encode(),
    "json in json in json": json.dumps([json.dumps({"data": json.dumps(PERSON)})]).encode(),
    "blanks": json.dumps(PERSON, ensure_ascii=False, indent=2, separators=(" ,", " : ")).encode(),
    "percent": quote(json.dumps(PERSON, ensure_ascii=False)).encode(),
    "form": "&".join(f"{key}={quote(value)}" for key, value in PERSON.items()).encode(),
    "plain form": "&".join(f"{key}={value}" for key, value in PERSON.items()).encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_person_is_masked_in_every_spelling(spelling: str) -> None:
    data = SPELLINGS[spelling]
    hidden = Mask().hide(data)
    assert len(hidden) == len(data)
    assert hidden != data
    for secret in PERSON.values():
        for gone in (secret.encode(), secret.encode("gbk"), quote(secret).encode(), json.dumps(secret)[1:-1].encode()):
            assert gone not in hidden
    assert b"19850312" not in hidden
    assert TOKEN[8:34].encode() not in hidden
    assert Mask().hide(hidden) == hidden


def test_masked_json_is_json_still() -> None:
    for spelling in ("json", "escaped json", "json in json", "json in json in json"):
        assert json.loads(Mask().hide(SPELLINGS[spelling]))


def test_the_ends_stay_so_that_one_can_follow_whose_it_is() -> None:
    hidden = json.loads(Mask().hide(SPELLINGS["escaped json"]))
    assert hidden["idNo"] == "639999**********3X"
    assert hidden["ecQrCode"] == "12**********************5678"
    assert hidden["ecToken"] == "639900ec**************************qrst"
    assert set(hidden["userName"]) == {"*"}


@pytest.mark.parametrize(
    ("data", "hidden"),
    [
        (b"123456789012345678\r", b"123456**********78\r"),
        (b"123456789012345678901234567\r", b"12*********************4567\r"),
        (b'{"password":"143709"}', b'{"password":"******"}'),
        (b'{"oldPassword": "143709"}', b'{"oldPassword": "******"}'),
        (b'{"proof" : "ab12"}', b'{"proof" : "****"}'),
        (b'{"brdy":"1985-03-12"}', b'{"brdy":"**********"}'),
        (b'{"psn_no":"63000012345"}', b'{"psn_no":"630000***45"}'),
        (b'{"psn_no":"12345678"}', b'{"psn_no":"********"}'),
        (b'{"psn_no":""}', b'{"psn_no":""}'),
        (b'{"userName":"a \\" b"}', b'{"userName":"******"}'),
        ('{"opter_name":"收银员"}'.encode(), b'{"opter_name":"*********"}'),
    ],
)
def test_each_kind_of_number_and_secret(data: bytes, hidden: bytes) -> None:
    assert Mask().hide(data) == hidden


@pytest.mark.parametrize(
    "data",
    [
        b'{"msgid":"P63999900001202010140830000001"}',
        b'{"issued_ns":1602635400000000000}',
        b'{"name":"\xe9\x98\xbf\xe8\x8e\xab\xe8\xa5\xbf\xe6\x9e\x97"}',
        b'{"medfee_sumamt":"12.50","setl_id":"S202010140001"}',
        b"12345678901234567",
        b"1234567890123456789",
        b"1234567890123456789012345",
        b'{"inf_refmsgid":"639900202010140830000000000001"}',
        b'{"username":"x","my_userName":"x","userNames":"x"}',
        b"POST /people/P001/confirm HTTP/1.1\r\nContent-Length: 21\r\n\r\n",
    ],
)
def test_what_is_nobodys_stays(data: bytes) -> None:
    assert Mask().hide(data) == data


@given(st.binary(max_size=200))
def test_lengths_always_stay(data: bytes) -> None:
    assert len(Mask([record(b'{"userName":"\xe6\xb5\x8b\xe8\xaf\x95"}')]).hide(data)) == len(data)


@pytest.mark.parametrize("known", [SPELLINGS["json"], SPELLINGS["escaped json"], SPELLINGS["json in gbk"]])
def test_a_name_is_masked_where_it_stands_without_its_key(known: bytes) -> None:
    mask = Mask([record(known), record(b'{"userName":"an"}')])
    for charset in ("utf-8", "gbk"):
        page = "<h1>测试甲 的医保电子凭证 an</h1>".encode(charset)
        assert mask.hide(page) == page.replace("测试甲".encode(charset), b"*" * len("测试甲".encode(charset)))
    assert mask.hide(quote("/测试甲").encode()) == b"/" + b"*" * 27
    assert Mask().hide("<h1>测试甲</h1>".encode()) == "<h1>测试甲</h1>".encode()


def test_nobody_of_the_population_is_left_on_an_event() -> None:
    for person in people():
        data = event_data("code-shown", {"id_no": person.id_no, "psn_no": person.psn_no, "token": TOKEN})
        hidden = Mask().hide(data).decode()
        assert person.id_no not in hidden
        assert person.psn_no not in hidden
        assert json.loads(hidden)["event"] == "code-shown"


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_shanghais_members_are_masked_as_well(charset: str) -> None:
    told = {
        "personname": "测试甲",
        "personno": "639999000000000001",
        "idno": ID_NO,
        "carddata": "A00000001",
        "cardsn": "S00000001",
        "cardinfo": f"639900|{ID_NO}|A00000001|S00000001|测试甲",
        "lxr": "测试乙",
        "lxdh": "13900000000",
        "ysxm": "医生甲",
    }
    message = {"xxlxm": "SJ31", "czyxm": "收银员", "jgdm": "H63999900001", "xxnr": {**told, "je": "12.50"}}
    hidden = Mask().hide(json.dumps(message, ensure_ascii=False).encode(charset))
    for secret in (*told.values(), "收银员"):
        assert secret.encode(charset) not in hidden
    kept = json.loads(hidden)
    assert (kept["jgdm"], kept["xxnr"]["je"], kept["xxlxm"]) == ("H63999900001", "12.50", "SJ31")
    assert kept["xxnr"]["personno"].endswith("01")
