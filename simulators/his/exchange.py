"""One HTTP request and what came of it: an answer, or none; a time limit on the whole answer, not on each packet.

A connection serves one request. A kept one saves a millisecond and brings the question whether a reply belongs to this
request or to one that was given up.
"""

import contextlib
import http.client
import io
import json
import socket
import ssl
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from simulators.his.trust import NOTHING_TOLD, Trust, secured

PORTS = {"http": 80, "https": 443}
LINGER_S = 0.25
REPLY_LIMIT = 4 << 20
LAYERS = 3
"""How often an answer may be encoded: some provinces do so twice, and relays add one."""


class NoAnswerError(Exception):
    """There was no proper answer; whether the other side acted on the request is unknown."""


class EmptyAnswerError(NoAnswerError):
    """The answer has no body: in Shanghai, the front machine is down."""


class StatusError(NoAnswerError):
    """An answer with another HTTP status than 200; a gateway may have written it after the other side acted."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status


def post(
    url: str,
    body: bytes,
    *,
    connect_s: float,
    reply_s: float,
    headers: Mapping[str, str] | None = None,
    charset: str = "utf-8",
    trust: Trust = NOTHING_TOLD,
) -> Mapping[str, object]:
    """Send a JSON body in `charset` and read the JSON object that answers. Raises NoAnswerError for anything else."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in PORTS or parts.hostname is None:
        raise NoAnswerError(f"only http:// and https:// addresses are served, not {url}")
    try:
        line = _connected(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme], trust, connect_s)
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"no connection: {error}") from error
    try:
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = (
            f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"User-Agent: liantiao-reference\r\nContent-Type: application/json;charset={charset.upper()}\r\n"
            f"{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        line.settimeout(reply_s)
        line.sendall(head.encode("ascii") + body)
        answer = _read_answer(line, time.monotonic() + reply_s)
        if not answer.strip():
            raise EmptyAnswerError("the answer is empty")
        return read_json(answer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(f"{type(error).__name__}: {error}") from error
    finally:
        _hang_up(line)


def _connected(scheme: str, host: str, port: int, trust: Trust, connect_s: float) -> socket.socket:
    line = socket.create_connection((host, port), timeout=connect_s)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if scheme == "http":
        return line
    try:
        line = secured(line, host, trust)
        line.do_handshake()
    except (OSError, ValueError) as error:
        _hang_up(line)
        if isinstance(error, ssl.SSLCertVerificationError):
            if not trust.insists:
                return _connected(scheme, host, port, replace(trust, certificate=False), connect_s)
            if not trust.survives:
                raise SystemExit(str(error)) from error
        raise
    return line


def read_json(body: bytes) -> Mapping[str, object]:
    """The object in a body; UTF-8, else GBK; also when the object comes as a JSON string of JSON, or as one of that.

    Numbers with a point become Decimal. Raises ValueError when there is no object.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("gbk")
    value: object = text
    for _ in range(LAYERS):
        if isinstance(value, str):
            value = json.loads(value, parse_float=Decimal)
    if not isinstance(value, dict):
        raise ValueError("the answer is no JSON object")
    return value


def inner_object(value: object) -> Mapping[str, object]:
    """A member that travels as an object or as a string of JSON; empty when it is neither."""
    if isinstance(value, str) and value:
        value = json.loads(value, parse_float=Decimal)
    return value if isinstance(value, dict) else {}


class _Until(io.RawIOBase):
    """A socket's input that ends with TimeoutError at a moment, however slowly the bytes drip."""

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self._line = line
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # a buffer is what BufferedReader passes
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the reply is not there in time")
        self._line.settimeout(left)
        return self._line.recv_into(buffer)


class _Line:
    """What `http.client` needs of a socket."""

    def __init__(self, source: io.RawIOBase) -> None:
        self._source = source

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._source)


def _read_answer(line: socket.socket, deadline: float) -> bytes:
    response = http.client.HTTPResponse(_Line(_Until(line, deadline)), method="POST")  # type: ignore[arg-type] # see _Line
    try:
        response.begin()
        body = response.read(REPLY_LIMIT + 1)
        if response.status != http.client.OK:
            raise StatusError(response.status)
        if len(body) > REPLY_LIMIT:
            raise ValueError("the reply is too long")
        if response.length:
            raise ValueError("the reply ends too early")
        return body
    finally:
        response.close()


def _hang_up(line: socket.socket) -> None:
    """Close our side first and let the other side notice, so that it knows nobody waits before the next request."""
    try:
        line.settimeout(LINGER_S)
        if isinstance(line, ssl.SSLSocket):
            with contextlib.suppress(OSError, ValueError):  # there may be nobody left to say goodbye to
                line.unwrap()
        line.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + LINGER_S
        while line.recv(4096) and time.monotonic() < deadline:
            pass
    except OSError:
        pass
    finally:
        line.close()
