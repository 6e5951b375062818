"""What is plugged into this machine that could be a scanner box: serial ports, HID devices and keyboards.

Linux tells it in /sys, which is read here; elsewhere pyserial lists the serial ports. A port's family is guessed from
who made it; who answers for certain is asked by `scanner_identity`. Ports are found again by their USB serial number,
or, for makers that give none, by VID:PID if only one such device is there.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from serial.tools import list_ports

from harness.devices.scanner_family import Family
from harness.line.address import Address, hid_address, serial_address, wedge_address

_KEY_BITS = frozenset({28, 30})
"""Linux key codes of Enter and A: what has both types."""


class PortKind(StrEnum):
    """How a device shows."""

    SERIAL = "serial"
    HID = "hid"
    KEYBOARD = "keyboard"


@dataclass(frozen=True, kw_only=True)
class Maker:
    """A maker's USB number, its boxes' family, and what it calls its ways to attach one, by PID."""

    name: str
    family: Family | None
    modes: tuple[tuple[int, int, str], ...] = ()
    """Mask, value, name: the first whose masked PID fits."""


MAKERS: dict[int, Maker] = {
    0x1EAB: Maker(
        name="Newland",
        family=Family.NEWLAND,
        modes=((0xFF, 0x03, "keyboard"), (0xFF, 0x06, "USB-CDC"), (0xFF, 0x10, "HID-POS")),
    ),
    0x0C2E: Maker(name="Honeywell", family=Family.HONEYWELL),
    0x0536: Maker(name="Hand Held Products", family=Family.HONEYWELL),
    0x05E0: Maker(
        name="Symbol/Zebra",
        family=Family.SSI,
        modes=(
            (0xFFFF, 0x1200, "keyboard"),
            (0xFFFF, 0x1300, "HID-POS"),
            (0xFFFF, 0x1701, "USB-CDC"),
            (0xFFFF, 0x1900, "SNAPI"),
        ),
    ),
    0x05F9: Maker(
        name="Datalogic", family=Family.LETTERS, modes=((0xFFFF, 0x4204, "USB-COM"), (0xFF, 0x06, "keyboard"))
    ),
    0x0403: Maker(name="FTDI bridge", family=None),
    0x10C4: Maker(name="Silicon Labs bridge", family=None),
    0x1A86: Maker(name="WCH bridge", family=None),
    0x067B: Maker(name="Prolific bridge", family=None),
}
"""Who is known. PID 1300 is likely, the bridges are common knowledge; a bridge says nothing of the box behind it."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """One way in to a device of this machine; USB numbers are None for what is not on USB."""

    kind: PortKind
    path: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str = ""
    product: str = ""

    @property
    def address(self) -> Address:
        """As a bench file spells it."""
        match self.kind:
            case PortKind.SERIAL:
                return serial_address(self.path)
            case PortKind.HID:
                return hid_address(self.path)
            case PortKind.KEYBOARD:
                return wedge_address(self.path)

    @property
    def usb(self) -> str:
        """`1EAB:1D06`, or nothing."""
        return "" if self.vid is None or self.pid is None else f"{self.vid:04X}:{self.pid:04X}"

    @property
    def maker(self) -> Maker | None:
        """Who made it, if the maker is known."""
        return None if self.vid is None else MAKERS.get(self.vid)

    @property
    def family(self) -> Family | None:
        """The family that boxes of this maker speak; None for a bridge or an unknown maker."""
        return self.maker.family if self.maker else None

    @property
    def mode(self) -> str:
        """How the maker calls this way to attach the box."""
        if self.maker is None or self.pid is None:
            return ""
        return next((name for mask, value, name in self.maker.modes if self.pid & mask == value), "")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a box is found again by."""

    kind: PortKind
    vid: int
    pid: int
    serial_number: str


def identity_of(port: Port) -> Identity | None:
    """A port's identity; None for what is not on USB."""
    if port.vid is None or port.pid is None:
        return None
    return Identity(kind=port.kind, vid=port.vid, pid=port.pid, serial_number=port.serial_number)


def find_again(identity: Identity, ports: Iterable[Port]) -> Port | None:
    """The port of a box, wherever it is now; None when it is not there, or two look alike and have no serial number."""
    alike = [
        port
        for port in ports
        if (port.kind, port.vid, port.pid) == (identity.kind, identity.vid, identity.pid)
        and port.serial_number == identity.serial_number
    ]
    return alike[0] if len(alike) == 1 else None


class Machine:
    """The ports of a Linux machine; `root` is where its /sys and /dev are, for tests and containers."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._sys = root / "sys" / "class"
        self.dev = root / "dev"

    def ports(self) -> list[Port]:
        """Serial ports with hardware behind them, HID devices and keyboards, in the order of their names."""
        if not self._sys.is_dir():
            return _by_pyserial()
        return [*self._serial(), *self._hid(), *self._keyboards()]

    def port_at(self, path: str) -> Port | None:
        """The port of a path, which may be a link to it; None for what is no port of hardware."""
        try:
            real = Path(path).resolve()
        except (OSError, RuntimeError):
            return None
        for port in self.ports():
            if port.path == path or Path(port.path).resolve() == real:
                return port
        return None

    def _serial(self) -> list[Port]:
        found = []
        for entry in _entries(self._sys / "tty"):
            device = entry / "device"
            if not device.exists() or _absent(entry):
                continue
            found.append(self._port(PortKind.SERIAL, self.dev / entry.name, device))
        return found

    def _hid(self) -> list[Port]:
        return [
            self._port(PortKind.HID, self.dev / entry.name, entry / "device")
            for entry in _entries(self._sys / "hidraw")
        ]

    def _keyboards(self) -> list[Port]:
        return [
            self._port(PortKind.KEYBOARD, self.dev / "input" / entry.name, entry / "device")
            for entry in _entries(self._sys / "input")
            if entry.name.startswith("event") and _types(_text(entry / "device" / "capabilities" / "key"))
        ]

    def _port(self, kind: PortKind, path: Path, device: Path) -> Port:
        name = _text(device / "name")
        try:
            real = device.resolve()
        except (OSError, RuntimeError):
            real = device
        for folder in (real, *real.parents):
            if (folder / "idVendor").is_file():
                return Port(
                    kind=kind,
                    path=str(path),
                    vid=_hex(_text(folder / "idVendor")),
                    pid=_hex(_text(folder / "idProduct")),
                    serial_number=_text(folder / "serial"),
                    product=" ".join(filter(None, (_text(folder / "manufacturer"), _text(folder / "product")))) or name,
                )
        return Port(kind=kind, path=str(path), product=name)


def _by_pyserial() -> list[Port]:
    return [
        Port(
            kind=PortKind.SERIAL,
            path=info.device,
            vid=info.vid,
            pid=info.pid,
            serial_number=info.serial_number or "",
            product=info.product or "",
        )
        for info in sorted(list_ports.comports(), key=lambda info: str(info.device))
    ]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _absent(entry: Path) -> bool:
    """Whether a serial port of the board is a name without a chip, as Linux lists dozens of."""
    return _text(entry / "type") == "0" and sys.platform == "linux"


def _types(bits: str) -> bool:
    """Whether a capability mask (words of 64 bits in hexadecimal, the last one first) has a keyboard's keys."""
    mask = 0
    for word in bits.split():
        value = _hex(word)
        if value is None:
            return False
        mask = (mask << 64) | value
    return all(mask >> bit & 1 for bit in _KEY_BITS)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _hex(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None
