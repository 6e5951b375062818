"""The field tables of the institution interface, from `fixtures/institution/`."""

from collections.abc import Mapping
from functools import cache

from harness.wire.fields import FieldSpec, Node, load_toml, parse_nodes


@cache
def input_nodes(infno: str) -> tuple[Node, ...]:
    """The field table of a transaction's input."""
    return parse_nodes(_rows(infno, "input"))


@cache
def output_nodes(infno: str) -> tuple[Node, ...]:
    """The field table of a transaction's output; empty for those that have none, like 2601."""
    return parse_nodes(_rows(infno, "output"))


def _rows(infno: str, part: str) -> list[dict[str, object]]:
    """The nodes of a table's part as data, each `like = "TABLE.NODE"` (less `without`, with `fields`) written out."""
    rows = load_toml(f"institution/{infno}.toml").get(part, [])
    assert isinstance(rows, list)
    return [_written_out(row, part) for row in rows]


def _written_out(row: Mapping[str, object], part: str) -> dict[str, object]:
    if "like" not in row:
        return dict(row)
    table, _, name = str(row["like"]).partition(".")
    model = next(other for other in _rows(table, part) if other["node"] == name)
    without, own = row.get("without", []), row.get("fields", [])
    fields = model["fields"]
    assert isinstance(without, list)
    assert isinstance(own, list)
    assert isinstance(fields, list)
    changed = {field["name"]: field for field in own}
    kept = [changed.pop(field["name"], field) for field in fields if field["name"] not in without]
    rest = {key: value for key, value in row.items() if key not in {"like", "without"}}
    return {**rest, "fields": [*kept, *changed.values()]}


@cache
def envelope_fields(part: str) -> tuple[FieldSpec, ...]:
    """The field table of the envelope: `fields` of a request, `reply` of an answer."""
    rows = load_toml("institution/envelope.toml")[part]
    assert isinstance(rows, list)
    return tuple(FieldSpec(**row) for row in rows)
