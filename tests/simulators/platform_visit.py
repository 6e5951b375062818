"""Purchases and visits of an in-process platform, with whatever a province wants beside."""

from collections.abc import Mapping
from typing import Any

from fixtures.population import Person, people
from harness.wire.institution import amount
from tests.simulators.hospital_rig import HOSPITAL, rows_of_lines, sample
from tests.simulators.platform_office import Office
from tests.simulators.platform_rigs import purchase

NEWER = "unnamed-newer"
BUYER = people()[0]
SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")


def pack(detail: str, code: str, **members: object) -> dict[str, object]:
    """An entry of drug_trac_info; `members` replace some."""
    whole = {"feedetl_sn": detail, "drug_trac_codg": code, "trdn_flag": "0", "min_prcunt_type": "2"}
    return {**whole, **members}


def traced(order: str, *, person: Person = BUYER, packs: list[dict[str, object]] | None = None) -> dict[str, object]:
    """The input of 2102, one pack of each line unless said."""
    mine = packs if packs is not None else [pack(f"{order}-{n}", f"8{order}{n}") for n in (1, 2, 3)]
    return {**purchase(person, order), "drug_trac_info": mine}


def visit_of(office: Office, number: str, lines: tuple[tuple[str, str, str], ...]) -> dict[str, dict[str, Any]]:
    """2201, 2203, 2204, 2206: the input of 2207 without trace codes. The details are B1-1, B1-2, …"""
    card = {
        "psn_no": BUYER.psn_no,
        "insutype": BUYER.insutype,
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": BUYER.id_no,
    }
    registration, description = sample("2201"), sample("2203")
    data = {**as_object(registration["data"]), **card, "ipt_otp_no": f"OP{number}"}
    keys = {"mdtrt_id": office.done("2201", {"data": data}, HOSPITAL)["data"]["mdtrt_id"], "psn_no": BUYER.psn_no}
    info = {**as_object(description["mdtrtinfo"]), **keys, "med_type": "11"}
    office.done("2203", {**description, "mdtrtinfo": info}, HOSPITAL)
    rows = rows_of_lines(keys, lines, batch="B1")
    office.done("2204", {"feedetail": rows}, HOSPITAL)
    total = sum(amount(row["det_item_fee_sumamt"]) for row in rows)
    bill = {
        **card,
        "mdtrt_id": keys["mdtrt_id"],
        "med_type": "11",
        "medfee_sumamt": f"{total // 100}.{total % 100:02d}",
        "psn_setlway": "01",
        "chrg_bchno": "B1",
        "acct_used_flag": "1",
    }
    before = office.done("2206", {"data": bill}, HOSPITAL)["setlinfo"]
    return {"data": {**bill, **{name: before[name] for name in SCOPE}}}


def as_object(value: object) -> Mapping[str, object]:
    """An object of a sample."""
    assert isinstance(value, dict)
    return value
