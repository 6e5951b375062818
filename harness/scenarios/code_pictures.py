"""Pictures of codes with any digits, for a scanner box to read: QR or Code 128, dark on light with full quiet zones.

The phone's pictures show what a person can hold up; these show what a case wants, a leading zero or a single digit.
"""

import io
from functools import lru_cache

import numpy as np
import zxingcpp
from PIL import Image

QR, CODE128 = "qr", "code128"
_FORMATS = {QR: zxingcpp.BarcodeFormat.QRCode, CODE128: zxingcpp.BarcodeFormat.Code128}
_SCALES = {QR: 5, CODE128: 2}
BAR_HEIGHT = 80
"""Pixels; the standard asks for 15 % of the length at least."""
MARGIN = 20
"""Pixels of white on every side, beside the quiet zone."""
KEPT = 64


@lru_cache(maxsize=KEPT)
def code_picture(text: str, symbology: str = QR) -> bytes:
    """The PNG of a code: QR, or Code 128. Raises ValueError for another symbology, or an empty text."""
    if symbology not in _FORMATS or not text:
        raise ValueError(f"a picture shows some text as {' or '.join(_FORMATS)}, not {text!r} as {symbology!r}")
    code = zxingcpp.create_barcode(text, _FORMATS[symbology])
    drawn = Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=_SCALES[symbology])))
    if symbology == CODE128:
        drawn = drawn.crop((0, 0, drawn.width, 1)).resize((drawn.width, max(BAR_HEIGHT, drawn.width // 5)))
    page = Image.new("L", (drawn.width + 2 * MARGIN, drawn.height + 2 * MARGIN), 255)
    page.paste(drawn, (MARGIN, MARGIN))
    png = io.BytesIO()
    page.save(png, format="PNG", compress_level=1)
    return png.getvalue()


@lru_cache(maxsize=1)
def plain_picture() -> bytes:
    """The PNG of a screen without a code."""
    png = io.BytesIO()
    Image.new("L", (200, 200), 255).save(png, format="PNG")
    return png.getvalue()
