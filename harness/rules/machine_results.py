"""What an encryption machine computes, computed again: signatures, verification, ciphertexts, random numbers, keys.

Signatures are checked with the keys that the machine itself gave out; the first ones of a case also by a second,
independent implementation.
"""

from collections.abc import Iterator

from harness.gm import GmError, PublicKey, sm2_reference
from harness.gm.sm2 import CURVE, PrivateKey
from harness.judge.history import CaseHistory
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
    keys = _Keys(talk)
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


@rule("machine-opens-what-it-sealed")
def machine_opens_what_it_sealed(history: CaseHistory) -> Iterator[Observation]:
    """What the machine encrypted opens to the same data again, SM2 and SM4."""
    talk = machine_talk(history)
    if talk is None:
        return
    sealed: dict[tuple[object, ...], bytes] = {}
    for exchange in talk.undisturbed():
        seq = exchange.reply_seq or exchange.seq
        match exchange.request, exchange.reply:
            case wire.Sm2Encrypt(data=data, key=wire.KeyIndex(index=index)), wire.Sm2EncryptReply(ciphertext=found):
                sealed["SM2", index, found] = data
            case wire.Sm2Decrypt(ciphertext=given, key=wire.KeyIndex(index=index)), wire.Sm2DecryptReply(data=found):
                expected = sealed.get(("SM2", index, given))
                if expected is not None and found != expected:
                    yield Observation(seq=seq, expected=f"the {len(expected)} bytes encrypted before", seen="others")
            case wire.Sm4Encrypt() as asked, wire.Sm4EncryptReply(data=found):
                sealed[_how(asked), found] = asked.data
            case wire.Sm4Decrypt() as asked, wire.Sm4DecryptReply(data=found):
                expected = sealed.get((_how(asked), asked.data))
                if expected is not None and found != expected:
                    yield Observation(seq=seq, expected=f"the {len(expected)} bytes encrypted before", seen="others")
            case _:
                pass


@rule("machine-chains-blocks")
def machine_chains_blocks(history: CaseHistory) -> Iterator[Observation]:
    """CBC is ECB of each block with the block before it, the IV first, under the same key."""
    talk = machine_talk(history)
    if talk is None:
        return
    blocks: dict[tuple[object, ...], bytes] = {}
    for exchange in talk.undisturbed():
        match exchange.request, exchange.reply:
            case wire.Sm4Encrypt(mode=wire.Mode.ECB, data=data) as asked, wire.Sm4EncryptReply(data=found):
                for at in range(0, len(data), 16):
                    blocks[_which(asked), data[at : at + 16]] = found[at : at + 16]
            case _:
                pass
    for exchange in talk.undisturbed():
        match exchange.request, exchange.reply:
            case wire.Sm4Encrypt(mode=wire.Mode.CBC, data=data, iv=iv) as asked, wire.Sm4EncryptReply(data=found):
                before = iv
                for at in range(0, len(data), 16):
                    mixed = bytes(a ^ b for a, b in zip(data[at : at + 16], before, strict=False))
                    expected = blocks.get((_which(asked), mixed))
                    before = found[at : at + 16]
                    if expected is not None and before != expected:
                        seq = exchange.reply_seq or exchange.seq
                        yield Observation(seq=seq, expected=f"block {at // 16}: {expected.hex()}", seen=before.hex())
            case _:
                pass


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


@rule("machine-keeps-what-it-acknowledged")
def machine_keeps_what_it_acknowledged(history: CaseHistory) -> Iterator[Observation]:
    """A key pair that the machine said it stored is the one that it gives out at that index from then on."""
    talk = machine_talk(history)
    if talk is None:
        return
    stored: dict[int, bytes] = {}
    for exchange in talk.undisturbed():
        match exchange.request, exchange.reply:
            case wire.GenerateKeyPair(index=int(index)), wire.GenerateKeyPairReply(public=public):
                stored[index] = public
            case wire.LoadKeyPair(index=index, public=public), wire.LoadKeyPairReply():
                stored[index] = public
            case wire.GetPublicKey(index=index), reply if index in stored:
                if not isinstance(reply, wire.GetPublicKeyReply) or reply.public != stored[index]:
                    seen = f"error {exchange.error}" if exchange.refusal else "another key"
                    seq = exchange.reply_seq or exchange.seq
                    yield Observation(seq=seq, expected=f"the key stored at index {index}", seen=seen)
            case _:
                pass


@rule("machine-no-clear-private-key")
def machine_no_clear_private_key(history: CaseHistory) -> Iterator[Observation]:
    """No private key crosses the line in clear: no 32 bytes there are the scalar of a public key of the case."""
    talk = machine_talk(history)
    if talk is None:
        return
    publics = {public.point for public in _Keys(talk).all()}
    for exchange in talk.exchanges:
        if not isinstance(exchange.request, wire.GenerateKeyPair | wire.LoadKeyPair):
            continue
        for raw, seq in ((exchange.raw, exchange.seq), (exchange.reply_raw, exchange.reply_seq)):
            if seq is not None and any(_point(raw[at : at + SCALAR]) in publics for at in range(len(raw) - SCALAR + 1)):
                yield Observation(seq=seq, expected="a key under the LMK", seen="the private key in clear")


class _Keys:
    """The public keys that the machine has given out, by index, as they are at a moment of the case."""

    def __init__(self, talk: MachineTalk) -> None:
        self._talk = talk
        self._by_index: dict[int, PublicKey] = {}
        for exchange in talk.exchanges:
            match exchange.request, exchange.reply:
                case wire.GetPublicKey(index=index), wire.GetPublicKeyReply(public=spki):
                    self._put(index, spki, first=True)
                case _:
                    pass

    def learn(self, exchange: HostExchange) -> None:
        """Take what this exchange says of a key."""
        match exchange.request, exchange.reply:
            case wire.GetPublicKey(index=index), wire.GetPublicKeyReply(public=spki):
                self._put(index, spki)
            case wire.GenerateKeyPair(index=int(index)), wire.GenerateKeyPairReply(public=spki):
                self._put(index, spki)
            case wire.LoadKeyPair(index=index, public=spki), wire.LoadKeyPairReply():
                self._put(index, spki)
            case _:
                pass

    def of(self, key: object) -> PublicKey | None:
        """The key that a request means; None when nothing is known of it."""
        match key:
            case wire.KeyIndex(index=index):
                return self._by_index.get(index)
            case wire.ExternalPublicKey(public=spki) | wire.ExternalKeyPair(public=spki):
                return _read(spki)
            case _:
                return None

    def all(self) -> list[PublicKey]:
        """Every key of the case, also those that came with a new pair."""
        found = list(self._by_index.values())
        for exchange in self._talk.exchanges:
            match exchange.request, exchange.reply:
                case wire.GenerateKeyPair(), wire.GenerateKeyPairReply(public=spki):
                    found += [key] if (key := _read(spki)) else []
                case wire.LoadKeyPair(public=spki), _:
                    found += [key] if (key := _read(spki)) else []
                case _:
                    pass
        return found

    def _put(self, index: int, spki: bytes, *, first: bool = False) -> None:
        key = _read(spki)
        if key is not None and not (first and index in self._by_index):
            self._by_index[index] = key


def _signatures(
    talk: MachineTalk,
) -> Iterator[tuple[HostExchange, wire.Sm2Sign, wire.Sm2SignReply, PublicKey]]:
    keys = _Keys(talk)
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


def _how(asked: wire.Sm4Encrypt | wire.Sm4Decrypt) -> tuple[object, ...]:
    return (*_which(asked), asked.mode, asked.iv, asked.padding)


def _which(asked: wire.Sm4Encrypt | wire.Sm4Decrypt) -> tuple[object, ...]:
    return ("SM4", asked.key_type, asked.key, asked.derive, asked.session_mode, asked.session_data)


def _read(spki: bytes) -> PublicKey | None:
    try:
        return PublicKey.from_spki(spki)
    except GmError:
        return None


def _point(window: bytes) -> bytes:
    try:
        return PrivateKey(d=int.from_bytes(window)).public.point
    except GmError:
        return b""
