"""The Newland dialect of the box: its settings, current and permanent, and what it answers to commands."""

from collections.abc import Mapping
from types import MappingProxyType

from harness.wire.scanner.framing import Malformed
from harness.wire.scanner.newland import (
    SILENCE_S,
    BoxSide,
    Command,
    Item,
    LegacyTrigger,
    Outcome,
    Query,
    Status,
    Storage,
    encode_answer,
)
from harness.wire.scanner.newland_parameters import (
    AIM_ID,
    BAUD,
    BAUDS,
    BEEP_ENABLE,
    CODE_ID,
    FACTORY_DEFAULTS,
    GOOD_READ_ENABLE,
    GOOD_READ_MS,
    HEALTH,
    ONE_READ_MS,
    PARAMETERS,
    PREFIX_ENABLE,
    PREFIX_SET,
    REBOOT,
    REREAD_ENABLE,
    REREAD_MS,
    SCAN_ENABLE,
    SCAN_MODE,
    SENSOR_SIZE,
    SUFFIX_ENABLE,
    SUFFIX_SET,
    SYSTEM_INFO,
    TRIGGER,
)
from simulators.scanner.box import Conduct
from simulators.scanner.dialect import Action, Changed, Pull, Restart, Send, not_understood
from simulators.scanner.mutants import Mutant, conduct_of
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import Mode, ScannerSettings
from simulators.scanner.style import ScanStyle, Store, absent_lock_out

MODES: Mapping[str, Mode] = MappingProxyType({"0": Mode.LEVEL, "2": Mode.SENSE, "3": Mode.CONTINUOUS, "4": Mode.PULSE})
_MODE_NUMBERS = {mode: number for number, mode in MODES.items()} | {Mode.HOST: "0", Mode.PRESENTATION: "2"}
SYSTEM = "Liantiao virtual scanner box, family newland"
"""The answer to `QRYSYS`."""
TAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "suffix": (SUFFIX_ENABLE, SUFFIX_SET),
        "prefix": (PREFIX_ENABLE, PREFIX_SET),
        "mode": (SCAN_MODE,),
        "same_code_ms": (REREAD_ENABLE, REREAD_MS),
        "good_read_ms": (GOOD_READ_ENABLE, GOOD_READ_MS),
        "session_ms": (ONE_READ_MS,),
        "code_id": (CODE_ID,),
        "aim_id": (AIM_ID,),
        "beep": (BEEP_ENABLE,),
    }
)
"""The tags behind each setting that can be changed while the box runs."""
DONE = Outcome(status=Status.DONE)


def initial_values(settings: ScannerSettings) -> dict[str, str]:
    """The box's permanent settings as the bench file has them, over the factory's."""
    values = {tag: row.default for tag, row in PARAMETERS.items()}
    values[SCAN_MODE] = _MODE_NUMBERS[settings.mode]
    values[CODE_ID] = str(int(settings.code_id))
    values[AIM_ID] = str(int(settings.aim_id))
    values[BEEP_ENABLE] = str(int(settings.beep))
    values[ONE_READ_MS] = str(settings.session_ms)
    _set_optional(values, REREAD_ENABLE, REREAD_MS, settings.same_code_ms and str(settings.same_code_ms))
    _set_optional(values, GOOD_READ_ENABLE, GOOD_READ_MS, settings.good_read_ms and str(settings.good_read_ms))
    _set_optional(values, SUFFIX_ENABLE, SUFFIX_SET, settings.suffix.sent.hex().upper())
    _set_optional(values, PREFIX_ENABLE, PREFIX_SET, settings.prefix_bytes.hex().upper())
    return values


def _set_optional(values: dict[str, str], enable: str, setting: str, value: str | int) -> None:
    values[enable] = "1" if value else "0"
    if value:
        values[setting] = str(value)


class NewlandDialect:
    """Settings by tag; ENQ for a tag that it has not, NAK for a value out of range, silence for what is no command."""

    family = "newland"

    def __init__(self, settings: ScannerSettings) -> None:
        self._settings = settings
        self._mutant = settings.mutant
        self._codec = BoxSide()
        factory = {tag: row.default for tag, row in PARAMETERS.items()}
        self._store = Store(initial_values(settings), factory, settings.mutant)
        self._baud_set = False

    @property
    def values(self) -> Mapping[str, str]:
        """The settings by tag."""
        return self._store.values

    @property
    def conduct(self) -> Conduct:
        """How the box is set to behave."""
        values = self._store.values
        conduct = Conduct(
            mode=self._mode(),
            enabled=values[SCAN_ENABLE] == "1",
            same_code_ms=int(values[REREAD_MS]) if values[REREAD_ENABLE] == "1" else 0,
            good_read_ms=int(values[GOOD_READ_MS]) if values[GOOD_READ_ENABLE] == "1" else 0,
            session_ms=int(values[ONE_READ_MS]),
            absent=absent_lock_out(self._settings.lock_out, usual=False),
            beep=values[BEEP_ENABLE] == "1",
        )
        return conduct_of(self._mutant, conduct)

    @property
    def baud(self) -> int | None:
        """The line's speed, once the host has set it."""
        return BAUDS[int(self._store.values[BAUD])] if self._baud_set else None

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
        """Prefix, code id, AIM id, data, suffix."""
        return self._style().frame(decoded)

    def deliver(self, decoded: Sighting) -> list[Action]:
        """A scan is its frame."""
        return [Send(self.scan_data(decoded), scan=True)]

    def no_read(self) -> list[Action]:
        """Nothing is sent."""
        return []

    def power_on(self) -> list[Action]:
        """Permanent settings hold."""
        self._store.restart()
        self._codec = BoxSide()
        self._baud_set = False
        return [Changed(self.conduct, self.baud)]

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> None:
        """Take the named settings from `wanted`; lost at a restart."""
        self._settings = wanted
        values = initial_values(wanted)
        for name in names:
            for tag in TAGS.get(name, ()):
                self._store.set(tag, values[tag], permanent=False)

    def _mode(self) -> Mode:
        """The mode by its number; of those with one number, the one that the bench file names."""
        number = self._store.values[SCAN_MODE]
        return Mode(self._settings.mode) if _MODE_NUMBERS[self._settings.mode] == number else MODES[number]

    def _style(self) -> ScanStyle:
        values = self._store.values
        return ScanStyle(
            prefix=bytes.fromhex(values[PREFIX_SET]) if values[PREFIX_ENABLE] == "1" else b"",
            suffix=bytes.fromhex(values[SUFFIX_SET]) if values[SUFFIX_ENABLE] == "1" else b"",
            letter=values[CODE_ID] == "1",
            aim=values[AIM_ID] == "1",
            mutant=self._mutant,
        )

    def _act(self, event: Command | LegacyTrigger | Malformed) -> list[Action]:
        match event:
            case LegacyTrigger(on=on):
                return [Pull(on)]
            case Malformed():
                return [not_understood(event)]
            case Command():
                return self._execute(event)

    def _execute(self, command: Command) -> list[Action]:
        outcomes = [self._outcome(item, command.storage) for item in command.items]
        actions: list[Action] = [Send(encode_answer(command, outcomes)), Changed(self.conduct, self.baud)]
        for item in command.items:
            if item.tag == TRIGGER and item.data in {"0", "1"}:
                actions.append(Pull(item.data == "1"))
            elif item.tag in {FACTORY_DEFAULTS, REBOOT} and not item.data:
                actions.append(Restart())
        return actions

    def _outcome(self, item: Item, storage: Storage) -> Outcome:
        outcome = self._done(item, storage)
        if self._mutant is Mutant.DOES_WHAT_IT_REFUSES and outcome.status is not Status.DONE:
            return DONE
        return outcome

    def _done(self, item: Item, storage: Storage) -> Outcome:
        match item.tag, item.data:
            case "SCNTRG", "0" | "1":
                return DONE
            case "SCNTRG", _:
                return Outcome(status=Status.OUT_OF_RANGE)
            case ("QRYSYS", "" | "*") | ("DEVQRY", "*") | ("IMGGWH", ""):
                return Outcome(status=Status.DONE, data=_TOLD[item.tag])
            case (("QRYSYS" | "DEVQRY" | "IMGGWH"), _):
                return Outcome(status=Status.OUT_OF_RANGE)
            case (("FACDEF" | "REBOOT"), data):
                if data:
                    return Outcome(status=Status.OUT_OF_RANGE)
                self._restart(factory=item.tag == FACTORY_DEFAULTS)
                return DONE
        return self._set(item, storage)

    def _restart(self, *, factory: bool) -> None:
        if factory:
            self._store.factory()
        else:
            self._store.restart()
        self._baud_set = False

    def _set(self, item: Item, storage: Storage) -> Outcome:
        row = PARAMETERS.get(item.tag)
        if row is None:
            return Outcome(status=Status.NO_SUCH_TAG)
        match item.query:
            case Query.CURRENT:
                return Outcome(status=Status.DONE, data=self._store.values[row.tag])
            case Query.FACTORY:
                return Outcome(status=Status.DONE, data=row.default)
            case Query.RANGE:
                return Outcome(status=Status.DONE, data=str(row.values).replace(",", "/"))
        if not row.values.accepts(item.data):
            return Outcome(status=Status.OUT_OF_RANGE)
        self._store.set(row.tag, item.data, permanent=storage is Storage.PERMANENT)
        self._baud_set = self._baud_set or row.tag == BAUD
        return DONE


_TOLD = {SYSTEM_INFO: SYSTEM, HEALTH: "OK", SENSOR_SIZE: "752W480H"}
