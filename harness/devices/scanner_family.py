"""What the driver of scanner boxes needs of a command family, over the family's codec: requests out, replies in.

Families differ in what a setting is called: Newland and Honeywell have tags of letters, Mindeo four digits, SSI
parameter numbers (`138` or `0x8A`), register boxes addresses (`0x0013`), single-letter boxes numbers of six digits.
What a family cannot do (ask for a range, be asked who it is) is a ConfigError when it is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol

from harness.errors import ConfigError
from harness.wire.scanner import honeywell, letters, newland, register, ssi
from harness.wire.scanner.framing import Malformed, Scan, ScanFraming
from harness.wire.scanner.newland import Query

MAX_BATCH = 200
"""Characters of a command at most, as makers' software has it."""


class Family(StrEnum):
    """The command families."""

    NEWLAND = "newland"
    HONEYWELL = "honeywell"
    MINDEO = "mindeo"
    """Frames as Honeywell, with numbers for tags."""
    SSI = "ssi"
    REGISTER = "register"
    LETTERS = "letters"


class Said(Enum):
    """What a box says to a request, whatever its family spells."""

    DONE = "done"
    NO_SUCH_SETTING = "no such setting"
    REFUSED = "refused"


@dataclass(frozen=True)
class Told:
    """One part of a reply; without a tag it is about what was asked."""

    tag: str
    data: str
    said: Said


@dataclass(frozen=True)
class Reply:
    """A box's reply; `text` is what it says of itself."""

    raw: bytes
    items: tuple[Told, ...]
    text: str = ""


@dataclass(frozen=True)
class Request:
    """Bytes for the box; `tags` are what the reply must be about, `answered` whether there is one."""

    raw: bytes
    tags: tuple[str, ...] = ()
    answered: bool = True


Event = Scan | Reply | Malformed


class FamilyDialect(Protocol):
    """The host's side of one family on one line."""

    acknowledgement: bytes
    """What must be sent for what was fed last; whoever sends it empties it."""

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended; then `idle` is due after the idle gap."""
        ...

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes; returns the scans and replies that are now complete."""
        ...

    def idle(self) -> list[Event]:
        """The line has been silent for the idle gap: whatever has begun is over."""
        ...

    def expect(self, request: Request) -> None:
        """A request is sent now."""
        ...

    def forget(self) -> None:
        """No reply is awaited any more."""
        ...

    def trigger(self, *, on: bool) -> Request:
        """Pull the trigger, or let it go."""
        ...

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        """Set these. Raises ValueError for what cannot be spelled."""
        ...

    def question(self, tag: str, kind: Query | None) -> Request:
        """Ask about a setting. Raises ValueError for what cannot be spelled, ConfigError for what cannot be asked."""
        ...

    def identity(self) -> Request:
        """Ask the box who it is. Raises ConfigError when the family has no such question."""
        ...


def family_dialect(family: Family, framing: ScanFraming) -> FamilyDialect:
    """The dialect of a family."""
    match family:
        case Family.NEWLAND:
            return _Newland(framing)
        case Family.HONEYWELL | Family.MINDEO:
            return _Honeywell(framing, mindeo=family is Family.MINDEO)
        case Family.SSI:
            return _Ssi(framing)
        case Family.REGISTER:
            return _Register(framing)
        case Family.LETTERS:
            return _Letters(framing)


_NEWLAND_START = Request(newland.LEGACY_START, answered=False)
_NEWLAND_STOP = Request(newland.LEGACY_STOP, answered=False)


class _Newland:
    acknowledgement = b""

    def __init__(self, framing: ScanFraming) -> None:
        self._codec = newland.HostSide(framing)

    @property
    def pending(self) -> bool:
        return self._codec.pending

    def feed(self, data: bytes) -> list[Event]:
        return [event if type(event) is Scan else self._told(event) for event in self._codec.feed(data)]

    def idle(self) -> list[Event]:
        return [self._told(event) for event in self._codec.idle()]

    def expect(self, request: Request) -> None:
        pass

    def forget(self) -> None:
        pass

    def trigger(self, *, on: bool) -> Request:
        return _NEWLAND_START if on else _NEWLAND_STOP

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        storage = newland.Storage.PERMANENT if permanent else newland.Storage.TEMPORARY
        return [self._request(batch, storage) for batch in _batches(items)]

    def question(self, tag: str, kind: Query | None) -> Request:
        return self._request([(tag, "" if kind is None else kind.value)], newland.Storage.TEMPORARY)

    def identity(self) -> Request:
        return self.question("QRYSYS", None)

    def _request(self, items: Sequence[tuple[str, str]], storage: newland.Storage) -> Request:
        return Request(newland.encode_command(items, storage=storage), tuple(tag for tag, _ in items))

    def _told(self, event: Scan | newland.Answer | Malformed) -> Event:
        if not isinstance(event, newland.Answer):
            return event
        items = tuple(Told(item.tag, item.data, _NEWLAND_SAID[item.status]) for item in event.items)
        return Reply(event.raw, items, items[0].data if items else "")


class _Honeywell:
    acknowledgement = b""

    def __init__(self, framing: ScanFraming, *, mindeo: bool) -> None:
        self._codec = honeywell.HostSide(framing, closed=not mindeo)
        self._mindeo = mindeo

    @property
    def pending(self) -> bool:
        return self._codec.pending

    def feed(self, data: bytes) -> list[Event]:
        return [self._told(event) for event in self._codec.feed(data)]

    def idle(self) -> list[Event]:
        return [self._told(event) for event in self._codec.idle()]

    def expect(self, request: Request) -> None:
        if request.answered:
            self._codec.expect(request.raw)

    def forget(self) -> None:
        self._codec.forget()

    def trigger(self, *, on: bool) -> Request:
        return Request(honeywell.TRIGGER if on else honeywell.UNTRIGGER, answered=False)

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        storage = honeywell.Storage.PERMANENT if permanent else honeywell.Storage.TEMPORARY
        return [self._request(batch, storage) for batch in _batches(items)]

    def question(self, tag: str, kind: Query | None) -> Request:
        data = "" if kind is None else honeywell.Query[kind.name].value
        return self._request([(tag, data)], honeywell.Storage.PERMANENT)

    def identity(self) -> Request:
        if self._mindeo:
            raise _cannot("a Mindeo box", "be asked who it is")
        return self.question(honeywell.REVISION, None)

    def _request(self, items: Sequence[tuple[str, str]], storage: honeywell.Storage) -> Request:
        return Request(honeywell.encode_menu(items, storage=storage), tuple(tag.upper() for tag, _ in items))

    def _told(self, event: Scan | honeywell.Answer | Malformed) -> Event:
        if not isinstance(event, honeywell.Answer):
            return event
        items = tuple(Told(item.tag.upper(), item.data, _HONEYWELL_SAID[item.status]) for item in event.items)
        return Reply(event.raw, items, " ".join(event.text.split()))


class _Ssi:
    def __init__(self, framing: ScanFraming) -> None:
        self._codec = ssi.HostSide(framing)
        self.acknowledgement = b""

    @property
    def pending(self) -> bool:
        return self._codec.pending

    def feed(self, data: bytes) -> list[Event]:
        return self._take(self._codec.feed(data))

    def idle(self) -> list[Event]:
        return self._take(self._codec.idle())

    def expect(self, request: Request) -> None:
        pass

    def forget(self) -> None:
        pass

    def trigger(self, *, on: bool) -> Request:
        return Request(ssi.encode(ssi.Op.START_SESSION if on else ssi.Op.STOP_SESSION))

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        pairs = [(_number(tag), _number(value)) for tag, value in items]
        return [Request(ssi.encode_parameters(pairs, permanent=permanent))]

    def question(self, tag: str, kind: Query | None) -> Request:
        if kind is not Query.CURRENT:
            raise _cannot("an SSI box", "be asked for anything but a parameter's value")
        number = _number(tag)
        return Request(ssi.encode(ssi.Op.PARAM_REQUEST, ssi.encode_parameter_number(number)), (str(number),))

    def identity(self) -> Request:
        return Request(ssi.encode(ssi.Op.REQUEST_REVISION))

    def _take(self, events: Sequence[Scan | ssi.Decoded | ssi.Packet | Malformed]) -> list[Event]:
        found: list[Event] = []
        for event in events:
            match event:
                case ssi.Decoded():
                    self.acknowledgement += ssi.acknowledge()
                    found.append(event)
                case ssi.Packet(opcode=ssi.Op.DECODE_DATA):
                    self.acknowledgement += ssi.acknowledge()
                case ssi.Packet():
                    found += _ssi_reply(event)
                case _:
                    found.append(event)
        return found


def _ssi_reply(packet: ssi.Packet) -> list[Event]:
    """An event of the box is no reply, and no scan."""
    match packet.opcode:
        case ssi.Op.CMD_ACK:
            return [Reply(packet.raw, (Told("", "", Said.DONE),))]
        case ssi.Op.CMD_NAK:
            said = Said.NO_SUCH_SETTING if packet.data[:1] == bytes([ssi.Nak.BAD_CONTEXT]) else Said.REFUSED
            return [Reply(packet.raw, (Told("", f"cause {packet.data.hex()}", said),))]
        case ssi.Op.REPLY_REVISION:
            text = packet.data.decode("latin-1").strip()
            return [Reply(packet.raw, (Told("", text, Said.DONE),), text)]
        case ssi.Op.PARAM_SEND:
            parsed = ssi.parse_parameters(packet.data)
            if parsed is None:
                return [Malformed(packet.raw, "holds parameters cut short")]
            return [Reply(packet.raw, tuple(Told(str(n), str(value), Said.DONE) for n, value in parsed[1]))]
        case _:
            return []


class _Register:
    acknowledgement = b""

    def __init__(self, framing: ScanFraming) -> None:
        self._codec = register.HostSide(framing)

    @property
    def pending(self) -> bool:
        return self._codec.pending

    def feed(self, data: bytes) -> list[Event]:
        return [self._told(event) for event in self._codec.feed(data)]

    def idle(self) -> list[Event]:
        return [self._told(event) for event in self._codec.idle()]

    def expect(self, request: Request) -> None:
        pass

    def forget(self) -> None:
        pass

    def trigger(self, *, on: bool) -> Request:
        return Request(register.encode_write(0x0002, b"\x01" if on else b"\x00"))

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        found = []
        for tag, text in items:
            value = _number(text)
            if not 0 <= value <= 0xFF:
                raise ValueError(f"a register holds one byte, not {text}")
            found.append(Request(register.encode_write(_number(tag), bytes([value]))))
        return found + ([Request(register.encode_save())] if permanent else [])

    def question(self, tag: str, kind: Query | None) -> Request:
        if kind is not Query.CURRENT:
            raise _cannot("a register box", "be asked for anything but a register's value")
        return Request(register.encode_read(_number(tag)))

    def identity(self) -> Request:
        raise _cannot("a register box", "be asked who it is")

    def _told(self, event: Scan | register.Answer | Malformed) -> Event:
        if not isinstance(event, register.Answer):
            return event
        said = Said.DONE if event.status == register.Status.DONE else Said.REFUSED
        text = str(event.data[0]) if len(event.data) == 1 else event.data.hex()
        return Reply(event.raw, (Told("", text, said),))


class _Letters:
    acknowledgement = b""

    def __init__(self, framing: ScanFraming) -> None:
        self._codec = letters.HostSide(framing)

    @property
    def pending(self) -> bool:
        return self._codec.pending

    def feed(self, data: bytes) -> list[Event]:
        return [self._told(event) for event in self._codec.feed(data)]

    def idle(self) -> list[Event]:
        return [self._told(event) for event in self._codec.idle()]

    def expect(self, request: Request) -> None:
        pass

    def forget(self) -> None:
        pass

    def trigger(self, *, on: bool) -> Request:
        letter = letters.Letter.TRIGGER_PULL if on else letters.Letter.TRIGGER_RELEASE
        return Request(letter.value, answered=False)

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        """CipherLab's numbers; whether they last is the number's own affair."""
        return [Request(letters.encode_set_up(tag + value), answered=False) for tag, value in items]

    def question(self, tag: str, kind: Query | None) -> Request:
        if kind is not None or tag not in {"i", "h", "s"}:
            raise _cannot("a single-letter box", "be asked anything but i, h and s")
        return Request(tag.encode())

    def identity(self) -> Request:
        return Request(letters.Letter.IDENTITY.value)

    def _told(self, event: Scan | letters.Answer | Malformed) -> Event:
        if not isinstance(event, letters.Answer):
            return event
        return Reply(event.raw, (Told("", event.text, Said.DONE),), event.text)


class PacketDialect:
    """A family over a line that gives each scan whole (HID-POS): what begins as a reply is one, all else is a scan."""

    acknowledgement = b""

    def __init__(self, inner: FamilyDialect, framing: ScanFraming) -> None:
        self._inner = inner
        self._suffix = framing.suffix
        self._prefix = framing.prefix

    @property
    def pending(self) -> bool:
        return False

    def feed(self, data: bytes) -> list[Event]:
        replies = [*self._inner.feed(data), *self._inner.idle()]
        if any(isinstance(event, Reply) for event in replies):
            return [event for event in replies if isinstance(event, Reply)]
        found = data.removesuffix(self._suffix) if self._suffix else data
        found = found.removeprefix(self._prefix)
        return [Scan(data, found) if found else Malformed(data, "holds no data")]

    def idle(self) -> list[Event]:
        return []

    def expect(self, request: Request) -> None:
        self._inner.expect(request)

    def forget(self) -> None:
        self._inner.forget()

    def trigger(self, *, on: bool) -> Request:
        return self._inner.trigger(on=on)

    def settings(self, items: Sequence[tuple[str, str]], *, permanent: bool) -> list[Request]:
        return self._inner.settings(items, permanent=permanent)

    def question(self, tag: str, kind: Query | None) -> Request:
        return self._inner.question(tag, kind)

    def identity(self) -> Request:
        return self._inner.identity()


_NEWLAND_SAID = {
    newland.Status.DONE: Said.DONE,
    newland.Status.NO_SUCH_TAG: Said.NO_SUCH_SETTING,
    newland.Status.OUT_OF_RANGE: Said.REFUSED,
}
_HONEYWELL_SAID = {
    honeywell.Status.DONE: Said.DONE,
    honeywell.Status.NO_SUCH_TAG: Said.NO_SUCH_SETTING,
    honeywell.Status.REFUSED: Said.REFUSED,
}


def _batches(items: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    batches: list[list[tuple[str, str]]] = [[]]
    size = 0
    for tag, data in items:
        added = len(tag) + len(data) + 1
        if batches[-1] and size + added > MAX_BATCH:
            batches.append([])
            size = 0
        batches[-1].append((tag, data))
        size += added
    return [batch for batch in batches if batch]


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"{text!r} is no number such as 138 or 0x8A") from None


def _cannot(whom: str, what: str) -> ConfigError:
    return ConfigError(
        f"{whom[:1].upper()}{whom[1:]} cannot {what}.",
        cause="the family's dialect has no such command that is published",
        remedy="look it up in the box's manual; set it by its configuration barcodes",
    )
