"""The virtual scanner box put together: behaviour, dialect, attachment, back door (`simulator_doors`).

What happens to it from outside is a method here: its power, its cable, its line, its keyboard. What is in view is the
scene's (`simulator_scene`), what leaves it `simulator_sending`'s. Times of behaviour pass on the bench's clock; the
wire's are real.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import ConfigError
from harness.line.record import JsonValue
from harness.line.serial_format import SerialFormat
from simulators.scanner.attach_choice import as_plugged, host_of, make_attachment, scan_on, typist_of
from simulators.scanner.attach_hid import WedgeAttachment
from simulators.scanner.attach_protocol import Attachment
from simulators.scanner.attach_serial import SerialAttachment
from simulators.scanner.box import ScannerBox
from simulators.scanner.dialect import Action, Await, Changed, Pull, Restart, Send, Signal
from simulators.scanner.families import make_dialect
from simulators.scanner.mutants import Mutant, sighting_of
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import KeyStream, ScannerSettings
from simulators.scanner.simulator_doors import make_back_door
from simulators.scanner.simulator_scene import Scene
from simulators.scanner.simulator_sending import Sending


class VirtualScanner:
    """A scanner box, plugged into whatever its settings name."""

    def __init__(self, context: SimulatorContext, settings: ScannerSettings) -> None:
        self._context = context
        self._settings = self.settings = as_plugged(settings)
        self._line: Attachment = make_attachment(
            context, self._settings, lambda name, fields: self.report(name, dict(fields))
        )
        self.sending = Sending(context, self._line, unplug=lambda: self.plug(into=False))
        self._dialect = make_dialect(self._settings)
        self._box = ScannerBox(
            clock=context.clock,
            conduct=self._dialect.conduct,
            report=self.report,
            deliver=self._deliver,
            no_read=lambda: self._carry_out(self._dialect.no_read()),
        )
        self.scene = Scene(context, self._settings, self._box, drained=self.sending.outlet.drained)
        self._wire = self._settings.wire
        self._plugged = True
        self._before: Sighting | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._awaiting: asyncio.Task[None] | None = None
        self._back = make_back_door(context, self)

    @property
    def attachment(self) -> Attachment:
        """What it is plugged into."""
        return self._line

    async def start(self) -> Endpoints:
        """Open the line and the back door. Raises BenchError when a pty, port or path cannot be had."""
        await self._line.start(self._received)
        await self._back.start()
        self.scene.begin()
        return Endpoints(at=str(self._line.address), also={"control": self._back.address})

    def connect(self, peers: Mapping[str, str]) -> None:
        """A box talks to its host alone."""

    async def reset(self, *, seed: int) -> None:
        """As after power-on with the bench file's settings, plugged in, nothing under way."""
        await self.scene.stop()
        await self._forget()
        await self._box.reset()
        self.sending.reset()
        self.plug(into=True)
        self._line.discard()
        self.settings = self._settings
        self._wire = self._settings.wire
        self.scene.reset(seed=seed)
        self._sit_down()
        self._dialect = make_dialect(self._settings)
        self._before = None
        self._box.conduct_changed(self._dialect.conduct)
        self._retune(None)
        self.scene.begin()

    async def stop(self) -> None:
        """Leave no task, port or pty behind."""
        await self.scene.stop()
        await self._forget()
        await self._box.reset()
        await self._line.stop()
        await self._back.stop()

    async def power(self, *, on: bool) -> None:
        """Cut the box's power, or restore it: what was under way and all that is temporary is lost."""
        if on == self.scene.powered:
            return
        self.scene.powered = on
        self.report("power", {"on": on})
        await self._forget()  # the phone goes on showing
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
            "powered": self.scene.powered,
            "plugged": self._plugged,
            "light_path": self.scene.light,
            "reads": self._box.reads,
        }
        if isinstance(self._line, SerialAttachment):
            host = self._line.host_format
            told |= {"wire": str(self._line.wire), "host_wire": None if host is None else str(host)}
        return told

    def _trigger(self, *, on: bool) -> None:
        if on:
            self.scene.turn_for_trigger()
        self._box.trigger(on=on)

    # --- what comes in, and what follows from it ---

    def _received(self, data: bytes) -> None:
        if not self.scene.powered:
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
                    self.sending.scan(data, None)
                case Send(data=data):
                    self.sending.answer(data)
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
        waiting, self._awaiting = self._awaiting, None
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await self.sending.outlet.discard()

    # --- what leaves ---

    def _deliver(self, sighting: Sighting) -> None:
        mutant = self._settings.mutant
        before, self._before = self._before, sighting
        if mutant is Mutant.LOSES_SCAN_DURING_COMMAND and (self._silence is not None or self.sending.outlet.busy):
            return
        taken = sighting_of(mutant, sighting, before)
        for _ in range(2 if mutant is Mutant.DOUBLES_SCAN else 1):
            special = scan_on(self._line, self._dialect, taken, mutant)
            if special is None:
                self._carry_out(self._dialect.deliver(taken))
            else:
                self.sending.scan(*special)

    def _retune(self, baud: int | None) -> None:
        """The box's speed from here on; what was sent before keeps its own."""
        line = self._line
        if isinstance(line, SerialAttachment):
            wire = replace(self._wire, baud=baud) if baud else self._wire
            if wire != line.wire or self.sending.outlet.busy:
                self.sending.outlet.then(lambda: line.retune(wire))

    def _sit_down(self) -> None:
        line, settings = self._line, self.settings
        if isinstance(line, WedgeAttachment):
            line.typist = typist_of(settings)
            if settings.keys is KeyStream.TEXT:
                line.sit_down(host_of(settings))


def _not_on(settings: ScannerSettings, what: str) -> ConfigError:
    kind, _ = settings.plugged_into()
    return ConfigError(
        f"A box on {kind} has not {what}.",
        cause="the back door was asked for something of another attachment",
        remedy="start the box with another --at",
    )
