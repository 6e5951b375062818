"""Which message is which transaction, and its form: settlements, registers, details, what a hall asks."""

from collections.abc import Mapping

from harness.wire.fields import is_object
from harness.wire.shanghai import names
from harness.wire.shanghai.forms import Form, Node
from harness.wire.shanghai.names import (
    ADMITTED,
    BY_ITEM,
    CERTIFICATE,
    DETAIL,
    DIAGNOSIS,
    HEAD,
    INSURED,
    LINE,
    NO_APPROVAL,
    NO_TRANSFER,
    PURCHASE_TYPE,
    SCOPE,
    SETTLEMENT,
    STAY_TYPES,
    UPLOADED,
    VOUCHER,
    Members,
)

_BY_CLASS = {
    names.PRE_SETTLE: ("2101", "2206", "2206"),
    names.SETTLE: ("2102", "2207", "2207"),
    names.REFUND: ("2103", "2208", "2305"),
    names.UPLOAD: ("2204", "2204", "2301"),
    names.WITHDRAW: ("2205", "2205", "2302"),
}
"""Types that are another transaction for a purchase, a visit, a stay (yllb)."""
_REGISTERS = {
    names.VISIT: ("2201", "2202"),
    names.VISIT_DATA: ("2203", ""),
    names.ADMISSION: ("2401", "2404"),
    names.CHANGE: ("2403", ""),
    names.DISCHARGE: ("2402", "2405"),
}
"""Registers, and what takes each back (zfbz)."""
_ONE = {
    names.ACCOUNT: "1101",
    names.PRE_REGISTER: "2206",
    names.REGISTER: "2207",
    names.PRE_SETTLE_STAY: "2303",
    names.SETTLE_STAY: "2304",
    names.PROVE: "9801",
    names.TIER: "9802",
    names.CHECK_PROOF: "9803",
    names.BENEFITS: "2001",
}
_KEYS = {"jzdyh": "mdtrt_id", "personno": "psn_no", "kzxx": "expContent"}
_CITED = {"translsh": "setl_id", **_KEYS}
_CERTIFIED = {"mdtrt_cert_type": VOUCHER}
_SETTLED = (Node(name="setlinfo", members=SETTLEMENT),)
_PURCHASE = (
    Node(
        name="druginfo",
        members={**HEAD, "jzrq": "begntime"},
        fixed={**_CERTIFIED, "med_type": PURCHASE_TYPE},
    ),
    Node(name="drugdetail", rows="mxs", members=LINE, fixed={"rx_circ_flag": NO_TRANSFER}),
)
_OF_VISIT = {**HEAD, "jzdyh": "mdtrt_id", "jfpc": "chrg_bchno", "yllb": "med_type", **SCOPE}
_OF_STAY = {**HEAD, "jzdyh": "mdtrt_id", "ztjs": "mid_setl_flag", "cyrq": "dscg_time", **SCOPE}
_BY_ITEM = {**_CERTIFIED, "psn_setlway": BY_ITEM}
_DETAIL = {"rx_circ_flag": NO_TRANSFER, "hosp_appr_flag": NO_APPROVAL}
_WHOSE = {"jzdyh": "mdtrt_id", "personno": "psn_no"}
_BATCH = {**_WHOSE, "jfpc": "chrg_bchno"}
_DISEASES = Node(name="diseinfo", rows="zds", members=DIAGNOSIS)


def _data(members: Mapping[str, str], **fixed: str) -> tuple[Node, ...]:
    return (Node(name="data", members=members, fixed=fixed),)


def _details(**more: str) -> tuple[Node, ...]:
    return (Node(name="feedetail", rows="mxs", members=DETAIL, shared={**_BATCH, **more}, fixed=_DETAIL),)


_RESULT = (Node(name="result", rows="mxs", members=UPLOADED),)
_REGISTERED = {"jzdyh": "mdtrt_id", "personno": "psn_no", "jzlsh": "ipt_otp_no"}
_PROOF = {
    "zmbh": "proof_no",
    "personno": "psn_no",
    "xzlx": "insutype",
    "ksny": "from_month",
    "jsny": "to_month",
    "ys": "months",
    "jym": "check_value",
}
FORMS: Mapping[str, Form] = {
    "2101": Form(input=_PURCHASE, output=_SETTLED),
    "2102": Form(input=_PURCHASE, output=_SETTLED),
    "2206": Form(input=_data(_OF_VISIT, **_BY_ITEM), output=_SETTLED),
    "2207": Form(input=_data(_OF_VISIT, **_BY_ITEM), output=_SETTLED),
    "2303": Form(input=_data(_OF_STAY, **_BY_ITEM), output=_SETTLED),
    "2304": Form(input=_data(_OF_STAY, **_BY_ITEM), output=_SETTLED),
    **dict.fromkeys(("2103", "2208", "2305", "5203"), Form(input=_data(_CITED), output=_SETTLED)),
    "2601": Form(input=_data({"personno": "psn_no", "ymsgid": "omsgid"})),
    "2201": Form(
        input=_data(
            {
                **INSURED,
                "jzrq": "begntime",
                "jzlsh": "ipt_otp_no",
                "ysbm": "atddr_no",
                "ysxm": "dr_name",
                "ksbm": "dept_code",
                "ksmc": "dept_name",
                "ksfl": "caty",
                "kzxx": "expContent",
            },
            **_CERTIFIED,
        ),
        output=(Node(name="data", members=_REGISTERED),),
    ),
    "2202": Form(input=_data({**_REGISTERED, "kzxx": "expContent"})),
    "2203": Form(
        input=(
            Node(
                name="mdtrtinfo",
                members={
                    **_KEYS,
                    "yllb": "med_type",
                    "jzrq": "begntime",
                    "zs": "main_cond_dscr",
                    "bzbm": "dise_codg",
                    "bzmc": "dise_name",
                },
            ),
            _DISEASES,
        )
    ),
    "2204": Form(input=_details(), output=_RESULT),
    "2301": Form(input=_details(yllb="med_type"), output=_RESULT),
    "2205": Form(input=_data({**_BATCH, "kzxx": "expContent"})),
    "2302": Form(input=(Node(name="data", rows="mxs", members={"mxxh": "feedetl_sn"}, shared=_WHOSE),)),
    "2401": Form(
        input=(Node(name="mdtrtinfo", members=ADMITTED, fixed=_CERTIFIED), _DISEASES),
        output=(Node(name="result", members={"jzdyh": "mdtrt_id"}),),
    ),
    "2403": Form(input=(Node(name="adminfo", members={**ADMITTED, "jzdyh": "mdtrt_id"}), _DISEASES)),
    "2402": Form(
        input=(
            Node(
                name="dscginfo",
                members={
                    **_KEYS,
                    "xzlx": "insutype",
                    "cyrq": "endtime",
                    "ksbm": "dscg_dept_codg",
                    "ksmc": "dscg_dept_name",
                    "cwh": "dscg_bed",
                    "cyfs": "dscg_way",
                    "swrq": "die_date",
                },
            ),
            _DISEASES,
        )
    ),
    **dict.fromkeys(("2404", "2405"), Form(input=_data(_KEYS))),
    "9801": Form(input=_data(INSURED, **_CERTIFIED), output=(Node(name="proof", members=_PROOF),)),
    "9802": Form(
        input=_data({**INSURED, "dc": "tier"}, **_CERTIFIED),
        output=(
            Node(
                name="change",
                members={
                    "bgbh": "change_no",
                    "personno": "psn_no",
                    "ydc": "from_tier",
                    "xdc": "to_tier",
                    "nd": "year",
                },
            ),
        ),
    ),
    "9803": Form(
        input=_data({"zmbh": "proof_no", "jym": "check_value"}),
        output=(Node(name="proof", members={"zsbz": "genuine", **_PROOF}),),
    ),
    "2001": Form(
        input=_data(
            {
                "personno": "psn_no",
                "xzlx": "insutype",
                "jgdm": "fixmedins_code",
                "yllb": "med_type",
                "jzrq": "begntime",
            }
        ),
        output=(
            Node(
                name="trtinfo",
                rows="dys",
                members={
                    "personno": "psn_no",
                    "jjlx": "fund_pay_type",
                    "xsbz": "trt_enjymnt_flag",
                    "ksrq": "begndate",
                    "jsrq": "enddate",
                    "jcjg": "trt_chk_rslt",
                },
            ),
        ),
    ),
    "1101": Form(input=_data({**CERTIFICATE, "jzrq": "begntime"}, **_CERTIFIED)),
}
"""Every transaction that a message can be; the output of 1101 is more than other names (module `codec`)."""


def content(message: Members) -> Members:
    """xxnr; empty when it is no object."""
    found = message.get("xxnr")
    return found if is_object(found) else {}


def kind_of(message: Members) -> str:
    """The type of a message (xxlxm); empty when there is none."""
    found = message.get("xxlxm")
    return found if isinstance(found, str) else ""


def transaction_of(message: Members) -> str:
    """The transaction of the institution interface that a message is; empty for none."""
    kind, told = kind_of(message), content(message)
    if kind == names.REFUND and told.get("ymsgid"):
        return names.REVERSAL
    if kind == names.QUERY:
        return "5203" if told.get("translsh") else ""
    if kind in _REGISTERS:
        return _REGISTERS[kind][told.get("zfbz") == names.CANCELLED]
    return _ONE.get(kind) or _by_class(kind, told)


def doubted(told: Members) -> str:
    """The transaction that a reversal is of: by the type of the message in doubt (ymsglx), and its yllb."""
    kind = str(told.get("ymsglx") or "")
    return "2401" if kind == names.ADMISSION else _ONE.get(kind) or _by_class(kind, told)


def _by_class(kind: str, told: Members) -> str:
    """A type that is several transactions: the one of this yllb."""
    if kind not in _BY_CLASS:
        return ""
    purchase, visit, stay = _BY_CLASS[kind]
    found = str(told.get("yllb") or PURCHASE_TYPE)
    if found == PURCHASE_TYPE:
        return purchase
    return stay if found.startswith(STAY_TYPES) else visit
