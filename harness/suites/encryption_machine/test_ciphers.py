"""Encrypting and decrypting, SM2 and SM4: with the other side computed independently, and every alteration refused."""

from collections.abc import Callable

import pytest

from fixtures.gm_vectors import context, vectors
from harness.errors import BenchError
from harness.gm import PrivateKey, ciphertext_from_der, sm4
from harness.gm.der import to_old_order
from harness.scenarios.machine_stage import MachineStage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
OWN = PrivateKey(d=0x20201014)
"""A key of ours, for what the machine has to encrypt; it protects nothing."""
REFUSED = (Reason.DECRYPT_FAILED, Reason.BAD_INPUT, Reason.DATA_LENGTH, Reason.PUBLIC_KEY)
BLOCKS = bytes(range(16)) * 2 + bytes(16)
IV = bytes(range(100, 116))


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
    key = wire.ExternalPrivateKey(private=_demanded(stage.keys.example_pair, "example_pair"))
    (vector,) = [v for v in vectors("sm2_encrypt") if v["name"] == "standard example"]
    good = ciphertext_from_der(bytes.fromhex(context("sm2_decrypt_negative")["valid_der"]))
    reply = stage.ask(wire.Sm2Decrypt(ciphertext=_in_form(stage, good), key=key))
    assert isinstance(reply, wire.Sm2DecryptReply)
    assert reply.data == bytes.fromhex(vector["msg_hex"])
    for negative in vectors("sm2_decrypt_negative"):
        spoilt = _in_form(stage, bytes.fromhex(negative["c1c3c2"]))
        stage.ask(wire.Sm2Decrypt(ciphertext=spoilt, key=key), *REFUSED)


@pytest.mark.case("encryption-machine/sm4-example", title="The standard's block SM4 标准示例", requirements=HSM)
@pytest.mark.parametrize("mode", ["ECB", "CBC"])
def test_sm4_example(stage: MachineStage, mode: str) -> None:
    """The example of GB/T 32907 under the example's key, and its chained form."""
    key = wire.WrappedKey(scheme="R", wrapped=_demanded(stage.keys.example_key, "example_key"))
    vector = next(v for v in vectors("sm4") if v["mode"] == mode and v["iterations"] == 1)
    data, expected = bytes.fromhex(vector["pt"]), bytes.fromhex(vector["ct"])
    asked = wire.Sm4Encrypt(
        mode=wire.Mode[mode], key_type=stage.keys.key_type, key=key, data=data, iv=bytes.fromhex(vector.get("iv", ""))
    )
    reply = stage.ask(asked)
    assert isinstance(reply, wire.Sm4EncryptReply)
    assert reply.data == expected
    iv = asked.iv or b""
    own = sm4.cbc_encrypt(bytes.fromhex(vector["key"]), iv, data, padding=sm4.Padding.NONE) if iv else expected
    assert own == expected


@pytest.mark.case("encryption-machine/sm4", title="SM4 there and back SM4 加解密", requirements=HSM)
@pytest.mark.parametrize("mode", ["ECB", "CBC"])
def test_sm4(stage: MachineStage, mode: str) -> None:
    """As many bytes come out as go in, and they open again."""
    iv = IV if mode == "CBC" else b""
    sealed = stage.ask(_sm4(stage, BLOCKS, mode=mode, iv=iv))
    assert isinstance(sealed, wire.Sm4EncryptReply)
    assert len(sealed.data) == len(BLOCKS)
    opened = stage.ask(_sm4_open(stage, sealed.data, mode=mode, iv=iv))
    assert isinstance(opened, wire.Sm4DecryptReply)
    assert opened.data == BLOCKS


@pytest.mark.case("encryption-machine/sm4-chaining", title="CBC chains CBC 链接", requirements=HSM)
def test_sm4_chaining(stage: MachineStage) -> None:
    """CBC is ECB of what goes into each block; the judge compares, block by block."""
    sealed = stage.ask(_sm4(stage, BLOCKS, mode="CBC", iv=IV))
    assert isinstance(sealed, wire.Sm4EncryptReply)
    before, mixed = IV, b""
    for at in range(0, len(BLOCKS), 16):
        mixed += bytes(a ^ b for a, b in zip(BLOCKS[at : at + 16], before, strict=True))
        before = sealed.data[at : at + 16]
    stage.ask(_sm4(stage, mixed, mode="ECB"))


@pytest.mark.case("encryption-machine/sm4-batch", title="Many blocks at once 批量加密", requirements=HSM)
def test_sm4_batch(stage: MachineStage) -> None:
    """SW gives for each block what S3 gives."""
    blocks = tuple(bytes([number]) * 16 for number in range(5))
    key = wire.KeyIndex(index=stage.keys.key_index)
    many = stage.ask(wire.SmBatch(direction=wire.ENCRYPT, key_type=stage.keys.key_type, key=key, blocks=blocks))
    assert isinstance(many, wire.SmBatchReply)
    single = stage.ask(_sm4(stage, b"".join(blocks), mode="ECB"))
    assert isinstance(single, wire.Sm4EncryptReply)
    assert b"".join(many.blocks) == single.data
    back = stage.ask(wire.SmBatch(direction=wire.DECRYPT, key_type=stage.keys.key_type, key=key, blocks=many.blocks))
    assert isinstance(back, wire.SmBatchReply)
    assert back.blocks == blocks


@pytest.mark.case("encryption-machine/sm4-part-block", title="No whole block 不足一个分组", requirements=HSM)
@pytest.mark.parametrize("size", [1, 15, 17])
def test_sm4_part_block(stage: MachineStage, size: int) -> None:
    """Bytes that are no whole blocks are refused when no padding was asked for."""
    stage.ask(_sm4(stage, bytes(size), mode="ECB"), Reason.DATA_LENGTH, Reason.BAD_INPUT)
    stage.ask(_sm4(stage, bytes(16), mode="ECB"))


@pytest.mark.case("encryption-machine/sm4-wrong-key", title="Keys that do not fit 密钥类型与索引", requirements=HSM)
def test_sm4_wrong_key(stage: MachineStage) -> None:
    """A key of another type, and an index without a key."""
    other = "00A" if stage.keys.key_type != "00A" else "109"
    here, absent = wire.KeyIndex(index=stage.keys.key_index), wire.KeyIndex(index=stage.keys.absent_index)
    missing = (Reason.KEY_MISSING, Reason.KEY_INDEX)
    stage.ask(wire.Sm4Encrypt(key_type=other, key=here, data=bytes(16)), Reason.KEY_TYPE, *missing)
    stage.ask(wire.Sm4Encrypt(key_type=stage.keys.key_type, key=absent, data=bytes(16)), *missing)
    stage.ask(_sm4(stage, bytes(16), mode="ECB"))


def _sm4(stage: MachineStage, data: bytes, *, mode: str, iv: bytes = b"") -> wire.Sm4Encrypt:
    key = wire.KeyIndex(index=stage.keys.key_index)
    return wire.Sm4Encrypt(mode=wire.Mode[mode], key_type=stage.keys.key_type, key=key, data=data, iv=iv)


def _sm4_open(stage: MachineStage, data: bytes, *, mode: str, iv: bytes = b"") -> wire.Sm4Decrypt:
    key = wire.KeyIndex(index=stage.keys.key_index)
    return wire.Sm4Decrypt(mode=wire.Mode[mode], key_type=stage.keys.key_type, key=key, data=data, iv=iv)


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


def _demanded(text: str, name: str) -> bytes:
    if not text:
        raise BenchError(
            f"The bench file does not say {name}.",
            cause="the example's key must be given under this machine's LMK",
            remedy=f"have the key wrapped at the machine and write {name} in [machine], in hex",
        )
    return bytes.fromhex(text)


def _flipped(data: bytes, at: int) -> bytes:
    spoilt = bytearray(data)
    spoilt[at] ^= 1
    return bytes(spoilt)
