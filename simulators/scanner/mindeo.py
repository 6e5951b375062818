"""A Mindeo box: framed as the Honeywell family, with numbers for tags; few of them are published."""

from collections.abc import Mapping
from dataclasses import replace

from harness.wire.scanner.framing import Malformed
from harness.wire.scanner.honeywell import (
    SILENCE_S,
    Acknowledged,
    BoxSide,
    Command,
    Item,
    Outcome,
    Query,
    Status,
    Storage,
    encode_answer,
)
from harness.wire.scanner.honeywell import Action as Deed
from harness.wire.scanner.honeywell_parameters import (
    MINDEO,
    MINDEO_ENABLE,
    MINDEO_MODE,
    MINDEO_REREAD,
    MINDEO_SESSION,
    MINDEO_SUFFIX,
)
from harness.wire.scanner.newland_parameters import OneOf
from simulators.scanner.box import Conduct
from simulators.scanner.dialect import BEEP, Action, Changed, Pull, Send, Signal, not_understood
from simulators.scanner.mutants import Mutant, conduct_of
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import Mode, ScannerSettings
from simulators.scanner.style import Store, absent_lock_out, configured_style, style_of

MODES: Mapping[str, Mode] = {
    "01": Mode.LEVEL, "02": Mode.SENSE, "03": Mode.CONTINUOUS, "04": Mode.PULSE, "05": Mode.HOST,
    "06": Mode.PRESENTATION,
}  # fmt: skip
_MODE_NUMBERS = {mode: number for number, mode in MODES.items()}
SUFFIXES: Mapping[str, bytes] = {"00": b"", "01": b"\r", "02": b"\n", "03": b"\r\n", "04": b"\t"}
_SUFFIX_NUMBERS = {suffix: number for number, suffix in SUFFIXES.items()}
_BEHIND = {
    "mode": MINDEO_MODE, "session_ms": MINDEO_SESSION, "same_code_ms": MINDEO_REREAD, "suffix": MINDEO_SUFFIX,
}  # fmt: skip


def initial_values(settings: ScannerSettings) -> dict[str, str]:
    """The box's permanent settings as the bench file has them, over the factory's."""
    return {tag: row.default for tag, row in MINDEO.items()} | {
        MINDEO_MODE: _MODE_NUMBERS[settings.mode],
        MINDEO_REREAD: f"{min(99, -(-settings.same_code_ms // 100)):02}",
        MINDEO_SESSION: f"{min(99, -(-settings.session_ms // 1000)):02}",
        MINDEO_SUFFIX: _SUFFIX_NUMBERS[settings.suffix.sent],
    }


class MindeoDialect:
    """Settings by number; ENQ for a number that it has not, NAK for a value that it refuses."""

    family = "mindeo"

    def __init__(self, settings: ScannerSettings) -> None:
        self._settings = settings
        self._mutant = settings.mutant
        self._codec = BoxSide()
        factory = {tag: row.default for tag, row in MINDEO.items()}
        self._store = Store(initial_values(settings), factory, settings.mutant)
        self._style = style_of(settings)

    @property
    def values(self) -> Mapping[str, str]:
        """The settings by number."""
        return self._store.values

    @property
    def conduct(self) -> Conduct:
        """How the box is set to behave."""
        values = self._store.values
        conduct = Conduct(
            mode=MODES[values[MINDEO_MODE]],
            enabled=values[MINDEO_ENABLE] == "01",
            same_code_ms=int(values[MINDEO_REREAD]) * 100,
            good_read_ms=self._settings.good_read_ms,
            session_ms=int(values[MINDEO_SESSION]) * 1000,
            absent=absent_lock_out(self._settings.lock_out, usual=False),
            beep=self._settings.beep,
        )
        return conduct_of(self._mutant, conduct)

    @property
    def baud(self) -> int | None:
        """The host cannot set it: its number is not published."""
        return None

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
        """Prefix, ids, data, suffix."""
        return replace(self._style, suffix=SUFFIXES[self._store.values[MINDEO_SUFFIX]]).frame(decoded)

    def deliver(self, decoded: Sighting) -> list[Action]:
        """A scan is its frame."""
        return [Send(self.scan_data(decoded), scan=True)]

    def no_read(self) -> list[Action]:
        """Nothing is sent."""
        return []

    def power_on(self) -> list[Action]:
        """Permanent settings hold."""
        self._store.restart()
        self._style = style_of(self._settings)
        self._codec = BoxSide()
        return [Changed(self.conduct)]

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> None:
        """Take the named settings from `wanted`; lost at a restart."""
        self._settings = wanted
        self._style = configured_style(self._style, wanted, names)
        values = initial_values(wanted)
        for name in names & _BEHIND.keys():
            self._store.set(_BEHIND[name], values[_BEHIND[name]], permanent=False)

    def _act(self, event: Command | Deed | Acknowledged | Malformed) -> list[Action]:
        match event:
            case Malformed():
                return [not_understood(event)]
            case Acknowledged():
                return []
            case Deed.BEEP:
                return [Signal(BEEP, {"why": "host"})]
            case Deed.TRIGGER | Deed.UNTRIGGER:
                return [Pull(event is Deed.TRIGGER)]
            case Command():
                outcomes = [self._outcome(item, event.storage) for item in event.items]
                return [Send(encode_answer(event, outcomes, closed=False)), Changed(self.conduct)]

    def _outcome(self, item: Item, storage: Storage) -> Outcome:
        done = self._done(item, permanent=storage is Storage.PERMANENT)
        if self._mutant is Mutant.DOES_WHAT_IT_REFUSES and done.status is not Status.DONE:
            return Outcome(status=Status.DONE)
        return done

    def _done(self, item: Item, *, permanent: bool) -> Outcome:
        row = MINDEO.get(item.tag)
        if row is None:
            return Outcome(status=Status.NO_SUCH_TAG)
        match item.query:
            case Query.CURRENT:
                return Outcome(status=Status.DONE, told=f"{item.tag}D{self._store.values[item.tag]}")
            case Query.FACTORY:
                return Outcome(status=Status.DONE, told=f"{item.tag}D{row.default}")
            case Query.RANGE:
                values = row.values
                told = f"{values.values[0]}-{values.values[-1]}" if isinstance(values, OneOf) else str(values)
                return Outcome(status=Status.DONE, told=f"{item.tag}D{told}")
        value = item.data.removeprefix("D").removeprefix("d")
        if len(item.data) != 3 or len(value) != 2 or not row.values.accepts(value):
            return Outcome(status=Status.REFUSED)
        self._store.set(item.tag, value, permanent=permanent)
        return Outcome(status=Status.DONE)
