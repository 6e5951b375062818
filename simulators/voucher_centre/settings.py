"""What can be set at a voucher centre: most real values are unknown, so each is a setting with a chosen default."""

from dataclasses import dataclass
from enum import StrEnum

from fixtures.voucher_promoters import promoter_rules

_POSITIVE = (
    "refresh_s",
    "validity_s",
    "token_s",
    "password_s",
    "password_attempts",
    "password_lock_after",
    "activation_s",
    "face_auth_s",
    "scan_s",
)


class DataAs(StrEnum):
    """How the data of an answer to ec.query travels; both are seen in the field."""

    OBJECT = "object"
    STRING = "string"


class Charset(StrEnum):
    """In which charset answers are written."""

    UTF8 = "utf-8"
    GBK = "gbk"


class Issuer(StrEnum):
    """Who makes the digits of a code."""

    SERVER = "server"
    PHONE = "phone"


class PasswordAt(StrEnum):
    """Where the voucher password is typed."""

    PHONE = "phone"
    TERMINAL = "terminal"
    MOCK = "mock"


@dataclass(frozen=True, kw_only=True)
class VoucherCentreSettings:
    """The keys of a `[device.…]` of kind voucher-centre."""

    code_field: str = "ecQrCode"
    """Member of ec.query's data that carries the scanned text (the library's own wire form is unknown)."""
    data_as: DataAs = DataAs.OBJECT
    """Whether data in answers to the terminal library is an object or a string of JSON; both are taken in requests."""
    charset: Charset = Charset.UTF8
    """Charset of the answers; requests are UTF-8 unless their content type says otherwise."""
    issuer: Issuer = Issuer.SERVER
    """server: the centre draws each code; phone: phones compute theirs from the key that the seed gives."""
    refresh_s: int = 60
    """Seconds after which a phone shows a new code."""
    validity_s: int = 60
    """Seconds from issue during which a code identifies its person."""
    grace_s: int = 0
    """Seconds beyond the validity during which the centre still takes a code."""
    single_use: bool = True
    """Whether a decoded code is spent."""
    token_s: int = 1800
    """Seconds that a token (ecToken) lives."""
    password: PasswordAt = PasswordAt.PHONE
    """phone: prompts are pushed to the phone; terminal: a keypad polls them; mock: confirmed at once."""
    password_s: int = 60
    """Seconds that a prompt waits for its answer."""
    password_attempts: int = 1
    """How many wrong passwords end a prompt."""
    password_lock_after: int = 5
    """How many wrong passwords in a row lock the voucher password (assumed)."""
    password_lock_s: int = 86400
    """Seconds that a locked password stays locked (assumed); 0: until it is reset by face."""
    token_single_use: bool = False
    """Whether a token dies with the payment that it confirmed (assumed: it serves on)."""
    activation_s: int = 1800
    """Seconds that a begun activation may take (assumed)."""
    face_confirms: bool = True
    """Whether a payment by the token of a face check needs no password: the face authorises it (assumed)."""
    face_auth_s: int = 300
    """Seconds that a face authorisation (authNo) lives (assumed)."""
    scan_s: int = 60
    """Seconds that a terminal waits for a code or a card (assumed)."""
    family_face_below: int = 16
    """Age in years below which a member is bound to a family account by face."""
    unbinding_ends_codes: bool = False
    """Whether a member's code that is shown by another dies when the binding ends; else it lives as long as any
    (assumed)."""
    red_packet_fen: int = 0
    """What a person who was newly activated by a promoter's code gets, in fen; at most 99900."""
    mutant: str = ""
    """A known defect that the centre is to have, to see whether it is noticed; empty for none."""

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("grace_s", "password_lock_s", "family_face_below"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
        most = promoter_rules().red_packet_max_fen
        if not 0 <= self.red_packet_fen <= most:
            raise ValueError(f"red_packet_fen is between 0 and {most}")
        if not self.code_field:
            raise ValueError("code_field must name a member of data")
