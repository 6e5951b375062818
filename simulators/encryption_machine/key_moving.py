"""Keys on their way into and out of the machine: under a KEK, or under an SM2 key; and the MAC of a public key.

How real machines lay these keys out is not known, so this is the machine's own:

    SM2 pair under a KEK        SM4-ECB of d, 32 bytes, without padding
    symmetric key under a KEK   SM4-ECB of its 16 bytes
    symmetric key under SM2     an SM2 ciphertext of its 16 bytes, in the profile's order
    MAC of a public key         the first 8 bytes of SM4-CBC-MAC (zero IV) over SM3 of its SPKI, under the LMK
"""

from harness.gm import GmError, PrivateKey, PublicKey, sm3, sm4
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine import lmk
from simulators.encryption_machine.keys import SymmetricKey, Use
from simulators.encryption_machine.machine import KEK_TYPE, CipherForm, Machine, Refused

D_SIZE = 32
MAC_SIZE = 8


def export_pair(machine: Machine, kek: int, index: int) -> tuple[PublicKey, bytes]:
    """The sign pair at an index, its private key under a KEK. Raises Refused KEY_INDEX, KEY_MISSING."""
    master = machine.symmetric(kek, KEK_TYPE)
    pair = machine.pair(index, Use.SIGN)
    return pair.public, _sealed(master, pair.private.d.to_bytes(D_SIZE))


def import_pair(machine: Machine, kek: int, index: int, spki: bytes, wrapped: bytes) -> None:
    """Store a pair that came under a KEK. Raises Refused PUBLIC_KEY, PRIVATE_KEY, KEY_BLOB when it does not open."""
    master = machine.symmetric(kek, KEK_TYPE)
    public = machine.external_public(spki)
    if len(wrapped) != D_SIZE:
        raise Refused(Reason.PRIVATE_KEY, f"a private key under a KEK has {D_SIZE} bytes, not {len(wrapped)}")
    try:
        private = PrivateKey.from_bytes(_opened(master, wrapped))
    except GmError as error:
        raise Refused(Reason.KEY_BLOB, str(error)) from error
    if private.public != public:
        raise Refused(Reason.KEY_BLOB, "the private key is not that of the public one: another KEK, or altered")
    machine.load_pair(index, spki, lmk.wrap_private(private))


def export_key(machine: Machine, key: SymmetricKey, protector: SymmetricKey | PublicKey, form: CipherForm) -> bytes:
    """A symmetric key under a KEK or an SM2 key."""
    if isinstance(protector, PublicKey):
        return machine.encrypt(protector, key.value, form)
    return _sealed(protector, key.value)


def import_key(
    machine: Machine, wrapped: bytes, key_type: str, protector: SymmetricKey | int, form: CipherForm
) -> SymmetricKey:
    """A symmetric key that came under a KEK, or under the encrypt pair at an index.

    Raises Refused KEY_LENGTH, DECRYPT_FAILED.
    """
    if isinstance(protector, int):
        value = machine.decrypt(machine.pair(protector, Use.ENCRYPT), wrapped, form)
    else:
        if len(wrapped) != sm4.BLOCK:
            raise Refused(Reason.KEY_LENGTH, f"{len(wrapped)} bytes")
        value = _opened(protector, wrapped)
    if len(value) != sm4.BLOCK:
        raise Refused(Reason.KEY_LENGTH, f"the key has {len(value)} bytes")
    return SymmetricKey(type=key_type, value=value)


def public_key_mac(machine: Machine, spki: bytes) -> bytes:
    """The MAC of a public key, the same on every virtual machine. Raises Refused PUBLIC_KEY."""
    machine.external_public(spki)
    sealed = sm4.cbc_encrypt(lmk.TEST_LMK, bytes(sm4.BLOCK), sm3(spki), padding=sm4.Padding.NONE)
    return sealed[-sm4.BLOCK :][:MAC_SIZE]


def _sealed(key: SymmetricKey, data: bytes) -> bytes:
    return sm4.ecb_encrypt(key.value, data, padding=sm4.Padding.NONE)


def _opened(key: SymmetricKey, data: bytes) -> bytes:
    return sm4.ecb_decrypt(key.value, data, padding=sm4.Padding.NONE)
