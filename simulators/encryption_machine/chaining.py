"""SM3 whose state can leave the machine between two parts (GM/T 0029: the server keeps none of a multi-part request).

The state is the eight words of the chaining value, the number of bytes taken (u64), and the bytes, fewer than 64, that
do not fill a block yet: 40 to 103 bytes. Plain Python, since no library shows its chaining value.
"""

import struct

BLOCK = 64
HEAD = struct.Struct(">8IQ")
_START = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip
_M = 0xFFFFFFFF
_CONSTANTS = tuple(
    ((t << (j % 32)) | (t >> (32 - j % 32))) & _M if j % 32 else t
    for j, t in ((j, 0x79CC4519 if j < 16 else 0x7A879D8A) for j in range(64))
)


class BadState(ValueError):
    """Bytes that are no state of an SM3 computation."""


def start() -> bytes:
    """The state before the first byte."""
    return HEAD.pack(*_START, 0)


def update(state: bytes, data: bytes) -> bytes:
    """The state after more of the message. Raises BadState."""
    *words, taken = _read(state)
    pending = state[HEAD.size :] + data
    whole = len(pending) // BLOCK * BLOCK
    chain = tuple(words)
    for at in range(0, whole, BLOCK):
        chain = _compress(chain, pending[at : at + BLOCK])
    return HEAD.pack(*chain, (taken + len(data)) % (1 << 64)) + pending[whole:]


def digest(state: bytes) -> bytes:
    """The 32 bytes of the digest of all that was taken. Raises BadState."""
    taken = _read(state)[8]
    padding = b"\x80" + bytes((55 - taken) % BLOCK) + (8 * taken % (1 << 64)).to_bytes(8)
    return update(state, padding)[:32]


def _read(state: bytes) -> tuple[int, ...]:
    if not HEAD.size <= len(state) < HEAD.size + BLOCK:
        raise BadState(f"a state has {HEAD.size} to {HEAD.size + BLOCK - 1} bytes, not {len(state)}")
    found = HEAD.unpack_from(state)
    if found[8] % BLOCK != len(state) - HEAD.size:
        raise BadState("the state's count does not fit the bytes that wait")
    return found


def _turn(x: int, n: int) -> int:
    return ((x << n) | (x >> (32 - n))) & _M


def _compress(chain: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """One block (GB/T 32905, 5.3)."""
    w = list(struct.unpack(">16I", block))
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _turn(w[j - 3], 15)
        w.append(x ^ _turn(x, 15) ^ _turn(x, 23) ^ _turn(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = chain
    for j in range(64):
        a12 = _turn(a, 12)
        ss1 = _turn((a12 + e + _CONSTANTS[j]) & _M, 7)
        ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
        tt1 = (ff + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])) & _M
        tt2 = (gg + h + ss1 + w[j]) & _M
        a, b, c, d = tt1, a, _turn(b, 9), c
        e, f, g, h = tt2 ^ _turn(tt2, 9) ^ _turn(tt2, 17), e, _turn(f, 19), g
    return tuple(x ^ y for x, y in zip((a, b, c, d, e, f, g, h), chain, strict=True))
