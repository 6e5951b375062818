"""Transactions of visits and stays (2201 … 2404) as the interface spells them, and what their answers tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulators.his.behaviour import Behaviour
from simulators.his.identify import Evidence
from simulators.his.money import to_fen, to_yuan
from simulators.his.records import Patient, Scope, Stay, Upload, Visit
from simulators.his.sale import text_of

CLINIC, WARD = "11", "21"
"""med_type of an ordinary outpatient visit and an ordinary stay."""
BY_ITEM = "01"
"""psn_setlway: item by item."""
ALL_DETAILS = "0000"
WESTERN = "1"
"""diag_type of a diagnosis of Western medicine."""

Content = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Attending:
    """The department and doctor that a visit, stay or charge is of."""

    dept_code: str
    dept_name: str
    doctor_code: str
    doctor_name: str


def registration(
    number: str, patient: Patient, evidence: Evidence, attending: Attending, *, caty: str, begun: str
) -> Content:
    """2201."""
    data = {
        "psn_no": patient.psn_no,
        "insutype": patient.insutype,
        "begntime": begun,
        **evidence.certificate,
        "ipt_otp_no": number,
        "atddr_no": attending.doctor_code,
        "dr_name": attending.doctor_name,
        "dept_code": attending.dept_code,
        "dept_name": attending.dept_name,
        "caty": caty,
        "expContent": "",
    }
    return {"data": data}


def cancelled_registration(visit: Visit) -> Content:
    """2202."""
    data = {
        "psn_no": visit.patient.psn_no,
        "mdtrt_id": visit.mdtrt_id,
        "ipt_otp_no": visit.number,
        "expContent": "",
    }
    return {"data": data}


def visit_data(
    visit: Visit, diagnosis: tuple[str, str], attending: Attending, at: str, behaviour: Behaviour
) -> Content:
    """2203."""
    info = {
        "mdtrt_id": visit.mdtrt_id,
        "psn_no": visit.patient.psn_no,
        "med_type": behaviour.med_type(CLINIC),
        "begntime": visit.begun,
        "main_cond_dscr": "",
        "dise_codg": behaviour.disease[0],
        "dise_name": behaviour.disease[1],
        "expContent": "",
    }
    return {"mdtrtinfo": info, "diseinfo": [{**_diagnosis(diagnosis, attending, at), "vali_flag": "1"}]}


def details(
    upload: Upload, attending: Attending, at: str, behaviour: Behaviour, returned: Mapping[int, str]
) -> Content:
    """2204 or 2301; `returned` has the feedetl_sn that a line, by its index, takes back from."""
    rows = []
    doctor = behaviour.clinic.ordered_by(attending.doctor_code, attending.doctor_name)
    for index, (line, number) in enumerate(zip(upload.lines, upload.details, strict=True)):
        quantity, amount = line.quantity, to_yuan(line.amount)
        if index in returned:
            quantity, amount = behaviour.as_returned(line.quantity, line.amount)
        row = {
            "feedetl_sn": number,
            "mdtrt_id": upload.mdtrt_id,
            "psn_no": upload.patient.psn_no,
            "chrg_bchno": upload.batch,
            "dise_codg": "",
            "rxno": "",
            "rx_circ_flag": "0",
            "fee_ocur_time": behaviour.arose_at(at),
            "med_list_codg": behaviour.coded(line.code),
            "medins_list_codg": behaviour.coded(line.code),
            "det_item_fee_sumamt": amount,
            "cnt": quantity,
            "pric": line.price,
            "bilg_dept_codg": attending.dept_code,
            "bilg_dept_name": attending.dept_name,
            "bilg_dr_codg": doctor[0],
            "bilg_dr_name": doctor[1],
            "hosp_appr_flag": "0",
            "chrgitm_lv": behaviour.levelled(line.level),
        }
        if upload.inpatient:
            row |= {"init_feedetl_sn": returned.get(index, ""), "med_type": behaviour.med_type(WARD)}
        rows.append(row)
    return {"feedetail": rows}


def withdrawn(upload: Upload) -> Content:
    """2205 or 2302 of one upload's details."""
    whose = {"mdtrt_id": upload.mdtrt_id, "psn_no": upload.patient.psn_no, "expContent": ""}
    if upload.inpatient:
        return {"data": [{"feedetl_sn": number, **whose} for number in upload.details]}
    return {"data": {"chrg_bchno": upload.batch, **whose}}


def all_withdrawn(stay: Stay) -> Content:
    """2302 of everything that is unsettled."""
    whose = {"mdtrt_id": stay.mdtrt_id, "psn_no": stay.patient.psn_no, "expContent": ""}
    return {"data": [{"feedetl_sn": ALL_DETAILS, **whose}]}


def pre_settlement(
    mdtrt_id: str, patient: Patient, evidence: Evidence, *, total: int, use_account: bool, behaviour: Behaviour
) -> dict[str, str]:
    """What 2206, 2207, 2303 and 2304 have in common."""
    return {
        "psn_no": patient.psn_no,
        **evidence.certificate,
        "medfee_sumamt": to_yuan(total),
        "psn_setlway": BY_ITEM,
        "mdtrt_id": mdtrt_id,
        "acct_used_flag": behaviour.account_flag(use_account),
        "insutype": patient.insutype,
        "expContent": behaviour.more(evidence.proof),
    }


def of_batch(batch: str, behaviour: Behaviour) -> dict[str, str]:
    """What 2206 and 2207 have besides."""
    return {"med_type": behaviour.med_type(CLINIC), "chrg_bchno": batch}


def scope_members(uploads: Sequence[Upload], behaviour: Behaviour) -> dict[str, str]:
    """The four amounts of scope, as the uploads were answered."""
    scopes = [upload.scope for upload in uploads]
    sums = {
        "fulamt_ownpay_amt": sum(scope.own_pay for scope in scopes),
        "overlmt_selfpay": sum(scope.over_limit for scope in scopes),
        "preselfpay_amt": sum(scope.paid_first for scope in scopes),
        "inscp_scp_amt": sum(scope.in_scope for scope in scopes),
    }
    return {name: to_yuan(behaviour.scope(fen)) for name, fen in sums.items()}


def admission(stay: Stay, evidence: Evidence, behaviour: Behaviour) -> Content:
    """2401."""
    code, name = diagnosis = behaviour.diagnosed(stay.diagnosis)
    info = {
        "psn_no": stay.patient.psn_no,
        "insutype": stay.patient.insutype,
        "begntime": behaviour.began_at(stay.at),
        **evidence.certificate,
        "med_type": behaviour.med_type(WARD),
        "ipt_no": stay.order,
        "medrcdno": stay.order,
        "atddr_no": stay.doctor[0],
        "chfpdr_name": stay.doctor[1],
        "adm_diag_dscr": name,
        "adm_dept_codg": stay.dept_code,
        "adm_dept_name": stay.dept_name,
        "adm_bed": stay.bed,
        "dscg_maindiag_code": code,
        "dscg_maindiag_name": name,
        "expContent": "",
    }
    row = {
        "psn_no": stay.patient.psn_no,
        "maindiag_flag": "1",
        **_diagnosis(diagnosis, attending_of(stay), stay.at),
    }
    return {"mdtrtinfo": info, "diseinfo": [row]}


def discharge(stay: Stay, behaviour: Behaviour) -> Content:
    """2402."""
    info = {
        "mdtrt_id": stay.mdtrt_id,
        "psn_no": stay.patient.psn_no,
        "insutype": stay.patient.insutype,
        "endtime": stay.left_at,
        "dscg_dept_codg": stay.dept_code,
        "dscg_dept_name": stay.dept_name,
        "dscg_bed": stay.bed,
        "dscg_way": behaviour.clinic.way_out(stay.way_out),
        **({"die_date": stay.left_at[:10]} if stay.way_out == "5" else {}),
        "expContent": "",
    }
    row = {"maindiag_flag": "1", **_diagnosis(stay.diagnosis, attending_of(stay), stay.left_at)}
    return {"dscginfo": info, "diseinfo": [row]}


def cancelled_admission(stay: Stay) -> Content:
    """2404."""
    return {"data": {"mdtrt_id": stay.mdtrt_id, "psn_no": stay.patient.psn_no, "expContent": ""}}


def attending_of(stay: Stay) -> Attending:
    """Whose stay it is."""
    return Attending(
        dept_code=stay.dept_code, dept_name=stay.dept_name, doctor_code=stay.doctor[0], doctor_name=stay.doctor[1]
    )


def read_visit(output: Mapping[str, object]) -> str:
    """mdtrt_id of 2201 and 2401. Raises ValueError when it is missing."""
    node = output.get("data") or output.get("result")
    if not isinstance(node, dict):
        raise ValueError("the answer has no data")
    return text_of(node, "mdtrt_id")


def read_scope(output: Mapping[str, object]) -> Scope:
    """The four amounts of 2204 and 2301, added up. Raises ValueError when one is missing."""
    rows = output.get("result")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("the answer has no result")
    return Scope(
        own_pay=sum(to_fen(row.get("fulamt_ownpay_amt")) for row in rows),
        over_limit=sum(to_fen(row.get("overlmt_amt")) for row in rows),
        paid_first=sum(to_fen(row.get("preselfpay_amt")) for row in rows),
        in_scope=sum(to_fen(row.get("inscp_scp_amt")) for row in rows),
    )


def _diagnosis(diagnosis: tuple[str, str], attending: Attending, at: str) -> dict[str, str]:
    return {
        "diag_type": WESTERN,
        "diag_srt_no": "1",
        "diag_code": diagnosis[0],
        "diag_name": diagnosis[1],
        "diag_dept": attending.dept_name,
        "dise_dor_no": attending.doctor_code,
        "dise_dor_name": attending.doctor_name,
        "diag_time": at,
    }
