"""SM2 keys in PEM files, as OpenSSL, GmSSL and Tongsuo write them.

    key = private_key_from_pem(path.read_bytes(), passphrase=b"…")
    public_key_from_pem(public_key_to_pem(key.public)) == key.public

Private keys: PKCS#8, plain or under PBES2 (RFC 8018) with PBKDF2 or scrypt and AES-CBC or SM4-CBC, and the older form
of RFC 5915 (`EC PRIVATE KEY`). A key of another kind is refused by its name, so that nobody has to guess what is wrong.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from harness.gm import der
from harness.gm.errors import InvalidEncoding, InvalidKey
from harness.gm.sm2 import ALGORITHM, PrivateKey, PublicKey
from harness.gm.sm3 import sm3

PUBLIC, PRIVATE, ENCRYPTED = "PUBLIC KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"
OLDER = ("SM2 PRIVATE KEY", "EC PRIVATE KEY")
"""RFC 5915, as OpenSSL 3 calls it and as GmSSL and Tongsuo do."""
ITERATIONS = 600_000
"""Rounds of PBKDF2 with HMAC-SHA-256 for the keys that we write."""
MOST_ROUNDS = 20_000_000
"""Rounds of PBKDF2 beyond which a file is not a key but a way to keep us busy."""
MOST_MEMORY = 1 << 30
"""Bytes that scrypt may take."""
LONGEST_FILE = 1 << 20
"""Bytes; no key's file is longer."""

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*?\n(.*?)-----END ([A-Z0-9 ]+)-----", re.DOTALL)
_CURVE = ALGORITHM[-10:]
"""The OBJECT IDENTIFIER of sm2p256v1."""
_PBES2, _PBKDF2 = (bytes.fromhex(f"2a864886f70d01050{last}") for last in "dc")
_SCRYPT = bytes.fromhex("2b06010401da47040b")
_HMAC_SHA256 = bytes.fromhex("2a864886f70d0209")
_PRFS: Mapping[bytes, Callable[[], hashes.HashAlgorithm]] = {
    bytes.fromhex("2a864886f70d0207"): hashes.SHA1,
    _HMAC_SHA256: hashes.SHA256,
    bytes.fromhex("2a864886f70d020a"): hashes.SHA384,
    bytes.fromhex("2a864886f70d020b"): hashes.SHA512,
    bytes.fromhex("2a811ccf5501831102"): hashes.SM3,
}
_AES = {bytes.fromhex(f"608648016503040{tail}"): size for tail, size in (("102", 16), ("116", 24), ("12a", 32))}
_AES_256 = next(name for name, size in _AES.items() if size == 32)
_SM4 = bytes.fromhex("2a811ccf55016802")
_OTHERS: Mapping[bytes, str] = {
    bytes.fromhex("2a864886f70d010101"): "RSA",
    bytes.fromhex("2a864886f70d01010a"): "RSA-PSS",
    bytes.fromhex("2a8648ce380401"): "DSA",
    bytes.fromhex("2b6570"): "Ed25519",
    bytes.fromhex("2b6571"): "Ed448",
    bytes.fromhex("2a8648ce3d0201"): "another elliptic curve",
}


class PassphraseNeeded(InvalidKey):
    """The key is encrypted, and no pass phrase was given."""


class WrongPassphrase(InvalidKey):
    """The key does not open with this pass phrase; or it was damaged, which nobody can tell apart."""


def public_key_from_pem(stored: bytes) -> PublicKey:
    """The public key of a PEM file. Raises InvalidKey."""
    label, content = _block(stored)
    if label in {PRIVATE, ENCRYPTED, *OLDER} or label.endswith("PRIVATE KEY"):
        raise InvalidKey("this is a private key, where the public one is due")
    if label.endswith("CERTIFICATE"):
        raise InvalidKey("this is an X.509 certificate; take its key out: openssl x509 -pubkey -noout")
    if label != PUBLIC:
        raise InvalidKey(f"this is no public key but a {label}")
    try:
        _demand_sm2(der.sequence_of(content).take(der.SEQUENCE))
    except InvalidEncoding as error:
        raise InvalidKey(f"this public key is damaged: {error}") from error
    return PublicKey.from_spki(content)


def public_key_to_pem(key: PublicKey) -> bytes:
    """As `openssl pkey -pubout` writes it."""
    return _pem(PUBLIC, key.spki)


def private_key_from_pem(stored: bytes, *, passphrase: bytes | None = None) -> PrivateKey:
    """The private key of a PEM file; `passphrase` is not looked at for one that is not encrypted.

    Raises InvalidKey, and of its kinds PassphraseNeeded and WrongPassphrase.
    """
    label, content = _block(stored)
    if label in OLDER:
        return _from_older(label, content)
    if label == ENCRYPTED:
        if passphrase is None:
            raise PassphraseNeeded("this key is encrypted")
        try:
            content = _decrypted(content, passphrase)
        except InvalidEncoding as error:
            raise InvalidKey(f"this encrypted key is damaged: {error}") from error
        try:
            return _from_pkcs8(content)
        except InvalidEncoding as error:
            raise _wrong_passphrase() from error
    if label.endswith(PUBLIC):
        raise InvalidKey("this is a public key, where the private one is due")
    if label != PRIVATE:
        raise InvalidKey(f"this is no SM2 private key but a {label}")
    try:
        return _from_pkcs8(content)
    except InvalidEncoding as error:
        raise InvalidKey(f"this private key is damaged: {error}") from error


def private_key_to_pem(key: PrivateKey, *, passphrase: bytes | None = None) -> bytes:
    """PKCS#8; with a pass phrase under PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC, as OpenSSL itself does."""
    if passphrase is None:
        return _pem(PRIVATE, key.pkcs8)
    salt, iv = secrets.token_bytes(16), secrets.token_bytes(16)
    padder = PKCS7(128).padder()
    secret = _stretched(hashes.SHA256(), _AES[_AES_256], salt, ITERATIONS, passphrase)
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    hidden = encryptor.update(padder.update(key.pkcs8) + padder.finalize()) + encryptor.finalize()
    function = _sequence(_oid(_HMAC_SHA256), der.element(0x05, b""))
    derivation = _sequence(der.element(der.OCTET_STRING, salt), der.integer(ITERATIONS), function)
    cipher = _sequence(_oid(_AES_256), der.element(der.OCTET_STRING, iv))
    scheme = _sequence(_sequence(_oid(_PBKDF2), derivation), cipher)
    return _pem(ENCRYPTED, _sequence(_sequence(_oid(_PBES2), scheme), der.element(der.OCTET_STRING, hidden)))


def fingerprint(key: PublicKey) -> str:
    """By what people compare keys: the SM3 digest of 04‖X‖Y in hex, in 16 groups of 4."""
    spelled = sm3(key.point).hex()
    return " ".join(spelled[at : at + 4] for at in range(0, len(spelled), 4))


def _block(stored: bytes) -> tuple[str, bytes]:
    """The one key of a PEM file, with its label; the parameters that OpenSSL puts before a key are passed over."""
    if len(stored) > LONGEST_FILE:
        raise InvalidKey("this file is far too long for a key")
    blocks = [found for found in _BLOCK.findall(stored) if not found[0].endswith(b"PARAMETERS")]
    if len(blocks) != 1:
        begun = b"-----BEGIN " in stored
        what = "this file holds several keys" if blocks else "this PEM file is cut short" if begun else "this is no PEM"
        raise InvalidKey(what)
    label, spelled, end = blocks[0]
    if label != end:
        raise InvalidKey("this PEM file ends as something else than it begins")
    if b"Proc-Type:" in spelled:
        raise InvalidKey("this key is encrypted in a form of before PKCS#8; convert it: openssl pkcs8 -topk8")
    try:
        return label.decode(), base64.b64decode(b"".join(spelled.split()), validate=True)
    except binascii.Error as error:
        raise InvalidKey(f"this PEM file is damaged: {error}") from error


def _from_pkcs8(content: bytes) -> PrivateKey:
    outer = der.sequence_of(content)
    outer.integer()
    _demand_sm2(outer.take(der.SEQUENCE))
    key = PrivateKey.from_pkcs8(content)
    inner = der.sequence_of(outer.take(der.OCTET_STRING))
    inner.integer()
    inner.take(der.OCTET_STRING)
    _demand_own_public(inner, key)
    return key


def _from_older(label: str, content: bytes) -> PrivateKey:
    try:
        inner = der.sequence_of(content)
        if inner.integer() != 1:
            raise InvalidKey("this private key is of an unknown version")
        d = inner.take(der.OCTET_STRING)
        curve = inner.take(0xA0) if inner.tag() == 0xA0 else _CURVE if label == OLDER[0] else b""
        if curve != _CURVE:
            raise InvalidKey("this is a key of another elliptic curve, not of SM2")
        key = PrivateKey.from_bytes(d)
        _demand_own_public(inner, key)
    except InvalidEncoding as error:
        raise InvalidKey(f"this private key is damaged: {error}") from error
    return key


def _demand_own_public(inner: der.Reader, key: PrivateKey) -> None:
    """Where the file holds the public key as well, it must be this one's: else one of the two was damaged."""
    while inner.left:
        tag = inner.tag()
        content = inner.take(tag)
        if tag == 0xA1 and content != der.element(der.BIT_STRING, b"\0" + key.public.point):
            raise InvalidKey("this private key does not belong to the public key that stands beside it")


def _demand_sm2(algorithm: bytes) -> None:
    if der.element(der.SEQUENCE, algorithm) == ALGORITHM:
        return
    name = _OTHERS.get(der.Reader(algorithm).take(der.OBJECT_IDENTIFIER), "another kind")
    raise InvalidKey(f"this is a key of {name}, not of SM2")


def _decrypted(content: bytes, passphrase: bytes) -> bytes:
    outer = der.sequence_of(content)
    algorithm = der.Reader(outer.take(der.SEQUENCE))
    hidden = outer.take(der.OCTET_STRING)
    outer.end()
    if algorithm.take(der.OBJECT_IDENTIFIER) != _PBES2:
        raise InvalidKey("this key is encrypted in an outdated way; convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc")
    scheme = der.Reader(algorithm.take(der.SEQUENCE))
    derivation, cipher = (der.Reader(scheme.take(der.SEQUENCE)) for _ in range(2))
    name, iv = cipher.take(der.OBJECT_IDENTIFIER), cipher.take(der.OCTET_STRING)
    size = _AES.get(name, 16 if name == _SM4 else 0)
    if not size:
        raise InvalidKey("this key is encrypted with a cipher that is neither AES-CBC nor SM4-CBC")
    if len(iv) != 16 or not hidden or len(hidden) % 16:
        raise InvalidEncoding("DER: a cipher text that is not whole")
    secret = _derived(derivation, size, passphrase)
    block = algorithms.SM4(secret) if name == _SM4 else algorithms.AES(secret)
    decryptor = Cipher(block, modes.CBC(iv)).decryptor()
    plain = decryptor.update(hidden) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= 16 or not plain.endswith(bytes([padding]) * padding):
        raise _wrong_passphrase()
    return plain[:-padding]


def _derived(derivation: der.Reader, size: int, passphrase: bytes) -> bytes:
    name, inside = derivation.take(der.OBJECT_IDENTIFIER), der.Reader(derivation.take(der.SEQUENCE))
    salt, rounds = inside.take(der.OCTET_STRING), inside.integer()
    if name == _SCRYPT:
        block_size, parallel = inside.integer(), inside.integer()
        memory = 128 * rounds * block_size * parallel
        if rounds < 2 or rounds & (rounds - 1) or not 0 < memory <= MOST_MEMORY:
            raise InvalidEncoding("DER: impossible parameters of scrypt")
        return Scrypt(salt=salt, length=size, n=rounds, r=block_size, p=parallel).derive(passphrase)
    if name != _PBKDF2:
        raise InvalidKey("this key's pass phrase is stretched neither by PBKDF2 nor by scrypt")
    if not 1 <= rounds <= MOST_ROUNDS:
        raise InvalidEncoding("DER: an impossible number of rounds")
    if inside.tag() == der.INTEGER and inside.integer() != size:
        raise InvalidEncoding("DER: a key of the wrong length")
    function: Callable[[], hashes.HashAlgorithm] = hashes.SHA1
    if inside.left:
        prf = der.Reader(inside.take(der.SEQUENCE)).take(der.OBJECT_IDENTIFIER)
        if prf not in _PRFS:
            raise InvalidKey("this key's pass phrase is stretched with an unknown digest")
        function = _PRFS[prf]
    return _stretched(function(), size, salt, rounds, passphrase)


def _stretched(name: hashes.HashAlgorithm, size: int, salt: bytes, rounds: int, passphrase: bytes) -> bytes:
    return PBKDF2HMAC(algorithm=name, length=size, salt=salt, iterations=rounds).derive(passphrase)


def _wrong_passphrase() -> WrongPassphrase:
    return WrongPassphrase("this key does not open with this pass phrase")


def _sequence(*parts: bytes) -> bytes:
    return der.element(der.SEQUENCE, b"".join(parts))


def _oid(content: bytes) -> bytes:
    return der.element(der.OBJECT_IDENTIFIER, content)


def _pem(label: str, content: bytes) -> bytes:
    spelled = base64.b64encode(content).decode()
    lines = [spelled[at : at + 64] for at in range(0, len(spelled), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
