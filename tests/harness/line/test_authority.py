"""The throw-away authority: what it issues is good, what it spoils is spoilt, and it lives on in its folder."""

import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from harness.errors import BenchError
from harness.line.authority import ELSEWHERE, EXPIRED, UNKNOWN_CA, UNTIL, WRONG_NAME, Authority
from harness.line.tls import CertificateFiles


def certificate(files: CertificateFiles) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(files.certificate).read_bytes())


def names(found: x509.Certificate) -> set[str]:
    alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns = alternative.get_values_for_type(x509.DNSName)
    return {*dns, *map(str, alternative.get_values_for_type(x509.IPAddress))}


def test_a_party_is_called_by_its_host_and_by_this_machines_own(tmp_path: Path) -> None:
    issued = certificate(Authority(tmp_path).server("platform", "platform.example", "10.0.0.7").shown)
    assert names(issued) >= {"platform.example", "10.0.0.7", "localhost", "127.0.0.1", "::1"}
    assert issued.not_valid_after_utc == UNTIL
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / "authority/ca.pem").read_bytes()))


def test_each_spoilt_certificate_has_its_one_defect(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.server("platform")
    right, ca = certificate(server.shown), x509.load_pem_x509_certificate(authority.ca.read_bytes())
    spoilt = {name: certificate(files) for name, files in server.spoilt.items()}
    assert set(spoilt) == {EXPIRED, WRONG_NAME, UNKNOWN_CA}
    assert spoilt[EXPIRED].not_valid_after_utc < right.not_valid_before_utc
    assert names(spoilt[WRONG_NAME]) == {ELSEWHERE}
    for name in (EXPIRED, WRONG_NAME):
        spoilt[name].verify_directly_issued_by(ca)
    for name in (EXPIRED, UNKNOWN_CA):
        assert names(spoilt[name]) == names(right)
    with pytest.raises(ValueError, match="does not match"):
        spoilt[UNKNOWN_CA].verify_directly_issued_by(ca)


def test_a_later_start_goes_on_with_the_same_authority(tmp_path: Path) -> None:
    first = Authority(tmp_path).ca.read_bytes()
    assert Authority(tmp_path).ca.read_bytes() == first


def test_parties_that_start_at_once_have_one_authority(tmp_path: Path) -> None:
    found: list[bytes] = []
    begin = threading.Barrier(4)

    def start() -> None:
        begin.wait(60)
        found.append(Authority(tmp_path).ca.read_bytes())

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["authority"]


def test_nobody_else_reads_a_key(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.server("platform")
    authority.client("adapter")
    for path in tmp_path.rglob("*"):
        if path.is_file() and b"PRIVATE" in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert b"PRIVATE" not in authority.ca.read_bytes()


def test_a_folder_that_is_damaged_is_said(tmp_path: Path) -> None:
    Authority(tmp_path)
    (tmp_path / "authority" / "ca.key").write_bytes(b"")
    with pytest.raises(BenchError, match="cannot be used"):
        Authority(tmp_path)
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(BenchError, match="cannot be used"):
        Authority(blocked)


def test_what_it_issues_holds_before_the_strictest_check(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=str(authority.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = authority.server("platform").shown
    server.load_cert_chain(files.certificate, files.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ours.version() == "TLSv1.3"
