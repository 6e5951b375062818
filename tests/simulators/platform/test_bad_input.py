"""What is wrong in a request, from outside over bare sockets: each gets the platform's own refusal, none a booking."""

import json
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.wire.institution import check_reply
from tests.simulators.hospital_rig import HOSPITAL, Hospital
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, PHARMACY, Rig, reset_rig

P1, P9 = PEOPLE["P001"], PEOPLE["P009"]
ANY = "/fsi/api/callService"
TEN_MIB = 10 << 20


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    for org in (OTHER_PHARMACY.code, HOSPITAL.code):
        shared_rig.sign_in(org)
    return shared_rig


def post(rig: Rig, body: bytes, *, path: str = ANY, kind: str = "application/json") -> dict[str, Any]:
    """Post bytes over a socket of its own; the answer's object."""
    at = urlsplit(rig.platform_at)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((str(at.hostname), int(at.port or 0)), timeout=60) as line:
        line.sendall(head.encode() + body)
        received = b"".join(iter(lambda: line.recv(65536), b""))
    head_, _, reply = received.partition(b"\r\n\r\n")
    assert head_.startswith(b"HTTP/1.1 200"), head_
    answer: dict[str, Any] = json.loads(reply)
    return answer


def books(rig: Rig) -> object:
    state = rig.state("platform")
    return state["settlements"], state["people"], state["postings"]


def refused(rig: Rig, before: object, answer: dict[str, Any], *codes: str) -> None:
    assert answer["infcode"] == -1
    assert answer["warn_msg"] in codes, answer["err_msg"]
    assert answer["err_msg"]
    assert check_reply("2102", answer) == ()
    assert rig.events("refused")[-1]["code"] == answer["warn_msg"]
    assert books(rig) == before
    assert rig.events("booked") == []


def purchase(rig: Rig, **changes: Any) -> dict[str, Any]:
    """A 2102 that would be booked as it is."""
    return rig.request("2102", rig.purchase(P1, **changes), signtype="MOCK")


def as_bytes(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def test_what_the_others_spoil_would_be_booked_as_it_is(rig: Rig) -> None:
    assert post(rig, as_bytes(purchase(rig)))["infcode"] == 0


# --- bytes ----------------------------------------------------------------------------------------------


def nul_within(raw: bytes) -> bytes:
    body = json.loads(raw)
    body["input"]["druginfo"]["invono"] = "A\x000001"
    return json.dumps({**body, "input": json.dumps(body["input"])}).encode()


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda raw: raw[:-1],
    "half": lambda raw: raw[: len(raw) // 2],
    "two": lambda raw: raw + raw,
    "comma": lambda raw: raw[:-1] + b",}",
    "quotes": lambda raw: raw.replace(b'"', b"'"),
    "nan": lambda raw: raw.replace(b'"44.98"', b"NaN"),
    "infinity": lambda raw: raw.replace(b'"44.98"', b"-Infinity"),
    "zeros": lambda raw: raw.replace(b'"44.98"', b"044.98"),
    "control": lambda raw: raw.replace(b"A0001", b"A\x000001"),
    "mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "utf-16": lambda raw: raw.decode().encode("utf-16"),
    "gbk": lambda raw: raw.decode().encode("gbk"),
    "half-a-character": lambda raw: raw.replace("药".encode(), "药".encode()[:2]),
    "surrogate": lambda raw: raw.replace("药".encode(), b"\xed\xa0\x80"),
    "doubled": lambda raw: json.dumps(raw.decode()).encode(),
    "doubled-twice": lambda raw: json.dumps(json.dumps(raw.decode())).encode(),
    "in-an-array": lambda raw: b"[" + raw + b"]",
    "deep": lambda raw: b'{"infno":' * 100_000 + b"1" + b"}" * 100_000,
    "deep-array": lambda raw: b"[" * 100_000,
    "form": lambda raw: b"input=" + raw,
    "nothing": lambda raw: b"",
    "blanks": lambda raw: b" " * 1000,
    "null": lambda raw: b"null",
    "nul": lambda raw: raw.replace(b"A0001", b"A\\u00000001"),
    "nul-in-a-string-of-json": nul_within,
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_bytes_that_are_no_object_of_json_in_utf_8(rig: Rig, spoil: str) -> None:
    raw = as_bytes(purchase(rig))
    spoilt = SPOILT[spoil](raw)
    assert spoilt != raw
    before = books(rig)
    refused(rig, before, post(rig, spoilt), "981001")
    refused(rig, before, post(rig, spoilt, kind="application/json;charset=GBK"), "981001")


def test_a_text_that_only_looks_like_a_nul_is_taken(rig: Rig) -> None:
    raw = as_bytes(purchase(rig)).replace(b"A0001", b"A\\\\u00001")
    assert post(rig, raw)["infcode"] == 0


@pytest.mark.parametrize("where", ["blanks", "field", "beside", "lines", "garbage"])
def test_ten_mebibytes(rig: Rig, where: str) -> None:
    body = purchase(rig)
    match where:
        case "blanks":
            raw = as_bytes(body) + b" " * TEN_MIB
        case "field":
            raw = as_bytes({**body, "opter_name": "x" * TEN_MIB})
        case "beside":
            raw = as_bytes({**body, "unknown": "x" * TEN_MIB})
        case "lines":
            line = as_bytes(body["input"]["drugdetail"][0])
            lines = b"[" + b",".join([line] * (TEN_MIB // len(line))) + b"]"
            raw = as_bytes({**body, "input": {**body["input"], "drugdetail": "@"}}).replace(b'"@"', lines)
        case _:
            raw = b"\xff" * TEN_MIB
    before = books(rig)
    refused(rig, before, post(rig, raw), "981073")
    assert rig.call("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": P1.id_no}})["infcode"] == 0


def test_seven_mebibytes_in_one_field_are_named_and_not_repeated(rig: Rig) -> None:
    before = books(rig)
    answer = post(rig, as_bytes(purchase(rig, invono="x" * (7 << 20))))
    refused(rig, before, answer, "981003")
    assert "invono" in answer["err_msg"]


# --- amounts --------------------------------------------------------------------------------------------

NO_AMOUNTS: tuple[object, ...] = (
    *("44.981", "-44.98", "4.498e1", "4498E-2", "NaN", "Infinity", "-Infinity", "1e18", f"{10**18}"),
    *(
        "+44.98",
        " 44.98",
        "44.98 ",
        "44,98",
        "4,498",
        "0x2C",
        "４４.98",
        "44.",
        ".98",
        "",
        "¥44.98",
        "44.98\n",
        "--1",
        "1_0",
    ),
    *(44.981, -44.98, 10**18, 10**400, True, None, [], {}, ["44.98"], {"amount": "44.98"}),
)
LONG = "9" * 5000


@pytest.mark.parametrize("wrong", [*NO_AMOUNTS, LONG], ids=lambda value: repr(value)[:24])
@pytest.mark.parametrize("field", ["medfee_sumamt", "det_item_fee_sumamt", "pric", "cnt"])
def test_what_is_no_amount(rig: Rig, field: str, wrong: object) -> None:
    body = purchase(rig)
    places = body["input"]
    place = places["druginfo"] if field == "medfee_sumamt" else places["drugdetail"][0]
    if field in {"pric", "cnt"} and isinstance(wrong, str | float) and str(wrong) == "44.981":
        wrong = "44.9812345"  # price and count may have more than two decimals
    place[field] = wrong
    before = books(rig)
    refused(rig, before, post(rig, as_bytes(body)), "981003", "981016", "981017", "981018")


@pytest.mark.parametrize("number", [b"4.498e1", b"4498E-2", b"1E400", b"1e300", b"44.9801", b"1e-400", b"-0.0"])
def test_numbers_of_json_that_are_no_amounts(rig: Rig, number: bytes) -> None:
    raw = as_bytes(purchase(rig)).replace(b'"44.98"', number)
    before = books(rig)
    answer = post(rig, raw)
    refused(rig, before, answer, "981001", "981003", "981018")
    assert "NaN" not in answer["err_msg"], "nobody has sent that"


@pytest.mark.parametrize("wrong", ["295.001", "-295.00", "2.95e2", "NaN", "1e18", f"{10**18}"])
@pytest.mark.parametrize("infno", ["2204", "2206", "2207"])
def test_what_is_no_amount_in_a_visit(rig: Rig, infno: str, wrong: str) -> None:
    hospital = Hospital(rig)
    keys = hospital.visit(P1)
    if infno == "2204":
        data: dict[str, Any] = {"feedetail": hospital.stay_rows(keys, hospital.lines, batch="B2")}
        data["feedetail"][0]["det_item_fee_sumamt"] = wrong
    else:
        data = hospital.settle_input(P1, keys) if infno == "2207" else hospital.bill(P1, keys)
        data["data"]["medfee_sumamt"] = wrong
    before = books(rig)
    body = rig.request(infno, data, org=HOSPITAL.code, signtype="MOCK")
    refused(rig, before, post(rig, as_bytes(body)), "981003", "981016", "981018")


def test_a_third_decimal_that_is_nought_is_the_same_amount(rig: Rig) -> None:
    assert post(rig, as_bytes(purchase(rig, medfee_sumamt="44.980")))["infcode"] == 0


# --- who, when and what ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "infno", ["2102A", "9999", "0000", "", "２１０２", "2102 ", "../2102", None, 2102, True, [], {}]
)
def test_an_unknown_transaction(rig: Rig, infno: object) -> None:
    before = books(rig)
    refused(rig, before, post(rig, as_bytes({**purchase(rig), "infno": infno})), "981002")


def test_a_transaction_on_the_path_of_another(rig: Rig) -> None:
    path = next(path for infno, path in rig.state("platform")["paths"].items() if infno == "2101")
    before = books(rig)
    refused(rig, before, post(rig, as_bytes(purchase(rig)), path=path), "981003")


def test_another_institutions_token(rig: Rig) -> None:
    body = purchase(rig, token=rig.token(P1, OTHER_PHARMACY.code))
    before = books(rig)
    refused(rig, before, post(rig, as_bytes(body)), "981011")


def test_another_persons_token(rig: Rig) -> None:
    body = purchase(rig, token=rig.token(P9))
    before = books(rig)
    refused(rig, before, post(rig, as_bytes(body)), "981011")


def test_another_institutions_sign_in(rig: Rig) -> None:
    body = {**purchase(rig), "sign_no": rig.sign_nos[OTHER_PHARMACY.code]}
    before = books(rig)
    refused(rig, before, post(rig, as_bytes(body)), "981005")


def test_another_institutions_msgid(rig: Rig) -> None:
    body = {**purchase(rig), "msgid": rig.msgid(OTHER_PHARMACY.code)}
    before = books(rig)
    refused(rig, before, post(rig, as_bytes(body)), "981003")


def test_another_institutions_settlement(rig: Rig) -> None:
    keys = rig.keys(rig.settle(P1))
    msgid = rig.events("booked")[0]["msgid"]
    before = books(rig)
    asked = {
        "2103": (keys, OTHER_PHARMACY.code, "981024"),
        "5203": (keys, OTHER_PHARMACY.code, "981024"),
        "2208": (keys, HOSPITAL.code, "981024"),
        "2305": (keys, HOSPITAL.code, "981024"),
        "2601": (
            {"data": {"psn_no": P1.psn_no, "omsgid": msgid, "oinfno": "2102"}},
            OTHER_PHARMACY.code,
            "981027",
        ),
    }
    seen = {}
    for infno, (data, org, _) in asked.items():
        answer = post(rig, as_bytes(rig.request(infno, data, org=org)))
        seen[infno] = answer["warn_msg"]
        assert books(rig) == before
    assert seen == {infno: code for infno, (_, _, code) in asked.items()}
    assert post(rig, as_bytes(rig.request("2103", keys)))["infcode"] == 0, "nothing was barred for its owner"


def test_another_institutions_visit(rig: Rig) -> None:
    hospital = Hospital(rig)
    keys = hospital.visit(P1)
    before = books(rig)
    rows = {"feedetail": hospital.stay_rows(keys, hospital.lines, batch="B9")}
    for infno, data in (("2204", rows), ("2206", hospital.bill(P1, keys)), ("2207", hospital.settle_input(P1, keys))):
        body = rig.request(infno, data, org=PHARMACY.code, signtype="MOCK")
        refused(rig, before, post(rig, as_bytes(body)), "981034")


def test_a_replay_books_nothing_and_an_altered_replay_is_refused(rig: Rig) -> None:
    raw = as_bytes(purchase(rig))
    first = post(rig, raw)
    after = books(rig)
    assert post(rig, raw) == first
    later = json.loads(raw) | {"inf_time": "2020-10-13 08:30:00"}
    assert post(rig, as_bytes(later)) == first, "the time of sending is not what a message says"
    altered = json.loads(raw)
    altered["input"]["druginfo"]["invono"] = "A0002"
    assert post(rig, as_bytes(altered))["warn_msg"] == "981007"
    assert books(rig) == after
    assert len(rig.events("booked")) == 1


@pytest.mark.parametrize("at", ["2020-02-30 08:30:00", "2020-10-14 24:00:00", "20201014083000", "2020-10-14", "now", 0])
def test_a_time_that_is_none(rig: Rig, at: object) -> None:
    before = books(rig)
    refused(rig, before, post(rig, as_bytes({**purchase(rig), "inf_time": at})), "981003")


# --- at once --------------------------------------------------------------------------------------------


def test_of_ten_who_settle_one_stay_at_once_one_succeeds(rig: Rig) -> None:
    hospital = Hospital(rig)
    keys = hospital.admit(P1)
    hospital.done("2301", {"feedetail": hospital.stay_rows(keys, hospital.lines)})
    hospital.discharge(P1, keys)
    scope = {
        name: hospital.done("2303", hospital.stay_bill(P1, keys, "295.00"))["output"]["setlinfo"][name]
        for name in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    }
    bill = hospital.stay_bill(P1, keys, "295.00", scope=scope)
    bodies = [as_bytes(rig.request("2304", bill, org=HOSPITAL.code, signtype="MOCK")) for _ in range(10)]
    start, answers = threading.Barrier(10), []

    def settle(raw: bytes) -> None:
        start.wait(60)
        answers.append(post(rig, raw))

    threads = [threading.Thread(target=settle, args=(raw,)) for raw in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answer["infcode"] for answer in answers) == [-1] * 9 + [0]
    assert {answer["warn_msg"] for answer in answers if answer["infcode"]} == {"981047"}
    assert len(rig.events("booked")) == 1
