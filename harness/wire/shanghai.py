"""Shanghai 五期: messages of that protocol as those of the institution interface, and back. No I/O.

The platform behind both is one, so that the same books, cases and rules serve. SE01 is ec.query, SM01 is 1101, SI11 is
2101, SI12 is 2102; SK01 is 2103, and with `ymsgid`, the id of a message in doubt, 2601. There is no sign-in.

From the sources are the envelope, the types, P001, and: orgId, ecQrCode, ecQrChannel, businessType, termId, termIp,
operatorId, operatorName, officeId, officeName, userName, idNo, idType, insuOrg, ecToken (SE01); carddata,
curaccountamt, hisaccountamt (SM01); jssqxh (SI11, SI12); lsh (SI12); translsh, totalexpense (SK01). Every other member
of xxnr, and that the details travel in SI11 and not in an SN01 before it, is own design, assumed.
"""

from collections.abc import Mapping
from datetime import datetime

from harness.clock import BEIJING
from harness.money import Fen, format_yuan
from harness.wire.fields import is_array, is_object
from harness.wire.institution import amount
from harness.wire.voucher_messages import QR_QUERY

SHANGHAI = "shanghai"
"""The protocol of a profile."""
KINDS = ("pharmacy",)
"""Kinds of institutions whose messages are known: of registration and stays no source gives the members."""
DONE = "P001"
DECODE, ACCOUNT, PRE_SETTLE, SETTLE, REFUND = "SE01", "SM01", "SI11", "SI12", "SK01"
INFNO = {ACCOUNT: "1101", PRE_SETTLE: "2101", SETTLE: "2102", REFUND: "2103"}
REVERSAL = "2601"
ENVELOPE = {
    "msgid": "msgid",
    "jysj": "inf_time",
    "bbh": "infver",
    "xzqhdm": "mdtrtarea_admvs",
    "jgdm": "fixmedins_code",
    "czybm": "opter",
    "czyxm": "opter_name",
}
"""Members of the envelope and what the institution interface calls them."""
DECODE_MEMBERS = (
    *("orgId", "businessType", "operatorId", "operatorName", "officeId", "officeName", "ecQrCode"),
    "deviceType",
)
"""Members of SE01 that the voucher centre takes as well."""
CERTIFICATE = {"carddata": "mdtrt_cert_no", "cardtype": "mdtrt_cert_type", "cardsn": "card_sn"}
"""What somebody identified by; without `cardtype` carddata is an ecToken."""
HEAD = {
    **CERTIFICATE,
    "personno": "psn_no",
    "jzrq": "begntime",
    "totalexpense": "medfee_sumamt",
    "djh": "invono",
    "xzlx": "insutype",
    "zhbz": "acct_used_flag",
    "kzxx": "expContent",
}
LINE = {
    "mxxh": "feedetl_sn",
    "fyrq": "fee_ocur_time",
    "ybbm": "med_list_codg",
    "nbbm": "medins_list_codg",
    "je": "det_item_fee_sumamt",
    "sl": "cnt",
    "dj": "pric",
    "jb": "chrgitm_lv",
}
SETTLEMENT = {
    "lsh": "setl_id",
    "jzdyh": "mdtrt_id",
    "personno": "psn_no",
    "totalexpense": "medfee_sumamt",
    "fundpay": "fund_pay_sumamt",
    "personpay": "psn_part_amt",
    "accountpay": "acct_pay",
    "mulaidpay": "acct_mulaid_pay",
    "cashpay": "psn_cash_pay",
    "curaccountamt": "balc",
}
PERSON = {"personno": "psn_no", "personname": "psn_name", "idno": "certno"}
INSURANCE = {"xzlx": "insutype", "cbzt": "psn_insu_stas", "insuplc": "insuplc_admdvs"}
VOUCHER, PHARMACY_PURCHASE, NO_TRANSFER, CASHIER = "01", "41", "0", "1"

Members = Mapping[str, object]


def infno_of(message: Members) -> str:
    """The transaction of a request: its number in the institution interface, `ec.query`, or empty."""
    kind = str(message.get("xxlxm") or "")
    if kind == DECODE:
        return QR_QUERY
    return REVERSAL if kind == REFUND and content(message).get("ymsgid") else INFNO.get(kind, "")


def content(message: Members) -> Members:
    """xxnr; empty when it is no object."""
    found = message.get("xxnr")
    return found if is_object(found) else {}


def to_national(message: Members, more: Mapping[str, str]) -> dict[str, object]:
    """A request as the institution interface, or for SE01 the voucher centre, has it; empty for an unknown type.

    `more` are members of the envelope that Shanghai's lacks.
    """
    infno, told = infno_of(message), content(message)
    if not infno:
        return {}
    if infno == QR_QUERY:
        return {
            "orgId": told.get("orgId"),
            "transType": QR_QUERY,
            "data": {name: told[name] for name in DECODE_MEMBERS if name in told},
        }
    envelope = {ours: message[theirs] for theirs, ours in ENVELOPE.items() if theirs in message}
    place = {"insuplc_admdvs": told["insuplc"]} if "insuplc" in told else {}
    way = {"opter_type": told.get("czylx", CASHIER)}
    return {**more, **envelope, **place, **way, "infno": infno, "input": _input(infno, told)}


def reply_to_national(message: Members, reply: Members) -> dict[str, object]:
    """The answer to a request as the institution interface, or the voucher centre, has it; empty for what is none."""
    code = reply.get("xxfhm")
    if not isinstance(code, str) or not code:
        return {}
    done, infno, told = code == DONE, infno_of(message), content(reply)
    text = str(reply.get("fhxx") or "")
    if infno == QR_QUERY:
        return {"code": 0 if done else code, "message": text, "success": done, "data": dict(told) if done else {}}
    if not done:
        return {"infcode": -1, "err_msg": text, "warn_msg": code}
    return {"infcode": 0, "err_msg": "", "warn_msg": "", "output": _output(infno, told)}


def reply_from_national(message: Members, answer: Members, *, now: datetime) -> dict[str, object]:
    """The answer as it leaves, from that of the institution interface, or of the voucher centre."""
    infno, voucher = infno_of(message), "code" in answer
    done = str(answer.get("code") if voucher else answer.get("infcode")) == "0"
    if voucher:
        code, text, told = str(answer.get("code")), str(answer.get("message") or ""), answer.get("data")
    else:
        code, text = str(answer.get("warn_msg") or "E001"), str(answer.get("err_msg") or "")
        output = answer.get("output")
        told = _told(infno, output if is_object(output) else {})
    kept = ("jysj", "xxlxm", "bbh", "msgid", "xzqhdm", "jgdm", "czybm", "czyxm", "jyqd", "jyyzm", "zdjbhs")
    return {
        **{name: message.get(name, "") for name in kept},
        "jysj": f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        "xxfhm": DONE if done else code,
        "fhxx": "" if done else text,
        "xxnr": told if done else {},
    }


def _input(infno: str, told: Members) -> dict[str, object]:
    match infno:
        case "1101":
            return {
                "data": {
                    "mdtrt_cert_type": VOUCHER,
                    **_renamed(told, {**CERTIFICATE, "jzrq": "begntime"}),
                }
            }
        case "2103":
            keys = {"translsh": "setl_id", "jzdyh": "mdtrt_id", "personno": "psn_no"}
            return {"data": _renamed(told, keys)}
        case "2601":
            doubted = {"oinfno": INFNO.get(str(told.get("ymsglx")), "")}
            return {"data": {**_renamed(told, {"personno": "psn_no", "ymsgid": "omsgid"}), **doubted}}
        case _:
            head = {"mdtrt_cert_type": VOUCHER, "med_type": PHARMACY_PURCHASE, **_renamed(told, HEAD)}
            rows = told.get("mxs")
            lines = [row for row in rows if is_object(row)] if is_array(rows) else []
            details = [{"rx_circ_flag": NO_TRANSFER, **_renamed(row, LINE)} for row in lines]
            return {"druginfo": head, "drugdetail": details}


def _output(infno: str, told: Members) -> dict[str, object]:
    match infno:
        case "1101":
            balance = sum(amount(told.get(name, "0")) for name in ("curaccountamt", "hisaccountamt"))
            insurance = {**_renamed(told, INSURANCE), "balc": format_yuan(Fen(balance))}
            return {"baseinfo": _renamed(told, PERSON), "insuinfo": [insurance]}
        case "2601":
            return {}
        case _:
            return {"setlinfo": _renamed(told, SETTLEMENT)}


def _told(infno: str, output: Members) -> dict[str, object]:
    """xxnr of an answer that was done."""
    match infno:
        case "1101":
            base, rows = output.get("baseinfo"), output.get("insuinfo")
            found = [row for row in rows if is_object(row)] if is_array(rows) else []
            row = next((one for one in found if one.get("psn_insu_stas") == "1"), found[0] if found else {})
            person = _spelt(base if is_object(base) else {}, PERSON)
            return {
                **person,
                **_spelt(row, INSURANCE),
                "curaccountamt": str(row.get("balc", "0.00")),
                "hisaccountamt": "0.00",
            }
        case "2601":
            return {}
        case _:
            info = output.get("setlinfo")
            return _spelt(info if is_object(info) else {}, SETTLEMENT)


def _renamed(told: Members, names: Mapping[str, str]) -> dict[str, object]:
    return {ours: told[theirs] for theirs, ours in names.items() if theirs in told}


def _spelt(values: Members, names: Mapping[str, str]) -> dict[str, object]:
    return {theirs: str(values[ours]) for theirs, ours in names.items() if ours in values}
