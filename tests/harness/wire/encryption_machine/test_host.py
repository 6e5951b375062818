"""Host commands against bytes written by hand from the reference, in any split, and against any bytes at all."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gm import PrivateKey
from harness.wire.encryption_machine.host import (
    HostAnswer,
    HostCall,
    HostClientCodec,
    HostServerCodec,
    Malformed,
    encode_request,
    explain,
)
from harness.wire.encryption_machine.host_messages import (
    Diagnose,
    DiagnoseReply,
    Echo,
    EchoReply,
    ExternalKeyPair,
    ExternalPrivateKey,
    ExternalPublicKey,
    GenerateKeyPair,
    GenerateKeyPairReply,
    GetPublicKey,
    GetPublicKeyReply,
    Health,
    HealthReply,
    KeyIndex,
    LoadKeyPair,
    LoadKeyPairReply,
    MacPublicKey,
    MacPublicKeyReply,
    MoveKey,
    MoveKeyPair,
    MoveKeyPairReply,
    MoveKeyReply,
    Random,
    RandomReply,
    Refusal,
    Reply,
    Request,
    Sm2Decrypt,
    Sm2DecryptReply,
    Sm2Encrypt,
    Sm2EncryptReply,
    Sm2Sign,
    Sm2SignReply,
    Sm2Verify,
    Sm2VerifyReply,
    Sm4Decrypt,
    Sm4DecryptReply,
    Sm4Encrypt,
    Sm4EncryptReply,
    SmBatch,
    SmBatchReply,
    VendorReply,
    VendorRequest,
    WrappedKey,
)
from harness.wire.encryption_machine.profile import load_host_profile
from harness.wire.encryption_machine.reasons import Blame, Reason

TASS = load_host_profile("tass-sjj1310")
PAYSHIELD = load_host_profile("payshield-like")
NC_ASKED = bytes.fromhex("0006 48454144 4E43")
NC_ANSWERED = bytes.fromhex("0021 48454144 4E44 3030 35443637323730303030303030303030 313530302D30303233")
"""A recorded trace: header HEAD, NC, and its reply."""

SPKI = PrivateKey(d=0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8).public.spki
PRIVATE = bytes(range(48))
R_S = bytes.fromhex("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3") + bytes(32)
MDK = WrappedKey(scheme="R", wrapped=bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
ID = b"1234567812345678"

COMMANDS: list[tuple[Request, bytes, Reply, bytes]] = [
    (
        Diagnose(),
        b"NC",
        DiagnoseReply(lmk_check="5D67270000000000", firmware="1500-0023"),
        b"ND005D672700000000001500-0023",
    ),
    (Echo(data=b"hello;"), b"B20006hello;", EchoReply(data=b"hello;"), b"B300hello;"),
    (Random(size=8), b"N0008", RandomReply(data=b"\x00\xff345678"), b"N100\x00\xff345678"),
    (
        Health(),
        b"J2",
        HealthReply(
            serial="LT1310000001",
            since="201014083000",
            until="201014093000",
            now="201014093001",
            seconds=3600,
            bands=((0, 10, 3599), (10, 100, 1)),
        ),
        b"J300LT13100000012010140830002010140930002010140930010000003600" + b"0000100000003599;0101000000000001;",
    ),
    (
        GenerateKeyPair(),
        b"E707",
        GenerateKeyPairReply(public=SPKI, private=PRIVATE),
        b"E800" + SPKI + b"0048" + PRIVATE,
    ),
    (
        GenerateKeyPair(index=12, label=b"bank"),
        b"E707K001204bank",
        GenerateKeyPairReply(public=SPKI, private=PRIVATE),
        b"E800" + SPKI + b"0048" + PRIVATE,
    ),
    (
        LoadKeyPair(public=SPKI, private=PRIVATE, index=3, label=b""),
        b"E107" + SPKI + b"0048" + PRIVATE + b"000300",
        LoadKeyPairReply(),
        b"E200",
    ),
    (GetPublicKey(index=1), b"E2K0001", GetPublicKeyReply(public=SPKI), b"E300" + SPKI),
    (
        Sm2Encrypt(data=b"a;b", key=KeyIndex(index=1)),
        b"E3070003a;b;K00010",
        Sm2EncryptReply(ciphertext=b"\x04" * 100),
        b"E4000100" + b"\x04" * 100,
    ),
    (
        Sm2Encrypt(data=b"abc", key=ExternalPublicKey(public=SPKI)),
        b"E3070003abc;K9999" + SPKI + b"0",
        Sm2EncryptReply(ciphertext=b"\x04" * 100),
        b"E4000100" + b"\x04" * 100,
    ),
    (
        Sm2Decrypt(ciphertext=b"\x04" * 100, key=KeyIndex(index=7)),
        b"E40700100" + b"\x04" * 100 + b";K0007",
        Sm2DecryptReply(data=b"abc"),
        b"E5000003abc",
    ),
    (
        Sm2Decrypt(ciphertext=b"\x04" * 100, key=ExternalPrivateKey(private=PRIVATE)),
        b"E40700100" + b"\x04" * 100 + b";K99990048" + PRIVATE,
        Sm2DecryptReply(data=b"abc"),
        b"E5000003abc",
    ),
    (
        Sm2Sign(data=b"message digest", key=KeyIndex(index=1), user_id=ID),
        b"E5200700161234567812345678;0014message digest;K00010",
        Sm2SignReply(signature=R_S),
        b"E6000064" + R_S,
    ),
    (
        Sm2Sign(data=b"message digest", key=ExternalKeyPair(public=SPKI, private=PRIVATE), user_id=b""),
        b"E520070000;0014message digest;K9999" + SPKI + b"0048" + PRIVATE + b"0",
        Sm2SignReply(signature=R_S),
        b"E6000064" + R_S,
    ),
    (
        Sm2Verify(data=b"message digest", signature=R_S, key=KeyIndex(index=1), user_id=ID),
        b"E6200700161234567812345678;00064" + R_S + b";0014message digest;K0001",
        Sm2VerifyReply(),
        b"E700",
    ),
    (
        Sm2Verify(data=b"message digest", signature=R_S, key=ExternalPublicKey(public=SPKI)),
        b"E6200700161234567812345678;00064" + R_S + b";0014message digest;K9999" + SPKI,
        Sm2VerifyReply(),
        b"E700",
    ),
    (
        Sm4Encrypt(mode=0, key_type="109", key=KeyIndex(index=1), data=b"\xaa" * 32),
        b"S300109K0001000000" + b"0020" + b"\xaa" * 32,
        Sm4EncryptReply(data=b"\xbb" * 32),
        b"S4000020" + b"\xbb" * 32,
    ),
    (
        Sm4Encrypt(
            mode=1,
            key_type="00A",
            key=MDK,
            derive=(bytes(16), b"\x11" * 16),
            session_mode=1,
            session_data=b"\xab" * 16,
            padding=5,
            data=b"x" * 160,
            iv=b"\x01" * 16,
        ),
        b"S30100AR00112233445566778899AABBCCDDEEFF02"
        + b"0" * 32
        + b"1" * 32
        + b"01"
        + b"AB" * 16
        + b"05"
        + b"00A0"
        + b"x" * 160
        + b"01" * 16,
        Sm4EncryptReply(data=b"y" * 176),
        b"S40000B0" + b"y" * 176,
    ),
    (
        Sm4Decrypt(mode=0, key_type="109", key=KeyIndex(index=1), data=b"\xaa" * 32),
        b"S400109K0001000000" + b"0020" + b"\xaa" * 32,
        Sm4DecryptReply(data=b"\xbb" * 32),
        b"S5000020" + b"\xbb" * 32,
    ),
    (
        SmBatch(direction=0, key_type="109", key=KeyIndex(index=1), blocks=(b"a" * 16, b"b" * 32)),
        b"SW000109K0001000000" + b"02" + b"0010" + b"a" * 16 + b"0020" + b"b" * 32,
        SmBatchReply(blocks=(b"c" * 16, b"d" * 32)),
        b"SX00" + b"0010" + b"c" * 16 + b"0020" + b"d" * 32,
    ),
    (
        SmBatch(direction=1, mode=1, key_type="109", key=MDK, blocks=(b"a" * 16,), iv=b"\xff" * 16),
        b"SW101109R00112233445566778899AABBCCDDEEFF000000" + b"01" + b"0010" + b"a" * 16 + b"FF" * 16,
        SmBatchReply(blocks=(b"c" * 16,)),
        b"SX00" + b"0010" + b"c" * 16,
    ),
    (
        MoveKeyPair(way=0, kek=2, index=7),
        b"TT0070002K0007",
        MoveKeyPairReply(public=SPKI, private=b"p" * 32),
        b"TU00" + SPKI + b"0032" + b"p" * 32,
    ),
    (
        MoveKeyPair(way=1, kek=2, index=7, public=SPKI, private=b"p" * 32),
        b"TT1070002K0007" + SPKI + b"0032" + b"p" * 32,
        MoveKeyPairReply(),
        b"TU00",
    ),
    (
        MoveKey(way=0, under=1, protector=3, key_type="00A", key=MDK),
        b"TX01K000300AR00112233445566778899AABBCCDDEEFF",
        MoveKeyReply(wrapped=b"w" * 113, check=bytes(8)),
        b"TY00" + b"0113" + b"w" * 113 + b"0" * 16,
    ),
    (
        MoveKey(way=1, under=0, protector=3, key_type="00A", wrapped=b"w" * 16),
        b"TX10K000300A" + b"0016" + b"w" * 16,
        MoveKeyReply(wrapped=b"l" * 16, check=b"\xab" * 8),
        b"TY00" + b"0016" + b"l" * 16 + b"AB" * 8,
    ),
    (MacPublicKey(public=SPKI), b"TQ07" + SPKI, MacPublicKeyReply(mac=b"\x01" * 8), b"TR00" + b"01" * 8),
]


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(2) + body


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def call_of(body: bytes) -> HostCall:
    (event,) = HostServerCodec(TASS).feed(framed(body))
    assert isinstance(event, HostCall), event
    return event


def complaint_of(body: bytes) -> Malformed:
    (event,) = HostServerCodec(TASS).feed(framed(body))
    assert isinstance(event, Malformed), event
    return event


def test_the_recorded_trace_both_ways() -> None:
    client, server = HostClientCodec(PAYSHIELD), HostServerCodec(PAYSHIELD)
    assert client.send(Diagnose(), header=b"HEAD") == NC_ASKED
    (call,) = server.feed(NC_ASKED)
    assert isinstance(call, HostCall)
    assert (call.header, call.code, call.request) == (b"HEAD", "NC", Diagnose())
    reply = DiagnoseReply(lmk_check=PAYSHIELD.lmk_check, firmware=PAYSHIELD.firmware)
    assert server.answer(call, reply) == NC_ANSWERED
    (answer,) = client.feed(NC_ANSWERED)
    assert isinstance(answer, HostAnswer)
    assert (answer.header, answer.code, answer.error, answer.reply) == (b"HEAD", "ND", "00", reply)


@pytest.mark.parametrize(("request_", "asked", "reply", "answered"), COMMANDS, ids=range(len(COMMANDS)))
def test_every_command_both_directions(request_: Request, asked: bytes, reply: Reply, answered: bytes) -> None:
    client = HostClientCodec(TASS)
    assert client.send(request_) == framed(asked)
    call = call_of(asked)
    assert call.request == request_
    assert HostServerCodec(TASS).answer(call, reply) == framed(answered)
    (answer,) = client.feed(framed(answered))
    assert isinstance(answer, HostAnswer), answer
    assert answer.reply == reply
    assert answer.request == request_


STATUS = [
    (
        "JK",
        b"LT9000000001201014083000221300101010000000V2TTest\x14\x1500",
        {"tamper": 1, "lmks_loaded": 1, "lmks": "00000V2TTest\x14", "fraud": 0},
    ),
    (
        "JK",
        b"LT9000000001201014083000221300208201014080000000000\x1501",
        {"tamper": 2, "tamper_cause": 8, "tampered_at": "201014080000", "lmks": "", "pin_attack": 1},
    ),
    (
        "NI",
        b"0001005DC0A000007C350000000001" + b"0" * 15 + b"A" + b"0" * 16 + b"00000010" * 9,
        {
            "connections": ((0, 1500, b"\x0a\x00\x00\x07", 50000, 0, "00000001"),),
            "bytes_sent": 10,
            "packets_sent": 16,
            "unknown_packets": 16,
        },
    ),
]


@pytest.mark.parametrize(("code", "fields", "expected"), STATUS, ids=range(len(STATUS)))
def test_status_commands_as_a_payshield_client_decodes_them(
    code: str, fields: bytes, expected: dict[str, object]
) -> None:
    client, server = HostClientCodec(PAYSHIELD), HostServerCodec(PAYSHIELD)
    (call,) = server.feed(client.send(VendorRequest(code=code)))
    assert isinstance(call, HostCall)
    answered = framed(b"0000" + PAYSHIELD.reply_code(code).encode() + b"00" + fields)
    (answer,) = client.feed(answered)
    assert isinstance(answer, HostAnswer), answer
    assert isinstance(answer.reply, VendorReply)
    assert answer.reply.values.items() >= expected.items()
    assert server.answer(call, answer.reply) == answered


def test_every_command_of_the_profile_is_in_the_table() -> None:
    assert {asked[:2].decode() for _, asked, _, _ in COMMANDS} == set(TASS.commands)
    for _, asked, _, answered in COMMANDS:
        assert answered[:2].decode() == TASS.reply_code(asked[:2].decode())


def test_e5_is_a_request_to_the_machine_and_a_reply_to_the_client() -> None:
    bytes_of_both = framed(b"E5000003abc")
    client = HostClientCodec(TASS)
    client.send(Sm2Decrypt(ciphertext=bytes(97), key=KeyIndex(index=1)))
    (answer,) = client.feed(bytes_of_both)
    assert isinstance(answer, HostAnswer)
    assert answer.reply == Sm2DecryptReply(data=b"abc")
    (call,) = HostServerCodec(TASS).feed(bytes_of_both)
    assert isinstance(call, Malformed)
    assert call.error == "79"
    assert call_of(COMMANDS[12][1]).request == COMMANDS[12][0]


def test_lengths_are_decimal_in_e_commands_and_hex_in_s_commands() -> None:
    data = b"z" * 100
    assert b";0100zz" in encode_request(TASS, Sm2Sign(data=data, key=KeyIndex(index=1)))
    assert b"0064zz" in encode_request(TASS, Sm4Encrypt(key_type="109", key=KeyIndex(index=1), data=data))
    assert complaint_of(b"E52007000A1234567890;0001a;K00010").error == "15"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"E520071", "15"),
        (b"E5210700161234567812345678;0001a;K00010", "79"),
        (b"E5200100161234567812345678;0001a;K00010", "D2"),
        (b"E5200700161234567812345678,0001a;K00010", "15"),
        (b"E5200700161234567812345678;9999a;K00010", "80"),
        (b"E5200700161234567812345678;1985" + b"a" * 1985 + b";K00010", "80"),
        (b"E5200700161234567812345678;0001a;K00010x", "15"),
        (b"E5200700161234567812345678;0001a;X00010", "15"),
        (b"E5200700161234567812345678;0001a;K00a10", "15"),
        (b"E5200700161234567812345678;0001a;K9999" + b"\x31\x00" + b"0048" + PRIVATE + b"0", "76"),
        (b"E5200700161234567812345678;0001a;K9999" + b"\x30\x81\x10" + bytes(16) + b"0048" + PRIVATE + b"0", "76"),
        (b"E5200700161234567812345678;0001a;K9999" + b"\x30\x80" + bytes(40), "76"),
        (b"E5200700161234567812345678;0001a;K9999" + b"\x30\x82\xff\xff" + bytes(40), "76"),
        (b"S300109Q00112233445566778899AABBCCDDEEFF0000000010" + bytes(16), "26"),
        (b"S300109K00010000000" + b"7B1" + bytes(0x7B1), "80"),
        (b"S300109K000100000000G0" + bytes(16), "15"),
        (b"SW200109K0001000000010010" + bytes(16), "15"),
        (b"SW000109K00010000000000", "15"),
        (b"N0000", "01"),
        (b"N0257", "01"),
        (b"N0", "15"),
        (b"B2FFFFabc", "80"),
        (b"ZZ", "68"),
        (b"\xff\xff", "68"),
        (b"nc", "68"),
    ],
)
def test_what_is_wrong_gets_the_machine_s_error_code(body: bytes, error: str) -> None:
    complaint = complaint_of(body)
    assert complaint.error == error
    assert not complaint.fatal
    answer = HostServerCodec(TASS).refuse(complaint)
    assert answer == framed(body[:1] + bytes([(body[1] + 1) & 0xFF]) + error.encode())


def test_greatest_sizes_fit_and_one_more_does_not() -> None:
    for size, key, make in (
        (1984, "data", lambda data: Sm2Sign(data=data, key=KeyIndex(index=1))),
        (1968, "symmetric", lambda data: Sm4Encrypt(key_type="109", key=KeyIndex(index=1), data=data)),
    ):
        assert TASS.limits[key] == size
        assert call_of(encode_request(TASS, make(bytes(size)))[2:]).request == make(bytes(size))
        with pytest.raises(ValueError, match="data"):
            encode_request(TASS, make(bytes(size + 1)))


def test_a_refusal_is_two_characters() -> None:
    client = HostClientCodec(TASS)
    client.send(COMMANDS[14][0])
    (answer,) = client.feed(framed(b"E701"))
    assert isinstance(answer, HostAnswer)
    assert (answer.error, answer.reply) == ("01", Refusal(code="01"))
    assert TASS.error("01").blame is Blame.DATA
    assert TASS.answers[Reason.VERIFY_FAILED] == "01"


def test_length_zero_and_one_hold_nothing_that_can_be_answered() -> None:
    for raw in (b"\0\0", b"\0\1N"):
        (event,) = HostServerCodec(TASS).feed(raw)
        assert isinstance(event, Malformed)
        assert (event.code, event.fatal) == ("", False)
        assert HostServerCodec(TASS).refuse(event) == b""


def test_a_length_beyond_the_profile_ends_the_stream_at_once() -> None:
    for profile in (TASS, PAYSHIELD):
        codec = HostServerCodec(profile)
        (event,) = codec.feed((profile.max_message + 1).to_bytes(2) + b"NC")
        assert isinstance(event, Malformed)
        assert event.fatal
        assert not codec.feed(framed(b"0000NC"))
        assert not codec.pending


def test_a_length_that_lies_within_the_profile_waits_and_holds_no_more() -> None:
    codec = HostServerCodec(TASS)
    assert codec.feed(TASS.max_message.to_bytes(2)) == []
    for _ in range(TASS.max_message - 1):
        assert codec.feed(b"N") == []
    assert codec.pending
    assert len(codec.feed(b"N")) == 1
    assert not codec.pending


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (framed(b"XXXXND00" + b"5D67270000000000" + b"1500-0023"), "header"),
        (framed(b"HEADE600"), "ND"),
        (framed(b"HEADND"), "too short"),
        (framed(b"HEADND00" + b"5D6727000000000"), "due"),
        (framed(b"HEADND00" + b"5D67270000000000" + b"1500-0023x"), "too many"),
        (b"\xff\xff", "at most"),
    ],
)
def test_the_client_refuses_what_is_no_answer(said: bytes, why: str) -> None:
    client = HostClientCodec(PAYSHIELD)
    client.send(Diagnose(), header=b"HEAD")
    (event,) = client.feed(said)
    assert isinstance(event, Malformed)
    assert why in event.reason
    assert event.fatal
    assert client.feed(NC_ANSWERED) == []
    assert client.outstanding == 0


def test_the_client_refuses_a_late_or_second_answer() -> None:
    client = HostClientCodec(PAYSHIELD)
    (event,) = client.feed(NC_ANSWERED)
    assert isinstance(event, Malformed)
    assert "nothing that was asked" in event.reason
    client = HostClientCodec(PAYSHIELD)
    client.send(Diagnose(), header=b"HEAD")
    first, second = client.feed(NC_ANSWERED * 2)
    assert isinstance(first, HostAnswer)
    assert isinstance(second, Malformed)


def test_two_answers_swapped_are_noticed() -> None:
    client = HostClientCodec(TASS)
    client.send(Random(size=1))
    client.send(Echo(data=b"a"))
    (event,) = client.feed(framed(b"B300a") + framed(b"N100x"))
    assert isinstance(event, Malformed)


def test_a_command_the_profile_lacks_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="no command"):
        HostClientCodec(TASS).send(VendorRequest(code="NO"))
    with pytest.raises(ValueError, match="header"):
        HostClientCodec(PAYSHIELD).send(Diagnose(), header=b"HE")
    with pytest.raises(ValueError, match="session_data"):
        encode_request(TASS, Sm4Encrypt(key_type="109", key=KeyIndex(index=1), data=b"a", session_data=bytes(16)))
    with pytest.raises(ValueError, match="key"):
        encode_request(TASS, Sm2Sign(data=b"a", key=KeyIndex(index=9999)))
    with pytest.raises(ValueError, match="4 digits"):
        encode_request(TASS, GetPublicKey(index=10000))


def test_commands_that_only_the_profile_knows() -> None:
    client, server = HostClientCodec(PAYSHIELD), HostServerCodec(PAYSHIELD)
    raw = client.send(VendorRequest(code="NO"), header=b"HEAD")
    assert raw == framed(b"HEADNO00")
    (call,) = server.feed(raw)
    assert isinstance(call, HostCall)
    values = {"buffer": 2, "transport": 1, "sockets": 64, "firmware": "1500-0023", "reserved": "00000"}
    answered = server.answer(call, VendorReply(values=values))
    assert answered == framed(b"HEADNP0021641500-002300000")
    (answer,) = client.feed(answered)
    assert isinstance(answer, HostAnswer)
    assert answer.reply == VendorReply(values=values)


def test_a_message_can_be_explained_without_its_keys() -> None:
    sign = Sm2Sign(data=b"abc", key=ExternalKeyPair(public=SPKI, private=PRIVATE))
    seen = explain(TASS, encode_request(TASS, sign))
    assert [(part.name, part.raw) for part in seen][:3] == [
        ("length", b"\x00\xb8"),
        ("command", b"E5"),
        ("hash", b"20"),
    ]
    assert (b"abc") in [part.raw for part in seen]
    assert all(PRIVATE not in part.raw for part in seen)
    assert any(part.secret for part in seen)
    assert PRIVATE.hex() not in repr(sign)
    reply = explain(TASS, framed(b"E6000064" + R_S), reply_to="E5")
    assert reply[-1].raw == R_S
    assert explain(TASS, framed(b"E521"))[-1].kind == "problem"
    assert explain(TASS, framed(b"E615"), reply_to="E5")[-1].raw == b"15"


@given(st.data())
def test_any_split_of_the_bytes(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(COMMANDS), max_size=5))
    cuts = data.draw(st.lists(st.integers(0, 5000), max_size=12))
    client, server = HostClientCodec(TASS), HostServerCodec(TASS)
    asked = b"".join(client.send(request) for request, _, _, _ in chosen)
    calls = [event for piece in pieces_of(asked, cuts) for event in server.feed(piece)]
    assert [call.request for call in calls if isinstance(call, HostCall)] == [request for request, _, _, _ in chosen]
    answered = b"".join(server.answer(call, reply) for call, (_, _, reply, _) in zip(calls, chosen, strict=True))
    answers = [event for piece in pieces_of(answered, cuts) for event in client.feed(piece)]
    assert [answer.reply for answer in answers if isinstance(answer, HostAnswer)] == [row[2] for row in chosen]
    assert client.outstanding == 0
    assert not client.pending
    assert not server.pending


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_garbage_is_an_event_and_never_an_error(pieces: list[bytes]) -> None:
    server, client = HostServerCodec(TASS), HostClientCodec(TASS)
    client.send(Diagnose())
    for piece in pieces:
        for event in server.feed(piece):
            if isinstance(event, Malformed):
                server.refuse(event)
        client.feed(piece)
        assert len(server._frames._held) <= TASS.max_message + 2
        assert len(client._frames._held) <= TASS.max_message + 2


@given(st.sampled_from(COMMANDS), st.integers(0, 4000), st.integers(0, 255), st.booleans())
@settings(max_examples=300)
def test_one_changed_or_missing_byte_never_raises(
    row: tuple[Request, bytes, Reply, bytes], place: int, byte: int, cut: bool
) -> None:
    request, asked, _, answered = row
    for body, reply in ((asked, False), (answered, True)):
        at = place % len(body)
        damaged = framed(body[:at] + (b"" if cut else bytes([byte])) + body[at + 1 :])
        if reply:
            client = HostClientCodec(TASS)
            client.send(request)
            client.feed(damaged)
        else:
            for event in HostServerCodec(TASS).feed(damaged):
                if isinstance(event, HostCall):
                    again = encode_request(TASS, event.request)
                    (second,) = HostServerCodec(TASS).feed(again)
                    assert replace(second, raw=b"") == replace(event, raw=b"")


_INDEX = st.integers(0, 9998).map(lambda index: KeyIndex(index=index))
_PRIVATE = st.binary(max_size=512)
_SYMMETRIC = st.one_of(
    _INDEX,
    st.builds(WrappedKey, scheme=st.sampled_from("RPLUX"), wrapped=st.binary(min_size=16, max_size=16)),
)
_FACTORS = st.lists(st.binary(min_size=16, max_size=16), max_size=4).map(tuple)
_IV = st.one_of(st.just(b""), st.binary(min_size=16, max_size=16))
_REQUESTS: st.SearchStrategy[Request] = st.one_of(
    st.builds(Echo, data=st.binary(max_size=2048)),
    st.builds(Random, size=st.integers(1, 256)),
    st.builds(GenerateKeyPair, index=st.integers(0, 9999), label=st.binary(max_size=16)),
    st.builds(
        LoadKeyPair,
        public=st.just(SPKI),
        private=_PRIVATE,
        index=st.integers(0, 9999),
        label=st.binary(max_size=16),
    ),
    st.builds(
        Sm2Encrypt, data=st.binary(min_size=1, max_size=1984), key=_INDEX | st.just(ExternalPublicKey(public=SPKI))
    ),
    st.builds(
        Sm2Decrypt,
        ciphertext=st.binary(max_size=2081),
        key=_INDEX | st.builds(ExternalPrivateKey, private=_PRIVATE),
    ),
    st.builds(
        Sm2Sign,
        data=st.binary(max_size=1984),
        key=_INDEX | st.builds(ExternalKeyPair, public=st.just(SPKI), private=_PRIVATE),
        user_id=st.binary(max_size=32),
    ),
    st.builds(
        Sm2Verify,
        data=st.binary(max_size=1984),
        signature=st.binary(max_size=256),
        key=_INDEX,
        user_id=st.binary(max_size=32),
    ),
    st.builds(
        Sm4Encrypt,
        mode=st.integers(0, 255),
        key_type=st.sampled_from(["000", "109", "00A"]),
        key=_SYMMETRIC,
        derive=_FACTORS,
        session_mode=st.integers(1, 255),
        session_data=st.binary(min_size=16, max_size=16),
        padding=st.integers(0, 255),
        data=st.binary(min_size=1, max_size=1968),
        iv=_IV,
    ),
    st.builds(
        SmBatch,
        direction=st.integers(0, 1),
        key_type=st.just("109"),
        key=_SYMMETRIC,
        derive=_FACTORS,
        blocks=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=30).map(tuple),
        iv=_IV,
    ),
)


@given(_REQUESTS)
def test_what_is_written_is_read_again(request: Request) -> None:
    (call,) = HostServerCodec(TASS).feed(encode_request(TASS, request))
    assert isinstance(call, HostCall), call
    assert call.request == request
