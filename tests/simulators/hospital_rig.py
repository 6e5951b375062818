"""A hospital's side of the institution interface for tests: samples of every transaction, and a client of visits.

`Hospital` speaks to a `Rig`; `Office` speaks to the platform's dispatcher in this process, without HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fixtures.population import Person, institutions
from harness.money import Fen, format_yuan
from harness.wire import institution as wire
from harness.wire.fields import FieldSpec, code_table
from tests.simulators.insurer_rig import Rig

HOSPITAL = next(one for one in institutions() if one.kind == "hospital")
AT = "2020-10-14 08:30:00"
VISIT_LINES = (("XS000001", "15.00", "1"), ("XS000002", "80.00", "1"), ("XS000003", "100.00", "2"))
"""Code, price, count: 10.00 of 15.00 counts; 80.00; 200.00 of which a tenth is paid first; 295.00 together."""


def sample(infno: str) -> dict[str, object]:
    """An input with every required field of a transaction's table and no other; it follows the tables, no more."""
    found: dict[str, object] = {}
    for node in wire.input_nodes(infno):
        if node.required:
            entry = {spec.name: _value(spec) for spec in node.fields if spec.required}
            found[node.name] = [entry] if node.many else entry
    return found


def _value(spec: FieldSpec) -> str:
    if spec.table:
        return next(code for code in code_table(spec.table) if len(code) <= spec.length)
    match spec.type:
        case "D":
            return AT if spec.form == "datetime" else AT[:10]
        case "N":
            return "1"
        case "B":
            return "AAAA"
        case _:
            return "x"


def rows_of_lines(
    visit: Mapping[str, str], lines: Sequence[tuple[str, str, str]], *, batch: str, first: int = 1
) -> Any:
    """feedetail rows of a visit."""
    return [
        {
            "feedetl_sn": f"{batch}-{number}",
            **visit,
            "chrg_bchno": batch,
            "rx_circ_flag": "0",
            "fee_ocur_time": AT,
            "med_list_codg": code,
            "medins_list_codg": code,
            "det_item_fee_sumamt": format_yuan(wire.line_amount(price, count)),
            "cnt": count,
            "pric": price,
            "bilg_dept_codg": "D01",
            "bilg_dept_name": "内科",
            "bilg_dr_codg": "DR01",
            "bilg_dr_name": "医师甲",
            "hosp_appr_flag": "0",
        }
        for number, (code, price, count) in enumerate(lines, start=first)
    ]


def total_of(lines: Sequence[tuple[str, str, str]]) -> Fen:
    """What lines come to."""
    return Fen(sum(wire.line_amount(price, count) for _, price, count in lines))


def scope_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """The four amounts of scope that 2207 and 2304 want back, from a pre-settlement."""
    info = answer["output"]["setlinfo"]
    names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    return {name: info[name] for name in names}


@dataclass
class Hospital:
    """Cashier 001 of the hospital; every call goes by HTTP with signtype MOCK."""

    rig: Rig
    visits: int = 0
    lines: Sequence[tuple[str, str, str]] = field(default=VISIT_LINES)

    def call(self, infno: str, data: Mapping[str, object], **envelope: Any) -> dict[str, Any]:
        """Send a transaction of the hospital."""
        return self.rig.call(infno, data, org=HOSPITAL.code, **{"signtype": "MOCK", **envelope})

    def done(self, infno: str, data: Mapping[str, object], **envelope: Any) -> dict[str, Any]:
        """Send one that is accepted, with an answer that follows the tables."""
        answer = self.call(infno, data, **envelope)
        assert answer["infcode"] == 0, answer["err_msg"]
        assert wire.check_reply(infno, answer) == ()
        return answer

    def card(self, person: Person) -> dict[str, str]:
        """Who: by the ID card, so that no token is needed."""
        return {
            "psn_no": person.psn_no,
            "insutype": person.insutype,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": person.id_no,
        }

    # --- outpatient -----------------------------------------------------------------------------------

    def register(self, person: Person, **fields: object) -> dict[str, str]:
        """2201; the keys of the visit."""
        self.visits += 1
        data = {**sample("2201")["data"], **self.card(person), "ipt_otp_no": f"OP{self.visits:06d}", **fields}  # type: ignore[dict-item]  # an object
        answer = self.done("2201", {"data": data})
        return {"mdtrt_id": answer["output"]["data"]["mdtrt_id"], "psn_no": person.psn_no}

    def visit(self, person: Person, *, med_type: str = "11", batch: str = "B1") -> dict[str, str]:
        """2201, 2203, 2204 of the usual lines."""
        keys = self.register(person)
        self.describe(keys, med_type=med_type)
        self.upload(keys, batch=batch)
        return keys

    def describe(self, keys: Mapping[str, str], *, med_type: str = "11") -> None:
        """2203."""
        data = sample("2203")
        data["mdtrtinfo"] = {**data["mdtrtinfo"], **keys, "med_type": med_type}  # type: ignore[dict-item]  # an object
        self.done("2203", data)

    def upload(
        self, keys: Mapping[str, str], *, batch: str = "B1", lines: Sequence[tuple[str, str, str]] | None = None
    ) -> dict[str, Any]:
        """2204."""
        return self.done("2204", {"feedetail": rows_of_lines(keys, lines or self.lines, batch=batch)})

    def bill(self, person: Person, keys: Mapping[str, str], *, batch: str = "B1", **fields: object) -> dict[str, Any]:
        """The input of 2206."""
        lines = fields.pop("lines", None) or self.lines
        return {
            "data": {
                **self.card(person),
                "mdtrt_id": keys["mdtrt_id"],
                "med_type": "11",
                "medfee_sumamt": format_yuan(total_of(lines)),  # type: ignore[arg-type]  # lines
                "psn_setlway": "01",
                "chrg_bchno": batch,
                "acct_used_flag": "1",
                **fields,
            }
        }

    def settle_input(self, person: Person, keys: Mapping[str, str], **fields: Any) -> dict[str, Any]:
        """The input of 2207, by way of 2206."""
        bill = self.bill(person, keys, **fields)
        scope = scope_of(self.done("2206", bill))
        return {"data": {**bill["data"], **scope, "invono": "I1"}}

    def settle(self, person: Person, keys: Mapping[str, str], **fields: Any) -> dict[str, Any]:
        """2206 and 2207."""
        return self.done("2207", self.settle_input(person, keys, **fields))

    # --- inpatient ------------------------------------------------------------------------------------

    def admit(self, person: Person, *, med_type: str = "21", **fields: object) -> dict[str, str]:
        """2401; the keys of the stay."""
        self.visits += 1
        data = sample("2401")
        info = {**data["mdtrtinfo"], **self.card(person), "ipt_no": f"IP{self.visits:06d}", "med_type": med_type}  # type: ignore[dict-item]  # an object
        answer = self.done("2401", {**data, "mdtrtinfo": {**info, **fields}})
        return {"mdtrt_id": answer["output"]["result"]["mdtrt_id"], "psn_no": person.psn_no}

    def stay_rows(self, keys: Mapping[str, str], lines: Sequence[tuple[str, str, str]], *, batch: str = "D1") -> Any:
        """feedetail rows of 2301."""
        return [{**row, "med_type": "21"} for row in rows_of_lines(keys, lines, batch=batch)]

    def discharge(self, person: Person, keys: Mapping[str, str], **fields: object) -> dict[str, Any]:
        """2402."""
        data = sample("2402")
        info = {**data["dscginfo"], **keys, "insutype": person.insutype, "endtime": "2020-10-14 09:00:00"}  # type: ignore[dict-item]  # an object
        return self.call("2402", {**data, "dscginfo": {**info, **fields}})

    def stay_bill(
        self,
        person: Person,
        keys: Mapping[str, str],
        total: str,
        *,
        scope: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """The input of 2303 and 2304."""
        nothing = dict.fromkeys(("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"), "0.00")
        return {
            "data": {
                **self.card(person),
                "mdtrt_id": keys["mdtrt_id"],
                "medfee_sumamt": total,
                "psn_setlway": "01",
                "acct_used_flag": "1",
                "mid_setl_flag": "0",
                **(scope or nothing),
                **fields,
            }
        }

    def settle_stay(self, person: Person, keys: Mapping[str, str], total: str, **fields: Any) -> dict[str, Any]:
        """2303 and 2304."""
        scope = scope_of(self.done("2303", self.stay_bill(person, keys, total, **fields)))
        return self.call("2304", self.stay_bill(person, keys, total, scope=scope, **fields))
