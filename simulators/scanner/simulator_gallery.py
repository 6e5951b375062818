"""The pictures that a box has before it from the start: one, or a folder of them one after the other."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from harness.errors import ConfigError
from harness.gm import sm3
from simulators.scanner.optics import BadPicture, Optics

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


@dataclass(frozen=True)
class Picture:
    """An opened picture and the digest that names it on the tape."""

    image: Image.Image
    digest: str


def opened(optics: Optics, picture: bytes) -> Picture:
    """A picture's bytes, opened. Raises BadPicture."""
    return Picture(optics.open(picture), sm3(picture).hex())


class Gallery:
    """The pictures in their order, by name; endless, since the first follows the last.

    Raises ConfigError when there is none, or one of them is no picture.
    """

    def __init__(self, optics: Optics, show: str | None) -> None:
        self._pictures = [] if show is None else _read(optics, Path(show))
        self._next = 0

    def __len__(self) -> int:
        return len(self._pictures)

    def begin(self, *, timed: bool) -> Picture | None:
        """What is in view from the start; the first trigger leaves it there, the first turn by time does not."""
        self._next = int(timed)
        return self._pictures[0] if self._pictures else None

    def turn(self) -> Picture:
        """What a trigger, or the time, brings into view."""
        picture = self._pictures[self._next % len(self._pictures)]
        self._next += 1
        return picture


def _read(optics: Optics, path: Path) -> list[Picture]:
    try:
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES) if path.is_dir() else [path]
        pictures = [opened(optics, file.read_bytes()) for file in files]
        for picture in pictures:
            optics.look(picture.image)
    except (OSError, BadPicture) as error:
        raise ConfigError(
            f"{path} cannot be shown to the scanner: {error}.",
            cause="the file is missing, or is no picture",
            remedy="name a PNG or JPEG picture, or a folder of them",
        ) from error
    if not pictures:
        raise ConfigError(
            f"{path} cannot be shown to the scanner: the folder holds no picture.",
            cause="the pictures have other names than *.png and *.jpg",
            remedy="name a PNG or JPEG picture, or a folder of them",
        )
    return pictures
