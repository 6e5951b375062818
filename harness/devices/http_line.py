"""One HTTP connection of the bench to what is under test: requests and answers as bytes, each a frame on the tape.

    with HttpLine(address, tape=tape, channel="client.http#1") as line:
        line.send("POST", "/path", "application/json", b"{}")
        answer = line.receive(timeout_s=5.0)

The host's side records, one frame a message with its head; what a virtual party records of the exchange is its own.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import h11

from harness.line.address import Address, Scheme
from harness.line.client import HostRecorder
from harness.line.tape import Tape
from harness.line.tcp import TcpClient
from harness.line.tls import NOTHING_SAID, ClientTls
from harness.line.tls_client import TlsClient

USER_AGENT = "liantiao-bench"
LONGEST = 1_000_000
"""Bytes of an answer."""


class Silent(Exception):
    """No whole answer in time, or none before the other side hung up in good order."""


class NoHttp(Exception):
    """What came is no HTTP, or more of it than anybody reads; the text says which."""


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """An answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """Of its body; empty without one."""
        return self.headers.get("content-type", "")


class HttpLine:
    """One connection: a request, its answer, the next one. Raises Disconnected when it cannot be had, or is gone.

    At an `https:` address it goes by `tls`; what is recorded is plain.
    """

    def __init__(self, address: Address, *, tape: Tape | None, channel: str, tls: ClientTls = NOTHING_SAID) -> None:
        parts = urlsplit(str(address))
        self.channel = channel
        self._host, self._base = parts.netloc, parts.path.rstrip("/")
        self._recorder = HostRecorder(tape=tape, channel=channel)
        self._tcp: TcpClient | TlsClient
        if address.scheme is Scheme.HTTPS:
            self._tcp = TlsClient.open(address, tls, channel=channel)
        else:
            tcp = Address(scheme=Scheme.TCP, target=self._host, host=address.host, port=address.port)
            self._tcp = TcpClient.open(tcp, channel=channel)
        self._http = h11.Connection(h11.CLIENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def reusable(self) -> bool:
        """Whether another request may follow."""
        return self._http.our_state is h11.IDLE or (
            self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        )

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._tcp.close()

    def send(self, method: str, target: str, content_type: str, raw: bytes) -> None:
        """Write a request; a GET has no body."""
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        headers = {"host": self._host, "user-agent": USER_AGENT, "accept-encoding": "identity"}
        if method == "POST":
            headers |= {"content-type": content_type, "content-length": str(len(raw))}
        head = h11.Request(method=method, target=self._base + target, headers=list(headers.items()))
        parts = (self._http.send(event) for event in (head, h11.Data(data=raw), h11.EndOfMessage()))
        data = b"".join(part for part in parts if part)
        self._recorder.to_device(data)
        self._tcp.write(data)

    def receive(self, *, timeout_s: float) -> HttpAnswer:
        """The whole answer. Raises Silent or NoHttp; what came of it is on the tape all the same."""
        came, body = bytearray(), bytearray()
        response: h11.Response | None = None
        until = time.monotonic() + timeout_s
        try:
            while True:
                match self._http.next_event():
                    case h11.Response() as response:
                        pass
                    case h11.Data(data=piece):
                        body += piece
                        if len(body) > LONGEST:
                            raise NoHttp(f"more than {LONGEST} bytes")
                    case h11.EndOfMessage():
                        break
                    case h11.NEED_DATA:
                        data = self._tcp.read(max(0.0, until - time.monotonic()))
                        if not data:
                            raise Silent
                        came += data
                        self._http.receive_data(data)
                    case _:
                        pass
        except h11.RemoteProtocolError as error:
            raise NoHttp(f"what is no HTTP: {error}") from error
        finally:
            if came:
                self._recorder.from_device(bytes(came))
        assert response is not None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return HttpAnswer(status=response.status_code, headers=headers, body=bytes(body))
