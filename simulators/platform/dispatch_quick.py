"""A quick yes to requests that break no rule of the field tables; whoever gets no yes is checked field by field.

The tables are compiled to types that msgspec checks in C. The types are stricter than the tables wherever a type cannot
say the same (numbers must be text, lists of objects are objects): a yes is always right, a no means "look closer".
Tables with columns that this module does not know are never answered with yes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache, lru_cache
from typing import Annotated, Any, Literal

import msgspec

from harness.wire.fields import FieldSpec, Node, code_table, is_array, is_moment, is_object, load_toml
from harness.wire.institution import input_nodes
from harness.wire.msgid import CODE_IN_MSGID

SPEC_COLUMNS = {"name", "type", "length", "decimals", "form", "required", "required_when", "table"}
NODE_COLUMNS = {"name", "many", "required", "fields"}
_MSGID = re.compile(r"[0-9A-Za-z]{12}[0-9]{18}\Z")


def surely_well_formed(infno: str, body: Mapping[str, object], *, insuplc_required: bool) -> bool:
    """Whether `harness.wire.institution.check` would surely find nothing."""
    tables = _tables(infno)
    if tables is None or body.get("infno") != infno or (insuplc_required and not body.get("insuplc_admdvs")):
        return False
    try:
        msgspec.convert(body, tables)
    except (msgspec.ValidationError, RecursionError):
        return False
    msgid = str(body["msgid"])
    return (
        _MSGID.match(msgid) is not None
        and str(body["fixmedins_code"])[:CODE_IN_MSGID] == msgid[:CODE_IN_MSGID]
        and _is_stamp(msgid[CODE_IN_MSGID : CODE_IN_MSGID + 14])
        and _closer_look(infno, body)
    )


@lru_cache(maxsize=1024)
def _is_stamp(digits: str) -> bool:
    """Whether fourteen digits are a moment that exists."""
    day, time = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", f"{digits[8:10]}:{digits[10:12]}:{digits[12:14]}"
    return is_moment(f"{day} {time}", "datetime")


@cache
def _tables(infno: str) -> Any:  # noqa: ANN401 - a type made of data
    if {field.name for field in fields(FieldSpec)} != SPEC_COLUMNS:
        return None
    if {field.name for field in fields(Node)} != NODE_COLUMNS:
        return None
    members = [(node.name, _node(node)) for node in input_nodes(infno)]
    data = msgspec.defstruct(
        "Input",
        [(name, kind) if needed else (name, kind | None, None) for name, (kind, needed) in members],
        kw_only=True,
    )
    return msgspec.defstruct("Request", [*_members(_envelope()), ("input", data)], kw_only=True)


def _node(node: Node) -> tuple[Any, bool]:
    entry: Any = msgspec.defstruct("Entry", _members(node.fields), kw_only=True)
    if not node.many:
        return entry, node.required
    return Annotated[list[entry], msgspec.Meta(min_length=1 if node.required else 0)], node.required


@cache
def _envelope() -> tuple[FieldSpec, ...]:
    rows = load_toml("institution/envelope.toml")["fields"]
    assert isinstance(rows, list)
    return tuple(FieldSpec(**row) for row in rows)


def _members(specs: Sequence[FieldSpec]) -> list[Any]:
    """The fields of a type: what may be absent may be null, and empty where it is text."""
    found: list[Any] = []
    for spec in specs:
        kind = _kind(spec)
        found.append((spec.name, kind) if spec.required else (spec.name, kind | None, None))
    return found


def _kind(spec: FieldSpec) -> Any:  # noqa: ANN401
    needed = spec.required
    empty = [] if needed else [""]
    match spec.type:
        case "C" if spec.table:
            codes = tuple(code for code in code_table(spec.table) if len(code) <= spec.length)
            return Literal[(*codes, *empty)]
        case "C":
            return Annotated[str, msgspec.Meta(min_length=int(needed), max_length=spec.length)]
        case "N":
            point = rf"(\.[0-9]{{1,{spec.decimals}}})?" if spec.decimals else ""
            number = rf"-?[0-9]{{1,{spec.length - spec.decimals}}}{point}"
            return Annotated[str, msgspec.Meta(pattern=rf"\A({number}){'' if needed else '?'}\Z")]
        case "D":
            return Annotated[str, msgspec.Meta(min_length=int(needed))]
        case _:
            return Literal["an object or array, which is looked at field by field"]


@cache
def _closer(infno: str) -> tuple[tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str, str], ...]], ...]:
    """What types cannot say, by node: fields that are moments, and fields that another field's value requires."""
    nodes = [("", _envelope()), *((node.name, node.fields) for node in input_nodes(infno))]
    found = []
    for name, specs in nodes:
        moments = tuple((spec.name, spec.form) for spec in specs if spec.type == "D")
        due = tuple((spec.name, *condition) for spec in specs for condition in (spec.required_when or {}).items())
        if moments or due:
            found.append((name, moments, due))
    return tuple(found)


def _closer_look(infno: str, body: Mapping[str, object]) -> bool:
    data = body["input"]
    assert is_object(data)
    for name, moments, due in _closer(infno):
        place = data.get(name) if name else body
        for entry in place if is_array(place) else (place,):
            if not is_object(entry):
                continue
            get = entry.get
            for field, form in moments:
                if (text := get(field)) and not is_moment(text, form):
                    return False
            for field, other, wanted in due:
                if get(other) == wanted and not get(field):
                    return False
    return True
