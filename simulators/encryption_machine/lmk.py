"""The published test LMK (本地主密钥), and keys under it. A real machine's LMK never leaves it; this one is no secret.

All layouts here are this machine's own, since vendors keep theirs to themselves:

    private key     SM4-CBC, zero IV, no padding, of d (32 bytes) ‖ the first 16 bytes of SM3(d): 48 bytes
    symmetric key   SM4-ECB of its 16 bytes under the LMK's variant for the key's type: 16 bytes
    variant         the LMK with the type's number (12 bits, e.g. 109) xored into its last two bytes
    check value     the first 8 bytes of SM4-ECB(key, 16 zero bytes); of a key pair those of SM3(04 ‖ X ‖ Y)
"""

from harness.devices.virtual_lmk import lmk_variant, published_lmk
from harness.gm import GmError, PrivateKey, PublicKey, sm3, sm4

TEST_LMK = published_lmk()
"""16 bytes, the ASCII of `Liantiao test LM`: every virtual machine has it, so nothing under it is secret."""
PRIVATE_SIZE = 48
"""Bytes of a private key under the LMK."""
CHECK_SIZE = 8
"""Bytes of a check value."""
_ZEROS = bytes(sm4.BLOCK)


def wrap_private(key: PrivateKey, lmk: bytes = TEST_LMK) -> bytes:
    """A private key under the LMK."""
    d = key.d.to_bytes(32)
    return sm4.cbc_encrypt(lmk, _ZEROS, d + sm3(d)[:16], padding=sm4.Padding.NONE)


def unwrap_private(wrapped: bytes, lmk: bytes = TEST_LMK) -> PrivateKey:
    """The key; raises GmError unless it was wrapped under this LMK and is unaltered."""
    if len(wrapped) != PRIVATE_SIZE:
        raise GmError(f"a private key under the LMK has {PRIVATE_SIZE} bytes, not {len(wrapped)}")
    plain = sm4.cbc_decrypt(lmk, _ZEROS, wrapped, padding=sm4.Padding.NONE)
    if sm3(plain[:32])[:16] != plain[32:]:
        raise GmError("this private key is not under this LMK, or it was altered")
    return PrivateKey.from_bytes(plain[:32])


def wrap_symmetric(key: bytes, key_type: str, lmk: bytes = TEST_LMK) -> bytes:
    """A 16-byte key under the LMK's variant for its type, three hex digits."""
    return sm4.ecb_encrypt(lmk_variant(key_type, lmk), key, padding=sm4.Padding.NONE)


def unwrap_symmetric(wrapped: bytes, key_type: str, lmk: bytes = TEST_LMK) -> bytes:
    """The key; any 16 bytes are some key, so a wrong type or LMK shows in its check value alone. Raises GmError."""
    if len(wrapped) != sm4.BLOCK:
        raise GmError(f"a symmetric key under the LMK has {sm4.BLOCK} bytes, not {len(wrapped)}")
    return sm4.ecb_decrypt(lmk_variant(key_type, lmk), wrapped, padding=sm4.Padding.NONE)


def check_value(key: bytes) -> str:
    """The check value of a symmetric key, 16 upper-case hex digits."""
    return sm4.ecb_encrypt(key, _ZEROS, padding=sm4.Padding.NONE)[:CHECK_SIZE].hex().upper()


def pair_check_value(public: PublicKey) -> str:
    """The check value of a key pair, 16 upper-case hex digits."""
    return sm3(public.point)[:CHECK_SIZE].hex().upper()
