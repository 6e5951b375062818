"""The signature server's DER against bytes put together by hand, in any split, and against any bytes at all."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import fixture
from harness.gm import PrivateKey, PublicKey, Signature
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import (
    ExportCert,
    ExportCertReply,
    MultiPartInit,
    MultiPartUpdate,
    ParseCert,
    ParseCertReply,
    Part,
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
from harness.wire.encryption_machine.svs_der import SvsDerClientCodec, SvsDerServerCodec, moment
from harness.wire.encryption_machine.svs_http import SvsHttpCodec
from harness.wire.encryption_machine.svs_profile import load_svs_profile

PROFILE = load_svs_profile("der-go")
JSON = SvsHttpCodec(load_svs_profile("fisherman-json"))
VECTORS = json.loads(fixture("gm-vectors.json").read_text(encoding="utf-8"))["sm2_verify_negative"]
NOW = datetime(2020, 10, 14, 0, 30, tzinfo=UTC)
TIME = bytes.fromhex("b60f170d") + b"201014003000Z"
SIGNATURE = PrivateKey(d=7).sign(b"abc", form=Signature.DER)
CERT = b"\x30\x82\x01\x04\x04\x82\x01\x00" + bytes(256)
LONG = bytes(range(256)) * 4


def tlv(tag: int, *inside: bytes) -> bytes:
    content = b"".join(inside)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    if len(content) < 0x100:
        return bytes([tag, 0x81, len(content)]) + content
    return bytes([tag, 0x82]) + len(content).to_bytes(2) + content


def enveloped(number: int, *fields: bytes) -> bytes:
    return tlv(
        0x30,
        bytes.fromhex("b403020100"),
        tlv(0xB5, tlv(2, bytes([number]))),
        tlv(0xA0 | number, tlv(0x30, *fields)),
        TIME,
    )


OK = bytes.fromhex("a003020100")
SM3_SM2 = bytes.fromhex("0203020201")
EXCHANGES: list[tuple[SvsRequest, bytes, SvsReply, bytes]] = [
    (
        ExportCert(identification="bank"),
        enveloped(0, tlv(0xA0, tlv(4, b"bank"))),
        ExportCertReply(certificate=CERT),
        enveloped(0, OK, tlv(0xA1, CERT)),
    ),
    (
        ParseCert(info_type=6, certificate=CERT),
        enveloped(1, tlv(0xA0, tlv(2, b"\x06")), tlv(0xA1, CERT[4:])),
        ParseCertReply(info="CN=银行"),
        enveloped(1, OK, tlv(0xA1, tlv(4, "CN=银行".encode()))),
    ),
    (
        ValidateCert(certificate=CERT, ocsp=True),
        enveloped(2, tlv(0xA0, CERT[4:]), tlv(0xA1, tlv(1, b"\xff"))),
        ValidateCertReply(state=2),
        enveloped(2, OK, tlv(0xA1, tlv(2, b"\x02"))),
    ),
    (
        SignData(key_index=1, pin=b"12345678", data=LONG),
        enveloped(
            3,
            tlv(0xA0, SM3_SM2),
            tlv(0xA1, tlv(2, b"\x01")),
            tlv(0xA2, tlv(4, b"12345678")),
            tlv(0xA3, tlv(2, b"\x04\x00")),
            tlv(0xA4, tlv(4, LONG)),
        ),
        SignedReply(signature=SIGNATURE),
        enveloped(3, OK, tlv(0xA1, SIGNATURE)),
    ),
    (
        VerifySignedData(certificate=CERT, data=b"abc", signature=SIGNATURE, level=2),
        enveloped(
            4,
            tlv(0xA2, tlv(2, b"\x01")),
            tlv(0xA0, CERT[4:]),
            tlv(0xA3, tlv(2, b"\x03")),
            tlv(0xA4, tlv(4, b"abc")),
            tlv(0xA5, SIGNATURE[2:]),
            tlv(0xA6, tlv(2, b"\x02")),
        ),
        VerifiedReply(),
        enveloped(4, OK),
    ),
    (
        VerifySignedData(serial="0A1B", data=b"", signature=SIGNATURE),
        enveloped(
            4,
            tlv(0xA2, tlv(2, b"\x02")),
            tlv(0x81, b"0A1B"),
            tlv(0xA3, tlv(2, b"\x00")),
            tlv(0xA4, tlv(4, b"")),
            tlv(0xA5, SIGNATURE[2:]),
            tlv(0xA6, tlv(2, b"\x00")),
        ),
        VerifiedReply(),
        enveloped(4, OK),
    ),
    (
        MultiPartInit(part=Part.SIGN_DATA, public_key=b"\x04" * 65, user_id=b"1234567812345678", data=b"abc"),
        enveloped(
            5,
            tlv(0xA3, SM3_SM2),
            tlv(0x80, b"\x04" * 65),
            tlv(0x81, b"\x10"),
            tlv(0x82, b"1234567812345678"),
            tlv(0xA4, tlv(2, b"\x03")),
            tlv(0xA5, tlv(4, b"abc")),
        ),
        StateReply(state=LONG[:96]),
        enveloped(5, OK, tlv(0xA1, tlv(4, LONG[:96]))),
    ),
    (
        MultiPartUpdate(part=Part.VERIFY_SIGNED_DATA, state=b"s" * 5, data=b"abc"),
        enveloped(
            9,
            tlv(0xA0, SM3_SM2),
            tlv(0xA1, tlv(2, b"\x05")),
            tlv(0xA2, tlv(4, b"sssss")),
            tlv(0xA3, tlv(2, b"\x03")),
            tlv(0xA4, tlv(4, b"abc")),
        ),
        StateReply(state=b""),
        enveloped(9, OK, tlv(0xA1, tlv(4))),
    ),
    (
        SignDataFinal(key_index=200, pin=b"p", state=b"s"),
        enveloped(
            7,
            tlv(0xA0, SM3_SM2),
            tlv(0xA1, tlv(2, b"\x00\xc8")),
            tlv(0xA2, tlv(4, b"p")),
            tlv(0xA3, tlv(2, b"\x01")),
            tlv(0xA4, tlv(4, b"s")),
        ),
        SignedReply(signature=SIGNATURE),
        enveloped(7, OK, tlv(0xA1, SIGNATURE)),
    ),
    (
        VerifySignedDataFinal(certificate=CERT, state=b"s", signature=SIGNATURE, level=1),
        enveloped(
            10,
            tlv(0xA2, SM3_SM2),
            tlv(0xA3, tlv(2, b"\x01")),
            tlv(0xA0, CERT[4:]),
            tlv(0xA4, tlv(2, b"\x01")),
            tlv(0xA6, tlv(4, b"s")),
            tlv(0xA5, SIGNATURE[2:]),
            tlv(0xA8, tlv(2, b"\x01")),
        ),
        VerifiedReply(),
        enveloped(10, OK),
    ),
    (
        SignMessage(key_index=1, pin=b"p", data=b"abc", original_text=True, crl=False),
        enveloped(
            11,
            tlv(0xA5, SM3_SM2),
            tlv(0xA6, tlv(2, b"\x01")),
            tlv(0xA7, tlv(4, b"p")),
            tlv(0xA8, tlv(2, b"\x03")),
            tlv(0xA9, tlv(4, b"abc")),
            tlv(0x81, b"\xff"),
            tlv(0x83, b"\x00"),
        ),
        SignedMessageReply(signed_message=LONG),
        enveloped(11, OK, tlv(0xA1, tlv(4, LONG))),
    ),
    (
        VerifySignedMessage(data=b"abc", signed_message=LONG),
        enveloped(12, tlv(0xA5, tlv(2, b"\x03")), tlv(0xA6, tlv(4, b"abc")), tlv(0xA7, tlv(4, LONG))),
        VerifiedReply(),
        enveloped(12, OK),
    ),
    (
        SignMessageFinal(key_index=1, pin=b"p", state=b"s"),
        enveloped(
            15,
            tlv(0xA0, SM3_SM2),
            tlv(0xA1, tlv(2, b"\x01")),
            tlv(0xA2, tlv(4, b"p")),
            tlv(0xA3, tlv(2, b"\x01")),
            tlv(0xA4, tlv(4, b"s")),
        ),
        SignedMessageReply(signed_message=b"m"),
        enveloped(15, OK, tlv(0xA1, tlv(4, b"m"))),
    ),
    (
        VerifySignedMessageFinal(state=b"s", signed_message=b"m"),
        enveloped(18, tlv(0xA0, SM3_SM2), tlv(0xA1, tlv(2, b"\x01")), tlv(0xA2, tlv(4, b"s")), tlv(0xA3, tlv(4, b"m"))),
        VerifiedReply(),
        enveloped(18, OK),
    ),
]


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def complaint_of(raw: bytes) -> SvsMalformed:
    (event,) = SvsDerServerCodec(PROFILE).feed(raw)
    assert isinstance(event, SvsMalformed), event
    return event


@pytest.mark.parametrize(("request_", "asked", "reply", "answered"), EXCHANGES, ids=range(len(EXCHANGES)))
def test_every_request_and_reply_both_ways(
    request_: SvsRequest, asked: bytes, reply: SvsReply, answered: bytes
) -> None:
    client, server = SvsDerClientCodec(PROFILE), SvsDerServerCodec(PROFILE)
    assert client.send(request_, when=NOW) == asked
    (call,) = server.feed(asked)
    assert isinstance(call, SvsCall), call
    assert call.request == request_
    assert moment(call.time) == NOW
    assert server.answer(call, reply, when=NOW) == answered
    (answer,) = client.feed(answered)
    assert isinstance(answer, SvsAnswer), answer
    assert answer.reply == reply


def test_a_refusal_has_its_code_and_nothing_else() -> None:
    client, server = SvsDerClientCodec(PROFILE), SvsDerServerCodec(PROFILE)
    (call,) = server.feed(client.send(EXCHANGES[3][0], when=NOW))
    refused = server.refuse(call, Reason.VERIFY_FAILED, when=NOW)
    assert refused == enveloped(3, bytes.fromhex("a00602040400000c"))
    (answer,) = client.feed(refused)
    assert isinstance(answer, SvsAnswer)
    assert answer.reply == SvsRefusal(code=0x0400000C)


@given(st.lists(st.sampled_from(EXCHANGES), max_size=5), st.lists(st.integers(0, 5000), max_size=12))
def test_any_split_of_the_bytes(chosen: list[tuple[SvsRequest, bytes, SvsReply, bytes]], cuts: list[int]) -> None:
    client, server = SvsDerClientCodec(PROFILE), SvsDerServerCodec(PROFILE)
    asked = b"".join(client.send(row[0], when=NOW) for row in chosen)
    calls = [event for piece in pieces_of(asked, cuts) for event in server.feed(piece)]
    assert [call.request for call in calls if isinstance(call, SvsCall)] == [row[0] for row in chosen]
    answered = b"".join(server.answer(call, row[2], when=NOW) for call, row in zip(calls, chosen, strict=True))
    answers = [event for piece in pieces_of(answered, cuts) for event in client.feed(piece)]
    assert [answer.reply for answer in answers if isinstance(answer, SvsAnswer)] == [row[2] for row in chosen]
    assert not server.pending
    assert client.outstanding == 0


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\x31\x00", "SEQUENCE"),
        (b"\x30\x80", "indefinite"),
        (b"\x30\x81\x7f", "shortest"),
        (b"\x30\x82\x00", "shortest"),
        (b"\x30\x85", "too many"),
        (b"\x30\xff", "too many"),
        (b"\x30\x84\x7f\xff\xff\xff", "more than"),
        (b"GET / HTTP/1.1\r\n", "SEQUENCE"),
    ],
)
def test_a_stream_out_of_step_is_told_at_once_and_once(raw: bytes, why: str) -> None:
    codec = SvsDerServerCodec(PROFILE)
    events = [event for byte in raw for event in codec.feed(bytes([byte]))]
    (event,) = events
    assert isinstance(event, SvsMalformed)
    assert event.fatal
    assert why in event.reason
    assert codec.feed(EXCHANGES[0][1]) == []
    assert not codec.pending
    assert codec.refuse(event, when=NOW) == b""


@pytest.mark.parametrize(
    ("raw", "code", "answered"),
    [
        (b"\x30\x00", 0x0400000D, False),
        (EXCHANGES[0][1].replace(b"\xb4\x03\x02\x01\x00", b"\xb4\x03\x02\x01\x01"), 0x0400000D, True),
        (EXCHANGES[0][1].replace(b"\xb5\x03\x02\x01\x00", b"\xb5\x03\x02\x01\x63"), 0x0400000D, False),
        (EXCHANGES[0][1].replace(b"\xb5\x03\x02\x01\x00", b"\xb5\x03\x02\x01\x01"), 0x0400000D, True),
        (EXCHANGES[0][1].replace(b"\x04\x04bank", b"\x0c\x04bank"), 0x0400000D, True),
        (EXCHANGES[0][1].replace(b"bank", b"\xff\xfe\xfd\xfc"), 0x04000001, True),
        (EXCHANGES[2][1].replace(b"\x01\x01\xff", b"\x01\x01\x01"), 0x0400000D, True),
        (EXCHANGES[3][1].replace(b"\xa3\x04\x02\x02\x04\x00", b"\xa3\x04\x02\x02\x04\x01"), 0x0400000D, True),
        (EXCHANGES[3][1].replace(b"\xa1\x03\x02\x01\x01", b"\xa1\x03\x02\x01\x81"), 0x0400000D, True),
        (EXCHANGES[4][1].replace(b"\xa2\x03\x02\x01\x01", b"\xa2\x03\x02\x01\x03"), 0x0400000D, True),
        (EXCHANGES[4][1].replace(b"\xa2\x03\x02\x01\x01", b"\xa2\x03\x02\x01\x02"), 0x0400000D, True),
        (enveloped(3), 0x04000004, True),
        (enveloped(0, tlv(0xA0, tlv(4, b"bank")), b"\x05\x00"), 0x0400000D, True),
        (enveloped(0, tlv(0xA0, tlv(4, b"x" * 257))), 0x0400000D, True),
        (EXCHANGES[0][1].replace(TIME, b"\xb6\x00\x05\x00" + TIME[4:]), 0x0400000D, True),
    ],
)
def test_what_is_wrong_inside_gets_its_code(raw: bytes, code: int, answered: bool) -> None:
    event = complaint_of(raw)
    assert not event.fatal
    assert event.code == code
    answer = SvsDerServerCodec(PROFILE).refuse(event, when=NOW)
    assert bool(answer) == answered
    if answered:
        assert event.type is not None
        assert answer == enveloped(event.type, tlv(0xA0, tlv(2, code.to_bytes(4))))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (EXCHANGES[4][3], "due"),
        (enveloped(3, tlv(0xA1, SIGNATURE)), "tag"),
        (enveloped(3, OK), "missing"),
        (enveloped(3, OK, tlv(0xA1, SIGNATURE), tlv(0xA2, b"")), "too many"),
        (b"\x30\x80", "indefinite"),
    ],
)
def test_the_client_refuses_what_is_no_answer(said: bytes, why: str) -> None:
    client = SvsDerClientCodec(PROFILE)
    client.send(EXCHANGES[3][0], when=NOW)
    (event,) = client.feed(said)
    assert isinstance(event, SvsMalformed)
    assert event.fatal
    assert why in event.reason
    assert client.feed(EXCHANGES[3][3]) == []
    unasked = SvsDerClientCodec(PROFILE)
    assert isinstance(unasked.feed(EXCHANGES[3][3])[0], SvsMalformed)


def test_a_machine_broken_on_purpose_may_send_a_signature_that_is_no_der() -> None:
    client, server = SvsDerClientCodec(PROFILE), SvsDerServerCodec(PROFILE)
    (call,) = server.feed(client.send(EXCHANGES[3][0], when=NOW))
    (event,) = client.feed(server.answer(call, SignedReply(signature=bytes(64)), when=NOW))
    assert isinstance(event, SvsMalformed)
    with pytest.raises(ValueError, match="signature"):
        client.send(VerifySignedData(certificate=CERT, data=b"", signature=bytes(64)), when=NOW)


@pytest.mark.parametrize("spelled", [case["der"] for case in VECTORS["cases"] if "der" in case])
def test_a_signature_that_is_not_good_stays_so_on_its_way(spelled: str) -> None:
    signature = bytes.fromhex(spelled)
    request = VerifySignedData(certificate=CERT, data=b"message digest", signature=signature)
    public = PublicKey(x=int(VECTORS["context"]["px"], 16), y=int(VECTORS["context"]["py"], 16))
    (der_call,) = SvsDerServerCodec(PROFILE).feed(SvsDerClientCodec(PROFILE).send(request, when=NOW, strict=False))
    asked = JSON.call(request, when=NOW)
    for call in (der_call, JSON.read_call(asked.path, asked.content_type, asked.body)):
        if isinstance(call, SvsMalformed):
            assert call.code in PROFILE.codes
            continue
        assert isinstance(call.request, VerifySignedData)
        assert not public.verify(b"message digest", call.request.signature, form=Signature.DER)


def test_a_message_beyond_the_limit_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="more than"):
        SvsDerClientCodec(PROFILE).send(SignData(key_index=1, data=bytes(PROFILE.max_body)), when=NOW)


@given(st.lists(st.binary(max_size=60), max_size=20), st.booleans())
def test_any_garbage_is_an_event_and_never_an_error(pieces: list[bytes], framed: bool) -> None:
    server, client = SvsDerServerCodec(PROFILE), SvsDerClientCodec(PROFILE)
    client.send(EXCHANGES[3][0], when=NOW)
    for piece in pieces:
        data = tlv(0x30, piece) if framed else piece
        for event in server.feed(data):
            if isinstance(event, SvsMalformed):
                server.refuse(event, when=NOW)
        client.feed(data)


@given(st.sampled_from(EXCHANGES), st.integers(0, 2000), st.integers(0, 255))
def test_one_changed_byte_never_raises(row: tuple[SvsRequest, bytes, SvsReply, bytes], place: int, byte: int) -> None:
    request, asked, _, answered = row
    for raw in (asked, answered):
        at = place % len(raw)
        damaged = raw[:at] + bytes([byte]) + raw[at + 1 :]
        SvsDerServerCodec(PROFILE).feed(damaged)
        client = SvsDerClientCodec(PROFILE)
        client.send(request, when=NOW)
        client.feed(damaged)


@pytest.mark.external
@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("number", range(len(EXCHANGES)))
def test_openssl_reads_the_structure(number: int, tmp_path: Path) -> None:
    request, _, reply, _ = EXCHANGES[number]
    client, server = SvsDerClientCodec(PROFILE), SvsDerServerCodec(PROFILE)
    asked = client.send(request, when=NOW)
    (call,) = server.feed(asked)
    file = tmp_path / "message.der"
    for raw in (asked, server.answer(call, reply, when=NOW)):
        file.write_bytes(raw)
        told = subprocess.run(
            ["openssl", "asn1parse", "-inform", "DER", "-in", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        assert "cont [ 20 ]" in told.stdout
        assert "UTCTIME           :201014003000Z" in told.stdout
