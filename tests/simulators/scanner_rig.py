"""A virtual scanner box running in a thread with its own loop, and pictures to show it; for tests."""

import asyncio
import io
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qrcode
import zxingcpp
from PIL import Image

from harness.bench.loop import LoopThread
from harness.bench.plugin import Endpoints, SimulatorContext
from harness.bench.settings import read_settings
from harness.clock import BenchClock
from harness.faults.schedule import FaultSchedule
from harness.line.record import Direction, Kind, Record
from harness.line.tape import Tape
from simulators.scanner import SIMULATOR
from simulators.scanner.optics import View
from simulators.scanner.settings import ScannerSettings
from simulators.scanner.simulator import VirtualScanner

DIGITS = "6201234567890123456789012345"


class RunningScanner:
    """A started box: its addresses, tape, clock and faults, and a way to call it in its loop."""

    def __init__(self, settings: ScannerSettings, *, path: Path | None = None) -> None:
        self.clock = BenchClock()
        self.tape = Tape(self.clock, path)
        self.faults = FaultSchedule("scanner", self.tape)
        context = SimulatorContext(name="scanner", clock=self.clock, tape=self.tape, seed=7, faults=self.faults)
        self.box: VirtualScanner = SIMULATOR.create(context, settings)
        self.loop = LoopThread()
        try:
            self.ends: Endpoints = self.loop.call(self.box.start())
        except BaseException:
            self.stop()
            raise

    def show(self, picture: bytes) -> tuple[View, str]:
        """Put a picture into view."""
        return self.loop.call(self.box.scene.show(picture))

    def settle(self) -> None:
        """Return when the loop has taken in what was due."""
        self.loop.settle()

    def sent(self) -> list[bytes]:
        """The frames that the box has sent."""
        return [r.data for r in self.tape.recent() if r.kind is Kind.FRAME and r.direction is Direction.SENT]

    def events(self) -> list[str]:
        """The names of the box's events."""
        return [r.name for r in self.tape.recent() if r.kind is Kind.EVENT and r.channel == "scanner"]

    def event(self, name: str) -> Record:
        """The last event of a name."""
        return [r for r in self.tape.recent() if r.name == name][-1]

    def tasks(self) -> set[str]:
        """The names of the tasks left in the loop."""

        async def names() -> set[str]:
            return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}

        return self.loop.call(names())

    def stop(self) -> None:
        """Stop the box and its loop; may be called twice."""
        if not self.loop.loop.is_closed():
            self.loop.call(self.box.stop())
            self.loop.close()
            self.tape.close()


StartScanner = Callable[..., RunningScanner]


@contextmanager
def scanners() -> Iterator[StartScanner]:
    """Starts boxes with the settings given, and stops them at the end."""
    running: list[RunningScanner] = []

    def start(*, path: Path | None = None, **settings: Any) -> RunningScanner:
        running.append(RunningScanner(read_settings(ScannerSettings, settings, where="a test"), path=path))
        return running[-1]

    try:
        yield start
    finally:
        for scanner in running:
            scanner.stop()


def png(image: Image.Image) -> bytes:
    """A picture as PNG bytes."""
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


def qr_image(text: str = DIGITS, *, box_size: int = 8) -> Image.Image:
    """A QR code as phones show it, made by another library than the one that reads it."""
    code = qrcode.QRCode(box_size=box_size, border=4)
    code.add_data(text)
    image: Image.Image = code.make_image().get_image()
    return image.convert("L")


def qr(text: str = DIGITS, *, box_size: int = 8) -> bytes:
    """A QR code as PNG bytes."""
    return png(qr_image(text, box_size=box_size))


def quick_qr(text: str) -> Image.Image:
    """A QR code for tests that need many: made by the library that reads it."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    return Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=4)))


def barcode_image(text: str = DIGITS, *, scale: int = 3) -> Image.Image:
    """A Code 128 barcode."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    return Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=scale)))


def barcode(text: str = DIGITS) -> bytes:
    """A Code 128 barcode as PNG bytes."""
    return png(barcode_image(text))


def both(text: str = DIGITS) -> bytes:
    """A QR code above a barcode of the same digits."""
    above, below = qr_image(text), barcode_image(text)
    page = Image.new("L", (max(above.width, below.width) + 40, above.height + below.height + 60), 255)
    page.paste(above, ((page.width - above.width) // 2, 20))
    page.paste(below, (20, above.height + 40))
    return png(page)


def through_socat(address: str, asked: bytes, size: int) -> bytes:
    """What a box answers by way of socat: so many bytes, and whatever else comes until socat has ended."""
    with subprocess.Popen(["socat", "-", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as socat:
        assert socat.stdin is not None
        assert socat.stdout is not None
        socat.stdin.write(asked)
        seen = b""
        while len(seen) < size and (piece := socat.stdout.read(size - len(seen))):
            seen += piece
        rest, _ = socat.communicate(timeout=60)
    return seen + rest
