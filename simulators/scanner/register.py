"""The register dialect of the box: 256 registers, of which few do something; `save` makes all of them permanent.

Published: 0000 (mode, illumination, aim, beep), 0002 trigger, 0006 read time, 0013 same-code delay, 002A speed of the
line, 00D0 AIM id. Assumed: 0005 good-read delay, 000F reads at all, 0060 end of a scan, 00D9 restart and defaults, and
that the other registers keep what is written.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from harness.wire.scanner.framing import Malformed
from harness.wire.scanner.register import (
    SILENCE_S,
    BoxSide,
    Command,
    Kind,
    Status,
    WrongCrc,
    encode_answer,
)
from simulators.scanner.box import Conduct
from simulators.scanner.dialect import Action, Changed, Pull, Restart, Send, not_understood
from simulators.scanner.mutants import Mutant, checked, conduct_of
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import Mode, ScannerSettings
from simulators.scanner.style import ScanStyle, Store, absent_lock_out, configured_style, style_of

SIZE = 0x100
BASICS, TRIGGER, GOOD_READ, READ_TIME, ENABLE = 0x0000, 0x0002, 0x0005, 0x0006, 0x000F
SAME_CODE, BAUD, TAIL, AIM, RESTART = 0x0013, 0x002A, 0x0060, 0x00D0, 0x00D9
MODES: Mapping[int, Mode] = MappingProxyType({0: Mode.LEVEL, 1: Mode.HOST, 2: Mode.CONTINUOUS, 3: Mode.SENSE})
_MODE_BITS = {mode: bits for bits, mode in MODES.items()} | {Mode.PULSE: 0, Mode.PRESENTATION: 3}
BEEP_BIT, LIGHTS = 0x40, 0x94
"""Bit 6 of 0000; the factory's illumination, aim and lamp in its other bits."""
DELAY_ON = 0x80
CRYSTAL = 3_000_000
"""The speed of the line is this, divided by the number in 002A, low byte first."""
TAILS: Mapping[int, bytes] = MappingProxyType({1: b"\r", 2: b"\r\n", 3: b"\t", 4: b"\n", 0: b""})
_TAIL_NUMBERS = {tail: number for number, tail in TAILS.items()}
RESTART_NOW, DEFAULTS = 0x00, 0x55


def initial_registers(settings: ScannerSettings) -> dict[str, str]:
    """The registers as the bench file has them."""
    registers = bytearray(SIZE)
    registers[BASICS] = _MODE_BITS[settings.mode] | LIGHTS | (BEEP_BIT if settings.beep else 0)
    registers[GOOD_READ] = _tenths(settings.good_read_ms, 0xFF)
    registers[READ_TIME] = _tenths(settings.session_ms, 0xFF)
    registers[ENABLE] = 1
    registers[SAME_CODE] = _tenths(settings.same_code_ms, 0x7F) | (DELAY_ON if settings.same_code_ms else 0)
    divisor = min(0xFFFF, max(1, -(-CRYSTAL // settings.baud)))
    registers[BAUD : BAUD + 2] = divisor.to_bytes(2, "little")
    registers[TAIL] = _TAIL_NUMBERS[settings.suffix.sent]
    registers[AIM] = 0x80 if settings.aim_id else 0
    return {f"{address:04X}": f"{value:02X}" for address, value in enumerate(registers)}


def _tenths(ms: int, most: int) -> int:
    return min(most, -(-ms // 100))


class RegisterDialect:
    """Status 01 for a wrong CRC, 03 for what is no register or no type, silence for what is no command."""

    family = "register"

    def __init__(self, settings: ScannerSettings) -> None:
        self._settings = settings
        self._mutant = settings.mutant
        self._codec = BoxSide()
        self._style = style_of(settings)
        self._store = Store(initial_registers(settings), initial_registers(ScannerSettings()), settings.mutant)
        self._baud_set = False

    @property
    def values(self) -> Mapping[str, str]:
        """The registers that are not 00, by address."""
        return {name: value for name, value in self._store.values.items() if value != "00"}

    @property
    def conduct(self) -> Conduct:
        """How the box is set to behave."""
        same_code = self._register(SAME_CODE)
        conduct = Conduct(
            mode=self._mode(),
            enabled=self._register(ENABLE) != 0,
            same_code_ms=(same_code & 0x7F) * 100 if same_code & DELAY_ON else 0,
            good_read_ms=self._register(GOOD_READ) * 100,
            session_ms=self._register(READ_TIME) * 100,
            absent=absent_lock_out(self._settings.lock_out, usual=False),
            beep=bool(self._register(BASICS) & BEEP_BIT),
        )
        return conduct_of(self._mutant, conduct)

    @property
    def baud(self) -> int | None:
        """The line's speed, once the host has set it, to the nearest hundred."""
        divisor = self._register(BAUD) | self._register(BAUD + 1) << 8
        return round(CRYSTAL / divisor / 100) * 100 if self._baud_set and divisor else None

    @property
    def silence_s(self) -> float | None:
        """How long a command that has begun may pause."""
        return SILENCE_S if self._codec.pending else None

    def feed(self, data: bytes) -> list[Action]:
        """What the host sent, in any piece."""
        return [action for event in self._codec.feed(data) for action in self._act(event)]

    def silence(self) -> list[Action]:
        """A command that has begun is given up."""
        return [action for event in self._codec.idle() for action in self._act(event)]

    def unanswered(self) -> list[Action]:
        """Nothing is ever awaited."""
        return []

    def scan_data(self, decoded: Sighting) -> bytes:
        """Prefix, ids, data, tail."""
        return self._styled().frame(decoded)

    def deliver(self, decoded: Sighting) -> list[Action]:
        """A scan is its frame."""
        return [Send(self.scan_data(decoded), scan=True)]

    def no_read(self) -> list[Action]:
        """Nothing is sent."""
        return []

    def power_on(self) -> list[Action]:
        """Saved registers hold."""
        self._store.restart()
        self._style = style_of(self._settings)
        self._codec = BoxSide()
        self._baud_set = False
        return [Changed(self.conduct, self.baud)]

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> None:
        """Take the named settings from `wanted`; lost at a restart."""
        self._settings = wanted
        self._style = configured_style(self._style, wanted, names)
        fresh = initial_registers(wanted)
        addresses = {
            "mode": BASICS, "beep": BASICS, "good_read_ms": GOOD_READ, "session_ms": READ_TIME,
            "same_code_ms": SAME_CODE, "suffix": TAIL, "aim_id": AIM,
        }  # fmt: skip
        for name in names & addresses.keys():
            key = f"{addresses[name]:04X}"
            self._store.set(key, fresh[key], permanent=False)

    def _register(self, address: int) -> int:
        return int(self._store.values[f"{address:04X}"], 16)

    def _mode(self) -> Mode:
        bits = self._register(BASICS) & 0x03
        return Mode(self._settings.mode) if _MODE_BITS[self._settings.mode] == bits else MODES[bits]

    def _styled(self) -> ScanStyle:
        suffix = TAILS.get(self._register(TAIL), self._style.suffix)
        return replace(self._style, suffix=suffix, aim=bool(self._register(AIM) & 0x80))

    def _act(self, event: Command | WrongCrc | Malformed) -> list[Action]:
        match event:
            case Malformed():
                return [not_understood(event)]
            case WrongCrc():
                return [self._answer(Status.WRONG_CRC)]
            case Command(kind=Kind.READ, address=address, data=data) if len(data) == 1:
                return self._read(address, data[0] or SIZE)
            case Command(kind=Kind.WRITE, address=address, data=data):
                return self._write(address, data)
            case Command(kind=Kind.SAVE, address=0, data=b"\x00"):
                self._store.save()
                return [self._answer(Status.DONE)]
            case Command(kind=Kind.HEARTBEAT):
                return [Send(checked(self._mutant, encode_answer(Status.DONE, alive=True)))]
            case _:
                return [self._answer(Status.INVALID)]

    def _read(self, address: int, count: int) -> list[Action]:
        if address + count > SIZE:
            return [self._answer(Status.INVALID)]
        data = bytes(self._register(place) for place in range(address, address + count))
        return [self._answer(Status.DONE, data)]

    def _write(self, address: int, data: bytes) -> list[Action]:
        if address + len(data) > SIZE:
            return [self._answer(Status.INVALID)]
        later: list[Action] = []
        for place, value in enumerate(data, start=address):
            if place == TRIGGER:
                later.append(Pull(bool(value & 1)))
            elif place == RESTART:
                later += self._restart(value)
            else:
                self._store.set(f"{place:04X}", f"{value:02X}", permanent=False)
                self._baud_set = self._baud_set or place in {BAUD, BAUD + 1}
        return [self._answer(Status.DONE), Changed(self.conduct, self.baud), *later]

    def _restart(self, value: int) -> list[Action]:
        if value == DEFAULTS:
            self._store.factory()
        elif value == RESTART_NOW:
            self._store.restart()
        else:
            return []
        self._baud_set = False
        return [Restart()]

    def _answer(self, status: Status, data: bytes = b"\x00") -> Send:
        if self._mutant is Mutant.DOES_WHAT_IT_REFUSES:
            status = Status.DONE
        return Send(checked(self._mutant, encode_answer(status, data)))
