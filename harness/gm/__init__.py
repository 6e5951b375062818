"""Chinese commercial cryptography: SM2, SM3 and SM4 as the insurance platform uses them."""

from harness.gm.sm3 import sm3, sm3_digest

__all__ = ["sm3", "sm3_digest"]
