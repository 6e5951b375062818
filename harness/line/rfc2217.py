"""The words of RFC 2217 (a serial port over Telnet), without I/O: cutting a connection's bytes into data and commands.

Telnet: a byte FF begins a command and stands doubled in data. `IAC WILL|WONT|DO|DONT option` negotiates; `IAC SB
option … IAC SE` carries a sub-negotiation. Com-port commands are sub-negotiations of option 44, from the client 0 to
12, from the access server the same plus 100 (RFC 2217, section 3).
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from harness.line.serial_format import Parity

IAC = 0xFF
SB, SE = 0xFA, 0xF0
MAX_SUBNEGOTIATION = 256
"""Bytes of the longest sub-negotiation that is taken; the longest of use has six."""
SERVER = 100
"""What an access server adds to a command's number."""


class Verb(IntEnum):
    """How an option is negotiated."""

    WILL = 0xFB
    WONT = 0xFC
    DO = 0xFD
    DONT = 0xFE


class Option(IntEnum):
    """The Telnet options in use."""

    BINARY = 0
    ECHO = 1
    SUPPRESS_GO_AHEAD = 3
    COM_PORT = 44


class ComPort(IntEnum):
    """A com-port command's number, as the client sends it."""

    SIGNATURE = 0
    SET_BAUDRATE = 1
    SET_DATASIZE = 2
    SET_PARITY = 3
    SET_STOPSIZE = 4
    SET_CONTROL = 5
    NOTIFY_LINESTATE = 6
    NOTIFY_MODEMSTATE = 7
    FLOWCONTROL_SUSPEND = 8
    FLOWCONTROL_RESUME = 9
    SET_LINESTATE_MASK = 10
    SET_MODEMSTATE_MASK = 11
    PURGE_DATA = 12


class Control(IntEnum):
    """The values of SET_CONTROL."""

    ASK_FLOW = 0
    NO_FLOW = 1
    XON_XOFF = 2
    HARDWARE = 3
    ASK_BREAK = 4
    BREAK_ON = 5
    BREAK_OFF = 6
    ASK_DTR = 7
    DTR_ON = 8
    DTR_OFF = 9
    ASK_RTS = 10
    RTS_ON = 11
    RTS_OFF = 12
    ASK_FLOW_IN = 13
    NO_FLOW_IN = 14
    XON_XOFF_IN = 15
    HARDWARE_IN = 16


class Modem(IntFlag):
    """The modem lines that a port reads, in the upper half; that one has changed, in the lower."""

    CTS_CHANGED = 1
    DSR_CHANGED = 2
    RI_FELL = 4
    CD_CHANGED = 8
    CTS = 16
    DSR = 32
    RI = 64
    CD = 128


PARITIES = {Parity.NONE: 1, Parity.ODD: 2, Parity.EVEN: 3, Parity.MARK: 4, Parity.SPACE: 5}
STOP_SIZES: dict[float, int] = {1: 1, 2: 2, 1.5: 3}


@dataclass(frozen=True)
class Data:
    """Bytes for the port, or from it."""

    data: bytes


@dataclass(frozen=True)
class Negotiation:
    """WILL, WONT, DO or DONT, and the option's number (which may be of no option in use)."""

    verb: Verb
    option: int


@dataclass(frozen=True)
class ComPortCommand:
    """A com-port sub-negotiation: its number as it stands (a server's has 100 added) and its value."""

    number: int
    value: bytes


Word = Data | Negotiation | ComPortCommand


def encode_data(data: bytes) -> bytes:
    """Data as it stands on the connection."""
    return data.replace(b"\xff", b"\xff\xff")


def negotiation(verb: Verb, option: int) -> bytes:
    """A negotiation as it stands on the connection."""
    return bytes([IAC, verb, option])


def com_port(number: int, value: bytes = b"") -> bytes:
    """A com-port command as it stands on the connection."""
    return bytes([IAC, SB, Option.COM_PORT, number]) + encode_data(value) + bytes([IAC, SE])


class Words:
    """Cuts what one end sends into words, fed in any pieces; what is no word of use is passed over."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Word]:
        """Take bytes; returns the words that are now complete, adjacent data joined."""
        if not self._held and b"\xff" not in data:
            return [Data(data)] if data else []
        found: list[Word] = []
        held, plain, at = self._held + data, bytearray(), 0
        while at < len(held):
            start = held.find(IAC, at)
            if start < 0:
                plain += held[at:]
                at = len(held)
                break
            plain += held[at:start]
            at = start
            size, word = _command(held, at)
            if size == 0:
                break
            at += size
            if isinstance(word, Data):
                plain += word.data
            elif word is not None:
                if plain:
                    found.append(Data(bytes(plain)))
                    plain.clear()
                found.append(word)
        self._held = held[at:]
        if plain:
            found.append(Data(bytes(plain)))
        return found


def _command(held: bytes, at: int) -> tuple[int, Word | None]:
    """The command at a position and its size; size 0 when more bytes are due, no word for what is passed over."""
    if len(held) < at + 2:
        return 0, None
    match held[at + 1]:
        case 0xFF:
            return 2, Data(b"\xff")
        case 0xFA:
            return _subnegotiation(held, at)
        case 0xFB | 0xFC | 0xFD | 0xFE:
            if len(held) < at + 3:
                return 0, None
            return 3, Negotiation(Verb(held[at + 1]), held[at + 2])
        case _:
            return 2, None


def _subnegotiation(held: bytes, at: int) -> tuple[int, Word | None]:
    content, position = bytearray(), at + 2
    while position < len(held):
        byte = held[position]
        if byte != IAC:
            content.append(byte)
            position += 1
        elif position + 1 >= len(held):
            break
        elif held[position + 1] == IAC:
            content.append(IAC)
            position += 2
        else:
            # SE ends it; anything else ends it too, as what was begun can no longer end well
            size = position - at + (2 if held[position + 1] == SE else 0)
            whole = held[position + 1] == SE and len(content) >= 2 and content[0] == Option.COM_PORT
            return size, ComPortCommand(content[1], bytes(content[2:])) if whole else None
        if len(content) > MAX_SUBNEGOTIATION:
            return position - at, None
    return 0, None
