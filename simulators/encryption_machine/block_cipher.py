"""SM4 over data of any length: modes, paddings, and what is refused; the key is the caller's matter."""

from enum import IntEnum, StrEnum

from harness.gm import DecryptionFailed, sm4
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine.refused import Refused


class BlockMode(IntEnum):
    """The modes of SM4 that are served."""

    ECB = 0
    CBC = 1


class BlockPadding(StrEnum):
    """How data is brought to whole blocks."""

    NONE = "none"
    PKCS7 = "pkcs7"
    ISO = "iso-7816"
    """80, then zeros; always added."""
    ZEROS = "zeros"
    """Zeros up to a whole block; none is added to whole blocks, and none is taken off."""


def encrypted(key: bytes, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b"") -> bytes:
    """ECB or CBC. Raises Refused DATA_LENGTH for blocks that are not whole without padding."""
    _demand_iv(mode, iv)
    padded = _padded(data, padding)
    if not padded or len(padded) % sm4.BLOCK:
        raise Refused(Reason.DATA_LENGTH, f"{len(data)} bytes are no whole blocks")
    if mode is BlockMode.ECB:
        return sm4.ecb_encrypt(key, padded, padding=sm4.Padding.NONE)
    return sm4.cbc_encrypt(key, iv, padded, padding=sm4.Padding.NONE)


def decrypted(key: bytes, data: bytes, *, mode: BlockMode, padding: BlockPadding, iv: bytes = b"") -> bytes:
    """ECB or CBC. Raises Refused DATA_LENGTH, or PADDING when the blocks end in none."""
    _demand_iv(mode, iv)
    if not data or len(data) % sm4.BLOCK:
        raise Refused(Reason.DATA_LENGTH, f"{len(data)} bytes are no whole blocks")
    try:
        if mode is BlockMode.ECB:
            plain = sm4.ecb_decrypt(key, data, padding=sm4.Padding.NONE)
        else:
            plain = sm4.cbc_decrypt(key, iv, data, padding=sm4.Padding.NONE)
    except DecryptionFailed:
        raise Refused(Reason.DECRYPT_FAILED) from None
    return _unpadded(plain, padding)


def _demand_iv(mode: BlockMode, iv: bytes) -> None:
    if len(iv) != (sm4.BLOCK if mode is BlockMode.CBC else 0):
        raise Refused(Reason.BAD_INPUT, "an initial vector is due in CBC, and only there")


def _padded(data: bytes, padding: BlockPadding) -> bytes:
    match padding:
        case BlockPadding.NONE:
            return data
        case BlockPadding.PKCS7:
            count = sm4.BLOCK - len(data) % sm4.BLOCK
            return data + bytes([count]) * count
        case BlockPadding.ISO:
            return data + b"\x80" + bytes((-len(data) - 1) % sm4.BLOCK)
        case BlockPadding.ZEROS:
            return data + bytes(-len(data) % sm4.BLOCK)


def _unpadded(plain: bytes, padding: BlockPadding) -> bytes:
    match padding:
        case BlockPadding.NONE | BlockPadding.ZEROS:
            return plain
        case BlockPadding.PKCS7:
            count = plain[-1]
            if not 1 <= count <= sm4.BLOCK or not plain.endswith(bytes([count]) * count):
                raise Refused(Reason.PADDING)
            return plain[:-count]
        case BlockPadding.ISO:
            bare = plain.rstrip(b"\0")
            if not bare.endswith(b"\x80") or len(plain) - len(bare) >= sm4.BLOCK:
                raise Refused(Reason.PADDING)
            return bare[:-1]
