"""What an encryption machine computes, computed again: signatures, verification, random numbers.

Signatures are checked with the keys that the machine itself gave out; the first ones of a case also by a second,
independent implementation.
"""

from collections.abc import Iterator

from harness.gm import PublicKey, sm2_reference
from harness.gm.sm2 import CURVE
from harness.judge.history import CaseHistory
from harness.judge.machine_keys import PublicKeys
from harness.judge.machine_talk import HostExchange, MachineTalk, machine_talk
from harness.rules.registry import Observation, rule
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

RAW_SIGNATURE = 64
SCALAR = 32
TWICE = 8
"""So many signatures of a case are checked by the second implementation, too; it is slow."""
LEAST_RANDOM = 8
"""Fewer random bytes may repeat by chance."""


@rule("machine-signatures-verify")
def machine_signatures_verify(history: CaseHistory) -> Iterator[Observation]:
    """Every signature that the machine makes is r‖s of 64 bytes and verifies under the key and user id asked for."""
    talk = machine_talk(history)
    if talk is None:
        return
    checked = 0
    for exchange, request, reply, public in _signatures(talk):
        seq = exchange.reply_seq or exchange.seq
        if len(reply.signature) != RAW_SIGNATURE:
            yield Observation(seq=seq, expected="r‖s of 64 bytes", seen=f"{len(reply.signature)} bytes")
            continue
        good = public.verify(request.data, reply.signature, user_id=request.user_id)
        if checked < TWICE:
            checked += 1
            good = good and _verified_again(public, request, reply.signature)
        if not good:
            yield Observation(seq=seq, expected="a signature that verifies", seen=reply.signature.hex())


@rule("machine-nonce-never-repeats")
def machine_nonce_never_repeats(history: CaseHistory) -> Iterator[Observation]:
    """No two signatures of different messages use the same nonce: two that do give the private key away."""
    talk = machine_talk(history)
    if talk is None:
        return
    seen: dict[tuple[bytes, int], bytes] = {}
    for exchange, request, reply, public in _signatures(talk):
        if len(reply.signature) != RAW_SIGNATURE:
            continue
        e = public.digest(request.data, user_id=request.user_id)
        point = (int.from_bytes(reply.signature[:SCALAR]) - int.from_bytes(e)) % CURVE.n
        other = seen.setdefault((public.point, point), e)
        if other != e:
            seq = exchange.reply_seq or exchange.seq
            yield Observation(seq=seq, expected="a fresh nonce", seen="the nonce of another signature of this case")


@rule("machine-tells-good-from-bad")
def machine_tells_good_from_bad(history: CaseHistory) -> Iterator[Observation]:
    """The machine says of a signature that it is valid exactly when it is."""
    talk = machine_talk(history)
    if talk is None:
        return
    keys = PublicKeys(talk)
    for exchange in talk.exchanges:
        keys.learn(exchange)
        request = exchange.request
        if not isinstance(request, wire.Sm2Verify) or exchange.reply is None or talk.disturbed(exchange):
            continue
        public = keys.of(request.key)
        if public is None:
            continue
        valid = public.verify(request.data, request.signature, user_id=request.user_id)
        said_bad = exchange.error == talk.profile.answers[Reason.VERIFY_FAILED]
        seq = exchange.reply_seq or exchange.seq
        if exchange.error == talk.profile.ok and not valid:
            yield Observation(seq=seq, expected="refused: the signature is not valid", seen="verified")
        elif said_bad and valid:
            yield Observation(
                seq=seq, expected="verified: the signature is valid", seen=f"refused with {exchange.error}"
            )


@rule("machine-random-is-random")
def machine_random_is_random(history: CaseHistory) -> Iterator[Observation]:
    """Random bytes are as many as asked for, not all alike, and never the same twice."""
    talk = machine_talk(history)
    if talk is None:
        return
    seen: set[bytes] = set()
    for exchange in talk.undisturbed():
        if not isinstance(exchange.request, wire.Random) or not isinstance(exchange.reply, wire.RandomReply):
            continue
        data, seq = exchange.reply.data, exchange.reply_seq or exchange.seq
        if len(data) != exchange.request.size:
            yield Observation(seq=seq, expected=f"{exchange.request.size} bytes", seen=f"{len(data)}")
        elif len(data) >= LEAST_RANDOM and (data in seen or len(set(data)) == 1):
            yield Observation(
                seq=seq, expected="random bytes", seen="the same as before" if data in seen else "constant"
            )
        seen.add(data)


def _signatures(
    talk: MachineTalk,
) -> Iterator[tuple[HostExchange, wire.Sm2Sign, wire.Sm2SignReply, PublicKey]]:
    keys = PublicKeys(talk)
    for exchange in talk.exchanges:
        keys.learn(exchange)
        if talk.disturbed(exchange):
            continue
        if isinstance(exchange.request, wire.Sm2Sign) and isinstance(exchange.reply, wire.Sm2SignReply):
            public = keys.of(exchange.request.key)
            if public is not None:
                yield exchange, exchange.request, exchange.reply, public


def _verified_again(public: PublicKey, request: wire.Sm2Sign, signature: bytes) -> bool:
    point = (public.x, public.y)
    e = int.from_bytes(public.digest(request.data, user_id=request.user_id))
    r, s = int.from_bytes(signature[:SCALAR]), int.from_bytes(signature[SCALAR:])
    return sm2_reference.verify(CURVE, point, e, r, s)
