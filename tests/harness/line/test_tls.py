"""TLS on HTTP lines: who is let in, what the tape has of it, and what people are told of files that will not do."""

import asyncio
import http.client
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.loop import LoopThread
from harness.clock import BenchClock
from harness.errors import ConfigError
from harness.line.address import parse_address
from harness.line.authority import Authority
from harness.line.client import Disconnected
from harness.line.http import TapedServer
from harness.line.record import Direction, Kind
from harness.line.tape import Tape
from harness.line.tls import (
    GOOD,
    CertificateFiles,
    ClientTls,
    ServerTls,
    read_client_tls,
    read_server_tls,
    why_not_trusted,
)
from harness.line.tls_client import TlsClient

REQUEST = b"POST /act HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shown(authority: Authority) -> ServerTls:
    return authority.server("party")


class Served:
    """A party over TLS that answers what it was sent."""

    def __init__(self, tls: ServerTls, choice: Callable[[], str]) -> None:
        self.tape = Tape(BenchClock())
        app = Starlette(routes=[Route("/act", self._act, methods=["POST"])])
        self.server = TapedServer(app, name="party", tape=self.tape, tls=tls, choice=choice)

    async def _act(self, request: Request) -> Response:
        return JSONResponse({"said": (await request.body()).decode()})

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        address = parse_address(self.server.address)
        return address.host, address.port

    def say(self, tls: ClientTls) -> bytes:
        """Everything that a client hears that makes one request."""
        with self.open(tls.context()) as line:
            line.sendall(REQUEST)
            return b"".join(iter(lambda: line.recv(4096), b""))

    def open(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """A client's connection."""
        return context.wrap_socket(socket.create_connection(self.address, 60), server_hostname="127.0.0.1")

    def why(self) -> str:
        """Why the last handshake failed."""
        found = self.tape.wait_for(lambda record: record.name == "tls-failed", since=0, timeout=60)
        assert found is not None
        return str(found.event["why"])


@contextmanager
def serving(tls: ServerTls, choice: Callable[[], str] = lambda: GOOD) -> Iterator[Served]:
    """A party that serves."""
    served, loop = Served(tls, choice), LoopThread()
    loop.call(served.server.start())
    try:
        yield served
    finally:
        loop.call(served.server.stop())
        loop.close()


def test_the_tape_has_what_was_said_inside(authority: Authority, shown: ServerTls) -> None:
    with serving(shown) as served:
        assert served.server.address.startswith("https://127.0.0.1:")
        said = served.say(ClientTls(ca=str(authority.ca)))
        frames = [record for record in served.tape.recent() if record.kind is Kind.FRAME]
    assert [(frame.direction, frame.data) for frame in frames] == [
        (Direction.RECEIVED, REQUEST),
        (Direction.SENT, said),
    ]
    assert said.endswith(b'{"said":"hello"}')


@pytest.mark.parametrize("client", ["stranger", "plain", "silent"])
def test_a_handshake_that_fails_is_told_and_the_next_client_is_served(
    authority: Authority, shown: ServerTls, client: str
) -> None:
    with serving(shown) as served:
        if client == "stranger":
            with pytest.raises(ssl.SSLCertVerificationError):
                served.say(ClientTls())
            assert served.why() == "TLSV1_ALERT_UNKNOWN_CA"
        elif client == "plain":
            line = http.client.HTTPConnection(*served.address, timeout=60)
            line.request("GET", "/")
            with pytest.raises((http.client.BadStatusLine, ConnectionError)):
                line.getresponse()
            assert served.why() == "HTTP_REQUEST"
        else:
            socket.create_connection(served.address, 60).close()
        assert b"hello" in served.say(ClientTls(ca=str(authority.ca)))


def test_who_shows_no_certificate_is_not_let_in(authority: Authority, shown: ServerTls) -> None:
    asking = replace(shown, client_ca=str(authority.ca))
    known = ClientTls(ca=str(authority.ca), shown=authority.client("adapter"))
    with serving(asking) as served:
        with suppress(ssl.SSLError):  # the loop closes the line without a word of TLS
            assert served.say(ClientTls(ca=str(authority.ca))) == b""
        assert served.why() == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
        assert b"hello" in served.say(known)
        assert len([record for record in served.tape.recent() if record.kind is Kind.FRAME]) == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tls-expired", "certificate has expired"),
        ("tls-wrong-name", "IP address mismatch"),
        ("tls-unknown-ca", "unable to get local issuer certificate"),
    ],
)
def test_a_spoilt_certificate_is_shown_when_it_is_chosen(
    authority: Authority, shown: ServerTls, name: str, says: str
) -> None:
    due = [name, name, GOOD]
    with serving(shown, lambda: due.pop(0)) as served:
        with pytest.raises(ssl.SSLCertVerificationError, match=says):
            served.say(ClientTls(ca=str(authority.ca)))
        assert not [record for record in served.tape.recent() if record.name == "tls-not-verified"]
        assert b"hello" in served.say(ClientTls(verify=False))
        (told,) = [record for record in served.tape.recent() if record.name == "tls-not-verified"]
        assert (told.event["certificate"], told.event["channel"]) == (name, "party.http#1")
        assert b"hello" in served.say(ClientTls(ca=str(authority.ca)))
    assert due == []


def test_whoever_looks_at_the_name_afterwards_and_says_nothing_is_no_finding(
    authority: Authority, shown: ServerTls
) -> None:
    context = ClientTls(ca=str(authority.ca)).context()
    context.check_hostname = False
    with serving(shown, lambda: "tls-wrong-name") as served:
        with served.open(context) as line:
            assert line.getpeercert()
        assert b"hello" in served.say(ClientTls(verify=False))
        told = [record for record in served.tape.recent() if record.name == "tls-not-verified"]
    assert len(told) == 1


def test_the_line_of_a_driver(authority: Authority, shown: ServerTls) -> None:
    tape = Tape(BenchClock())
    with serving(shown) as served:
        address = parse_address(served.server.address)
        with TlsClient.open(address, ClientTls(ca=str(authority.ca)), channel="client", tape=tape) as line:
            assert line.read(0.01) == b""
            line.write(REQUEST)
            assert line.read(60).startswith(b"HTTP/1.1 200")
            with pytest.raises(Disconnected, match="hung up"):
                line.read(60)
        with pytest.raises(Disconnected, match="no safe connection") as caught:
            TlsClient.open(address, ClientTls(), channel="client")
        assert "unable to get local issuer" in str(caught.value)
    assert [record.direction for record in tape.recent()] == [Direction.RECEIVED, Direction.SENT]
    with pytest.raises(Disconnected, match="Nobody answers"):
        TlsClient.open(address, ClientTls(), channel="client")


def test_a_line_that_carries_much(authority: Authority, shown: ServerTls) -> None:
    body = b"x" * 3_000_000
    head = b"POST /act HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    trust, came = ClientTls(ca=str(authority.ca)), bytearray()
    with serving(shown) as served, TlsClient.open(parse_address(served.server.address), trust, channel="c") as line:
        line.write(head + body)
        while not came.endswith(b'xx"}'):
            came += line.read(60)
    assert len(came) > len(body)


def test_a_party_that_speaks_no_tls_is_named(authority: Authority) -> None:
    del authority

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    loop = LoopThread()
    server = loop.call(asyncio.start_server(plain, "127.0.0.1", 0))
    port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(Disconnected) as caught:
            TlsClient.open(parse_address(f"https://127.0.0.1:{port}"), ClientTls(), channel="client")
    finally:
        loop.soon(server.close)
        loop.close()
    assert "does not speak TLS there" in str(caught.value)
    assert "write http://" in str(caught.value)


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def test_files_that_will_not_do_are_said_to_people(authority: Authority, shown: ServerTls, tmp_path: Path) -> None:
    other = authority.client("other")
    good = shown.shown.certificate
    pem = Path(good).read_bytes()
    no_pem = written(tmp_path / "cert.der", ssl.PEM_cert_to_DER_cert(pem[: pem.index(b"-----BEGIN PRIVATE")].decode()))
    pairs = {
        "is not that of the certificate": CertificateFiles(certificate=good, key=other.key),
        "No such file": CertificateFiles(certificate=str(tmp_path / "absent.pem"), key=other.key),
        "cannot be used for TLS": CertificateFiles(certificate=no_pem, key=other.key),
        "Is a directory": CertificateFiles(certificate=good, key=str(tmp_path)),
    }
    for says, files in pairs.items():
        party = TapedServer(Starlette(), name="party", tape=Tape(BenchClock()), tls=ServerTls(shown=files))
        with pytest.raises(ConfigError, match=says) as caught:
            asyncio.run(party.start())
        assert caught.value.remedy
        with pytest.raises(ConfigError, match=says):
            ClientTls(shown=files).context()
    with pytest.raises(ConfigError, match="cannot be used for TLS"):
        ClientTls(ca=written(tmp_path / "ca.pem", b"nonsense")).context()


@pytest.mark.external
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_key_with_a_password_is_said(shown: ServerTls, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    words = ["openssl", "pkey", "-in", shown.shown.key, "-aes256", "-passout", "pass:secret", "-out", str(locked)]
    subprocess.run(words, check=True, capture_output=True)
    with pytest.raises(ConfigError, match="asks for a password") as caught:
        ClientTls(shown=CertificateFiles(certificate=shown.shown.certificate, key=str(locked))).context()
    assert "openssl pkey" in caught.value.remedy


@pytest.mark.external
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_what_a_party_shows(authority: Authority, shown: ServerTls) -> None:
    with serving(shown) as served:
        host, port = served.address
        words = ["openssl", "s_client", "-connect", f"{host}:{port}", "-verify_return_error", "-verify_ip", host]
        done = subprocess.run(
            [*words, "-CAfile", str(authority.ca), "-brief"],
            input=REQUEST,
            capture_output=True,
            timeout=60,
            check=True,
        )
        stranger = subprocess.run([*words, "-brief"], input=b"", capture_output=True, timeout=60, check=False)
    assert b"Verification: OK" in done.stderr
    assert stranger.returncode != 0


def test_what_workers_are_told_survives_json(shown: ServerTls) -> None:
    client = ClientTls(ca="ca.pem", shown=shown.shown, verify=False)
    assert read_server_tls(asdict(shown)) == shown
    assert read_server_tls(None) is None
    assert read_client_tls(asdict(client)) == client
    assert read_client_tls(asdict(ClientTls())) == ClientTls()


def test_what_is_no_matter_of_tls_is_left_to_others() -> None:
    assert why_not_trusted(ConnectionRefusedError()) is None


def test_a_party_that_asks_for_a_certificate_is_understood() -> None:
    error = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")
    error.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    told = why_not_trusted(error)
    assert told is not None
    assert "client_cert" in told[1]
