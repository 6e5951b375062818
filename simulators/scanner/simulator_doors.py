"""The back door's own routes of a virtual scanner box, beside those that every device has (`simulators.kit.back_door`).

    POST   /show        a PNG or JPEG picture -> {"read": true, "text": …, "symbology": …} or {"read": false, "why": …}
    DELETE /show        nothing is in view any more
    POST   /light       {"path": "tilt=35, blur=0.3"}: what lies between screen and sensor; "" for a clear view
    POST   /configure   {"suffix": "LF", "prefix": "", "mode": "level", "same_code_ms": 0, "good_read_ms": 0,
                        "session_ms": 3000, "code_id": true, "aim_id": false, "beep": true}: each key may be left out;
                        lost at a restart and at a reset
    POST   /power       {"on": false}: cut the box's power, or {"on": true}: restore it; temporary settings are lost
    POST   /plug        {"in": false}: pull the cable, every client loses the line; {"in": true}: put it back;
                        {"in": false, "scan": 3, "byte": 14}: pull it in the third scan from now, after 14 bytes
    POST   /unplug, /replug   the same, by name
    POST   /wire        {"wire": "1200 8N1"}: the box's end of a serial line
    POST   /lines       {"cts": true, "dsr": true, "ri": false, "cd": true}: the lines that the box drives; rfc2217 only
    POST   /keyboard    {"keyboard": "fr", "beyond": "drop"}: how the box types; for text also {"host_keyboard": "de",
                        "caps_lock": true, "input_method": "pinyin"}: how the host is set
    POST   /lose        {"reports": [2, 3]}: lose these reports of the next scan that is typed, counted from 0

What cannot be is a 400; what is not there on this attachment, or cannot be had again, a 409.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.bench.plugin import SimulatorContext
from harness.bench.settings import read_settings
from harness.errors import BenchError, ConfigError
from harness.line.rfc2217_server import Rfc2217Line
from harness.line.serial_format import parse_format
from simulators.kit.back_door import BackDoor, json_object
from simulators.scanner.attach_hid import WedgeAttachment
from simulators.scanner.attach_serial import SerialAttachment
from simulators.scanner.optics import MAX_BYTES, BadPicture, Sighting
from simulators.scanner.outlet import ON_LINE
from simulators.scanner.settings import KeyStream, Mode, ScannerSettings, SuffixName

if TYPE_CHECKING:
    from simulators.scanner.simulator import VirtualScanner

CONFIGURABLE = (
    "suffix", "prefix", "mode", "same_code_ms", "good_read_ms", "session_ms", "code_id", "aim_id", "beep"
)  # fmt: skip
"""What the back door can set while the box runs."""
OF_KEYBOARD = frozenset({"keyboard", "beyond", "host_keyboard", "caps_lock", "input_method"})
OF_HOST = frozenset({"host_keyboard", "caps_lock", "input_method"})
LINES = frozenset({"cts", "dsr", "ri", "cd"})
MOST_SCANS = 1_000_000


def make_back_door(context: SimulatorContext, box: "VirtualScanner") -> BackDoor:
    """The back door of a box, not started."""
    doors = _Doors(box)
    ways = {
        "/light": doors.light,
        "/configure": doors.configure,
        "/power": doors.power,
        "/plug": doors.plug,
        "/unplug": doors.unplug,
        "/replug": doors.replug,
        "/wire": doors.wire,
        "/lines": doors.lines,
        "/keyboard": doors.keyboard,
        "/lose": doors.lose,
    }
    return BackDoor(
        context,
        state=box.state,
        reset=lambda seed: box.reset(seed=seed),
        effects=ON_LINE,
        routes=[
            Route("/show", doors.show, methods=["POST"]),
            Route("/show", doors.blank, methods=["DELETE"]),
            *(Route(path, way, methods=["POST"]) for path, way in ways.items()),
        ],
    )


class _Doors:
    def __init__(self, box: "VirtualScanner") -> None:
        self._box = box

    async def show(self, request: Request) -> Response:
        try:
            view, why = await self._box.scene.show(await _picture(request))
        except BadPicture as error:
            raise HTTPException(400, str(error)) from error
        if why or not isinstance(view, Sighting):
            return JSONResponse({"read": False, "why": why})
        return JSONResponse({"read": True, "text": view.text, "symbology": view.symbology})

    async def blank(self, _: Request) -> Response:
        await self._box.scene.blank()
        return JSONResponse({})

    async def light(self, request: Request) -> Response:
        match await json_object(request):
            case {"path": str(path), **rest} if not rest:
                try:
                    await self._box.scene.set_light(path)
                except ConfigError as error:
                    raise HTTPException(400, f"{error.problem} {error.remedy}") from error
                except BadPicture as error:
                    raise HTTPException(400, str(error)) from error
                return JSONResponse({"path": path})
        raise HTTPException(400, 'say {"path": "tilt=35, blur=0.3"}')

    async def configure(self, request: Request) -> Response:
        body = await json_object(request)
        try:
            wanted = _changed(self._box.settings, body)
        except (ValueError, ConfigError) as error:
            raise HTTPException(400, error.problem if isinstance(error, ConfigError) else str(error)) from error
        return JSONResponse({"settings": dict(self._box.configure(wanted, frozenset(body)))})

    async def power(self, request: Request) -> Response:
        match await json_object(request):
            case {"on": bool(on), **rest} if not rest:
                await self._box.power(on=on)
                return JSONResponse({})
        raise HTTPException(400, 'say {"on": true} or {"on": false}')

    async def plug(self, request: Request) -> Response:
        match await json_object(request):
            case {"in": bool(into), **rest} if not rest:
                return self._plug(into=into)
            case {"in": False, "scan": int(scan), **rest} if _whole(scan, 1) and not rest.keys() - {"byte"}:
                byte = rest.get("byte", 0)
                if isinstance(byte, int) and _whole(byte, 0):
                    self._box.sending.pull_in(scan=scan, byte=byte)
                    return JSONResponse({})
        raise HTTPException(400, 'say {"in": false}, {"in": true} or {"in": false, "scan": 3, "byte": 14}')

    async def unplug(self, _: Request) -> Response:
        return self._plug(into=False)

    async def replug(self, _: Request) -> Response:
        return self._plug(into=True)

    async def wire(self, request: Request) -> Response:
        match await json_object(request):
            case {"wire": str(text), **rest} if not rest:
                try:
                    self._box.set_wire(parse_format(text))
                except ConfigError as error:
                    raise HTTPException(409, error.problem) from error
                except ValueError as error:
                    raise HTTPException(400, str(error)) from error
                return JSONResponse({})
        raise HTTPException(400, 'say {"wire": "9600 8N1"}')

    async def lines(self, request: Request) -> Response:
        body = await json_object(request)
        driven = {name: value for name, value in body.items() if isinstance(value, bool) and name in LINES}
        if driven != body:
            raise HTTPException(400, f"the lines are {', '.join(sorted(LINES))}, each true or false")
        attachment = self._box.attachment
        if not (isinstance(attachment, SerialAttachment) and isinstance(attachment.line, Rfc2217Line)):
            raise HTTPException(409, "only a box on rfc2217 has modem lines that a client sees")
        attachment.line.set_lines(**driven)
        return JSONResponse({})

    async def keyboard(self, request: Request) -> Response:
        body = await json_object(request)
        if body.keys() - OF_KEYBOARD:
            raise HTTPException(400, f"a keyboard has {', '.join(sorted(OF_KEYBOARD))}")
        if body.keys() & OF_HOST and self._box.settings.keys is not KeyStream.TEXT:
            raise HTTPException(
                409, "the host is set here only where the keys are read as text; start with --keys text"
            )
        try:
            told = read_settings(ScannerSettings, body, where="the back door")
        except ConfigError as error:
            raise HTTPException(400, f"{error.problem} {error.remedy}") from error
        try:
            self._box.set_keyboard(replace(self._box.settings, **{name: getattr(told, name) for name in body}))
        except ConfigError as error:
            raise HTTPException(409, error.problem) from error
        return JSONResponse({})

    async def lose(self, request: Request) -> Response:
        match await json_object(request):
            case {"reports": [*numbers], **rest} if not rest:
                lost = {number for number in numbers if isinstance(number, int) and _whole(number, 0)}
                if len(lost) == len(numbers):
                    if not isinstance(self._box.attachment, WedgeAttachment):
                        raise HTTPException(409, "only a box that types loses reports")
                    self._box.attachment.lose(lost)
                    return JSONResponse({})
        raise HTTPException(400, 'say {"reports": [2, 3]}')

    def _plug(self, *, into: bool) -> Response:
        try:
            self._box.plug(into=into)
        except BenchError as error:
            raise HTTPException(409, error.problem) from error
        return JSONResponse({"at": str(self._box.attachment.address)})


def _whole(number: int, least: int) -> bool:
    return not isinstance(number, bool) and least <= number <= MOST_SCANS


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
