"""The virtual scanner box put together: optics, behaviour, dialect, line, faults and back door.

Its own routes at the back door:

    POST   /show        a PNG or JPEG picture -> {"read": true, "text": …, "symbology": …} or {"read": false, "why": …}
    DELETE /show        nothing is in view any more
    POST   /configure   {"suffix": "LF", "prefix": "", "mode": "level", "same_code_ms": 0, "good_read_ms": 0,
                        "session_ms": 3000, "code_id": true, "aim_id": false, "beep": true}: each key may be left out;
                        lost at a restart and at a reset
    POST   /power       {"on": false}: cut the box's power, or {"on": true}: restore it; temporary settings are lost
    POST   /unplug      pull the cable: every client loses the line
    POST   /replug      put it back
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import BenchError, ConfigError
from harness.faults.catalogue import ON_SCAN
from harness.gm import sm3
from harness.line.pty import PtyLine
from harness.line.record import JsonValue
from harness.line.tcp import TcpLine
from simulators.kit.back_door import BackDoor, json_object
from simulators.scanner.box import ScannerBox
from simulators.scanner.dialect import Action, Await, Changed, Pull, Restart, Send, Signal
from simulators.scanner.families import make_dialect
from simulators.scanner.mutants import Mutant, sighting_of
from simulators.scanner.optics import MAX_BYTES, BadPicture, Optics, Sighting, View, parse_formats
from simulators.scanner.outlet import BITS_A_BYTE, DeviceLine, Outlet, Piece, disturbed
from simulators.scanner.settings import LineKind, Mode, ScannerSettings, SuffixName

LARGE = 1_000_000
"""Pictures of more pixels are decoded in a thread, so that the other devices of the bench are not held up."""


CONFIGURABLE = (
    "suffix", "prefix", "mode", "same_code_ms", "good_read_ms", "session_ms", "code_id", "aim_id", "beep"
)  # fmt: skip
"""What the back door can set while the box runs."""


class VirtualScanner:
    """A scanner box on a pty or a TCP line."""

    def __init__(self, context: SimulatorContext, settings: ScannerSettings) -> None:
        self._context = context
        self._settings = settings
        self._optics = Optics(
            formats=parse_formats(settings.formats),
            rotate=settings.rotate,
            downscale=settings.downscale,
            invert=settings.invert,
        )
        self._line = _line(context, settings)
        self._outlet = Outlet(
            self._line,
            bytes_a_second=self._bytes_a_second(None),
            lost=lambda size: self._report("bytes-lost", {"bytes": size}),
        )
        self._dialect = make_dialect(settings)
        self._box = ScannerBox(
            clock=context.clock,
            conduct=self._dialect.conduct,
            report=self._report,
            deliver=self._deliver,
            no_read=lambda: self._carry_out(self._dialect.no_read()),
        )
        self._powered = True
        self._before: Sighting | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._awaiting: asyncio.Task[None] | None = None
        self._gallery = _gallery(self._optics, settings.show)
        self._shown = 0
        self._looking = asyncio.Lock()
        self._back = BackDoor(
            context,
            state=self._state,
            reset=lambda seed: self.reset(seed=seed),
            effects=ON_SCAN,
            routes=[
                Route("/show", self._show, methods=["POST"]),
                Route("/show", self._blank, methods=["DELETE"]),
                Route("/configure", self._configure, methods=["POST"]),
                Route("/power", self._power, methods=["POST"]),
                Route("/unplug", self._unplug, methods=["POST"]),
                Route("/replug", self._replug, methods=["POST"]),
            ],
        )

    async def start(self) -> Endpoints:
        """Open the line and the back door. Raises BenchError when a pty or port cannot be had."""
        await self._line.start(self._received)
        await self._back.start()
        self._box.place(self._gallery[0] if self._gallery else None)
        return Endpoints(at=str(self._line.address), also={"control": self._back.address})

    def connect(self, peers: Mapping[str, str]) -> None:
        """A box talks to its host alone."""

    async def reset(self, *, seed: int) -> None:
        """As after power-on with the bench file's settings, nothing in view, nothing under way."""
        await self._forget()
        await self._box.reset()
        self._line.discard()
        self._dialect = make_dialect(self._settings)
        self._powered = True
        self._before = None
        self._box.conduct_changed(self._dialect.conduct)
        self._outlet.set_speed(self._bytes_a_second(None))
        self._shown = 0
        self._box.place(self._gallery[0] if self._gallery else None)

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
            image = self._optics.open(picture)
            large = image.width * image.height > LARGE
            view = await asyncio.to_thread(self._optics.look, image) if large else self._optics.look(image)
            self._report("image-seen", {"image_sm3": sm3(picture).hex()})
            why = self._show_view(view)
            await self._outlet.drained()
        return view, why

    async def power(self, *, on: bool) -> None:
        """Cut the box's power, or restore it: what was under way and all that is temporary is lost."""
        if on == self._powered:
            return
        self._powered = on
        self._report("power", {"on": on})
        await self._forget()
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

    def _show_view(self, view: View | None) -> str:
        if not self._powered:
            self._box.place(view)
            return "the box has no power"
        return self._box.show(view)

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
                    fault = self._context.faults.due("scan")
                    self._outlet.send([Piece(data)] if fault is None or not data else disturbed(data, fault))
                case Send(data=data):
                    self._outlet.send([Piece(data)])
                case Changed(conduct=conduct, baud=baud):
                    self._box.conduct_changed(conduct)
                    self._outlet.set_speed(self._bytes_a_second(baud))
                case Pull(on=on):
                    self._trigger(on=on)
                case Restart():
                    self._box.restart()
                case Signal(name=name, fields=fields):
                    self._report(name, dict(fields))
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
        awaiting, self._awaiting = self._awaiting, None
        if awaiting is not None:
            awaiting.cancel()
            await asyncio.gather(awaiting, return_exceptions=True)
        await self._outlet.discard()

    def _bytes_a_second(self, baud: int | None) -> float | None:
        return (baud or self._settings.baud) / BITS_A_BYTE if self._settings.pace else None

    def _trigger(self, *, on: bool) -> None:
        if on and len(self._gallery) > 1:
            self._box.place(self._gallery[self._shown % len(self._gallery)])
            self._shown += 1
        self._box.trigger(on=on)

    def _deliver(self, sighting: Sighting) -> None:
        mutant = self._settings.mutant
        before, self._before = self._before, sighting
        if mutant is Mutant.LOSES_SCAN_DURING_COMMAND and (self._silence is not None or self._outlet.busy):
            return
        taken = sighting_of(mutant, sighting, before)
        for _ in range(2 if mutant is Mutant.DOUBLES_SCAN else 1):
            self._carry_out(self._dialect.deliver(taken))

    def _report(self, name: str, fields: dict[str, JsonValue]) -> None:
        self._context.tape.event(self._context.name, name, **fields)

    def _state(self) -> dict[str, JsonValue]:
        view = self._box.view
        return {
            "family": self._settings.family,
            "at": str(self._line.address),
            "settings": dict(self._dialect.values),
            "in_view": view.text if isinstance(view, Sighting) else None,
            "in_session": self._box.in_session,
            "powered": self._powered,
            "reads": self._box.reads,
        }

    async def _show(self, request: Request) -> Response:
        try:
            view, why = await self.show(await _picture(request))
        except BadPicture as error:
            raise HTTPException(400, str(error)) from error
        if why or not isinstance(view, Sighting):
            return JSONResponse({"read": False, "why": why})
        return JSONResponse({"read": True, "text": view.text, "symbology": view.symbology})

    async def _blank(self, _: Request) -> Response:
        async with self._looking:
            self._show_view(None)
        return JSONResponse({})

    async def _configure(self, request: Request) -> Response:
        body = await json_object(request)
        try:
            wanted = _changed(self._settings, body)
        except (ValueError, ConfigError) as error:
            raise HTTPException(400, error.problem if isinstance(error, ConfigError) else str(error)) from error
        self._dialect.configure(wanted, frozenset(body))
        self._box.conduct_changed(self._dialect.conduct)
        return JSONResponse({"settings": dict(self._dialect.values)})

    async def _power(self, request: Request) -> Response:
        match await json_object(request):
            case {"on": bool(on), **rest} if not rest:
                await self.power(on=on)
                return JSONResponse({})
        raise HTTPException(400, 'say {"on": true} or {"on": false}')

    async def _unplug(self, _: Request) -> Response:
        try:
            self._line.unplug()
        except BenchError as error:
            raise HTTPException(409, error.problem) from error
        self._report("unplugged", {})
        return JSONResponse({})

    async def _replug(self, _: Request) -> Response:
        self._line.replug()
        self._report("plugged-in", {})
        return JSONResponse({})


def _line(context: SimulatorContext, settings: ScannerSettings) -> DeviceLine:
    match settings.line:
        case LineKind.PTY:
            link = None if settings.link is None else Path(settings.link)
            return PtyLine(tape=context.tape, channel=f"{context.name}.serial", link=link)
        case LineKind.TCP:
            return TcpLine(tape=context.tape, channel=f"{context.name}.tcp", host=context.host, port=context.port)


async def _picture(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_BYTES:
            raise HTTPException(400, f"the picture has more than {MAX_BYTES} bytes")
    return bytes(parts)


def _changed(settings: ScannerSettings, body: Mapping[str, object]) -> ScannerSettings:
    """The settings with some changed. Raises ValueError for what cannot be, ConfigError for values out of range."""
    changes: dict[str, Any] = {}
    for key, value in body.items():
        match key, value:
            case "suffix", str():
                changes[key] = SuffixName(value)
            case "mode", str():
                changes[key] = Mode(value)
            case "prefix", str():
                changes[key] = value
            case "code_id" | "aim_id" | "beep", bool():
                changes[key] = value
            case "same_code_ms" | "good_read_ms" | "session_ms", int() if not isinstance(value, bool):
                changes[key] = value
            case _:
                raise ValueError(f"{key!r} cannot be set to {value!r}; these can be set: {', '.join(CONFIGURABLE)}")
    return replace(settings, **changes)


def _gallery(optics: Optics, show: str | None) -> list[View]:
    if show is None:
        return []
    path = Path(show)
    try:
        files = (
            sorted(p for p in path.iterdir() if p.suffix.lower() in {".png", ".jpg", ".jpeg"})
            if path.is_dir()
            else [path]
        )
        views = [optics.read(file.read_bytes()) for file in files]
    except (OSError, BadPicture) as error:
        raise ConfigError(
            f"{show} cannot be shown to the scanner: {error}.",
            cause="the file is missing, or is no picture",
            remedy="name a PNG or JPEG picture, or a folder of them",
        ) from error
    if not views:
        raise ConfigError(
            f"{show} cannot be shown to the scanner: the folder holds no picture.",
            cause="the pictures have other names than *.png and *.jpg",
            remedy="name a PNG or JPEG picture, or a folder of them",
        )
    return views
