"""What the optics cost, as ratios inside one run; times are printed and never asserted.

A clean picture to a sighting, against zxing-cpp called with the same options on the same bytes opened by Pillow; and
the whole degradation matrix in two processes, against one.
"""

import io
import os
import statistics
import time
from collections.abc import Callable
from functools import partial

import pytest
import zxingcpp
from PIL import Image

from simulators.scanner.optics import EngineName, LightPath, Optics, Sighting, Symbology
from simulators.scanner.optics.decode_rates import measure
from tests.benchmarks.ceiling import two_processes
from tests.simulators.scanner_rig import DIGITS, barcode, both, qr

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

TARGET, ASSERTED = 0.90, 0.80
"""The budget, and what is asserted on a host that others use too."""
GAIN = 1.05
"""Of two processes over one; 1.70 on two free processors, but others use them too."""
ROUNDS, TRIPS = 60, 5


def seconds(work: Callable[[], object], trips: int = 1) -> float:
    began = time.perf_counter()
    for _ in range(trips):
        work()
    return (time.perf_counter() - began) / trips


@pytest.mark.parametrize("picture", [qr(box_size=12), both()], ids=["qr", "both"])
def test_a_clean_picture_against_the_bare_decoder(picture: bytes) -> None:
    optics = Optics(formats=(Symbology.QR, Symbology.CODE128))
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])

    def bare() -> None:
        found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture)), formats=formats, try_invert=False)
        assert found is not None
        assert found.text == DIGITS

    def shown() -> None:
        seen = optics.read(picture)
        assert isinstance(seen, Sighting)
        assert seen.text == DIGITS

    pairs = [(seconds(bare, TRIPS), seconds(shown, TRIPS)) for _ in range(ROUNDS)]
    ratio = statistics.median(floor / ours for floor, ours in pairs)
    print(f"\nratio {ratio:.2f}: budget {TARGET}, asserted {ASSERTED}; ours {pairs[-1][1] * 1e6:.0f} us")
    assert ratio >= ASSERTED


def test_a_barcode_that_is_read_twice_and_a_look_through_the_light_path() -> None:
    """Not budgeted: printed so that a change shows."""
    formats = (Symbology.QR, Symbology.CODE128)
    once = Optics(formats=formats, twice=False)
    twice = Optics(formats=formats)
    spoilt = Optics(formats=formats, path=LightPath(tilt=20, blur=0.3, noise=3))
    for name, picture in (("qr", qr()), ("barcode", barcode())):
        times = [
            statistics.median(seconds(partial(optics.read, picture)) for _ in range(9))
            for optics in (once, twice, spoilt)
        ]
        print(f"\n{name}: once 1, twice {times[1] / times[0]:.2f}, through a light path {times[2] / times[0]:.0f}")


def test_the_whole_matrix_on_two_processors() -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one processor")
    by = [EngineName.STANDARD]
    measure(samples=1, only=["inverted"], by=by)  # starts the processes
    ceiling = two_processes()
    one, two = (seconds(partial(measure, samples=1, by=by, processes=processes)) for processes in (1, 2))
    for _ in range(2):  # somebody else may have come meanwhile
        if one / two <= GAIN:
            two = min(two, seconds(partial(measure, samples=1, by=by, processes=2)))
    gain = one / two
    frames = sum(rate.frames for rate in measure(samples=1, by=by, processes=2))
    print(f"\n{frames} frames: {frames / two:.0f} a second on two processors, {gain:.2f} times one")
    if min(ceiling, two_processes()) < 1.6:
        pytest.skip(f"two plain processes reach {ceiling:.2f} times one here, the matrix {gain:.2f} times")
    assert gain > GAIN
