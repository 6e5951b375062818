"""The binary dialect of host commands: bytes by hand from the reference, in any split, both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gm import PrivateKey
from harness.wire.encryption_machine.host import (
    HostAnswer,
    HostCall,
    HostClientCodec,
    HostServerCodec,
    Malformed,
    explain,
)
from harness.wire.encryption_machine.host_messages import (
    Digest,
    DigestReply,
    ExternalKeyPair,
    ExternalPrivateKey,
    ExternalPublicKey,
    KeyIndex,
    Refusal,
    Reply,
    Request,
    Sm2Sign,
    Sm2SignReply,
    Sm2Verify,
    Sm2VerifyReply,
)
from harness.wire.encryption_machine.profile import load_host_profile

SJL05 = load_host_profile("sjl05-like")
PUBLIC = PrivateKey(d=7).public
ID = b"\0\x101234567812345678"
SIGNATURE = bytes(range(64))
COMMANDS: list[tuple[Request, bytes, Reply, bytes]] = [
    (
        Sm2Sign(data=b"abc", key=ExternalPrivateKey(private=b"pp")),
        b"\xd3\x06\xff\xff\0\2pp\x07\x20" + ID + b"\0\3abc",
        Sm2SignReply(signature=SIGNATURE),
        b"A" + SIGNATURE,
    ),
    (
        Sm2Sign(data=b"abc", key=KeyIndex(index=258)),
        b"\xd3\x06\x01\x02\x07\x20" + ID + b"\0\3abc",
        Refusal(code="D2"),
        b"E\xd2",
    ),
    (
        Sm2Verify(data=b"abc", signature=SIGNATURE, key=ExternalPublicKey(public=PUBLIC.spki)),
        b"\xd3\x07\xff\xff" + PUBLIC.point[1:] + SIGNATURE + b"\x20" + ID + b"\0\3abc",
        Sm2VerifyReply(),
        b"A",
    ),
    (Digest(data=b"abc"), b"\xd3\x0a\x20\0\3abc", DigestReply(digest=bytes(32)), b"A" + bytes(32)),
]


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(2) + body


@pytest.mark.parametrize(("request_", "asked", "reply", "answered"), COMMANDS, ids=range(len(COMMANDS)))
def test_every_command_both_directions(request_: Request, asked: bytes, reply: Reply, answered: bytes) -> None:
    client, server = HostClientCodec(SJL05), HostServerCodec(SJL05)
    assert client.send(request_) == framed(asked)
    (call,) = [event for byte in framed(asked) for event in server.feed(bytes([byte]))]
    assert isinstance(call, HostCall), call
    assert call.request == request_
    assert server.answer(call, reply) == framed(answered)
    (answer,) = client.feed(framed(answered))
    assert isinstance(answer, HostAnswer), answer
    assert answer.reply == reply
    assert {asked[:2].hex().upper() for _, asked, _, _ in COMMANDS} == set(SJL05.commands)


def test_of_a_pair_the_private_key_alone_travels() -> None:
    pair = ExternalKeyPair(public=PUBLIC.spki, private=b"pp")
    assert HostClientCodec(SJL05).send(Sm2Sign(data=b"abc", key=pair)) == framed(COMMANDS[0][1])


@pytest.mark.parametrize("reply", [b"", b"B", b"E", b"A" + bytes(63), b"A" + bytes(65)])
def test_what_is_no_reply_is_fatal(reply: bytes) -> None:
    client = HostClientCodec(SJL05)
    client.send(COMMANDS[0][0])
    (event,) = client.feed(framed(reply))
    assert isinstance(event, Malformed)
    assert event.fatal


def test_fields_are_shown_without_the_key() -> None:
    seen = {part.name: part for part in explain(SJL05, framed(COMMANDS[0][1]))}
    assert seen["private"].raw == b""
    assert seen["private"].secret
    reply = explain(SJL05, framed(b"A" + SIGNATURE), reply_to="D306")
    assert [(part.name, part.raw) for part in reply[1:]] == [("error", b"A"), ("signature", SIGNATURE)]


@given(st.binary(max_size=300))
def test_any_bytes_are_answered_or_refused(data: bytes) -> None:
    server = HostServerCodec(SJL05)
    for event in server.feed(framed(data)):
        if isinstance(event, Malformed) and event.code:
            assert server.refuse(event)[2:3] == b"E"
