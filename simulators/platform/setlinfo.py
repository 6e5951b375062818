"""The output of a settlement under the interface's own names: setlinfo, setldetail[], detlcutinfo[]."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from fixtures.population import Person
from harness.money import BASIS, share
from harness.wire.fields import is_array, is_object
from harness.wire.institution import amount, decode, parse_reply
from harness.wire.profile import Profile
from simulators.platform.benefits import LineSplit, Split, own_share
from simulators.platform.call import Call, Writer, moment, spell
from simulators.platform.desk import Desk
from simulators.platform.ledger import Ledger, Settlement
from simulators.platform.persons import age, base_info, psn_type

OUTPATIENT, INPATIENT, PHARMACY = "11", "21", "41"
"""clr_type of visits, stays and purchases."""
EMPLOYEE = "310"
SETLINFO_AMOUNTS = (
    "medfee_sumamt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "inscp_scp_amt",
    "act_pay_dedc",
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifmi_pay",
    "hifob_pay",
    "maf_pay",
    "oth_pay",
    "fund_pay_sumamt",
    "psn_part_amt",
    "acct_pay",
    "psn_cash_pay",
    "acct_mulaid_pay",
    "hosp_part_amt",
)
"""The amounts that a refund gives back; balc, the balance afterwards, is not one of them."""
NEWER_AMOUNTS = ("hifdm_pay",)
"""Those that only some provinces have."""
HIFDM, HIFDM_NAME = "350100", "一至六级残疾军人医疗补助基金"
"""fund_pay_type of what stands in hifdm_pay (assumed)."""
SETLDETAIL_AMOUNTS = ("inscp_scp_amt", "fund_payamt")


def settlement_output(
    writer: Writer,
    call: Call,
    person: Person,
    split: Split,
    *,
    balance: int,
    mdtrt_id: str,
    setl_id: str | None,
    med_type: str,
    mdtrt_cert_type: str,
    clr_type: str = PHARMACY,
    mutual_beside: bool = False,
    hifdm_share: int | None = None,
    at: datetime | None = None,
) -> dict[str, object]:
    """What a pre-settlement (no `setl_id`) and a settlement answer; `balance` is the account's afterwards, in fen.

    The lines (detlcutinfo) are a purchase's only; those of a visit were answered when they were uploaded.
    `mutual_beside`: acct_mulaid_pay stands beside acct_pay, not inside. `hifdm_share`: see `hifdm_share_of`.
    `at`: when it was booked, which is the day that reconciliation counts it on; without it, when it was asked.
    """
    yuan, rate, rule = writer.amount, split.rule.fund_rate, split.rule
    nothing = yuan(0)
    hifdm = share(split.pooled, hifdm_share or 0)
    employee = rule.insutype == EMPLOYEE
    today = call.at.date()
    keys: dict[str, object] = {"mdtrt_id": mdtrt_id}
    if setl_id is not None:
        keys["setl_id"] = setl_id
    setlinfo = {
        **keys,
        "medins_setl_id": call.msgid,
        **base_info(person),
        "age": age(person, today),
        "insutype": split.rule.insutype,
        "psn_type": psn_type(person, today),
        "cvlserv_flag": "0",
        "setl_time": spell(at or call.at),
        "mdtrt_cert_type": mdtrt_cert_type,
        "med_type": med_type,
        "medfee_sumamt": yuan(split.total),
        "fulamt_ownpay_amt": yuan(split.own_pay),
        "overlmt_selfpay": yuan(split.over_limit),
        "preselfpay_amt": yuan(split.paid_first),
        "inscp_scp_amt": yuan(split.in_scope),
        "act_pay_dedc": yuan(split.deductible),
        "hifp_pay": yuan(split.pooled - hifdm),
        "pool_prop_selfpay": writer.number(_share(BASIS - rate)),
        "cvlserv_pay": nothing,
        "hifes_pay": nothing,
        "hifmi_pay": yuan(0 if employee else split.large),
        "hifob_pay": yuan(split.large if employee else 0),
        "maf_pay": nothing,
        "oth_pay": nothing,
        **({} if hifdm_share is None else {"hifdm_pay": yuan(hifdm)}),
        "fund_pay_sumamt": yuan(split.fund),
        "psn_part_amt": yuan(split.account + split.cash),
        "acct_pay": yuan(split.own_account if mutual_beside else split.account),
        "psn_cash_pay": yuan(split.cash),
        "acct_mulaid_pay": yuan(split.mutual),
        "hosp_part_amt": nothing,
        "balc": yuan(balance),
        "clr_optins": person.insured_place,
        "clr_way": "1",
        "clr_type": clr_type,
    }
    funds = [(rule.fund, rule.fund_name, rule.fund_ceiling_fen, split.pooled - hifdm)]
    if hifdm:
        funds.append((HIFDM, HIFDM_NAME, 0, hifdm))
    if split.large:
        funds.append((rule.large, rule.large_name, rule.large_ceiling_fen, split.large))
    rows = [
        {
            "fund_pay_type": fund,
            "inscp_scp_amt": yuan(split.in_scope),
            "crt_payb_lmt_amt": yuan(ceiling),
            "fund_payamt": yuan(paid),
            "fund_pay_type_name": name,
            "setl_proc_info": "",
        }
        for fund, name, ceiling, paid in funds
    ]
    output: dict[str, object] = {"setlinfo": setlinfo, "setldetail": rows}
    if clr_type == PHARMACY:
        output["detlcutinfo"] = [line_output(writer, part) for part in split.lines]
    return output


def hifdm_share_of(profile: Profile) -> int | None:
    """What of the pooled fund's payment stands in hifdm_pay, in ten-thousandths; None where setlinfo has no such."""
    return profile.hifdm_share if profile.hifdm_pay else None


def presettled(desk: Desk, call: Call, person: Person, parts: Split) -> None:
    """Put on the tape what a pre-settlement came to."""
    desk.event(
        "presettled",
        msgid=call.msgid,
        psn_no=person.psn_no,
        institution=call.institution.code,
        total_fen=parts.total,
        fund_fen=parts.fund,
        account_fen=parts.account,
        cash_fen=parts.cash,
    )


def reversed_output(
    writer: Writer, original: Mapping[str, object], settlement: Settlement, *, balance: int, misspelt: bool = False
) -> dict[str, object]:
    """What undoing a settlement comes to: every amount's sign turned; for a purchase plus the two names of 2103.

    `misspelt`: psn_cash_pay stands there once more as pdn_cash_pay.
    """
    info, details = original["setlinfo"], original["setldetail"]
    assert is_object(info)
    assert is_array(details)
    setlinfo = {**info, **_negative(writer, info, (*SETLINFO_AMOUNTS, *NEWER_AMOUNTS))}
    setlinfo |= {
        "setl_id": settlement.setl_id,
        "medins_setl_id": settlement.msgid,
        "setl_time": spell(moment(settlement.at_ns)),
        "balc": writer.amount(balance),
    }
    if info.get("clr_type") == PHARMACY:
        setlinfo |= {"psn_pay": setlinfo["psn_part_amt"], "cash_payamt": setlinfo["psn_cash_pay"]}
    if misspelt:
        setlinfo["pdn_cash_pay"] = setlinfo["psn_cash_pay"]
    rows = [{**row, **_negative(writer, row, SETLDETAIL_AMOUNTS)} for row in details if is_object(row)]
    return {"setlinfo": setlinfo, "setldetail": rows}


def output_of(ledger: Ledger, writer: Writer, settlement: Settlement) -> Mapping[str, object]:
    """The output that was answered when a settlement was booked; for 2601, which answers none, what it comes to."""
    answer = ledger.answer(settlement.msgid)
    assert answer is not None
    output = parse_reply(decode(answer[1])).output
    if output or settlement.reverses is None:
        return output
    original = ledger.settlement(settlement.reverses)
    assert original is not None
    undone = output_of(ledger, writer, original)
    return reversed_output(writer, undone, settlement, balance=ledger.balance(settlement.psn_no))


def _negative(writer: Writer, row: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: writer.amount(-amount(row[name])) for name in names if name in row}


def line_output(writer: Writer, part: LineSplit) -> dict[str, object]:
    """A line as detlcutinfo of a purchase and result of 2204 and 2301 have it."""
    line, yuan = part.line, writer.amount
    share = own_share(line.item.level)
    return {
        "feedetl_sn": line.sn,
        "det_item_fee_sumamt": yuan(line.amount),
        "cnt": writer.number(_plain(line.count)),
        "pric": writer.number(_plain(line.price)),
        "pric_uplmt_amt": yuan(line.item.ceiling_fen),
        "selfpay_prop": writer.number(_share(share)),
        "fulamt_ownpay_amt": yuan(part.own_pay),
        "overlmt_amt": yuan(part.over_limit),
        "preselfpay_amt": yuan(part.paid_first),
        "inscp_scp_amt": yuan(part.in_scope),
        "chrgitm_lv": line.item.level,
        "med_chrgitm_type": "09",
        "bas_medn_flag": "0",
        "hi_nego_drug_flag": "0",
        "chld_medc_flag": "0",
        "list_sp_item_flag": "0",
        "lmt_used_flag": "0",
        "drt_reim_flag": "1",
        "memo": "",
    }


@lru_cache(maxsize=256)
def _share(basis: int) -> str:
    return f"{basis // BASIS}.{basis % BASIS:04d}"


def _plain(value: Decimal) -> str:
    return format(value, "f")
