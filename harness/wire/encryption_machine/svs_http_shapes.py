"""How the fields of a request or reply stand in a body of HTTP, by dialect: in GM/T 0029's envelope, flat, or as SOF.

    envelope   {"version", "reqType", "request": {…}, "reqTime"}     {"version", "reqType", "respond": {"respValue", …}}
    flat       {…}                                                   {"respValue", …}
    sof        {"exec_name": "SOF_signData", "exec_args": {…}}       {"code": "0", "msg": "SUCCESS", "data": …}

SOF has one path for all; `data` is the one result bare, and for a verification true or false.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import SUCCESS, WIRE_NAMES, RequestType, VerifiedReply, makers
from harness.wire.encryption_machine.svs_profile import HttpManners, SvsProfile
from harness.wire.fields import is_object

RESPONSE_CODE = "respValue"
SOF_NAME, SOF_ARGUMENTS, SOF_PREFIX = "exec_name", "exec_args", "SOF_"
SOF_CODE, SOF_TEXT, SOF_DATA, SOF_GOOD = "code", "msg", "data", "SUCCESS"
_DECIMAL = re.compile(r"[0-9]{1,19}\Z")
Members: TypeAlias = Mapping[str, object]
ReadJson: TypeAlias = Callable[[bytes], Members]


class Unreadable(Exception):
    """A body that is no message, and why."""


class Shape(Protocol):
    """Both sides of a dialect's bodies."""

    def request(self, type_: RequestType, fields: Members, time: str) -> Members:
        """The members of a request."""
        ...

    def read_request(self, type_: RequestType, outer: Members) -> tuple[Members, str]:
        """The fields of a request and its time. Raises Unreadable."""
        ...

    def reply(self, type_: RequestType, code: int, fields: Members, time: str) -> Members:
        """The members of a reply."""
        ...

    def read_reply(self, type_: RequestType, outer: Members) -> tuple[int, Members, str]:
        """The code of a reply, its fields and its time. Raises Unreadable."""
        ...


@dataclass(frozen=True)
class Flat:
    """No envelope."""

    http: HttpManners

    def request(self, type_: RequestType, fields: Members, time: str) -> Members:
        """The fields."""
        del type_, time
        return fields

    def read_request(self, type_: RequestType, outer: Members) -> tuple[Members, str]:
        """The fields."""
        del type_
        return outer, ""

    def reply(self, type_: RequestType, code: int, fields: Members, time: str) -> Members:
        """The code and the fields."""
        del type_, time
        return {RESPONSE_CODE: code if self.http.codes_as == "integer" else str(code), **fields}

    def read_reply(self, type_: RequestType, outer: Members) -> tuple[int, Members, str]:
        """The code and the fields. Raises Unreadable."""
        del type_
        return read_code(outer.get(RESPONSE_CODE), RESPONSE_CODE), outer, ""


@dataclass(frozen=True)
class Enveloped:
    """GM/T 0029's envelope; `read_json` reads a reply that is a string of JSON."""

    http: HttpManners
    read_json: ReadJson

    def request(self, type_: RequestType, fields: Members, time: str) -> Members:
        """Version, type, fields, time."""
        return {"version": self.http.version, "reqType": self._method(type_), "request": fields, "reqTime": time}

    def read_request(self, type_: RequestType, outer: Members) -> tuple[Members, str]:
        """The fields and reqTime. Raises Unreadable."""
        if outer.get("version") != self.http.version:
            raise Unreadable(f"version is not {self.http.version!r}")
        if outer.get("reqType") != self._method(type_):
            raise Unreadable("reqType is not that of the path")
        request, time = outer.get("request"), outer.get("reqTime", "")
        if not is_object(request) or not isinstance(time, str):
            raise Unreadable("request is no object, or reqTime no text")
        return request, time

    def reply(self, type_: RequestType, code: int, fields: Members, time: str) -> Members:
        """Version, type, code and fields, and the time if the dialect has one."""
        respond = Flat(self.http).reply(type_, code, fields, time)
        outer: dict[str, object] = {
            "version": self.http.version,
            "reqType": self._method(type_) if self.http.reply_type == "method" else self._path(type_),
            "respond": respond if self.http.respond_as == "object" else dumped(respond).decode(),
        }
        return {**outer, self.http.reply_time: time} if self.http.reply_time else outer

    def read_reply(self, type_: RequestType, outer: Members) -> tuple[int, Members, str]:
        """The code, the fields and the time. Raises Unreadable."""
        if outer.get("version") != self.http.version:
            raise Unreadable(f"version is not {self.http.version!r}")
        method = self._method(type_)
        if outer.get("reqType") not in (method, self._path(type_)):
            raise Unreadable(f"reqType is not {method!r}: it answers something else")
        respond = outer.get("respond")
        if isinstance(respond, str):
            respond = self.read_json(respond.encode("utf-8", errors="surrogatepass"))
        if not is_object(respond):
            raise Unreadable("respond is no object")
        time = outer.get(self.http.reply_time) if self.http.reply_time else ""
        return read_code(respond.get(RESPONSE_CODE), RESPONSE_CODE), respond, time if isinstance(time, str) else ""

    def _method(self, type_: RequestType) -> str:
        return cased(WIRE_NAMES[type_], self.http.type_case)

    def _path(self, type_: RequestType) -> str:
        return (self.http.prefix + cased(WIRE_NAMES[type_], self.http.path_case)).lstrip("/")


@dataclass(frozen=True)
class Sof:
    """A function's name and its arguments; the code and the one result."""

    profile: SvsProfile

    def request(self, type_: RequestType, fields: Members, time: str) -> Members:
        """Name and arguments."""
        del time
        return {SOF_NAME: SOF_PREFIX + self._called(type_), SOF_ARGUMENTS: fields}

    def read_request(self, type_: RequestType, outer: Members) -> tuple[Members, str]:
        """The arguments. Raises Unreadable."""
        if outer.get(SOF_NAME) != SOF_PREFIX + self._called(type_):
            raise Unreadable(f"{SOF_NAME} is another one")
        arguments = outer.get(SOF_ARGUMENTS)
        if not is_object(arguments):
            raise Unreadable(f"{SOF_ARGUMENTS} is no object")
        return arguments, ""

    def reply(self, type_: RequestType, code: int, fields: Members, time: str) -> Members:
        """Code, text and result."""
        del time
        if makers(type_)[1] is VerifiedReply and code in {SUCCESS, self.profile.answers[Reason.VERIFY_FAILED]}:
            return {SOF_CODE: str(SUCCESS), SOF_TEXT: SOF_GOOD, SOF_DATA: code == SUCCESS}
        if code != SUCCESS:
            return self.refusal(code)
        return {SOF_CODE: str(code), SOF_TEXT: SOF_GOOD, SOF_DATA: next(iter(fields.values()), "")}

    def read_reply(self, type_: RequestType, outer: Members) -> tuple[int, Members, str]:
        """The code, and the result as the one field of the reply. Raises Unreadable."""
        code, data = read_code(outer.get(SOF_CODE), SOF_CODE), outer.get(SOF_DATA)
        if code == SUCCESS and makers(type_)[1] is VerifiedReply:
            if data not in (True, False, "true", "false"):
                raise Unreadable(f"{SOF_DATA} is neither true nor false")
            return (SUCCESS if data in (True, "true") else self.profile.answers[Reason.VERIFY_FAILED]), {}, ""
        return code, {part.wire: data for part in self.profile.messages_for(type_).reply[:1]}, ""

    def refusal(self, code: int) -> Members:
        """The members of a reply that says no, also to a function that nobody knows."""
        return {SOF_CODE: str(code), SOF_TEXT: self.profile.code(code).chinese}

    def type_of(self, outer: Members) -> RequestType | None:
        """Which request a body is; None for none that the server has."""
        names = {SOF_PREFIX + self._called(type_): type_ for type_ in self.profile.messages}
        name = outer.get(SOF_NAME)
        return names.get(name) if isinstance(name, str) else None

    def _called(self, type_: RequestType) -> str:
        return self.profile.messages_for(type_).called or WIRE_NAMES[type_]


def shape_of(profile: SvsProfile, http: HttpManners, read_json: ReadJson) -> Shape:
    """The shape of a profile's bodies of JSON."""
    if http.sof:
        return Sof(profile)
    return Enveloped(http, read_json) if http.envelope else Flat(http)


def read_code(told: object, member: str) -> int:
    """A decimal integer, or a text of one; never true, null or nothing. Raises Unreadable."""
    code = int(told) if isinstance(told, str) and _DECIMAL.match(told) else told
    if isinstance(code, bool) or not isinstance(code, int):
        raise Unreadable(f"{member} is no decimal number")
    return code


def cased(name: str, case: str) -> str:
    """A method's name with a capital (`upper`), or without."""
    return name[0].upper() + name[1:] if case == "upper" else name


def dumped(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
