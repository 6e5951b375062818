"""The Newland dialect of the box: its settings, current and permanent, and what it answers to commands."""

from collections.abc import Mapping
from types import MappingProxyType

from harness.wire.scanner.framing import ScanFraming, frame_scan
from harness.wire.scanner.newland import Command, Item, Outcome, Query, Status, Storage
from harness.wire.scanner.newland_parameters import (
    CODE_ID,
    CODE_IDS,
    FACTORY_DEFAULTS,
    GOOD_READ_ENABLE,
    GOOD_READ_MS,
    ONE_READ_MS,
    PARAMETERS,
    PREFIX_ENABLE,
    PREFIX_SET,
    REBOOT,
    REREAD_ENABLE,
    REREAD_MS,
    SCAN_ENABLE,
    SCAN_MODE,
    SUFFIX_ENABLE,
    SUFFIX_SET,
    SYSTEM_INFO,
    TRIGGER,
)
from simulators.scanner.box import Conduct
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import Mode, ScannerSettings

MODES: Mapping[str, Mode] = MappingProxyType({"0": Mode.LEVEL, "2": Mode.SENSE, "3": Mode.CONTINUOUS, "4": Mode.PULSE})
_MODE_NUMBERS = {mode: number for number, mode in MODES.items()}
SYSTEM = "Liantiao virtual scanner box, family newland"
"""The answer to `QRYSYS`."""
TAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "suffix": (SUFFIX_ENABLE, SUFFIX_SET),
        "prefix": (PREFIX_ENABLE, PREFIX_SET),
        "mode": (SCAN_MODE,),
        "same_code_ms": (REREAD_ENABLE, REREAD_MS),
        "good_read_ms": (GOOD_READ_ENABLE, GOOD_READ_MS),
        "code_id": (CODE_ID,),
    }
)
"""The tags behind each setting that can be changed while the box runs."""
DONE = Outcome(status=Status.DONE)


def initial_values(settings: ScannerSettings) -> dict[str, str]:
    """The box's permanent settings as the bench file has them, over the factory's."""
    values = {tag: row.default for tag, row in PARAMETERS.items()}
    values[SCAN_MODE] = _MODE_NUMBERS[settings.mode]
    values[CODE_ID] = str(int(settings.code_id))
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
    """Settings by tag. `execute` changes them and says what to answer; the trigger is left to its caller."""

    def __init__(self, permanent: Mapping[str, str]) -> None:
        self._permanent = dict(permanent)
        self.values = dict(permanent)
        self.changed()

    def changed(self) -> None:
        """Work out anew what follows from the values."""
        values = self.values
        self.conduct = Conduct(
            mode=MODES[values[SCAN_MODE]],
            enabled=values[SCAN_ENABLE] == "1",
            same_code_ms=int(values[REREAD_MS]) if values[REREAD_ENABLE] == "1" else 0,
            good_read_ms=int(values[GOOD_READ_MS]) if values[GOOD_READ_ENABLE] == "1" else 0,
            session_ms=int(values[ONE_READ_MS]),
        )
        self.framing = ScanFraming(
            prefix=bytes.fromhex(values[PREFIX_SET]) if values[PREFIX_ENABLE] == "1" else b"",
            suffix=bytes.fromhex(values[SUFFIX_SET]) if values[SUFFIX_ENABLE] == "1" else b"",
        )
        self._code_ids = CODE_IDS if values[CODE_ID] == "1" else {}

    def frame(self, sighting: Sighting) -> bytes:
        """A scan as it leaves: prefix, code id, data, suffix."""
        return frame_scan(self._code_ids.get(sighting.symbology, b"") + sighting.data, self.framing)

    def apply(self, values: Mapping[str, str]) -> None:
        """Change settings from outside, as a configuration barcode would; lost at a restart."""
        self.values |= values
        self.changed()

    def execute(self, command: Command) -> tuple[list[Outcome], list[bool]]:
        """Do what a command says; returns the outcomes, item by item, and the triggers that follow the answer."""
        outcomes, triggers = [], []
        for item in command.items:
            if item.tag == TRIGGER and item.data in {"0", "1"}:
                triggers.append(item.data == "1")
            outcomes.append(self._execute(item, command.storage))
        self.changed()
        return outcomes, triggers

    def _execute(self, item: Item, storage: Storage) -> Outcome:
        if item.tag == TRIGGER:
            return DONE if item.data in {"0", "1"} else Outcome(status=Status.OUT_OF_RANGE)
        if item.tag == SYSTEM_INFO:
            return Outcome(status=Status.DONE, data=SYSTEM)
        if item.tag in {FACTORY_DEFAULTS, REBOOT}:
            if item.tag == FACTORY_DEFAULTS:
                self._permanent = {tag: row.default for tag, row in PARAMETERS.items()}
            self.values = dict(self._permanent)
            return DONE
        row = PARAMETERS.get(item.tag)
        if row is None:
            return Outcome(status=Status.NO_SUCH_TAG)
        match item.query:
            case Query.CURRENT:
                return Outcome(status=Status.DONE, data=self.values[row.tag])
            case Query.FACTORY:
                return Outcome(status=Status.DONE, data=row.default)
            case Query.RANGE:
                return Outcome(status=Status.DONE, data=str(row.values).replace(",", "/"))
        if not row.values.accepts(item.data):
            return Outcome(status=Status.OUT_OF_RANGE)
        self.values[row.tag] = item.data
        if storage is Storage.PERMANENT:
            self._permanent[row.tag] = item.data
        return DONE
