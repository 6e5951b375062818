"""A box's eye: a picture goes through the light path onto the sensor, and an engine reads the frame.

One session of a real box yields one code, so one is reported; which, when several are in view, is a choice. The same
digits as a QR code and as a barcode are one code. The picture is the real one that the phone shows; nothing is passed
beside it. The same seed, light path and picture give the same frame, on every machine and in any order of looks.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

from PIL import Image

from harness.gm import sm3
from simulators.scanner.optics.camera import expose
from simulators.scanner.optics.engines import Engine, EngineName, Found, engine
from simulators.scanner.optics.light_path import CLEAR, LightPath
from simulators.scanner.optics.pictures import BadPicture, open_picture, unpack
from simulators.scanner.optics.symbology import Symbology, Unreadable, View
from simulators.scanner.optics.target import Target

MARGIN = 8
"""Pixels around a barcode that its second look takes along."""
SEVERAL = "several codes are in view"
UNEQUAL = "two looks at the barcode do not agree"


class Several(StrEnum):
    """What is reported when several different codes are in view."""

    FIRST = "first"
    """The one that the decoder finds first; the quickest."""
    CENTRE = "centre"
    """The one nearest to the middle of the picture, as a box with centring on."""
    NONE = "none"
    """None of them: a no-read."""


class Optics:
    """The light path, the decoder and their options.

    Raises ConfigError when the engine is not to be had on this machine or does not read one of the formats.
    """

    def __init__(
        self,
        *,
        formats: Sequence[Symbology],
        rotate: bool = True,
        downscale: bool = True,
        invert: bool = False,
        name: EngineName = EngineName.STANDARD,
        several: Several = Several.FIRST,
        twice: bool = True,
        path: LightPath = CLEAR,
        seed: int = 0,
    ) -> None:
        """`invert`: whether light on dark is read. `twice`: whether a barcode must be read twice alike."""
        self._engine: Engine = engine(name, formats=formats, rotate=rotate, downscale=downscale, invert=invert)
        self._several = several
        self._twice = twice
        self._path = path
        self._seed = seed

    @property
    def path(self) -> LightPath:
        """The light path."""
        return self._path

    @path.setter
    def path(self, path: LightPath) -> None:
        self._path = path

    def open(self, picture: bytes) -> Image.Image:
        """The picture, its size checked, its pixels not yet unpacked. Raises BadPicture."""
        return open_picture(picture)

    def look(self, image: Image.Image, *, before: Image.Image | None = None) -> View:
        """What is to be read in an opened picture. Raises BadPicture when its pixels are damaged.

        `before` is the picture that the screen showed until now, for a light path with tearing.
        """
        image = unpack(image)
        if self._path.clear:
            return self._read(image, None)
        target = Target.picture(image)
        old = None if before is None else Target.picture(unpack(before))
        digest = sm3(target.screen.tobytes()).hex()

        def frame(look: int) -> Image.Image:
            return Image.fromarray(expose(target, self._path, seed=f"{self._seed}/{digest}/{look}", before=old))

        return self._read(frame(0), lambda: frame(1))

    def read(self, picture: bytes) -> View:
        """What is to be read in a picture's bytes. Raises BadPicture."""
        return self.look(self.open(picture))

    def _read(self, image: Image.Image, second: Callable[[], Image.Image] | None) -> View:
        try:
            return self._decided(image, second)
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise BadPicture(f"the picture is damaged: {error}") from error

    def _decided(self, image: Image.Image, second: Callable[[], Image.Image] | None) -> View:
        found = self._choice(image)
        if not isinstance(found, Found):
            return found
        if not (self._twice and found.sighting.symbology.linear):
            return found.sighting
        if second is None:
            again = self._engine.first(_again(image, found))
        else:
            chosen = self._choice(second())
            again = chosen if isinstance(chosen, Found) else None
        return found.sighting if again is not None and again.sighting == found.sighting else Unreadable(why=UNEQUAL)

    def _choice(self, image: Image.Image) -> Found | Unreadable:
        if self._several is Several.FIRST:
            return self._engine.first(image) or Unreadable()
        found = self._engine.every(image)
        if not found:
            return Unreadable()
        if self._several is Several.NONE and len({one.sighting.data for one in found}) > 1:
            return Unreadable(why=SEVERAL)
        return min(found, key=lambda one: (one.x - image.width / 2) ** 2 + (one.y - image.height / 2) ** 2)


def _again(image: Image.Image, found: Found) -> Image.Image:
    """A second look at a barcode in a still picture: its surroundings alone, and upside down."""
    if found.box is not None:
        left, top, right, bottom = found.box
        aside = MARGIN + (right - left) // 10
        image = image.crop(
            (
                max(0, left - aside),
                max(0, top - MARGIN),
                min(image.width, right + aside),
                min(image.height, bottom + MARGIN),
            )
        )
    return image.transpose(Image.Transpose.ROTATE_180)
