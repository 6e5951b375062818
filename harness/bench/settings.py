"""Settings of a device: a frozen dataclass read from a bench file's table or from options of the command line.

One way for both: every problem is a ConfigError that names the place, what is possible and what to try.
"""

import ast
import difflib
import inspect
import itertools
import math
import textwrap
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from harness.errors import ConfigError

S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One setting, for help texts."""

    name: str
    type: str
    default: str
    text: str


def read_settings(kind: type[S], raw: Mapping[str, object], *, where: str) -> S:
    """The settings of a table; text is converted (`"60"` for a whole number), since options come as text.

    `where` opens the message, e.g. `bench.toml, line 12, [device.scanner]`. Raises ConfigError.
    """
    hints = typing.get_type_hints(kind)
    known = {field.name: field for field in fields(typing.cast("Any", kind))}
    for name in raw:
        if name not in known:
            raise unknown(f"{where}: there is no setting {name!r}", name, known)
    values = {name: _convert(value, hints[name], f"{where}: {name}") for name, value in raw.items()}
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.problem}", cause=error.cause, remedy=error.remedy) from error
    except ValueError as error:
        raise ConfigError(
            f"{where}: {error}.",
            cause="a value out of its range",
            remedy="`liantiao simulate KIND --help` lists the settings with their defaults",
        ) from error


def unknown(problem: str, seen: str, known: typing.Iterable[str]) -> ConfigError:
    """The error for a name that does not exist, with the nearest that do."""
    names = sorted(known)
    near = difflib.get_close_matches(seen, names, n=1)
    return ConfigError(
        f"{problem}.",
        cause=f"a slip of the pen for {near[0]!r}" if near else "a name from another version or device",
        remedy=f"use one of: {', '.join(names) or '(none)'}",
    )


def options_of(kind: type[Any]) -> list[Option]:
    """Every setting with its type, default and documentation (the string below the field)."""
    hints = typing.get_type_hints(kind)
    texts = _field_texts(kind)
    found = []
    for field in fields(kind):
        default = "" if field.default is MISSING else str(field.default)
        found.append(
            Option(name=field.name, type=_spell(hints[field.name]), default=default, text=texts.get(field.name, ""))
        )
    return found


def _convert(value: object, wanted: Any, where: str) -> object:  # noqa: ANN401 - a type as typing spells it
    if isinstance(wanted, types.UnionType):
        inner = [part for part in typing.get_args(wanted) if part is not type(None)]
        return _convert(value, inner[0], where)
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return _finite(value, where)
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        offered = [str(member.value) for member in wanted]
        if str(value) in offered:
            return wanted(str(value))
        raise unknown(f"{where} cannot be {value!r}", str(value), offered)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return _from_text(value, wanted, where)
    raise _wrong_type(where, value, wanted)


def _from_text(text: str, wanted: Any, where: str) -> object:  # noqa: ANN401
    if wanted is bool and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if wanted in {int, float}:
        try:
            return _finite(wanted(text), where)
        except ValueError:
            pass
    raise _wrong_type(where, text, wanted)


def _finite(value: object, where: str) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where} cannot be {value}.", cause="TOML allows it, no device does", remedy="give a number")
    return value


def _wrong_type(where: str, value: object, wanted: Any) -> ConfigError:  # noqa: ANN401
    return ConfigError(
        f"{where} must be {_spell(wanted)}, not {value!r}.",
        cause="a value of another type, perhaps quotes too many or too few",
        remedy="`liantiao simulate KIND --help` lists the settings with their types",
    )


def _spell(wanted: Any) -> str:  # noqa: ANN401
    if isinstance(wanted, types.UnionType):
        return _spell(typing.get_args(wanted)[0])
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return "|".join(wanted)
    return {str: "text", int: "a whole number", float: "a number", bool: "true or false"}.get(wanted, str(wanted))


def _field_texts(kind: type[Any]) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, SyntaxError):
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    texts = {}
    for before, node in itertools.pairwise(body):
        match before, node:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = " ".join(text.split())
    return texts
