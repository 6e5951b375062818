"""Calls to a voucher centre, as channels and terminal libraries make them: requests to bytes, answers from bytes.

The data of a library's call may be an object or a string of JSON, a body UTF-8 or GBK; an answer says its charset in
its content type. Answers are `voucher_messages.CentreReply`. No I/O.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from harness.wire import voucher_messages as messages
from harness.wire.voucher_messages import CentreReply, EcQuery

UTF_8, GBK = "utf-8", "gbk"
AS_OBJECT, AS_STRING = "object", "string"
SMS_PATH = "/sms"
PRESENT, CANCEL, SMS = "terminal.present", "terminal.cancel", "sms"
PATHS: Mapping[str, str] = {
    **dict.fromkeys(messages.LIBRARY_CALLS, messages.QR_QUERY_PATH),
    messages.TOKEN_CHECK: messages.TOKEN_CHECK_PATH,
    messages.QRCODE: messages.QRCODE_PATH,
    messages.STATE: messages.STATE_PATH,
    messages.ACTIVATE: messages.ACTIVATE_PATH,
    messages.PASSWORD: messages.PASSWORD_PATH,
    messages.PLACE: messages.PLACE_PATH,
    messages.FAMILY: messages.FAMILY_PATH,
    messages.PROMOTER: messages.PROMOTER_PATH,
    messages.ORG_CODE: messages.ORG_CODE_PATH,
    messages.ORG_QUERY: messages.ORG_QUERY_PATH,
    PRESENT: messages.TERMINAL_PRESENT_PATH,
    CANCEL: messages.TERMINAL_CANCEL_PATH,
    SMS: SMS_PATH,
}
"""Where each call goes."""


@dataclass(frozen=True, kw_only=True)
class CentreCall:
    """One call: its name, as faults and field tables have it, and its body; the text message has none and is a GET."""

    name: str
    body: Mapping[str, object]

    @property
    def path(self) -> str:
        """Where it goes."""
        return PATHS[self.name]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who a channel speaks for, and the channel."""

    channel: str
    id_no: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Who asks at an institution: the head of what a terminal library says."""

    institution: str
    operator: str = "0001"
    operator_name: str = "测试收费员"
    office: str = "A01"
    office_name: str = "收费处"
    business_type: str = messages.PHARMACY_PURCHASE


@dataclass(frozen=True, kw_only=True)
class ResultNotice:
    """The result of a settlement for the terminal's screen; amounts in yuan, as the wire spells them."""

    auth_no: str
    business_number: str
    id_no: str
    name: str
    total: str
    fund: str
    account: str
    own: str
    at: str
    settlement: str
    state: str = "SUCCESS"


# --- channels ---


def show_code(holder: Holder, *, member: str = "") -> CentreCall:
    """A code of one's own, or of a bound member by ID number."""
    more = {"memberIdNo": member} if member else {}
    return _by_channel(messages.QRCODE, holder, idType=messages.RESIDENT_ID, **more)


def ask_state(holder: Holder) -> CentreCall:
    """The state of a voucher."""
    return _by_channel(messages.STATE, holder)


def take_step(channel: str, step: str, **needs: object) -> CentreCall:
    """A step of activation with what it needs."""
    return CentreCall(
        name=messages.ACTIVATE, body={"transType": messages.ACTIVATE, "chnlId": channel, "step": step, **needs}
    )


def password(holder: Holder, action: str, given: str, **more: object) -> CentreCall:
    """The voucher password: set, change, reset or verify."""
    return _by_channel(messages.PASSWORD, holder, action=action, password=given, **more)


def choose_place(holder: Holder, place: str) -> CentreCall:
    """The insured place."""
    return _by_channel(messages.PLACE, holder, insuOrg=place)


def family(holder: Holder, action: str, **more: object) -> CentreCall:
    """The family account: bind, unbind or list."""
    return _by_channel(messages.FAMILY, holder, action=action, **more)


def promoter(action: str, code: str, **more: object) -> CentreCall:
    """A promoter's account, withdrawal, or the review of one."""
    body = {"transType": messages.PROMOTER, "action": action, "promoterCode": code, **more}
    return CentreCall(name=messages.PROMOTER, body=body)


def own_code(institution: str) -> CentreCall:
    """An institution's own code."""
    return CentreCall(name=messages.ORG_CODE, body={"transType": messages.ORG_CODE, "orgId": institution})


def owner_of_code(code: str) -> CentreCall:
    """Whose own code a text is."""
    return CentreCall(name=messages.ORG_QUERY, body={"transType": messages.ORG_QUERY, "orgCode": code})


def text_message(activation: str) -> CentreCall:
    """What the person reads on the phone: the code of an SMS."""
    return CentreCall(name=SMS, body={"activationNo": activation})


# --- terminal libraries ---


def decode(desk: Desk, text: str, *, code_field: str = messages.CODE_FIELD) -> CentreCall:
    """A scanned text becomes identity and token (ec.query)."""
    query = EcQuery(
        institution=desk.institution,
        operator=desk.operator,
        operator_name=desk.operator_name,
        office=desk.office,
        office_name=desk.office_name,
        code=text,
        business_type=desk.business_type,
    )
    return CentreCall(name=messages.QR_QUERY, body=messages.ec_query(query, code_field=code_field))


def at_terminal(desk: Desk, name: str, **more: object) -> CentreCall:
    """A call of the library in which the terminal has a part."""
    return _by_library(name, desk, businessType=desk.business_type, **more)


def show_result(desk: Desk, notice: ResultNotice, **more: object) -> CentreCall:
    """The result of a settlement goes to the terminal's screen (cn.nhsa.settle.notify)."""
    return _by_library(
        messages.SHOW_RESULT,
        desk,
        outBizNo=notice.business_number,
        medicalSettleState=notice.state,
        authNo=notice.auth_no,
        totalFee=notice.total,
        bizType="settle",
        idNo=notice.id_no,
        userName=notice.name,
        setlTime=notice.at,
        hospitalName="联调测试机构",
        medicalSettleNo=notice.settlement,
        ownAmt=notice.own,
        hifAmt=notice.fund,
        acctAmt=notice.account,
        **more,
    )


def check_token(token: str, *, id_no: str = "", name: str = "", institution: str = "") -> CentreCall:
    """Whether a token is a person's and an institution's."""
    body = {"ecToken": token, "idType": messages.RESIDENT_ID, "idNo": id_no, "userName": name, "orgId": institution}
    return CentreCall(name=messages.TOKEN_CHECK, body={key: value for key, value in body.items() if value})


# --- the patient at a terminal ---


def present(institution: str, thing: str, text: str, **more: object) -> CentreCall:
    """A code, a face or a card is held before an institution's terminal."""
    return CentreCall(name=PRESENT, body={"orgId": institution, "kind": thing, "text": text, **more})


def cancel(institution: str) -> CentreCall:
    """The patient presses cancel."""
    return CentreCall(name=CANCEL, body={"orgId": institution})


# --- bytes ---


def encode_call(call: CentreCall, *, charset: str = UTF_8, data_as: str = AS_OBJECT) -> tuple[str, bytes]:
    """Content type and body. Raises ValueError when the charset lacks a character."""
    body = dict(call.body)
    if data_as == AS_STRING and "data" in body:
        body["data"] = json.dumps(body["data"], ensure_ascii=False)
    try:
        raw = json.dumps(body, ensure_ascii=False).encode(charset)
    except UnicodeEncodeError as error:
        raise ValueError(f"{charset} has no {error.object[error.start : error.end]!r}") from error
    return f"application/json;charset={charset.upper()}", raw


def decode_answer(content_type: str, raw: bytes) -> CentreReply:
    """An answer from its bytes. Raises ValueError that says why it is none."""
    try:
        body = json.loads(raw.decode(charset_of(content_type)))
    except LookupError as error:
        raise ValueError(f"its charset is none: {content_type!r}") from error
    except RecursionError as error:
        raise ValueError("its answer is too deep") from error
    return messages.parse_reply(body)


def charset_of(content_type: str) -> str:
    """The charset that a content type names; UTF-8 without one."""
    return content_type.lower().partition("charset=")[2].partition(";")[0].strip(' "') or UTF_8


def _by_channel(name: str, holder: Holder, **more: object) -> CentreCall:
    body = {"transType": name, "idNo": holder.id_no, "userName": holder.name, "chnlId": holder.channel, **more}
    return CentreCall(name=name, body=body)


def _by_library(name: str, desk: Desk, **more: object) -> CentreCall:
    data = {
        "orgId": desk.institution,
        "operatorId": desk.operator,
        "operatorName": desk.operator_name,
        "officeId": desk.office,
        "officeName": desk.office_name,
        **more,
    }
    return CentreCall(name=name, body={"orgId": desk.institution, "transType": name, "data": data})
