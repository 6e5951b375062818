"""The signature server's HTTP dialects against bodies written by hand, both sides, and against any body at all."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.encryption_machine.profile import laid_over_base
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import (
    SGD_SM3_SM2,
    ExportCert,
    ExportCertReply,
    GenRandom,
    MultiPartInit,
    MultiPartUpdate,
    ParseCert,
    ParseCertReply,
    Part,
    RandomReply,
    RequestType,
    SignData,
    SignDataFinal,
    SignedMessageReply,
    SignedReply,
    SignMessage,
    SignMessageFinal,
    StateReply,
    SvsAnswer,
    SvsCall,
    SvsMalformed,
    SvsRefusal,
    SvsReply,
    SvsRequest,
    ValidateCert,
    ValidateCertReply,
    VerifiedReply,
    VerifySignedData,
    VerifySignedDataFinal,
    VerifySignedMessage,
    VerifySignedMessageFinal,
)
from harness.wire.encryption_machine.svs_http import FORM_TYPE, JSON_TYPE, SvsHttpCodec
from harness.wire.encryption_machine.svs_profile import load_svs_profile, offered_svs_profiles, svs_profile

NOW = datetime(2020, 10, 14, 0, 30, tzinfo=UTC)
FISHERMAN = SvsHttpCodec(load_svs_profile("fisherman-json"))
BANK = SvsHttpCodec(load_svs_profile("bank-demo"))
FLAT = SvsHttpCodec(load_svs_profile("form-flat"))
CODECS = [SvsHttpCodec(load_svs_profile(name)) for name in offered_svs_profiles("http")]
WHOLE = [codec for codec in CODECS if codec.profile.name != "sof"]
"""Those that have all requests of GM/T 0029; SOF has a file of tests of its own."""
SIGNATURE = bytes.fromhex("3006020101020102")
CERT = b"\x30\x03abc"
DATA = b"\xfb\xff\xfe>>>???"
"""Its Base64 has + and / in it."""

EXCHANGES: list[tuple[SvsRequest, SvsReply]] = [
    (ExportCert(identification="银行签名证书"), ExportCertReply(certificate=CERT)),
    (ParseCert(info_type=6, certificate=CERT), ParseCertReply(info="CN=银行")),
    (ValidateCert(certificate=CERT, ocsp=True), ValidateCertReply(state=1)),
    (SignData(key_index=1, pin=b"12345678", data=DATA), SignedReply(signature=SIGNATURE)),
    (VerifySignedData(certificate=CERT, data=DATA, signature=SIGNATURE, level=2), VerifiedReply()),
    (VerifySignedData(serial="0A1B", data=b"", signature=SIGNATURE), VerifiedReply()),
    *(
        (
            MultiPartInit(part=part, public_key=b"\x04" * 65, user_id=b"1234567812345678", data=DATA),
            StateReply(state=DATA),
        )
        for part in Part
    ),
    *((MultiPartUpdate(part=part, state=DATA, data=DATA), StateReply(state=b"")) for part in Part),
    (SignDataFinal(key_index=1, pin=b"p", state=DATA), SignedReply(signature=SIGNATURE)),
    (VerifySignedDataFinal(certificate=CERT, state=DATA, signature=SIGNATURE, level=1), VerifiedReply()),
    (
        SignMessage(key_index=2, pin=b"p", data=DATA, original_text=True, crl=False),
        SignedMessageReply(signed_message=CERT),
    ),
    (VerifySignedMessage(data=None, signed_message=CERT, hash_flag=True), VerifiedReply()),
    (VerifySignedMessage(data=DATA, signed_message=CERT), VerifiedReply()),
    (SignMessageFinal(key_index=1, pin=b"p", state=DATA), SignedMessageReply(signed_message=CERT)),
    (VerifySignedMessageFinal(state=DATA, signed_message=CERT), VerifiedReply()),
]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("codec", WHOLE, ids=lambda codec: codec.profile.name)
@pytest.mark.parametrize(("request_", "reply"), EXCHANGES, ids=lambda value: type(value).__name__)
def test_every_request_and_reply_both_ways(codec: SvsHttpCodec, request_: SvsRequest, reply: SvsReply) -> None:
    asked = codec.call(request_, when=NOW)
    call = codec.read_call(asked.path, asked.content_type, asked.body)
    assert isinstance(call, SvsCall), call
    assert call.request == request_
    answered = codec.answer(call, reply, when=NOW)
    answer = codec.read_answer(request_, answered.content_type, answered.body)
    assert isinstance(answer, SvsAnswer), answer
    assert (answer.reply, answer.code, answer.type) == (reply, 0, call.type)


@pytest.mark.parametrize("codec", WHOLE, ids=lambda codec: codec.profile.name)
def test_a_refusal_both_ways(codec: SvsHttpCodec) -> None:
    request = EXCHANGES[3][0]
    asked = codec.call(request, when=NOW)
    call = codec.read_call(asked.path, asked.content_type, asked.body)
    answered = codec.refuse(call, Reason.KEY_MISSING, when=NOW)
    answer = codec.read_answer(request, answered.content_type, answered.body)
    assert isinstance(answer, SvsAnswer)
    assert answer.reply == SvsRefusal(code=0x04000005)
    assert answer.code == 67108869


def test_fisherman_as_its_client_speaks() -> None:
    body = json.dumps(
        {
            "version": "v1",
            "reqType": "VerifySignedData",
            "request": {
                "type": 1,
                "cert": b64(CERT),
                "certSN": "",
                "inData": b64(b"random text"),
                "signature": b64(SIGNATURE),
                "verifyLevel": 1,
            },
            "reqTime": "20201014003000+0000",
        }
    ).encode()
    call = FISHERMAN.read_call("/SignServerJson/VerifySignedData", "application/json", body)
    assert isinstance(call, SvsCall), call
    assert call.request == VerifySignedData(certificate=CERT, data=b"random text", signature=SIGNATURE, level=1)
    assert call.time == "20201014003000+0000"
    answered = json.loads(FISHERMAN.answer(call, VerifiedReply(), when=NOW).body)
    assert (answered["version"], answered["reqType"], answered["respond"]) == (
        "v1",
        "VerifySignedData",
        {"respValue": 0},
    )
    asked = FISHERMAN.call(call.request, when=NOW)
    assert asked.path == "/SignServerJson/VerifySignedData"
    assert asked.headers == {"SVS-Request-Version": "v1", "SVS-Request-Time": "20201014003000+0000"}
    assert json.loads(asked.body)["request"]["inData"] == b64(b"random text")


def test_fisherman_random_numbers() -> None:
    asked = FISHERMAN.call(GenRandom(size=32), when=NOW)
    assert asked.path == "/SignServerJson/GenRandomData"
    assert json.loads(asked.body)["request"] == {"len": 32}
    call = FISHERMAN.read_call(asked.path, asked.content_type, asked.body)
    answered = FISHERMAN.answer(call, RandomReply(data=bytes(32)), when=NOW)
    assert json.loads(answered.body)["respond"]["randomData"] == b64(bytes(32))
    with pytest.raises(ValueError, match="genRandomData"):
        BANK.call(GenRandom(size=32), when=NOW)


def test_the_bank_s_client() -> None:
    request = SignData(key_index=3, pin=b"12345678", data=b"abc", user_id=b"1234567812345678")
    asked = BANK.call(request, when=NOW)
    assert asked.path == "/SignData"
    assert json.loads(asked.body) == {
        "version": 0,
        "reqType": "signData",
        "request": {
            "signMethod": 131585,
            "keyIndex": 3,
            "keyValue": b64(b"12345678"),
            "signerIDLen": 16,
            "signerID": b64(b"1234567812345678"),
            "inDataLen": 3,
            "inData": "YWJj",
        },
        "reqTime": "20201014003000Z",
    }
    call = BANK.read_call(asked.path, asked.content_type, asked.body)
    assert isinstance(call, SvsCall)
    assert call.request == request


@pytest.mark.parametrize("respond_as", ["object", "string"])
@pytest.mark.parametrize("codes_as", ["integer", "string"])
@pytest.mark.parametrize("reply_type", ["method", "path"])
def test_answers_in_every_spelling_a_profile_can_choose(respond_as: str, codes_as: str, reply_type: str) -> None:
    http = {**dict(vars(FISHERMAN.profile.http)), "bodies": ["json"]}
    changed = {"http": http | {"respond_as": respond_as, "codes_as": codes_as, "reply_type": reply_type}}
    codec = SvsHttpCodec(svs_profile("made-up", laid_over_base({"base": "fisherman-json", **changed})))
    request = EXCHANGES[3][0]
    asked = codec.call(request, when=NOW)
    call = codec.read_call(asked.path, asked.content_type, asked.body)
    for reply, code in ((SignedReply(signature=SIGNATURE), 0), (SvsRefusal(code=67108876), 67108876)):
        body = codec.answer(call, reply, when=NOW).body
        outer = json.loads(body)
        assert outer["reqType"] == ("SignData" if reply_type == "method" else "SignServerJson/SignData")
        respond = outer["respond"] if respond_as == "object" else json.loads(outer["respond"])
        assert respond["respValue"] == (code if codes_as == "integer" else str(code))
        for reader in (codec, FISHERMAN):
            answer = reader.read_answer(request, JSON_TYPE, body)
            assert isinstance(answer, SvsAnswer)
            assert (answer.reply, answer.code) == (reply, code)


@pytest.mark.parametrize("code", ["true", "false", "null", '""', '"zero"', "0.0", "[]", '"0x0"', "-0.5", '" 0"'])
def test_a_response_code_is_never_guessed(code: str) -> None:
    body = f'{{"version":0,"reqType":"verifySignedData","respond":{{"respValue":{code}}}}}'.encode()
    event = BANK.read_answer(EXCHANGES[4][0], JSON_TYPE, body)
    assert isinstance(event, SvsMalformed)
    assert "respValue" in event.reason


@pytest.mark.parametrize("of", ['"signData"', '{"cert":"MAMCAQE="}', "[]", "null"])
def test_an_answer_to_another_request_is_refused(of: str) -> None:
    body = f'{{"version":0,"reqType":{of},"respond":{{"respValue":0}}}}'.encode()
    event = BANK.read_answer(EXCHANGES[4][0], JSON_TYPE, body)
    assert isinstance(event, SvsMalformed)
    assert "something else" in event.reason


def test_duplicate_keys_are_refused_where_the_profile_says_so() -> None:
    twice = b'{"version":"v1","reqType":"ExportCert","request":{"identification":"a","identification":"b"}}'
    event = FISHERMAN.read_call("/SignServerJson/ExportCert", JSON_TYPE, twice)
    assert isinstance(event, SvsMalformed)
    assert "twice" in event.reason
    last = BANK.read_call("/ExportCert", JSON_TYPE, twice.replace(b'"v1"', b"0").replace(b"ExportCert", b"exportCert"))
    assert isinstance(last, SvsCall)
    assert last.request == ExportCert(identification="b")
    answer = b'{"version":"v1","reqType":"ExportCert","respond":"{\\"respValue\\":1,\\"respValue\\":0}"}'
    assert isinstance(FISHERMAN.read_answer(ExportCert(identification="a"), JSON_TYPE, answer), SvsMalformed)


def test_forms_say_true_and_false_in_capitals() -> None:
    asked = FLAT.call(SignMessage(key_index=1, pin=b"12345678", data=b"a", original_text=True, crl=False), when=NOW)
    assert asked.content_type == FORM_TYPE
    assert b"originalText=TRUE&crl=FALSE" in asked.body
    assert b"keyValue=12345678" in asked.body
    call = FLAT.read_call(asked.path, asked.content_type, asked.body)
    assert isinstance(call, SvsCall)
    assert call.form
    assert (
        FLAT.answer(call, SignedMessageReply(signed_message=b"ab"), when=NOW).body
        == b"respValue=0&signedMessage=YWI%3D"
    )


def test_flat_json_is_answered_in_flat_json() -> None:
    body = json.dumps({"identification": "x"}).encode()
    call = FLAT.read_call("/ExportCert", "application/json; charset=utf-8", body)
    assert isinstance(call, SvsCall)
    answered = FLAT.answer(call, ExportCertReply(certificate=CERT), when=NOW)
    assert json.loads(answered.body) == {"respValue": 0, "cert": b64(CERT)}


def test_a_form_that_was_encoded_twice() -> None:
    fields = {"keyIndex": "1", "keyValue": "12345678", "inData": quote(b64(DATA), safe="")}
    twice = urlencode(fields).encode()
    assert b"%252B" in twice
    undone = FLAT.read_call("/SignData", FORM_TYPE, twice)
    assert isinstance(undone, SvsCall)
    assert undone.request == SignData(key_index=1, pin=b"12345678", data=DATA)
    strict = SvsHttpCodec(
        svs_profile(
            "made-up",
            laid_over_base(
                {"base": "form-flat", "http": {**vars(FLAT.profile.http), "bodies": ["form"], "doubled": "refuse"}}
            ),
        )
    )
    event = strict.read_call("/SignData", FORM_TYPE, twice)
    assert isinstance(event, SvsMalformed)
    assert "twice" in event.reason


def test_a_form_that_was_not_encoded_at_all() -> None:
    body = f"keyIndex=1&keyValue=12345678&inData={b64(DATA)}".encode()
    event = FLAT.read_call("/SignData", FORM_TYPE, body)
    assert isinstance(event, SvsMalformed)
    assert "space" in event.reason
    assert FLAT.refuse(event, when=NOW).body == b"respValue=67108880"


def test_a_vendor_s_own_numbers_for_the_state() -> None:
    row = {
        "request": [{"name": "certificate", "wire": "cert", "form": "element"}],
        "reply": [{"name": "state", "wire": "state", "form": "integer", "values": {"0": 1, "1": 0}}],
    }
    codec = SvsHttpCodec(
        svs_profile("made-up", laid_over_base({"base": "form-flat", "requests": {"validateCert": row}}))
    )
    asked = codec.call(ValidateCert(certificate=CERT), when=NOW)
    call = codec.read_call(asked.path, asked.content_type, asked.body)
    answered = codec.answer(call, ValidateCertReply(state=0), when=NOW)
    assert b"state=1" in answered.body
    answer = codec.read_answer(ValidateCert(certificate=CERT), answered.content_type, answered.body)
    assert isinstance(answer, SvsAnswer)
    assert answer.reply == ValidateCertReply(state=0)


def test_what_a_dialect_has_no_place_for_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="user_id"):
        FISHERMAN.call(SignData(key_index=1, data=b"", user_id=b"ALICE"), when=NOW)
    with pytest.raises(ValueError, match="exactly one"):
        BANK.call(VerifySignedData(data=b"", signature=SIGNATURE), when=NOW)
    with pytest.raises(ValueError, match="exactly one"):
        BANK.call(VerifySignedData(certificate=CERT, serial="1", data=b"", signature=SIGNATURE), when=NOW)


GOOD = {
    "signMethod": SGD_SM3_SM2,
    "keyIndex": 1,
    "keyValue": b64(b"12345678"),
    "inDataLen": 3,
    "inData": b64(b"abc"),
}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"inDataLen": 4}, Reason.BAD_INPUT),
        ({"inData": "YWJj="}, Reason.BAD_INPUT),
        ({"inData": "YW Jj"}, Reason.BAD_INPUT),
        ({"inData": "YWK=", "inDataLen": 2}, Reason.BAD_INPUT),
        ({"inData": 3}, Reason.BAD_INPUT),
        ({"inData": None}, Reason.BAD_INPUT),
        ({"keyIndex": True}, Reason.KEY_INDEX),
        ({"keyIndex": -1}, Reason.KEY_INDEX),
        ({"keyIndex": 2**70}, Reason.KEY_INDEX),
        ({"keyIndex": "1e3"}, Reason.KEY_INDEX),
        ({"keyValue": b64(bytes(65))}, Reason.DATA_LENGTH),
        ({"signMethod": "SM3"}, Reason.SIGN_METHOD),
        ({"keyValue": "\ud800"}, Reason.PIN_WRONG),
    ],
)
def test_a_wrong_field_gets_its_code(change: dict[str, object], cause: Reason) -> None:
    body = json.dumps({"version": 0, "reqType": "signData", "request": GOOD | change}).encode()
    event = BANK.read_call("/SignData", JSON_TYPE, body)
    assert isinstance(event, SvsMalformed), event
    assert event.cause is cause
    assert event.type is RequestType.SIGN_DATA
    assert event.code == BANK.profile.answers[cause]
    assert json.loads(BANK.refuse(event, when=NOW).body)["respond"] == {"respValue": event.code}


def test_the_type_says_whether_certificate_or_serial_counts() -> None:
    fields = {"cert": b64(CERT), "certSN": "0A1B", "inData": b64(b"abc"), "signature": b64(SIGNATURE), "verifyLevel": 0}
    for number, wanted in ((1, (CERT, None)), (2, (None, "0A1B"))):
        body = json.dumps({"version": 0, "reqType": "verifySignedData", "request": fields | {"type": number}}).encode()
        event = BANK.read_call("/VerifySignedData", JSON_TYPE, body)
        assert isinstance(event, SvsCall)
        assert isinstance(event.request, VerifySignedData)
        assert (event.request.certificate, event.request.serial) == wanted
    for wrong in ({"type": 3}, {"type": None}, {"type": 2, "certSN": ""}):
        body = json.dumps({"version": 0, "reqType": "verifySignedData", "request": fields | wrong}).encode()
        assert isinstance(BANK.read_call("/VerifySignedData", JSON_TYPE, body), SvsMalformed)


def test_decimal_text_counts_as_a_number() -> None:
    body = json.dumps({"version": 0, "reqType": "signData", "request": GOOD | {"keyIndex": "7"}}).encode()
    event = BANK.read_call("/SignData", JSON_TYPE, body)
    assert isinstance(event, SvsCall)
    assert isinstance(event.request, SignData)
    assert event.request.key_index == 7


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"version":0,"reqType":"signData","request":"{}"}',
        b'{"version":0,"reqType":"signData","request":{}}',
        b'{"version":0,"reqType":"SignData","request":{}}',
        b'{"version":"v1","reqType":"signData","request":{}}',
        b'{"version":0,"reqType":"signData","request":{"keyIndex":NaN}}',
        b'{"version":0,"reqType":"signData","request":{"keyIndex":' + b"9" * 10_000 + b"}}",
        b'{"version":0,"reqType":"signData","request":{},"reqTime":5}',
    ],
)
def test_bodies_that_are_no_requests(body: bytes) -> None:
    event = BANK.read_call("/SignData", JSON_TYPE, body)
    assert isinstance(event, SvsMalformed)
    assert event.type is RequestType.SIGN_DATA


def test_a_body_too_large_is_not_even_parsed() -> None:
    event = BANK.read_call("/SignData", JSON_TYPE, b" " * (BANK.profile.max_body + 1))
    assert isinstance(event, SvsMalformed)
    assert event.cause is Reason.DATA_LENGTH
    assert len(event.raw) < 100


def test_a_path_that_does_not_exist_cannot_be_answered() -> None:
    event = BANK.read_call("/Dance", JSON_TYPE, b"{}")
    assert isinstance(event, SvsMalformed)
    assert event.type is None
    with pytest.raises(ValueError, match="404"):
        BANK.refuse(event, when=NOW)
    assert isinstance(FISHERMAN.read_call("/SignServerJson/SignData", FORM_TYPE, b"a=b"), SvsMalformed)


_TEXTS = st.text(max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(WHOLE),
    st.sampled_from(EXCHANGES),
    st.sampled_from([JSON_TYPE, FORM_TYPE]),
    st.binary(max_size=200),
)
def test_any_body_is_an_event_and_never_an_error(
    codec: SvsHttpCodec, exchange: tuple[SvsRequest, SvsReply], content_type: str, body: bytes
) -> None:
    path = codec.call(exchange[0], when=NOW).path
    event = codec.read_call(path, content_type, body)
    if isinstance(event, SvsMalformed):
        codec.refuse(event, when=NOW)
    codec.read_answer(exchange[0], content_type, body)


@given(st.sampled_from(WHOLE), st.sampled_from(EXCHANGES), st.data())
def test_any_json_in_any_field_is_an_event(
    codec: SvsHttpCodec, exchange: tuple[SvsRequest, SvsReply], data: st.DataObject
) -> None:
    request, reply = exchange
    asked = codec.call(request, when=NOW)
    layout = codec.profile.messages[_type_of(codec, asked.path)]
    fields = {part.wire: data.draw(_JSON) for part in layout.request}
    outer = {"version": 0, "reqType": "", "request": fields, "reqTime": ""}
    if asked.content_type == JSON_TYPE:
        outer = {**json.loads(asked.body), "request": fields}
    body = json.dumps(outer if codec.profile.http and codec.profile.http.envelope else fields).encode()
    codec.read_call(asked.path, JSON_TYPE, body)
    respond = {"respValue": 0, **{part.wire: data.draw(_JSON) for part in layout.reply}}
    call = codec.read_call(asked.path, asked.content_type, asked.body)
    answered = json.loads(body) if call.form else json.loads(codec.answer(call, reply, when=NOW).body)
    codec.read_answer(request, JSON_TYPE, json.dumps({**answered, "respond": respond, **respond}).encode())


def _type_of(codec: SvsHttpCodec, path: str) -> RequestType:
    return next(type_ for type_ in codec.profile.messages if codec.path(type_) == path)


@given(
    st.sampled_from(WHOLE),
    st.binary(max_size=500),
    st.integers(0, 2**31),
    st.text(alphabet="0123456789abc", max_size=64),
)
def test_what_is_written_is_read_again(codec: SvsHttpCodec, data: bytes, number: int, pin: str) -> None:
    request = SignData(key_index=number, pin=pin.encode(), data=data)
    asked = codec.call(request, when=NOW)
    call = codec.read_call(asked.path, asked.content_type, asked.body)
    assert isinstance(call, SvsCall), call
    assert call.request == request
