"""Signing and verifying: every signature recomputed, every forgery refused."""

import random

import pytest

from fixtures.gm_vectors import context, vectors
from harness.gm import PrivateKey, PublicKey
from harness.scenarios.machine_stage import MachineStage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
MANY = 300
"""So many signatures that one with a leading zero byte is among them nine times in ten."""
OWN = PrivateKey(d=0x20201014)
"""A key of ours, for what the machine has to verify; it protects nothing."""


@pytest.mark.case("encryption-machine/sign", title="Signing 签名", requirements=HSM)
@pytest.mark.parametrize("size", [1, 55, 64, "most"])
def test_sign(stage: MachineStage, size: int | str) -> None:
    """Messages of one byte, around a block of SM3, and as long as it goes; the machine verifies its own."""
    stage.public_key(stage.keys.index)
    data = _data(stage, size)
    _sign_and_verify(stage, data)


@pytest.mark.case("encryption-machine/sign-too-long", title="A message that is too long 报文过长", requirements=HSM)
def test_sign_too_long(stage: MachineStage) -> None:
    """One byte more than the machine takes is refused, and it goes on."""
    stage.public_key(stage.keys.index)
    index = stage.keys.index
    size = stage.profile.limits["data"] + 1
    body = f"E520070016{'1234567812345678'};{size:04d}".encode() + bytes(size) + f";K{index:04d}0".encode()
    stage.say(stage.open_line(), body, Reason.DATA_LENGTH, Reason.BAD_INPUT)
    _sign_and_verify(stage, MESSAGE)


@pytest.mark.case("encryption-machine/user-id", title="User ids 用户标识", requirements=HSM)
@pytest.mark.parametrize("user_id", ["A", "ALICE123@YAHOO.COM", "12345678123456781234567812345678"])
def test_user_id(stage: MachineStage, user_id: str) -> None:
    """The id goes into ZA: a signature of one user is not another's."""
    stage.public_key(stage.keys.index)
    key = wire.KeyIndex(index=stage.keys.index)
    mine = stage.ask(wire.Sm2Sign(data=MESSAGE, key=key, user_id=user_id.encode()))
    assert isinstance(mine, wire.Sm2SignReply)
    signature = mine.signature
    stage.ask(wire.Sm2Verify(data=MESSAGE, signature=signature, key=key, user_id=user_id.encode()))
    stage.ask(wire.Sm2Verify(data=MESSAGE, signature=signature, key=key), Reason.VERIFY_FAILED)


@pytest.mark.case("encryption-machine/sign-many", title="Many signatures 大量签名", requirements=HSM)
def test_sign_many(stage: MachineStage) -> None:
    """All of 64 bytes, also those whose r or s begins with zeros; no nonce twice."""
    stage.public_key(stage.keys.index)
    key = wire.KeyIndex(index=stage.keys.index)
    for number in range(MANY):
        stage.machine.ask(wire.Sm2Sign(data=f"{number}".encode(), key=key))
    stage.expect()


@pytest.mark.case("encryption-machine/verify-ours", title="Our signatures verify 验证外部签名", requirements=HSM)
def test_verify_ours(stage: MachineStage) -> None:
    """A signature made elsewhere verifies under a public key in the message, and no altered one does."""
    key = wire.ExternalPublicKey(public=OWN.public.spki)
    signature = OWN.sign(MESSAGE)
    stage.ask(wire.Sm2Verify(data=MESSAGE, signature=signature, key=key))
    chance = random.Random(MESSAGE)  # noqa: S311 - the same bits on every machine
    for at in chance.sample(range(len(signature) * 8), 16):
        spoilt = bytearray(signature)
        spoilt[at // 8] ^= 1 << at % 8
        stage.ask(wire.Sm2Verify(data=MESSAGE, signature=bytes(spoilt), key=key), Reason.VERIFY_FAILED)
    stage.ask(wire.Sm2Verify(data=MESSAGE + b" ", signature=signature, key=key), Reason.VERIFY_FAILED)


@pytest.mark.case("encryption-machine/verify-example", title="The standard's example 标准签名示例", requirements=HSM)
def test_verify_example(stage: MachineStage) -> None:
    """The signature of GB/T 32918.5, annex A."""
    (vector,) = [v for v in vectors("sm2_sign") if v["name"] == "standard example"]
    stage.ask(
        wire.Sm2Verify(
            data=bytes.fromhex(vector["msg_hex"]),
            signature=bytes.fromhex(vector["raw"]),
            key=wire.ExternalPublicKey(public=_example_key("sm2_verify_negative").spki),
            user_id=bytes.fromhex(vector["id_hex"]),
        )
    )


@pytest.mark.case("encryption-machine/forgery", title="Forged signatures 伪造签名", requirements=HSM)
@pytest.mark.parametrize(
    "vector", [v for v in vectors("sm2_verify_negative") if "raw" in v], ids=lambda vector: str(vector["id"])
)
def test_forgery(stage: MachineStage, vector: dict[str, str]) -> None:
    """None of the known forgeries verifies, and the good signature still does."""
    ground = context("sm2_verify_negative")
    data, user_id = bytes.fromhex(ground["msg_hex"]), bytes.fromhex(ground["id_hex"])
    key = wire.ExternalPublicKey(public=_example_key("sm2_verify_negative").spki)
    forged = bytes.fromhex(vector["raw"])
    refusals = (Reason.VERIFY_FAILED, Reason.DATA_LENGTH, Reason.BAD_INPUT)
    stage.ask(wire.Sm2Verify(data=data, signature=forged, key=key, user_id=user_id), *refusals)
    (good,) = [v["raw"] for v in vectors("sm2_sign") if v["name"] == "standard example"]
    stage.ask(wire.Sm2Verify(data=data, signature=bytes.fromhex(good), key=key, user_id=user_id))


def _sign_and_verify(stage: MachineStage, data: bytes) -> None:
    key = wire.KeyIndex(index=stage.keys.index)
    signed = stage.ask(wire.Sm2Sign(data=data, key=key))
    assert isinstance(signed, wire.Sm2SignReply)
    stage.ask(wire.Sm2Verify(data=data, signature=signed.signature, key=key))


def _data(stage: MachineStage, size: int | str) -> bytes:
    length = stage.profile.limits["data"] if isinstance(size, str) else size
    return bytes(at * 7 % 256 for at in range(length))


def _example_key(group: str) -> PublicKey:
    ground = context(group)
    return PublicKey(x=int(ground["px"], 16), y=int(ground["py"], 16))
