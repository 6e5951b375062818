"""Certificates at the signature server: read out, validated, by serial number, and good enough for a level or not."""

import pytest
from cryptography import x509

from harness.scenarios.machine_server import certificate_of, signing
from harness.scenarios.machine_stage import Door, MachineStage
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import CertificateState, VerifyLevel

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
SERIAL_ITEM, BEGINS_ITEM, ENDS_ITEM = 0x02, 0x35, 0x36
"""SGD numbers of certificate items (GM/T 0006)."""
both_doors = pytest.mark.parametrize("door", list(Door), ids=str)


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
    certificate, _ = certificate_of(stage, door)
    good = stage.ask_server(door, svs.ValidateCert(certificate=certificate))
    assert isinstance(good, svs.ValidateCertReply)
    assert good.state == CertificateState.GOOD
    revoked = stage.ask_server(door, svs.ExportCert(identification="revoked"))
    assert isinstance(revoked, svs.ExportCertReply)
    state = stage.ask_server(door, svs.ValidateCert(certificate=revoked.certificate))
    assert isinstance(state, svs.ValidateCertReply)
    assert state.state == CertificateState.REVOKED


@pytest.mark.case("encryption-machine/server-levels", title="Levels of verification 验证级别", requirements=HSM)
@both_doors
@pytest.mark.parametrize(
    ("name", "enough", "reason"),
    [
        ("unknown-ca", VerifyLevel.TIME, Reason.CERTIFICATE_ILLEGAL),
        ("revoked", VerifyLevel.ISSUER, Reason.CERTIFICATE_REVOKED),
    ],
    ids=["issuer", "revocation"],
)
def test_server_levels(stage: MachineStage, door: Door, name: str, enough: VerifyLevel, reason: Reason) -> None:
    """A certificate that is good enough for one level is refused at the next one."""
    found = stage.ask_server(door, svs.ExportCert(identification=name))
    assert isinstance(found, svs.ExportCertReply)
    pin = stage.keys.pin.encode()
    signed = stage.ask_server(door, svs.SignData(key_index=stage.keys.index, pin=pin, data=MESSAGE))
    assert isinstance(signed, svs.SignedReply)
    for level, reasons in ((enough, ()), (enough + 1, (reason,))):
        asked = svs.VerifySignedData(
            certificate=found.certificate, data=MESSAGE, signature=signed.signature, level=level
        )
        stage.ask_server(door, asked, *reasons)


@pytest.mark.case("encryption-machine/server-serial", title="By serial number 按证书序列号验签", requirements=HSM)
@both_doors
def test_server_serial(stage: MachineStage, door: Door) -> None:
    """A signature verifies by the serial number, a forged one does not; an unknown number is refused."""
    certificate, public = certificate_of(stage, door)
    signed = stage.ask_server(door, signing(stage, MESSAGE), public=public)
    assert isinstance(signed, svs.SignedReply)
    serial = _item(stage, door, certificate, SERIAL_ITEM)
    good = svs.VerifySignedData(serial=serial, data=MESSAGE, signature=signed.signature)
    stage.ask_server(door, good, public=public)
    forged = svs.VerifySignedData(serial=serial, data=MESSAGE + b"!", signature=signed.signature)
    stage.ask_server(door, forged, Reason.VERIFY_FAILED, public=public)
    unknown = svs.VerifySignedData(serial="0BADCAFE", data=MESSAGE, signature=signed.signature)
    stage.ask_server(door, unknown, Reason.CERTIFICATE_ID, Reason.CERTIFICATE_ILLEGAL)


@pytest.mark.case("encryption-machine/server-items", title="Items of a certificate 证书信息", requirements=HSM)
@both_doors
def test_server_items(stage: MachineStage, door: Door) -> None:
    """Serial number and validity are those that another program reads in the same certificate."""
    certificate, _ = certificate_of(stage, door)
    read = x509.load_der_x509_certificate(certificate)
    assert int(_item(stage, door, certificate, SERIAL_ITEM), 16) == read.serial_number
    for item, moment in ((BEGINS_ITEM, read.not_valid_before_utc), (ENDS_ITEM, read.not_valid_after_utc)):
        assert _item(stage, door, certificate, item).startswith(f"{moment:%Y%m%d%H%M%S}")


def _item(stage: MachineStage, door: Door, certificate: bytes, item: int) -> str:
    reply = stage.ask_server(door, svs.ParseCert(info_type=item, certificate=certificate))
    assert isinstance(reply, svs.ParseCertReply)
    return reply.info
