"""A dialect and the box behind it without any line: bytes of the host in, bytes and events out; for tests."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from harness.bench.settings import read_settings
from harness.clock import BenchClock
from harness.line.record import JsonValue
from simulators.scanner.box import ScannerBox
from simulators.scanner.dialect import Action, Await, Changed, Pull, Restart, Send, Signal
from simulators.scanner.families import make_dialect
from simulators.scanner.optics import Sighting, Symbology
from simulators.scanner.settings import Mode, ScannerSettings

DIGITS = "6201234567890123456789012345"
CODE = Sighting(symbology=Symbology.QR, data=DIGITS.encode(), text=DIGITS)
OTHER = Sighting(symbology=Symbology.CODE128, data=b"0098", text="0098")


class DialectRig:
    """Call it within a running loop to let time pass; without one, whatever waits is forgotten at once."""

    def __init__(self, **settings: Any) -> None:
        self.clock = BenchClock()
        self.dialect = make_dialect(read_settings(ScannerSettings, settings, where="a test"))
        self.sent: list[bytes] = []
        self.said: list[str] = []
        self.awaited: float | None = None
        self.box = ScannerBox(
            clock=self.clock,
            conduct=self.dialect.conduct,
            report=self._report,
            deliver=lambda sighting: self.carry_out(self.dialect.deliver(sighting)),
            no_read=lambda: self.carry_out(self.dialect.no_read()),
        )

    def _report(self, name: str, _: dict[str, JsonValue]) -> None:
        self.said.append(name)

    def carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(data=data):
                    self.sent.append(data)
                case Changed(conduct=conduct):
                    self.box.conduct_changed(conduct)
                case Pull(on=on):
                    self.box.trigger(on=on)
                case Restart():
                    self.box.restart()
                case Signal(name=name):
                    self.said.append(name)
                case Await(seconds=seconds):
                    self.awaited = seconds

    def ask(self, data: bytes) -> bytes:
        """What is sent when the host has sent this."""
        return self._sent_by(lambda: self.carry_out(self.dialect.feed(data)))

    def show(self, sighting: Sighting | None = CODE) -> bytes:
        """What is sent when this is shown."""
        return self._sent_by(lambda: self.box.show(sighting))

    def power_cycle(self) -> bytes:
        """Off and on; what the box says of itself."""

        def cycle() -> None:
            said = self.dialect.power_on()
            self.box.restart()
            self.carry_out(said)

        return self._sent_by(cycle)

    def _sent_by(self, deed: Callable[[], object]) -> bytes:
        async def alone() -> None:
            deed()

        before = len(self.sent)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(alone())
        else:
            deed()
        return b"".join(self.sent[before:])

    def mode(self) -> Mode:
        """How the box looks now."""
        return self.dialect.conduct.mode

    def enabled(self) -> bool:
        """Whether the box reads at all."""
        return self.dialect.conduct.enabled

    def in_session(self) -> bool:
        """Whether a session waits for a code."""
        return self.box.in_session

    async def step(self, ms: int) -> None:
        """Time passes, and what was due has happened."""
        for _ in range(3):
            await asyncio.sleep(0)
        self.clock.step(seconds=ms / 1000)
        for _ in range(5):
            await asyncio.sleep(0)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario in a loop of its own."""
    asyncio.run(scenario)
