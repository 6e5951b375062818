"""DER, strictly: signatures and ciphertexts of SM2 between their DER and their plain forms.

A signature is SEQUENCE { INTEGER r, INTEGER s } or r‖s of 64 bytes (GM/T 0009 7.3). A ciphertext is SEQUENCE
{ INTEGER x, INTEGER y, OCTET STRING C3, OCTET STRING C2 } (GM/T 0009 7.2) or 04‖x‖y‖C3‖C2. Only the one shortest
encoding is accepted: minimal non-negative INTEGERs, shortest definite lengths, nothing inside or after.

Ranges (r and s below n, a point on the curve) are not looked at here: they belong to the operation, and a bench must be
able to spell a wrong signature properly.
"""

from harness.gm.errors import InvalidEncoding

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30

SIZE = 32
"""Bytes of a coordinate, of r, of s, of C3."""
RAW_SIGNATURE_SIZE = 2 * SIZE
POINT_SIZE = 1 + 2 * SIZE
UNCOMPRESSED = b"\x04"


class Reader:
    """Takes the elements of a DER value one after another; every step raises InvalidEncoding."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return len(self._data) - self._at

    def tag(self) -> int:
        """The tag of the next element; -1 at the end."""
        return self._data[self._at] if self.left else -1

    def take(self, tag: int) -> bytes:
        """The content of the next element, which must bear `tag`."""
        found = self._bytes(1)[0]
        if found != tag:
            raise InvalidEncoding(f"DER: tag {found:02x} where {tag:02x} is due")
        return self._bytes(self._length())

    def integer(self) -> int:
        """The value of a minimal, non-negative INTEGER."""
        content = self.take(INTEGER)
        if not content:
            raise InvalidEncoding("DER: an INTEGER of no bytes")
        if content[0] & 0x80:
            raise InvalidEncoding("DER: a negative INTEGER")
        if len(content) > 1 and content[0] == 0 and not content[1] & 0x80:
            raise InvalidEncoding("DER: an INTEGER with a superfluous leading 00")
        return int.from_bytes(content)

    def end(self) -> None:
        """Nothing may be left."""
        if self.left:
            raise InvalidEncoding(f"DER: {self.left} bytes too many")

    def _bytes(self, count: int) -> bytes:
        if count > self.left:
            raise InvalidEncoding("DER: it ends too early")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def _length(self) -> int:
        first = self._bytes(1)[0]
        if first < 0x80:
            return first
        if first == 0x80:
            raise InvalidEncoding("DER: an indefinite length")
        spelled = self._bytes(first & 0x7F)
        length = int.from_bytes(spelled)
        if spelled[0] == 0 or length < 0x80:
            raise InvalidEncoding("DER: a length that is not the shortest")
        return length


def element(tag: int, content: bytes) -> bytes:
    """One element with the shortest definite length."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    spelled = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(spelled)]) + spelled + content


def integer(value: int) -> bytes:
    """A minimal INTEGER of a non-negative value."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def sequence_of(data: bytes) -> Reader:
    """The inside of a SEQUENCE that is all of `data`."""
    outer = Reader(data)
    inner = Reader(outer.take(SEQUENCE))
    outer.end()
    return inner


def signature_to_der(raw: bytes) -> bytes:
    """The DER form of r‖s; raises InvalidEncoding unless it has exactly 64 bytes."""
    if len(raw) != RAW_SIGNATURE_SIZE:
        raise InvalidEncoding(f"a raw signature has {RAW_SIGNATURE_SIZE} bytes, not {len(raw)}")
    return element(SEQUENCE, integer(int.from_bytes(raw[:SIZE])) + integer(int.from_bytes(raw[SIZE:])))


def signature_from_der(der: bytes) -> bytes:
    """r‖s, each half padded on the left to 32 bytes; raises InvalidEncoding."""
    inside = sequence_of(der)
    halves = _fitting(inside.integer()) + _fitting(inside.integer())
    inside.end()
    return halves


def ciphertext_to_der(c1c3c2: bytes) -> bytes:
    """The GM/T 0009 form of 04‖x‖y‖C3‖C2; raises InvalidEncoding."""
    if len(c1c3c2) < POINT_SIZE + SIZE or not c1c3c2.startswith(UNCOMPRESSED):
        raise InvalidEncoding("a ciphertext is 04, two coordinates and C3 of 32 bytes each, and C2")
    x, y = int.from_bytes(c1c3c2[1 : 1 + SIZE]), int.from_bytes(c1c3c2[1 + SIZE : POINT_SIZE])
    c3, c2 = c1c3c2[POINT_SIZE : POINT_SIZE + SIZE], c1c3c2[POINT_SIZE + SIZE :]
    return element(SEQUENCE, integer(x) + integer(y) + element(OCTET_STRING, c3) + element(OCTET_STRING, c2))


def ciphertext_from_der(der: bytes) -> bytes:
    """04‖x‖y‖C3‖C2 of a GM/T 0009 ciphertext; raises InvalidEncoding."""
    inside = sequence_of(der)
    point = UNCOMPRESSED + _fitting(inside.integer()) + _fitting(inside.integer())
    c3, c2 = inside.take(OCTET_STRING), inside.take(OCTET_STRING)
    inside.end()
    if len(c3) != SIZE:
        raise InvalidEncoding(f"C3 has {SIZE} bytes, not {len(c3)}")
    return point + c3 + c2


def to_old_order(c1c3c2: bytes) -> bytes:
    """C1‖C2‖C3 of C1‖C3‖C2, for machines from before 2012; raises InvalidEncoding. Nothing ever guesses the order."""
    if len(c1c3c2) < POINT_SIZE + SIZE:
        raise InvalidEncoding("a ciphertext is C1 of 65 bytes, C3 of 32 bytes, and C2")
    return c1c3c2[:POINT_SIZE] + c1c3c2[POINT_SIZE + SIZE :] + c1c3c2[POINT_SIZE : POINT_SIZE + SIZE]


def from_old_order(c1c2c3: bytes) -> bytes:
    """C1‖C3‖C2 of C1‖C2‖C3; raises InvalidEncoding."""
    if len(c1c2c3) < POINT_SIZE + SIZE:
        raise InvalidEncoding("a ciphertext is C1 of 65 bytes, C2, and C3 of 32 bytes")
    return c1c2c3[:POINT_SIZE] + c1c2c3[-SIZE:] + c1c2c3[POINT_SIZE:-SIZE]


def _fitting(value: int) -> bytes:
    if value.bit_length() > 8 * SIZE:
        raise InvalidEncoding(f"a value of {value.bit_length()} bits where {8 * SIZE} fit")
    return value.to_bytes(SIZE)
