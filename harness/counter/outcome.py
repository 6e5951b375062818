"""How a request of the cashier ends, and what its answer says: amounts, reasons, pending records."""

from dataclasses import dataclass
from enum import StrEnum

from harness.counter.basket import Line
from harness.counter.hall import Insurance, Proof, TierChange
from harness.money import Fen


class OutcomeKind(StrEnum):
    """How a request of the cashier ended; unknown is never refused."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why an adapter refused."""

    CODE_EXPIRED = "code-expired"
    CODE_USED = "code-used"
    WRONG_CODE_KIND = "wrong-code-kind"
    NOT_ACTIVATED = "not-activated"
    CODE_UNKNOWN = "code-unknown"
    SCAN_UNREADABLE = "scan-unreadable"
    NOT_SIGNED_IN = "not-signed-in"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a reason
    DECLINED = "declined"
    NOT_ANSWERED = "not-answered"
    AMOUNTS_DISAGREE = "amounts-disagree"
    ALREADY_REFUNDED = "already-refunded"
    NO_ORIGINAL = "no-original"
    VOUCHER_CENTRE_UNAVAILABLE = "voucher-centre-unavailable"
    PLATFORM_UNAVAILABLE = "platform-unavailable"
    PLATFORM_REFUSED = "platform-refused"
    SLOT_TAKEN = "slot-taken"
    NO_SUCH_SLOT = "no-such-slot"
    LOCK_EXPIRED = "lock-expired"
    REFUND_AT_WINDOW = "refund-at-window"
    NOTHING_PENDING = "nothing-pending"
    NOT_THEIRS = "not-theirs"
    NOT_DISCHARGED = "not-discharged"
    HAS_FEES = "has-fees"
    LIBRARY_MISMATCH = "library-mismatch"
    CARD_UNREADABLE = "card-unreadable"
    CARD_UNKNOWN = "card-unknown"
    CARD_LOCKED = "card-locked"
    FACE_MISMATCH = "face-mismatch"
    NOT_IDENTIFIED = "not-identified"


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How a total (medfee_sumamt) is paid: pooled fund, personal account and cash, in fen; negative for a refund."""

    total: Fen
    fund: Fen
    account: Fen
    cash: Fen


@dataclass(frozen=True, kw_only=True)
class PendingRecord:
    """Fees that wait to be paid (待缴费): what a doctor ordered at one visit."""

    order: str
    visit: str
    total: Fen
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a request ended; which fields are set depends on `kind` and on what was asked."""

    kind: OutcomeKind
    order: str | None = None
    setl_id: str | None = None
    mdtrt_id: str | None = None
    psn_no: str | None = None
    msgid: str | None = None
    amounts: Amounts | None = None
    reason: Reason | None = None
    """Set when refused."""
    prompt: str | None = None
    """What the cashier reads; set unless accepted."""
    code: str | None = None
    """The other system's own code, where a refusal came from there."""
    slot: str | None = None
    """Of a lock or a registration."""
    until: str | None = None
    """When a lock ends, yyyy-MM-dd HH:mm:ss."""
    batch: str | None = None
    """Of an accepted charge: its chrg_bchno."""
    count: int | None = None
    """Of an accepted charge: how many lines were uploaded."""
    records: tuple[PendingRecord, ...] = ()
    """Of an accepted question for what is pending."""
    refunded: str | None = None
    """Of a partial refund: setl_id of the 2208 that undid the settlement before."""
    insurances: tuple[Insurance, ...] = ()
    """Of an accepted question for one's insurance in a hall."""
    proof: Proof | None = None
    """Of an accepted proof of contributions."""
    tier: TierChange | None = None
    """Of an accepted change of tier."""

    @property
    def accepted(self) -> bool:
        """Whether it was done."""
        return self.kind is OutcomeKind.ACCEPTED

    @property
    def refused(self) -> bool:
        """Whether it was certainly not done."""
        return self.kind is OutcomeKind.REFUSED

    @property
    def unknown(self) -> bool:
        """Whether nobody at the counter knows."""
        return self.kind is OutcomeKind.UNKNOWN
