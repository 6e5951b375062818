"""What the machine's faults do to its results: wrong signatures, ciphertexts and answers, made on purpose.

`REFUSALS` are effects that make the machine refuse; `applies` tells whether an effect can do anything to a request.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from harness.faults.catalogue import ON_HTTP, ON_MACHINE, Effect
from harness.gm import sm2_reference, sm3
from harness.gm.der import INTEGER, SEQUENCE, element, to_old_order
from harness.gm.sm2 import CURVE, Signature
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine.keys import Pair
from simulators.kit.spoilt_signatures import other_key, spoilt_form

EFFECTS = ON_MACHINE | ON_HTTP
"""What the back door offers."""
REFUSALS: Mapping[Effect, Reason] = {
    Effect.BUSY: Reason.BUSY,
    Effect.TOO_MANY_CONNECTIONS: Reason.BUSY,
    Effect.SESSION_LOST: Reason.NOT_AUTHORISED,
    Effect.KEY_ABSENT: Reason.KEY_MISSING,
    Effect.KEY_MISMATCH: Reason.KEY_BLOB,
    Effect.PIN_IS_WRONG: Reason.PIN_WRONG,
    Effect.PIN_LOCKED: Reason.PIN_LOCKED,
    Effect.CERTIFICATE_EXPIRED: Reason.CERTIFICATE_EXPIRED,
    Effect.CERTIFICATE_NOT_YET: Reason.CERTIFICATE_NOT_YET,
    Effect.CERTIFICATE_REVOKED: Reason.CERTIFICATE_REVOKED,
    Effect.CERTIFICATE_UNKNOWN_CA: Reason.CERTIFICATE_ILLEGAL,
    Effect.REVOCATION_UNREACHABLE: Reason.REVOCATION_UNREACHABLE,
    Effect.RANDOM_FAILURE: Reason.HARDWARE,
}
"""The machine does nothing and gives this reason."""
CONDITIONS = frozenset({Effect.ALARM, Effect.KEYS_LOST, Effect.FIRMWARE_CHANGED})
"""The machine changes before it looks at the request, and stays so until it is repaired."""
_SIGNING = frozenset({"Sm2Sign", "SignData", "SignDataFinal"})
_VERIFYING = frozenset({"Sm2Verify", "VerifySignedData", "VerifySignedDataFinal"})
_RESULTS: Mapping[Effect, frozenset[str]] = {
    Effect.KEY_ROTATED: _SIGNING | {"Sm2Decrypt"},
    Effect.SIGNATURE_BIT: _SIGNING,
    Effect.SIGNATURE_DER: frozenset({"Sm2Sign"}),
    Effect.SIGNATURE_RAW: _SIGNING - {"Sm2Sign"},
    Effect.SIGNATURE_SWAPPED: _SIGNING,
    Effect.SIGNATURE_SHORT: _SIGNING,
    Effect.SIGNATURE_WITHOUT_ZA: _SIGNING - {"SignDataFinal"},
    Effect.SIGNATURE_OTHER_ID: _SIGNING - {"SignDataFinal"},
    Effect.OLD_ORDER: frozenset({"Sm2Encrypt"}),
    Effect.WRONG_PADDING: frozenset({"Sm4Encrypt", "Sm4Decrypt", "SmBatch"}),
    Effect.CONSTANT_RANDOM: frozenset({"Random", "GenRandom"}),
    Effect.VERIFY_SAYS_GOOD: _VERIFYING,
    Effect.VERIFY_SAYS_BAD: _VERIFYING,
    Effect.TRUNCATED_RESULT: _SIGNING
    | {"Echo", "Random", "GenRandom", "Sm2Encrypt", "Sm2Decrypt", "Sm4Encrypt", "Sm4Decrypt"},
}
OTHER_USER_ID = b"ALICE123@YAHOO.COM"
SPOILT_SIGNATURES = frozenset(effect for effect, requests in _RESULTS.items() if requests <= _SIGNING)
PADDING_BLOCK = b"\x10" * 16
RANDOM_BYTE = b"\x55"
R = TypeVar("R")


def is_result(effect: Effect) -> bool:
    """Whether an effect changes the result of an operation."""
    return effect in _RESULTS


def applies(effect: Effect, request: object) -> bool:
    """Whether an effect on results can do anything to this request."""
    return type(request).__name__ in _RESULTS.get(effect, frozenset())


def other_pair(pair: Pair) -> Pair:
    """Another pair, always the same for a pair: what a rotation has put in its place."""
    return Pair(private=other_key(pair.private), repeatable=pair.repeatable)


def spoilt_signature(
    effect: Effect, pair: Pair, message: bytes, user_id: bytes, *, form: Signature, rng: random.Random
) -> bytes:
    """The signature that a fault makes of a signing operation, in `form` unless the form is the fault."""
    match effect:
        case Effect.KEY_ROTATED:
            raw = other_pair(pair).signer(user_id).sign(message)
        case Effect.SIGNATURE_WITHOUT_ZA:
            raw = pair.private.sign_digest(sm3(message))
        case Effect.SIGNATURE_OTHER_ID:
            raw = pair.signer(OTHER_USER_ID).sign(message)
        case Effect.SIGNATURE_SHORT:
            return _short(pair, pair.public.digest(message, user_id=user_id), form, rng)
        case _:
            raw = pair.signer(user_id).sign(message)
    return spoilt_form(effect, raw, form)


def spoilt_reply(effect: Effect, reply: R) -> R:
    """A reply whose data a fault has changed; the same one where the fault changes none."""
    known = vars(reply)
    changes: dict[str, object] = {}
    for name in ("data", "ciphertext", "blocks"):
        if name not in known:
            continue
        value = known[name]
        if isinstance(value, tuple):
            changes[name] = tuple(_spoilt_bytes(effect, part) for part in value)
        else:
            changes[name] = _spoilt_bytes(effect, value)
        break
    return replace(reply, **changes) if changes else reply  # type: ignore[type-var]  # replies are dataclasses


def _spoilt_bytes(effect: Effect, value: bytes) -> bytes:
    match effect:
        case Effect.TRUNCATED_RESULT:
            return value[:-1]
        case Effect.CONSTANT_RANDOM:
            return RANDOM_BYTE * len(value)
        case Effect.OLD_ORDER:
            return to_old_order(value)
        case Effect.WRONG_PADDING:
            return value + PADDING_BLOCK
        case _:
            return value


def _short(pair: Pair, e: bytes, form: Signature, rng: random.Random) -> bytes:
    """A good signature as a machine spells it that drops what it takes for a superfluous zero byte.

    Raw: r or s has 31 bytes, so its zero in front is missing. DER: an INTEGER whose highest bit is set lacks its 00.
    """
    number, d = int.from_bytes(e), pair.private.d
    start = rng.randrange(1, CURVE.n - 1)
    point, k = CURVE.multiply(start, CURVE.base), start
    while True:
        r = (number + (point[0] if point else 0)) % CURVE.n
        wanted = r >> 248 == 0 if form is Signature.RAW else r >> 255 == 1
        if wanted and r:
            break
        point, k = CURVE.add(point, CURVE.base), k + 1
    r, s = sm2_reference.sign(CURVE, d, number, k)
    if form is Signature.RAW:
        return r.to_bytes(32)[1:] + s.to_bytes(32)
    plain = element(INTEGER, r.to_bytes(32)) + element(INTEGER, s.to_bytes(s.bit_length() // 8 + 1))
    return element(SEQUENCE, plain)
