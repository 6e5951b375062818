"""Shanghai's front machine before a hospital: visits and stays by card, in the same books as everywhere."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from harness.wire.card_pin import MEMBER, card_pin_proof
from tests.simulators.hospital_rig import HOSPITAL, VISIT_LINES
from tests.simulators.insurer_rig import PEOPLE, start_rig, stop_rig
from tests.simulators.platform.test_platform_shanghai import Counter

P1 = next(person for person in PEOPLE.values() if person.card_no and person.insutype == "310")
AT = "2020-10-14 08:30:00"
DOCTOR = {"ysbm": "D1", "ysxm": "医生", "ksbm": "K1", "ksmc": "内科"}
SICK = {
    "zdlb": "1",
    "zdxh": "1",
    "zdbm": "J00",
    "zdmc": "感冒",
    "zdks": "内科",
    "ysbm": "D1",
    "ysxm": "医生",
    "zdsj": AT,
}
SCOPE = ("zfje", "cxje", "xxzf", "fwnje")
PROOF = json.dumps({MEMBER: card_pin_proof(P1.card_sn, P1.card_pin)})
WHO = {"personno": P1.psn_no, "insuplc": P1.insured_place}
CARD = {"carddata": P1.card_no, "cardtype": "03", "xzlx": P1.insutype, **WHO}
STAY: Mapping[str, object] = {
    **CARD,
    **DOCTOR,
    "jzrq": AT,
    "yllb": "21",
    "zyh": "Z1",
    "ryzd": "感冒",
    "cwh": "1",
    "zdbm": "J00",
    "zdmc": "感冒",
    "zds": [{**SICK, "zzdbz": "1"}],
}


class Clinic(Counter):
    """A hospital's counter in Shanghai; everybody shows P1's card."""

    def done(self, kind: str, told: Mapping[str, object], **envelope: object) -> dict[str, Any]:
        """What a message is answered that is done."""
        answer = self.send(kind, told, **envelope)
        assert answer["xxfhm"] == "P001", answer
        found: dict[str, Any] = answer["xxnr"]
        return found

    def visit(self, number: str = "V1") -> str:
        """A visit that is described; its jzdyh."""
        opened = self.done("SJ11", {**CARD, **DOCTOR, "jzrq": AT, "jzlsh": number, "ksfl": "A03"})
        visit = str(opened["jzdyh"])
        data = {"jzdyh": visit, **WHO, "yllb": "11", "jzrq": AT, "zds": [{**SICK, "yxbz": "1"}]}
        self.done("SJ21", data)
        return visit

    def upload(self, visit: str, batch: str, **more: object) -> list[dict[str, Any]]:
        """Details of a visit or stay; the rows of the answer."""
        rows = [
            {
                "mxxh": f"{batch}-{n}",
                "fyrq": AT,
                "ybbm": code,
                "nbbm": code,
                "je": price,
                "sl": "1",
                "dj": price,
                **DOCTOR,
            }
            for n, (code, price, _) in enumerate(VISIT_LINES)
        ]
        told = self.done("SN01", {"jzdyh": visit, **WHO, "jfpc": batch, **more, "mxs": rows})
        found: list[dict[str, Any]] = told["mxs"]
        return found

    def bill(self, visit: str, **changed: object) -> dict[str, object]:
        """What a visit's pre-settlement says."""
        keys = {"jzdyh": visit, "jfpc": "B1", "yllb": "11", "totalexpense": TOTAL, "zhbz": "1", "kzxx": PROOF}
        return {**CARD, **keys, **changed}

    def settled(self, visit: str, kinds: tuple[str, str] = ("SI11", "SI12"), **envelope: object) -> dict[str, Any]:
        """A visit's batch, settled."""
        bill = self.bill(visit)
        offered = self.done(kinds[0], bill)
        scope = {name: offered[name] for name in SCOPE}
        return self.done(kinds[1], {**bill, **scope, "djh": "A1", "jssqxh": offered["jssqxh"]}, **envelope)


TOTAL = "195.00"


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    rig = start_rig(profile="shanghai")
    yield Clinic(rig, HOSPITAL)
    stop_rig(rig)


def test_the_bills_total_is_that_of_the_lines() -> None:
    assert sum(float(price) for _, price, _ in VISIT_LINES) == float(TOTAL)


@pytest.mark.parametrize("kinds", [("SI11", "SI12"), ("SH01", "SH02")])
def test_a_visit_is_settled_refunded_and_taken_back(clinic: Clinic, kinds: tuple[str, str]) -> None:
    before = clinic.rig.balance(P1)
    visit = clinic.visit()
    rows = clinic.upload(visit, "B1")
    assert {name for row in rows for name in row} >= {"mxxh", "je", *SCOPE}
    settled = clinic.settled(visit, kinds)
    (booked,) = clinic.rig.events("booked")
    assert (booked["infno"], booked["setl_id"], booked["total_fen"]) == ("2207", settled["lsh"], 19500)
    keys = {"translsh": settled["lsh"], "jzdyh": visit, **WHO, "yllb": "11"}
    assert clinic.send("SK01", {**keys, "totalexpense": "1.00"})["xxfhm"] == "982010"
    assert clinic.send("SK01", {**keys, "totalexpense": TOTAL, "yllb": "41"})["xxfhm"] == "981026", "no purchase"
    assert clinic.done("SK01", {**keys, "totalexpense": TOTAL})["totalexpense"] == f"-{TOTAL}"
    assert clinic.rig.balance(P1) == before
    assert clinic.done("SN02", {"jzdyh": visit, **WHO, "jfpc": "B1"}) == {}
    assert clinic.done("SJ11", {"jzdyh": visit, **WHO, "jzlsh": "V1", "zfbz": "1"}) == {}
    assert clinic.send("SJ11", {"jzdyh": visit, **WHO, "jzlsh": "V1", "zfbz": "1"})["xxfhm"] == "981035", (
        "no longer open"
    )


def test_a_stay_is_settled_after_its_discharge(clinic: Clinic) -> None:
    visit = clinic.done("SJ31", STAY)["jzdyh"]
    of_stay = {"jzdyh": visit, **WHO}
    clinic.done("SJ41", {**of_stay, "yllb": "21", "cwh": "2"})
    clinic.upload(visit, "B1", yllb="21")
    assert clinic.done("SN02", {**of_stay, "yllb": "21", "mxs": [{"mxxh": "0000"}]}) == {}
    rows = clinic.upload(visit, "B2", yllb="21")
    scope = {name: f"{sum(round(float(row[name]) * 100) for row in rows) / 100:.2f}" for name in SCOPE}
    bill = {**CARD, "jzdyh": visit, "totalexpense": TOTAL, "zhbz": "1", "kzxx": PROOF, "ztjs": "0", **scope}
    number = clinic.done("SI51", bill)["jssqxh"]
    assert clinic.send("SI52", {**bill, "jssqxh": number})["xxfhm"] == "981053", "discharge first"
    left = {**of_stay, "xzlx": P1.insutype, "cyrq": AT, "ksbm": "K1", "ksmc": "内科", "cyfs": "1", "zds": STAY["zds"]}
    clinic.done("SJ51", left)
    clinic.done("SJ51", {**of_stay, "zfbz": "1"})
    clinic.done("SJ51", left)
    settled = clinic.done("SI52", {**bill, "jssqxh": number})
    refund = {"translsh": settled["lsh"], **of_stay, "totalexpense": TOTAL, "yllb": "21"}
    assert clinic.done("SK01", refund)["totalexpense"] == f"-{TOTAL}"
    assert [event["infno"] for event in clinic.rig.events("booked")] == ["2304", "2305"]


def test_an_admission_in_doubt_is_taken_back_by_its_message(clinic: Clinic) -> None:
    msgid = f"{HOSPITAL.code[:12]}20201014000000777"
    visit = clinic.done("SJ31", STAY, msgid=msgid)["jzdyh"]
    clinic.done("SK01", {"ymsgid": msgid, "ymsglx": "SJ31", **WHO})
    assert clinic.send("SJ31", {"jzdyh": visit, **WHO, "zfbz": "1"})["xxfhm"] == "981035", "no longer open"


def test_an_application_number_is_good_once_for_its_type_and_institution(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.upload(visit, "B1")
    bill = clinic.bill(visit)
    offered = clinic.done("SI11", bill)
    confirm = {**bill, **{name: offered[name] for name in SCOPE}, "jssqxh": offered["jssqxh"]}
    assert clinic.send("SH02", confirm)["xxfhm"] == "982009", "another type"
    assert Counter(clinic.rig).send("SI12", confirm)["xxfhm"] == "982009", "another institution"
    assert clinic.send("SI12", {**confirm, "kzxx": "{}"})["xxfhm"] == "982009", "other content"
    assert clinic.send("SI12", {**confirm, "zfje": "7.00"})["xxfhm"] == "981051", "refused by the platform"
    msgid = f"{HOSPITAL.code[:12]}20201014000000888"
    first = clinic.done("SI12", confirm, msgid=msgid)
    assert clinic.send("SI12", confirm)["xxfhm"] == "982009", "used up"
    assert clinic.done("SI12", confirm, msgid=msgid) == first, "the same message gets its first answer"
    assert clinic.send("SI12", {**confirm, "zfje": "1.00"}, msgid=msgid)["xxfhm"] == "981007", "another does not"
    assert len(clinic.rig.events("booked")) == 1


def test_a_repeated_pre_settlement_does_not_bring_a_used_number_back(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.upload(visit, "B1")
    bill, msgid = clinic.bill(visit), f"{HOSPITAL.code[:12]}20201014000000889"
    offered = clinic.done("SI11", bill, msgid=msgid)
    confirm = {**bill, **{name: offered[name] for name in SCOPE}, "jssqxh": offered["jssqxh"]}
    clinic.done("SI12", confirm)
    assert clinic.done("SI11", bill, msgid=msgid)["jssqxh"] == offered["jssqxh"]
    assert clinic.send("SI12", confirm)["xxfhm"] == "982009"
