"""What is said to and by the voucher centre (电子凭证管理中心): requests, answers, return codes, field tables.

The code itself is in `voucher`. Everything here is JSON objects to frozen values and back; no I/O.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import msgspec

from harness.wire.fields import (
    FieldProblem,
    FieldSpec,
    Node,
    Rule,
    check_fields,
    check_nodes,
    is_absent,
    is_array,
    is_object,
    load_toml,
    parse_nodes,
    show,
)
from harness.wire.quick_tables import QuickTable

QR_QUERY_PATH = "/localcfc/api/hsecfc/localQrCodeQuery"
TOKEN_CHECK_PATH = "/localcfc/api/hsecfc/localEcTokenCheck"  # noqa: S105 - a path
PAY_CONFIRM_PATH = "/localcfc/api/hsecfc/payConfirm"
PAY_ANSWER_PATH = "/localcfc/api/hsecfc/payAnswer"
QRCODE_PATH = "/ebus/channel/api/cfc/nationcfc/ec/qrcode"
TERMINAL_PROMPTS_PATH = "/terminal/prompts"
PUSH_PROMPT_PATH = "/push/prompt"
PUSH_NOTICE_PATH = "/push/notice"
PUSH_BILL_PATH = "/push/bill"
"""Own design: the platform tells a channel with a bills page what a settlement paid with its code comes to."""
PUSH_SCREEN_PATH = "/push/screen"
"""Own design: the voucher centre puts the result of a settlement on the terminal's screen."""
ON_SCREEN = (
    "medicalSettleState",
    "bizType",
    "totalFee",
    "hifAmt",
    "acctAmt",
    "ownAmt",
    "userName",
    "hospitalName",
    "setlTime",
)
"""The members of cn.nhsa.settle.notify that go to the screen."""
_CHANNEL = "/ebus/channel/api/cfc/nationcfc/ec"
STATE_PATH = f"{_CHANNEL}/ec_state"
"""The one channel path that a public source names; what is said there is our own design."""
ACTIVATE_PATH, PASSWORD_PATH, PLACE_PATH = f"{_CHANNEL}/activate", f"{_CHANNEL}/password", f"{_CHANNEL}/place"
FAMILY_PATH, PROMOTER_PATH = f"{_CHANNEL}/family", f"{_CHANNEL}/promoter"
ORG_CODE_PATH, ORG_QUERY_PATH = f"{_CHANNEL}/orgcode", f"{_CHANNEL}/orgquery"
TERMINAL_PRESENT_PATH, TERMINAL_CANCEL_PATH = "/terminal/present", "/terminal/cancel"
TERMINAL_ASKED_PATH = "/terminal/asked"

QR_QUERY, TOKEN_CHECK, QRCODE = "ec.query", "token-check", "ec.qrcode"
PAY_CONFIRM, PAY_ANSWER = "pay-confirm", "pay-answer"
TERMINAL_SCAN, FACE_START, FACE_CHECK = "cn.nhsa.qrcode.get", "cn.nhsa.ec.auth", "cn.nhsa.auth.check"
READ_CARD, SHOW_RESULT = "cn.nhsa.cert.get", "cn.nhsa.settle.notify"
BOX_SCAN, BOX_RESULT = "iot.gain.ec.qrcode", "iot.medical.settle.notify"
"""The two calls of Alipay's IoT box (docs/sources.md, 2.4)."""
AT_TERMINAL = (TERMINAL_SCAN, FACE_CHECK, READ_CARD, BOX_SCAN)
"""The calls of the terminal library that wait for what a patient holds before the terminal."""
LIBRARY_CALLS = (
    QR_QUERY,
    TERMINAL_SCAN,
    FACE_START,
    FACE_CHECK,
    READ_CARD,
    SHOW_RESULT,
    BOX_SCAN,
    BOX_RESULT,
)
"""What the terminal library (动态库) says at the one decoding path, told apart by transType."""
STATE, ACTIVATE, PASSWORD, PLACE = "ec.state", "ec.activate", "ec.password", "ec.place"
FAMILY, PROMOTER, ORG_CODE, ORG_QUERY = "ec.family", "ec.promoter", "ec.orgcode", "ec.orgquery"
DRUG_LIST = "drug-list"
CODE_FIELD = "ecQrCode"
RESIDENT_ID = "01"
PHARMACY_PURCHASE = "02121"
GENDER_TEXT = {"1": "男", "2": "女"}


@dataclass(frozen=True, kw_only=True)
class ReturnCode:
    """One return code of the centre, with what a person reads; `invented` when no public source gives it."""

    id: str
    code: int
    chinese: str
    english: str
    invented: bool


@cache
def return_codes() -> Mapping[str, ReturnCode]:
    """All return codes, by id."""
    rows = load_toml("voucher_codes.toml")["code"]
    assert isinstance(rows, list)
    return {
        row["id"]: ReturnCode(
            id=row["id"],
            code=row["code"],
            chinese=row["chinese"],
            english=row["english"],
            invented=row["source"] == "invented",
        )
        for row in rows
    }


def return_code(code: int) -> ReturnCode | None:
    """What a number means; None for one that is not in the table."""
    return next((known for known in return_codes().values() if known.code == code), None)


@dataclass(frozen=True, kw_only=True)
class EcQuery:
    """A request to decode a scanned code (ec.query); `code` is the scanned text."""

    institution: str
    operator: str
    operator_name: str
    office: str
    office_name: str
    code: str
    business_type: str = PHARMACY_PURCHASE
    device_type: str = ""


def ec_query(query: EcQuery, *, code_field: str = CODE_FIELD) -> dict[str, object]:
    """The request as the wire spells it. `code_field` names the member of data that carries the scanned text."""
    data = {
        "orgId": query.institution,
        "businessType": query.business_type,
        "operatorId": query.operator,
        "operatorName": query.operator_name,
        "officeId": query.office,
        "officeName": query.office_name,
        code_field: query.code,
    }
    if query.device_type:
        data["deviceType"] = query.device_type
    return {"orgId": query.institution, "transType": QR_QUERY, "data": data}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a code belongs to, and the token (ecToken) that stands for them in later transactions."""

    id_no: str
    name: str
    token: str
    insured_place: str
    index_no: str
    gender: str
    """The text 男 or 女, as samples have it, not a code."""
    birthday: str
    """As samples have it: yyyy.MM.dd."""
    channel: str
    code: str
    auth_no: str = ""
    """The authorisation number of a face flow, else empty."""

    def to_wire(self) -> dict[str, object]:
        """The data of an answer to ec.query; of one to cn.nhsa.auth.check, where authNo is beside it."""
        more = {"authNo": self.auth_no} if self.auth_no else {}
        return {
            "idNo": self.id_no,
            "idType": RESIDENT_ID,
            "userName": self.name,
            "ecToken": self.token,
            "insuOrg": self.insured_place,
            "ecIndexNo": self.index_no,
            "gender": self.gender,
            "birthday": self.birthday,
            "chnlId": self.channel,
            "ecQrCode": self.code,
            **more,
        }


@dataclass(frozen=True, kw_only=True)
class CentreReply:
    """An answer of the centre: done when `code` is 0."""

    code: int
    message: str
    data: Mapping[str, object]

    @property
    def accepted(self) -> bool:
        """Whether the call did what it was asked to."""
        return self.code == 0

    def identity(self) -> Identity:
        """The person of an ec.query's answer. Raises ValueError naming the missing member."""
        try:
            return Identity(
                id_no=str(self.data["idNo"]),
                name=str(self.data["userName"]),
                token=str(self.data["ecToken"]),
                insured_place=str(self.data.get("insuOrg", "")),
                index_no=str(self.data.get("ecIndexNo", "")),
                gender=str(self.data.get("gender", "")),
                birthday=str(self.data.get("birthday", "")),
                channel=str(self.data.get("chnlId", "")),
                code=str(self.data.get("ecQrCode", "")),
                auth_no=str(self.data.get("authNo") or ""),
            )
        except KeyError as error:
            raise ValueError(f"the centre's answer lacks {error}") from error


def reply(
    meaning: str, *, institution: str = "", data: Mapping[str, object] | None = None, detail: str = "", data_as: str
) -> dict[str, object]:
    """An answer as the wire spells it; `meaning` is the id of a return code, `data_as` object or string."""
    known = return_codes()[meaning]
    content: object = data or {}
    return {
        "orgId": institution,
        "code": known.code,
        "message": f"{known.chinese}：{detail}" if detail else known.chinese,
        "success": known.code == 0,
        "type": "success" if known.code == 0 else "error",
        "data": json.dumps(content, ensure_ascii=False) if data_as == "string" else content,
        "extra": None,
    }


def parse_reply(body: object) -> CentreReply:
    """An answer from its JSON; data may be an object or a string of one. Raises ValueError when it is no answer."""
    if not is_object(body) or is_absent(body.get("code")):
        raise ValueError("the centre's answer is no object with a code")
    try:
        code = int(str(body["code"]))
    except ValueError as error:
        raise ValueError(f"the centre's code is no number: {show(body['code'])}") from error
    data = body.get("data")
    if isinstance(data, str) and data:
        data = json.loads(data)
    return CentreReply(code=code, message=str(body.get("message") or ""), data=data if is_object(data) else {})


def check(
    message: str,
    body: Mapping[str, object],
    *,
    code_field: str = CODE_FIELD,
    lengths: Mapping[str, int] | None = None,
) -> tuple[FieldProblem, ...]:
    """Every wrong field of a request to the centre; `message` is one of this module's message names.

    `lengths` are of members of data that may be longer in a province than the nation allows.
    """
    problems: list[FieldProblem] = []
    if not _quick_table(message).surely_fits(body):
        problems += check_fields(_outer(message), body, "")
        problems += check_nodes(_nodes(message, "input"), body, "")
    data = body.get("data")
    if problems and lengths and is_object(data):
        longer = {f"data.{name}" for name, most in lengths.items() if len(str(data.get(name) or "")) <= most}
        problems = [one for one in problems if one.rule is not Rule.LENGTH or one.path not in longer]
    if message not in LIBRARY_CALLS or not is_object(data):
        return tuple(problems)
    if message == QR_QUERY and (not isinstance(data.get(code_field), str) or not data[code_field]):
        problems.append(
            FieldProblem(
                path=f"data.{code_field}",
                rule=Rule.REQUIRED,
                expected="the scanned text",
                seen=show(data.get(code_field)),
            )
        )
    if not is_absent(data.get("orgId")) and data.get("orgId") != body.get("orgId"):
        problems.append(
            FieldProblem(
                path="data.orgId",
                rule=Rule.CONSISTENT,
                expected=f"the outer orgId {show(body.get('orgId'))}",
                seen=show(data.get("orgId")),
            )
        )
    return tuple(problems)


def check_drug_list(text: str) -> tuple[FieldProblem, ...]:
    """Every wrong field of a result notice's drugList, which is a JSON string of an array."""
    path = "data.drugList"
    try:
        rows = json.loads(text)
    except ValueError:
        rows = None
    if not is_array(rows):
        return (FieldProblem(path=path, rule=Rule.FORMAT, expected="a JSON string of an array", seen=show(text)),)
    problems: list[FieldProblem] = []
    for index, row in enumerate(rows):
        where = f"{path}[{index}]"
        if is_object(row):
            problems += check_fields(_outer(DRUG_LIST), row, where)
        else:
            problems.append(FieldProblem(path=where, rule=Rule.TYPE, expected="an object", seen=show(row)))
    return tuple(problems)


def check_identity(data: Mapping[str, object]) -> tuple[FieldProblem, ...]:
    """Every wrong field of the data that answers an ec.query."""
    return tuple(check_nodes(_nodes(QR_QUERY, "output"), {"data": data}, ""))


@cache
def _table(message: str) -> Mapping[str, object]:
    table = load_toml("voucher_fields.toml")[message]
    assert is_object(table)
    return table


@cache
def _outer(message: str) -> tuple[FieldSpec, ...]:
    rows = _table(message)["outer"]
    assert isinstance(rows, list)
    return tuple(FieldSpec(**row) for row in rows)


@cache
def _quick_table(message: str) -> QuickTable:
    return QuickTable(_outer(message), _nodes(message, "input"))


@cache
def _nodes(message: str, part: str) -> tuple[Node, ...]:
    return parse_nodes(_table(message).get(part, []))
