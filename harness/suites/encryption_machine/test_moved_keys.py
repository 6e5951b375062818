"""Keys on their way out of the machine and in again, under a KEK and under SM2; MACs of public keys."""

import pytest

from fixtures.gm_vectors import vectors
from harness.scenarios.machine_stage import KEK, MachineStage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
BLOCKS = bytes(range(32))
CHECK_SIZE = 8
WRONG_PAIR = (Reason.KEY_BLOB, Reason.PRIVATE_KEY, Reason.PUBLIC_KEY)
WRONG_KEY = (Reason.KEY_LENGTH, Reason.KEY_BLOB, Reason.DECRYPT_FAILED, Reason.BAD_INPUT, Reason.DATA_LENGTH)


@pytest.mark.case("encryption-machine/move-pair", title="A pair moves under a KEK 密钥对导出导入", requirements=HSM)
def test_move_pair(stage: MachineStage) -> None:
    """TT: what comes out under a KEK goes in again elsewhere, and signs as the same key."""
    public, spare = stage.public_key(stage.keys.index), stage.keys.spare_index
    moved = _exported_pair(stage)
    assert moved.public == public.spki
    assert stage.ask(_import_pair(stage, moved.public, moved.private)) == wire.MoveKeyPairReply()
    assert stage.public_key(spare) == public
    stage.ask(wire.Sm2Sign(data=MESSAGE, key=wire.KeyIndex(index=spare)))


@pytest.mark.case(
    "encryption-machine/move-spoilt-pair", title="A spoilt pair under a KEK 导入被改密钥对", requirements=HSM
)
@pytest.mark.parametrize("spoilt", ["first", "last", "short", "other"])
def test_move_spoilt_pair(stage: MachineStage, spoilt: str) -> None:
    """An altered private key is not stored, nor one that belongs to another public key; what was there stays."""
    spare = stage.keys.spare_index
    stage.ask(wire.GenerateKeyPair(index=spare))
    before = stage.public_key(spare)
    moved = _exported_pair(stage)
    private = {
        "first": _flipped(moved.private, 0),
        "last": _flipped(moved.private, -1),
        "short": moved.private[:-1],
        "other": moved.private,
    }[spoilt]
    public = before.spki if spoilt == "other" else moved.public
    stage.ask(_import_pair(stage, public, private), *WRONG_PAIR)
    assert stage.public_key(spare) == before
    stage.ask(_import_pair(stage, moved.public, moved.private))


@pytest.mark.case("encryption-machine/move-absent", title="Nothing to move 无可导出密钥", requirements=HSM)
def test_move_absent(stage: MachineStage) -> None:
    """No pair at the index, no KEK at its index, no key of that type."""
    absent, missing = stage.keys.absent_index, (Reason.KEY_MISSING, Reason.KEY_INDEX)
    stage.ask(wire.MoveKeyPair(way=wire.Way.EXPORT, kek=KEK, index=absent), *missing)
    stage.ask(wire.MoveKeyPair(way=wire.Way.EXPORT, kek=absent, index=stage.keys.index), *missing)
    stage.ask(_export_key(stage, wire.Under.KEK, protector=absent), *missing)
    stage.ask(_export_key(stage, wire.Under.SM2, protector=absent), *missing)
    _exported_pair(stage)


@pytest.mark.case("encryption-machine/move-key", title="A key moves 对称密钥导出导入", requirements=HSM)
@pytest.mark.parametrize("under", list(wire.Under), ids=lambda under: under.name.lower())
def test_move_key(stage: MachineStage, under: wire.Under) -> None:
    """TX: a key comes out under a KEK or an SM2 key, goes in again, and encrypts as the one at its index."""
    out = stage.ask(_export_key(stage, under))
    assert isinstance(out, wire.MoveKeyReply)
    back = stage.ask(_import_key(stage, under, out.wrapped))
    assert isinstance(back, wire.MoveKeyReply)
    assert back.check == out.check
    inside: wire.SymmetricKeyReference = wire.KeyIndex(index=stage.keys.key_index)
    for data in (bytes(16), BLOCKS):
        held = stage.ask(_encrypt(stage, inside, data))
        assert isinstance(held, wire.Sm4EncryptReply)
        assert stage.ask(_encrypt(stage, wire.WrappedKey(scheme="R", wrapped=back.wrapped), data)) == held
        if data == bytes(16):
            assert held.data[:CHECK_SIZE] == out.check


@pytest.mark.case("encryption-machine/move-spoilt-key", title="A spoilt key on its way 导入被改密钥", requirements=HSM)
@pytest.mark.parametrize("under", list(wire.Under), ids=lambda under: under.name.lower())
def test_move_spoilt_key(stage: MachineStage, under: wire.Under) -> None:
    """A key that lacks a byte is refused, under SM2 an altered one too; the good one is taken afterwards."""
    out = stage.ask(_export_key(stage, under))
    assert isinstance(out, wire.MoveKeyReply)
    stage.ask(_import_key(stage, under, out.wrapped[:-1]), *WRONG_KEY)
    if under is wire.Under.SM2:
        stage.ask(_import_key(stage, under, _flipped(out.wrapped, -1)), *WRONG_KEY)
    stage.ask(_import_key(stage, under, out.wrapped))


@pytest.mark.case("encryption-machine/public-key-mac", title="A public key's MAC 公钥 MAC", requirements=HSM)
def test_public_key_mac(stage: MachineStage) -> None:
    """TQ: the same for the same key, another for another, none for what is no key."""
    mine, other = stage.public_key(stage.keys.index), stage.public_key(stage.keys.sign_index)
    first = stage.ask(wire.MacPublicKey(public=mine.spki))
    assert stage.ask(wire.MacPublicKey(public=mine.spki)) == first
    assert stage.ask(wire.MacPublicKey(public=other.spki)) != first
    point = bytes.fromhex(next(v["point"] for v in vectors("sm2_pubkey_negative") if len(v["point"]) == 130))
    stage.ask(wire.MacPublicKey(public=mine.spki[:-65] + point), Reason.PUBLIC_KEY, Reason.BAD_INPUT)


def _exported_pair(stage: MachineStage) -> wire.MoveKeyPairReply:
    moved = stage.ask(wire.MoveKeyPair(way=wire.Way.EXPORT, kek=KEK, index=stage.keys.index))
    assert isinstance(moved, wire.MoveKeyPairReply)
    return moved


def _import_pair(stage: MachineStage, public: bytes, private: bytes) -> wire.MoveKeyPair:
    spare = stage.keys.spare_index
    return wire.MoveKeyPair(way=wire.Way.IMPORT, kek=KEK, index=spare, public=public, private=private)


def _export_key(stage: MachineStage, under: wire.Under, *, protector: int | None = None) -> wire.MoveKey:
    return wire.MoveKey(
        way=wire.Way.EXPORT,
        under=under,
        protector=_protector(stage, under) if protector is None else protector,
        key_type=stage.keys.key_type,
        key=wire.KeyIndex(index=stage.keys.key_index),
    )


def _import_key(stage: MachineStage, under: wire.Under, wrapped: bytes) -> wire.MoveKey:
    return wire.MoveKey(
        way=wire.Way.IMPORT,
        under=under,
        protector=_protector(stage, under),
        key_type=stage.keys.key_type,
        wrapped=wrapped,
    )


def _protector(stage: MachineStage, under: wire.Under) -> int:
    return KEK if under is wire.Under.KEK else stage.keys.index


def _encrypt(stage: MachineStage, key: wire.SymmetricKeyReference, data: bytes) -> wire.Sm4Encrypt:
    return wire.Sm4Encrypt(key_type=stage.keys.key_type, key=key, data=data)


def _flipped(data: bytes, at: int) -> bytes:
    spoilt = bytearray(data)
    spoilt[at] ^= 1
    return bytes(spoilt)
