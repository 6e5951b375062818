"""The scanner's budgets, as ratios inside one run; times are printed and never asserted.

Line: driver and virtual box over a pty, trigger command to complete scan frame, three records a trip on a tape in a
file, against 29 bytes echoed over a pty and awaited with pyserial's `read(29)`. The echo's peer is a thread of this
process that does nothing else, as the box's loop is. Rounds alternate, and the median of the rounds' ratios counts.
Client and peers are kept on two processors, as an adapter and a bench are: if the scheduler puts both threads on one,
a bare echo costs a fifth and everything else nearly as much as before.

Lines: scans a second through a pty, TCP and RFC 2217, each with the same driver and a box of its own, against the pty.
Rounds alternate here too; what a network line may cost is asserted loosely, since it depends on the machine.

Optics: a shown PNG to a sighting, against zxing-cpp called with the same options on the same bytes opened by Pillow.
"""

import io
import os
import statistics
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
import zxingcpp
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture

from harness.devices.scanner import Scanner
from simulators.scanner.optics import Optics, Sighting, Symbology
from tests.simulators.scanner_rig import DIGITS, StartScanner, both, qr, scanners

pytestmark = pytest.mark.slow

LINE_TARGET, LINE_ASSERTED = 0.70, 0.35
"""The budget, and what is asserted: measured 0.47 to 0.57 on a host of two processors that others use too. The box asks
how the host has set its end at each scan, and the tape chains three records a trip."""
OPTICS_TARGET, OPTICS_ASSERTED = 0.90, 0.80
"""The budget, and what is asserted on a host that others use too."""
NETWORK_ASSERTED = 0.2
ROUNDS = 40
TRIPS = 100


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    with scanners() as start:
        yield start


class Echo:
    """A pty whose peer sends back what comes, in a thread."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.client = serial.Serial(os.ttyname(self._slave), timeout=5)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        use_processor(1)
        while data := os.read(self._master, 4096):
            if data.endswith(b"\x04"):
                return
            os.write(self._master, data)

    def close(self) -> None:
        """End the thread and the pty."""
        self.client.write(b"\x04")
        self._thread.join(10)
        self.client.close()
        os.close(self._master)
        os.close(self._slave)


def use_processor(number: int) -> None:
    """Keep the calling thread on one of the processors, where there are several."""
    processors = sorted(AVAILABLE)
    if len(processors) > 1:
        os.sched_setaffinity(threading.get_native_id(), {processors[number]})


AVAILABLE = os.sched_getaffinity(0)


@pytest.fixture
def on_two_processors() -> Iterator[None]:
    use_processor(0)
    yield
    os.sched_setaffinity(0, AVAILABLE)


def per_trip(work: Callable[[], object], trips: int) -> float:
    """Seconds for one trip."""
    began = time.perf_counter()
    for _ in range(trips):
        work()
    return (time.perf_counter() - began) / trips


def alternate(
    benchmark: BenchmarkFixture, floor: Callable[[], object], ours: Callable[[], object], *, trips: int
) -> tuple[float, float]:
    """The median of ours against the floor, round by round, and its spread (lower quartile)."""
    floors: list[float] = []
    oursides: list[float] = []

    def floor_first() -> None:
        floors.append(per_trip(floor, trips))

    def one_round() -> None:
        oursides.append(per_trip(ours, trips))

    benchmark.pedantic(one_round, setup=floor_first, rounds=ROUNDS)  # type: ignore[no-untyped-call]  # has no types
    if len(oursides) < ROUNDS:
        pytest.skip("benchmarks are disabled in this run")
    ratios = [f / o for f, o in zip(floors, oursides, strict=True)]
    ratio, low = statistics.median(ratios), statistics.quantiles(ratios, n=4)[0]
    benchmark.extra_info |= {"ratio": round(ratio, 3), "lower_quartile": round(low, 3)}
    print(
        f"\nratio {ratio:.2f} (lower quartile {low:.2f}): floor {statistics.median(floors) * 1e6:.0f} us, "
        f"ours {statistics.median(oursides) * 1e6:.0f} us a trip"
    )
    return ratio, low


def test_a_round_trip_over_a_pty_against_an_echo(
    benchmark: BenchmarkFixture, start_scanner: StartScanner, tmp_path: Path, on_two_processors: None
) -> None:
    if len(AVAILABLE) < 2:
        pytest.skip("the client and its peers need a processor each")
    box = start_scanner(path=tmp_path / "tape.bin", mode="level")
    box.loop.soon(use_processor, 1)
    box.show(qr())
    echo = Echo()
    frame = DIGITS.encode() + b"\r"

    def echoed() -> None:
        echo.client.write(frame)
        assert len(echo.client.read(len(frame))) == len(frame)

    with Scanner.open(box.ends.at) as scanner:

        def scanned() -> None:
            scanner.trigger()
            assert scanner.read(5).text == DIGITS

        try:
            ratio, _ = alternate(benchmark, echoed, scanned, trips=TRIPS)
        finally:
            echo.close()
    assert box.events().count("good-read") == ROUNDS * TRIPS
    print(f"budget {LINE_TARGET}, asserted {LINE_ASSERTED}")
    assert ratio >= LINE_ASSERTED


@pytest.mark.parametrize("line", ["tcp", "rfc2217"])
def test_scans_through_every_line_against_a_pty(
    benchmark: BenchmarkFixture, start_scanner: StartScanner, line: str, on_two_processors: None
) -> None:
    if len(AVAILABLE) < 2:
        pytest.skip("the client and its peers need a processor each")
    boxes = [start_scanner(line=name, mode="level") for name in ("pty", line)]
    for box in boxes:
        box.loop.soon(use_processor, 1)
        box.show(qr())
    with Scanner.open(boxes[0].ends.at) as floor, Scanner.open(boxes[1].ends.at) as ours:

        def scan(scanner: Scanner) -> None:
            scanner.trigger()
            assert scanner.read(5).text == DIGITS

        ratio, _ = alternate(benchmark, lambda: scan(floor), lambda: scan(ours), trips=TRIPS)
    print(f"{line} against pty, asserted {NETWORK_ASSERTED}")
    assert ratio >= NETWORK_ASSERTED


@pytest.mark.parametrize("picture", [qr(box_size=12), both()], ids=["qr", "both"])
def test_the_optics_against_a_bare_call(benchmark: BenchmarkFixture, picture: bytes) -> None:
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

    ratio, _ = alternate(benchmark, bare, shown, trips=5)
    print(f"budget {OPTICS_TARGET}, asserted {OPTICS_ASSERTED}")
    assert ratio >= OPTICS_ASSERTED
