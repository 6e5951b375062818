"""What an encryption machine does with keys: it keeps what it acknowledged, and none leaves it in clear."""

from collections.abc import Iterator

from harness.gm import GmError, sm4
from harness.gm.sm2 import PrivateKey
from harness.judge.history import CaseHistory
from harness.judge.machine_keys import PublicKeys
from harness.judge.machine_talk import machine_talk
from harness.rules.registry import Observation, rule
from harness.wire.encryption_machine import host_messages as wire

SCALAR = 32
KEY = 16


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
            case wire.MoveKeyPair(way=wire.Way.IMPORT, index=index, public=public), wire.MoveKeyPairReply():
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
    publics = {public.point for public in PublicKeys(talk).all()}
    for exchange in talk.exchanges:
        if not isinstance(exchange.request, wire.GenerateKeyPair | wire.LoadKeyPair | wire.MoveKeyPair):
            continue
        told = (
            (exchange.request, exchange.raw, exchange.seq),
            (exchange.reply, exchange.reply_raw, exchange.reply_seq),
        )
        for message, raw, seq in told:
            closed = _private_in(message, raw)
            windows = (closed[at : at + SCALAR] for at in range(len(closed) - SCALAR + 1))
            if seq is not None and any(_point(window) in publics for window in windows):
                yield Observation(seq=seq, expected="a key under another key", seen="the private key in clear")


@rule("machine-no-clear-symmetric-key")
def machine_no_clear_symmetric_key(history: CaseHistory) -> Iterator[Observation]:
    """No symmetric key crosses the line in clear: no 16 bytes of a moved one have its check value."""
    talk = machine_talk(history)
    if talk is None:
        return
    for exchange in talk.exchanges:
        if not isinstance(exchange.request, wire.MoveKey) or not isinstance(exchange.reply, wire.MoveKeyReply):
            continue
        check = exchange.reply.check
        for raw, seq in ((exchange.request.wrapped, exchange.seq), (exchange.reply.wrapped, exchange.reply_seq)):
            if (
                check
                and seq is not None
                and any(_zeros_under(raw[at : at + KEY]).startswith(check) for at in range(len(raw) - KEY + 1))
            ):
                yield Observation(seq=seq, expected="a key under another key", seen="the key in clear")


def _private_in(message: wire.Request | wire.Reply | None, raw: bytes) -> bytes:
    """Where a private key can be: its own field, or anywhere in a message that could not be read."""
    match message:
        case wire.LoadKeyPair(private=private) | wire.MoveKeyPair(private=private):
            return private
        case wire.GenerateKeyPairReply(private=private) | wire.MoveKeyPairReply(private=private):
            return private
        case None:
            return raw
        case _:
            return b""


def _point(window: bytes) -> bytes:
    try:
        return PrivateKey(d=int.from_bytes(window)).public.point
    except GmError:
        return b""


def _zeros_under(key: bytes) -> bytes:
    return sm4.ecb_encrypt(key, bytes(sm4.BLOCK), padding=sm4.Padding.NONE)
