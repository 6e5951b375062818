"""What one vendor's or firmware's host commands are like (厂商差异): a file of fixtures/machines, read and checked.

A profile may say `base = "OTHER"` and then only what differs: tables are merged, a command's layout is replaced whole.
So one captured request and reply becomes a profile of a few lines. The layouts' fields carry the names of the messages
in `host_messages`, and are compared with them when a profile is loaded: a profile that loads can read any bytes.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from types import NoneType, UnionType
from typing import NoReturn, get_args, get_origin, get_type_hints

from fixtures import fixture
from harness.errors import ConfigError
from harness.wire.encryption_machine import host_messages as messages
from harness.wire.encryption_machine.host_fields import Bytes, Der, Field, Hex, Number, Point, Text
from harness.wire.encryption_machine.host_layout import Key, Layout, Repeat, all_fields
from harness.wire.encryption_machine.host_messages import Reply, Request
from harness.wire.encryption_machine.layout_data import parse_layout
from harness.wire.encryption_machine.reasons import Blame, Reason
from harness.wire.fields import is_object

SUFFIX = ".toml"
MAX_LENGTH = 0xFFFF
"""Bytes: what the length field of two bytes can say."""
_TYPED = (
    messages.Diagnose,
    messages.Echo,
    messages.Random,
    messages.Health,
    messages.GenerateKeyPair,
    messages.LoadKeyPair,
    messages.GetPublicKey,
    messages.Sm2Encrypt,
    messages.Sm2Decrypt,
    messages.Sm2Sign,
    messages.Sm2Verify,
    messages.Sm4Encrypt,
    messages.Sm4Decrypt,
    messages.SmBatch,
    messages.MoveKeyPair,
    messages.MoveKey,
    messages.MacPublicKey,
    messages.Digest,
)
MESSAGES: Mapping[str, tuple[Callable[..., Request], Callable[..., Reply]]] = {
    typed.__name__: (typed, getattr(messages, f"{typed.__name__}Reply")) for typed in _TYPED
}
"""The requests that code knows, and their replies, by the name that profiles use."""
VENDOR = "Vendor"
"""The message of a command that only a profile knows."""


@dataclass(frozen=True, kw_only=True)
class ErrorEntry:
    """One error code: what it is called, what a person reads, and whose matter it is."""

    code: str
    name: str
    english: str
    chinese: str
    blame: Blame
    assumed: bool = False
    """Whether no source says so for this very machine."""


@dataclass(frozen=True, kw_only=True)
class CommandSpec:
    """One command: its two characters, the message it carries, its layouts, and its reply's two characters."""

    code: str
    message: str
    request: Layout
    reply: Layout
    reply_code: str

    def make_request(self, values: Mapping[str, object]) -> Request:
        """The message of values that were read with `request`."""
        if self.message == VENDOR:
            return messages.VendorRequest(code=self.code, values=values)
        return MESSAGES[self.message][0](**values)

    def make_reply(self, values: Mapping[str, object]) -> Reply:
        """The message of values that were read with `reply`."""
        return messages.VendorReply(values=values) if self.message == VENDOR else MESSAGES[self.message][1](**values)


@dataclass(frozen=True, kw_only=True)
class HostProfile:
    """A machine's dialect of host commands. Sizes are in bytes."""

    name: str
    title: str
    port: int
    """The TCP port such machines listen on."""
    header_length: int
    """Bytes before the command that a reply repeats (消息头长度)."""
    firmware: str
    serial: str
    lmk_check: str
    """Check value of the test LMK: 16 hex digits."""
    ok: str
    """The error code that means none."""
    binary: bool
    """Commands are two raw bytes (D306), and a reply is `A` and its fields, or `E` and an error code of one byte."""
    ciphertext: str
    """How an SM2 ciphertext travels: c1c3c2, c1c2c3 (04 and the point first), c1c3c2-bare (no 04), or der."""
    limits: Mapping[str, int]
    """The longest message, data, user id … by name; layouts refer to them."""
    commands: Mapping[str, CommandSpec]
    errors: Mapping[str, ErrorEntry]
    answers: Mapping[Reason, str]
    """The error code for every reason."""

    @property
    def max_message(self) -> int:
        """The longest message after its length field."""
        return self.limits["message"]

    def command_for(self, request: Request) -> CommandSpec:
        """The command that carries a request. Raises ValueError when this machine has none."""
        wanted = type(request).__name__
        if isinstance(request, messages.VendorRequest):
            spec = self.commands.get(request.code)
            if spec is not None and spec.message == VENDOR:
                return spec
        elif wanted in self._by_message:
            return self._by_message[wanted]
        raise ValueError(f"the machine {self.name} has no command for {wanted}")

    @cached_property
    def _by_message(self) -> Mapping[str, CommandSpec]:
        """The first command for each message."""
        return {spec.message: spec for spec in reversed(tuple(self.commands.values()))}

    def reply_code(self, code: str) -> str:
        """The two characters that answer a command, known or not: the second character and one."""
        spec = self.commands.get(code)
        return spec.reply_code if spec else _next_code(code)

    def error(self, code: str) -> ErrorEntry:
        """What an error code means; an entry that says so for one that is not in the table."""
        return self.errors.get(code) or ErrorEntry(
            code=code,
            name="unknown",
            english=f"an error that the profile {self.name} does not know",
            chinese="未知错误码",
            blame=Blame.MACHINE,
            assumed=True,
        )


def offered_machines() -> tuple[str, ...]:
    """The names of all profiles that ship, host commands and signature servers."""
    found = (file.name for file in fixture("machines").iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX)))


def offered_host_profiles() -> tuple[str, ...]:
    """The names of the profiles of host commands."""
    return tuple(name for name in offered_machines() if machine_file(name).get("dialect") == "host")


@cache
def load_host_profile(name: str) -> HostProfile:
    """The profile of a name, or of a file (NAME.toml with its path). Raises ConfigError that says what is wrong."""
    return host_profile(Path(name).stem if is_file(name) else name, machine_file(name))


def is_file(name: str) -> bool:
    """Whether a profile's name is the path of somebody's own file."""
    return name.endswith(SUFFIX)


@cache
def machine_file(name: str) -> Mapping[str, object]:
    """The contents of a profile, or of a file of one's own, laid over those of its base. Raises ConfigError."""
    if is_file(name):
        return laid_over_base(_own_file(name))
    if name not in offered_machines():
        raise ConfigError(
            f"There is no machine profile {name!r}.",
            cause="the name is misspelt, or the machine is not described yet",
            remedy=f"use one of: {', '.join(offered_machines())}; or the path of your own file, ./{name}.toml",
        )
    with fixture(f"machines/{name}.toml").open("rb") as file:
        return laid_over_base(tomllib.load(file))


def _own_file(name: str) -> Mapping[str, object]:
    try:
        with Path(name).open("rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The machine profile {name} cannot be read: {error}.",
            cause="the file is not there, or it is no TOML",
            remedy="docs/encryption-machine.md shows such a file",
        ) from error


def laid_over_base(own: Mapping[str, object]) -> Mapping[str, object]:
    """A profile's own keys over those of the profile that its `base` names."""
    base = own.get("base")
    if base is None:
        return own
    merged = dict(machine_file(str(base)))
    for key, value in own.items():
        below = merged.get(key)
        merged[key] = {**below, **value} if is_object(value) and is_object(below) else value
    return merged


def host_profile(name: str, values: Mapping[str, object]) -> HostProfile:
    """The profile that a file's contents describe. Raises ConfigError."""
    reader = _Reader(name, values)
    limits = {key: int(str(value)) for key, value in reader.table("limits").items()}
    if not 0 < limits.get("message", 0) <= MAX_LENGTH:
        reader.wrong(f"limits.message is 1 to {MAX_LENGTH}")
    commands = reader.commands(limits)
    errors = reader.errors()
    ok = reader.text("ok")
    return HostProfile(
        name=name,
        title=reader.text("title"),
        port=reader.number("port"),
        header_length=reader.number("header_length"),
        firmware=reader.text("firmware"),
        serial=reader.text("serial"),
        lmk_check=reader.text("lmk_check"),
        ok=ok,
        binary=reader.binary,
        ciphertext=reader.choice("ciphertext", ("c1c3c2", "c1c2c3", "c1c3c2-bare", "der")),
        limits=limits,
        commands=commands,
        errors=errors,
        answers=reader.answers(errors),
    )


def _next_code(code: str) -> str:
    return code[:1] + chr((ord(code[1]) + 1) & 0xFF)


class _Reader:
    """A profile's file, read key by key."""

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        self._name = name
        self._values = values

    def wrong(self, problem: str) -> NoReturn:
        raise ConfigError(
            f"The machine profile {self._name!r}: {problem}.",
            cause="a mistake in the file, or it was written for another version",
            remedy="compare it with fixtures/machines/tass-sjj1310.toml",
        )

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str):
            self.wrong(f"{key} is a text")
        return value

    def number(self, key: str) -> int:
        value = self._values.get(key)
        if not isinstance(value, int) or value < 0:
            self.wrong(f"{key} is a number of 0 or more")
        return value

    def choice(self, key: str, among: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in among:
            self.wrong(f"{key} is one of: {', '.join(among)}")
        return value

    def table(self, key: str) -> Mapping[str, object]:
        value = self._values.get(key)
        if not is_object(value):
            self.wrong(f"[{key}] is missing")
        return value

    @property
    def binary(self) -> bool:
        return self._values.get("binary") is True

    def errors(self) -> Mapping[str, ErrorEntry]:
        made: dict[str, ErrorEntry] = {}
        for code, row in self.table("errors").items():
            if not is_object(row) or not self._is_code(code, 1) or row.get("blame") not in set(Blame):
                self.wrong(f"errors.{code} has two characters, and name, english, chinese, blame ({', '.join(Blame)})")
            made[code] = ErrorEntry(
                code=code,
                name=str(row["name"]),
                english=str(row["english"]),
                chinese=str(row["chinese"]),
                blame=Blame(str(row["blame"])),
                assumed=row.get("assumed") is True,
            )
        return made

    def answers(self, errors: Mapping[str, ErrorEntry]) -> Mapping[Reason, str]:
        rows = self.table("answers")
        if unknown := sorted(set(rows) - {"otherwise", *Reason}):
            self.wrong(f"answers.{unknown[0]} is no reason; there are: {', '.join(Reason)}")
        answers = {reason: str(rows.get(reason, rows.get("otherwise"))) for reason in Reason}
        for reason, code in answers.items():
            if code not in errors:
                self.wrong(f"answers.{reason} is {code!r}, which [errors] lacks")
        return answers

    def _is_code(self, code: str, size: int) -> bool:
        """Whether a code is two characters, or in a binary dialect `size` bytes in capital hex digits."""
        if not self.binary:
            return len(code) == 2 and code.isascii()
        return len(code) == 2 * size and set(code) <= set("0123456789ABCDEF")

    def commands(self, limits: Mapping[str, int]) -> Mapping[str, CommandSpec]:
        rows = self.table("commands")
        return {code: self._command(code, row, rows, limits) for code, row in rows.items() if row != "absent"}

    def _command(self, code: str, row: object, rows: Mapping[str, object], limits: Mapping[str, int]) -> CommandSpec:
        where = f"the machine profile {self._name!r}, commands.{code}"
        if not is_object(row) or not self._is_code(code, 2):
            self.wrong(f'commands.{code} is a table, or "absent"; a command has two characters, or bytes in hex')
        request, reply = (
            parse_layout(_as_other(row.get(part, []), rows, part), limits=limits, where=f"{where}.{part}")
            for part in ("request", "reply")
        )
        message = str(row.get("message", ""))
        if message not in {*MESSAGES, VENDOR}:
            self.wrong(f"commands.{code}.message is one of: {', '.join([*MESSAGES, VENDOR])}")
        if message != VENDOR:
            for part, layout, made in zip(("request", "reply"), (request, reply), MESSAGES[message], strict=True):
                if problem := _mismatch(layout, made):
                    self.wrong(f"commands.{code}.{part}: {problem}")
        return CommandSpec(
            code=code,
            message=message,
            request=request,
            reply=reply,
            reply_code=str(row.get("reply_code", _next_code(code))),
        )


def _as_other(layout: object, rows: Mapping[str, object], part: str) -> object:
    """A layout, or the one of the command whose code stands in its place."""
    other = rows.get(layout) if isinstance(layout, str) else None
    return other.get(part) if is_object(other) else layout


def _mismatch(layout: Layout, made: Callable[..., object]) -> str:
    """In what a layout does not fit the message it should make; "" when it does."""
    assert isinstance(made, type)
    hints = get_type_hints(made)
    for part in all_fields(layout):
        if part.name not in hints:
            return f"{made.__name__} has no {part.name}; it has: {', '.join(hints)}"
        if not _fits(part, hints[part.name]):
            return f"{part.name} of {made.__name__} cannot be of kind {part.kind}"
    present = {part.name for part in all_fields(layout)}
    for known in fields(made):
        if known.name not in present and known.default is MISSING:
            return f"{known.name} of {made.__name__} is missing"
    return ""


def _fits(part: Field, hint: object) -> bool:
    allowed = set(get_args(hint)) - {NoneType} if isinstance(hint, UnionType) else {hint}
    match part:
        case Number():
            return int in allowed
        case Text():
            return str in allowed
        case Hex() | Bytes() | Der() | Point():
            return bytes in allowed
        case Key():
            return part.makes <= allowed
        case Repeat():
            return get_origin(hint) is tuple
        case _:
            return False
