"""A quick yes to messages that break no rule of their field tables; whoever gets no yes is checked field by field.

Tables are compiled to types that msgspec checks in C. The types are stricter than the tables wherever a type cannot
say the same (numbers must be text, lists of objects are objects): a yes is always right, a no means "look closer".
Tables with columns that this module does not know are never answered with yes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal

import msgspec

from harness.wire.fields import FieldSpec, Node, code_table, is_array, is_moment, is_object

SPEC_COLUMNS = {"name", "type", "length", "decimals", "form", "required", "required_when", "table"}
NODE_COLUMNS = {"name", "many", "required", "fields"}
_Closer = tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str, str], ...]]
"""What types cannot say of a node: fields that are moments, and fields that another field's value requires."""


class QuickTable:
    """The tables of one message: its own fields, and its nodes, which stand in the member `below`, if that is named."""

    def __init__(self, outer: Sequence[FieldSpec], nodes: Sequence[Node], *, below: str = "") -> None:
        self._below = below
        self._closer = _closer(outer, nodes)
        self._type = _message(outer, nodes, below) if _columns_are_known() else None

    def surely_fits(self, body: Mapping[str, object]) -> bool:
        """Whether `check_fields` and `check_nodes` would surely find nothing."""
        if self._type is None:
            return False
        try:
            msgspec.convert(body, self._type)
        except (msgspec.ValidationError, RecursionError):
            return False
        data = body[self._below] if self._below else body
        assert is_object(data)
        for name, moments, due in self._closer:
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


def _columns_are_known() -> bool:
    known = ((FieldSpec, SPEC_COLUMNS), (Node, NODE_COLUMNS))
    return all({field.name for field in fields(kind)} == columns for kind, columns in known)


def _message(outer: Sequence[FieldSpec], nodes: Sequence[Node], below: str) -> Any:  # noqa: ANN401 - a type made of data
    found: list[Any] = []
    for node in nodes:
        kind = _node(node)
        found.append((node.name, kind) if node.required else (node.name, kind | None, None))
    if below:
        found = [(below, msgspec.defstruct("Nodes", found, kw_only=True))]
    return msgspec.defstruct("Message", [*_members(outer), *found], kw_only=True)


def _node(node: Node) -> Any:  # noqa: ANN401
    entry: Any = msgspec.defstruct("Entry", _members(node.fields), kw_only=True)
    return Annotated[list[entry], msgspec.Meta(min_length=1 if node.required else 0)] if node.many else entry


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


def _closer(outer: Sequence[FieldSpec], nodes: Sequence[Node]) -> tuple[_Closer, ...]:
    found = []
    for name, specs in (("", outer), *((node.name, node.fields) for node in nodes)):
        moments = tuple((spec.name, spec.form) for spec in specs if spec.type == "D")
        due = tuple((spec.name, *condition) for spec in specs for condition in (spec.required_when or {}).items())
        if moments or due:
            found.append((name, moments, due))
    return tuple(found)
