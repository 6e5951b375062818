"""Keys of the machine: given out, made, stored, loaded, and refused."""

import pytest

from fixtures.gm_vectors import vectors
from harness.devices.encryption_machine import NewKeyPair
from harness.gm import PublicKey
from harness.scenarios.machine_stage import MachineStage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()


@pytest.mark.case("encryption-machine/public-key", title="A public key is given out 导出公钥", requirements=HSM)
def test_public_key(stage: MachineStage) -> None:
    """E2 gives a point of the curve, the same each time."""
    assert stage.public_key(stage.keys.index) == stage.public_key(stage.keys.index)


@pytest.mark.case("encryption-machine/public-key-absent", title="An empty index 空密钥索引", requirements=HSM)
def test_public_key_absent(stage: MachineStage) -> None:
    """No key is given out, used to sign or to decrypt where there is none."""
    absent = stage.keys.absent_index
    stage.ask(wire.GetPublicKey(index=absent), Reason.KEY_MISSING)
    stage.ask(wire.Sm2Sign(data=MESSAGE, key=wire.KeyIndex(index=absent)), Reason.KEY_MISSING)
    stage.ask(wire.Sm2Encrypt(data=MESSAGE, key=wire.KeyIndex(index=absent)), Reason.KEY_MISSING)
    stage.ask(wire.GetPublicKey(index=stage.keys.index))


@pytest.mark.case("encryption-machine/new-pair", title="A new pair under the LMK 生成密钥对", requirements=HSM)
def test_new_pair(stage: MachineStage) -> None:
    """E7 without an index: the pair comes out, its private key closed, and signs from the message."""
    pair = _new_pair(stage)
    stage.ask(_sign_with(pair))
    other = _new_pair(stage)
    assert other.public != pair.public
    assert other.private != pair.private


@pytest.mark.case("encryption-machine/stored-pair", title="A new pair is stored 生成并存储", requirements=HSM)
def test_stored_pair(stage: MachineStage) -> None:
    """E7 with an index: the key is there from now on, and the next one takes its place."""
    for label in (b"first", b"second"):
        stage.ask(wire.GenerateKeyPair(index=stage.keys.spare_index, label=label))
        stage.public_key(stage.keys.spare_index)
        stage.ask(wire.Sm2Sign(data=label, key=wire.KeyIndex(index=stage.keys.spare_index)))


@pytest.mark.case("encryption-machine/loaded-pair", title="A pair is loaded 导入密钥对", requirements=HSM)
def test_loaded_pair(stage: MachineStage) -> None:
    """E1 stores a pair that the machine once gave out."""
    pair = _new_pair(stage)
    spare = stage.keys.spare_index
    stage.ask(wire.LoadKeyPair(public=pair.public.spki, private=pair.private, index=spare, label=b"loaded"))
    assert stage.public_key(spare) == pair.public
    stage.ask(wire.Sm2Sign(data=MESSAGE, key=wire.KeyIndex(index=spare)))


@pytest.mark.case("encryption-machine/spoilt-blob", title="A spoilt key under the LMK 密钥密文被改", requirements=HSM)
@pytest.mark.parametrize("at", [0, -1])
def test_spoilt_blob(stage: MachineStage, at: int) -> None:
    """A private key whose closed form was altered is neither loaded nor used."""
    pair = _new_pair(stage)
    blob = bytearray(pair.private)
    blob[at] ^= 1
    spoilt = NewKeyPair(public=pair.public, private=bytes(blob))
    refusals = (Reason.KEY_BLOB, Reason.PRIVATE_KEY)
    spare = stage.keys.spare_index
    stage.ask(wire.LoadKeyPair(public=spoilt.public.spki, private=spoilt.private, index=spare), *refusals)
    stage.ask(_sign_with(spoilt), *refusals)
    stage.ask(_sign_with(pair))


@pytest.mark.case("encryption-machine/foreign-blob", title="Keys that are no pair 公私钥不匹配", requirements=HSM)
def test_foreign_blob(stage: MachineStage) -> None:
    """A public key with another pair's private key is refused."""
    one, other = _new_pair(stage), _new_pair(stage)
    mixed = NewKeyPair(public=one.public, private=other.private)
    stage.ask(_sign_with(mixed), Reason.PRIVATE_KEY, Reason.KEY_BLOB, Reason.PUBLIC_KEY)


@pytest.mark.case("encryption-machine/bad-point", title="A public key off the curve 非法公钥", requirements=HSM)
@pytest.mark.parametrize("vector", vectors("sm2_pubkey_negative"), ids=lambda vector: str(vector["id"]))
def test_bad_point(stage: MachineStage, vector: dict[str, str]) -> None:
    """Nothing is encrypted to it and nothing verifies under it."""
    point = bytes.fromhex(vector["point"])
    good = PublicKey.from_spki(stage.public_key(stage.keys.index).spki).spki
    spki = good[: -len(point)] + point if len(point) == 65 else good[:-65] + point.ljust(65, b"\0")
    key = wire.ExternalPublicKey(public=spki)
    refusals = (Reason.PUBLIC_KEY, Reason.BAD_INPUT)
    stage.ask(wire.Sm2Encrypt(data=MESSAGE, key=key), *refusals)
    stage.ask(wire.Sm2Verify(data=MESSAGE, signature=bytes(63) + b"\1", key=key), *refusals, Reason.VERIFY_FAILED)


def _new_pair(stage: MachineStage) -> NewKeyPair:
    pair = stage.machine.generate_key_pair()
    stage.expect()
    return pair


def _sign_with(pair: NewKeyPair) -> wire.Sm2Sign:
    key = wire.ExternalKeyPair(public=pair.public.spki, private=pair.private)
    return wire.Sm2Sign(data=MESSAGE, key=key)
