"""How provinces differ in what the platform does, beyond transport.

The defaults are `fixtures/institution/choices.toml`; a province's own are the table `[choices]` of its profile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from harness.wire.fields import is_object, load_toml
from harness.wire.profile import load_profile


class Codes(StrEnum):
    """The family of stmt_rslt."""

    LONG = "long"
    SHORT = "short"


class Cancellation(StrEnum):
    """What 2208 and 2305 answer."""

    NEGATIVE = "negative"
    ECHO = "echo"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """One province's; the file says what each means."""

    statement_codes: Codes
    statement_lines: str
    statement_count: str
    refund_flag: Codes
    cancellation: Cancellation
    mutual_aid: str
    scope_amounts: str
    visit_data: bool
    outpatient_in_hospital: bool
    reversal_same_day: bool
    file_days: int
    sign_in_place: str
    password_across_provinces: bool
    pdn_cash_pay: bool

    def __post_init__(self) -> None:
        for name, offered in (
            ("statement_lines", ("differences", "all")),
            ("statement_count", ("lines", "net")),
            ("mutual_aid", ("inside", "beside")),
            ("scope_amounts", ("refuse", "ignore")),
            ("sign_in_place", ("first", "any")),
        ):
            if getattr(self, name) not in offered:
                raise ValueError(f"{name} must be one of: {', '.join(offered)}")


@cache
def choices_of(profile: str) -> Choices:
    """The choices of a province. Raises ValueError or TypeError for a file that says what it cannot."""
    default = load_toml("institution/choices.toml")["default"]
    assert is_object(default)
    return choices_from({**default, **load_profile(profile).choices})


def choices_from(values: Mapping[str, object]) -> Choices:
    """Choices from their values as the file spells them. Raises ValueError or TypeError."""
    enums = {
        "statement_codes": Codes(str(values["statement_codes"])),
        "refund_flag": Codes(str(values["refund_flag"])),
        "cancellation": Cancellation(str(values["cancellation"])),
    }
    return Choices(**{**values, **enums})  # type: ignore[arg-type]  # a file's values, checked above
