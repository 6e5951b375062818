"""What a phone's screen shows of a code: a QR code, a barcode with digits, or both on a card, as PNG.

The pictures bear no words and use no font of the machine, so the same digits give the same bytes. Dark on light with
full quiet zones: what spoils a picture on its way (glare, tilt, tearing) is the business of optics, not of the phone.
"""

import io
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import qrcode
from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M

from simulators.phone import code128

QR_QUIET_MODULES = 4
BAR_HEIGHT_MODULES = 48
"""Height of the bars in widths of the narrow bar; the standard asks for 15 % of the length at least."""
DIGITS_IN_A_GROUP = 4
KEPT = 256
"""How many rendered pictures are remembered: every person in every channel fits."""
SCREEN = (14, 138, 122)
"""The colour around the card, as the pages use it."""
WHITE, BLACK = 255, 0


class PictureFormat(StrEnum):
    """What a picture holds."""

    QR = "qr"
    """The QR code alone."""
    BARCODE = "barcode"
    """The barcode with its digits below."""
    BOTH = "both"
    """A card like the app's: barcode, digits, QR code."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Sizes in pixels: `qr_module` of one QR module, `bar` of the narrowest bar."""

    qr_module: int
    bar: int

    def __post_init__(self) -> None:
        if not (1 <= self.qr_module <= 64 and 1 <= self.bar <= 16):
            raise ValueError(f"a QR module has 1 to 64 pixels and a bar 1 to 16, not {self.qr_module} and {self.bar}")


@lru_cache(maxsize=KEPT)
def picture(digits: str, picture_format: PictureFormat, scale: Scale) -> bytes:
    """The PNG of a code; one still on a screen is not drawn anew. Raises ValueError for other than digits."""
    match picture_format:
        case PictureFormat.QR:
            image = _qr(digits, scale.qr_module)
        case PictureFormat.BARCODE:
            image = _barcode(digits, scale.bar)
        case PictureFormat.BOTH:
            image = _card(digits, scale)
    png = io.BytesIO()
    image.save(png, format="PNG")
    return png.getvalue()


def grouped(digits: str) -> str:
    """The digits as people read them, in groups of four."""
    return "  ".join(digits[at : at + DIGITS_IN_A_GROUP] for at in range(0, len(digits), DIGITS_IN_A_GROUP))


def _qr(digits: str, module: int) -> Image.Image:
    """QR version 1, error level M, numeric: 28 digits fit (34 are the most)."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"a shown code has digits alone, not {digits!r}")
    code = qrcode.QRCode(version=1, error_correction=ERROR_CORRECT_M, border=QR_QUIET_MODULES)
    code.add_data(digits, optimize=0)
    code.make(fit=False)
    rows = code.get_matrix()
    image = Image.new("L", (len(rows), len(rows)), WHITE)
    image.putdata([BLACK if dark else WHITE for row in rows for dark in row])
    return image.resize((len(rows) * module, len(rows) * module), Image.Resampling.NEAREST)


def _barcode(digits: str, bar: int) -> Image.Image:
    line = code128.modules(digits)
    quiet = code128.QUIET_MODULES
    width, height = (len(line) + 2 * quiet) * bar, BAR_HEIGHT_MODULES * bar
    margin, text_height = 4 * bar, 9 * bar
    row = Image.new("L", (len(line) + 2 * quiet, 1), WHITE)
    row.putdata([WHITE] * quiet + [BLACK if dark else WHITE for dark in line] + [WHITE] * quiet)
    image = Image.new("L", (width, margin + height + text_height + 2 * margin), WHITE)
    image.paste(row.resize((width, height), Image.Resampling.NEAREST), (0, margin))
    ImageDraw.Draw(image).text(
        (width // 2, margin + height + margin // 2 + text_height // 2),
        grouped(digits),
        fill=BLACK,
        font=ImageFont.load_default(size=text_height),
        anchor="mm",
    )
    return image


def _card(digits: str, scale: Scale) -> Image.Image:
    barcode, qr = _barcode(digits, scale.bar), _qr(digits, scale.qr_module)
    edge = 8 * scale.bar
    width = max(barcode.width, qr.width) + 2 * edge
    height = barcode.height + qr.height + 2 * edge
    image = Image.new("RGB", (width + 2 * edge, height + 2 * edge), SCREEN)
    ImageDraw.Draw(image).rounded_rectangle((edge, edge, edge + width, edge + height), radius=edge, fill="white")
    image.paste(barcode, ((image.width - barcode.width) // 2, 2 * edge))
    image.paste(qr, ((image.width - qr.width) // 2, 2 * edge + barcode.height))
    return image
