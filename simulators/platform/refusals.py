"""Why the platform refuses: texts and codes of `fixtures/platform_codes.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache

from fixtures import fixture

ERR_MSG_LENGTH = 200
"""Institution interface: err_msg C200."""


class RefusedError(Exception):
    """A transaction is refused and nothing was booked; `why` is an id of the table, `details` fill its text.

    Where the text may be longer than err_msg, the detail `brief` says what stands there instead of `problems`.
    """

    def __init__(self, why: str, /, **details: object) -> None:
        super().__init__(why)
        self.why = why
        self.details = details

    @property
    def code(self) -> str:
        """The number that a program tells this refusal by."""
        return _table()[self.why].code

    @property
    def text(self) -> str:
        """What the operator reads, whole."""
        return _table()[self.why].chinese.format(**self.details)

    @property
    def err_msg(self) -> str:
        """What the operator reads, within the field's length: shorter where there is a brief form, else cut."""
        text = self.text
        if len(text) > ERR_MSG_LENGTH and "brief" in self.details:
            text = _table()[self.why].chinese.format(**{**self.details, "problems": self.details["brief"]})
        return text if len(text) <= ERR_MSG_LENGTH else text[: ERR_MSG_LENGTH - 1] + "…"


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    id: str
    code: str
    chinese: str
    english: str


@cache
def _table() -> dict[str, _Refusal]:
    with fixture("platform_codes.toml").open("rb") as file:
        return {row["id"]: _Refusal(**row) for row in tomllib.load(file)["refusal"]}
