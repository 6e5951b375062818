"""The machine as a signature server (GM/T 0029), over HTTP and as DER: signatures, PINs, certificates, parts."""

import pytest

from harness.devices.machine_errors import MachineFailed, MachineSilent, MachineSpeaksNonsense
from harness.faults.catalogue import ON_HTTP, Effect
from harness.gm import PublicKey
from harness.line.client import Disconnected
from harness.scenarios.machine_stage import PARTY, Door, MachineStage
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import CertificateState, Part, VerifyLevel

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
LONG = bytes(range(256)) * 256
"""Far longer than a host command takes."""
PUBLIC_KEY_ITEM = 0x08
both_doors = pytest.mark.parametrize("door", list(Door), ids=str)


@pytest.mark.case("encryption-machine/server-sign", title="Signature server signs 签名服务", requirements=HSM)
@both_doors
@pytest.mark.parametrize("size", [0, 1, len(LONG)], ids=["nothing", "short", "long"])
def test_server_sign(stage: MachineStage, door: Door, size: int) -> None:
    """What it signs verifies with the certificate, also messages far longer than host commands take."""
    certificate, public = _certificate(stage, door)
    data = LONG[:size]
    signed = stage.ask_server(door, _signing(stage, data), public=public)
    assert isinstance(signed, svs.SignedReply)
    asked = svs.VerifySignedData(certificate=certificate, data=data, signature=signed.signature)
    stage.ask_server(door, asked, public=public)


@pytest.mark.case("encryption-machine/server-forgery", title="Forged signatures 签名服务拒绝伪造", requirements=HSM)
@both_doors
def test_server_forgery(stage: MachineStage, door: Door) -> None:
    """An altered signature, and one of another message, are refused by the code for it."""
    certificate, public = _certificate(stage, door)
    signed = stage.ask_server(door, _signing(stage, MESSAGE), public=public)
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
    _, public = _certificate(stage, door)
    stage.ask_server(door, _signing(stage, MESSAGE, pin=b"00000000"), Reason.PIN_WRONG, public=public)
    stage.ask_server(door, _signing(stage, MESSAGE), public=public)


@pytest.mark.case("encryption-machine/server-lock", title="Too many wrong PINs 密码锁定", requirements=HSM)
@both_doors
def test_server_lock(stage: MachineStage, door: Door) -> None:
    """After too many wrong PINs the right one is refused too, until the machine's console unlocks the key."""
    _, public = _certificate(stage, door)
    for _ in range(5):
        stage.ask_server(door, _signing(stage, MESSAGE, pin=b"00000000"), Reason.PIN_WRONG, Reason.PIN_LOCKED)
    stage.ask_server(door, _signing(stage, MESSAGE), Reason.PIN_LOCKED, public=public)
    stage.back_doors[PARTY].call("/keys/unlock", {"index": stage.keys.sign_index})
    stage.ask_server(door, _signing(stage, MESSAGE), public=public)


@pytest.mark.case(
    "encryption-machine/server-refusals", title="Requests it cannot serve 签名服务错误码", requirements=HSM
)
@both_doors
def test_server_refusals(stage: MachineStage, door: Door) -> None:
    """An empty index, a method never served, a certificate or an item of one that does not exist, no certificate."""
    certificate, public = _certificate(stage, door)
    absent = svs.SignData(key_index=stage.keys.absent_index, pin=stage.keys.pin.encode(), data=MESSAGE)
    stage.ask_server(door, absent, Reason.KEY_MISSING)
    method = svs.SignData(method=1, key_index=stage.keys.sign_index, pin=stage.keys.pin.encode(), data=MESSAGE)
    stage.ask_server(door, method, Reason.SIGN_METHOD)
    stage.ask_server(door, svs.ExportCert(identification="nobody"), Reason.CERTIFICATE_ID)
    stage.ask_server(door, svs.ParseCert(info_type=0xEE, certificate=certificate), Reason.INFO_TYPE)
    no_certificate = svs.ValidateCert(certificate=b"\x30\x03\x02\x01\x01")
    stage.ask_server(door, no_certificate, Reason.CERTIFICATE_DECODE, Reason.BAD_INPUT)
    stage.ask_server(door, _signing(stage, MESSAGE), public=public)


@pytest.mark.case("encryption-machine/server-parts", title="A message in parts 分段签名", requirements=HSM)
@both_doors
def test_server_parts(stage: MachineStage, door: Door) -> None:
    """A signature made in parts is one over the whole."""
    certificate, public = _certificate(stage, door)
    state = _in_parts(stage, door, Part.SIGN_DATA, public)
    pin = stage.keys.pin.encode()
    made = stage.ask_server(door, svs.SignDataFinal(key_index=stage.keys.sign_index, pin=pin, state=state))
    assert isinstance(made, svs.SignedReply)
    whole = svs.VerifySignedData(certificate=certificate, data=MESSAGE * 3, signature=made.signature)
    stage.ask_server(door, whole, public=public)
    state = _in_parts(stage, door, Part.VERIFY_SIGNED_DATA, public)
    final = svs.VerifySignedDataFinal(certificate=certificate, state=state, signature=made.signature)
    stage.ask_server(door, final)


@pytest.mark.case("encryption-machine/server-message", title="A signed message 消息签名", requirements=HSM)
@both_doors
def test_server_message(stage: MachineStage, door: Door) -> None:
    """A signed message verifies, and not with other content."""
    pin = stage.keys.pin.encode()
    made = stage.ask_server(door, svs.SignMessage(key_index=stage.keys.sign_index, pin=pin, data=MESSAGE))
    assert isinstance(made, svs.SignedMessageReply)
    stage.ask_server(door, svs.VerifySignedMessage(signed_message=made.signed_message))
    changed = made.signed_message.replace(MESSAGE, MESSAGE[:-1] + b"!")
    assert changed != made.signed_message
    stage.ask_server(door, svs.VerifySignedMessage(signed_message=changed), Reason.VERIFY_FAILED)


@pytest.mark.case("encryption-machine/server-certificate", title="Certificates 证书有效性", requirements=HSM)
@both_doors
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("expired", Reason.CERTIFICATE_EXPIRED),
        ("not-yet-valid", Reason.CERTIFICATE_NOT_YET),
        ("revoked", Reason.CERTIFICATE_REVOKED),
        ("unknown-ca", Reason.CERTIFICATE_ILLEGAL),
    ],
)
def test_server_certificate(stage: MachineStage, door: Door, name: str, reason: Reason) -> None:
    """A signature that is good does not count under a certificate that is not."""
    found = stage.ask_server(door, svs.ExportCert(identification=name))
    assert isinstance(found, svs.ExportCertReply)
    pin = stage.keys.pin.encode()
    signed = stage.ask_server(door, svs.SignData(key_index=stage.keys.index, pin=pin, data=MESSAGE))
    assert isinstance(signed, svs.SignedReply)
    asked = svs.VerifySignedData(
        certificate=found.certificate, data=MESSAGE, signature=signed.signature, level=VerifyLevel.REVOCATION
    )
    stage.ask_server(door, asked, reason)


@pytest.mark.case("encryption-machine/server-validate", title="Is a certificate good 证书验证", requirements=HSM)
@both_doors
def test_server_validate(stage: MachineStage, door: Door) -> None:
    """The machine's own certificate is good; a revoked one is said to be."""
    certificate, _ = _certificate(stage, door)
    good = stage.ask_server(door, svs.ValidateCert(certificate=certificate))
    assert isinstance(good, svs.ValidateCertReply)
    assert good.state == CertificateState.GOOD
    revoked = stage.ask_server(door, svs.ExportCert(identification="revoked"))
    assert isinstance(revoked, svs.ExportCertReply)
    state = stage.ask_server(door, svs.ValidateCert(certificate=revoked.certificate))
    assert isinstance(state, svs.ValidateCertReply)
    assert state.state == CertificateState.REVOKED


@pytest.mark.case("encryption-machine/server-http-fault", title="HTTP faults HTTP 故障", requirements=HSM)
@pytest.mark.parametrize("effect", sorted(ON_HTTP - {Effect.LATE_REQUEST, Effect.WRONG_CHARSET}))
def test_server_http_fault(stage: MachineStage, effect: Effect) -> None:
    """A gateway's page, half an answer or none: the client notices, and the next request is served."""
    _, public = _certificate(stage, Door.HTTP)
    stage.spoil("signData", effect)
    try:
        reply = stage.server(Door.HTTP).ask(_signing(stage, MESSAGE))
    except (MachineSilent, MachineSpeaksNonsense, MachineFailed, Disconnected):
        pass
    else:
        assert isinstance(reply, svs.SvsRefusal)
    stage.ask_server(Door.HTTP, _signing(stage, MESSAGE), public=public)


@pytest.mark.case("encryption-machine/server-result-fault", title="Wrong results 签名服务错误结果", requirements=HSM)
@both_doors
@pytest.mark.parametrize("effect", [Effect.SIGNATURE_RAW, Effect.SIGNATURE_BIT, Effect.KEY_ROTATED])
def test_server_result_fault(stage: MachineStage, door: Door, effect: Effect) -> None:
    """r‖s where DER is due, a flipped bit, another key: the client's own check refuses it."""
    _, public = _certificate(stage, door)
    stage.spoil("signData", effect)
    try:
        signature = stage.server(door).sign(stage.keys.sign_index, MESSAGE, pin=stage.keys.pin.encode())
        assert not public.verify(MESSAGE, signature)
    except MachineSpeaksNonsense:
        pass
    stage.ask_server(door, _signing(stage, MESSAGE), public=public)


def _certificate(stage: MachineStage, door: Door) -> tuple[bytes, PublicKey]:
    found = stage.ask_server(door, svs.ExportCert(identification=stage.keys.certificate))
    assert isinstance(found, svs.ExportCertReply)
    item = stage.ask_server(door, svs.ParseCert(info_type=PUBLIC_KEY_ITEM, certificate=found.certificate))
    assert isinstance(item, svs.ParseCertReply)
    return found.certificate, PublicKey.from_spki(bytes.fromhex(item.info))


def _signing(stage: MachineStage, data: bytes, pin: bytes | None = None) -> svs.SignData:
    return svs.SignData(key_index=stage.keys.sign_index, pin=stage.keys.pin.encode() if pin is None else pin, data=data)


def _in_parts(stage: MachineStage, door: Door, part: Part, public: PublicKey) -> bytes:
    begun = svs.MultiPartInit(part=part, public_key=public.spki, user_id=b"1234567812345678")
    reply = stage.ask_server(door, begun)
    for _ in range(3):
        assert isinstance(reply, svs.StateReply)
        reply = stage.ask_server(door, svs.MultiPartUpdate(part=part, state=reply.state, data=MESSAGE))
    assert isinstance(reply, svs.StateReply)
    return reply.state
