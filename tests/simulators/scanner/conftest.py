"""A virtual scanner box running in a thread with its own loop, and pictures to show it."""

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import qrcode
import uvloop
import zxingcpp
from PIL import Image

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.clock import BenchClock
from harness.faults.schedule import FaultSchedule
from harness.line.record import Direction, Kind, Record
from harness.line.tape import Tape
from simulators.scanner import SIMULATOR
from simulators.scanner.settings import ScannerSettings
from simulators.scanner.simulator import VirtualScanner

T = TypeVar("T")
DIGITS = "6201234567890123456789012345"


class RunningScanner:
    """A started box: its addresses, tape, clock and faults, and a way to call it in its loop."""

    def __init__(self, settings: ScannerSettings, *, path: Path | None = None) -> None:
        self.clock = BenchClock()
        self.tape = Tape(self.clock, path)
        self.faults = FaultSchedule("scanner", self.tape)
        context = SimulatorContext(name="scanner", clock=self.clock, tape=self.tape, seed=7, faults=self.faults)
        self.box: VirtualScanner = SIMULATOR.create(context, settings)
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="scanner loop")
        self._thread.start()
        try:
            self.ends: Endpoints = self.call(self.box.start())
        except BaseException:
            self.stop()
            raise

    def call(self, coroutine: "asyncio._CoroutineLike[T]") -> T:
        """Run in the box's loop and wait."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(20)

    def show(self, picture: bytes) -> tuple[Any, str]:
        """Put a picture into view."""
        return self.call(self.box.show(picture))

    def settle(self) -> None:
        """Return when the loop has done what was due."""

        async def turn() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        self.call(turn())

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

        return self.call(names())

    def stop(self) -> None:
        """Stop the box and its loop."""
        if self._thread.is_alive():
            self.call(self.box.stop())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(20)
            self.loop.close()
            self.tape.close()


StartScanner = Callable[..., RunningScanner]


@pytest.fixture
def start_scanner() -> Iterator[StartScanner]:
    """Starts boxes with the settings given, and stops them."""
    running: list[RunningScanner] = []

    def start(*, path: Path | None = None, **settings: Any) -> RunningScanner:
        running.append(RunningScanner(ScannerSettings(**settings), path=path))
        return running[-1]

    yield start
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
    return code.make_image().get_image().convert("L")


def qr(text: str = DIGITS, *, box_size: int = 8) -> bytes:
    """A QR code as PNG bytes."""
    return png(qr_image(text, box_size=box_size))


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
