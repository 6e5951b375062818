"""The settings of a terminal: keys of the bench file and options of `liantiao simulate terminal`."""

from dataclasses import dataclass
from enum import StrEnum

from fixtures.population import institutions
from simulators.terminal.library_fields import init_fields

MOST_S = 86_400
MOST_TRIES = 255
"""A chip counts in one byte."""
MOST_BYTES = 1 << 20


class PassType(StrEnum):
    """Who knows a social card's password (CARD_PASSTYPE of HeaSecReadInfo.dll)."""

    CARD = "card"
    """1: the chip; VerifyPIN says whether it was right, and counts."""
    DATABASE = "database"
    """2: the insurance; VerifyPIN gives a proof of whatever was typed, and the platform judges it."""


@dataclass(frozen=True, kw_only=True)
class TerminalSettings:
    """Where the terminal stands and how long it waits; seconds on the bench's clock."""

    institution: str = ""
    """Code of the institution it belongs to; empty for the bench's counter, or the hospital when there is none."""
    card_s: int = 60
    """Seconds that a call of the social-card library waits for a card (assumed)."""
    keypad_s: int = 60
    """Seconds that the keypad waits for a card's password (assumed); a payment's prompt says its own time."""
    pass_type: PassType = PassType.CARD
    """card: the chip knows the password, VerifyPIN refuses a wrong one; database: the platform does (assumed)."""
    pin_lock_after: int = 5
    """How many wrong passwords in a row lock a card whose chip knows its password, 1 to 255 (assumed)."""
    cards: str = ""
    """File in which the chips remember wrong passwords when the process has ended; without it they forget."""
    init_first: bool = False
    """Whether the library refuses every other call until it has been set up by Init (assumed)."""
    init_needs: str = "IP,PORT,TIMEOUT,EC_URL,CARD_PASSTYPE,ORG_ID"
    """Members that Init must have, with commas between (assumed)."""
    out_buffer: int = 8192
    """Bytes of the buffer into which EcQuery writes its answer, its end included; ANSI, so counted in GBK (assumed)."""
    code_field: str = "ecQrCode"
    """Member of ec.query's data in which EcQuery sends the code that it has scanned; as the voucher centre has it."""
    terminal_no: str = "639999000001"
    """Number of the terminal (终端机编号), in what a social card's reading gives."""
    device_no: str = "LT0000000001"
    """Number of its card reader (终端设备号), in what a social card's reading gives."""

    def __post_init__(self) -> None:
        known = [institution.code for institution in institutions()]
        if self.institution and self.institution not in known:
            raise ValueError(f"institution is one of {', '.join(known)}, not {self.institution!r}")
        for name in ("card_s", "keypad_s"):
            if not 1 <= getattr(self, name) <= MOST_S:
                raise ValueError(f"{name} is 1 to {MOST_S} seconds, not {getattr(self, name)}")
        if not 1 <= self.pin_lock_after <= MOST_TRIES:
            raise ValueError(f"pin_lock_after is 1 to {MOST_TRIES}, not {self.pin_lock_after}")
        if not 1 <= self.out_buffer <= MOST_BYTES:
            raise ValueError(f"out_buffer is 1 to {MOST_BYTES} bytes, not {self.out_buffer}")
        known = [spec.name for spec in init_fields()]
        if stray := [name for name in self.init_members if name not in known]:
            raise ValueError(f"init_needs has {', '.join(stray)}; Init knows {', '.join(known)}")
        if not self.code_field:
            raise ValueError("code_field must name a member")
        for name in ("terminal_no", "device_no"):
            if "|" in getattr(self, name):
                raise ValueError(f"{name} stands between bars and can hold none")

    @property
    def init_members(self) -> tuple[str, ...]:
        """`init_needs`, one by one."""
        return tuple(name for part in self.init_needs.split(",") if (name := part.strip()))
