"""What an encryption machine encrypts: it opens again, and its blocks are chained as the standard has it."""

from collections.abc import Iterator
from typing import TypeAlias

from harness.judge.history import CaseHistory
from harness.judge.machine_talk import machine_talk
from harness.rules.registry import Observation, rule
from harness.wire.encryption_machine import host_messages as wire

_Sm4: TypeAlias = wire.Sm4Encrypt | wire.Sm4Decrypt | wire.SmBatch
BLOCK = 16


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
            case wire.SmBatch(direction=wire.ENCRYPT) as asked, wire.SmBatchReply(blocks=pieces):
                sealed |= {(_how(asked), found): data for data, found in zip(asked.blocks, pieces, strict=False)}
            case wire.Sm4Decrypt() as asked, wire.Sm4DecryptReply(data=found):
                yield from _opened(seq, asked, sealed.get((_how(asked), asked.data)), found)
            case wire.SmBatch(direction=wire.DECRYPT) as asked, wire.SmBatchReply(blocks=pieces):
                for given, found in zip(asked.blocks, pieces, strict=False):
                    yield from _opened(seq, asked, sealed.get((_how(asked), given)), found)
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


def _opened(seq: int, asked: _Sm4, expected: bytes | None, found: bytes) -> Iterator[Observation]:
    """A padding of zeros cannot be told from data, so that a machine leaves it where it is."""
    if expected is None or found == expected:
        return
    padded = asked.padding and found.startswith(expected) and len(found) - len(expected) < BLOCK
    if not padded or found[len(expected) :].strip(b"\0"):
        yield Observation(seq=seq, expected=f"the {len(expected)} bytes encrypted before", seen="others")


def _how(asked: _Sm4) -> tuple[object, ...]:
    return (*_which(asked), asked.mode, asked.iv, asked.padding)


def _which(asked: _Sm4) -> tuple[object, ...]:
    return ("SM4", asked.key_type, asked.key, asked.derive, asked.session_mode, asked.session_data)
