"""What Shanghai's front machine is sent by mistake: each gets an error of the platform's own, and nothing is booked."""

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.simulators.hospital_rig import HOSPITAL
from tests.simulators.insurer_rig import OTHER_PHARMACY, Rig, start_rig, stop_rig
from tests.simulators.platform.test_platform_shanghai import Counter
from tests.simulators.platform.test_platform_shanghai_hospital import CARD, SCOPE, TOTAL, WHO, Clinic


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    found = start_rig(profile="shanghai")
    yield found
    stop_rig(found)


@pytest.fixture
def clinic(rig: Rig) -> Clinic:
    return Clinic(rig, HOSPITAL)


def refused(clinic: Counter, answer: Mapping[str, Any], code: str) -> None:
    """The answer is a whole message of the protocol with that code, and nothing was booked."""
    assert answer["xxfhm"] == code
    assert answer["fhxx"]
    assert answer["xxnr"] == {}
    assert clinic.rig.events("booked") == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"SI12"',
        b"7",
        '{"xxlxm":"SI12","czyxm":"收银员"}'.encode("gbk"),
        b'{"xxlxm":"SI12","xxnr":{"je":NaN}}',
        b'{"xxlxm":' * 2000,
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=range(11),
)
def test_no_json(clinic: Clinic, body: bytes) -> None:
    refused(clinic, clinic.raw(body), "982007")


def test_a_message_that_is_too_deep(clinic: Clinic) -> None:
    answer = clinic.raw(b'{"xxlxm":"SM01","xxnr":' + b"[" * 950 + b"]" * 950 + b"}")
    refused(clinic, answer, answer["xxfhm"])
    assert answer["xxfhm"] in {"982007", "981003"}


def test_a_message_that_is_too_long(clinic: Clinic) -> None:
    refused(clinic, clinic.raw(b'{"xxlxm":"SI12","xxnr":{"a":"' + b"x" * (9 << 20) + b'"}}'), "981073")


@pytest.mark.parametrize("kind", ["", "SI99", "2102", "si12", None, 7, ["SI12"], {"a": 1}, "SJ21x"])
def test_a_type_that_there_is_not(clinic: Clinic, kind: object) -> None:
    refused(clinic, clinic.send("SI12", {}, xxlxm=kind), "982008")


def test_a_register_that_cannot_be_taken_back(clinic: Clinic) -> None:
    refused(clinic, clinic.send("SJ21", {"zfbz": "1"}), "982008")


@pytest.mark.parametrize("content", [{}, None, "x", [], 7])
@pytest.mark.parametrize(
    "kind",
    ["SM01", "SI11", "SH01", "SI51", "SN01", "SN02", "SK01", "SJ11", "SJ21", "SJ31", "SJ41", "SJ51", "LT01", "LT02"],
)
def test_members_that_are_missing(clinic: Clinic, kind: str, content: object) -> None:
    refused(clinic, clinic.send(kind, content), "981003")  # type: ignore[arg-type]  # what no counter would send


def test_every_wrong_member_is_named_as_the_message_has_it(clinic: Clinic) -> None:
    row = {"mxxh": "1", "je": "1e3", "sl": "x"}
    answer = clinic.send("SN01", {"jfpc": "B1", "mxs": [row, row]}, czybm="")
    refused(clinic, answer, "981003")
    told = answer["fhxx"]
    assert told.startswith(
        "报文不符合接口规范，共23处：czybm；xxnr: jzdyh、personno；xxnr.mxs: fyrq、ybbm、nbbm、je、sl、dj"
    )
    assert len(told) <= 200
    few = clinic.send("SJ31", {"jzdyh": "M1", "personno": 7, "insuplc": "639900", "zfbz": "1"})["fhxx"]
    assert few.startswith("报文不符合接口规范，共1处：xxnr.personno: text of at most 30 characters expected, 7 seen")


@pytest.mark.parametrize("kind", ["SI12", "SH02", "SI52"])
def test_a_confirmation_without_a_number(clinic: Clinic, kind: str) -> None:
    refused(clinic, clinic.send(kind, {}), "982009")
    for number in ("JS", None, 7, ["JS1"], {"a": 1}):
        refused(clinic, clinic.send(kind, {"jssqxh": number}), "982009")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("personno", 7),
        ("personno", ["1"]),
        ("totalexpense", "1e3"),
        ("totalexpense", "NaN"),
        ("totalexpense", "-"),
        ("totalexpense", "195.001"),
        ("totalexpense", "1" + "0" * 18),
        ("totalexpense", True),
        ("totalexpense", [TOTAL]),
        ("zhbz", "yes"),
        ("yllb", "no such"),
        ("xzlx", {"a": 1}),
        ("carddata", None),
        ("czylx", 9),
    ],
)
def test_members_of_another_kind(clinic: Clinic, member: str, value: object) -> None:
    refused(clinic, clinic.send("SI11", clinic.bill("M1", **{member: value})), "981003")


@pytest.mark.parametrize("number", ["1e3", "1E+2", "-1e-3"])
def test_an_exponent_is_no_amount_as_a_number_either(clinic: Clinic, number: str) -> None:
    answer = clinic.raw(with_total(clinic, number))
    refused(clinic, answer, "981003")


def test_what_is_no_number_to_the_decoder_does_not_spoil_the_answer(clinic: Clinic) -> None:
    body = b'{"xxlxm":"SM01","bbh":1.5e1,"msgid":2.5e-1,"xxnr":{"carddata":1.5e1}}'
    answer = clinic.raw(body)
    refused(clinic, answer, "981003")
    assert answer["bbh"] == "NaN"


def with_total(clinic: Clinic, number: str) -> bytes:
    """An SI11 whose total is that JSON number."""
    sent: list[bytes] = []

    class Held(Clinic):
        def raw(self, body: bytes) -> dict[str, Any]:
            sent.append(body)
            return {}

    Held(clinic.rig, HOSPITAL).send("SI11", clinic.bill("M1", totalexpense="@"))
    return sent[0].replace(b'"@"', number.encode())


@pytest.mark.parametrize(("amount", "code"), [("-1", "981016"), ("0.00", "981016"), ("195.02", "981018")])
def test_amounts_that_cannot_be(rig: Rig, amount: str, code: str) -> None:
    clinic = Clinic(rig, HOSPITAL)
    visit = clinic.visit(f"V{amount}")
    clinic.upload(visit, "B1")
    row = {"mxxh": "N1", "fyrq": "2020-10-14 08:30:00", "ybbm": "XS000002", "nbbm": "1", "sl": "1", "dj": amount}
    row |= {"ysbm": "D1", "ysxm": "医生", "ksbm": "K1", "ksmc": "内科", "je": amount}
    if code == "981016":
        refused(clinic, clinic.send("SN01", {"jzdyh": visit, **WHO, "jfpc": "B2", "mxs": [row]}), code)
    else:
        refused(clinic, clinic.send("SI11", clinic.bill(visit, totalexpense=amount)), code)


@pytest.mark.parametrize("rows", ["x", {"mxxh": "1"}, [7], [None], [[]]])
def test_rows_that_are_none(clinic: Clinic, rows: object) -> None:
    refused(clinic, clinic.send("SN01", {"jzdyh": "M1", **WHO, "jfpc": "B1", "mxs": rows}), "981003")
    refused(clinic, clinic.send("SI11", {**CARD, "totalexpense": "1.00", "mxs": rows}), "981003")


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        ({"msgid": None}, "981003"),
        ({"msgid": "1"}, "981003"),
        ({"msgid": 7}, "981003"),
        ({"jgdm": OTHER_PHARMACY.code}, "981003"),
        ({"jgdm": None}, "981003"),
        ({"jgdm": ["H63999900001"]}, "981003"),
        ({"czybm": None}, "981003"),
        ({"jysj": "2020-02-30 00:00:00"}, "981003"),
        ({"bbh": 1}, "981003"),
    ],
)
def test_a_wrong_envelope(clinic: Clinic, envelope: dict[str, object], code: str) -> None:
    refused(clinic, clinic.send("SM01", {"carddata": CARD["carddata"]}, **envelope), code)


def test_another_institutions_numbers(rig: Rig) -> None:
    clinic, pharmacy = Clinic(rig, HOSPITAL), Counter(rig)
    visit = clinic.visit("VX")
    clinic.upload(visit, "B1")
    bill = clinic.bill(visit)
    offered = clinic.done("SI11", bill)
    confirm = {**bill, **{name: offered[name] for name in SCOPE}, "jssqxh": offered["jssqxh"]}
    refused(pharmacy, pharmacy.send("SI12", confirm), "982009")
    paid = clinic.done("SI12", confirm)
    booked = len(rig.events("booked"))
    for stated in (TOTAL, "1.00"):  # its total is nobody else's business
        keys = {"translsh": paid["lsh"], "jzdyh": visit, **WHO, "totalexpense": stated}
        for yllb in ("11", "41"):
            assert pharmacy.send("SK01", {**keys, "yllb": yllb})["xxfhm"] == "981024"
    assert pharmacy.send("SI91", {"translsh": paid["lsh"], "jzdyh": visit, **WHO})["xxfhm"] == "981024"
    assert len(rig.events("booked")) == booked
    assert json.dumps(rig.state("platform")["settlements"]).count(paid["lsh"]) == 1


STRANGE: tuple[object, ...] = (
    *(
        None,
        "",
        0,
        -1,
        7.5,
        True,
        "x",
        "0" * 5000,
        "1e3",
        "\u0000",
        "龘𠮷",
        [],
        [[]],
        [None],
        {},
        {"a": {"b": []}},
        "2101",
    ),
)
KINDS = [
    *("S000", "SE01", "SM01", "SI11", "SI12", "SH01", "SH02", "SI51", "SI52", "SK01", "SN01", "SN02", "SI91", "SL01"),
    *("SJ11", "SJ21", "SJ31", "SJ41", "SJ51", "LT01", "LT02", "LT03", "LT04", "ZZ00"),
]
ENVELOPE = ("jysj", "bbh", "msgid", "xzqhdm", "jgdm", "czybm", "czyxm", "jyqd", "xxfhm")
NAMED = [
    *("carddata", "cardtype", "personno", "xzlx", "yllb", "jzdyh", "jfpc", "mxs", "zds", "zfbz", "ymsgid", "ymsglx"),
    *("translsh", "totalexpense", "jssqxh", "insuplc", "czylx", "daycollate", "daycount", "cashpay", "ecQrCode", "dc"),
]


def test_whatever_is_sent_the_answer_is_a_message_and_nothing_is_booked(rig: Rig) -> None:
    clinic, chance = Clinic(rig, HOSPITAL), random.Random("liantiao")
    booked = len(rig.events("booked"))
    for _ in range(400):
        told = {name: chance.choice(STRANGE) for name in chance.sample(NAMED, chance.randint(0, 8))}
        envelope = {name: chance.choice(STRANGE) for name in chance.sample(ENVELOPE, chance.choice((0, 0, 1, 2)))}
        content = chance.choice((told, told, told, chance.choice(STRANGE)))
        sent = {"xxnr": content} | envelope
        answer = clinic.send(chance.choice(KINDS), told, **sent)
        assert isinstance(answer["xxfhm"], str)
        assert answer["xxfhm"] not in {"", "P001"} or answer["xxlxm"] == "SI91"
    assert len(rig.events("booked")) == booked
