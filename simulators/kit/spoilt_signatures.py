"""SM2 signatures that are wrong on purpose, for every party that signs: what a fault makes of a finished one."""

from harness.faults.catalogue import Effect
from harness.gm.der import RAW_SIGNATURE_SIZE, signature_to_der
from harness.gm.sm2 import CURVE, PrivateKey, Signature


def other_key(key: PrivateKey) -> PrivateKey:
    """Another key, always the same for a key: what a rotation has put in its place."""
    return PrivateKey(d=key.d % (CURVE.n - 2) + 1)


def spoilt_form(effect: Effect, raw: bytes, form: Signature) -> bytes:
    """What a fault makes of a finished r‖s, in `form` unless the form is the fault."""
    half = RAW_SIGNATURE_SIZE // 2
    match effect:
        case Effect.SIGNATURE_RAW:
            return raw
        case Effect.SIGNATURE_DER:
            return signature_to_der(raw)
        case Effect.SIGNATURE_BIT:
            raw = raw[:-1] + bytes([raw[-1] ^ 1])
        case Effect.SIGNATURE_SWAPPED:
            raw = raw[half:] + raw[:half]
        case _:
            pass
    spelled = raw if form is Signature.RAW else signature_to_der(raw)
    return spelled[:-1] if effect is Effect.TRUNCATED_RESULT else spelled
