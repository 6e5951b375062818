"""How bytes stand on a serial wire: speed, data bits, parity, stop bits, the time they take, and what a receiver with
other settings hears.

`heard` plays both UARTs bit by bit: the sender draws the wire's level, the receiver waits for a falling edge and
samples the middle of each bit it expects. So a wrong speed or parity gives the same bytes as on a real wire, not
random ones. A byte whose parity or stop bit is wrong is passed as it was sampled, as Linux passes it to a program that
does not ask for parity checks (pyserial never does).
"""

from dataclasses import dataclass
from enum import StrEnum

LEAST_BAUD, MOST_BAUD = 50, 4_000_000


class Parity(StrEnum):
    """The bit after the data bits; the letters are pyserial's too."""

    NONE = "N"
    EVEN = "E"
    ODD = "O"
    MARK = "M"
    SPACE = "S"


@dataclass(frozen=True, kw_only=True)
class SerialFormat:
    """One end's settings. Raises ValueError for what no UART has."""

    baud: int = 9600
    data_bits: int = 8
    parity: Parity = Parity.NONE
    stop_bits: float = 1

    def __post_init__(self) -> None:
        if not LEAST_BAUD <= self.baud <= MOST_BAUD:
            raise ValueError(f"a line has {LEAST_BAUD} to {MOST_BAUD} baud, not {self.baud}")
        if self.data_bits not in {5, 6, 7, 8}:
            raise ValueError(f"a byte has 5 to 8 data bits, not {self.data_bits}")
        if self.stop_bits not in {1, 1.5, 2}:
            raise ValueError(f"a byte ends with 1, 1.5 or 2 stop bits, not {self.stop_bits}")

    @property
    def bits_a_byte(self) -> float:
        """Start bit, data bits, parity bit if any, stop bits: 10 for 8N1."""
        return 1 + self.data_bits + (self.parity is not Parity.NONE) + self.stop_bits

    @property
    def seconds_a_byte(self) -> float:
        """How long one byte occupies the wire."""
        return self.bits_a_byte / self.baud

    def __str__(self) -> str:
        return f"{self.baud} {self.data_bits}{self.parity}{self.stop_bits:g}"


def parse_format(text: str) -> SerialFormat:
    """The format that `9600 8N1` or `9600` spells. Raises ValueError."""
    baud, _, frame = text.strip().partition(" ")
    frame = frame.strip() or "8N1"
    try:
        return SerialFormat(
            baud=int(baud), data_bits=int(frame[0]), parity=Parity(frame[1:2].upper()), stop_bits=float(frame[2:])
        )
    except ValueError as error:
        raise ValueError(f"{text!r} is no serial format such as '9600 8N1': {error}") from error


def heard(data: bytes, *, sent: SerialFormat, listening: SerialFormat) -> bytes:
    """What a receiver set to `listening` makes of bytes sent back to back as `sent`, the wire idle before and after."""
    if _alike(sent, listening):
        return data
    levels = _drawn(data, sent)
    half_sent, half_heard = listening.baud, sent.baud  # in units of 1 / (2 * both bauds) seconds
    edges = [at for at in range(1, len(levels)) if levels[at - 1] and not levels[at]]
    found, free, edge = bytearray(), 0, 0

    def level(time: int) -> int:
        at = time // half_sent
        return levels[at] if at < len(levels) else 1

    while edge < len(edges):
        start = edges[edge] * half_sent
        edge += 1
        if start < free or level(start + half_heard):
            continue
        value = sum(level(start + (3 + 2 * bit) * half_heard) << bit for bit in range(listening.data_bits))
        bits = 1 + listening.data_bits + (listening.parity is not Parity.NONE)
        found.append(value)
        free = start + (2 * bits + 1) * half_heard  # the middle of the first stop bit
    return bytes(found)


def _alike(sent: SerialFormat, listening: SerialFormat) -> bool:
    """Whether the receiver hears every byte as it is; a receiver never minds how many stop bits there are."""
    whole = sent.data_bits == 8
    return whole and (sent.baud, sent.data_bits, sent.parity) == (
        listening.baud,
        listening.data_bits,
        listening.parity,
    )


def _drawn(data: bytes, sent: SerialFormat) -> list[int]:
    """The wire's level, one entry a half bit; it begins and ends idle."""
    halves = [1]
    for byte in data:
        bits = [(byte >> at) & 1 for at in range(sent.data_bits)]
        match sent.parity:
            case Parity.EVEN:
                bits.append(sum(bits) % 2)
            case Parity.ODD:
                bits.append(1 - sum(bits) % 2)
            case Parity.MARK:
                bits.append(1)
            case Parity.SPACE:
                bits.append(0)
            case Parity.NONE:
                pass
        halves += [level for bit in (0, *bits) for level in (bit, bit)]
        halves += [1] * round(2 * sent.stop_bits)
    return halves
