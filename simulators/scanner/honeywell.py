"""The Honeywell menu dialect of the box: settings by tag, ENQ for a tag it has not, NAK for a value it refuses.

What is no command is met with silence. Assumed: an item that is refused does not keep the others from being done;
answers spell tags in capitals, whatever the host wrote.
"""

from collections.abc import Mapping

from harness.wire.scanner.framing import Malformed
from harness.wire.scanner.honeywell import (
    NO_READ,
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
    encode_headed,
)
from harness.wire.scanner.honeywell import Action as Deed
from harness.wire.scanner.honeywell_parameters import (
    ACKNOWLEDGE,
    AIM_ESCAPE,
    ALL_ENABLE,
    ALL_SYMBOLOGIES,
    BAUD,
    BEEP_ENABLE,
    BEEP_NOW,
    CLEAR_PREFIXES,
    CLEAR_SUFFIXES,
    DEFAULTS,
    GOOD_READ_MS,
    HEADER,
    INTERFACE_DEFAULTS,
    LETTER_ESCAPE,
    MODES_AT_ONCE,
    PARAMETERS,
    PREFIX,
    REREAD_MS,
    REVISION,
    SESSION_MS,
    SUFFIX,
    SUFFIX_CR,
    TRIGGER_MODE,
)
from harness.wire.scanner.honeywell_parameters import NO_READ as NO_READ_TAG
from harness.wire.scanner.newland_parameters import BAUDS, HexBytes, OneOf, Parameter
from simulators.scanner.box import Conduct
from simulators.scanner.courier import Courier
from simulators.scanner.dialect import BEEP, Action, Changed, Pull, Restart, Send, Signal, not_understood
from simulators.scanner.mutants import Mutant, conduct_of, ids_for
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import Mode, ScannerSettings
from simulators.scanner.style import Store, absent_lock_out

_MODE_NUMBERS = {
    Mode.LEVEL: "0", Mode.PULSE: "0", Mode.HOST: "0", Mode.SENSE: "3", Mode.PRESENTATION: "3", Mode.CONTINUOUS: "3",
}  # fmt: skip
_MODES = {"0": Mode.LEVEL, "3": Mode.PRESENTATION}
REVISION_TEXT = (
    "Product Name: Liantiao virtual scanner box\r\nBoot Revision: 1.0\r\nSoftware Part Number: LTVS\r\n"
    "Software Revision: 1.0\r\nSerial Number: 0000000001\r\nSupported IF: Standard\r\n"
)
"""What `REVINF` says before its answer."""
_AFFIX = HexBytes(most=24)
DONE = Outcome(status=Status.DONE)
REFUSED = Outcome(status=Status.REFUSED)
UNKNOWN = Outcome(status=Status.NO_SUCH_TAG)
_BEHIND = {
    "mode": (TRIGGER_MODE,), "session_ms": (SESSION_MS,), "same_code_ms": (REREAD_MS,),
    "good_read_ms": (GOOD_READ_MS,), "suffix": (SUFFIX,), "prefix": (PREFIX,), "code_id": (PREFIX,),
    "aim_id": (PREFIX,), "beep": (BEEP_ENABLE,),
}  # fmt: skip
"""The tags behind each setting that can be changed while the box runs."""


def initial_values(settings: ScannerSettings) -> dict[str, str]:
    """The box's permanent settings as the bench file has them, over the factory's."""
    prefix = settings.prefix_bytes
    prefix += (LETTER_ESCAPE if settings.code_id else b"") + (AIM_ESCAPE if settings.aim_id else b"")
    number = str(BAUDS.index(settings.baud)) if settings.baud in BAUDS else PARAMETERS[BAUD].default
    return factory_values() | {
        TRIGGER_MODE: _MODE_NUMBERS[settings.mode],
        SESSION_MS: str(min(300_000, settings.session_ms)),
        REREAD_MS: str(min(30_000, settings.same_code_ms)),
        GOOD_READ_MS: str(min(30_000, settings.good_read_ms)),
        BEEP_ENABLE: str(int(settings.beep)),
        HEADER: str(int(settings.packeted)),
        NO_READ_TAG: str(int(settings.no_read)),
        ACKNOWLEDGE: str(int(settings.acknowledged)),
        BAUD: number,
        PREFIX: _affix(prefix),
        SUFFIX: _affix(settings.suffix.sent),
    }


def factory_values() -> dict[str, str]:
    """The factory's settings: no prefix, CR LF after each scan."""
    return {tag: row.default for tag, row in PARAMETERS.items()} | {PREFIX: "", SUFFIX: _affix(b"\r\n")}


def _affix(data: bytes) -> str:
    return ALL_SYMBOLOGIES + data.hex().upper() if data else ""


class HoneywellDialect:
    """Settings by tag; a prefix or suffix for one symbology is kept beside those for all."""

    family = "honeywell"

    def __init__(self, settings: ScannerSettings) -> None:
        self._settings = settings
        self._mutant = settings.mutant
        self._codec = BoxSide()
        self._store = Store(initial_values(settings), factory_values(), settings.mutant)
        self._courier = self._new_courier()
        self._baud_set = False

    @property
    def values(self) -> Mapping[str, str]:
        """The settings by tag."""
        return self._store.values

    @property
    def conduct(self) -> Conduct:
        """How the box is set to behave."""
        values = self._store.values
        number = values[TRIGGER_MODE]
        conduct = Conduct(
            mode=Mode(self._settings.mode) if _MODE_NUMBERS[self._settings.mode] == number else _MODES[number],
            enabled=values[ALL_ENABLE] == "1",
            same_code_ms=int(values[REREAD_MS]),
            good_read_ms=int(values[GOOD_READ_MS]),
            session_ms=int(values[SESSION_MS]),
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
        """The host has not acknowledged a scan in time."""
        return self._courier.again()

    def scan_data(self, decoded: Sighting) -> bytes:
        """Prefix, data, suffix; with DECHDR the packet."""
        ids = ids_for(self._mutant, decoded.symbology)
        told = self._affix_of(PREFIX, decoded) + decoded.data
        if self._store.values[HEADER] == "1":
            return encode_headed(ids.letter, ids.aim, told)
        return told + self._end(decoded)

    def deliver(self, decoded: Sighting) -> list[Action]:
        """A scan, acknowledged by the host if that is on."""
        data = self.scan_data(decoded)
        if self._store.values[ACKNOWLEDGE] == "1":
            return self._courier.take([data])
        return [Send(data, scan=True)]

    def no_read(self) -> list[Action]:
        """NR, if that is on."""
        if self._store.values[NO_READ_TAG] != "1":
            return []
        return [Send(NO_READ + self._end(None))]

    def power_on(self) -> list[Action]:
        """Permanent settings hold."""
        self._store.restart()
        self._codec = BoxSide()
        self._courier = self._new_courier()
        self._baud_set = False
        return [Changed(self.conduct, self.baud)]

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> None:
        """Take the named settings from `wanted`; lost at a restart."""
        self._settings = wanted
        values = initial_values(wanted)
        for name in names:
            for tag in _BEHIND.get(name, ()):
                self._store.set(tag, values[tag], permanent=False)

    def _new_courier(self) -> Courier:
        tries = 1 if self._mutant is Mutant.NEVER_SENDS_AGAIN else self._settings.tries
        return Courier(seconds=self._settings.response_s, tries=tries, again=lambda packet: packet)

    def _affix_of(self, tag: str, decoded: Sighting | None) -> bytes:
        """A prefix or suffix: the symbology's own, or that for all; ids in the place of their escapes."""
        values = self._store.values
        symbology = decoded.symbology.value if decoded is not None else ""
        ids = ids_for(self._mutant, symbology)
        spelled = values.get(f"{tag}/{ids.letter.hex().upper()}", values[tag])
        told = bytes.fromhex(spelled[2:])
        return told.replace(LETTER_ESCAPE, ids.letter).replace(AIM_ESCAPE, ids.aim)

    def _end(self, decoded: Sighting | None) -> bytes:
        return b"" if self._mutant is Mutant.DROPS_SUFFIX else self._affix_of(SUFFIX, decoded)

    def _act(self, event: Command | Deed | Acknowledged | Malformed) -> list[Action]:
        match event:
            case Malformed():
                return [not_understood(event)]
            case Acknowledged(ok=ok):
                return self._courier.acknowledged() if ok else self._courier.again()
            case Deed.BEEP:
                return [Signal(BEEP, {"why": "host"})]
            case Deed.TRIGGER | Deed.UNTRIGGER:
                return [Pull(event is Deed.TRIGGER)]
            case Command():
                return self._execute(event)

    def _execute(self, command: Command) -> list[Action]:
        outcomes, later = [], []
        for item in command.items:
            outcome, actions = self._outcome(item, permanent=command.storage is Storage.PERMANENT)
            if self._mutant is Mutant.DOES_WHAT_IT_REFUSES and outcome.status is not Status.DONE:
                outcome = DONE
            outcomes.append(Outcome(status=outcome.status, told=outcome.told or item.spelled.upper()))
            later += actions
        return [Send(encode_answer(command, outcomes)), Changed(self.conduct, self.baud), *later]

    def _outcome(self, item: Item, *, permanent: bool) -> tuple[Outcome, list[Action]]:
        """What is answered to an item, and what follows the answer."""
        if item.query is not None:
            return self._asked(item, item.query), []
        tag, data = item.tag, item.data
        if tag in PARAMETERS:
            return self._set(PARAMETERS[tag], data, permanent=permanent), []
        if tag in {PREFIX, SUFFIX}:
            return self._set_affix(tag, data.upper(), permanent=permanent), []
        if tag == BEEP_NOW:
            if not (data.isascii() and data.isdigit() and 1 <= int(data) <= 9):
                return REFUSED, []
            return DONE, [Signal(BEEP, {"why": "host", "times": int(data)})]
        done = self._deed(tag, permanent=permanent) if not data or tag not in _DEEDS else (REFUSED, [])
        return done if done is not None else (UNKNOWN, [])

    def _deed(self, tag: str, *, permanent: bool) -> tuple[Outcome, list[Action]] | None:
        """Commands without data; None for a tag that is not known."""
        if tag in MODES_AT_ONCE:
            self._store.set(TRIGGER_MODE, MODES_AT_ONCE[tag], permanent=permanent)
        elif tag == SUFFIX_CR:
            self._store.set(SUFFIX, _affix(b"\r"), permanent=permanent)
        elif tag in {CLEAR_PREFIXES, CLEAR_SUFFIXES}:
            affix = PREFIX if tag == CLEAR_PREFIXES else SUFFIX
            for name in [name for name in self._store.values if name.startswith(affix)]:
                self._store.set(name, "", permanent=permanent)
        elif tag in {DEFAULTS, INTERFACE_DEFAULTS}:
            self._store.factory()
            self._baud_set = tag == INTERFACE_DEFAULTS
            return DONE, [Restart()]
        elif tag == REVISION:
            return Outcome(status=Status.DONE, told=REVISION_TEXT + REVISION), []
        elif tag[3:] == "DFT" and _group(tag[:3]):
            for row in _group(tag[:3]):
                self._store.set(row.tag, row.default, permanent=permanent)
        else:
            return None
        return DONE, []

    def _set(self, row: Parameter, data: str, *, permanent: bool) -> Outcome:
        if not row.values.accepts(data):
            return REFUSED
        self._store.set(row.tag, data, permanent=permanent)
        self._baud_set = self._baud_set or row.tag == BAUD
        return DONE

    def _set_affix(self, tag: str, data: str, *, permanent: bool) -> Outcome:
        if not _AFFIX.accepts(data):
            return REFUSED
        name = tag if data.startswith(ALL_SYMBOLOGIES) else f"{tag}/{data[:2]}"
        self._store.set(name, data, permanent=permanent)
        return DONE

    def _asked(self, item: Item, query: Query) -> Outcome:
        if len(item.tag) == 3 and (rows := _group(item.tag)):
            told = [self._told(row, query) for row in rows]
            parts = [item.tag + rows[0].tag[3:] + told[0]]
            parts += [row.tag[3:] + value for row, value in zip(rows[1:], told[1:], strict=True)]
            return Outcome(status=Status.DONE, told="\x06,".join([*parts, "DFT"]))
        if item.tag in {PREFIX, SUFFIX}:
            value = {Query.CURRENT: self._store.values[item.tag], Query.FACTORY: factory_values()[item.tag]}.get(query)
            return UNKNOWN if value is None else Outcome(status=Status.DONE, told=self._spelled(item) + value)
        row = PARAMETERS.get(item.tag)
        if row is None:
            return UNKNOWN
        return Outcome(status=Status.DONE, told=self._spelled(item) + self._told(row, query))

    def _spelled(self, item: Item) -> str:
        return item.spelled.upper().removesuffix(item.data)

    def _told(self, row: Parameter, query: Query) -> str:
        match query:
            case Query.CURRENT:
                return self._store.values[row.tag]
            case Query.FACTORY:
                return row.default
            case Query.RANGE if isinstance(row.values, OneOf):
                return f"{row.values.values[0]}-{row.values.values[-1]}"
            case Query.RANGE:
                return str(row.values)


_DEEDS = frozenset({*MODES_AT_ONCE, SUFFIX_CR, CLEAR_PREFIXES, CLEAR_SUFFIXES, DEFAULTS, INTERFACE_DEFAULTS, REVISION})


def _group(letters: str) -> list[Parameter]:
    return [row for tag, row in PARAMETERS.items() if tag.startswith(letters)]
