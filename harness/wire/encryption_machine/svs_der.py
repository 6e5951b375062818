"""The signature server over TCP (签名验签服务器, GM/T 0029 App. A): DER messages one after another, without I/O.

    SVSRequest ::= SEQUENCE { [20] version INTEGER, [21] reqType INTEGER, [reqType] request, [22] reqTime }
    SVSRespond ::= the same with respType, respond and respTime

A message ends where its outer SEQUENCE ends; nothing announces its length. Both sides accept any split of the bytes,
although one known server reads each message whole. Only strict DER is taken: a bad outer length costs the connection,
since where the next message begins is then anybody's guess.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.gm import GmError, der
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import (
    SUCCESS,
    WIRE_NAMES,
    RequestType,
    SvsAnswer,
    SvsCall,
    SvsMalformed,
    SvsRefusal,
    SvsReply,
    SvsRequest,
    request_type,
)
from harness.wire.encryption_machine.svs_profile import MAX_INTEGER, SvsField, SvsProfile
from harness.wire.encryption_machine.svs_values import FieldError, Value, made, to_write

VERSION_TAG, TYPE_TAG, TIME_TAG = 20, 21, 22
VERSION = 0
_CONTEXT, _CONSTRUCTED = 0x80, 0x20
_BOOLEAN = 0x01
_UNIVERSAL = {
    "integer": der.INTEGER,
    "length": der.INTEGER,
    "choice": der.INTEGER,
    "boolean": _BOOLEAN,
    "bytes": der.OCTET_STRING,
    "text": der.OCTET_STRING,
    "element": der.SEQUENCE,
}
_TIME_FORMATS = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
_CODE_FIELD = SvsField(name="", wire="respValue", form="integer", tag=0)
_MAX_LENGTH_BYTES = 4


class _Messages:
    """The DER messages in a stream of bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._held = bytearray()
        self.dead = False

    def feed(self, data: bytes) -> Iterator[bytes | SvsMalformed]:
        """Take bytes. After a fatal Malformed nothing is kept and nothing comes any more."""
        if self.dead:
            return
        self._held += data
        at = 0
        while at < len(self._held):
            size, problem = _size(self._held[at : at + 2 + _MAX_LENGTH_BYTES])
            if not problem and size > self._longest:
                problem = f"the message has {size} bytes, more than {self._longest}"
            if problem:
                raw = bytes(self._held[at : at + self._longest])
                self._held.clear()
                self.dead = True
                yield SvsMalformed(raw=raw, reason=problem, fatal=True)
                return
            if not size or at + size > len(self._held):
                break
            at += size
            yield bytes(self._held[at - size : at])
        del self._held[:at]

    @property
    def pending(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._held)


class SvsDerServerCodec:
    """The server's side."""

    def __init__(self, profile: SvsProfile) -> None:
        self.profile = profile
        self._messages = _Messages(profile.max_body)

    @property
    def pending(self) -> bool:
        """Whether a request has begun and not ended."""
        return self._messages.pending

    def feed(self, data: bytes) -> list[SvsCall | SvsMalformed]:
        """Take bytes; returns the requests that are now complete."""
        return [self._call(item) if isinstance(item, bytes) else item for item in self._messages.feed(data)]

    def answer(self, call: SvsCall | SvsMalformed, reply: SvsReply, *, when: datetime) -> bytes:
        """The answer's bytes; b"" when nobody knows what was asked. Raises ValueError for what cannot be spelled.

        A signature or certificate that is no DER goes out as it is: a machine can be broken on purpose.
        """
        if call.type is None:
            return b""
        code = reply.code if isinstance(reply, SvsRefusal) else SUCCESS
        body = _element(_CODE_FIELD, code)
        if not isinstance(reply, SvsRefusal):
            body += _body(self.profile.messages_for(call.type).reply, reply, strict=False)
        return _enveloped(self.profile, call.type, body, when)

    def refuse(self, call: SvsCall | SvsMalformed, reason: Reason | None = None, *, when: datetime) -> bytes:
        """The answer that says no: by the reason's code, or by a Malformed's own."""
        if reason is not None:
            code = self.profile.answers[reason]
        else:
            code = call.code if isinstance(call, SvsMalformed) else self.profile.answers[Reason.BAD_INPUT]
        return self.answer(call, SvsRefusal(code=code), when=when)

    def _call(self, raw: bytes) -> SvsCall | SvsMalformed:
        opened = _opened(self.profile, raw)
        if isinstance(opened, SvsMalformed):
            return opened
        layout = self.profile.messages[opened.type].request
        try:
            request = made(layout, _values(layout, opened.body), opened.type, reply=False)
        except FieldError as error:
            return _wrong(self.profile, raw, str(error), error.reason, opened.type)
        except GmError as error:
            return _wrong(self.profile, raw, str(error), Reason.BAD_INPUT, opened.type)
        assert not isinstance(request, SvsReply)
        return SvsCall(raw=raw, type=opened.type, request=request, time=opened.time)


class SvsDerClientCodec:
    """The client's side: remembers what was sent, and takes the replies in that order."""

    def __init__(self, profile: SvsProfile) -> None:
        self.profile = profile
        self._messages = _Messages(profile.max_body)
        self._sent: deque[SvsRequest] = deque()

    @property
    def outstanding(self) -> int:
        """How many requests have no reply yet."""
        return len(self._sent)

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return self._messages.pending

    def send(self, request: SvsRequest, *, when: datetime, strict: bool = True) -> bytes:
        """The bytes of a request, which is now outstanding. Raises ValueError for what cannot be spelled.

        Without `strict` a signature or certificate that is no DER goes out as it is, to see what the server says.
        """
        type_ = request_type(request)
        body = _body(self.profile.messages_for(type_).request, request, strict=strict)
        raw = _enveloped(self.profile, type_, body, when)
        if len(raw) > self.profile.max_body:
            raise ValueError(f"the message has {len(raw)} bytes, more than {self.profile.max_body}")
        self._sent.append(request)
        return raw

    def feed(self, data: bytes) -> list[SvsAnswer | SvsMalformed]:
        """Take bytes; returns the replies that are now complete. Every Malformed means: close the connection."""
        found: list[SvsAnswer | SvsMalformed] = []
        for item in self._messages.feed(data):
            found.append(self._answer(item) if isinstance(item, bytes) else item)
            if isinstance(found[-1], SvsMalformed):
                self._messages.dead = True
                self._sent.clear()
                break
        return found

    def _answer(self, raw: bytes) -> SvsAnswer | SvsMalformed:
        if not self._sent:
            return _fatal(raw, "it answers nothing that was asked")
        request = self._sent.popleft()
        due = request_type(request)
        opened = _opened(self.profile, raw)
        if isinstance(opened, SvsMalformed):
            return _fatal(raw, opened.reason)
        if opened.type is not due:
            return _fatal(raw, f"it answers {WIRE_NAMES[opened.type]}, {WIRE_NAMES[due]} is due")
        try:
            layout = self.profile.messages[due].reply
            reader = der.Reader(opened.body)
            code = _taken(_CODE_FIELD, reader)
            assert isinstance(code, int)
            if code != SUCCESS:
                reply: SvsRequest | SvsReply = SvsRefusal(code=code)
            else:
                reply = made(layout, _read_all(layout, reader), due, reply=True)
        except (FieldError, GmError) as error:
            return _fatal(raw, str(error))
        assert isinstance(reply, SvsReply)
        return SvsAnswer(raw=raw, type=due, request=request, reply=reply, code=code, time=opened.time)


@dataclass(frozen=True, kw_only=True)
class _Opened:
    type: RequestType
    body: bytes
    time: str


def moment(text: str) -> datetime | None:
    """A reqTime or respTime as a moment; None for a text that is none."""
    for form in _TIME_FORMATS.values():
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _size(head: bytes | bytearray) -> tuple[int, str]:
    """Bytes of the message that begins so (0: more bytes are due), or what is wrong with it."""
    if head[0] != der.SEQUENCE:
        return 0, f"a message is a SEQUENCE (30), not {head[0]:02x}"
    if len(head) < 2:
        return 0, ""
    if head[1] < 0x80:
        return 2 + head[1], ""
    count = head[1] & 0x7F
    if not 1 <= count <= _MAX_LENGTH_BYTES:
        return 0, "its length is indefinite, or has too many bytes"
    spelled = head[2 : 2 + count]
    if spelled[:1] == b"\0" or (count == 1 and spelled and spelled[0] < 0x80):
        return 0, "its length is not the shortest"
    return (2 + count + int.from_bytes(spelled) if len(spelled) == count else 0), ""


def _opened(profile: SvsProfile, raw: bytes) -> _Opened | SvsMalformed:
    """The envelope taken off."""
    try:
        outer = der.sequence_of(raw)
        version = _integer(_inside(outer, VERSION_TAG, der.INTEGER))
        number = _integer(_inside(outer, TYPE_TAG, der.INTEGER))
    except GmError as error:
        return _wrong(profile, raw, str(error), Reason.BAD_INPUT, None)
    type_ = next((known for known in profile.messages if known == number), None)
    if type_ is None:
        return _wrong(profile, raw, f"there is no request type {number}", Reason.COMMAND_UNKNOWN, None)
    if version != VERSION:
        return _wrong(profile, raw, f"its version is {version}, not {VERSION}", Reason.BAD_INPUT, type_)
    try:
        body = _inside(outer, int(type_), der.SEQUENCE)
        time = _inside(outer, TIME_TAG, profile.time_tag).decode("ascii", errors="backslashreplace")
        outer.end()
    except GmError as error:
        return _wrong(profile, raw, str(error), Reason.BAD_INPUT, type_)
    return _Opened(type=type_, body=body, time=time)


def _inside(reader: der.Reader, tag: int, universal: int) -> bytes:
    """The content of an explicitly tagged element. Raises GmError."""
    inside = der.Reader(reader.take(_CONTEXT | _CONSTRUCTED | tag))
    content = inside.take(universal)
    inside.end()
    return content


def _integer(content: bytes) -> int:
    return der.Reader(der.element(der.INTEGER, content)).integer()


def _wrong(profile: SvsProfile, raw: bytes, why: str, reason: Reason, type_: RequestType | None) -> SvsMalformed:
    return SvsMalformed(raw=raw, reason=why, cause=reason, code=profile.answers[reason], type=type_)


def _enveloped(profile: SvsProfile, type_: RequestType, body: bytes, when: datetime) -> bytes:
    time = when.astimezone(UTC).strftime(_TIME_FORMATS[profile.time_tag]).encode()
    parts = (
        (VERSION_TAG, der.integer(VERSION)),
        (TYPE_TAG, der.integer(int(type_))),
        (int(type_), der.element(der.SEQUENCE, body)),
        (TIME_TAG, der.element(profile.time_tag, time)),
    )
    tagged = (der.element(_CONTEXT | _CONSTRUCTED | tag, inside) for tag, inside in parts)
    return der.element(der.SEQUENCE, b"".join(tagged))


def _body(layout: tuple[SvsField, ...], message: SvsRequest | SvsReply, *, strict: bool = True) -> bytes:
    return b"".join(_element(part, value, strict=strict) for part, value in to_write(layout, message))


def _element(part: SvsField, value: Value, *, strict: bool = True) -> bytes:
    """One field, tagged. Raises ValueError for an element that is no DER SEQUENCE, if `strict`."""
    if part.form == "element":
        assert isinstance(value, bytes)
        try:
            inside = der.Reader(value)
            content = inside.take(der.SEQUENCE)
            inside.end()
        except GmError as error:
            if strict:
                raise ValueError(f"{part.wire}: {error}") from error
            return value if part.tag is None else der.element(_CONTEXT | _CONSTRUCTED | part.tag, value)
    else:
        match value:
            case bool():
                content = b"\xff" if value else b"\0"
            case int():
                content = value.to_bytes(value.bit_length() // 8 + 1)
            case str():
                content = value.encode()
            case bytes():
                content = value
    universal = _UNIVERSAL[part.form]
    if part.tag is None:
        return der.element(universal, content)
    if part.implicit:
        return der.element(_CONTEXT | (universal & _CONSTRUCTED) | part.tag, content)
    return der.element(_CONTEXT | _CONSTRUCTED | part.tag, der.element(universal, content))


def _values(layout: tuple[SvsField, ...], body: bytes) -> dict[str, Value]:
    return _read_all(layout, der.Reader(body))


def _read_all(layout: tuple[SvsField, ...], reader: der.Reader) -> dict[str, Value]:
    """The values by wire name. Raises FieldError, GmError."""
    found: dict[str, Value] = {}
    for part in layout:
        if reader.tag() == _tag(part):
            found[part.wire] = _taken(part, reader)
    reader.end()
    return found


def _tag(part: SvsField) -> int:
    universal = _UNIVERSAL[part.form]
    if part.tag is None:
        return universal
    return _CONTEXT | ((universal & _CONSTRUCTED) if part.implicit else _CONSTRUCTED) | part.tag


def _taken(part: SvsField, reader: der.Reader) -> Value:
    """One field's value. Raises FieldError, GmError."""
    content = reader.take(_tag(part))
    universal = _UNIVERSAL[part.form]
    if part.tag is not None and not part.implicit:
        inside = der.Reader(content)
        content = inside.take(universal)
        inside.end()
    match part.form:
        case "bytes":
            return content
        case "element":
            return der.element(der.SEQUENCE, content)
        case "text":
            try:
                return content.decode("utf-8")
            except UnicodeDecodeError as error:
                raise FieldError(part.wire, "it is no UTF-8", part.reason) from error
        case "boolean":
            if content not in {b"\0", b"\xff"}:
                raise FieldError(part.wire, "a BOOLEAN is 00 or FF", part.reason)
            return content == b"\xff"
        case _:
            number = _integer(content)
            if number >= MAX_INTEGER:
                raise FieldError(part.wire, "the number is too large", part.reason)
            return number


def _fatal(raw: bytes, reason: str) -> SvsMalformed:
    return SvsMalformed(raw=raw, reason=reason, fatal=True)
