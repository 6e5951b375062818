"""What a hospital's counter makes of slots, doctors, stays and accounts; a mutant is this with one change."""

from collections.abc import Callable
from dataclasses import dataclass


def as_told(code: str, name: str) -> tuple[str, str]:
    """The doctor who was told."""
    return code, name


def as_asked(use_account: bool) -> bool:
    """The account pays as the cashier asked."""
    return use_account


def when_left(left_at: str, _now: str) -> str:
    """dscg_time is when the person has left."""
    return left_at


def as_left(way_out: str) -> str:
    """dscg_way is how they have left."""
    return way_out


@dataclass(frozen=True, kw_only=True)
class ClinicBehaviour:
    """The choices of a clinic; see each default."""

    ordered_by: Callable[[str, str], tuple[str, str]] = as_told
    """Code and name of the doctor on a line of fees."""
    account_of_fees: Callable[[bool], bool] = as_asked
    """Whether the account pays fees and stays."""
    heeds_choice: bool = True
    """A registration is for the slot that was locked, not for the day's first."""
    heeds_paid_fees: bool = True
    """A registration is not refunded while fees of its visit are paid."""
    newest_visit: bool = False
    """Fees go into the newest visit of their patient, whichever they were ordered at."""
    joins_lines: bool = False
    """Lines of the same goods are uploaded as one."""
    left: Callable[[str, str], str] = when_left
    way_out: Callable[[str], str] = as_left
