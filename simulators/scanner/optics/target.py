"""What is shown to the sensor: a screen as grey levels, where its code lies and how large a module is.

A target is made of digits (for measuring) or of any picture (what a phone shows).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import qrcode
import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M

Grey = npt.NDArray[np.uint8]
DARK, LIGHT = 0, 255
QR_QUIET = 4
CODE128_QUIET = 10
CODE128_HEIGHT = 75
UNKNOWN_MODULE = 4.0
"""Pixels a module that are assumed of a picture in which nothing can be read: then it does not matter."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A screen. `left`, `top`, `right`, `bottom` bound the code, without its quiet zone, in the screen's pixels."""

    screen: Grey
    module: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """The code's width in modules."""
        return (self.right - self.left) / self.module

    @property
    def height(self) -> float:
        """The code's height in modules."""
        return (self.bottom - self.top) / self.module

    @classmethod
    def qr(cls, text: str) -> Self:
        """A QR code of error level M, as small as the text allows; version 1 for 28 digits."""
        code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
        code.add_data(text, optimize=0)
        code.make()
        return cls._of(np.array(code.get_matrix(), dtype=bool), quiet=QR_QUIET)

    @classmethod
    def code128(cls, text: str) -> Self:
        """A Code 128 barcode, 75 modules high."""
        made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
        drawn = np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))
        row = drawn[drawn.shape[0] // 2] < (DARK + LIGHT) // 2
        used = np.flatnonzero(row)
        bars = row[used[0] : used[-1] + 1]
        return cls._of(np.broadcast_to(bars, (CODE128_HEIGHT, len(bars))), quiet=CODE128_QUIET)

    @classmethod
    def picture(cls, image: Image.Image) -> Self:
        """What a phone shows: the first code found in it is the one that the sensor looks at."""
        screen = np.asarray(image.convert("L"))
        found = zxingcpp.read_barcode(screen)
        height, width = screen.shape
        if found is None:
            return cls(screen=screen, module=UNKNOWN_MODULE, left=0, top=0, right=width, bottom=height)
        spot = found.position
        corners = (spot.top_left, spot.top_right, spot.bottom_right, spot.bottom_left)
        xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
        left, right, top, bottom = min(xs), max(xs) + 1, min(ys), max(ys) + 1
        side = (((corners[1].x - corners[0].x) ** 2 + (corners[1].y - corners[0].y) ** 2) ** 0.5) + 1
        version = _version(found.extra) if found.format == zxingcpp.BarcodeFormat.QRCode else None
        module = side / (17 + 4 * version) if version else _narrowest(screen[top:bottom, left:right])
        return cls(screen=screen, module=module, left=left, top=top, right=right, bottom=bottom)

    @classmethod
    def _of(cls, dark: npt.NDArray[np.bool_], *, quiet: int) -> Self:
        rows, columns = dark.shape
        screen = np.pad(np.where(dark, DARK, LIGHT).astype(np.uint8), quiet, constant_values=LIGHT)
        return cls(screen=screen, module=1, left=quiet, top=quiet, right=quiet + columns, bottom=quiet + rows)


def _version(extra: object) -> int | None:
    """The version of a QR code, as the decoder tells it."""
    told = extra.get("Version") if isinstance(extra, dict) else None
    return int(told) if isinstance(told, str) and told.isdigit() else None


def _narrowest(code: Grey) -> float:
    """The narrowest bar or space in the code's rows: the tenth part of all are narrower at most."""
    dark = code < (DARK + LIGHT) // 2
    runs = [np.diff(np.flatnonzero(np.diff(row))) for row in dark[:: max(1, len(dark) // 20)]]
    widths = np.sort(np.concatenate(runs)) if runs else np.array([])
    return float(widths[len(widths) // 10]) if len(widths) else UNKNOWN_MODULE
