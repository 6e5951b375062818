"""Encrypting and decrypting with SM2: with the other side computed independently, and every alteration refused."""

from collections.abc import Callable

import pytest

from fixtures.gm_vectors import context, vectors
from harness.errors import BenchError
from harness.gm import PrivateKey, ciphertext_from_der
from harness.gm.der import to_old_order
from harness.scenarios.machine_stage import MachineStage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
OWN = PrivateKey(d=0x20201014)
"""A key of ours, for what the machine has to encrypt; it protects nothing."""
REFUSED = (Reason.DECRYPT_FAILED, Reason.BAD_INPUT, Reason.DATA_LENGTH, Reason.PUBLIC_KEY)


@pytest.mark.case("encryption-machine/seal", title="SM2 there and back SM2 加解密", requirements=HSM)
@pytest.mark.parametrize("size", [1, 32, 33, 100])
def test_seal(stage: MachineStage, size: int) -> None:
    """The machine opens what it sealed, and what we sealed for it; we open what it seals for us."""
    data = bytes(at * 11 % 256 for at in range(size))
    public, machine, index = stage.public_key(stage.keys.index), stage.machine, stage.keys.index
    sealed = stage.ask(wire.Sm2Encrypt(data=data, key=wire.KeyIndex(index=index)))
    assert isinstance(sealed, wire.Sm2EncryptReply)
    stage.ask(wire.Sm2Decrypt(ciphertext=sealed.ciphertext, key=wire.KeyIndex(index=index)))
    assert machine.decrypt(index, public.encrypt(data)) == data
    stage.expect()
    assert OWN.decrypt(machine.encrypt(OWN.public, data)) == data
    stage.expect()


@pytest.mark.case("encryption-machine/seal-nothing", title="Nothing to seal 空明文", requirements=HSM)
def test_seal_nothing(stage: MachineStage) -> None:
    """A plaintext of no bytes is refused."""
    body = f"E3070000;K{stage.keys.index:04d}0".encode()
    stage.say(stage.open_line(), body, Reason.DATA_LENGTH, Reason.BAD_INPUT)


@pytest.mark.case("encryption-machine/altered", title="Altered ciphertexts 密文被改", requirements=HSM)
@pytest.mark.parametrize("part", ["c1", "c2", "c3", "c2-added", "c2-cut", "old-order", "none"])
def test_altered(stage: MachineStage, part: str) -> None:
    """Nothing of a plaintext comes out when C1, C2 or C3 is altered, or the order is the old one."""
    public, index = stage.public_key(stage.keys.index), stage.keys.index
    good = public.encrypt(MESSAGE)
    alter: dict[str, Callable[[bytes], bytes]] = {
        "c1": lambda c: _flipped(c, 64),
        "c2": lambda c: _flipped(c, -1),
        "c3": lambda c: _flipped(c, 65),
        "c2-added": lambda c: c + b"\0",
        "c2-cut": lambda c: c[:-1],
        "old-order": to_old_order,
        "none": lambda c: c[:1],
    }
    stage.ask(_open(stage, alter[part](good)), *REFUSED)
    assert stage.machine.decrypt(index, good) == MESSAGE
    stage.expect()


@pytest.mark.case("encryption-machine/decrypt-example", title="The standard's ciphertext 标准密文", requirements=HSM)
def test_decrypt_example(stage: MachineStage) -> None:
    """The ciphertext of GB/T 32918.5, annex C, opens under the example's key; its known alterations do not."""
    key = stage.example_pair()
    (vector,) = [v for v in vectors("sm2_encrypt") if v["name"] == "standard example"]
    good = ciphertext_from_der(bytes.fromhex(context("sm2_decrypt_negative")["valid_der"]))
    reply = stage.ask(wire.Sm2Decrypt(ciphertext=_in_form(stage, good), key=key))
    assert isinstance(reply, wire.Sm2DecryptReply)
    assert reply.data == bytes.fromhex(vector["msg_hex"])
    for negative in vectors("sm2_decrypt_negative"):
        spoilt = _in_form(stage, bytes.fromhex(negative["c1c3c2"]))
        stage.ask(wire.Sm2Decrypt(ciphertext=spoilt, key=key), *REFUSED)


def _open(stage: MachineStage, ciphertext: bytes) -> wire.Sm2Decrypt:
    return wire.Sm2Decrypt(ciphertext=_in_form(stage, ciphertext), key=wire.KeyIndex(index=stage.keys.index))


def _in_form(stage: MachineStage, c1c3c2: bytes) -> bytes:
    match stage.profile.ciphertext:
        case "c1c3c2":
            return c1c3c2
        case "c1c3c2-bare":
            return c1c3c2[1:]
        case form:
            raise BenchError(
                f"This case does not know ciphertexts in the form {form}.",
                cause="the machine's profile names a form that this case cannot spoil by hand",
                remedy="leave the case out for this machine",
            )


def _flipped(data: bytes, at: int) -> bytes:
    spoilt = bytearray(data)
    spoilt[at] ^= 1
    return bytes(spoilt)
