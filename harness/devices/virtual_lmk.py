"""Keys under the published test LMK of virtual encryption machines (本地主密钥), for hosts that bring their own key.

The LMK stands in fixtures/machines/test-lmk.hex and is no secret: the ASCII of `Liantiao test LM`. A real machine's LMK
never leaves it; there, a key under the LMK comes from the machine itself.
"""

from functools import cache

from fixtures import fixture
from harness.gm import sm4
from harness.wire.encryption_machine.host_messages import WrappedKey

TYPE_BITS = 12
"""Bits of a key type, three hex digits; xored into the last two bytes of the LMK they give its variant."""


@cache
def published_lmk() -> bytes:
    """The 16 bytes."""
    return bytes.fromhex(fixture("machines/test-lmk.hex").read_text(encoding="ascii"))


def lmk_variant(key_type: str, lmk: bytes | None = None) -> bytes:
    """The LMK's variant for a key type, e.g. 00A. Raises ValueError."""
    number = int(key_type, 16)
    if number >> TYPE_BITS or number < 0:
        raise ValueError(f"a key type has three hex digits, not {key_type!r}")
    master = published_lmk() if lmk is None else lmk
    return master[:-2] + (int.from_bytes(master[-2:]) ^ number).to_bytes(2)


def under_test_lmk(key: bytes, key_type: str) -> WrappedKey:
    """An SM4 key as a virtual machine takes it in a message."""
    return WrappedKey(scheme="R", wrapped=sm4.ecb_encrypt(lmk_variant(key_type), key, padding=sm4.Padding.NONE))
