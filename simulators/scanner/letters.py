"""The single-letter dialect of the box: it can be switched on and off, beep and be asked; all else is set by barcodes.

Assumed: the texts of its answers; that a disabled box still answers and beeps when forced; that `R` enables it again;
that a CipherLab set-up number is taken in silence and changes nothing here.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from harness.line.record import JsonValue
from harness.wire.scanner.framing import Malformed
from harness.wire.scanner.letters import SILENCE_S, BoxSide, Letter, SetUp, encode_answer
from simulators.scanner.box import Conduct
from simulators.scanner.dialect import BEEP, LED, Action, Changed, Pull, Restart, Send, Signal, not_understood
from simulators.scanner.mutants import Mutant, conduct_of
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import Mode, ScannerSettings
from simulators.scanner.style import absent_lock_out, configured_style, style_of

IDENTITY = "Liantiao virtual scanner box, family letters"
HEALTH = "0 OK"
NOT_ON_FILE: Mapping[str, JsonValue] = MappingProxyType({"why": "not-on-file", "times": 3})


class LettersDialect:
    """Silence for whatever is no command."""

    family = "letters"

    def __init__(self, settings: ScannerSettings) -> None:
        self._initial = settings
        self._settings = settings
        self._mutant = settings.mutant
        self._codec = BoxSide()
        self._style = style_of(settings)
        self._enabled = True
        self._cell_phone = False

    @property
    def values(self) -> Mapping[str, str]:
        """What can be seen of the settings."""
        return {
            "enabled": str(int(self._enabled)),
            "cell-phone": str(int(self._cell_phone)),
            "mode": self._settings.mode,
            "same-code-ms": str(self._settings.same_code_ms),
        }

    @property
    def conduct(self) -> Conduct:
        """How the box is set to behave."""
        settings = self._settings
        conduct = Conduct(
            mode=Mode(settings.mode),
            enabled=self._enabled,
            same_code_ms=settings.same_code_ms,
            good_read_ms=settings.good_read_ms,
            session_ms=settings.session_ms,
            absent=absent_lock_out(settings.lock_out, usual=True),
            beep=settings.beep,
        )
        return conduct_of(self._mutant, conduct)

    @property
    def baud(self) -> int | None:
        """The host cannot set it."""
        return None

    @property
    def silence_s(self) -> float | None:
        """How long a command of several bytes may pause."""
        return SILENCE_S if self._codec.pending else None

    def feed(self, data: bytes) -> list[Action]:
        """What the host sent, in any piece."""
        return [action for event in self._codec.feed(data) for action in self._act(event)]

    def silence(self) -> list[Action]:
        """What has begun is over."""
        return [action for event in self._codec.idle() for action in self._act(event)]

    def unanswered(self) -> list[Action]:
        """Nothing is ever awaited."""
        return []

    def scan_data(self, decoded: Sighting) -> bytes:
        """Prefix, ids, data, suffix."""
        return self._style.frame(decoded)

    def deliver(self, decoded: Sighting) -> list[Action]:
        """A scan is its frame."""
        return [Send(self.scan_data(decoded), scan=True)]

    def no_read(self) -> list[Action]:
        """Nothing is sent."""
        return []

    def power_on(self) -> list[Action]:
        """Enabled, as the bench file has it; whatever a host did is lost."""
        self._codec = BoxSide()
        return self._restart()

    def _restart(self) -> list[Action]:
        if self._mutant is not Mutant.KEEPS_TEMPORARY:
            self._settings = self._initial
            self._style = style_of(self._initial)
            self._enabled, self._cell_phone = True, False
        return [Changed(self.conduct)]

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> None:
        """Take the named settings from `wanted`; lost at a restart."""
        self._settings = replace(self._settings, **{name: getattr(wanted, name) for name in names})
        self._style = configured_style(self._style, wanted, names)

    def _act(self, event: Letter | SetUp | Malformed) -> list[Action]:
        match event:
            case Malformed():
                return [not_understood(event)]
            case SetUp(number=number):
                return [Signal("set-up", {"number": number})]
            case Letter.ENABLE | Letter.DISABLE:
                self._enabled = event is Letter.ENABLE
                return [Changed(self.conduct), Signal(LED, {"state": "steady" if self._enabled else "flashing"})]
            case Letter.RESET:
                return [*self._restart(), Restart(), Signal(BEEP, {"why": "reset"})]
            case Letter.NOT_ON_FILE:
                return [Signal(BEEP, NOT_ON_FILE)] if self._enabled else []
            case Letter.BEEP | Letter.BELL:
                return [Signal(BEEP, {"why": "host"})] if self._enabled else []
            case Letter.FORCE_BEEP:
                return [Signal(BEEP, {"why": "host"})]
            case Letter.IDENTITY:
                return [self._answer(IDENTITY)]
            case Letter.HEALTH:
                return [self._answer(HEALTH)]
            case Letter.STATE:
                return [self._answer("ENABLED" if self._enabled else "DISABLED")]
            case Letter.CELL_PHONE:
                self._cell_phone = not self._cell_phone
                return [Signal("cell-phone-mode", {"on": self._cell_phone})]
            case Letter.TRIGGER_PULL | Letter.TRIGGER_RELEASE:
                return [Pull(event is Letter.TRIGGER_PULL)]

    def _answer(self, text: str) -> Send:
        framed = self._initial.framed_answers
        return Send(encode_answer(text) if framed else text.encode() + self._style.end)
