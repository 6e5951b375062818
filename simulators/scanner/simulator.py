"""The virtual scanner box put together: optics, behaviour, dialect, line, faults and back door.

Its own routes at the back door:

    POST   /show        a PNG or JPEG picture -> {"read": true, "text": …, "symbology": …} or {"read": false, "why": …}
    DELETE /show        nothing is in view any more
    POST   /configure   {"suffix": "LF", "prefix": "", "mode": "level", "same_code_ms": 0, "good_read_ms": 0,
                        "code_id": true}: each key may be left out; lost at a restart and at a reset
    POST   /unplug      pull the cable: every client loses the line
    POST   /replug      put it back
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

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
from harness.wire.scanner.framing import Malformed
from harness.wire.scanner.newland import BoxSide, Command, LegacyTrigger, encode_answer
from simulators.kit.back_door import BackDoor, json_object
from simulators.scanner.box import ScannerBox
from simulators.scanner.newland import TAGS, NewlandDialect, initial_values
from simulators.scanner.optics import MAX_BYTES, BadPicture, Optics, Sighting, View, parse_formats
from simulators.scanner.outlet import BITS_A_BYTE, DeviceLine, Outlet, Piece, disturbed
from simulators.scanner.settings import LineKind, Mode, ScannerSettings, SuffixName

LARGE = 1_000_000
"""Pictures of more pixels are decoded in a thread, so that the other devices of the bench are not held up."""


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
            bytes_a_second=settings.baud / BITS_A_BYTE if settings.pace else None,
            lost=lambda size: self._report("bytes-lost", {"bytes": size}),
        )
        self._dialect = NewlandDialect(initial_values(settings))
        self._codec = BoxSide()
        self._box = ScannerBox(
            clock=context.clock, conduct=self._dialect.conduct, report=self._report, deliver=self._deliver
        )
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
        await self._outlet.discard()
        await self._box.reset()
        self._line.discard()
        self._codec = BoxSide()
        self._dialect = NewlandDialect(initial_values(self._settings))
        self._box.conduct_changed(self._dialect.conduct)
        self._shown = 0
        self._box.place(self._gallery[0] if self._gallery else None)

    async def stop(self) -> None:
        """Leave no task, port or pty behind."""
        await self._outlet.discard()
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
            why = self._box.show(view)
            await self._outlet.drained()
        return view, why

    def _received(self, data: bytes) -> None:
        for event in self._codec.feed(data):
            match event:
                case LegacyTrigger(on=on):
                    self._trigger(on=on)
                case Command() as command:
                    outcomes, triggers = self._dialect.execute(command)
                    self._box.conduct_changed(self._dialect.conduct)
                    self._outlet.send([Piece(encode_answer(command, outcomes))])
                    for on in triggers:
                        self._trigger(on=on)
                case Malformed(raw=raw, reason=reason):
                    self._report("not-understood", {"hex": raw.hex(), "why": reason})

    def _trigger(self, *, on: bool) -> None:
        if on and len(self._gallery) > 1:
            self._box.place(self._gallery[self._shown % len(self._gallery)])
            self._shown += 1
        self._box.trigger(on=on)

    def _deliver(self, sighting: Sighting) -> None:
        frame = self._dialect.frame(sighting)
        fault = self._context.faults.due("scan")
        self._outlet.send([Piece(frame)] if fault is None else disturbed(frame, fault))

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
            self._box.show(None)
        return JSONResponse({})

    async def _configure(self, request: Request) -> Response:
        body = await json_object(request)
        try:
            wanted = _changed(self._settings, body)
        except (ValueError, ConfigError) as error:
            raise HTTPException(400, error.problem if isinstance(error, ConfigError) else str(error)) from error
        values = initial_values(wanted)
        self._dialect.apply({tag: values[tag] for key in body for tag in TAGS[key]})
        self._box.conduct_changed(self._dialect.conduct)
        return JSONResponse({"settings": dict(self._dialect.values)})

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
    for key, value in body.items():
        match key, value:
            case "suffix", str():
                settings = replace(settings, suffix=SuffixName(value))
            case "prefix", str():
                settings = replace(settings, prefix=value)
            case "mode", str():
                settings = replace(settings, mode=Mode(value))
            case "code_id", bool():
                settings = replace(settings, code_id=value)
            case "same_code_ms", int() if not isinstance(value, bool):
                settings = replace(settings, same_code_ms=value)
            case "good_read_ms", int() if not isinstance(value, bool):
                settings = replace(settings, good_read_ms=value)
            case _:
                raise ValueError(f"{key!r} cannot be set to {value!r}; these can be set: {', '.join(TAGS)}")
    return settings


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
