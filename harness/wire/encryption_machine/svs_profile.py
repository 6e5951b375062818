"""What one vendor's signature server is like (签名验签服务器厂商差异): a file of fixtures/machines, read and checked.

The fields of each request and reply are one table that serves every dialect: `wire` is a field's name in JSON and
forms, `tag` its context tag in DER (none: the universal tag), `form` what it is:

    integer, boolean, text, bytes      bytes are Base64 in HTTP (or `spelled` = "utf8"), an OCTET STRING in DER
    element                            bytes that are a whole DER element: a certificate, a signature
    length                             how many bytes the field `of` has; written, and compared when it is read
    choice                             a number that says which of `options` is there: 1 certificate, 2 serial

An `optional` field may be absent; in HTTP an empty text counts as absent too.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from dataclasses import field as dataclasses_field
from functools import cache, partial
from pathlib import Path
from types import NoneType, UnionType
from typing import NoReturn, get_args, get_type_hints

from harness.errors import ConfigError
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.profile import ErrorEntry, is_file, machine_file, offered_machines
from harness.wire.encryption_machine.reasons import Blame, Reason
from harness.wire.encryption_machine.svs import CODE_BASE, WIRE_NAMES, RequestType
from harness.wire.fields import is_object

_TYPES: Mapping[str, type[object]] = {"integer": int, "boolean": bool, "text": str, "bytes": bytes, "element": bytes}
_FIELD_KEYS = frozenset(
    {"name", "wire", "form", "tag", "implicit", "optional", "of", "options", "spelled", "maximum", "reason", "values"}
)
MAX_INTEGER = 2**63
_MAX_TAG = 30


@dataclass(frozen=True, kw_only=True)
class SvsField:
    """One field of a request or reply; see the module."""

    name: str
    wire: str
    form: str
    tag: int | None = None
    implicit: bool = False
    optional: bool = False
    of: str = ""
    options: Mapping[int, str] | None = None
    spelled: str = "base64"
    maximum: int | None = None
    """Most bytes (of text: characters) that are taken."""
    reason: Reason = Reason.BAD_INPUT
    values: Mapping[int, int] | None = None
    """Numbers as this vendor sends them, by the standard's."""


@dataclass(frozen=True, kw_only=True)
class SvsMessages:
    """The fields of one request type's request and reply; the reply's respValue is not among them."""

    request: tuple[SvsField, ...]
    reply: tuple[SvsField, ...]
    called: str = ""
    """The function's name in SOF, without SOF_, where it is not the standard's."""
    given: Mapping[str, object] = dataclasses_field(default_factory=dict)
    """Values that a request has without saying them: the server knows them of the application."""


@dataclass(frozen=True, kw_only=True)
class HttpManners:
    """How a server speaks HTTP."""

    prefix: str
    """What stands before the method's name in the path."""
    path_case: str
    """`upper`: /SignData; `lower`: /signData."""
    bodies: tuple[str, ...]
    """What a request may come as: json, form. A client sends the first."""
    envelope: bool
    """Whether request and reply stand inside version, reqType and a time; flat otherwise."""
    version: str | int
    type_case: str
    reply_type: str
    """reqType of a reply: `method`, or `path` for prefix and method."""
    respond_as: str
    """Whether `respond` is an `object` or a `string` of JSON."""
    codes_as: str
    """Whether respValue is a decimal `integer` or a `string`."""
    booleans_as: str
    """`json`: true and false; `upper`: TRUE and FALSE as text."""
    duplicate_keys: str
    """`refuse`, or `last` to let the last one count."""
    doubled: str
    """Forms that were URL-encoded twice: `refuse`, or `undo`."""
    time_format: str
    """As strftime has it; for reqTime, respTime and the header."""
    reply_time: str
    """The member of a reply that tells the time; "" for none."""
    sof: bool
    """Whether a body names its function (SOF) and `prefix` is the one path of all."""
    headers: bool
    """Whether SVS-Request-Version and SVS-Request-Time are sent."""


@dataclass(frozen=True, kw_only=True)
class SvsProfile:
    """A signature server's dialect. Sizes are in bytes."""

    name: str
    title: str
    port: int
    dialect: str
    """http or der."""
    limits: Mapping[str, int]
    messages: Mapping[RequestType, SvsMessages]
    codes: Mapping[int, ErrorEntry]
    answers: Mapping[Reason, int]
    """The respValue for every reason."""
    user_id: bytes
    """The signer's id where a request names none."""
    http: HttpManners | None
    time_tag: int = 0x17
    """Universal tag of a DER time: 17 UTCTime, 18 GeneralizedTime."""

    @property
    def max_body(self) -> int:
        """The longest body, or DER message."""
        return self.limits["body"]

    def code(self, value: int) -> ErrorEntry:
        """What a respValue means; an entry that says so for one that is not in the table."""
        return self.codes.get(value) or ErrorEntry(
            code=f"{value & 0xFFFFFFFF:08X}",
            name="unknown",
            english=f"a response code that the profile {self.name} does not know",
            chinese="未知响应码",
            blame=Blame.MACHINE,
            assumed=True,
        )

    def messages_for(self, type_: RequestType) -> SvsMessages:
        """The fields of a request type. Raises ValueError when this server does not have it."""
        found = self.messages.get(type_)
        if found is None:
            raise ValueError(f"the server {self.name} has no {WIRE_NAMES[type_]}")
        return found


def offered_svs_profiles(dialect: str = "") -> tuple[str, ...]:
    """The names of the signature servers' profiles; of one dialect (http, der) if it is given."""
    wanted = {f"svs-{dialect}"} if dialect else {"svs-http", "svs-der"}
    return tuple(name for name in offered_machines() if machine_file(name).get("dialect") in wanted)


@cache
def load_svs_profile(name: str) -> SvsProfile:
    """The profile of a name, or of a file (NAME.toml with its path). Raises ConfigError that says what is wrong."""
    return svs_profile(Path(name).stem if is_file(name) else name, machine_file(name))


def svs_profile(name: str, values: Mapping[str, object]) -> SvsProfile:
    """The profile that a file's contents describe. Raises ConfigError."""
    reader = _Reader(name, values)
    dialect = reader.choice(values, "dialect", ("svs-http", "svs-der")).removeprefix("svs-")
    limits = {key: int(str(value)) for key, value in reader.table(values, "limits").items()}
    if limits.get("body", 0) < 1:
        reader.wrong("limits.body is missing")
    codes = reader.codes()
    return SvsProfile(
        name=name,
        title=reader.text(values, "title"),
        port=reader.number(values, "port"),
        dialect=dialect,
        limits=limits,
        messages=reader.messages(limits),
        codes=codes,
        answers=reader.answers(codes),
        user_id=reader.text(values, "user_id").encode(),
        http=reader.http() if dialect == "http" else None,
        time_tag=0x17 if reader.choice(values, "time", ("utc", "generalized")) == "utc" else 0x18,
    )


class _Reader:
    """A profile's file, read key by key."""

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        self._name = name
        self._values = values

    def wrong(self, problem: str) -> NoReturn:
        raise ConfigError(
            f"The machine profile {self._name!r}: {problem}.",
            cause="a mistake in the file, or it was written for another version",
            remedy="compare it with fixtures/machines/gmt0029.toml",
        )

    def text(self, table: Mapping[str, object], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str):
            self.wrong(f"{key} is a text")
        return value

    def number(self, table: Mapping[str, object], key: str) -> int:
        value = table.get(key)
        if not isinstance(value, int) or value < 0:
            self.wrong(f"{key} is a number of 0 or more")
        return value

    def choice(self, table: Mapping[str, object], key: str, among: tuple[str, ...]) -> str:
        value = self.text(table, key)
        if value not in among:
            self.wrong(f"{key} is one of: {', '.join(among)}")
        return value

    def table(self, table: Mapping[str, object], key: str) -> Mapping[str, object]:
        value = table.get(key)
        if not is_object(value):
            self.wrong(f"[{key}] is missing")
        return value

    def http(self) -> HttpManners:
        rows = self.table(self._values, "http")
        version = rows.get("version")
        bodies = rows.get("bodies")
        if not isinstance(bodies, list) or not bodies or not set(bodies) <= {"json", "form"}:
            self.wrong("http.bodies is a list of json, form")
        return HttpManners(
            prefix=self.text(rows, "prefix"),
            path_case=self.choice(rows, "path_case", ("upper", "lower")),
            bodies=tuple(bodies),
            envelope=rows.get("envelope") is True,
            version=version if isinstance(version, int) else str(version),
            type_case=self.choice(rows, "type_case", ("upper", "lower")),
            reply_type=self.choice(rows, "reply_type", ("method", "path")),
            respond_as=self.choice(rows, "respond_as", ("object", "string")),
            codes_as=self.choice(rows, "codes_as", ("integer", "string")),
            booleans_as=self.choice(rows, "booleans_as", ("json", "upper")),
            duplicate_keys=self.choice(rows, "duplicate_keys", ("refuse", "last")),
            doubled=self.choice(rows, "doubled", ("refuse", "undo")),
            time_format=self.text(rows, "time_format"),
            reply_time=self.text(rows, "reply_time"),
            sof=rows.get("sof") is True,
            headers=rows.get("headers") is True,
        )

    def codes(self) -> Mapping[int, ErrorEntry]:
        made: dict[int, ErrorEntry] = {}
        for last, row in self.table(self._values, "codes").items():
            if not is_object(row) or len(last) != 2 or row.get("blame") not in set(Blame):
                self.wrong(f"codes.{last} has two hex digits, and name, english, chinese, blame ({', '.join(Blame)})")
            value = self._whole(last)
            made[value] = ErrorEntry(
                code=f"{value:08X}",
                name=str(row["name"]),
                english=str(row["english"]),
                chinese=str(row["chinese"]),
                blame=Blame(str(row["blame"])),
                assumed=row.get("assumed") is True,
            )
        return made

    def answers(self, codes: Mapping[int, ErrorEntry]) -> Mapping[Reason, int]:
        rows = self.table(self._values, "answers")
        if unknown := sorted(set(rows) - {"otherwise", *Reason}):
            self.wrong(f"answers.{unknown[0]} is no reason; there are: {', '.join(Reason)}")
        answers = {reason: self._whole(str(rows.get(reason, rows.get("otherwise")))) for reason in Reason}
        for reason, code in answers.items():
            if code not in codes or code == svs.SUCCESS:
                self.wrong(f"answers.{reason} is {code:08X}, which [codes] lacks or which is success")
        return answers

    def _whole(self, last: str) -> int:
        try:
            value = int(last, 16)
        except ValueError:
            self.wrong(f"{last!r} is no last byte of a response code in hex")
        return CODE_BASE + value if value else svs.SUCCESS

    def messages(self, limits: Mapping[str, int]) -> Mapping[RequestType, SvsMessages]:
        rows = self.table(self._values, "requests")
        known = {wire: type_ for type_, wire in WIRE_NAMES.items()}
        made: dict[RequestType, SvsMessages] = {}
        for wire, row in rows.items():
            if row == "absent":
                continue
            if wire not in known or not is_object(row):
                self.wrong(f"requests.{wire} is none of: {', '.join(known)}")
            type_ = known[wire]
            request, reply = (self._layout(wire, part, rows, limits) for part in ("request", "reply"))
            given = {name: told.encode() if isinstance(told, str) else told for name, told in self._given(row).items()}
            for part, layout, maker in zip(("request", "reply"), (request, reply), svs.makers(type_), strict=True):
                if problem := _mismatch(layout, maker, set(given)):
                    self.wrong(f"requests.{wire}.{part}: {problem}")
            called = str(row.get("called", ""))
            made[type_] = SvsMessages(request=request, reply=reply, called=called, given=given)
        return made

    def _given(self, row: Mapping[str, object]) -> Mapping[str, object]:
        given = row.get("given", {})
        if not is_object(given) or not all(type(told) in {int, str} for told in given.values()):
            self.wrong("given is a table of numbers and texts")
        return given

    def _layout(
        self, wire: str, part: str, rows: Mapping[str, object], limits: Mapping[str, int]
    ) -> tuple[SvsField, ...]:
        layout = self._part(rows, wire, part)
        if isinstance(layout, str):
            layout = self._part(rows, layout, part)
        if not isinstance(layout, list):
            self.wrong(f"requests.{wire}.{part} is a list of fields, or the name of a request that has the same")
        return tuple(
            self._field(row, limits, f"requests.{wire}.{part}, field {at}") for at, row in enumerate(layout, 1)
        )

    def _part(self, rows: Mapping[str, object], wire: str, part: str) -> object:
        row = rows.get(wire)
        return row.get(part, []) if is_object(row) else None

    def _field(self, row: object, limits: Mapping[str, int], where: str) -> SvsField:
        if not is_object(row):
            self.wrong(f"{where} is a table")
        if unknown := sorted(set(row) - _FIELD_KEYS):
            self.wrong(f"{where} has the unknown key {unknown[0]!r}")
        form = self.choice(row, "form", (*_TYPES, "length", "choice"))
        tag, maximum, options = row.get("tag"), row.get("maximum"), row.get("options")
        if tag is not None and (not isinstance(tag, int) or not 0 <= tag <= _MAX_TAG):
            self.wrong(f"{where}: a tag is 0 to {_MAX_TAG}")
        if isinstance(maximum, str):
            maximum = limits.get(maximum)
        if "maximum" in row and not isinstance(maximum, int):
            self.wrong(f"{where}: maximum is a number, or the name of a limit")
        if form == "choice" and not is_object(options):
            self.wrong(f"{where}: a choice has options")
        values = row.get("values")
        return SvsField(
            name=str(row.get("name", "")),
            wire=self.text(row, "wire"),
            form=form,
            tag=tag,
            implicit=row.get("implicit") is True,
            optional=row.get("optional") is True,
            of=str(row.get("of", "")),
            options={int(number): str(name) for number, name in options.items()} if is_object(options) else None,
            spelled=self.choice(row, "spelled", ("base64", "utf8")) if "spelled" in row else "base64",
            maximum=maximum if isinstance(maximum, int) else None,
            reason=Reason(str(row.get("reason", Reason.BAD_INPUT))),
            values={int(a): int(str(b)) for a, b in values.items()} if is_object(values) else None,
        )


def _mismatch(layout: tuple[SvsField, ...], maker: object, known: set[str]) -> str:
    """In what fields do not fit the message they should make; "" when they do."""
    given = set(known)
    if isinstance(maker, partial):
        given |= set(maker.keywords)
        maker = maker.func
    assert isinstance(maker, type)
    hints = get_type_hints(maker)
    for part in layout:
        if part.form in _TYPES:
            if part.name not in hints:
                return f"{maker.__name__} has no {part.name!r}; it has: {', '.join(hints)}"
            hint = hints[part.name]
            allowed = set(get_args(hint)) - {NoneType} if isinstance(hint, UnionType) else {hint}
            if _TYPES[part.form] not in allowed:
                return f"{part.name} of {maker.__name__} cannot be of form {part.form}"
            given.add(part.name)
    lacking = [own for own in fields(maker) if own.name not in given and own.default is MISSING]
    if lacking:
        return f"{lacking[0].name} of {maker.__name__} is missing"
    for own in fields(maker):
        if own.default is MISSING and any(part.name == own.name and part.optional for part in layout):
            return f"{own.name} of {maker.__name__} cannot be optional"
    for part in layout:
        named = [part.of] if part.form == "length" else list((part.options or {}).values())
        if unknown := [name for name in named if name not in given]:
            return f"{part.wire} speaks of {unknown[0]!r}, which is no field"
    return ""
