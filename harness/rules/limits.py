"""The figures in rules that no public source gives: how far a time may be off, how much of an ID number may be shown.

They are keys of a province's profile (`fixtures/profiles/core/national.toml`), so the tape has them, in what the
adapter was told. A tape without them is judged by the values here, as it was when it was made. No rule here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from harness.judge.history import CaseHistory


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a profile sets (all assumed)."""

    time_tolerance_s: int = 300
    """Seconds that a time may be off: what really passes while a command runs, not an hour of another zone."""
    id_digits_in_row: int = 8
    """So many digits of an ID number may stand in a row: the first 6 (`639999********7031`), or a birthday."""
    id_digits_shown: int = 10
    """So many of its digits a masked ID number of full length may show: the first 6 and the last 4."""

    @property
    def tolerance(self) -> timedelta:
        """`time_tolerance_s` as a span of time."""
        return timedelta(seconds=self.time_tolerance_s)


def limits_of(history: CaseHistory) -> Limits:
    """The limits of the province that a case was played in."""
    told = history.hello.get("profile")
    profile: Mapping[str, object] = told if isinstance(told, Mapping) else {}
    found = {name: value for name in vars(Limits()) if type(value := profile.get(name)) is int and value >= 0}
    return Limits(**found)
