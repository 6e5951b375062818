"""The machine as a signature server (GM/T 0029), over HTTP and as DER: signatures, PINs, refusals, random numbers."""

import pytest

from harness.scenarios.machine_server import certificate_of, signing
from harness.scenarios.machine_stage import PARTY, Door, MachineStage
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
LONG = bytes(range(256)) * 256
"""Far longer than a host command takes."""
both_doors = pytest.mark.parametrize("door", list(Door), ids=str)


@pytest.mark.case("encryption-machine/server-sign", title="Signature server signs 签名服务", requirements=HSM)
@both_doors
@pytest.mark.parametrize("size", [0, 1, len(LONG)], ids=["nothing", "short", "long"])
def test_server_sign(stage: MachineStage, door: Door, size: int) -> None:
    """What it signs verifies with the certificate, also messages far longer than host commands take."""
    certificate, public = certificate_of(stage, door)
    data = LONG[:size]
    signed = stage.ask_server(door, signing(stage, data), public=public)
    assert isinstance(signed, svs.SignedReply)
    asked = svs.VerifySignedData(certificate=certificate, data=data, signature=signed.signature)
    stage.ask_server(door, asked, public=public)


@pytest.mark.case("encryption-machine/server-forgery", title="Forged signatures 签名服务拒绝伪造", requirements=HSM)
@both_doors
def test_server_forgery(stage: MachineStage, door: Door) -> None:
    """An altered signature, and one of another message, are refused by the code for it."""
    certificate, public = certificate_of(stage, door)
    signed = stage.ask_server(door, signing(stage, MESSAGE), public=public)
    assert isinstance(signed, svs.SignedReply)
    spoilt = signed.signature[:-1] + bytes([signed.signature[-1] ^ 1])
    for data, signature in ((MESSAGE, spoilt), (MESSAGE + b" ", signed.signature)):
        asked = svs.VerifySignedData(certificate=certificate, data=data, signature=signature)
        stage.ask_server(door, asked, Reason.VERIFY_FAILED, public=public)
    good = svs.VerifySignedData(certificate=certificate, data=MESSAGE, signature=signed.signature)
    stage.ask_server(door, good, public=public)


@pytest.mark.case("encryption-machine/server-pin", title="A wrong PIN 密码错误", requirements=HSM)
@both_doors
def test_server_pin(stage: MachineStage, door: Door) -> None:
    """A wrong PIN is refused, the right one is taken afterwards."""
    _, public = certificate_of(stage, door)
    stage.ask_server(door, signing(stage, MESSAGE, pin=b"00000000"), Reason.PIN_WRONG, public=public)
    stage.ask_server(door, signing(stage, MESSAGE), public=public)


@pytest.mark.case("encryption-machine/server-lock", title="Too many wrong PINs 密码锁定", requirements=HSM)
@both_doors
def test_server_lock(stage: MachineStage, door: Door) -> None:
    """After too many wrong PINs the right one is refused too, until the machine's console unlocks the key."""
    _, public = certificate_of(stage, door)
    for _ in range(5):
        stage.ask_server(door, signing(stage, MESSAGE, pin=b"00000000"), Reason.PIN_WRONG, Reason.PIN_LOCKED)
    stage.ask_server(door, signing(stage, MESSAGE), Reason.PIN_LOCKED, public=public)
    stage.back_doors[PARTY].call("/keys/unlock", {"index": stage.keys.sign_index})
    stage.ask_server(door, signing(stage, MESSAGE), public=public)


@pytest.mark.case(
    "encryption-machine/server-refusals", title="Requests it cannot serve 签名服务错误码", requirements=HSM
)
@both_doors
def test_server_refusals(stage: MachineStage, door: Door) -> None:
    """An empty index, a method never served, a certificate or an item of one that does not exist, no certificate."""
    certificate, public = certificate_of(stage, door)
    absent = svs.SignData(key_index=stage.keys.absent_index, pin=stage.keys.pin.encode(), data=MESSAGE)
    stage.ask_server(door, absent, Reason.KEY_MISSING)
    method = svs.SignData(method=1, key_index=stage.keys.sign_index, pin=stage.keys.pin.encode(), data=MESSAGE)
    stage.ask_server(door, method, Reason.SIGN_METHOD)
    stage.ask_server(door, svs.ExportCert(identification="nobody"), Reason.CERTIFICATE_ID)
    stage.ask_server(door, svs.ParseCert(info_type=0xEE, certificate=certificate), Reason.INFO_TYPE)
    no_certificate = svs.ValidateCert(certificate=b"\x30\x03\x02\x01\x01")
    stage.ask_server(door, no_certificate, Reason.CERTIFICATE_DECODE, Reason.BAD_INPUT)
    stage.ask_server(door, signing(stage, MESSAGE), public=public)


@pytest.mark.case("encryption-machine/server-methods", title="Both method numbers 签名算法标识", requirements=HSM)
@both_doors
def test_server_methods(stage: MachineStage, door: Door) -> None:
    """SM3 with SM2 has two numbers in the field; a server takes both."""
    _, public = certificate_of(stage, door)
    for method in (svs.SGD_SM3_SM2, svs.SGD_SM3_SM2_OTHER):
        pin = stage.keys.pin.encode()
        asked = svs.SignData(method=method, key_index=stage.keys.sign_index, pin=pin, data=MESSAGE)
        stage.ask_server(door, asked, public=public)


@pytest.mark.case("encryption-machine/server-random", title="Random numbers 签名服务随机数", requirements=HSM)
@pytest.mark.parametrize("size", [16, 32, 1024])
def test_server_random(stage: MachineStage, size: int) -> None:
    """As many as asked for, not all alike, and never the same twice; none are refused."""
    seen: set[bytes] = set()
    for _ in range(4):
        reply = stage.ask_server(Door.HTTP, svs.GenRandom(size=size))
        assert isinstance(reply, svs.RandomReply)
        assert len(reply.data) == size
        assert len(set(reply.data)) > 1
        seen.add(reply.data)
    assert len(seen) == 4
    stage.ask_server(Door.HTTP, svs.GenRandom(size=0), Reason.DATA_LENGTH, Reason.BAD_INPUT)
