"""SOF over HTTP against bodies written by hand: one path, the function's name in the body, one bare result."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import (
    ParseCert,
    ParseCertReply,
    RequestType,
    SignData,
    SignedReply,
    SvsAnswer,
    SvsCall,
    SvsMalformed,
    SvsRefusal,
    SvsReply,
    SvsRequest,
    VerifiedReply,
    VerifySignedData,
)
from harness.wire.encryption_machine.svs_http import JSON_TYPE, HttpMessage, SvsHttpCodec
from harness.wire.encryption_machine.svs_profile import load_svs_profile

NOW = datetime(2020, 10, 14, 0, 30, tzinfo=UTC)
SOF = SvsHttpCodec(load_svs_profile("sof"))
PATH = "/GFA_GM/v1_0/SOF"
SIGNATURE = bytes.fromhex("3006020101020102")
CERT = b"\x30\x03abc"
SIGN = SignData(key_index=11, pin=b"73951846", data=b"original")
VERIFY = VerifySignedData(certificate=CERT, data=b"original", signature=SIGNATURE, level=2)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)
_NAMES = st.sampled_from(["SOF_signData", "SOF_verifySignedData", "SOF_getCertInfo", "SOF_other"])
_MEMBERS = st.sampled_from(["inData", "base64EncodeCert", "signValue", "type"])


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def posted(name: object, arguments: object) -> SvsCall | SvsMalformed:
    body = json.dumps({"exec_name": name, "exec_args": arguments}).encode()
    return SOF.read_call(PATH, JSON_TYPE, body)


def said(message: HttpMessage) -> object:
    return json.loads(message.body)


def heard(request: SvsRequest, body: object) -> SvsReply:
    answer = SOF.read_answer(request, JSON_TYPE, json.dumps(body).encode())
    assert isinstance(answer, SvsAnswer), answer
    return answer.reply


def test_a_signature_by_the_key_that_the_server_holds() -> None:
    call = posted("SOF_signData", {"inData": b64(b"original")})
    assert isinstance(call, SvsCall), call
    assert call.request == SIGN
    assert said(SOF.answer(call, SignedReply(signature=SIGNATURE), when=NOW)) == {
        "code": "0",
        "msg": "SUCCESS",
        "data": b64(SIGNATURE),
    }


def test_a_client_sends_neither_index_nor_pin() -> None:
    asked = SOF.call(SIGN, when=NOW)
    assert asked.path == PATH
    assert said(asked) == {"exec_name": "SOF_signData", "exec_args": {"inData": b64(b"original")}}
    with pytest.raises(ValueError, match="key_index"):
        SOF.call(SignData(key_index=3, pin=b"73951846", data=b"original"), when=NOW)


def test_a_verification_says_true_or_false() -> None:
    call = posted(
        "SOF_verifySignedData",
        {"base64EncodeCert": b64(CERT), "inData": b64(b"original"), "signValue": b64(SIGNATURE)},
    )
    assert isinstance(call, SvsCall), call
    assert call.request == VERIFY
    assert said(SOF.answer(call, VerifiedReply(), when=NOW)) == {"code": "0", "msg": "SUCCESS", "data": True}
    assert said(SOF.refuse(call, Reason.VERIFY_FAILED, when=NOW)) == {"code": "0", "msg": "SUCCESS", "data": False}


@pytest.mark.parametrize("data", [True, "true"])
def test_a_client_reads_true_as_verified_and_false_as_refused(data: object) -> None:
    assert heard(VERIFY, {"code": "0", "msg": "SUCCESS", "data": data}) == VerifiedReply()
    refused = SvsRefusal(code=0x0400000C)
    assert heard(VERIFY, {"code": 0, "msg": "SUCCESS", "data": False}) == refused
    assert heard(VERIFY, {"code": "0", "msg": "SUCCESS", "data": "false"}) == refused


@pytest.mark.parametrize("data", [None, 1.5, "yes", "", {}])
def test_a_verification_that_says_neither_is_no_answer(data: object) -> None:
    body = json.dumps({"code": "0", "msg": "SUCCESS", "data": data}).encode()
    assert isinstance(SOF.read_answer(VERIFY, JSON_TYPE, body), SvsMalformed)


def test_an_item_of_a_certificate() -> None:
    call = posted("SOF_getCertInfo", {"base64EncodeCert": b64(CERT), "type": 6})
    assert isinstance(call, SvsCall), call
    assert call.request == ParseCert(info_type=6, certificate=CERT)
    answered = SOF.answer(call, ParseCertReply(info="CN=银行"), when=NOW)
    assert heard(call.request, said(answered)) == ParseCertReply(info="CN=银行")


def test_a_refusal_is_a_code_as_text() -> None:
    call = posted("SOF_signData", {"inData": b64(b"original")})
    answered = said(SOF.refuse(call, Reason.KEY_MISSING, when=NOW))
    assert answered == {"code": "67108869", "msg": "签名者私钥索引值错误"}
    assert heard(SIGN, answered) == SvsRefusal(code=0x04000005)


@pytest.mark.parametrize("name", ["SOF_exportCert", "signData", "", None, 3, ["SOF_signData"]])
def test_a_function_that_nobody_knows_is_refused_all_the_same(name: object) -> None:
    call = posted(name, {})
    assert isinstance(call, SvsMalformed)
    assert call.type is None
    assert said(SOF.refuse(call, when=NOW)) == {"code": "67108877", "msg": "数据格式错误"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"exec_name":"SOF_signData","exec_args":""}', b"\xff"])
def test_what_is_no_call_is_malformed(body: bytes) -> None:
    assert isinstance(SOF.read_call(PATH, JSON_TYPE, body), SvsMalformed)


def test_a_request_is_known_by_its_body() -> None:
    body = b'{"exec_name": "SOF_getCertInfo"}'
    assert SOF.type_of(PATH, body) is RequestType.PARSE_CERT
    assert SOF.type_of("/elsewhere", body) is None


@given(st.sampled_from([PATH, "/"]), st.binary(max_size=100))
def test_any_body_is_an_event(path: str, body: bytes) -> None:
    event = SOF.read_call(path, JSON_TYPE, body)
    assert isinstance(event, SvsMalformed)
    if path == PATH:
        assert said(SOF.refuse(event, when=NOW)) != {"code": "0"}
    SOF.read_answer(SIGN, JSON_TYPE, body)


@given(_NAMES | _JSON, st.dictionaries(_MEMBERS, _JSON) | _JSON)
def test_any_json_is_an_event_that_can_be_refused(name: object, arguments: object) -> None:
    event = posted(name, arguments)
    assert said(SOF.refuse(event, Reason.BAD_INPUT, when=NOW))
    for request in (SIGN, VERIFY):
        SOF.read_answer(request, JSON_TYPE, json.dumps({"code": name, "data": arguments}).encode())
