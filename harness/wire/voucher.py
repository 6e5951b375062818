"""The voucher code (电子凭证二维码): its 28 digits, how a phone computes one, and what else comes from a scan.

Layout, docs/sources.md, 3.1: 424, 17 random digits, 2 more, 2 of the insured province, 4 of extension.
Requests and answers of the voucher centre are in `voucher_messages`.
"""

from dataclasses import dataclass
from enum import StrEnum

from harness.gm import sm3

MARK = "424"
"""The mark of the national bureau."""
LENGTH = 28
UNIQUE_DIGITS, TAIL_DIGITS = 17, 2
NO_EXTENSION = "0000"
_BLOCK = 64


class ScanKind(StrEnum):
    """What a scanned text is, as far as its digits tell."""

    VOUCHER = "voucher"
    WECHAT_PAY = "wechat-pay"
    ALIPAY_PAY = "alipay-pay"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class VoucherCode:
    """The parts of a voucher code; `province` is the first two digits of the insured place."""

    unique: str
    tail: str
    province: str
    extension: str = NO_EXTENSION

    @property
    def digits(self) -> str:
        """The 28 digits."""
        return f"{MARK}{self.unique}{self.tail}{self.province}{self.extension}"


def parse_code(digits: str) -> VoucherCode:
    """The parts of a voucher code. Raises ValueError that says why a text is none."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("a voucher code consists of the digits 0 to 9 only")
    if len(digits) != LENGTH:
        raise ValueError(f"a voucher code has {LENGTH} digits, not {len(digits)}")
    if not digits.startswith(MARK):
        raise ValueError(f"a voucher code begins with {MARK}, not {digits[:3]}")
    return VoucherCode(unique=digits[3:20], tail=digits[20:22], province=digits[22:24], extension=digits[24:])


def make_code(*, number: int, province: str, extension: str = NO_EXTENSION) -> str:
    """A voucher code from a random number of 19 digits. Raises ValueError when a part is out of range."""
    if not 0 <= number < 10 ** (UNIQUE_DIGITS + TAIL_DIGITS):
        raise ValueError(f"the random part of a voucher code has {UNIQUE_DIGITS + TAIL_DIGITS} digits")
    text = f"{number:0{UNIQUE_DIGITS + TAIL_DIGITS}d}"
    code = VoucherCode(
        unique=text[:UNIQUE_DIGITS], tail=text[UNIQUE_DIGITS:], province=province, extension=extension
    ).digits
    parse_code(code)
    return code


def scan_kind(text: str) -> ScanKind:
    """What a scanned text is: a voucher code, a WeChat or Alipay pay code by their documented ranges, or neither."""
    if not (text.isascii() and text.isdigit()):
        return ScanKind.OTHER
    if len(text) == LENGTH and text.startswith(MARK):
        return ScanKind.VOUCHER
    if len(text) == 18 and 10 <= int(text[:2]) <= 15:
        return ScanKind.WECHAT_PAY
    if 16 <= len(text) <= 24 and 25 <= int(text[:2]) <= 30:
        return ScanKind.ALIPAY_PAY
    return ScanKind.OTHER


def issuing_key(seed: int) -> bytes:
    """The key that centre and phones share on a bench where phones compute their codes; own design."""
    return sm3(f"liantiao voucher issuing key {seed}".encode())


def window_of(at_ns: int, *, refresh_s: int) -> int:
    """The number of the refresh window that a moment lies in; its code is issued at `window * refresh_s` seconds."""
    return at_ns // (refresh_s * 1_000_000_000)


def phone_code(*, key: bytes, id_no: str, channel: str, window: int, insured_place: str) -> str:
    """The code that a person's phone shows in one channel during one refresh window, without asking anybody.

    Own design: the first 19 digits' worth of HMAC-SM3 under the issuing key. The centre recognises a code by computing
    it again for the windows in question.
    """
    digest = hmac_sm3(key, f"{id_no}|{channel}|{window}".encode())
    number = int.from_bytes(digest, "big") % 10 ** (UNIQUE_DIGITS + TAIL_DIGITS)
    return make_code(number=number, province=insured_place[:2])


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    """HMAC (RFC 2104) with SM3, whose block has 64 bytes."""
    block = (sm3(key) if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = sm3(bytes(b ^ 0x36 for b in block) + message)
    return sm3(bytes(b ^ 0x5C for b in block) + inner)


def password_proof(prompt_id: str, password: str) -> str:
    """What a phone or keypad sends instead of the voucher password: hex SM3 of prompt and password; own design."""
    return sm3(f"{prompt_id}:{password}".encode()).hex()
