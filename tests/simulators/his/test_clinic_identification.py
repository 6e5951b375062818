"""By code, ID card, social-insurance card and face; at the window, a self-service terminal and on a phone."""

from typing import TYPE_CHECKING, Any

import pytest

from harness.faults.catalogue import Effect
from tests.simulators.his.clinic_rig import person_of
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.clinic_rig import Clinic


def cert(clinic: "Clinic", infno: str = "2207") -> tuple[str, str]:
    """What the last message of a transaction identifies by."""
    data = clinic.sent(infno)[-1]["input"]["data"]
    return data["mdtrt_cert_type"], data["mdtrt_cert_no"]


OPTERS = {"window": "1", "self-service": "2", "mobile": "3"}
WAYS = [
    pytest.param(by, way, id=f"{by}-{way}", marks=() if (by, way) in FAST else (pytest.mark.slow,))
    for FAST in ({("id-card", "window"), ("card", "self-service"), ("face", "mobile"), ("code", "self-service")},)
    for by in ("code", "id-card", "card", "face")
    for way in OPTERS
]


@pytest.mark.parametrize(("by", "way"), WAYS)
def test_every_way_registers(clinic: "Clinic", by: str, way: str) -> None:
    assert clinic.registered(by=by, way=way)["outcome"] == "accepted"
    p001 = person_of("P001")
    kind, number = cert(clinic)
    assert kind == {"code": "01", "id-card": "02", "card": "03", "face": "01"}[by]
    assert by not in {"id-card", "card"} or number == {"id-card": p001.id_no, "card": p001.card_no}[by]
    assert {body["opter_type"] for body in clinic.sent()} == {OPTERS[way]}
    calls = [
        body for body in clinic.bodies("voucher-centre") if body.get("transType") in {"ec.query", "cn.nhsa.cert.get"}
    ]
    assert all(("deviceType" in body["data"]) == (way == "self-service") for body in calls)
    released = [line for _, line in clinic.adapter.lines if line.get("event") == "released"]
    assert [line["what"] for line in released] == (["slip"] if way == "self-service" else [])
    assert p001.id_no not in clinic.adapter.log()


def test_slip_comes_after_the_settlement_is_known(clinic: "Clinic") -> None:
    done = clinic.registered(way="self-service")
    lines = [line for _, line in clinic.adapter.lines]
    at = next(i for i, line in enumerate(lines) if line.get("event") == "released")
    assert lines[at - 1]["msgid"] == done["msgid"]
    assert lines[at + 1] == done


@loses
@pytest.mark.parametrize("effect", [Effect.LOSE_REPLY, Effect.BAD_GATEWAY])
def test_nothing_is_released_when_it_is_not_settled(clinic: "Clinic", effect: Effect) -> None:
    clinic.fault("2207", effect)
    assert clinic.registered(way="self-service")["outcome"] == "refused"
    assert not any(line.get("event") == "released" for _, line in clinic.adapter.lines)


def test_id_card_of_an_inactive_voucher_is_refused_here(clinic: "Clinic") -> None:
    refused = clinic.registered(by="id-card", person="P005")
    assert refused["reason"] == "not-activated"
    assert "激活" in refused["prompt"]
    assert clinic.flow() == []


def test_card_needs_its_password(clinic: "Clinic") -> None:
    assert clinic.registered(by="card", pin="000000")["reason"] == "wrong-password"
    asked = [line["what"] for _, line in clinic.adapter.lines if line.get("event") == "present-please"]
    assert asked == ["card", "card-pin"]
    assert clinic.sent("1101")[0]["input"]["data"]["card_sn"] == person_of("P001").card_sn
    again = clinic.do("register", order="R0001", use_account=True, by="card")
    assert again["outcome"] == "accepted", "the slot is still locked for them"
    assert "card_pin_proof" in clinic.sent("2207")[-1]["input"]["data"]["expContent"]
    clinic.agree()


def test_what_the_terminal_says_of_a_password_reaches_the_cashier(clinic: "Clinic") -> None:
    refused = clinic.registered(by="card", pin="000000")
    assert "还可输入4次" in refused["prompt"]
    for _ in range(4):
        refused = clinic.do("register", order="R0001", use_account=True, by="card", pin="000000")
    assert (refused["outcome"], refused["reason"]) == ("refused", "card-locked")
    assert "社会保障卡密码已锁定" in refused["prompt"]
    assert "card office" in refused["prompt"]
    assert clinic.sent("2207") == []
    clinic.agree()


def test_face_of_somebody_else_ends_it(clinic: "Clinic") -> None:
    refused = clinic.registered(by="face", shows="P008")
    assert refused["reason"] == "face-mismatch"
    assert clinic.flow() == []
    assert clinic.asked("cn.nhsa.settle.notify") == []


@loses
def test_terminal_is_told_how_a_payment_by_face_ended(clinic: "Clinic") -> None:
    done = clinic.registered(by="face")
    told = clinic.asked("cn.nhsa.settle.notify")[0]["data"]
    assert (told["medicalSettleState"], told["bizType"], told["totalFee"]) == ("SUCCESS", "register", "12.00")
    assert (told["medicalSettleNo"], told["acctAmt"]) == (done["setl_id"], done["amounts"]["account"])
    assert clinic.events("voucher-centre", "settle-notified")[0]["differs_fen"] == 0
    clinic.do("fees", visit="R0001", order="F1", total="80.00", lines=_line())
    clinic.fault("2206")
    assert clinic.do("pay", order="F1", by="face")["outcome"] == "refused"
    assert clinic.asked("cn.nhsa.settle.notify")[1]["data"]["medicalSettleState"] == "FAIL"
    assert clinic.do("pay", order="F1", by="face", person="P008")["reason"] == "not-theirs"
    assert clinic.asked("cn.nhsa.settle.notify")[2]["data"]["medicalSettleState"] == "FAIL"


def test_face_numbers_are_unique_across_a_restart(clinic: "Clinic") -> None:
    for _ in range(2):
        assert clinic.do("pending", by="face")["reason"] == "nothing-pending"
        clinic.adapter.kill()
        clinic.adapter.restart()
    numbers = [body["data"]["outBizNo"] for body in clinic.asked("cn.nhsa.ec.auth")]
    assert numbers == [f"H6399990000120201014{n:09d}" for n in (1, 2)]


@pytest.mark.parametrize(("member", "value"), [("by", "palm"), ("way", "post")])
def test_unknown_ways_are_nonsense(clinic: "Clinic", member: str, value: str) -> None:
    assert member in clinic.do("pending", **{member: value})["error"]


@pytest.mark.parametrize(("by", "way"), WAYS)
def test_pharmacy_sells_by_every_way(open_clinic: Any, by: str, way: str) -> None:
    institution = {"code": "H63999900001", "name": "联调测试医院", "admdvs": "639900"}
    pharmacy = open_clinic(kind="pharmacy", institution=institution)
    sold = pharmacy.do("purchase", order="A0001", lines=_line(), total="80.00", use_account=True, by=by, way=way)
    assert sold["outcome"] == "accepted", sold
    goods = [line["what"] for _, line in pharmacy.adapter.lines if line.get("event") == "released"]
    assert goods == ([] if way == "window" else ["goods"])
    pharmacy.agree()


def _line() -> list[dict[str, str]]:
    row = {"code": "XS000002", "name": "血细胞分析", "price": "80.00", "quantity": "1", "amount": "80.00"}
    return [{**row, "level": "01"}]
