"""The machine's own way to sign much with one key: what depends on the key alone is computed once.

gmssl-pyx computes the public key and (1 + d)⁻¹ anew for each signature. Here it signs with d = 1, for which that costs
little: s₁ = (k - r) / 2, hence k + r = 2 (s₁ + r), and the signature with the real key and the same nonce is
s = (1 + d)⁻¹ (k + r) - r (GB/T 32918.2, 6.1). The nonce is gmssl-pyx's, fresh for each signature.
"""

from typing import Protocol

import gmssl_pyx

from harness.gm import PrivateKey, sm3
from harness.gm.sm2 import CURVE

_ONE = (1).to_bytes(32)
_N = CURVE.n


class Signs(Protocol):
    """Signs as one user."""

    def sign(self, message: bytes) -> bytes:
        """r‖s over SM3(ZA ‖ message)."""
        ...


class QuickSigner:
    """Signs with one key as one user. Raises GmError for a user id that is too long."""

    def __init__(self, key: PrivateKey, *, user_id: bytes) -> None:
        self._identity = key.public.identity_digest(user_id)
        self._factor = 2 * pow(1 + key.d, -1, _N) % _N

    def sign(self, message: bytes) -> bytes:
        """r‖s over SM3(ZA ‖ message)."""
        e = sm3(self._identity + message)
        while True:
            spelled = gmssl_pyx.sm2_sign_sm3_digest(_ONE, e)
            middle = 4 + spelled[3]
            r = int.from_bytes(spelled[4:middle])
            s = (self._factor * (int.from_bytes(spelled[middle + 2 :]) + r) - r) % _N
            if s:
                return r.to_bytes(32) + s.to_bytes(32)
