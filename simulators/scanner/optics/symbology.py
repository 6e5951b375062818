"""The kinds of code that a box reads, what is seen of one, and the setting that switches them on."""

from dataclasses import dataclass, field
from enum import StrEnum

from harness.errors import ConfigError


class Symbology(StrEnum):
    """The kinds of code that a box reads here; which are on is a setting of the box."""

    QR = "qr"
    CODE128 = "code128"
    """Also GS1-128, which its AIM identifier `]C1` tells."""
    EAN13 = "ean13"
    EAN8 = "ean8"
    UPC_A = "upc-a"
    CODE39 = "code39"
    DATA_MATRIX = "data-matrix"
    PDF417 = "pdf417"
    AZTEC = "aztec"

    @property
    def linear(self) -> bool:
        """Whether it is a barcode of one dimension, which is believed only when read twice alike."""
        return self in _LINEAR


_LINEAR = frozenset({Symbology.CODE128, Symbology.EAN13, Symbology.EAN8, Symbology.UPC_A, Symbology.CODE39})


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A code in view: its content as bytes and as text."""

    symbology: Symbology
    data: bytes
    text: str
    aim: str = field(default="", compare=False)
    """The AIM identifier (ISO/IEC 15424), such as `]Q1`, where the decoder tells it."""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A picture without a code that can be read."""

    why: str = "no code can be read"


View = Sighting | Unreadable


def parse_formats(text: str) -> tuple[Symbology, ...]:
    """The symbologies of a setting such as `qr,code128`. Raises ConfigError naming what is offered."""
    try:
        formats = tuple(dict.fromkeys(Symbology(name.strip()) for name in text.split(",")))
    except ValueError as error:
        raise ConfigError(
            f"The scanner's formats cannot be {text!r}.",
            cause="a slip in the bench file or in an option of `simulate scanner`",
            remedy=f"name one or more of: {', '.join(Symbology)}, parted by commas",
        ) from error
    return formats
