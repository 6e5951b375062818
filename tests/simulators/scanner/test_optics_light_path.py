"""The light path: its settings, what each does to a frame, and that a frame is the same everywhere."""

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from harness.errors import ConfigError
from harness.gm import sm3
from simulators.scanner.optics import CLEAR, LightPath, parse_light_path
from simulators.scanner.optics.camera import BLACK, HEIGHT, WHITE, WIDTH, expose
from simulators.scanner.optics.light_path import RANGES
from simulators.scanner.optics.target import Grey, Target
from tests.simulators.scanner_rig import DIGITS, barcode_image, qr_image

QR = Target.qr(DIGITS)
SPOILT = {
    "module_px": 3,
    "rotation": 40,
    "hand": 8,
    "tilt": 45,
    "quiet_zone": 1,
    "surround": 0,
    "blur": 0.5,
    "motion": 1.5,
    "contrast": 0.3,
    "brightness": 0.5,
    "inverted": 1,
    "glare": 6,
    "moire": 0.4,
    "banding": 0.4,
    "crack": 5,
    "protector": 1,
    "occlusion": 0.1,
    "logo": 0.25,
    "tearing": 0.5,
    "noise": 10,
}


def frame(path: LightPath, seed: str = "0") -> Grey:
    return expose(QR, path, seed=seed, before=Target.qr(DIGITS[::-1]))


def test_a_clear_path_is_the_code_itself() -> None:
    seen = frame(CLEAR)
    assert seen.shape == (HEIGHT, WIDTH)
    side = 21 * 6
    top, left = (HEIGHT - side) // 2, (WIDTH - side) // 2
    middles = seen[top + 3 : top + side : 6, left + 3 : left + side : 6]
    assert np.array_equal(middles, np.where(QR.screen[4:-4, 4:-4] > 0, WHITE, BLACK).astype(np.uint8))
    assert (seen[:top] == WHITE).all()


@pytest.mark.parametrize("name", RANGES)
def test_each_setting_does_something_and_the_same_again(name: str) -> None:
    path = replace(CLEAR, **{name: SPOILT[name]})
    assert not path.clear
    if name in {"surround", "quiet_zone"}:
        path = replace(path, quiet_zone=2, surround=0)
    seen = frame(path)
    assert not np.array_equal(seen, frame(CLEAR))
    assert np.array_equal(seen, frame(path))


@pytest.mark.parametrize("name", ["hand", "motion", "glare", "moire", "banding", "crack", "occlusion", "noise"])
def test_chance_comes_from_the_seed(name: str) -> None:
    path = replace(CLEAR, **{name: SPOILT[name]})
    assert len({frame(path, str(seed)).tobytes() for seed in range(6)}) > 1


def test_a_frame_is_the_same_on_every_machine() -> None:
    everything = LightPath(**{**SPOILT, "surround": 0.7, "quiet_zone": 3, "inverted": 0})
    assert sm3(frame(everything).tobytes()).hex()[:16] == "7f38fc48d7700973"


def test_what_the_numbers_mean() -> None:
    flat = frame(LightPath(contrast=0.1))
    assert (flat.max() - flat.min()) == pytest.approx(0.1 * (WHITE - BLACK), abs=1)
    dim = frame(LightPath(brightness=0.4))
    assert (int(dim.min()), int(dim.max())) == (round(0.4 * BLACK), round(0.4 * WHITE))
    grey = Target(screen=np.full((50, 50), 255, np.uint8), module=1, left=0, top=0, right=50, bottom=50)
    noise = expose(grey, LightPath(noise=5), seed="0").astype(float)
    assert noise.std() == pytest.approx(5, abs=0.1)
    assert noise.mean() == pytest.approx(WHITE, abs=0.1)
    hidden = frame(LightPath(occlusion=0.2)) != frame(CLEAR)
    assert 0.05 < hidden.sum() / (21 * 6) ** 2 < 0.2, "some of what is hidden has its colour anyway"
    banded = expose(grey, LightPath(banding=0.5), seed="0")
    assert int(banded.min()) == pytest.approx(WHITE / 2, abs=2)
    assert int(banded.max()) == pytest.approx(WHITE, abs=2)


def test_a_tilted_screen_is_narrow_and_its_near_edge_high() -> None:
    dark = frame(LightPath(tilt=60)) < (WHITE + BLACK) / 2
    columns = np.flatnonzero(dark.any(axis=0))
    assert columns[-1] - columns[0] == pytest.approx(21 * 6 * math.cos(math.radians(60)), rel=0.05)

    def height(column: int) -> int:
        rows = np.flatnonzero(dark[:, column])
        return int(rows[-1] - rows[0])

    assert height(int(columns[1])) != height(int(columns[-2]))


@pytest.mark.parametrize("tilt", [60, 75])
def test_the_steepest_tilt_of_a_screen_that_fills_the_view(tilt: float) -> None:
    big = Target.picture(qr_image(box_size=20))
    assert expose(big, LightPath(module_px=40, tilt=tilt), seed="0").shape == (HEIGHT, WIDTH)


def test_a_code_is_found_in_any_picture() -> None:
    page = Image.new("RGB", (800, 600), "white")
    page.paste(qr_image(box_size=7), (300, 100))
    target = Target.picture(page)
    assert target.module == pytest.approx(7, rel=0.05)
    assert target.width == pytest.approx(21, abs=0.7)
    assert target.left == pytest.approx(328, abs=4)
    assert target.top == pytest.approx(128, abs=4)
    assert Target.picture(barcode_image(scale=3)).module == 3
    assert Target.picture(Image.new("L", (40, 30), 255)).width == 10


def test_settings_as_text() -> None:
    assert parse_light_path("") == CLEAR
    assert parse_light_path(" tilt=35, blur = 0.3 ,") == LightPath(tilt=35, blur=0.3)
    for text in ("tild=3", "tilt", "tilt=steep", "tilt=1,tilt=2", "tilt=76", "blur=-1", "noise=nan", "inverted=0.5"):
        with pytest.raises(ConfigError) as error:
            parse_light_path(text)
        assert error.value.remedy


@pytest.mark.parametrize("name", RANGES)
def test_out_of_range_is_refused_at_either_end(name: str) -> None:
    allowed = RANGES[name]
    assert getattr(replace(CLEAR, **{name: allowed.least}), name) == allowed.least
    for value in (allowed.least - 1, allowed.most + 1 if allowed.most < math.inf else math.nan):
        with pytest.raises(ConfigError, match=name):
            replace(CLEAR, **{name: value})
