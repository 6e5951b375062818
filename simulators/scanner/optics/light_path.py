"""What lies between a phone's screen and a box's sensor, as settings: each with its unit, its range and its default.

The defaults spoil nothing. How each is applied stands in `camera`; what each costs, in the decode-rate table.
Lengths are in modules, the width of the code's narrowest bar or dot, so that they mean the same at every distance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from harness.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Range:
    """What a setting may be: its unit, its least and its greatest value."""

    unit: str
    least: float
    most: float


def _setting(default: float, unit: str, least: float, most: float) -> float:
    value: float = field(default=default, metadata={"range": Range(unit=unit, least=least, most=most)})
    return value


@dataclass(frozen=True, kw_only=True)
class LightPath:
    """The light path of one look. Raises ConfigError for a value out of its range."""

    module_px: float = _setting(6.0, "pixels a module", 0.3, 40)
    """Size of a module on the sensor, before any tilt: the distance of the phone."""
    rotation: float = _setting(0.0, "degrees", -360, 360)
    """Turn of the phone in its own plane, counter-clockwise as the sensor sees it."""
    hand: float = _setting(0.0, "degrees", 0, 45)
    """The hand's unsteadiness: at each look a further turn of at most so much either way, and a shift of at most
    half a pixel."""
    tilt: float = _setting(0.0, "degrees", 0, 75)
    """Turn of the screen about its upright axis, away from the box."""
    quiet_zone: float = _setting(math.inf, "modules", 0, math.inf)
    """Where the surround begins beside the code; inf: where the picture ends."""
    surround: float = _setting(1.0, "of white", 0, 1)
    """How bright the surround is: 0 as the code's dark modules, 1 as its light ones."""
    blur: float = _setting(0.0, "modules (sigma)", 0, 3)
    """Defocus: the standard deviation of a Gaussian."""
    motion: float = _setting(0.0, "modules", 0, 10)
    """Length of the phone's way while the shutter is open; along or across the code, as the seed has it."""
    contrast: float = _setting(1.0, "of full", 0, 1)
    """Difference of light and dark, about their mean."""
    brightness: float = _setting(1.0, "of full", 0, 4)
    """The phone's brightness against what the box's exposure is made for; above 1 the sensor saturates."""
    inverted: float = _setting(0.0, "0 or 1", 0, 1)
    """1: light on dark, as in an app's dark mode; the quiet zone is dark too."""
    glare: float = _setting(0.0, "modules", 0, 200)
    """Radius of a lamp's reflection, somewhere on the code; a QR code of 28 digits has 21 modules."""
    moire: float = _setting(0.0, "modulation depth", 0, 1)
    """Beat of the screen's pixels with the sensor's: a fine wave over the picture."""
    banding: float = _setting(0.0, "modulation depth", 0, 1)
    """Dark bands across the sensor: a screen dimmed by pulses, before a rolling shutter."""
    crack: float = _setting(0.0, "lines", 0, 100)
    """Cracks in the glass, from one blow somewhere on the code."""
    protector: float = _setting(0.0, "strength", 0, 4)
    """A screen protector with a privacy film: haze, dimming, louvres and a slight blur; 1 is a common one."""
    occlusion: float = _setting(0.0, "of the code's area", 0, 1)
    """A dark or light thing on the code, a square somewhere on it."""
    logo: float = _setting(0.0, "of the code's side", 0, 1)
    """Side of a logo in the middle of the code."""
    tearing: float = _setting(0.0, "of the screen's height", 0, 1)
    """The screen is caught while it refreshes: above this line what it shows now, below it what it showed before."""
    noise: float = _setting(0.0, "grey levels (sigma)", 0, 200)
    """The sensor's noise, of 255 grey levels."""

    def __post_init__(self) -> None:
        for name, allowed in RANGES.items():
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not allowed.least <= value <= allowed.most
            ):
                raise _wrong(name, value)
        if self.inverted not in {0, 1}:
            raise _wrong("inverted", self.inverted)

    @property
    def clear(self) -> bool:
        """Whether nothing is spoilt, so that the picture may be read as it is."""
        return self == CLEAR


RANGES: Mapping[str, Range] = MappingProxyType({f.name: f.metadata["range"] for f in fields(LightPath)})
"""Unit and range of every setting."""
CLEAR = LightPath()


def parse_light_path(text: str) -> LightPath:
    """The light path of a setting such as `tilt=35, blur=0.3`; empty for a clear one. Raises ConfigError."""
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in RANGES or name in values:
            raise ConfigError(
                f"The light path has no {name!r}." if name not in values else f"The light path has {name!r} twice.",
                cause="a slip in the bench file or in an option of `simulate scanner`",
                remedy=f"name some of: {', '.join(RANGES)}; for example tilt=35, blur=0.3",
            )
        try:
            values[name] = float(value)
        except ValueError as error:
            raise _wrong(name, value) from error
    return LightPath(**values)


def _wrong(name: str, value: object) -> ConfigError:
    allowed = RANGES[name]
    return ConfigError(
        f"The light path's {name} cannot be {value!r}.",
        cause="a slip in the bench file or in an option of `simulate scanner`",
        remedy=f"give {allowed.least:g} to {allowed.most:g} ({allowed.unit})",
    )
