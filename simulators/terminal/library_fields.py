"""The members of what HeaSecReadInfo's functions take (`fixtures/terminal_library.toml`)."""

from functools import cache

from harness.wire.fields import FieldSpec, is_object, load_toml


@cache
def init_fields() -> tuple[FieldSpec, ...]:
    """The members of Init; which of them must be there is a setting."""
    table = load_toml("terminal_library.toml")["Init"]
    assert is_object(table)
    rows = table["outer"]
    assert isinstance(rows, list)
    return tuple(FieldSpec(**row) for row in rows)
