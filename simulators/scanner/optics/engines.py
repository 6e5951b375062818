"""The decoders behind a box's window, by what a box costs: an unpacked picture goes in, the codes found come out.

budget    zbar: no inverted codes, wants 3 pixels a module, and is the best at a steep tilt
fast      zxing-cpp in one go: codes of any angle for QR, no barcode on its side, no inverted code
standard  zxing-cpp with its further tries: on its side, at lower resolution, inverted
premium   standard, and again on the same frame stretched, smoothed, enlarged, sharpened, reduced
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from simulators.scanner.optics import zbar
from simulators.scanner.optics.symbology import Sighting, Symbology

_ZXING = {
    Symbology.QR: zxingcpp.BarcodeFormat.QRCode,
    Symbology.CODE128: zxingcpp.BarcodeFormat.Code128,
    Symbology.EAN13: zxingcpp.BarcodeFormat.EAN13,
    Symbology.EAN8: zxingcpp.BarcodeFormat.EAN8,
    Symbology.UPC_A: zxingcpp.BarcodeFormat.UPCA,
    Symbology.CODE39: zxingcpp.BarcodeFormat.Code39,
    Symbology.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.PDF417: zxingcpp.BarcodeFormat.PDF417,
    Symbology.AZTEC: zxingcpp.BarcodeFormat.Aztec,
}


class EngineName(StrEnum):
    """The decoders on offer."""

    BUDGET = "budget"
    FAST = "fast"
    STANDARD = "standard"
    PREMIUM = "premium"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A code that a decoder found: what it says and where it lies, in the picture's pixels."""

    sighting: Sighting
    x: float
    y: float
    box: tuple[int, int, int, int] | None = None
    """Left, top, right, bottom, where the decoder tells them."""


class Engine(Protocol):
    """A decoder with its options."""

    def first(self, image: Image.Image) -> Found | None:
        """The first code found."""

    def every(self, image: Image.Image) -> list[Found]:
        """All codes found, in the decoder's order."""


def engine(
    name: EngineName, *, formats: Sequence[Symbology], rotate: bool = True, downscale: bool = True, invert: bool = False
) -> Engine:
    """The decoder of a name. Raises ConfigError for budget where there is no zbar or it reads one of them not."""
    match name:
        case EngineName.BUDGET:
            zbar.check(formats)
            return _Zbar(formats=formats, invert=invert)
        case EngineName.FAST:
            return _Zxing(formats=formats, rotate=False, downscale=False, invert=False)
        case EngineName.STANDARD:
            return _Zxing(formats=formats, rotate=rotate, downscale=downscale, invert=invert)
        case EngineName.PREMIUM:
            return _Retrying(_Zxing(formats=formats, rotate=rotate, downscale=downscale, invert=invert))


class _Zxing:
    def __init__(self, *, formats: Sequence[Symbology], rotate: bool, downscale: bool, invert: bool) -> None:
        self._formats = zxingcpp.BarcodeFormats([_ZXING[symbology] for symbology in formats])
        self._names = {_ZXING[symbology]: symbology for symbology in formats}
        self._rotate = rotate
        self._downscale = downscale
        self._invert = invert

    def first(self, image: Image.Image) -> Found | None:
        found = zxingcpp.read_barcode(
            image,
            formats=self._formats,
            try_rotate=self._rotate,
            try_downscale=self._downscale,
            try_invert=self._invert,
        )
        return None if found is None else self._known(found)

    def every(self, image: Image.Image) -> list[Found]:
        found = zxingcpp.read_barcodes(
            image,
            formats=self._formats,
            try_rotate=self._rotate,
            try_downscale=self._downscale,
            try_invert=self._invert,
        )
        return [known for one in found if (known := self._known(one)) is not None]

    def _known(self, found: zxingcpp.Barcode) -> Found | None:
        symbology = self._names.get(found.format)
        if symbology is None or not found.valid:
            return None
        spot = found.position
        corners = (spot.top_left, spot.top_right, spot.bottom_right, spot.bottom_left)
        xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
        # zxing-cpp tells a UPC-A code as EAN-13, with a zero before it that the symbol does not have
        cut = 1 if symbology is Symbology.UPC_A else 0
        return Found(
            sighting=Sighting(
                symbology=symbology, data=found.bytes[cut:], text=found.text[cut:], aim=found.symbology_identifier
            ),
            x=sum(xs) / 4,
            y=sum(ys) / 4,
            box=(min(xs), min(ys), max(xs) + 1, max(ys) + 1),
        )


class _Zbar:
    def __init__(self, *, formats: Sequence[Symbology], invert: bool) -> None:
        self._formats = tuple(formats)
        self._invert = invert

    def first(self, image: Image.Image) -> Found | None:
        return next(iter(self.every(image)), None)

    def every(self, image: Image.Image) -> list[Found]:
        grey = image.convert("L")
        found = zbar.scan(grey, self._formats)
        if not found and self._invert:
            found = zbar.scan(ImageOps.invert(grey), self._formats)
        return [Found(sighting=sighting, x=x, y=y) for sighting, (x, y) in found]


class _Retrying:
    def __init__(self, once: _Zxing) -> None:
        self._once = once

    def first(self, image: Image.Image) -> Found | None:
        tries = ((self._once.first(tried), scale) for tried, scale in _tries(image))
        return next((_scaled(found, scale) for found, scale in tries if found is not None), None)

    def every(self, image: Image.Image) -> list[Found]:
        tries = ((self._once.every(tried), scale) for tried, scale in _tries(image))
        return next(([_scaled(one, scale) for one in found] for found, scale in tries if found), [])


def _scaled(found: Found, scale: float) -> Found:
    """A code found in a frame enlarged so much, where it lies in the frame itself."""
    box = None if scale != 1 else found.box
    return replace(found, x=found.x / scale, y=found.y / scale, box=box)


def _tries(image: Image.Image) -> Iterator[tuple[Image.Image, float]]:
    """The frame, then what processing makes of it, the cheap before the dear; each with its scale."""
    yield image, 1
    grey = image.convert("L")
    yield ImageOps.autocontrast(grey), 1
    yield grey.filter(ImageFilter.MedianFilter(3)), 1
    yield grey.filter(ImageFilter.GaussianBlur(1.2)), 1
    large = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.LANCZOS)
    yield large, 2
    yield grey.filter(ImageFilter.UnsharpMask()), 1
    yield grey.resize((max(1, grey.width // 2), max(1, grey.height // 2)), Image.Resampling.LANCZOS), 0.5
    yield large.filter(ImageFilter.UnsharpMask()), 2
