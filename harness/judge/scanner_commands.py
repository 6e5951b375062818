"""Commands to a scanner box and its answers, in one shape for all families, from the codecs of the families alone.

What a box says is one of `done`, `no-such-setting`, `refused`, `resend` (the checksum was wrong) and `silence`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.wire.scanner import honeywell, letters, newland, register, ssi
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.honeywell_parameters import DEFAULTS as HONEYWELL_DEFAULTS
from harness.wire.scanner.honeywell_parameters import INTERFACE_DEFAULTS
from harness.wire.scanner.newland_parameters import FACTORY_DEFAULTS, REBOOT, TRIGGER

DONE, NO_SUCH_SETTING, REFUSED, RESEND, SILENCE = "done", "no-such-setting", "refused", "resend", "silence"
SAVE, FACTORY, RESTART, PULL = "save", "factory", "restart", "pull"
"""What a command does beside setting and asking."""
SILENCES_S = {
    "newland": newland.SILENCE_S,
    "honeywell": honeywell.SILENCE_S,
    "mindeo": honeywell.SILENCE_S,
    "ssi": ssi.CHARACTER_TIMEOUT_S,
    "register": register.SILENCE_S,
    "letters": letters.SILENCE_S,
}
"""After how long a box gives up a command that has begun, by family."""
RESTART_REGISTER, FACTORY_VALUE = 0x00D9, 0x55
TRIGGER_REGISTER = 0x0002

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A command, trigger or acknowledgement that has reached the box whole."""

    raw: bytes
    answered: bool
    """Whether the family answers such a one."""
    sets: Pairs = ()
    asks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """What the answer has to be about; empty when the family's answer does not say."""
    permanent: bool = False
    effect: str = ""
    acknowledges: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """The box's answer: what it says to each item, and the values that it gives."""

    raw: bytes
    said: tuple[str, ...]
    tags: tuple[str, ...] = ()
    values: Pairs = ()


@dataclass(frozen=True, kw_only=True)
class Read:
    """A scan as it arrived. `packet`: with its length and type; `again`: marked as sent before."""

    raw: bytes
    data: bytes
    packet: bool = False
    letter: str = ""
    aim: str = ""
    type_byte: int = -1
    again: bool = False


Arrived = Read | Told | Malformed


class Ear:
    """Both directions of one line, in one family."""

    def __init__(self, family: str, framing: ScanFraming) -> None:
        self.family = family
        self._host = _host_side(family, framing)
        self._box = _box_side(family)

    def from_host(self, data: bytes) -> list[Asked]:
        """What the host sent: whole commands; bytes that are none get no answer and are left out."""
        if isinstance(self._host, honeywell.HostSide):
            self._host.forget()
        asked = [one for event in self._box.feed(data) if (one := self._asked(event)) is not None]
        if isinstance(self._host, honeywell.HostSide):
            for one in asked:
                if one.answered:
                    self._host.expect(one.raw)
        return asked

    def given_up(self) -> None:
        """The box has waited long enough for the end of a command."""
        self._box = _box_side(self.family)

    def from_box(self, data: bytes) -> list[Arrived]:
        """What the box sent."""
        return [one for event in self._host.feed(data) if (one := _arrived(event)) is not None]

    def silence(self) -> list[Arrived]:
        """Nothing more belongs to what has begun."""
        return [one for event in self._host.idle() if (one := _arrived(event)) is not None]

    def _asked(self, event: object) -> Asked | None:
        match event:
            case newland.Command():
                return _newland(event)
            case newland.LegacyTrigger():
                return Asked(raw=event.raw, answered=False, effect=PULL if event.on else "")
            case honeywell.Command():
                return _honeywell(event)
            case honeywell.Acknowledged():
                return Asked(raw=honeywell.ACK if event.ok else honeywell.NAK, answered=False, acknowledges=event.ok)
            case honeywell.Action():
                pulled = event is honeywell.Action.TRIGGER
                return Asked(raw=event.value, answered=False, effect=PULL if pulled else "")
            case ssi.Packet():
                return _ssi(event)
            case ssi.BadChecksum() | register.WrongCrc():
                return Asked(raw=event.raw, answered=True)
            case register.Command():
                return _register(event)
            case letters.Letter():
                asking = event in {letters.Letter.IDENTITY, letters.Letter.HEALTH, letters.Letter.STATE}
                pulled = event is letters.Letter.TRIGGER_PULL
                effect = RESTART if event is letters.Letter.RESET else PULL if pulled else ""
                return Asked(raw=event.value, answered=asking, effect=effect)
            case letters.SetUp():
                return Asked(raw=event.raw, answered=False)
        return None


_HostSide = newland.HostSide | honeywell.HostSide | ssi.HostSide | register.HostSide | letters.HostSide
_BoxSide = newland.BoxSide | honeywell.BoxSide | ssi.DecoderSide | register.BoxSide | letters.BoxSide


def _host_side(family: str, framing: ScanFraming) -> _HostSide:
    match family:
        case "newland":
            return newland.HostSide(framing)
        case "honeywell" | "mindeo":
            return honeywell.HostSide(framing, closed=family == "honeywell")
        case "ssi":
            return ssi.HostSide(framing)
        case "register":
            return register.HostSide(framing)
        case "letters":
            return letters.HostSide(framing)
    raise ValueError(f"there is no family {family!r}")


def _box_side(family: str) -> _BoxSide:
    match family:
        case "newland":
            return newland.BoxSide()
        case "ssi":
            return ssi.DecoderSide()
        case "register":
            return register.BoxSide()
        case "letters":
            return letters.BoxSide()
    return honeywell.BoxSide()


def _newland(command: newland.Command) -> Asked:
    items = command.items
    plain = [item for item in items if item.query is None]
    deeds = {item.tag: item.data for item in plain}
    effect = ""
    if FACTORY_DEFAULTS in deeds:
        effect = FACTORY
    elif REBOOT in deeds:
        effect = RESTART
    elif deeds.get(TRIGGER) == "1":
        effect = PULL
    return Asked(
        raw=command.raw,
        answered=True,
        sets=tuple((item.tag, item.data) for item in plain if item.data and item.tag != TRIGGER),
        asks=tuple(item.tag for item in items if item.query is newland.Query.CURRENT),
        tags=tuple(item.tag for item in items),
        permanent=command.storage is newland.Storage.PERMANENT,
        effect=effect,
    )


def _honeywell(command: honeywell.Command) -> Asked:
    items = command.items
    plain = [item for item in items if item.query is None]
    factory = any(item.tag in {HONEYWELL_DEFAULTS, INTERFACE_DEFAULTS} or item.tag[3:] == "DFT" for item in plain)
    lists = any(len(item.tag) == 3 for item in items)
    return Asked(
        raw=command.raw,
        answered=True,
        sets=tuple((item.tag, item.data.upper()) for item in plain if item.data),
        asks=tuple(item.tag for item in items if item.query is honeywell.Query.CURRENT),
        tags=() if lists else tuple(item.tag for item in items),
        permanent=command.storage is honeywell.Storage.PERMANENT,
        effect=FACTORY if factory else "",
    )


def _ssi(packet: ssi.Packet) -> Asked:
    match packet.opcode:
        case ssi.Op.CMD_ACK | ssi.Op.HOST_ACK | ssi.Op.MULTIPACKET_ACK:
            return Asked(raw=packet.raw, answered=False, acknowledges=True)
        case ssi.Op.CMD_NAK:
            return Asked(raw=packet.raw, answered=False)
        case ssi.Op.PARAM_SEND:
            parsed = ssi.parse_parameters(packet.data)
            return Asked(
                raw=packet.raw,
                answered=True,
                sets=tuple((str(number), str(value)) for number, value in parsed[1]) if parsed else (),
                permanent=ssi.Status.PERMANENT in packet.status,
            )
        case ssi.Op.PARAM_REQUEST:
            numbers = ssi.parse_parameter_numbers(packet.data) or []
            return Asked(raw=packet.raw, answered=True, asks=tuple(map(str, numbers)))
        case ssi.Op.PARAM_DEFAULTS:
            return Asked(raw=packet.raw, answered=True, effect=FACTORY)
        case ssi.Op.CUSTOM_DEFAULTS:
            effect = {b"\x00": SAVE, b"\x01": RESTART}.get(packet.data, "")
            return Asked(raw=packet.raw, answered=True, effect=effect)
        case ssi.Op.START_SESSION:
            return Asked(raw=packet.raw, answered=True, effect=PULL)
    return Asked(raw=packet.raw, answered=True)


def _register(command: register.Command) -> Asked:
    raw, address = command.raw, command.address
    match command.kind:
        case register.Kind.WRITE:
            written = {address + at: value for at, value in enumerate(command.data)}
            effect = ""
            if RESTART_REGISTER in written:
                effect = FACTORY if written[RESTART_REGISTER] == FACTORY_VALUE else RESTART
            elif written.get(TRIGGER_REGISTER) == 1:
                effect = PULL
            deeds = {RESTART_REGISTER, TRIGGER_REGISTER}
            sets = tuple((f"{at:04X}", f"{value:02X}") for at, value in written.items() if at not in deeds)
            return Asked(raw=raw, answered=True, sets=sets, effect=effect)
        case register.Kind.READ if len(command.data) == 1:
            asks = tuple(f"{at:04X}" for at in range(address, address + (command.data[0] or 0x100)))
            return Asked(raw=raw, answered=True, asks=asks)
        case register.Kind.SAVE:
            return Asked(raw=raw, answered=True, effect=SAVE)
    return Asked(raw=raw, answered=True)


_STATUS = {
    newland.Status.DONE: DONE,
    newland.Status.NO_SUCH_TAG: NO_SUCH_SETTING,
    newland.Status.OUT_OF_RANGE: REFUSED,
    honeywell.Status.DONE: DONE,
    honeywell.Status.NO_SUCH_TAG: NO_SUCH_SETTING,
    honeywell.Status.REFUSED: REFUSED,
}
_NAKS = {ssi.Nak.RESEND: RESEND, ssi.Nak.BAD_CONTEXT: NO_SUCH_SETTING, ssi.Nak.DENIED: REFUSED}
_REGISTER = {register.Status.DONE: DONE, register.Status.WRONG_CRC: RESEND, register.Status.INVALID: REFUSED}


def _arrived(event: object) -> Arrived | None:
    match event:
        case ssi.Decoded():
            return Read(raw=event.raw, data=event.data, packet=True, type_byte=event.type_byte)
        case honeywell.Headed():
            return Read(raw=event.raw, data=event.data, packet=True, letter=event.letter, aim=event.aim)
        case Scan():
            return Read(raw=event.raw, data=event.data)
        case Malformed():
            return event
        case newland.Answer(raw=raw, items=items):
            return _menu_answer(raw, [(item.tag, item.data, item.status) for item in items])
        case honeywell.Answer(raw=raw, items=items):
            return _menu_answer(raw, [(item.tag.upper(), item.data, item.status) for item in items])
        case ssi.Packet():
            return _ssi_packet(event)
        case register.Answer():
            said = _REGISTER.get(register.Status(event.status)) if event.status in set(register.Status) else None
            values = tuple(("", f"{byte:02X}") for byte in event.data)
            return Told(raw=event.raw, said=(said or f"status {event.status:02X}",), values=values)
        case letters.Answer():
            return Told(raw=event.raw, said=(DONE,))
    return None


def _menu_answer(raw: bytes, items: Sequence[tuple[str, str, newland.Status | honeywell.Status]]) -> Told:
    return Told(
        raw=raw,
        said=tuple(_STATUS[status] for _, _, status in items),
        tags=tuple(tag for tag, _, _ in items),
        values=tuple((tag, data) for tag, data, _ in items),
    )


def _ssi_packet(packet: ssi.Packet) -> Arrived | None:
    match packet.opcode:
        case ssi.Op.DECODE_DATA if ssi.Status.RETRANSMIT in packet.status:
            return Read(raw=packet.raw, data=packet.data[1:], packet=True, type_byte=packet.data[0], again=True)
        case ssi.Op.DECODE_DATA | ssi.Op.EVENT:
            return None
        case ssi.Op.CMD_NAK:
            cause = packet.data[0] if packet.data else -1
            return Told(raw=packet.raw, said=(_NAKS[ssi.Nak(cause)] if cause in set(ssi.Nak) else f"NAK {cause}",))
        case ssi.Op.PARAM_SEND:
            parsed = ssi.parse_parameters(packet.data)
            if parsed is None:
                return Malformed(packet.raw, "holds parameters cut short")
            return Told(raw=packet.raw, said=(DONE,), values=tuple((str(n), str(value)) for n, value in parsed[1]))
    return Told(raw=packet.raw, said=(DONE,))
