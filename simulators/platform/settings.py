"""What can be set at a platform beyond its province profile."""

from dataclasses import dataclass
from enum import StrEnum

MOST_WORKERS = 64


class AmountsAs(StrEnum):
    """How amounts in answers are written."""

    PROFILE = "profile"
    STRING = "string"
    NUMBER = "number"


class Durability(StrEnum):
    """What a booking has survived when its answer leaves."""

    FULL = "full"
    """The machine losing power: each booking is flushed to the disk."""
    PROCESS = "process"
    """The process being killed: each booking is in the kernel's hands."""


class RepeatedMsgid(StrEnum):
    """What becomes of the same message under a msgid that has its answer; other content is refused in any case."""

    REPLAY = "replay"
    """The same request gets its first answer."""
    REFUSE = "refuse"
    """It is refused, and what came of the first is not said."""
    PROCESS_AGAIN = "process-again"
    """It is done as if nobody had sent it before: what books money books it again."""


@dataclass(frozen=True, kw_only=True)
class PlatformSettings:
    """The keys of a `[device.…]` of kind platform."""

    ledger: str | None = None
    """File of the ledger (SQLite), or postgresql://USER@HOST/DATABASE; without it the ledger lives in memory and every
    case begins anew."""
    durability: Durability = Durability.FULL
    """full: a booking survives a power cut; process: it survives the end of the process. Not for memory."""
    lock_patience_s: int = 10
    """Seconds that a message waits for another program that has locked the ledger; then it is refused, not booked."""
    workers: int = 1
    """Processes that serve, on one ledger; on the machine's clock only. Without ledger they share a temporary file."""
    amounts: AmountsAs = AmountsAs.PROFILE
    """Amounts in answers as decimal strings or JSON numbers; profile: as the province has it."""
    token_check: bool = True
    """Whether the voucher centre is asked about every token; off for load tests of the platform alone."""
    bar_reversed: bool = True
    """Whether a reversal of an unknown msgid bars that msgid, so that a late original is not booked after all."""
    mobile_key: str = "liantiao-mobile"
    """What the platform shares with the mobile-payment centre, by which it knows that a payment was confirmed in an App
    (own design); empty: no payment is taken as confirmed there."""
    inf_time_tolerance_s: int = 0
    """How far a request's inf_time may lie from the platform's clock, in seconds; what lies further off is refused, and
    nothing is booked. 0: not compared, since no public source gives a tolerance."""
    repeated_msgid: RepeatedMsgid = RepeatedMsgid.REPLAY
    """What a repeated msgid gets: its first answer, a refusal, or to be done once more; no public source says which."""
    staff_register: str = ""
    """File (TOML) of the departments, staff and operators that institutions have registered: other codes are refused;
    empty: every code is taken."""
    confirm_s: int = 120
    """Real seconds to wait for the voucher centre while a person confirms."""
    mutant: str = ""
    """A known defect that the platform is to have, to see whether it is noticed; empty for none."""

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= MOST_WORKERS:
            raise ValueError(f"workers must be from 1 to {MOST_WORKERS}")
        if self.lock_patience_s < 0:
            raise ValueError("lock_patience_s must not be below 0")
        if self.inf_time_tolerance_s < 0:
            raise ValueError("inf_time_tolerance_s must not be below 0")
        if self.confirm_s < 1:
            raise ValueError("confirm_s must be at least 1")
