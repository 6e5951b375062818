"""HTTP messages of a tape: the frame's bytes as start line, headers and body, and the body as JSON.

Two readings of a body: `json`, as the specification wants it, and `readable`, as a forgiving client takes it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from harness.line.record import Record

INTERIM = b"HTTP/1.1 1"
"""How an interim answer (100 Continue) begins; the real one follows in the same frame."""


UTF_8 = "utf-8"
LAYERS = 3
"""How often a forgiving reader takes JSON out of JSON text: twice where a province does so, once more for a relay."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How the bodies of a party are to be read where the province has it otherwise than UTF-8 and an object."""

    charset: str = UTF_8
    twice: bool = False
    """Whether the object may come as a JSON string."""
    meant: Callable[[dict[str, Any]], dict[str, Any]] = lambda found: found
    """What an object of another protocol is in the words of the institution interface."""


PLAIN = Dialect()


@dataclass(frozen=True, kw_only=True)
class Message:
    """One HTTP message: where it stands on the tape, its start line, headers (lower-case names) and body."""

    seq: int
    at_ns: int
    start: str
    headers: Mapping[str, str]
    body: bytes
    dialect: Dialect = PLAIN
    """How the body is to be read."""

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none (the rules then see missing fields, not an error)."""
        try:
            found = json.loads(self.body if self.dialect.charset == UTF_8 else self.body.decode(self.dialect.charset))
            if isinstance(found, str) and self.dialect.twice:
                found = json.loads(found)
        except (ValueError, RecursionError):
            return {}
        return self.dialect.meant(found) if isinstance(found, dict) else {}

    @cached_property
    def readable(self) -> dict[str, Any]:
        """The body as a forgiving reader takes it, numbers exact (Decimal): also in GBK, also a JSON string of JSON."""
        try:
            text = self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self.body.decode("gb18030", errors="replace")
        return self.dialect.meant(exact_object(text))

    @property
    def complete(self) -> bool:
        """Whether as much of the body came as the head promised; a sender that died in the middle leaves less."""
        promised = self.headers.get("content-length", "")
        return not promised.isdigit() or len(self.body) >= int(promised)

    @property
    def well_formed(self) -> bool:
        """Whether the body is a JSON object."""
        return bool(self.json)


def exact_object(text: str) -> dict[str, Any]:
    """A JSON object with exact numbers, also when it comes as a JSON string of JSON; empty when it is none."""
    found: object = text
    for _ in range(LAYERS):
        if not isinstance(found, str):
            break
        try:
            found = json.loads(found, parse_float=Decimal)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}


def parse_message(record: Record) -> Message:
    """An HTTP message of a frame; one that is no HTTP has an empty start line and all bytes as its body."""
    head, separator, body = record.data.partition(b"\r\n\r\n")
    if separator and head.startswith(INTERIM):
        head, separator, body = body.partition(b"\r\n\r\n")
    if not separator:
        return Message(seq=record.seq, at_ns=record.at_ns, start="", headers={}, body=record.data)
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunk(body)
    return Message(seq=record.seq, at_ns=record.at_ns, start=start, headers=headers, body=body)


def _unchunk(body: bytes) -> bytes:
    whole = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        try:
            length = int(size.split(b";")[0], 16)
        except (ValueError, RecursionError):
            break
        if length == 0:
            break
        whole += body[:length]
        body = body[length + 2 :]
    return bytes(whole)
