"""1201 institutions (医药机构信息), 1901 dictionaries (字典表), 2001 benefits (待遇检查): what can be looked up."""

from fixtures.population import institutions
from harness.wire.fields import code_table
from simulators.platform.benefit_tables import table_of
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.persons import psn_type
from simulators.platform.refusals import RefusedError
from simulators.platform.transactions.outpatient import HOSPITAL
from simulators.platform.transactions.person import require_insured

ACCOUNT = "310200"
"""fund_pay_type of a personal account."""


async def query_institution(desk: Desk, call: Call) -> bytes:
    """1201 by kind and, where given, code and name. Raises RefusedError when none fits."""
    info = call.node("medinsinfo")
    table = table_of(desk.profile.name)
    found = [
        {
            "fixmedins_code": known.code,
            "fixmedins_name": known.name,
            "uscc": "",
            "fixmedins_type": "1" if known.kind == HOSPITAL else "2",
            "hosp_lv": table.class_of(known) if known.kind == HOSPITAL else "9",
            "exp_content": "",
        }
        for known in institutions()
        if info.get("fixmedins_code") in {None, "", known.code} and info.get("fixmedins_name") in {None, "", known.name}
    ]
    fitting = [row for row in found if row["fixmedins_type"] == info["fixmedins_type"]]
    if not fitting:
        raise RefusedError("institution-unknown", institution=info.get("fixmedins_code") or info.get("fixmedins_name"))
    return desk.accepted(call, {"medinsinfo": fitting})


async def query_dictionary(desk: Desk, call: Call) -> bytes:
    """1901 by the name of a code table. Raises RefusedError when there is none."""
    kind = str(call.node("data")["type"])
    try:
        table = code_table(kind)
    except KeyError as error:
        raise RefusedError("dictionary-unknown", type=kind) from error
    rows = [
        {"type": kind, "label": meaning, "value": code, "parentValue": "", "sort": str(place), "vali_flag": "1"}
        for place, (code, meaning) in enumerate(table.items(), start=1)
    ]
    return desk.accepted(call, {"list": rows})


async def check_benefits(desk: Desk, call: Call) -> bytes:
    """2001. Funds and account that a kind of visit has at this institution. Raises RefusedError."""
    info = call.node("data")
    person = desk.person(info["psn_no"])
    require_insured(person)
    if info["insutype"] != person.insutype:
        raise RefusedError("insutype-disagrees", seen=info["insutype"], expected=person.insutype)
    table = table_of(desk.profile.name)
    klass = table.class_of(desk.institution(info["fixmedins_code"]))
    psn = psn_type(person, call.at.date())
    rule = table.rule_for(person.insutype, str(info["med_type"]), klass=klass, psn_type=psn)
    if rule is None:
        raise RefusedError("no-benefit", insutype=person.insutype, med_type=info["med_type"])
    funds = [(rule.fund, "01", f"{rule.fund_name} {rule.fund_rate / 100:g}%")]
    if rule.large:
        funds.append((rule.large, "02", f"{rule.large_name} {rule.large_rate / 100:g}%"))
    if rule.has_account:
        funds.append((ACCOUNT, "03", code_table("fund_pay_type")[ACCOUNT]))
    rows = [
        {
            "psn_no": person.psn_no,
            "fund_pay_type": fund,
            "trt_enjymnt_flag": "1",
            "begndate": "2010-01-01",
            "enddate": "",
            "trt_chk_type": kind,
            "trt_chk_rslt": said,
        }
        for fund, kind, said in funds
    ]
    return desk.accepted(call, {"trtinfo": rows})
