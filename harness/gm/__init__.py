"""Chinese commercial cryptography (国密): SM2, SM3 and SM4 as the insurance platform and the banks use them.

`PrivateKey`, `PublicKey` and `Signer` are SM2, `sm3` and `sm3_digest` SM3, `sm4` a module of SM4's modes, `der` the
strict conversions between the forms of signatures and ciphertexts. `harness.gm.sm2_reference` is apart: a second,
slow SM2 with the nonce in the caller's hand, for vectors and for signatures that are wrong on purpose.
"""

from harness.gm import der, sm4
from harness.gm.der import ciphertext_from_der, ciphertext_to_der, signature_from_der, signature_to_der
from harness.gm.errors import DecryptionFailed, GmError, InvalidEncoding, InvalidKey
from harness.gm.sm2 import DEFAULT_USER_ID, Ciphertext, PrivateKey, PublicKey, Signature, Signer
from harness.gm.sm3 import sm3, sm3_digest

__all__ = [
    "DEFAULT_USER_ID",
    "Ciphertext",
    "DecryptionFailed",
    "GmError",
    "InvalidEncoding",
    "InvalidKey",
    "PrivateKey",
    "PublicKey",
    "Signature",
    "Signer",
    "ciphertext_from_der",
    "ciphertext_to_der",
    "der",
    "signature_from_der",
    "signature_to_der",
    "sm3",
    "sm3_digest",
    "sm4",
]
