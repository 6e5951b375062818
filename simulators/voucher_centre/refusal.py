"""How a call at the centre is refused: with the id of a return code, and what a person may do about it."""

from collections.abc import Mapping


class RefusedError(Exception):
    """The call is refused; `why` is the id of a return code, `more` stands in the answer's data."""

    def __init__(self, why: str, detail: str = "", more: Mapping[str, object] | None = None) -> None:
        super().__init__(why, detail)
        self.why = why
        self.detail = detail
        self.more = dict(more or {})


def required(body: Mapping[str, object], name: str) -> str:
    """A member that this call needs as text. Raises RefusedError naming it."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedError("invalid-request", f"{name}: text expected")
    return value
