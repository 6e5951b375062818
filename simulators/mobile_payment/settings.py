"""What can be set at a mobile-payment centre: most real values are unknown, so each is a setting with a default."""

import re
from dataclasses import dataclass
from enum import StrEnum

from harness.wire.mobile_payment import offered_variants
from simulators.platform.settings import Durability

_SECONDS = re.compile(r"([1-9][0-9]{0,5}(,[1-9][0-9]{0,5})*)?\Z")
_STATES = re.compile(r"(1?[0-9]|2[0-5])?(,(1?[0-9]|2[0-5])?)*\Z")


class InsuranceLeg(StrEnum):
    """What becomes of the insurance's part when the own-pay part is paid."""

    PAYS = "pays"
    FAILS = "fails"
    """The order fails, the own-pay part is given back."""
    FAILS_NOT_REVERSED = "fails-not-reversed"
    """The order fails, and giving back the own-pay part fails too."""
    EXCEPTION = "exception"
    """The order ends as an exception (14): a person has to look, nothing is given back."""
    NEVER_ENDS = "never-ends"
    """The order stays to be paid for ever."""


class RefundOutcome(StrEnum):
    """What becomes of refunds that are in order."""

    SUCC = "succ"
    FAIL = "fail"
    EXP = "exp"
    """Unknown, until a person decides at the own-design door."""


class Unknown(StrEnum):
    """How a settlement whose outcome is unknown is cleared up."""

    REVERSE = "reverse"
    REPEAT = "repeat"
    """For platforms that give a repeated msgid its first answer; which do is not public."""


@dataclass(frozen=True, kw_only=True)
class MobilePaymentSettings:
    """The keys of a `[device.…]` of kind mobile-payment."""

    ledger: str | None = None
    """File of the orders (SQLite), or postgresql://USER@HOST/DATABASE, also the platform's own; without it they live in
    memory and every start begins anew."""
    durability: Durability = Durability.FULL
    """full: an order survives a power cut; process: it survives the end of the process. Not for memory."""
    lock_patience_s: int = 10
    """Seconds that a service waits for another program that has locked the ledger; then it is refused, and undone."""
    variant: str = "national"
    """The platform's form of the envelope."""
    older_path: str = "/mpc-local/pmc/api"
    """The one path of variants that name the service in the message (its middle is not public)."""
    app_id: str = "43AF047BBA47FC8A1AE8EFB232BDBBCB"
    """The application's id (appId); a made-up one unless you say otherwise."""
    secret: str = "4117E877F5FA0A0188891283E4B617D5"  # noqa: S105 - made up, for the bench
    """The application's secret (appSecret); made up as well."""
    peer_key: str = ""
    """The institution side's public key, Base64 of 65 bytes; empty: the seed's, which a security front has too."""
    demands_visit: bool = False
    """Whether a 6201 without ecToken must name the visit (mdtrtId), as the interface has it; off: it is opened."""
    pay_auth_s: int = 300
    """Seconds that an authorisation number (payAuthNo) lives (5 to 10 minutes in the field)."""
    pays_after_s: int = 5
    """Seconds after 6202 when the person pays the own part; 0: only the own-design door /pay/own says so."""
    unpaid_s: int = 1800
    """Seconds after 6202 when an unpaid order is revoked; 0: never (30 min is recommended in the field)."""
    insurance_leg: InsuranceLeg = InsuranceLeg.PAYS
    """What becomes of the insurance's part."""
    shown_states: str = ""
    """What the first, second, ... 6301 of each order says instead of its ordStas, 0 to 25 with commas between, to see
    how a client takes it; nothing between two commas: the truth (18,,25)."""
    hospital_settles: bool = False
    """Whether a paid order waits for the hospital: state 4 until it has taken the notice 6302, then 5, then 6."""
    settles_after_s: int = 5
    """Seconds from state 5 to 6, where an order waits for the hospital."""
    open_amounts: bool = True
    """Whether 6301 gives amounts before the order is final; they may be missing in the field."""
    refund_outcome: RefundOutcome = RefundOutcome.SUCC
    """What becomes of refunds that are in order."""
    use_platform: bool = True
    """Whether orders are settled at the platform of the bench, where there is one, and not on own accounts."""
    platform_key: str = "liantiao-mobile"
    """What the centre shares with the platform (its mobile_key); own design."""
    platform_s: float = 10.0
    """Real seconds to wait for an answer of the platform."""
    unknown: Unknown = Unknown.REVERSE
    """What is done about a settlement without an answer: reverse it by 2601, or repeat the same message."""
    resolve_after_s: int = 30
    """Seconds between attempts to clear up a settlement without an answer; 0: only when 6301 asks."""
    callback_url: str = ""
    """Where 6302 is sent; empty: nowhere, until the back door's /callback names it."""
    callback_after_s: int = 0
    """Seconds after payment when the callback is sent; above 0 a case on the bench clock decides when."""
    callback_s: int = 5
    """Seconds that a callback's answer may take."""
    callback_retries: str = "15,15,30,180,1800"
    """Seconds before each retry of a callback that was not taken (assumed); after the last the centre is silent."""
    callback_copies: int = 1
    """How often each callback is sent, also when it was taken: 2 for a duplicate."""
    callback_off_fen: int = 0
    """Fen by which a callback's ownPayAmt and feeSumamt differ from the order: a fault of the field."""
    mutant: str = ""
    """A known defect that the centre is to have, to see whether it is noticed; empty for none."""

    def __post_init__(self) -> None:
        if self.variant not in offered_variants():
            raise ValueError(f"variant is one of {', '.join(offered_variants())}")
        if not 0 < self.platform_s <= 600:
            raise ValueError("platform_s must be above 0 and at most 600")
        if self.lock_patience_s < 0:
            raise ValueError("lock_patience_s must not be below 0")
        for name in ("pay_auth_s", "callback_s", "callback_copies"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("pays_after_s", "unpaid_s", "callback_after_s", "resolve_after_s", "settles_after_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
        if not _STATES.match(self.shown_states):
            raise ValueError("shown_states are numbers from 0 to 25 with commas between: 18,,25")
        if not _SECONDS.match(self.callback_retries):
            raise ValueError("callback_retries are whole seconds with commas between: 15,30")
        if self.callback_url and not self.callback_url.startswith(("http://", "https://")):
            raise ValueError("callback_url begins with http:// or https://")
        if not self.older_path.startswith("/"):
            raise ValueError("older_path begins with /")

    @property
    def retry_after_s(self) -> tuple[int, ...]:
        """`callback_retries` as numbers."""
        return tuple(int(part) for part in self.callback_retries.split(",") if part)

    @property
    def shown(self) -> tuple[str, ...]:
        """`shown_states` as texts, empty for the truth."""
        return tuple(self.shown_states.split(","))
