"""The signature server over HTTP (签名验签服务器 HTTP 接口): bodies of JSON or of forms, both sides, without I/O.

    server                                                client
    codec = SvsHttpCodec(profile)                         message = codec.call(SignData(...), when=now)
    event = codec.read_call(path, content_type, body)     POST message.path, message.headers, message.body
    message = codec.answer(event, reply, when=now)        event = codec.read_answer(request, content_type, body)

A whole body goes in, one event comes out, and nothing ever raises on what was received. The doubly encoded form is a
trap met in the field: a client that URL-encodes Base64 itself and lets its library do so again sends `%253D` for `=`;
and one that does not encode at all turns every `+` into a space. Both are told apart in the reason.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlencode

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
from harness.wire.encryption_machine.svs_http_shapes import Flat, Sof, Unreadable, cased, dumped, shape_of
from harness.wire.encryption_machine.svs_profile import MAX_INTEGER, HttpManners, SvsField, SvsProfile
from harness.wire.encryption_machine.svs_values import FieldError, Value, made, to_write
from harness.wire.fields import is_object

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 64
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_DECIMAL = re.compile(r"[0-9]{1,19}\Z")


@dataclass(frozen=True, kw_only=True)
class HttpMessage:
    """A body, and what goes with it. `path` is empty in an answer."""

    path: str = ""
    content_type: str
    headers: Mapping[str, str]
    body: bytes


class SvsHttpCodec:
    """Both sides of one server's HTTP dialect; it keeps nothing between calls."""

    def __init__(self, profile: SvsProfile) -> None:
        if profile.http is None:
            raise ValueError(f"the profile {profile.name} is none of HTTP")
        self.profile = profile
        self._http: HttpManners = profile.http
        self._shape = shape_of(profile, profile.http, self._json)
        self._paths = {self.path(type_): type_ for type_ in profile.messages}

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path the server answers."""
        return tuple(self._paths)

    def path(self, type_: RequestType) -> str:
        """The path of a request type."""
        return (
            self._http.prefix if self._http.sof else self._http.prefix + cased(WIRE_NAMES[type_], self._http.path_case)
        )

    def type_of(self, path: str, body: bytes) -> RequestType | None:
        """What a request asks for, by its path, or where one path serves all by its body; None for nothing known."""
        if not isinstance(self._shape, Sof) or path not in self._paths:
            return self._paths.get(path)
        try:
            return self._shape.type_of(self._json(body)) if len(body) <= self.profile.max_body else None
        except Unreadable:
            return None

    # the server's side

    def read_call(self, path: str, content_type: str, body: bytes) -> SvsCall | SvsMalformed:
        """What a client asks. A Malformed without a type was sent to a path that does not exist."""
        type_ = self.type_of(path, body)
        form = _is_form(content_type)
        if type_ is None:
            return self._malformed(body, "there is no such path", Reason.COMMAND_UNKNOWN, None, form=form)
        if len(body) > self.profile.max_body:
            why = f"the body has {len(body)} bytes, more than {self.profile.max_body}"
            return self._malformed(body[:64], why, Reason.DATA_LENGTH, type_, form=form)
        if ("form" if form else "json") not in self._http.bodies:
            why = f"{content_type!r} is not taken, only {' and '.join(self._http.bodies)}"
            return self._malformed(body, why, Reason.BAD_INPUT, type_, form=form)
        try:
            outer = self._form(body) if form else self._json(body)
            fields, time = (outer, "") if form else self._shape.read_request(type_, outer)
            messages = self.profile.messages[type_]
            values = self._values(messages.request, fields)
            request = made(messages.request, values, type_, reply=False, given=messages.given)
        except Unreadable as error:
            return self._malformed(body, str(error), Reason.BAD_INPUT, type_, form=form)
        except FieldError as error:
            return self._malformed(body, str(error), error.reason, type_, form=form)
        assert not isinstance(request, SvsReply)
        return SvsCall(raw=body, type=type_, request=request, time=time, form=form)

    def answer(self, call: SvsCall | SvsMalformed, reply: SvsReply, *, when: datetime) -> HttpMessage:
        """The answer to a call. Raises ValueError for what cannot be spelled, or when there was no such path."""
        code = reply.code if isinstance(reply, SvsRefusal) else SUCCESS
        if call.type is None:
            if isinstance(self._shape, Sof) and code != SUCCESS:
                return _message(JSON_TYPE, dumped(self._shape.refusal(code)))
            raise ValueError("nothing was asked: answer with HTTP status 404")
        fields: dict[str, object] = {}
        if not isinstance(reply, SvsRefusal):
            fields = self._spelled(self.profile.messages_for(call.type).reply, reply, form=call.form)
        if call.form:
            flat = Flat(self._http).reply(call.type, code, fields, "")
            return _message(FORM_TYPE, urlencode({name: str(value) for name, value in flat.items()}).encode())
        time = when.strftime(self._http.time_format)
        return _message(JSON_TYPE, dumped(self._shape.reply(call.type, code, fields, time)))

    def refuse(self, call: SvsCall | SvsMalformed, reason: Reason | None = None, *, when: datetime) -> HttpMessage:
        """The answer that says no: by the reason's code, or by a Malformed's own."""
        if reason is not None:
            code = self.profile.answers[reason]
        else:
            code = call.code if isinstance(call, SvsMalformed) else self.profile.answers[Reason.BAD_INPUT]
        return self.answer(call, SvsRefusal(code=code), when=when)

    # the client's side

    def call(self, request: SvsRequest, *, when: datetime) -> HttpMessage:
        """A request. Raises ValueError for what cannot be spelled in this profile."""
        type_ = request_type(request)
        form = self._http.bodies[0] == "form"
        messages = self.profile.messages_for(type_)
        fields = self._spelled(messages.request, request, form=form, given=messages.given)
        time = when.strftime(self._http.time_format)
        headers = {"SVS-Request-Version": str(self._http.version), "SVS-Request-Time": time}
        if form:
            body = urlencode({name: str(value) for name, value in fields.items()}).encode()
        else:
            body = dumped(self._shape.request(type_, fields, time))
        return HttpMessage(
            path=self.path(type_),
            content_type=FORM_TYPE if form else JSON_TYPE,
            headers=headers if self._http.headers else {},
            body=body,
        )

    def read_answer(self, request: SvsRequest, content_type: str, body: bytes) -> SvsAnswer | SvsMalformed:
        """What the server says to a request."""
        type_ = request_type(request)
        form = _is_form(content_type)
        time = ""
        if len(body) > self.profile.max_body:
            why = f"the body has {len(body)} bytes, more than {self.profile.max_body}"
            return self._malformed(body[:64], why, Reason.DATA_LENGTH, type_, form=form)
        try:
            outer = self._form(body) if form else self._json(body)
            code, respond, time = (Flat(self._http) if form else self._shape).read_reply(type_, outer)
            if code != SUCCESS:
                reply: SvsRequest | SvsReply = SvsRefusal(code=code)
            else:
                layout = self.profile.messages_for(type_).reply
                reply = made(layout, self._values(layout, respond), type_, reply=True)
        except (Unreadable, FieldError, ValueError) as error:
            return self._malformed(body, str(error), Reason.BAD_INPUT, type_, form=form)
        assert isinstance(reply, SvsReply)
        return SvsAnswer(raw=body, type=type_, request=request, reply=reply, code=code, time=time)

    # both

    def _json(self, body: bytes) -> Mapping[str, object]:
        try:
            value = json.loads(body.decode("utf-8"), object_pairs_hook=self._object, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"it is no JSON: {error}") from error
        if not is_object(value):
            raise Unreadable("it is no JSON object")
        return value

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        made_of = dict(pairs)
        if len(made_of) != len(pairs) and self._http.duplicate_keys == "refuse":
            raise ValueError("a key stands twice in an object")
        return made_of

    def _form(self, body: bytes) -> Mapping[str, object]:
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise Unreadable(f"it is no form: {error}") from error
        if len({name for name, _ in pairs}) != len(pairs) and self._http.duplicate_keys == "refuse":
            raise Unreadable("a field stands twice in the form")
        if self._http.doubled == "undo":
            return {name: unquote(value) if _ENCODED.search(value) else value for name, value in pairs}
        return dict(pairs)

    def _values(self, layout: tuple[SvsField, ...], fields: Mapping[str, object]) -> dict[str, Value]:
        """The values of a message by wire name; what the layout does not know is passed over. Raises FieldError."""
        found: dict[str, Value] = {}
        for part in layout:
            told = fields.get(part.wire)
            if told is None or (told == "" and (part.optional or part.form in {"length", "choice"})):
                continue
            found[part.wire] = _read(part, told)
        return found

    def _spelled(
        self,
        layout: tuple[SvsField, ...],
        message: SvsRequest | SvsReply,
        *,
        form: bool,
        given: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        """The fields of a message as JSON or a form has them. Raises ValueError."""
        spelled: dict[str, object] = {}
        for part, value in to_write(layout, message, given or {}):
            match value:
                case bool():
                    plain = self._http.booleans_as == "json" and not form
                    spelled[part.wire] = value if plain else str(value).upper()
                case bytes():
                    utf8 = part.spelled == "utf8"
                    spelled[part.wire] = value.decode("utf-8") if utf8 else base64.b64encode(value).decode()
                case _:
                    spelled[part.wire] = value
        return spelled

    def _malformed(
        self, body: bytes, why: str, reason: Reason, type_: RequestType | None, *, form: bool
    ) -> SvsMalformed:
        code = self.profile.answers[reason]
        return SvsMalformed(raw=body, reason=why, cause=reason, code=code, type=type_, form=form)


def _read(part: SvsField, told: object) -> Value:
    """One field's value. Raises FieldError."""
    match part.form:
        case "integer" | "length" | "choice":
            number = int(told) if isinstance(told, str) and _DECIMAL.match(told) else told
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < MAX_INTEGER:
                raise FieldError(part.wire, "a decimal number is due", part.reason)
            return number
        case "boolean":
            if isinstance(told, bool):
                return told
            if told in ("TRUE", "FALSE"):
                return told == "TRUE"
            raise FieldError(part.wire, "true or false, TRUE or FALSE, is due", part.reason)
    if not isinstance(told, str) or not _encodable(told):
        raise FieldError(part.wire, "a text is due", part.reason)
    if part.form == "text":
        return told
    return told.encode() if part.spelled == "utf8" else _base64(part, told)


def _base64(part: SvsField, told: str) -> bytes:
    try:
        value = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FieldError(part.wire, _why_not_base64(told), part.reason) from error
    if base64.b64encode(value).decode() != told:
        raise FieldError(part.wire, "its Base64 has bits left over", part.reason)
    return value


def _why_not_base64(told: str) -> str:
    if _ENCODED.search(told):
        return "it is no Base64: it was URL-encoded twice"
    if " " in told:
        return "it is no Base64: a space stands where + was, so it was not URL-encoded"
    return "it is no Base64"


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM_TYPE


def _message(content_type: str, body: bytes) -> HttpMessage:
    return HttpMessage(content_type=content_type, headers={}, body=body)
