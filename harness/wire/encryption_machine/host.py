"""Host commands over TCP (加密机主机命令), both sides, without I/O: `uint16 length ‖ header ‖ command ‖ fields`.

    machine                                            client
    codec = HostServerCodec(profile)                   codec = HostClientCodec(profile)
    for event in codec.feed(data):                     line.write(codec.send(Sm2Sign(...)))
        match event:                                   for event in codec.feed(data):
            case HostCall(request=request): ...            match event:
                line.write(codec.answer(event, reply))         case HostAnswer(reply=reply): ...
            case Malformed(): line.write(codec.refuse(event))  case Malformed(): drop the connection

The length counts everything after itself; the reply repeats the header, has the command with its second character plus
one, and an error code of two characters; fields follow only when the code says that there was no error.

A binary dialect has commands of two raw bytes, written D306 here, and replies of `A` and fields, or `E` and an error
code of one byte; nothing of the command is repeated.

`E5` is a request and also the reply to `E4`: nothing in the bytes says which, so the client's side goes by order alone.
Neither side holds more than one message of the profile's greatest length, and neither ever raises on what it is fed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from harness.wire.encryption_machine.host_compiled import read_values, write_values
from harness.wire.encryption_machine.host_fields import LayoutError, Seen
from harness.wire.encryption_machine.host_layout import read_layout
from harness.wire.encryption_machine.host_messages import Refusal, Reply, Request, VendorReply, VendorRequest
from harness.wire.encryption_machine.profile import MAX_LENGTH, MESSAGES, VENDOR, CommandSpec, HostProfile
from harness.wire.encryption_machine.reasons import Reason

LENGTH_SIZE = 2
CODE_SIZE = 2
ERROR_SIZE = 2
GOOD, BAD = b"A", b"E"
_fill = object.__setattr__
"""How a reply of a binary dialect begins."""


@dataclass(frozen=True, kw_only=True)
class HostCall:
    """A request as the machine reads it; `header` is echoed, `code` the two characters of the command."""

    raw: bytes = field(repr=False)
    header: bytes
    code: str
    request: Request


@dataclass(frozen=True, kw_only=True)
class HostAnswer:
    """A reply as the client reads it, and the request it answers."""

    raw: bytes = field(repr=False)
    header: bytes
    code: str
    error: str
    request: Request
    reply: Reply


@dataclass(frozen=True, kw_only=True)
class Malformed:
    """Bytes that are no message, and why.

    `error` is the code the machine answers with, `header` and `code` what that answer needs; an empty `code` means that
    nothing can be answered. `fatal`: the stream is out of step, so the connection must be closed; what follows is not
    read any more.
    """

    raw: bytes = field(repr=False)
    reason: str
    cause: Reason = Reason.BAD_INPUT
    error: str = ""
    header: bytes = b""
    code: str = ""
    fatal: bool = False


class _Frames:
    """The messages in a stream of bytes, each with its length field, or what is wrong with its length."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._held = bytearray()
        self.dead = False

    @property
    def pending(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[bytes | Malformed]:
        """Take bytes. After a fatal Malformed nothing is kept and nothing comes any more."""
        if self.dead:
            return []
        held = self._held
        if held:
            held += data
            if (
                LENGTH_SIZE
                <= len(held)
                < LENGTH_SIZE + int.from_bytes(held[:LENGTH_SIZE])
                <= LENGTH_SIZE + self._longest
            ):
                return []
            data = bytes(held)
            held.clear()
        found: list[bytes | Malformed] = []
        at, there = 0, len(data)
        while there - at >= LENGTH_SIZE:
            size = data[at] << 8 | data[at + 1]
            end = at + LENGTH_SIZE + size
            if size > self._longest:
                self.dead = True
                why = f"the length says {size} bytes, a message has at most {self._longest}"
                raw = data[at : at + LENGTH_SIZE + self._longest]
                found.append(Malformed(raw=raw, reason=why, cause=Reason.DATA_LENGTH, fatal=True))
                return found
            if end > there:
                break
            found.append(data[at:end])
            at = end
        if at < there:
            held += data[at:]
        return found


class _Command(NamedTuple):
    """What a codec needs of a command again and again."""

    code: str
    spec: CommandSpec
    make: Callable[[dict[str, object]], Request]
    good: bytes
    """What stands in a reply between its header and its fields."""


class HostServerCodec:
    """The machine's side."""

    def __init__(self, profile: HostProfile) -> None:
        self.profile = profile
        self._frames = _Frames(profile.max_message)
        self._at = LENGTH_SIZE + profile.header_length
        self._commands: dict[str, _Command] = {}
        self._spelled: dict[bytes, _Command] = {}

    @property
    def pending(self) -> bool:
        """Whether a request has begun and not ended."""
        return self._frames.pending

    def feed(self, data: bytes) -> list[HostCall | Malformed]:
        """Take bytes; returns the requests that are now complete."""
        return [self._call(item) if isinstance(item, bytes) else item for item in self._frames.feed(data)]

    def answer(self, call: HostCall | Malformed, reply: Reply) -> bytes:
        """The reply's bytes; b"" when there was no command to answer. Raises ValueError for what cannot be spelled."""
        profile = self.profile
        if not call.code:
            return b""
        if isinstance(reply, Refusal):
            return _framed(
                call.header + _reply_head(profile, call.code) + _spelled_error(profile, reply.code) + reply.detail
            )
        command = self._known(call.code)
        if command is None:
            raise ValueError(f"the machine {profile.name} has no command {call.code}")
        values = reply.values if isinstance(reply, VendorReply) else vars(reply)
        return _framed(call.header + command.good + write_values(command.spec.reply, values))

    def refuse(self, call: HostCall | Malformed, reason: Reason | None = None) -> bytes:
        """The reply that says no: by the reason's code, or by a Malformed's own."""
        if reason is None:
            code = call.error if isinstance(call, Malformed) else self.profile.answers[Reason.BAD_INPUT]
        else:
            code = self.profile.answers[reason]
        return self.answer(call, Refusal(code=code))

    def _call(self, raw: bytes) -> HostCall | Malformed:
        at = self._at
        end = at + CODE_SIZE
        header, spelled = raw[LENGTH_SIZE:at], raw[at:end]
        command = self._spelled.get(spelled)
        if command is None:
            code = code_of(self.profile, spelled)
            if len(spelled) < CODE_SIZE:
                answer = self.profile.answers[Reason.HEADER]
                return Malformed(raw=raw, reason="it is too short for a command", cause=Reason.HEADER, error=answer)
            command = self._known(code)
            if command is None:
                unknown = LayoutError("command", f"{code!r} is none", Reason.COMMAND_UNKNOWN)
                return self._malformed(raw, header, code, unknown)
            self._spelled[spelled] = command
        try:
            values = read_values(command.spec.request, raw[end:])
        except LayoutError as error:
            return self._malformed(raw, header, command.code, error)
        # As `HostCall(raw=raw, …)`, which guards each field against assignment and takes three times as long.
        call = object.__new__(HostCall)
        _fill(call, "__dict__", {"raw": raw, "header": header, "code": command.code, "request": command.make(values)})
        return call

    def _known(self, code: str) -> _Command | None:
        command = self._commands.get(code)
        if command is None and code in self.profile.commands:
            spec = self.profile.commands[code]
            good = GOOD if self.profile.binary else self.profile.ok.encode()
            command = _Command(code, spec, _maker(spec), _reply_head(self.profile, code) + good)
            self._commands[code] = command
        return command

    def _malformed(self, raw: bytes, header: bytes, code: str, error: LayoutError) -> Malformed:
        answer = error.error or self.profile.answers[error.reason]
        return Malformed(raw=raw, reason=str(error), cause=error.reason, error=answer, header=header, code=code)


@dataclass(frozen=True, kw_only=True)
class _Sent:
    header: bytes
    spec: CommandSpec
    request: Request


class HostClientCodec:
    """The client's side: remembers what was sent, and takes the replies in that order."""

    def __init__(self, profile: HostProfile) -> None:
        self.profile = profile
        self._frames = _Frames(profile.max_message)
        self._sent: deque[_Sent] = deque()

    @property
    def outstanding(self) -> int:
        """How many requests have no reply yet."""
        return len(self._sent)

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return self._frames.pending

    def send(self, request: Request, *, header: bytes | None = None) -> bytes:
        """The bytes of a request, which is now outstanding; the header is zeros of the profile's length unless given.

        Raises ValueError for what cannot be spelled in this profile; then nothing is outstanding.
        """
        spec = self.profile.command_for(request)
        header = b"0" * self.profile.header_length if header is None else header
        raw = encode_request(self.profile, request, header=header)
        self._sent.append(_Sent(header=header, spec=spec, request=request))
        return raw

    def feed(self, data: bytes) -> list[HostAnswer | Malformed]:
        """Take bytes; returns the replies that are now complete. Every Malformed means: close the connection."""
        found: list[HostAnswer | Malformed] = []
        for item in self._frames.feed(data):
            found.append(self._answer(item) if isinstance(item, bytes) else item)
            if isinstance(found[-1], Malformed):
                self._frames.dead = True
                self._sent.clear()
                break
        return found

    def _binary_answer(self, raw: bytes, at: int, sent: _Sent) -> HostAnswer | Malformed:
        header, first, body = raw[LENGTH_SIZE:at], raw[at : at + 1], raw[at + 1 :]
        if header != sent.header:
            return _fatal(raw, f"its header is {header!r}, not {sent.header!r}")
        reply: Reply
        error = self.profile.ok
        match first:
            case b"E" if len(body) >= 1:
                error = body[:1].hex().upper()
                reply = Refusal(code=error, detail=body[1:])
            case b"A":
                try:
                    reply = sent.spec.make_reply(read_values(sent.spec.reply, body))
                except LayoutError as problem:
                    return _fatal(raw, str(problem))
            case _:
                return _fatal(raw, f"it begins with {first!r}; A, or E and a code, is due")
        return HostAnswer(raw=raw, header=header, code=sent.spec.code, error=error, request=sent.request, reply=reply)

    def _answer(self, raw: bytes) -> HostAnswer | Malformed:
        if not self._sent:
            return _fatal(raw, "it answers nothing that was asked")
        sent = self._sent.popleft()
        at = LENGTH_SIZE + self.profile.header_length
        if self.profile.binary:
            return self._binary_answer(raw, at, sent)
        header, code = raw[LENGTH_SIZE:at], raw[at : at + CODE_SIZE].decode("latin-1")
        body = at + CODE_SIZE + ERROR_SIZE
        error = raw[at + CODE_SIZE : body].decode("latin-1")
        if len(raw) < body or not error.isascii():
            return _fatal(raw, "it is too short for a reply, or its error code is no text")
        if header != sent.header:
            return _fatal(raw, f"its header is {header!r}, not {sent.header!r}")
        if code != sent.spec.reply_code:
            return _fatal(raw, f"it is {code!r}, {sent.spec.reply_code!r} is due")
        reply: Reply
        if error != self.profile.ok:
            reply = Refusal(code=error, detail=raw[body:])
        else:
            try:
                reply = sent.spec.make_reply(read_values(sent.spec.reply, raw[body:]))
            except LayoutError as problem:
                return _fatal(raw, str(problem))
        return HostAnswer(raw=raw, header=header, code=code, error=error, request=sent.request, reply=reply)


def _maker(spec: CommandSpec) -> Callable[[dict[str, object]], Request]:
    """What makes the command's message of values that were read, which it then keeps."""
    if spec.message == VENDOR:
        return spec.make_request
    typed: Any = MESSAGES[spec.message][0]
    whole = len(fields(typed))

    def make(values: dict[str, object]) -> Request:
        if len(values) < whole:
            return spec.make_request(values)
        request: Request = object.__new__(typed)
        _fill(request, "__dict__", values)
        return request

    return make


def _reply_head(profile: HostProfile, code: str) -> bytes:
    return b"" if profile.binary else profile.reply_code(code).encode("latin-1")


def code_of(profile: HostProfile, spelled: bytes) -> str:
    """A command as profiles write it: its characters, or its bytes in hex."""
    return spelled.hex().upper() if profile.binary else spelled.decode("latin-1")


def _spelled_error(profile: HostProfile, code: str) -> bytes:
    return BAD + bytes.fromhex(code) if profile.binary else code.encode("ascii")


def encode_request(profile: HostProfile, request: Request, *, header: bytes = b"") -> bytes:
    """The bytes of a request. Raises ValueError for what cannot be spelled in this profile."""
    if len(header) != profile.header_length:
        raise ValueError(f"the header has {profile.header_length} bytes, not {len(header)}")
    spec = profile.command_for(request)
    values = request.values if isinstance(request, VendorRequest) else vars(request)
    code = bytes.fromhex(spec.code) if profile.binary else spec.code.encode("ascii")
    raw = _framed(header + code + write_values(spec.request, values))
    if len(raw) - LENGTH_SIZE > profile.max_message:
        raise ValueError(f"the message has {len(raw) - LENGTH_SIZE} bytes, more than {profile.max_message}")
    return raw


def explain(profile: HostProfile, raw: bytes, *, reply_to: str = "") -> tuple[Seen, ...]:
    """The fields of one whole message, for a person, as far as they can be read; key material is left out.

    `reply_to` is the command that a reply answers; empty for a request.
    """
    at = LENGTH_SIZE + profile.header_length
    code = reply_to or code_of(profile, raw[at : at + CODE_SIZE])
    spec = profile.commands.get(code)
    code_end = at if reply_to and profile.binary else at + CODE_SIZE
    good = GOOD if profile.binary else profile.ok.encode()
    body = code_end + (len(good) if reply_to else 0)
    seen: list[Seen] = [
        Seen(name=name, kind=kind, offset=start, raw=raw[start:end], secret=False)
        for name, kind, start, end in (
            ("length", "number", 0, LENGTH_SIZE),
            ("header", "bytes", LENGTH_SIZE, at),
            ("command", "text", at, code_end),
            ("error", "text", code_end, body),
        )
        if start < end
    ]
    refused = reply_to and raw[code_end:body] != good
    if spec is not None and not refused:
        inside: list[Seen] = []
        try:
            read_layout(spec.reply if reply_to else spec.request, raw[body:], inside)
        except LayoutError as error:
            inside.append(Seen(name=error.name, kind="problem", offset=0, raw=error.text.encode(), secret=False))
        seen += [
            Seen(name=part.name, kind=part.kind, offset=part.offset + body, raw=part.raw, secret=part.secret)
            for part in inside
        ]
    return tuple(seen)


def _framed(body: bytes) -> bytes:
    if len(body) > MAX_LENGTH:
        raise ValueError(f"a message of {len(body)} bytes does not fit its length field")
    return len(body).to_bytes(LENGTH_SIZE) + body


def _fatal(raw: bytes, reason: str) -> Malformed:
    return Malformed(raw=raw, reason=reason, fatal=True)
