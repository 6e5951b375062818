"""SM3 whose state can leave the machine between two parts (GM/T 0029: the server keeps none of a multi-part request).

The state is the eight words of the chaining value, the number of bytes taken (u64), and the bytes, fewer than 64, that
do not fill a block yet: 40 to 103 bytes.

No library's Python face shows its chaining value. gmssl-pyx's C part has the function, and it is used where it is found
and gives what the standard says; else blocks are compressed in plain Python, some hundred times slower.
"""

import ctypes
import struct
from collections.abc import Callable

import gmssl_pyx.gmsslext

Compress = Callable[[tuple[int, ...], bytes], tuple[int, ...]]
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
    chain = compress(tuple(words), pending[:whole])
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


def compress_in_python(chain: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
    """The chaining value after whole blocks."""
    for at in range(0, len(blocks), BLOCK):
        chain = _compress(chain, blocks[at : at + BLOCK])
    return chain


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


def native() -> Compress | None:
    """The same by gmssl-pyx's C part; None where it has no such function, or one that does something else."""
    try:
        found = ctypes.CDLL(gmssl_pyx.gmsslext.__file__).sm3_compress_blocks
    except (OSError, AttributeError):
        return None
    found.argtypes = (ctypes.POINTER(ctypes.c_uint32), ctypes.c_char_p, ctypes.c_size_t)
    found.restype = None

    def compress_natively(chain: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
        words = (ctypes.c_uint32 * 8)(*chain)
        found(words, blocks, len(blocks) // BLOCK)
        return tuple(words)

    tried = bytes(range(2 * BLOCK))
    return compress_natively if compress_natively(_START, tried) == compress_in_python(_START, tried) else None


compress: Compress = native() or compress_in_python
"""Takes a chaining value and whole blocks."""
