"""The optics: what a box sees in a picture. Pillow opens it, zxing-cpp reads it.

One session of a real box yields one code, so one is reported, also for a picture that shows the same digits as a QR
code and as a barcode. The picture is the real one that the phone shows; nothing is passed beside it.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import zxingcpp
from PIL import Image, UnidentifiedImageError

from harness.errors import ConfigError

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 16_000_000
"""The largest picture that is looked at: four times a 4-megapixel sensor."""
_FORMATS = ("PNG", "JPEG")


class Symbology(StrEnum):
    """The kinds of code that a box reads here."""

    QR = "qr"
    CODE128 = "code128"


_ZXING = {Symbology.QR: zxingcpp.BarcodeFormat.QRCode, Symbology.CODE128: zxingcpp.BarcodeFormat.Code128}


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A code in view: its content as bytes and as text."""

    symbology: Symbology
    data: bytes
    text: str


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A picture without a code that can be read."""

    why: str = "no code can be read"


View = Sighting | Unreadable


class BadPicture(ValueError):
    """The bytes are no picture that a box could be shown; the message says why."""


class Optics:
    """The decoder with its options."""

    def __init__(
        self, *, formats: Sequence[Symbology], rotate: bool = True, downscale: bool = True, invert: bool = False
    ) -> None:
        self._formats = zxingcpp.BarcodeFormats([_ZXING[symbology] for symbology in formats])
        self._names = {_ZXING[symbology]: symbology for symbology in formats}
        self._rotate = rotate
        self._downscale = downscale
        self._invert = invert

    def open(self, picture: bytes) -> Image.Image:
        """The picture, its size checked, its pixels not yet unpacked. Raises BadPicture."""
        if not picture:
            raise BadPicture("the picture is empty")
        if len(picture) > MAX_BYTES:
            raise BadPicture(f"the picture has {len(picture)} bytes; at most {MAX_BYTES} are taken")
        try:
            image = Image.open(io.BytesIO(picture), formats=_FORMATS)
        except UnidentifiedImageError as error:
            raise BadPicture(f"the body is no {' or '.join(_FORMATS)} picture") from error
        except (
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ) as error:
            raise BadPicture(f"the picture cannot be opened: {error}") from error
        if image.width * image.height > MAX_PIXELS:
            raise BadPicture(f"the picture is {image.width} by {image.height}; at most {MAX_PIXELS} pixels are taken")
        return image

    def look(self, image: Image.Image) -> View:
        """What is to be read in an opened picture. Raises BadPicture when its pixels are damaged."""
        try:
            image.load()  # zxing-cpp takes a damaged picture for an object of another kind
            if image.mode not in {"L", "1", "RGB"}:
                image = _flat(image)
            found = zxingcpp.read_barcode(
                image,
                formats=self._formats,
                try_rotate=self._rotate,
                try_downscale=self._downscale,
                try_invert=self._invert,
            )
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise BadPicture(f"the picture is damaged: {error}") from error
        if found is None or not found.valid:
            return Unreadable()
        return Sighting(symbology=self._names[found.format], data=found.bytes, text=found.text)

    def read(self, picture: bytes) -> View:
        """What is to be read in a picture's bytes. Raises BadPicture."""
        return self.look(self.open(picture))


def _flat(image: Image.Image) -> Image.Image:
    """Any other kind of picture in grey; what is transparent lies on white, as on a page."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L")


def parse_formats(text: str) -> tuple[Symbology, ...]:
    """The symbologies of a setting such as `qr,code128`. Raises ConfigError naming what is offered."""
    try:
        formats = tuple(Symbology(name.strip()) for name in text.split(","))
    except ValueError as error:
        raise ConfigError(
            f"The scanner's formats cannot be {text!r}.",
            cause="a slip in the bench file or in an option of `simulate scanner`",
            remedy=f"name one or more of: {', '.join(Symbology)}, parted by commas",
        ) from error
    return formats
