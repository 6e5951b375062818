"""SM4 (GB/T 32907): the block cipher of 16-byte keys and blocks, in the modes that encryption machines offer.

ECB and CBC pad (PKCS#7) or take whole blocks alone, as the caller says; CTR, CFB (128-bit segments) and OFB take any
length; GCM and CCM authenticate. Keys, vectors and tags of a wrong size are refused with GmError. A decryption that
fails raises DecryptionFailed with always the same text and gives no plaintext.
"""

import hmac
from enum import StrEnum
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers import modes as decrepit
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness.gm.errors import DecryptionFailed, GmError

_Plain: TypeAlias = modes.ECB | modes.ModeWithInitializationVector | modes.ModeWithNonce | modes.ModeWithTweak | None

BLOCK = 16
"""Bytes of a block, a key, an initial vector."""
TAG = 16
"""Bytes of an authentication tag."""
SHORTEST_TAG = 12
"""Bytes: a tag cut shorter is refused (NIST SP 800-38D, 5.2.1.2)."""


class Padding(StrEnum):
    """How data is brought to whole blocks."""

    PKCS7 = "pkcs7"
    """1 to 16 bytes are added, each of them their number."""
    NONE = "none"
    """The data must be whole blocks."""


def ecb_encrypt(key: bytes, data: bytes, *, padding: Padding = Padding.PKCS7) -> bytes:
    """Each block by itself: equal blocks stay equal, as the insurance interfaces have it."""
    return _run(key, modes.ECB(), _padded(data, padding), encrypt=True)  # noqa: S305 - the interfaces demand ECB


def ecb_decrypt(key: bytes, data: bytes, *, padding: Padding = Padding.PKCS7) -> bytes:
    """The opposite of `ecb_encrypt`; raises DecryptionFailed when length or padding is wrong."""
    return _unpadded(_run(key, modes.ECB(), _blocks(data), encrypt=False), padding)  # noqa: S305 - as above


def cbc_encrypt(key: bytes, iv: bytes, data: bytes, *, padding: Padding = Padding.PKCS7) -> bytes:
    """Blocks chained from `iv`, 16 bytes."""
    return _run(key, modes.CBC(_block(iv, "an initial vector")), _padded(data, padding), encrypt=True)


def cbc_decrypt(key: bytes, iv: bytes, data: bytes, *, padding: Padding = Padding.PKCS7) -> bytes:
    """The opposite of `cbc_encrypt`; raises DecryptionFailed when length or padding is wrong."""
    plain = _run(key, modes.CBC(_block(iv, "an initial vector")), _blocks(data), encrypt=False)
    return _unpadded(plain, padding)


def ctr(key: bytes, counter: bytes, data: bytes) -> bytes:
    """Encrypts and decrypts: data xor the encrypted counter, which counts up from `counter`, 16 bytes."""
    return _run(key, modes.CTR(_block(counter, "a counter")), data, encrypt=True)


def ofb(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypts and decrypts: data xor `iv` encrypted over and over."""
    return _run(key, decrepit.OFB(_block(iv, "an initial vector")), data, encrypt=True)


def cfb_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Cipher feedback in segments of 128 bits."""
    return _run(key, decrepit.CFB(_block(iv, "an initial vector")), data, encrypt=True)


def cfb_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """The opposite of `cfb_encrypt`."""
    return _run(key, decrepit.CFB(_block(iv, "an initial vector")), data, encrypt=False)


def gcm_encrypt(key: bytes, iv: bytes, data: bytes, *, aad: bytes = b"") -> tuple[bytes, bytes]:
    """Ciphertext and 16-byte tag; `iv` has 12 bytes as a rule and must never serve twice with one key."""
    encryptor = Cipher(_algorithm(key), _gcm(iv, None)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(data) + encryptor.finalize(), encryptor.tag


def gcm_decrypt(key: bytes, iv: bytes, data: bytes, tag: bytes, *, aad: bytes = b"") -> bytes:
    """The plaintext; raises DecryptionFailed unless data, tag and aad belong together."""
    decryptor = Cipher(_algorithm(key), _gcm(iv, tag)).decryptor()
    decryptor.authenticate_additional_data(aad)
    plain = decryptor.update(data)
    try:
        return plain + decryptor.finalize()
    except InvalidTag:
        raise _failed() from None


def ccm_encrypt(key: bytes, iv: bytes, data: bytes, *, aad: bytes = b"") -> tuple[bytes, bytes]:
    """Ciphertext and 16-byte tag (NIST SP 800-38C); `iv` has 7 to 13 bytes."""
    tag = _ccm_tag(key, iv, data, aad)
    return ctr(key, _ccm_counter(iv, 1), data), ctr(key, _ccm_counter(iv, 0), tag)


def ccm_decrypt(key: bytes, iv: bytes, data: bytes, tag: bytes, *, aad: bytes = b"") -> bytes:
    """The plaintext; raises DecryptionFailed unless data, tag and aad belong together."""
    plain = ctr(key, _ccm_counter(iv, 1), data)
    expected = ctr(key, _ccm_counter(iv, 0), _ccm_tag(key, iv, plain, aad))
    if not hmac.compare_digest(expected, tag):
        raise _failed()
    return plain


def _ccm_counter(iv: bytes, count: int) -> bytes:
    if not 7 <= len(iv) <= 13:
        raise GmError(f"an initial vector of CCM has 7 to 13 bytes, not {len(iv)}")
    width = BLOCK - 1 - len(iv)
    return bytes([width - 1]) + iv + count.to_bytes(width)


def _ccm_tag(key: bytes, iv: bytes, plain: bytes, aad: bytes) -> bytes:
    width = BLOCK - 1 - len(iv)
    if len(plain) >= 1 << (8 * width):
        raise GmError(f"with an initial vector of {len(iv)} bytes CCM takes less than {1 << (8 * width)} bytes")
    if len(aad) >= 0xFF00:
        raise GmError("CCM takes less than 65280 bytes of additional data here")
    flags = 64 * bool(aad) + 8 * ((TAG - 2) // 2) + width - 1
    blocks = bytes([flags]) + iv + len(plain).to_bytes(width)
    if aad:
        blocks += _filled(len(aad).to_bytes(2) + aad)
    return cbc_encrypt(key, bytes(BLOCK), blocks + _filled(plain), padding=Padding.NONE)[-BLOCK:]


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def _gcm(iv: bytes, tag: bytes | None) -> modes.GCM:
    if tag is not None and not SHORTEST_TAG <= len(tag) <= TAG:
        raise GmError(f"a tag has {SHORTEST_TAG} to {TAG} bytes, not {len(tag)}")
    try:
        return modes.GCM(iv, tag, min_tag_length=SHORTEST_TAG)
    except ValueError as error:
        raise GmError(f"an initial vector of GCM has 8 to 128 bytes, not {len(iv)}") from error


def _algorithm(key: bytes) -> algorithms.SM4:
    return algorithms.SM4(_block(key, "a key"))


def _run(key: bytes, mode: _Plain, data: bytes, *, encrypt: bool) -> bytes:
    cipher: Cipher[_Plain] = Cipher(_algorithm(key), mode)
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()


def _block(value: bytes, what: str) -> bytes:
    if len(value) != BLOCK:
        raise GmError(f"{what} of SM4 has {BLOCK} bytes, not {len(value)}")
    return value


def _padded(data: bytes, padding: Padding) -> bytes:
    if padding is Padding.PKCS7:
        count = BLOCK - len(data) % BLOCK
        return data + bytes([count]) * count
    if len(data) % BLOCK:
        raise GmError(f"without padding the data must be whole blocks of {BLOCK} bytes, not {len(data)} bytes")
    return data


def _blocks(data: bytes) -> bytes:
    if len(data) % BLOCK:
        raise _failed()
    return data


def _unpadded(plain: bytes, padding: Padding) -> bytes:
    if padding is Padding.NONE:
        return plain
    count = plain[-1] if plain else 0
    if not 1 <= count <= BLOCK or not plain.endswith(bytes([count]) * count):
        raise _failed()
    return plain[:-count]


def _failed() -> DecryptionFailed:
    return DecryptionFailed("this ciphertext was not made with this key and these parameters, or it was altered")
