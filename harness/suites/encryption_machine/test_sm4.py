"""SM4: every mode, key, derivation, padding and size; results computed again, and every wrong request refused."""

import pytest

from fixtures.gm_vectors import vectors
from harness.gm import sm4
from harness.scenarios.machine_stage import MachineStage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
BLOCKS = bytes(range(16)) * 2 + bytes(16)
IV = bytes(range(100, 116))
EXAMPLE = bytes.fromhex("0123456789abcdeffedcba9876543210")
"""The key of GB/T 32907's example in clear."""
FACTORS = (bytes(range(16)), b"\xa5" * 16)
SESSION_DATA = bytes(range(16, 32))
SESSION_ECB = 1
PKCS7, ISO, ZEROS, NO_SUCH_PADDING = 1, 2, 3, 9
CFB = 2
PADDING_REFUSED = (Reason.PADDING, Reason.DATA_LENGTH, Reason.BAD_INPUT, Reason.DECRYPT_FAILED)


@pytest.mark.case("encryption-machine/sm4-example", title="The standard's block SM4 标准示例", requirements=HSM)
@pytest.mark.parametrize("mode", ["ECB", "CBC"])
def test_sm4_example(stage: MachineStage, mode: str) -> None:
    """The example of GB/T 32907 under the example's key, and its chained form."""
    key = stage.example_key()
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


@pytest.mark.case("encryption-machine/sm4-key-in-message", title="The key in the message 外部密钥", requirements=HSM)
@pytest.mark.parametrize("mode", ["ECB", "CBC"])
def test_sm4_key_in_message(stage: MachineStage, mode: str) -> None:
    """Under a key that comes with the request: encrypted, opened again, and in a batch; all as computed here."""
    iv = IV if mode == "CBC" else b""
    expected = _sealed(EXAMPLE, BLOCKS, iv)
    _demand_sealed(stage, _with_example(stage, BLOCKS, mode=wire.Mode[mode], iv=iv), expected)
    opened = stage.ask(_example_opens(stage, expected, mode=wire.Mode[mode], iv=iv))
    assert opened == wire.Sm4DecryptReply(data=BLOCKS)
    for direction, given, due in ((wire.ENCRYPT, BLOCKS, expected), (wire.DECRYPT, expected, BLOCKS)):
        batch = wire.SmBatch(
            direction=direction,
            mode=wire.Mode[mode],
            key_type=stage.keys.key_type,
            key=stage.example_key(),
            blocks=(given,),
            iv=iv,
        )
        assert stage.ask(batch) == wire.SmBatchReply(blocks=(due,))


@pytest.mark.case("encryption-machine/sm4-derived", title="Derived keys 密钥分散", requirements=HSM)
@pytest.mark.parametrize("count", [1, 2])
def test_sm4_derived(stage: MachineStage, count: int) -> None:
    """Each factor, encrypted under the key so far, is the next key."""
    key = EXAMPLE
    for factor in FACTORS[:count]:
        key = _sealed(key, factor)
    asked = _with_example(stage, BLOCKS, derive=FACTORS[:count])
    _demand_sealed(stage, asked, _sealed(key, BLOCKS))
    assert stage.ask(_example_opens(stage, _sealed(key, BLOCKS), derive=FACTORS[:count])) == wire.Sm4DecryptReply(
        data=BLOCKS
    )


@pytest.mark.case("encryption-machine/sm4-session", title="Session keys 会话密钥", requirements=HSM)
def test_sm4_session(stage: MachineStage) -> None:
    """The session key is the session data encrypted under the key; another mode of making it is refused."""
    key = _sealed(EXAMPLE, SESSION_DATA)
    asked = _with_example(stage, BLOCKS, session_mode=SESSION_ECB, session_data=SESSION_DATA)
    _demand_sealed(stage, asked, _sealed(key, BLOCKS))
    unknown = _with_example(stage, BLOCKS, session_mode=0x7F, session_data=SESSION_DATA)
    stage.ask(unknown, Reason.BAD_INPUT)
    _demand_sealed(stage, asked, _sealed(key, BLOCKS))


@pytest.mark.case("encryption-machine/sm4-padding", title="Paddings 填充方式", requirements=HSM)
@pytest.mark.parametrize("padding", [PKCS7, ISO, ZEROS], ids=["pkcs7", "iso", "zeros"])
def test_sm4_padding(stage: MachineStage, padding: int) -> None:
    """Around a whole block: padded as computed here, and taken off again."""
    for size in (1, 15, 16, 17, 31, 32):
        data = bytes(at + 1 for at in range(size))
        padded = _padded(data, padding)
        sealed = _sealed(EXAMPLE, padded)
        _demand_sealed(stage, _with_example(stage, data, padding=padding), sealed)
        due = padded if padding == ZEROS else data
        assert stage.ask(_example_opens(stage, sealed, padding=padding)) == wire.Sm4DecryptReply(data=due)


@pytest.mark.case("encryption-machine/sm4-bad-padding", title="Padding that is none 填充错误", requirements=HSM)
@pytest.mark.parametrize("end", ["00", "11", "0102", "ff"])
def test_sm4_bad_padding(stage: MachineStage, end: str) -> None:
    """Blocks that end in no PKCS#7 padding do not open, and nothing of them comes out."""
    wrong = bytes.fromhex(end).rjust(16, b"\x33")
    stage.ask(_example_opens(stage, _sealed(EXAMPLE, wrong), padding=PKCS7), *PADDING_REFUSED)
    good = _sealed(EXAMPLE, _padded(b"x", PKCS7))
    assert stage.ask(_example_opens(stage, good, padding=PKCS7)) == wire.Sm4DecryptReply(data=b"x")


@pytest.mark.case("encryption-machine/sm4-unserved", title="Modes never served 未支持的模式", requirements=HSM)
def test_sm4_unserved(stage: MachineStage) -> None:
    """A padding that nobody defined, a mode that is not served, CBC without an IV and ECB with one."""
    stage.ask(_with_example(stage, BLOCKS, padding=NO_SUCH_PADDING), *PADDING_REFUSED)
    stage.ask(_with_example(stage, BLOCKS, mode=CFB, iv=IV), Reason.BAD_INPUT)
    stage.ask(_with_example(stage, BLOCKS, mode=wire.Mode.CBC), Reason.BAD_INPUT, Reason.DATA_LENGTH)
    stage.ask(_with_example(stage, BLOCKS, iv=IV), Reason.BAD_INPUT, Reason.DATA_LENGTH)
    _demand_sealed(stage, _with_example(stage, BLOCKS), _sealed(EXAMPLE, BLOCKS))


@pytest.mark.case("encryption-machine/sm4-most", title="As long as it goes 最大长度", requirements=HSM)
def test_sm4_most(stage: MachineStage) -> None:
    """The longest data is taken, a block more is refused, and so are too many pieces of a batch; then it goes on."""
    most = stage.profile.limits["symmetric"] // 16 * 16
    longest = bytes(at % 251 for at in range(most))
    _demand_sealed(stage, _with_example(stage, longest), _sealed(EXAMPLE, longest))
    too_long = _by_hand(stage, "S3", "00") + f"{most + 16:04X}".encode() + bytes(most + 16)
    stage.say(stage.open_line(), too_long, Reason.DATA_LENGTH, Reason.BAD_INPUT)
    pieces = stage.profile.limits["blocks"]
    key = stage.example_key()
    blocks = tuple(bytes([number]) * 16 for number in range(pieces))
    batch = wire.SmBatch(direction=wire.ENCRYPT, key_type=stage.keys.key_type, key=key, blocks=blocks)
    assert stage.ask(batch) == wire.SmBatchReply(blocks=tuple(_sealed(EXAMPLE, block) for block in blocks))
    none = _by_hand(stage, "SW0", "00") + b"00"
    stage.say(stage.open_line(), none, Reason.DATA_LENGTH, Reason.BAD_INPUT)
    _demand_sealed(stage, _with_example(stage, BLOCKS), _sealed(EXAMPLE, BLOCKS))


@pytest.mark.case("encryption-machine/sm4-batch-chained", title="Many blocks, chained 批量 CBC", requirements=HSM)
def test_sm4_batch_chained(stage: MachineStage) -> None:
    """In a batch each piece is chained from the IV by itself, both ways."""
    pieces, key = (BLOCKS, BLOCKS[:16], bytes(32)), wire.KeyIndex(index=stage.keys.key_index)

    def batch(direction: int, blocks: tuple[bytes, ...]) -> wire.SmBatch:
        kind = stage.keys.key_type
        return wire.SmBatch(direction=direction, mode=wire.Mode.CBC, key_type=kind, key=key, blocks=blocks, iv=IV)

    sealed = stage.ask(batch(wire.ENCRYPT, pieces))
    assert isinstance(sealed, wire.SmBatchReply)
    for piece, found in zip(pieces, sealed.blocks, strict=True):
        assert stage.ask(_sm4(stage, piece, mode="CBC", iv=IV)) == wire.Sm4EncryptReply(data=found)
    assert stage.ask(batch(wire.DECRYPT, sealed.blocks)) == wire.SmBatchReply(blocks=pieces)


def _with_example(
    stage: MachineStage,
    data: bytes,
    *,
    mode: int = wire.Mode.ECB,
    iv: bytes = b"",
    padding: int = wire.NO_PADDING,
    derive: tuple[bytes, ...] = (),
    session_mode: int = wire.NO_SESSION_KEY,
    session_data: bytes = b"",
) -> wire.Sm4Encrypt:
    """Under the standard's key, which comes with the request."""
    return wire.Sm4Encrypt(
        mode=mode,
        key_type=stage.keys.key_type,
        key=stage.example_key(),
        derive=derive,
        session_mode=session_mode,
        session_data=session_data,
        padding=padding,
        data=data,
        iv=iv,
    )


def _example_opens(
    stage: MachineStage,
    data: bytes,
    *,
    mode: int = wire.Mode.ECB,
    iv: bytes = b"",
    padding: int = wire.NO_PADDING,
    derive: tuple[bytes, ...] = (),
) -> wire.Sm4Decrypt:
    kind, key = stage.keys.key_type, stage.example_key()
    return wire.Sm4Decrypt(mode=mode, key_type=kind, key=key, derive=derive, padding=padding, data=data, iv=iv)


def _demand_sealed(stage: MachineStage, asked: wire.Sm4Encrypt, due: bytes) -> None:
    reply = stage.ask(asked)
    assert isinstance(reply, wire.Sm4EncryptReply)
    assert reply.data == due, f"{due.hex()} is due, {reply.data.hex()} came"


def _by_hand(stage: MachineStage, command: str, mode: str) -> bytes:
    """A command up to its padding, with a key that the machine holds."""
    return f"{command}{mode}{stage.keys.key_type}K{stage.keys.key_index:04d}000000".encode()


def _sealed(key: bytes, data: bytes, iv: bytes = b"") -> bytes:
    if iv:
        return sm4.cbc_encrypt(key, iv, data, padding=sm4.Padding.NONE)
    return sm4.ecb_encrypt(key, data, padding=sm4.Padding.NONE)


def _padded(data: bytes, padding: int) -> bytes:
    short = 16 - len(data) % 16
    match padding:
        case _ if padding == PKCS7:
            return data + bytes([short]) * short
        case _ if padding == ISO:
            return data + b"\x80" + bytes(short - 1)
        case _:
            return data + bytes(short % 16)


def _sm4(stage: MachineStage, data: bytes, *, mode: str, iv: bytes = b"") -> wire.Sm4Encrypt:
    key = wire.KeyIndex(index=stage.keys.key_index)
    return wire.Sm4Encrypt(mode=wire.Mode[mode], key_type=stage.keys.key_type, key=key, data=data, iv=iv)


def _sm4_open(stage: MachineStage, data: bytes, *, mode: str, iv: bytes = b"") -> wire.Sm4Decrypt:
    key = wire.KeyIndex(index=stage.keys.key_index)
    return wire.Sm4Decrypt(mode=wire.Mode[mode], key_type=stage.keys.key_type, key=key, data=data, iv=iv)
