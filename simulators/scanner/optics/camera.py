"""The light path applied: a target and a seed give the frame that the sensor sees.

The same on every machine: random numbers come from generators whose streams are fixed, and arithmetic on pixels is
elementwise addition, multiplication, division and square root, which IEEE 754 fixes; waves come from a rounded table.
Order: screen (tear, logo, dark mode), glass (hidden part, cracks), geometry, lens (defocus, motion), light
(protector, moire, banding, glare), sensor (noise, 8 bits). Points on the glass are in modules from the code's middle.
"""

import math
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulators.scanner.optics.light_path import LightPath
from simulators.scanner.optics.target import LIGHT, Grey, Target

WIDTH, HEIGHT = 640, 480
"""The sensor, in pixels."""
BLACK, WHITE = 25.0, 225.0
"""Grey levels of a screen's dark and light on the sensor, at full contrast and brightness."""
DISTANCE = 900.0
"""From the lens to the screen, in pixels of the sensor: what makes a tilt a trapezium."""
VANISHING = 1e-3
FINE = 3
"""Each pixel is the mean of so many by so many points of the screen."""
WAVE = np.array([round(math.sin(math.tau * at / 1024), 6) for at in range(1024)], dtype=np.float32)

Plane = npt.NDArray[np.float32]
Coordinates = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Pose:
    """How the screen lies before the lens."""

    cos: float
    sin: float
    lean_cos: float
    lean_sin: float
    shift_x: float
    shift_y: float
    module_px: float

    @classmethod
    def of(cls, path: LightPath, dice: random.Random) -> "_Pose":
        turn = math.radians(path.rotation + path.hand * (2 * dice.random() - 1))
        shift = 1.0 if path.hand else 0.0
        return cls(
            cos=round(math.cos(turn), 9),
            sin=round(math.sin(turn), 9),
            lean_cos=round(math.cos(math.radians(path.tilt)), 9),
            lean_sin=round(math.sin(math.radians(path.tilt)), 9),
            shift_x=shift * (dice.random() - 0.5),
            shift_y=shift * (dice.random() - 0.5),
            module_px=path.module_px,
        )

    def to_glass(self, x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
        """Points of the sensor, in pixels from its middle, to points on the glass in modules from the code's."""
        x, y = x - self.shift_x, y - self.shift_y
        along, up = x * self.cos - y * self.sin, x * self.sin + y * self.cos
        # a point p of the leaning screen is seen at p cos / (1 + p sin / DISTANCE)
        # beyond the screen's vanishing line nothing is seen of it: there p is far away
        p = along / np.maximum(self.lean_cos - along * (self.lean_sin / DISTANCE), VANISHING)
        depth = 1 + p * (self.lean_sin / DISTANCE)
        return p / self.module_px, up * depth / self.module_px

    def to_sensor(self, u: float, v: float) -> tuple[float, float]:
        """A point on the glass to a point of the sensor."""
        p, q = u * self.module_px, v * self.module_px
        depth = max(VANISHING, 1 + p * self.lean_sin / DISTANCE)
        along, up = p * self.lean_cos / depth, q / depth
        return along * self.cos + up * self.sin + self.shift_x, -along * self.sin + up * self.cos + self.shift_y


FILL = 0.5
"""The side of a pixel's sensitive part, of the pixels' distance."""
LOGO_PLATE, LOGO_MARK = 0.96, 0.66
"""Side of a logo's light plate and diameter of the mark on it, of the logo's side."""
CRACK_WIDTH, CRACK_REACH = 0.31, 2.0
"""Width of a crack in modules, and how far the longest reach from the blow, of the code's longer side."""
HAZE, HAZE_GREY, DIMMING, FILM_BLUR = 0.27, 160.0, 0.28, 0.12
LOUVRE, LOUVRE_PERIOD = 0.05, 0.8
"""A screen protector of strength 1: light scattered to it (a share, of this grey), light lost, sigma of its blur in
modules, depth of the louvres and their distance in modules."""
EVEN, TREMOR = 0.85, 0.25
"""A moving hand: the share of the way that passes at an even speed, and the variance (in pixels) that trembling adds
for each pixel of the way."""
MOIRE_PERIOD = (0.8, 1.4)
"""The least and the greatest period of the two crossing waves, in modules."""
BAND_PERIOD = (36.0, 64.0)
"""The least and the greatest period of the bands, in rows of the sensor."""
GLARE_GAIN = 4.5
"""Light added in the middle of a reflection, in whites; it falls to nothing at its radius."""
MARK_GREY = 110.0

Glass = tuple[Coordinates, Coordinates]
Window = tuple[slice, slice]
EVERYWHERE: Window = (slice(0, HEIGHT), slice(0, WIDTH))


def expose(target: Target, path: LightPath, *, seed: str, before: Target | None = None) -> Grey:
    """The frame that the sensor sees of a target: 480 rows of 640 grey levels.

    `before` is what the screen showed until now, for `tearing`; without it the screen was white.
    """
    dice = random.Random(f"{seed}/light-path")  # noqa: S311 - repeatable on purpose
    pose = _Pose.of(path, dice)
    frame = np.full((HEIGHT, WIDTH), _level(path, path.surround), dtype=np.float32)
    window = _window(target, path, pose)
    if window is not None:
        seen = _screen(target, before, path, pose, window)
        seen = _glass(seen, target, path, dice, pose.to_glass(*_pixels(window)))
        frame[window] = _lens(seen, path, dice)
    if path.protector:
        frame = _film(frame, path.protector, pose, dice)
    frame = _light(frame, target, path, pose, dice)
    return _sensor(frame, path, dice)


def _pixels(window: Window, fine: int = 1) -> tuple[Coordinates, Coordinates]:
    """The middles of a window's pixels (or of their parts), from the middle of the sensor."""
    rows, columns = window
    points = ((np.arange(fine) + 0.5) / fine - 0.5) * (FILL if fine > 1 else 1) + 0.5
    y = (np.arange(rows.start, rows.stop)[:, np.newaxis] + points).ravel() - HEIGHT / 2
    x = (np.arange(columns.start, columns.stop)[:, np.newaxis] + points).ravel() - WIDTH / 2
    return x[np.newaxis, :], y[:, np.newaxis]


def _bounds(target: Target, path: LightPath) -> tuple[float, float, float, float]:
    """What is seen of the screen, in modules from the code's middle: left, top, right, bottom."""
    mid_x, mid_y = (target.left + target.right) / 2, (target.top + target.bottom) / 2
    height, width = target.screen.shape
    across, down = target.width / 2 + path.quiet_zone, target.height / 2 + path.quiet_zone
    return (
        max(-mid_x / target.module, -across),
        max(-mid_y / target.module, -down),
        min((width - mid_x) / target.module, across),
        min((height - mid_y) / target.module, down),
    )


def _window(target: Target, path: LightPath, pose: _Pose) -> Window | None:
    """The part of the sensor that sees the screen, with a margin for the lens; None when it sees none of it."""
    left, top, right, bottom = _bounds(target, path)
    corners = [pose.to_sensor(u, v) for u in (left, right) for v in (top, bottom)]
    margin = 2 + math.ceil(3 * _spread(path)) + math.ceil(path.motion * path.module_px)
    edges = [
        max(0, math.floor(min(y for _, y in corners)) + HEIGHT // 2 - margin),
        min(HEIGHT, math.ceil(max(y for _, y in corners)) + HEIGHT // 2 + margin),
        max(0, math.floor(min(x for x, _ in corners)) + WIDTH // 2 - margin),
        min(WIDTH, math.ceil(max(x for x, _ in corners)) + WIDTH // 2 + margin),
    ]
    if edges[0] >= edges[1] or edges[2] >= edges[3]:
        return None
    return slice(edges[0], edges[1]), slice(edges[2], edges[3])


def _level(path: LightPath, share: float) -> float:
    """The grey level of a share of light, 0 for dark modules and 1 for light ones."""
    share = 1 - share if path.inverted else share
    return BLACK + (WHITE - BLACK) * (0.5 + (share - 0.5) * path.contrast)


def _screen(target: Target, before: Target | None, path: LightPath, pose: _Pose, window: Window) -> Plane:
    """The screen in a window of the sensor, in grey levels: each pixel the mean of its points."""
    u, v = pose.to_glass(*_pixels(window, FINE))
    left, top, right, bottom = _bounds(target, path)
    inside = (u >= left) & (u < right) & (v >= top) & (v < bottom)
    points = _points(target, u, v)
    if path.tearing:
        line = top + path.tearing * (bottom - top)
        old = np.uint8(LIGHT) if before is None else _points(before, u, v)
        points = np.where(v < line, points, old)
    points = np.where(inside, points, np.uint8(round(LIGHT * path.surround)))
    rows, columns = points.shape[0] // FINE, points.shape[1] // FINE
    sums = points.reshape(rows, FINE, columns, FINE).sum(axis=(1, 3), dtype=np.uint32)  # of integers: exact
    dark, light = _level(path, 0), _level(path, 1)
    grey: Plane = sums.astype(np.float32) * np.float32((light - dark) / (LIGHT * FINE * FINE)) + np.float32(dark)
    return grey


def _points(target: Target, u: Coordinates, v: Coordinates) -> Grey:
    """The screen's grey at points of the glass; beyond its edge, the edge."""
    height, width = target.screen.shape
    x = np.floor(u * target.module + (target.left + target.right) / 2).astype(np.int32)
    y = np.floor(v * target.module + (target.top + target.bottom) / 2).astype(np.int32)
    seen: Grey = target.screen[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return seen


def _cover(distance: Coordinates, module_px: float) -> Plane:
    """How much of a pixel is covered, by its distance in modules inside the edge of something (negative: outside)."""
    return np.clip(0.5 + distance * module_px, 0, 1).astype(np.float32)


def _glass(seen: Plane, target: Target, path: LightPath, dice: random.Random, glass: Glass) -> Plane:
    """What lies on the screen: a logo, something that hides a part, cracks that run from one blow."""
    u, v = glass
    if path.logo:
        half = LOGO_PLATE * path.logo * min(target.width, target.height) / 2
        plate = _cover(half - np.maximum(abs(u), abs(v)), path.module_px)
        mark = _cover(LOGO_MARK * half - np.sqrt(u * u + v * v), path.module_px)
        seen = seen + plate * (np.float32(WHITE) - seen)
        seen = seen + mark * (np.float32(MARK_GREY) - seen)
    if path.occlusion:
        half = math.sqrt(path.occlusion * target.width * target.height) / 2
        at_x = (dice.random() - 0.5) * max(0.0, target.width - 2 * half)
        at_y = (dice.random() - 0.5) * max(0.0, target.height - 2 * half)
        finger = _cover(half - np.maximum(abs(u - at_x), abs(v - at_y)), path.module_px)
        seen = seen + finger * (_either(dice) - seen)
    blow_x, blow_y = (dice.random() - 0.5) * target.width, (dice.random() - 0.5) * target.height
    for _ in range(round(path.crack)):
        way = math.tau * dice.random()
        cos, sin = round(math.cos(way), 9), round(math.sin(way), 9)
        length = CRACK_REACH * dice.random() * max(target.width, target.height)
        along, aside = (u - blow_x) * cos + (v - blow_y) * sin, abs((u - blow_x) * sin - (v - blow_y) * cos)
        line = _cover(np.minimum(np.minimum(along, length - along), CRACK_WIDTH / 2 - aside), path.module_px)
        seen = seen + line * (_either(dice) - seen)
    return seen


def _either(dice: random.Random) -> np.float32:
    """Light or dark, as it happens."""
    return np.float32(WHITE if dice.random() < 0.5 else BLACK)


def _film(frame: Plane, strength: float, pose: _Pose, dice: random.Random) -> Plane:
    """A screen protector's dimming, louvres and haze over all that is seen; its blur is the lens's."""
    u, _ = pose.to_glass(*_pixels(EVERYWHERE))
    frame = frame * np.float32(max(0.0, 1 - DIMMING * strength))
    frame = _modulated(frame, min(1.0, LOUVRE * strength), _wave(u / LOUVRE_PERIOD + dice.random()))
    return frame + np.float32(min(1.0, HAZE * strength)) * (np.float32(HAZE_GREY) - frame)


def _wave(turns: Coordinates) -> Plane:
    """A sine of so many turns."""
    wave: Plane = WAVE[np.floor(turns * 1024).astype(np.int64) & 1023]
    return wave


def _modulated(frame: Plane, depth: float, wave: Plane) -> Plane:
    """Light held back by a wave from -1 to 1: at its crests by the depth, in its troughs not at all."""
    held: Plane = (wave + np.float32(1)) * np.float32(depth / 2)
    return frame - frame * held


def _lens(frame: Plane, path: LightPath, dice: random.Random) -> Plane:
    """Defocus, a protector's blur, motion."""
    sigma = _spread(path)
    if sigma > 0:
        bell = _bell(sigma)
        frame = _along(_along(frame, bell, 0), bell, 1)
    if path.motion:
        axis = 0 if dice.random() < 0.5 else 1
        way = path.motion * path.module_px
        frame = _along(_along(frame, _path(EVEN * way), axis), _bell(math.sqrt(TREMOR * way)), axis)
    return frame


def _spread(path: LightPath) -> float:
    """Sigma of all that is out of focus, in pixels."""
    film = FILM_BLUR * path.protector
    return math.sqrt(path.blur * path.blur + film * film) * path.module_px


def _bell(sigma: float) -> list[float]:
    """The weights of a Gaussian of so many pixels."""
    reach = math.ceil(3 * sigma)
    bell = [math.exp(-(at * at) / (2 * sigma * sigma)) for at in range(-reach, reach + 1)]
    return [round(weight / sum(bell), 7) for weight in bell]


def _path(length: float) -> list[float]:
    """The weights of a way of so many pixels at an even speed."""
    reach = max(0, math.ceil((length - 1) / 2))
    if not reach:
        return [1.0]
    end = (length - (2 * reach - 1)) / 2
    return [round(weight / length, 7) for weight in [end, *[1.0] * (2 * reach - 1), end]]


def _along(frame: Plane, kernel: list[float], axis: int) -> Plane:
    """A convolution along an axis; the frame's edge goes on beyond it. Sums in a fixed order."""
    reach = len(kernel) // 2
    padded = np.pad(frame, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)], mode="edge")
    size = frame.shape[axis]
    total = np.zeros_like(frame)
    for at, weight in enumerate(kernel):
        part = padded[at : at + size] if axis == 0 else padded[:, at : at + size]
        total += part * np.float32(weight)
    return total


def _between(bounds: tuple[float, float], dice: random.Random) -> float:
    """A number between two."""
    least, most = bounds
    return least + (most - least) * dice.random()


def _light(frame: Plane, target: Target, path: LightPath, pose: _Pose, dice: random.Random) -> Plane:
    """Waves, bands, brightness and reflections: what happens to the light over the whole sensor."""
    x, y = _pixels(EVERYWHERE)
    if path.moire:
        slope = math.pi * dice.random()
        period = _between(MOIRE_PERIOD, dice) * path.module_px
        cos, sin = round(math.cos(slope) / period, 9), round(math.sin(slope) / period, 9)
        waves = _wave(x * cos + y * sin + dice.random()) * _wave(y * cos - x * sin + dice.random())
        frame = _modulated(frame, path.moire, waves)
    if path.banding:
        bands = _wave(y / _between(BAND_PERIOD, dice) + dice.random())
        frame = _modulated(frame, path.banding, bands)
    if path.brightness != 1:
        frame = frame * np.float32(path.brightness)
    if path.glare:
        u, v = (dice.random() - 0.5) * target.width, (dice.random() - 0.5) * target.height
        lamp_x, lamp_y = pose.to_sensor(u, v)
        radius = path.glare * path.module_px
        away = np.minimum(((x - lamp_x) ** 2 + (y - lamp_y) ** 2) / (radius * radius), 1)
        frame = frame + (GLARE_GAIN * WHITE * (1 - away) * (1 - away)).astype(np.float32)
    return frame


def _sensor(frame: Plane, path: LightPath, dice: random.Random) -> Grey:
    """Noise, and 8 bits."""
    if path.noise:
        frame = frame + _grain(frame.shape, seed=dice.getrandbits(64)) * np.float32(path.noise)
    grey: Grey = np.clip(np.floor(frame + np.float32(0.5)), 0, 255).astype(np.uint8)
    return grey


def _grain(shape: tuple[int, ...], *, seed: int) -> Plane:
    """Noise of mean 0 and variance 1, near enough to a Gaussian: the sum of eight random bytes."""
    drawn = np.random.PCG64(seed).random_raw(math.prod(shape)).reshape(shape)
    pairs = (drawn & np.uint64(0x00FF00FF00FF00FF)) + ((drawn >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF))
    sums = (pairs * np.uint64(0x0001000100010001)) >> np.uint64(48)
    return (sums.astype(np.float32) - np.float32(1020)) * np.float32(1 / 209.0207)
