"""Visits, stays and halls in Shanghai's protocol as the adapter speaks it, read by the bench's codec of the same."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

import pytest

from harness.clock import BEIJING
from harness.wire import institution, shanghai
from simulators.his.behaviour import Behaviour
from simulators.his.identify import SOCIAL_CARD, Evidence
from simulators.his.records import Patient, Scope, Stay, Upload, Visit
from simulators.his.sale import SaleLine, read_amounts
from simulators.his.visit_messages import (
    Attending,
    admission,
    all_withdrawn,
    attending_of,
    cancelled_admission,
    cancelled_registration,
    details,
    discharge,
    of_batch,
    pre_settlement,
    read_scope,
    read_visit,
    registration,
    scope_members,
    visit_data,
    withdrawn,
)
from tests.simulators.his.test_his_shanghai import AT, TOKEN, WHO, Speaker

NOW = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
RIGHT = Behaviour()
PATIENT = Patient(psn_no=WHO.psn_no, insutype=WHO.insutype, insuplc=WHO.insuplc)
VOUCHER = Evidence(cert_type="01", cert_no=TOKEN)
CARD = Evidence(cert_type=SOCIAL_CARD, cert_no="A1", card_sn="S1", card_no="A1", proof="f00d")
DOCTOR = Attending(dept_code="K1", dept_name="内科", doctor_code="D1", doctor_name="医生")
LINES = (
    SaleLine(code="XP000001", name="阿莫西林", price="12.50", quantity="2", amount=2500, level="01"),
    SaleLine(code="FW000001", name="诊查费", price="5.00", quantity="1", amount=500, level="01"),
)
VISIT = Visit(number="R0001-1", order="R0001", patient=PATIENT, begun=AT, content="{}", mdtrt_id="M1")
SCOPE = Scope(own_pay=0, over_limit=0, paid_first=100, in_scope=2900)
STAY = Stay(
    order="S0001",
    patient=PATIENT,
    msgid="",
    at=AT,
    dept_code="K1",
    dept_name="内科",
    bed="7",
    diagnosis=("J00", "感冒"),
    doctor=("D1", "医生"),
    mdtrt_id="M1",
    way_out="1",
    left_at=AT,
)


def upload(*, inpatient: bool = False) -> Upload:
    """Details that were uploaded."""
    return Upload(
        number="A1/1",
        batch="A1",
        order="A1",
        mdtrt_id="M1",
        patient=PATIENT,
        inpatient=inpatient,
        lines=LINES,
        details=("A1-001001", "A1-001002"),
        scope=SCOPE,
    )


def settlement(evidence: Evidence = VOUCHER, *, of_stay: bool = False) -> dict[str, object]:
    """The input of 2207 or 2304."""
    common = pre_settlement("M1", PATIENT, evidence, total=3000, use_account=True, behaviour=RIGHT)
    own = {"mid_setl_flag": "0", "dscg_time": AT} if of_stay else of_batch("A1", RIGHT)
    return {"data": {**common, **own, "invono": "A1", **scope_members([upload()], RIGHT)}}


Make = Callable[[], Mapping[str, Any]]
SENT: list[tuple[str, str, Make]] = [
    ("2201", "SJ11", lambda: registration("R1-1", PATIENT, VOUCHER, DOCTOR, caty="A03", begun=AT)),
    ("2202", "SJ11", lambda: cancelled_registration(VISIT)),
    ("2203", "SJ21", lambda: visit_data(VISIT, ("J00", "感冒"), DOCTOR, AT, RIGHT)),
    ("2204", "SN01", lambda: details(upload(), DOCTOR, AT, RIGHT, {})),
    ("2205", "SN02", lambda: withdrawn(upload())),
    ("2206", "SI11", settlement),
    ("2207", "SI12", lambda: settlement(CARD)),
    ("2301", "SN01", lambda: details(upload(inpatient=True), DOCTOR, AT, RIGHT, {1: "A0-001001"})),
    ("2302", "SN02", lambda: withdrawn(upload(inpatient=True))),
    ("2302", "SN02", lambda: all_withdrawn(STAY)),
    ("2303", "SI51", lambda: settlement(of_stay=True)),
    ("2304", "SI52", lambda: settlement(CARD, of_stay=True)),
    ("2401", "SJ31", lambda: admission(STAY, VOUCHER, RIGHT)),
    ("2402", "SJ51", lambda: discharge(STAY, RIGHT)),
    ("2404", "SJ31", lambda: cancelled_admission(STAY)),
    ("9801", "LT01", lambda: {"data": {**hall(), "insutype": "390"}}),
    ("9802", "LT02", lambda: {"data": {**hall(), "insutype": "390", "tier": "2"}}),
]


def hall() -> dict[str, str]:
    """Whoever stands before a hall's terminal."""
    return {"psn_no": WHO.psn_no, **VOUCHER.certificate}


def full(value: Any) -> Any:
    """A value without its empty members."""
    if isinstance(value, Mapping):
        return {name: full(inner) for name, inner in value.items() if inner not in ("", None)}
    return [full(inner) for inner in value] if isinstance(value, list) else value


def covers(whole: Any, part: Any) -> bool:
    """Whether everything of one is in the other; rows one by one."""
    if isinstance(part, Mapping):
        return all(name in whole and covers(whole[name], inner) for name, inner in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(covers(a, b) for a, b in zip(whole, part, strict=True))
    return bool(whole == part)


@pytest.mark.parametrize(("infno", "kind", "make"), SENT, ids=[f"{infno}-{n}" for n, (infno, _, _) in enumerate(SENT)])
def test_each_transaction_is_understood_as_it_was_meant(infno: str, kind: str, make: Make) -> None:
    speaker = Speaker()
    content = make()
    assert speaker.said(infno, content)["xxlxm"] == kind
    found = speaker.meant(infno, content)
    assert found["infno"] == infno
    meant = full(content)
    for row in meant.get("diseinfo", []):
        row.pop("psn_no", None)  # the visit's own
    assert covers(found["input"], meant)
    assert institution.check(infno, found, form=institution.Form(msgid="code-day")) == ()


def test_the_fee_of_a_registration_has_messages_of_its_own() -> None:
    speaker = Speaker()
    assert speaker.said("2206", settlement(), order="F0001")["xxlxm"] == "SI11"
    speaker.said("2201", registration("R1-1", PATIENT, VOUCHER, DOCTOR, caty="A03", begun=AT), order="R0001")
    assert [speaker.said(infno, settlement(), order="R0001")["xxlxm"] for infno in ("2206", "2207")] == ["SH01", "SH02"]
    assert speaker.said("2207", settlement(), order="F0001")["xxlxm"] == "SI12"


@pytest.mark.parametrize(("infno", "yllb"), [("2208", "11"), ("2305", "21"), ("2103", None)])
def test_a_refund_says_of_what_it_is_and_states_that_settlements_total(infno: str, yllb: str | None) -> None:
    speaker = Speaker()
    data = {"setl_id": "L1", "mdtrt_id": "M1", "psn_no": WHO.psn_no}
    told = speaker.said(infno, {"data": data})["xxnr"]
    assert (told.get("yllb"), told["totalexpense"]) == (yllb, "25.00")
    assert speaker.meant(infno, {"data": data})["infno"] == infno


def answer_of(infno: str, output: dict[str, object]) -> Mapping[str, Any]:
    """What the adapter understands of an answer that the platform gave."""
    speaker = Speaker()
    make = next(make for number, _, make in SENT if number == infno)
    sent = speaker.said(infno, make())
    answer = shanghai.reply_from_national(sent, {"infcode": 0, "output": output}, now=NOW)
    return cast("Mapping[str, Any]", speaker.shanghai.national(infno, "A0001", answer)["output"])


@pytest.mark.parametrize(("infno", "node"), [("2201", "data"), ("2401", "result")])
def test_the_number_of_a_visit_is_understood(infno: str, node: str) -> None:
    assert read_visit(answer_of(infno, {node: {"mdtrt_id": "M7", "psn_no": "1"}})) == "M7"


@pytest.mark.parametrize("infno", ["2204", "2301"])
def test_the_scope_of_an_upload_is_understood(infno: str) -> None:
    row = {
        "feedetl_sn": "1",
        "fulamt_ownpay_amt": "0.10",
        "overlmt_amt": "0.20",
        "preselfpay_amt": "0.30",
        "inscp_scp_amt": "0.40",
    }
    found = read_scope(answer_of(infno, {"result": [row, row]}))
    assert found == Scope(own_pay=20, over_limit=40, paid_first=60, in_scope=80)


@pytest.mark.parametrize("infno", ["2206", "2207", "2303", "2304"])
def test_the_amounts_of_a_settlement_are_understood(infno: str) -> None:
    paid = {"medfee_sumamt": "30.00", "fund_pay_sumamt": "10.00", "acct_pay": "15.00", "psn_cash_pay": "5.00"}
    found = read_amounts(answer_of(infno, {"setlinfo": paid}))
    assert (found.total, found.fund, found.account, found.cash) == (3000, 1000, 1500, 500)


def test_whose_stay_it_is_goes_with_its_diagnosis() -> None:
    found = Speaker().meant("2401", admission(STAY, VOUCHER, RIGHT))["input"]["diseinfo"][0]
    assert (found["dise_dor_no"], found["diag_dept"]) == (attending_of(STAY).doctor_code, STAY.dept_name)
