"""The virtual scanner box put together: optics, behaviour, dialect, attachment, faults, back door (`simulator_doors`).

Everything that happens to it from outside is a method here: what is shown, its power, its cable, the light, its
keyboard. Times of behaviour pass on the bench's clock; the wire's are real.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import ConfigError
from harness.faults.catalogue import Effect, Fault
from harness.line.record import JsonValue
from harness.line.serial_format import SerialFormat
from simulators.scanner.attach_choice import ANSWER, as_plugged, host_of, make_attachment, scan_on, typist_of
from simulators.scanner.attach_hid import PosAttachment, WedgeAttachment
from simulators.scanner.attach_protocol import Attachment, Label
from simulators.scanner.attach_serial import SerialAttachment
from simulators.scanner.box import ScannerBox
from simulators.scanner.dialect import Action, Await, Changed, Pull, Restart, Send, Signal
from simulators.scanner.families import make_dialect
from simulators.scanner.mutants import Mutant, sighting_of
from simulators.scanner.optics import Optics, Sighting, View, parse_formats, parse_light_path
from simulators.scanner.outlet import Outlet, Piece, disturbed
from simulators.scanner.settings import KeyStream, ScannerSettings
from simulators.scanner.simulator_doors import make_back_door
from simulators.scanner.simulator_gallery import Gallery, Picture, opened

LARGE = 1_000_000
"""Pictures of more pixels are decoded in a thread, so that the other devices of the bench are not held up; so is
whatever passes through a light path."""


@dataclass
class _Pull:
    """The cable is to be pulled in the so-many-th scan from now, when so many of its bytes have left."""

    scan: int
    byte: int


class VirtualScanner:
    """A scanner box, plugged into whatever its settings name."""

    def __init__(self, context: SimulatorContext, settings: ScannerSettings) -> None:
        self._context = context
        self._settings = self.settings = as_plugged(settings)
        self._optics = _optics(self._settings, context.seed)
        self._gallery = Gallery(self._optics, settings.show)
        self._line: Attachment = make_attachment(
            context, self._settings, lambda name, fields: self.report(name, dict(fields))
        )
        self._outlet = Outlet(self._line, lost=self._lost)
        self._dialect = make_dialect(self._settings)
        self._box = ScannerBox(
            clock=context.clock,
            conduct=self._dialect.conduct,
            report=self.report,
            deliver=self._deliver,
            no_read=lambda: self._carry_out(self._dialect.no_read()),
        )
        self._wire = self._settings.wire
        self._light = settings.light_path
        self._powered = True
        self._plugged = True
        self._pull: _Pull | None = None
        self._before: Sighting | None = None
        self._screens: tuple[Picture | None, Picture | None] = (None, None)
        self._silence: asyncio.TimerHandle | None = None
        self._awaiting: asyncio.Task[None] | None = None
        self._turning: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._back = make_back_door(context, self)

    @property
    def attachment(self) -> Attachment:
        """What it is plugged into."""
        return self._line

    async def start(self) -> Endpoints:
        """Open the line and the back door. Raises BenchError when a pty, port or path cannot be had."""
        await self._line.start(self._received)
        await self._back.start()
        self._begin()
        return Endpoints(at=str(self._line.address), also={"control": self._back.address})

    def connect(self, peers: Mapping[str, str]) -> None:
        """A box talks to its host alone."""

    async def reset(self, *, seed: int) -> None:
        """As after power-on with the bench file's settings, plugged in, nothing under way."""
        await self._forget()
        await self._box.reset()
        self._pull = None
        self.plug(into=True)
        self._line.discard()
        self.settings = self._settings
        self._wire = self._settings.wire
        self._light = self._settings.light_path
        self._optics = _optics(self._settings, seed)
        self._sit_down()
        self._dialect = make_dialect(self._settings)
        self._powered = True
        self._before = None
        self._screens = (None, None)
        self._box.conduct_changed(self._dialect.conduct)
        self._retune(None)
        self._begin()

    async def stop(self) -> None:
        """Leave no task, port or pty behind."""
        await self._forget()
        await self._box.reset()
        await self._line.stop()
        await self._back.stop()

    async def show(self, picture: bytes) -> tuple[View, str]:
        """Put a picture into view; returns what is to be read in it, and why it was not read (empty if it was).

        Returns once everything that follows from it has left the box. Raises BadPicture.
        """
        async with self._looking:
            return await self._show(opened(self._optics, picture))

    async def blank(self) -> None:
        """Nothing is in view any more."""
        async with self._looking:
            self._screens = (None, None)
            self._show_view(None)

    async def set_light(self, path: str) -> None:
        """Change the light path; what is in view is seen so from the next look on. Raises ConfigError."""
        parsed = parse_light_path(path)
        async with self._looking:
            self._optics.path = parsed
            self._light = path
            before, now = self._screens
            if now is not None:
                self._box.place(await self._see(now, before))

    async def power(self, *, on: bool) -> None:
        """Cut the box's power, or restore it: what was under way and all that is temporary is lost."""
        if on == self._powered:
            return
        self._powered = on
        self.report("power", {"on": on})
        turning, self._turning = self._turning, None  # the phone goes on showing
        await self._forget()
        self._turning = turning
        if on:
            self._before = None
            self._box.conduct_changed(self._dialect.conduct)
            said = self._dialect.power_on()
            self._box.restart()
            self._carry_out(said)
        else:
            view = self._box.view
            reads = self._box.reads
            await self._box.reset()
            self._box.reads = reads
            self._box.place(view)

    def plug(self, *, into: bool) -> None:
        """Pull the cable, or put it back. Raises BenchError when the line cannot be had again."""
        if into == self._plugged:
            return
        if into:
            self._line.replug()
        else:
            self._line.unplug()
        self._plugged = into
        self.report("plugged-in" if into else "unplugged", {})

    def pull_in(self, *, scan: int, byte: int) -> None:
        """Pull the cable in the `scan`-th scan from now (1 for the next), when `byte` of its bytes have left."""
        self._pull = _Pull(scan, byte)

    def set_wire(self, wire: SerialFormat) -> None:
        """Set the box's end of a serial line, as by a configuration barcode; lost at a reset.

        Raises ConfigError when it has none.
        """
        if not isinstance(self._line, SerialAttachment):
            raise _not_on(self._settings, "a speed")
        self._wire = wire
        self._line.retune(wire)

    def set_keyboard(self, settings: ScannerSettings) -> None:
        """Take how the box types, and how the host is set that gets its text. Raises ConfigError when it cannot."""
        if not isinstance(self._line, WedgeAttachment):
            raise _not_on(self._settings, "a keyboard")
        self.settings = settings
        self._sit_down()

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> Mapping[str, str]:
        """Take the named settings from `wanted`, as by configuration barcodes; returns all, by the family's names."""
        self._dialect.configure(wanted, names)
        self._box.conduct_changed(self._dialect.conduct)
        return self._dialect.values

    def report(self, name: str, fields: dict[str, JsonValue]) -> None:
        """Leave an event on the tape."""
        self._context.tape.event(self._context.name, name, **fields)

    def state(self) -> dict[str, JsonValue]:
        """What the back door tells."""
        view = self._box.view
        told: dict[str, JsonValue] = {
            "family": self._settings.family,
            "at": str(self._line.address),
            "settings": dict(self._dialect.values),
            "in_view": view.text if isinstance(view, Sighting) else None,
            "in_session": self._box.in_session,
            "powered": self._powered,
            "plugged": self._plugged,
            "light_path": self._light,
            "reads": self._box.reads,
        }
        if isinstance(self._line, SerialAttachment):
            host = self._line.host_format
            told |= {"wire": str(self._line.wire), "host_wire": None if host is None else str(host)}
        return told

    # --- what is before it ---

    def _begin(self) -> None:
        timed = self._settings.show_s > 0
        first = self._gallery.begin(timed=timed)
        if first is not None:
            self._screens = (None, first)
            self._box.place(self._optics.look(first.image))
            self._box.restart()
        if timed and len(self._gallery) > 1:
            self._turning = asyncio.get_running_loop().create_task(self._turn(), name="scanner gallery")

    async def _turn(self) -> None:
        while True:
            await self._context.clock.sleep(self._settings.show_s)
            async with self._looking:
                await self._show(self._gallery.turn())

    async def _show(self, picture: Picture) -> tuple[View, str]:
        _, now = self._screens
        view = await self._see(picture, now)
        self._screens = (now, picture)
        self.report("image-seen", {"image_sm3": picture.digest})
        why = self._show_view(view)
        await self._outlet.drained()
        return view, why

    async def _see(self, picture: Picture, before: Picture | None) -> View:
        image, old = picture.image, None if before is None else before.image
        if image.width * image.height > LARGE or not self._optics.path.clear:
            return await asyncio.to_thread(self._optics.look, image, before=old)
        return self._optics.look(image, before=old)

    def _show_view(self, view: View | None) -> str:
        if not self._powered:
            self._box.place(view)
            return "the box has no power"
        return self._box.show(view)

    def _trigger(self, *, on: bool) -> None:
        if on and len(self._gallery) > 1 and not self._settings.show_s:
            picture = self._gallery.turn()
            _, now = self._screens
            if picture is not now:
                self._screens = (now, picture)
                self.report("image-seen", {"image_sm3": picture.digest})
                self._box.place(self._optics.look(picture.image, before=None if now is None else now.image))
        self._box.trigger(on=on)

    # --- what comes in, and what follows from it ---

    def _received(self, data: bytes) -> None:
        if not self._powered:
            return
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        self._carry_out(self._dialect.feed(data))
        wait = self._dialect.silence_s
        if wait is not None:
            self._silence = asyncio.get_running_loop().call_later(wait, self._fell_silent)

    def _fell_silent(self) -> None:
        self._silence = None
        self._carry_out(self._dialect.silence())

    def _carry_out(self, actions: Sequence[Action]) -> None:
        if self._settings.mutant is Mutant.SCAN_BEFORE_ANSWER:
            actions = [*(a for a in actions if isinstance(a, Pull)), *(a for a in actions if not isinstance(a, Pull))]
        for action in actions:
            match action:
                case Send(data=data, scan=True):
                    self._send_scan(data, None)
                case Send(data=data):
                    self._answer(data)
                case Changed(conduct=conduct, baud=baud):
                    self._box.conduct_changed(conduct)
                    self._retune(baud)
                case Pull(on=on):
                    self._trigger(on=on)
                case Restart():
                    self._box.restart()
                case Signal(name=name, fields=fields):
                    self.report(name, dict(fields))
                case Await(seconds=seconds):
                    self._await(seconds)

    def _await(self, seconds: float | None) -> None:
        if self._awaiting is not None:
            self._awaiting.cancel()
            self._awaiting = None
        if seconds is not None:
            self._awaiting = asyncio.get_running_loop().create_task(
                self._unanswered(seconds), name="scanner acknowledgement"
            )

    async def _unanswered(self, seconds: float) -> None:
        await self._context.clock.sleep(seconds)
        self._awaiting = None
        self._carry_out(self._dialect.unanswered())

    async def _forget(self) -> None:
        """Nothing is under way any more."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        waiting = [task for task in (self._awaiting, self._turning) if task is not None]
        self._awaiting = self._turning = None
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._outlet.discard()

    # --- what leaves ---

    def _deliver(self, sighting: Sighting) -> None:
        mutant = self._settings.mutant
        before, self._before = self._before, sighting
        if mutant is Mutant.LOSES_SCAN_DURING_COMMAND and (self._silence is not None or self._outlet.busy):
            return
        taken = sighting_of(mutant, sighting, before)
        for _ in range(2 if mutant is Mutant.DOUBLES_SCAN else 1):
            special = scan_on(self._line, self._dialect, taken, mutant)
            if special is None:
                self._carry_out(self._dialect.deliver(taken))
            else:
                self._send_scan(*special)

    def _send_scan(self, data: bytes, label: Label | None) -> None:
        """A scan, if a fault so wills disturbed, or cut short by the cable's being pulled."""
        fault = self._context.faults.due("scan")
        if self._pull is not None:
            self._pull.scan -= 1
            if self._pull.scan <= 0:
                self._cut(data, self._pull.byte)
                return
        pieces = [Piece(data)] if fault is None or not data else disturbed(data, self._playable(fault))
        self._outlet.send([piece._replace(label=label) for piece in pieces])

    def _playable(self, fault: Fault) -> Fault:
        """A HID report leaves whole: what would part it makes it late."""
        if isinstance(self._line, PosAttachment) and fault.effect in {Effect.SPLIT_READ, Effect.DRIP}:
            return replace(fault, effect=Effect.SLOW)
        return fault

    def _cut(self, data: bytes, byte: int) -> None:
        """The cable is pulled in the middle of a scan; a HID report is lost whole."""
        self._pull = None
        left = 0 if isinstance(self._line, PosAttachment) else min(byte, len(data))

        def pull() -> None:
            self.plug(into=False)
            self._lost(len(data) - left)

        self._outlet.send([Piece(data[:left])])
        self._outlet.then(pull)

    def _answer(self, data: bytes) -> None:
        """Anything but a scan; a keyboard says nothing else."""
        match self._line:
            case WedgeAttachment():
                return
            case PosAttachment():
                self._outlet.send([Piece(data, label=ANSWER)])
            case _:
                self._outlet.send([Piece(data)])

    def _retune(self, baud: int | None) -> None:
        """The box's speed from here on; what was sent before keeps its own."""
        line = self._line
        if isinstance(line, SerialAttachment):
            wire = replace(self._wire, baud=baud) if baud else self._wire
            if wire != line.wire or self._outlet.busy:
                self._outlet.then(lambda: line.retune(wire))

    def _sit_down(self) -> None:
        line, settings = self._line, self.settings
        if isinstance(line, WedgeAttachment):
            line.typist = typist_of(settings)
            if settings.keys is KeyStream.TEXT:
                line.sit_down(host_of(settings))

    def _lost(self, size: int) -> None:
        if size:
            self.report("bytes-lost", {"bytes": size})


def _optics(settings: ScannerSettings, seed: int) -> Optics:
    return Optics(
        formats=parse_formats(settings.formats),
        rotate=settings.rotate,
        downscale=settings.downscale,
        invert=settings.invert,
        name=settings.engine,
        several=settings.several,
        twice=settings.twice,
        path=parse_light_path(settings.light_path),
        seed=seed,
    )


def _not_on(settings: ScannerSettings, what: str) -> ConfigError:
    kind, _ = settings.plugged_into()
    return ConfigError(
        f"A box on {kind} has not {what}.",
        cause="the back door was asked for something of another attachment",
        remedy="start the box with another --at",
    )
