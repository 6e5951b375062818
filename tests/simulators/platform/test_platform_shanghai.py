"""Shanghai's front machine: a purchase and its refund under that protocol, in the same books, and what it refuses."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fixtures.population import Institution
from harness.clock import local_time
from harness.wire import institution as wire
from harness.wire.msgid import make_msgid
from tests.simulators.insurer_rig import PEOPLE, PHARMACY, Rig, start_rig, stop_rig

P1 = PEOPLE["P001"]
PATH = "/ybwq/sendrcv"
ROW = {
    "mxxh": "A0001001",
    "fyrq": "2020-10-14 08:30:00",
    "ybbm": "XP000001",
    "nbbm": "XP000001",
    "je": "25.00",
    "sl": "2",
    "dj": "12.50",
    "jb": "01",
}


class Counter:
    """A counter in Shanghai."""

    def __init__(self, rig: Rig, institution: Institution = PHARMACY) -> None:
        self.rig = rig
        self.institution = institution
        self.token = ""

    def raw(self, body: bytes) -> dict[str, Any]:
        """Post bytes; the answer is read as GBK."""
        reply = self.rig.http.post(self.rig.platform_at + PATH, content=body)
        assert reply.headers["content-type"] == "application/json;charset=GBK"
        found: dict[str, Any] = wire.decode(reply.content, charset="gbk")  # type: ignore[assignment]  # any object
        return found

    def send(self, kind: str, told: Mapping[str, object], **envelope: object) -> dict[str, Any]:
        """Send a message."""
        self.rig.numbers += 1
        at = local_time(self.rig.clock)
        message = {
            "jysj": f"{at:%Y-%m-%d %H:%M:%S}",
            "xxlxm": kind,
            "xxfhm": "",
            "fhxx": "",
            "bbh": "V1.0",
            "msgid": make_msgid(self.institution.code, at=at, seq=self.rig.numbers, form="code-day"),
            "xzqhdm": "639900",
            "jgdm": self.institution.code,
            "czybm": "C1",
            "czyxm": "收银员",
            "jyqd": "20",
            "jyyzm": "",
            "zdjbhs": "",
            "xxnr": told,
            **envelope,
        }
        return self.raw(wire.encode(message))

    def scan(self, code: str) -> dict[str, Any]:
        """SE01."""
        place = {"orgId": PHARMACY.code, "businessType": "02121", "operatorId": "C1", "operatorName": "收银员"}
        office = {"officeId": "1", "officeName": "收银台", "termId": "", "termIp": "10.0.0.1"}
        return self.send("SE01", {**place, **office, "ecQrCode": code, "ecQrChannel": "1"})

    def basket(self, **changed: object) -> dict[str, object]:
        """What SI11 and SI12 carry."""
        self.token = self.token or self.scan(self.rig.new_code(P1))["xxnr"]["ecToken"]
        return {
            "carddata": self.token,
            "personno": P1.psn_no,
            "xzlx": P1.insutype,
            "insuplc": P1.insured_place,
            "jzrq": "2020-10-14 08:30:00",
            "totalexpense": "25.00",
            "djh": "A0001",
            "zhbz": "0",
            "mxs": [ROW],
            **changed,
        }

    def settle(self, told: Mapping[str, object], **envelope: object) -> dict[str, Any]:
        """SI12, confirmed by its person on the phone."""
        since = self.rig.tape.seq
        with ThreadPoolExecutor(1) as hands:
            answer = hands.submit(self.send, "SI12", told, **envelope)
            self.rig.wait_for("prompt-shown", since=since)
            self.rig.answer_prompt(P1.password)
            return answer.result(timeout=60)


@pytest.fixture
def counter() -> Iterator[Counter]:
    rig = start_rig(profile="shanghai")
    yield Counter(rig)
    stop_rig(rig)


def test_a_code_is_decoded_by_the_platform(counter: Counter) -> None:
    answer = counter.scan(counter.rig.new_code(P1))
    assert answer["xxfhm"] == "P001"
    assert answer["xxnr"]["idNo"] == P1.id_no
    assert answer["xxnr"]["userName"] == P1.name
    assert len(answer["xxnr"]["ecToken"]) == 38


def test_an_id_card_is_known_by_its_number_when_its_kind_is_told(counter: Counter) -> None:
    told = {"carddata": P1.id_no, "jzrq": "2020-10-14 08:30:00"}
    known = counter.send("SM01", {**told, "cardtype": "02"})
    assert (known["xxfhm"], known["xxnr"]["personno"]) == ("P001", P1.psn_no)
    assert counter.send("SM01", told)["xxfhm"] != "P001", "without its kind it would be an ecToken"


def test_a_used_code_is_refused_with_the_centres_code(counter: Counter) -> None:
    code = counter.rig.new_code(P1)
    counter.scan(code)
    assert counter.scan(code)["xxfhm"] == "980002"
    assert counter.scan("134567890123456789")["xxfhm"] == "500159"


def test_the_account_is_told_by_token(counter: Counter) -> None:
    told = {"carddata": counter.basket()["carddata"], "jzrq": "2020-10-14 08:30:00"}
    answer = counter.send("SM01", told)["xxnr"]
    assert answer["personno"] == P1.psn_no
    assert wire.amount(answer["curaccountamt"]) + wire.amount(answer["hisaccountamt"]) == counter.rig.balance(P1)


def test_an_application_number_is_good_for_its_own_content_only(counter: Counter) -> None:
    basket = counter.basket()
    number = counter.send("SI11", basket)["xxnr"]["jssqxh"]
    for wrong in ({**basket, "jssqxh": "JS1"}, basket, {**basket, "jssqxh": number, "totalexpense": "26.00"}):
        assert counter.send("SI12", wrong)["xxfhm"] == "982009"
    assert counter.rig.events("booked") == []


def test_an_unknown_type_no_json_and_an_unknown_institution_are_refused(counter: Counter) -> None:
    assert counter.send("SL09", {})["xxfhm"] == "982008"
    assert counter.raw(b"{")["xxfhm"] == "982007"
    assert counter.send("SI11", counter.basket(), jgdm="P00000000001")["xxfhm"] == "981003", "msgid disagrees"
    assert counter.send("SI11", counter.basket(mxs=[]))["xxfhm"] == "981003"
    assert counter.rig.events("booked") == []


def test_a_purchase_is_booked_and_taken_back_by_serial_number_and_total(counter: Counter) -> None:
    before = counter.rig.balance(P1)
    basket = counter.basket(zhbz="1")
    offered = counter.send("SI11", basket)["xxnr"]
    settled = counter.settle({**basket, "jssqxh": offered["jssqxh"]})["xxnr"]
    amounts = ("totalexpense", "fundpay", "accountpay", "cashpay")
    assert [settled[name] for name in amounts] == [offered[name] for name in amounts]
    (booked,) = counter.rig.events("booked")
    assert (booked["setl_id"], booked["infno"], booked["total_fen"]) == (settled["lsh"], "2102", 2500)
    keys = {"translsh": settled["lsh"], "personno": P1.psn_no, "jzdyh": settled["jzdyh"], "insuplc": P1.insured_place}
    assert counter.send("SK01", {**keys, "totalexpense": "24.99"})["xxfhm"] == "982010"
    assert counter.send("SK01", {**keys, "totalexpense": "a lot"})["xxfhm"] == "982010"
    refund = counter.send("SK01", {**keys, "totalexpense": "25.00"})
    assert (refund["xxfhm"], refund["xxnr"]["totalexpense"]) == ("P001", "-25.00")
    assert counter.rig.balance(P1) == before


def test_a_refund_names_the_total_of_what_it_refunds(counter: Counter) -> None:
    told = {"translsh": "9", "totalexpense": "25.00", "personno": P1.psn_no, "jzdyh": "M", "insuplc": P1.insured_place}
    assert counter.send("SK01", told)["xxfhm"] == "981024"


def test_a_late_original_is_not_taken_after_it_was_taken_back(counter: Counter) -> None:
    basket = counter.basket()
    number = counter.send("SI11", basket)["xxnr"]["jssqxh"]
    doubted = make_msgid(PHARMACY.code, at=local_time(counter.rig.clock), seq=9000, form="code-day")
    back = {"ymsgid": doubted, "ymsglx": "SI12", "personno": P1.psn_no, "insuplc": P1.insured_place}
    assert counter.send("SK01", back)["xxfhm"] == "981027"
    assert counter.settle({**basket, "jssqxh": number}, msgid=doubted)["xxfhm"] == "981008"
    assert counter.rig.events("booked") == []
