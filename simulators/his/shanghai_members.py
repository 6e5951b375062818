"""The members of Shanghai's messages as the adapter writes and reads them: docs/shanghai.md, row by row.

Written from that page alone; the bench's codec of the same is not used here.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from simulators.his.money import to_fen, to_yuan

Members = Mapping[str, object]
Told = dict[str, object]
VOUCHER, STAY = "01", "21"
TAKES_BACK = {"zfbz": "1"}
SCOPE = (
    ("zfje", "fulamt_ownpay_amt"),
    ("cxje", "overlmt_selfpay"),
    ("xxzf", "preselfpay_amt"),
    ("fwnje", "inscp_scp_amt"),
)
SPLIT = (
    ("lsh", "setl_id"),
    ("jzdyh", "mdtrt_id"),
    ("totalexpense", "medfee_sumamt"),
    ("fundpay", "fund_pay_sumamt"),
    ("accountpay", "acct_pay"),
    ("cashpay", "psn_cash_pay"),
)
PURCHASED = (
    ("mxxh", "feedetl_sn"),
    ("fyrq", "fee_ocur_time"),
    ("ybbm", "med_list_codg"),
    ("nbbm", "medins_list_codg"),
    ("je", "det_item_fee_sumamt"),
    ("sl", "cnt"),
    ("dj", "pric"),
    ("jb", "chrgitm_lv"),
)
UPLOADED = (
    *PURCHASED,
    ("ymxxh", "init_feedetl_sn"),
    ("cfh", "rxno"),
    ("ksbm", "bilg_dept_codg"),
    ("ksmc", "bilg_dept_name"),
    ("ysbm", "bilg_dr_codg"),
    ("ysxm", "bilg_dr_name"),
    ("spbz", "hosp_appr_flag"),
)
DIAGNOSED = (
    ("zdlb", "diag_type"),
    ("zzdbz", "maindiag_flag"),
    ("zdxh", "diag_srt_no"),
    ("zdbm", "diag_code"),
    ("zdmc", "diag_name"),
    ("zdks", "diag_dept"),
    ("ysbm", "dise_dor_no"),
    ("ysxm", "dise_dor_name"),
    ("zdsj", "diag_time"),
    ("yxbz", "vali_flag"),
)
VISIT = (("jzdyh", "mdtrt_id"), ("personno", "psn_no"))
PAID = (("totalexpense", "medfee_sumamt"), ("zhbz", "acct_used_flag"), ("djh", "invono"), ("kzxx", "expContent"))


def _certified(found: Members) -> Told:
    """What somebody identified by; where it is no voucher, its kind as well, and a card's serial number."""
    kind, serial = found.get("mdtrt_cert_type"), found.get("card_sn")
    return {
        "carddata": found.get("mdtrt_cert_no"),
        **({} if kind == VOUCHER else {"cardtype": kind}),
        **({"cardsn": serial} if serial else {}),
    }


def _insured(found: Members) -> Told:
    return {**_certified(found), "personno": found.get("psn_no"), "xzlx": found.get("insutype")}


def _person(content: Members) -> Told:
    data = _part(content, "data")
    return {**_certified(data), "jzrq": data.get("begntime")}


def _purchase(content: Members) -> Told:
    head = _part(content, "druginfo")
    lines = [_named(line, PURCHASED) for line in _rows(content, "drugdetail")]
    return {**_insured(head), "jzrq": head.get("begntime"), **_named(head, PAID), "mxs": lines}


def _visit_settlement(content: Members) -> Told:
    data = _part(content, "data")
    where = _named(data, (("yllb", "med_type"), ("jzdyh", "mdtrt_id"), ("jfpc", "chrg_bchno")))
    return {**_insured(data), **where, **_named(data, PAID), **_named(data, SCOPE)}


def _stay_settlement(content: Members) -> Told:
    data = _part(content, "data")
    where = _named(data, (("jzdyh", "mdtrt_id"), ("ztjs", "mid_setl_flag"), ("cyrq", "dscg_time")))
    return {**_insured(data), **where, **_named(data, PAID), **_named(data, SCOPE)}


def _registered(content: Members) -> Told:
    data = _part(content, "data")
    names = (
        ("jzrq", "begntime"),
        ("jzlsh", "ipt_otp_no"),
        ("ysbm", "atddr_no"),
        ("ysxm", "dr_name"),
        ("ksbm", "dept_code"),
        ("ksmc", "dept_name"),
        ("ksfl", "caty"),
    )
    return {**_insured(data), **_named(data, names)}


def _registration_taken_back(content: Members) -> Told:
    return {**TAKES_BACK, **_named(_part(content, "data"), (*VISIT, ("jzlsh", "ipt_otp_no")))}


def _described(content: Members) -> Told:
    info = _part(content, "mdtrtinfo")
    names = (("yllb", "med_type"), ("jzrq", "begntime"), ("zs", "main_cond_dscr"), ("bzbm", "dise_codg"))
    return {**_named(info, (*VISIT, *names, ("bzmc", "dise_name"))), **_diagnoses(content)}


def _uploaded(content: Members) -> Told:
    rows = _rows(content, "feedetail")
    head = _named(rows[0], (*VISIT, ("jfpc", "chrg_bchno"), ("yllb", "med_type"))) if rows else {}
    return {**head, "mxs": [_named(row, UPLOADED) for row in rows]}


def _batch_withdrawn(content: Members) -> Told:
    return _named(_part(content, "data"), (*VISIT, ("jfpc", "chrg_bchno")))


def _details_withdrawn(content: Members) -> Told:
    rows = _rows(content, "data")
    head = _named(rows[0], VISIT) if rows else {}
    return {**head, "yllb": STAY, "mxs": [_named(row, (("mxxh", "feedetl_sn"),)) for row in rows]}


def _admitted(content: Members) -> Told:
    info = _part(content, "mdtrtinfo")
    names = (
        ("jzrq", "begntime"),
        ("yllb", "med_type"),
        ("zyh", "ipt_no"),
        ("bah", "medrcdno"),
        ("ysbm", "atddr_no"),
        ("ysxm", "chfpdr_name"),
        ("ryzd", "adm_diag_dscr"),
        ("ksbm", "adm_dept_codg"),
        ("ksmc", "adm_dept_name"),
        ("cwh", "adm_bed"),
        ("zdbm", "dscg_maindiag_code"),
        ("zdmc", "dscg_maindiag_name"),
    )
    return {**_insured(info), **_named(info, names), **_diagnoses(content)}


def _admission_taken_back(content: Members) -> Told:
    return {**TAKES_BACK, **_named(_part(content, "data"), VISIT)}


def _discharged(content: Members) -> Told:
    info = _part(content, "dscginfo")
    names = (
        ("xzlx", "insutype"),
        ("cyrq", "endtime"),
        ("ksbm", "dscg_dept_codg"),
        ("ksmc", "dscg_dept_name"),
        ("cwh", "dscg_bed"),
        ("cyfs", "dscg_way"),
        ("swrq", "die_date"),
    )
    return {**_named(info, (*VISIT, *names)), **_diagnoses(content)}


def _proof(content: Members) -> Told:
    return _insured(_part(content, "data"))


def _tier(content: Members) -> Told:
    data = _part(content, "data")
    return {**_insured(data), "dc": data.get("tier")}


def _collated(content: Members) -> Told:
    return dict(_part(content, "data"))


TOLD: Mapping[str, Callable[[Members], Told]] = MappingProxyType(
    {
        "1101": _person,
        "2101": _purchase,
        "2102": _purchase,
        "2201": _registered,
        "2202": _registration_taken_back,
        "2203": _described,
        "2204": _uploaded,
        "2205": _batch_withdrawn,
        "2206": _visit_settlement,
        "2207": _visit_settlement,
        "2301": _uploaded,
        "2302": _details_withdrawn,
        "2303": _stay_settlement,
        "2304": _stay_settlement,
        "2401": _admitted,
        "2402": _discharged,
        "2404": _admission_taken_back,
        "9801": _proof,
        "9802": _tier,
        "SL01": _collated,
    }
)
"""The content (xxnr) of each transaction's message, from the transaction's input."""


def _person_answered(told: Members) -> Told:
    balance = sum(to_fen(_amount(told.get(name))) for name in ("curaccountamt", "hisaccountamt"))
    insurance = {
        "insutype": told.get("xzlx"),
        "psn_insu_stas": told.get("cbzt"),
        "psn_insu_date": told.get("cbrq"),
        "insuplc_admdvs": told.get("insuplc"),
        "balc": to_yuan(balance),
    }
    base = {"psn_no": told.get("personno"), "psn_name": told.get("personname"), "certno": told.get("idno")}
    return {"baseinfo": base, "insuinfo": [insurance]}


def _visit_answered(told: Members) -> Told:
    return {"data": {"mdtrt_id": told.get("jzdyh")}}


def _upload_answered(told: Members) -> Told:
    names = (
        ("zfje", "fulamt_ownpay_amt"),
        ("cxje", "overlmt_amt"),
        ("xxzf", "preselfpay_amt"),
        ("fwnje", "inscp_scp_amt"),
    )
    return {"result": [_read(row, names) for row in _rows(told, "mxs")]}


def _proof_answered(told: Members) -> Told:
    names = (("zmbh", "proof_no"), ("xzlx", "insutype"), ("ksny", "from_month"), ("jsny", "to_month"))
    return {"proof": _read(told, (*names, ("ys", "months"), ("jym", "check_value")))}


def _tier_answered(told: Members) -> Told:
    return {"change": _read(told, (("ydc", "from_tier"), ("xdc", "to_tier"), ("nd", "year")))}


def _day_answered(told: Members) -> Told:
    return {"stmtinfo": {"stmt_rslt": told.get("resultcollate")}}


def _nothing_answered(_told: Members) -> Told:
    return {}


def _settlement_answered(told: Members) -> Told:
    return {"setlinfo": _read(told, SPLIT)}


OUTPUT: Mapping[str, Callable[[Members], Told]] = MappingProxyType(
    {
        "1101": _person_answered,
        "2201": _visit_answered,
        "2401": _visit_answered,
        "2204": _upload_answered,
        "2301": _upload_answered,
        "9801": _proof_answered,
        "9802": _tier_answered,
        "SL01": _day_answered,
        **dict.fromkeys(("2202", "2203", "2205", "2302", "2402", "2404", "2601"), _nothing_answered),
        **dict.fromkeys(("2101", "2102", "2103", "2206", "2207", "2208", "2303", "2304", "2305"), _settlement_answered),
    }
)
"""The output of each transaction, from the content of its answer."""


def _named(found: Members, names: tuple[tuple[str, str], ...]) -> Told:
    """Members that are there and not empty, under the names of the message."""
    return {theirs: found[ours] for theirs, ours in names if found.get(ours) not in {None, ""}}


def _read(told: Members, names: tuple[tuple[str, str], ...]) -> Told:
    return {ours: told[theirs] for theirs, ours in names if theirs in told}


def _part(content: Members, name: str) -> Members:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _rows(content: Members, name: str) -> list[Members]:
    found = content.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _diagnoses(content: Members) -> Told:
    return {"zds": [_named(row, DIAGNOSED) for row in _rows(content, "diseinfo")]}


def _amount(value: object) -> str | Decimal:
    return value if isinstance(value, str | Decimal) and value else "0"
