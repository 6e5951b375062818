"""The driver of the signature server over HTTP and DER: every operation, errors by blame, no late reply ever taken."""

import pickle
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.clock import BenchClock
from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import (
    MachineFailed,
    MachineMisused,
    MachineNotSetUp,
    MachineRefusedData,
    MachineSilent,
    MachineSpeaksNonsense,
)
from harness.devices.machine_line import DerMessages, LengthFirst
from harness.devices.payment_machine import CipherKey, LongMessages, PaymentMachine
from harness.devices.signature_server import SignatureServer
from harness.errors import BenchError, ConfigError
from harness.faults.catalogue import Effect
from harness.gm import PrivateKey, Signature, der
from harness.line.address import parse_address
from harness.line.client import Disconnected
from harness.line.tape import Tape
from harness.wire.encryption_machine.host_messages import KeyIndex
from harness.wire.encryption_machine.profile import load_host_profile
from harness.wire.encryption_machine.svs import CertificateState, SignData, VerifyLevel
from harness.wire.encryption_machine.svs_profile import load_svs_profile
from simulators.encryption_machine.provision import PIN, seeded_private_key
from tests.harness.devices.scripted_machine import PATIENCE_S, Script, impatient, scripts
from tests.simulators.encryption_machine_rig import RunningMachine, machines

MESSAGE = "结算 12.50 元".encode()
LONG = MESSAGE * 2000
DOORS = {
    "http": ("svs-http", "fisherman-json"),
    "form": ("svs-http", "form-flat"),
    "bank": ("svs-http", "bank-demo"),
    "der": ("svs-der", "der-go"),
    "visa": ("svs-der", "der-go"),
}
OPENSSL = shutil.which("openssl")
HTTP, DER = load_svs_profile("fisherman-json"), load_svs_profile("der-go")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningMachine]:
    with machines() as start:
        yield start(svs_profile="fisherman-json,form-flat,bank-demo")


@pytest.fixture
def virtual(running: RunningMachine) -> RunningMachine:
    running.faults.clear()
    running.reset()
    return running


def server_of(
    machine: RunningMachine, door: str, *, timeout_s: float = PATIENCE_S, connections: int = 2, tape: Tape | None = None
) -> SignatureServer:
    end, profile = DOORS[door]
    address = machine.ends.also[end]
    if door == "visa":
        host, _, port = address.removeprefix("tcp:").partition(":")
        address = f"visa:TCPIP::{host}::{port}::SOCKET"
    return SignatureServer(
        parse_address(address),
        load_svs_profile(profile),
        connections=connections,
        timeout_s=timeout_s,
        clock=machine.clock,
        tape=tape,
    )


@pytest.fixture(params=DOORS)
def server(request: pytest.FixtureRequest, virtual: RunningMachine) -> Iterator[SignatureServer]:
    if request.param == "bank":
        # The first profile whose path and body fit answers: this one's paths differ from the form's in the case alone.
        with machines() as start, server_of(start(svs_profile="bank-demo"), "bank") as made:
            yield made
        return
    with server_of(virtual, request.param) as made:
        yield made


# --- operations


def test_signatures_are_checked_by_another_implementation(server: SignatureServer, virtual: RunningMachine) -> None:
    with EncryptionMachine(parse_address(virtual.ends.at), load_host_profile("tass-sjj1310")) as machine:
        public = machine.public_key(1)
    raw = server.sign(1, MESSAGE, pin=PIN)
    assert len(raw) == 64
    assert public.verify(MESSAGE, raw)
    assert public.verify(MESSAGE, server.sign(1, MESSAGE, pin=PIN, form=Signature.DER), form=Signature.DER)
    assert public.verify(LONG, server.sign(1, LONG, pin=PIN)), "far longer than a host command takes"


def test_verification_says_no_for_the_signature_alone(server: SignatureServer) -> None:
    certificate = server.export_certificate("liantiao-3")
    raw = server.sign(3, MESSAGE, pin=PIN)
    assert server.verify(MESSAGE, raw, certificate=certificate) is True
    assert server.verify(MESSAGE, raw, serial="4C540003") is True
    assert server.verify(MESSAGE + b"!", raw, certificate=certificate) is False
    assert server.verify(MESSAGE, raw[32:] + raw[:32], certificate=certificate) is False
    assert server.verify(MESSAGE, raw[:-1], certificate=certificate) is False
    assert server.verify(MESSAGE, b"", certificate=certificate, form=Signature.DER) is False
    with pytest.raises(MachineRefusedData) as expired:
        server.verify(MESSAGE, raw, certificate=server.export_certificate("expired"))
    assert expired.value.code == "04000009"
    assert server.verify(MESSAGE, raw, certificate=certificate, level=VerifyLevel.TIME) is True


def test_certificates(server: SignatureServer) -> None:
    certificate = server.export_certificate("liantiao-1")
    assert server.parse_certificate(certificate, 0x31) == "liantiao-1"
    assert server.validate_certificate(certificate) is CertificateState.GOOD
    assert server.validate_certificate(server.export_certificate("revoked")) is CertificateState.REVOKED
    assert server.validate_certificate(server.export_certificate("unknown-ca")) is CertificateState.UNKNOWN
    with pytest.raises(MachineNotSetUp):
        server.export_certificate("nobody")
    with pytest.raises(MachineMisused):
        server.parse_certificate(certificate, 0x7777)


@pytest.mark.parametrize("door", ["http", "der"])
def test_in_parts_and_as_a_signed_message(virtual: RunningMachine, door: str) -> None:
    parts = [MESSAGE, b"", b"x" * 200]
    with server_of(virtual, door) as server:
        with EncryptionMachine(parse_address(virtual.ends.at), load_host_profile("tass-sjj1310")) as machine:
            public = machine.public_key(2)
        raw = server.sign_parts(2, parts, pin=PIN, public=public)
        assert public.verify(b"".join(parts), raw)
        certificate = server.export_certificate("liantiao-2")
        assert server.verify_parts(parts, raw, public=public, certificate=certificate)
        assert not server.verify_parts([*parts, b"!"], raw, public=public, certificate=certificate)
        assert not server.verify_parts(parts, raw[:-1], public=public, certificate=certificate)
        attached = server.sign_message(5, MESSAGE, pin=PIN)
        assert MESSAGE in attached
        assert server.verify_message(attached, content=MESSAGE)
        detached = server.sign_message(5, MESSAGE, pin=PIN, detached=True)
        assert MESSAGE not in detached
        assert server.verify_message(detached, content=MESSAGE)
        assert not server.verify_message(detached, content=MESSAGE + b"!")


def test_random_where_the_server_has_it(virtual: RunningMachine) -> None:
    with server_of(virtual, "http") as server:
        assert len(server.random(32)) == 32
        assert server.random(32) != server.random(32)
    with server_of(virtual, "der") as server, pytest.raises(ConfigError, match="no genRandomData"):
        server.random(32)


def test_many_go_over_the_whole_pool_in_order(server: SignatureServer) -> None:
    requests = [SignData(key_index=1 + number % 8, pin=PIN, data=b"%d" % number) for number in range(20)]
    replies = server.ask_all(requests)
    assert len({getattr(reply, "signature", None) for reply in replies}) == 20
    certificate = [server.export_certificate(f"liantiao-{1 + number % 8}") for number in range(8)]
    for number in (0, 7, 19):
        signature = getattr(replies[number], "signature", b"")
        assert server.verify(b"%d" % number, signature, certificate=certificate[number % 8], form=Signature.DER), number


def test_long_messages_of_the_envelope_go_to_the_signature_server(virtual: RunningMachine) -> None:
    with (
        EncryptionMachine(parse_address(virtual.ends.at), load_host_profile("tass-sjj1310")) as machine,
        server_of(virtual, "http") as server,
    ):
        peer = machine.public_key(2)
        long = LongMessages(
            server=server, key_index=1, pin=PIN, peer_certificate=server.export_certificate("liantiao-2")
        )
        cipher = CipherKey(key=KeyIndex(index=11), type="00A")
        payment = PaymentMachine(machine, sign_index=1, peer=peer, cipher=cipher, long=long)
        own = machine.public_key(1)
        for message in (b"x" * 1984, b"x" * 1985, LONG):
            assert own.verify(message, payment.sign(message))
            signature = server.sign(2, message, pin=PIN)
            assert payment.verify(message, signature)
            assert not payment.verify(message + b"!", signature)
        alone = PaymentMachine(machine, sign_index=1, peer=peer, cipher=cipher)
        with pytest.raises(ConfigError, match="signature server takes longer"):
            alone.sign(b"x" * 1985)


@pytest.mark.external
@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command line tool")
@pytest.mark.parametrize("door", ["http", "der"])
def test_openssl_verifies_a_long_signature_and_signs_one(virtual: RunningMachine, door: str, tmp_path: Path) -> None:
    assert OPENSSL is not None
    message, signature, key = tmp_path / "message", tmp_path / "signature", tmp_path / "key.der"
    message.write_bytes(LONG)
    with (
        server_of(virtual, door) as server,
        EncryptionMachine(parse_address(virtual.ends.at), load_host_profile("tass-sjj1310")) as machine,
    ):
        key.write_bytes(machine.public_key(1).spki)
        signature.write_bytes(server.sign(1, LONG, pin=PIN, form=Signature.DER))
        command = [OPENSSL, "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-keyform", "DER", "-rawin"]
        command += ["-digest", "sm3", "-in", str(message), "-sigfile", str(signature)]
        command += ["-pkeyopt", "distid:1234567812345678"]
        assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0
        private = tmp_path / "private.der"
        private.write_bytes(sec1_of(seeded_private_key("7/key/1/sign")))
        command = [OPENSSL, "pkeyutl", "-sign", "-inkey", str(private), "-keyform", "DER", "-rawin", "-digest", "sm3"]
        command += ["-in", str(message), "-pkeyopt", "distid:1234567812345678"]
        stored = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
        certificate = server.export_certificate("liantiao-1")
        assert server.verify(LONG, stored, certificate=certificate, form=Signature.DER)
        assert not server.verify(LONG + b"!", stored, certificate=certificate, form=Signature.DER)


def sec1_of(key: PrivateKey) -> bytes:
    """An ECPrivateKey (RFC 5915) by hand."""
    public = der.element(0xA1, der.element(der.BIT_STRING, b"\0" + key.public.point))
    curve = der.element(0xA0, bytes.fromhex("06082a811ccf5501822d"))
    private = der.element(der.OCTET_STRING, key.d.to_bytes(32))
    return der.element(der.SEQUENCE, der.integer(1) + private + curve + public)


# --- errors by blame


def test_refusals_are_told_apart_by_whose_matter_they_are(server: SignatureServer) -> None:
    with pytest.raises(MachineNotSetUp, match="The signature server refused signData") as no_key:
        server.sign(999, MESSAGE, pin=PIN)
    assert no_key.value.code == "04000005"
    with pytest.raises(MachineNotSetUp) as wrong_pin:
        server.sign(2, MESSAGE, pin=b"wrong")
    assert wrong_pin.value.code == "04000006"
    with pytest.raises(MachineRefusedData) as unreadable:
        server.validate_certificate(b"\x30\x03\x02\x01\x01")
    assert unreadable.value.code == "04000008"
    assert server.sign(1, MESSAGE, pin=PIN)


def test_a_wrong_address_says_what_to_write(virtual: RunningMachine) -> None:
    for address, profile in ((virtual.ends.at, HTTP), (virtual.ends.also["svs-http"], DER), ("https://h:1", DER)):
        with pytest.raises(ConfigError, match="no address of a signature server"):
            SignatureServer(parse_address(address), profile)
    wrong = parse_address(virtual.ends.also["svs-http"] + "/elsewhere")
    with SignatureServer(wrong, HTTP, clock=virtual.clock) as server, pytest.raises(MachineMisused) as caught:
        server.sign(1, MESSAGE, pin=PIN)
    assert caught.value.code == "HTTP 404"


def test_what_cannot_be_spelled_leaves_the_connection_whole(virtual: RunningMachine) -> None:
    tape = Tape(BenchClock())
    with server_of(virtual, "http", connections=1, tape=tape) as server:
        server.sign(1, MESSAGE, pin=PIN)
        with pytest.raises(ConfigError, match="cannot be spelled"):
            server.sign(1, MESSAGE, pin=PIN, user_id=b"fisherman has no place for it")
        server.sign(1, MESSAGE, pin=PIN)
    assert {record.channel for record in tape.recent()} == {"signature-server.svs#1"}


def test_errors_name_the_server_after_pickling() -> None:
    for error in (MachineSilent(begun=True, party="The signature server"), MachineSpeaksNonsense("x", party="It")):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


# --- the connection


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    with scripts() as make:
        yield make


def http_request(connection: socket.socket) -> bytes:
    """One request's body; raises OSError at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise OSError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    size = next(int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.startswith(b"content-length"))
    while len(body) < size:
        body += connection.recv(65536)
    return body


def http_reply(name: str, **members: str) -> bytes:
    told = "".join(f',"{key}":"{value}"' for key, value in members.items())
    body = f'{{"version":"v1","reqType":"{name}","respond":{{"respValue":0{told}}}}}'.encode()
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def random_reply(data: str) -> bytes:
    return http_reply("GenRandomData", randomData=data)


FIRST, SECOND = random_reply("AAAAAA=="), random_reply("AQEBAQ==")


@pytest.mark.parametrize("door", ["http", "der"])
def test_a_late_reply_never_answers_the_next_request(virtual: RunningMachine, door: str) -> None:
    with server_of(virtual, door, connections=1) as server:
        certificate = server.export_certificate("liantiao-1")
        virtual.plan("signData", Effect.LATE_REPLY)
        with impatient(server), pytest.raises(MachineSilent, match="signature server"):
            server.sign(1, b"first", pin=PIN)
        virtual.until_fired()
        assert server.verify(b"second", server.sign(1, b"second", pin=PIN), certificate=certificate)


def test_a_reply_that_comes_after_the_time_out_is_never_taken(script: Callable[..., Script]) -> None:
    def late(script: Script, number: int, connection: socket.socket) -> None:
        http_request(connection)
        if number == 0:
            assert script.let_go.wait(PATIENCE_S)
        connection.sendall(FIRST if number == 0 else SECOND)
        http_request(connection)

    peer = script(late)
    with SignatureServer(parse_address(http_of(peer)), HTTP, connections=1, timeout_s=PATIENCE_S) as server:
        with impatient(server), pytest.raises(MachineSilent):
            server.random(4)
        peer.let_go.set()
        assert server.random(4) == b"\1\1\1\1"
        assert peer.connections == 2


def test_a_reply_that_nobody_asked_for_is_never_taken(script: Callable[..., Script]) -> None:
    def doubled(script: Script, number: int, connection: socket.socket) -> None:
        http_request(connection)
        if number == 0:
            connection.sendall(FIRST)
            connection.sendall(FIRST)
            script.let_go.set()
        else:
            connection.sendall(SECOND)
        http_request(connection)

    peer = script(doubled)
    with SignatureServer(parse_address(http_of(peer)), HTTP, connections=1, timeout_s=PATIENCE_S) as server:
        try:
            assert server.random(4) == b"\0\0\0\0"
        except MachineSpeaksNonsense:  # when both came in one piece
            assert peer.connections == 1
        assert peer.let_go.wait(PATIENCE_S)
        assert server.random(4) == b"\1\1\1\1"
        assert peer.connections == 2


def http_of(peer: Script) -> str:
    return "http://" + peer.at.removeprefix("tcp:")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops", MachineFailed),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", MachineMisused),
        (b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", MachineSpeaksNonsense),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", MachineSpeaksNonsense),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", MachineSpeaksNonsense),
        (http_reply("SignData", randomData="AAAAAA=="), MachineSpeaksNonsense),
        (random_reply("AAAA"), MachineSpeaksNonsense),
        (FIRST + FIRST, MachineSpeaksNonsense),
        (b"\x30\x03\x02\x01\x01 is no HTTP\r\n\r\n", MachineSpeaksNonsense),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * (1 << 21), MachineSpeaksNonsense),
        (FIRST[:20], MachineSilent),
        (FIRST[:-1], MachineSilent),
    ],
    ids=range(12),
)
def test_what_is_no_reply_is_named_and_the_next_call_works(
    script: Callable[..., Script], reply: bytes, error: type[Exception]
) -> None:
    def serve(script: Script, number: int, connection: socket.socket) -> None:
        while True:
            http_request(connection)
            connection.sendall(reply if number == 0 else SECOND)

    peer = script(serve)
    with SignatureServer(parse_address(http_of(peer)), HTTP, connections=1, timeout_s=PATIENCE_S) as server:
        with impatient(server, 0.5 if error is MachineSilent else PATIENCE_S), pytest.raises(error):
            server.random(4)
        assert server.random(4) == b"\1\1\1\1"
        assert server.random(4) == b"\1\1\1\1"
        assert peer.connections == 2


def test_a_reply_may_end_with_the_connection_or_come_in_chunks(script: Callable[..., Script]) -> None:
    body = SECOND.partition(b"\r\n\r\n")[2]
    spelled = [
        b"HTTP/1.0 200 OK\r\n\r\n" + body,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
        SECOND.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1),
    ]

    def serve(script: Script, number: int, connection: socket.socket) -> None:
        http_request(connection)
        for byte in spelled[number]:
            connection.sendall(bytes([byte]))
        connection.close()

    peer = script(serve)
    with SignatureServer(parse_address(http_of(peer)), HTTP, connections=1, timeout_s=PATIENCE_S) as server:
        for _ in spelled:
            assert server.random(4) == b"\1\1\1\1"


def test_a_request_with_a_pin_is_never_sent_twice(script: Callable[..., Script]) -> None:
    asked: list[bytes] = []

    def once(script: Script, number: int, connection: socket.socket) -> None:
        while True:
            asked.append(http_request(connection))
            if len(asked) in {2, 4}:
                connection.close()
                return
            connection.sendall(SECOND)

    peer = script(once)
    with SignatureServer(parse_address(http_of(peer)), HTTP, connections=1, timeout_s=PATIENCE_S) as server:
        server.random(4)
        server.random(4)
        assert len(asked) == 3, "a question that changes nothing was asked once more"
        with pytest.raises(Disconnected):
            server.sign(1, MESSAGE, pin=b"maybe wrong")
        assert len(asked) == 4


@pytest.mark.parametrize("door", ["http", "der", "visa"])
@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (Effect.SILENCE, MachineSilent),
        (Effect.CLOSE_UNANSWERED, Disconnected),
        (Effect.SIGNATURE_RAW, (MachineSpeaksNonsense, MachineFailed)),
        (Effect.BUSY, MachineFailed),
        (Effect.PIN_LOCKED, MachineNotSetUp),
        (Effect.TRUNCATED_RESULT, MachineSpeaksNonsense),
    ],
    ids=lambda part: getattr(part, "value", ""),
)
def test_each_fault_is_named_and_the_next_call_works(
    virtual: RunningMachine, door: str, effect: Effect, error: type[Exception]
) -> None:
    with server_of(virtual, door, connections=1) as server:
        certificate = server.export_certificate("liantiao-1")
        virtual.plan("signData", effect)
        patience_s = 0.3 if effect is Effect.SILENCE else PATIENCE_S
        with impatient(server, patience_s), pytest.raises(error) as caught:
            server.sign(1, MESSAGE, pin=PIN)
        assert isinstance(caught.value, BenchError | ConfigError | MachineSpeaksNonsense)
        virtual.until_fired()
        assert server.verify(MESSAGE, server.sign(1, MESSAGE, pin=PIN), certificate=certificate)


def test_a_reply_that_is_cut_off_is_a_disconnection(virtual: RunningMachine) -> None:
    with server_of(virtual, "der", connections=1) as server:
        for effect in (Effect.CUT_CONNECTION, Effect.CUT_IN_HEADER, Effect.CUT_IN_BODY):
            virtual.plan("signData", effect)
            with pytest.raises(Disconnected):
                server.sign(1, MESSAGE, pin=PIN)
        assert server.sign(1, MESSAGE, pin=PIN)


# --- how VISA is asked for a message


def fed(framing: DerMessages | LengthFirst, stream: bytes) -> list[bytes]:
    pieces = []
    while stream:
        size = framing.wanted
        assert size > 0
        pieces.append(stream[:size])
        framing.took(stream[:size])
        stream = stream[size:]
    return pieces


def test_exactly_the_next_message_is_asked_for() -> None:
    short, long, huge = b"\x30\x03abc", b"\x30\x81\x80" + b"x" * 128, b"\x30\x82\x01\x00" + b"y" * 256
    stream = short + b"\x30\x00" + long + huge + short
    expected = [
        *(b"\x30\x03", b"abc", b"\x30\x00", b"\x30\x81", b"\x80", b"x" * 128),
        *(b"\x30\x82", b"\x01\x00", b"y" * 256, b"\x30\x03", b"abc"),
    ]
    assert fed(DerMessages(), stream) == expected
    assert fed(DerMessages(), b"\x30\x80\x30\xff\x30\x01x") == [b"\x30\x80", b"\x30\xff", b"\x30\x01", b"x"]
    assert fed(LengthFirst(), b"\0\3abc\0\0\0\1x") == [b"\0\3", b"abc", b"\0\0", b"\0\1", b"x"]
