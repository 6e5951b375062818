"""What can be set at a voucher centre: most real values are unknown, so each is a setting with a chosen default."""

from dataclasses import dataclass
from enum import StrEnum


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
    """Whether data in answers to ec.query is an object or a string of JSON."""
    charset: Charset = Charset.UTF8
    """Charset of the answers; requests are always UTF-8."""
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

    def __post_init__(self) -> None:
        for name in ("refresh_s", "validity_s", "token_s", "password_s", "password_attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.grace_s < 0:
            raise ValueError("grace_s must not be negative")
        if not self.code_field:
            raise ValueError("code_field must name a member of data")
