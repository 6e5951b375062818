"""What Shanghai's messages call things: types, return codes, members and what the institution interface calls them.

From the sources are the types' names, the envelope, P001, P100, P101, P900, and of the members: orgId, ecQrCode,
ecQrChannel, businessType, termId, termIp, operatorId, operatorName, officeId, officeName, userName, idNo, idType,
insuOrg, ecToken (SE01); carddata, curaccountamt, hisaccountamt (SM01); jssqxh (SI11, SI12); lsh (SI12); translsh,
totalexpense (SK01); paystatus (SI91); daycollate, daycount, resultcollate (SL01). Every other member, which register
(SJ) is for what, and the types that begin with LT, are own design, assumed.
"""

from collections.abc import Mapping

SHANGHAI = "shanghai"
"""The protocol of a profile."""
DONE, NO_READER, NO_CARD, NOT_LEVEL = "P001", "P100", "P101", "P900"
"""Return codes (xxfhm): done; nothing can be read at the reader; no card in it; the day's totals are not level."""
CARD_READ, DECODE, ACCOUNT = "S000", "SE01", "SM01"
PRE_SETTLE, SETTLE = "SI11", "SI12"
PRE_REGISTER, REGISTER = "SH01", "SH02"
PRE_SETTLE_STAY, SETTLE_STAY = "SI51", "SI52"
UPLOAD, WITHDRAW = "SN01", "SN02"
REFUND = "SK01"
VISIT, VISIT_DATA, ADMISSION, CHANGE, DISCHARGE = "SJ11", "SJ21", "SJ31", "SJ41", "SJ51"
"""Registers; the sources have these five names and do not say what each registers."""
QUERY, COLLATE = "SI91", "SL01"
PROVE, TIER, CHECK_PROOF, BENEFITS = "LT01", "LT02", "LT03", "LT04"
"""Types of our own for what a government hall asks, and for 2001: the sources have none."""
CONFIRMS = {PRE_SETTLE: SETTLE, PRE_REGISTER: REGISTER, PRE_SETTLE_STAY: SETTLE_STAY}
"""Pre-settlements, each with the message that confirms it by its application number (jssqxh)."""
OWN_QUERIES = (QUERY, COLLATE)
"""Queries that the institution interface has no transaction for: not by these keys."""
REVERSAL = "2601"
CANCELLED = "1"
"""zfbz of a register that takes one back."""
PURCHASE_TYPE, STAY_TYPES = "41", "2"
"""yllb (the codes of med_type): a purchase, also where there is none; a stay's begin with 2; all others are visits."""
VOUCHER, NO_TRANSFER, NO_APPROVAL, BY_ITEM, CASHIER = "01", "0", "0", "01", "1"
"""What a member that is not there means: cardtype, rx_circ_flag, spbz, psn_setlway, czylx."""

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
PERSON = {"personno": "psn_no", "personname": "psn_name", "idno": "certno"}
INSURANCE = {"xzlx": "insutype", "cbzt": "psn_insu_stas", "cbrq": "psn_insu_date", "insuplc": "insuplc_admdvs"}
INSURED = {**CERTIFICATE, "personno": "psn_no", "xzlx": "insutype"}
SCOPE = {
    "zfje": "fulamt_ownpay_amt",
    "cxje": "overlmt_selfpay",
    "xxzf": "preselfpay_amt",
    "fwnje": "inscp_scp_amt",
}
"""The four amounts of scope of a settlement."""
SCOPE_OF_UPLOAD = {**SCOPE, "cxje": "overlmt_amt"}
HEAD = {**INSURED, "totalexpense": "medfee_sumamt", "djh": "invono", "zhbz": "acct_used_flag", "kzxx": "expContent"}
"""What every settlement and its pre-settlement say of the whole."""
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
DETAIL = {
    **LINE,
    "ymxxh": "init_feedetl_sn",
    "cfh": "rxno",
    "ksbm": "bilg_dept_codg",
    "ksmc": "bilg_dept_name",
    "ysbm": "bilg_dr_codg",
    "ysxm": "bilg_dr_name",
    "spbz": "hosp_appr_flag",
}
"""A line of SN01; ymxxh names the line that a return takes back."""
UPLOADED = {**{name: LINE[name] for name in ("mxxh", "je", "sl", "dj", "jb")}, **SCOPE_OF_UPLOAD}
DIAGNOSIS = {
    "zdlb": "diag_type",
    "zzdbz": "maindiag_flag",
    "zdxh": "diag_srt_no",
    "zdbm": "diag_code",
    "zdmc": "diag_name",
    "zdks": "diag_dept",
    "ysbm": "dise_dor_no",
    "ysxm": "dise_dor_name",
    "zdsj": "diag_time",
    "yxbz": "vali_flag",
}
ADMITTED = {
    **INSURED,
    "jzrq": "begntime",
    "yllb": "med_type",
    "zyh": "ipt_no",
    "bah": "medrcdno",
    "lxr": "coner_name",
    "lxdh": "tel",
    "ysbm": "atddr_no",
    "ysxm": "chfpdr_name",
    "ryzd": "adm_diag_dscr",
    "ksbm": "adm_dept_codg",
    "ksmc": "adm_dept_name",
    "cwh": "adm_bed",
    "zdbm": "dscg_maindiag_code",
    "zdmc": "dscg_maindiag_name",
    "kzxx": "expContent",
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
    **SCOPE,
}
COLLATED = ("totalexpense", "fundpay", "personpay", "curaccountpay", "hisaccountpay", "mulaidpay", "cashpay")
"""The seven totals of SL01: all, the funds' part, the person's part, and of it what the account of this year, that of
earlier years and mutual aid (within the account's) paid, and cash. That there are seven the sources say, not which."""

Members = Mapping[str, object]
