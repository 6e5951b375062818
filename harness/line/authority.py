"""A throw-away certificate authority (CA) in a folder: certificates for the parties of a bench, and spoilt ones.

    authority = Authority(folder)
    authority.ca                                # the file that clients trust
    authority.server("platform", "127.0.0.1")   # what the platform shows

The folder is made when it is absent; a later Authority on it goes on with the same keys, so that a client need be told
of it only once. Whoever can read `ca.key` there can pose as any party to whoever trusts it: trust it on no real system.

Times are fixed ones, wide of any bench's clock and machine's date; so nothing here depends on the hour.
"""

import ipaddress
import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.errors import BenchError
from harness.line.tls import CertificateFiles, ServerTls

FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
LONG_AGO, SINCE_OVER = datetime(2018, 1, 1, tzinfo=UTC), datetime(2019, 12, 31, tzinfo=UTC)
EXPIRED, WRONG_NAME, UNKNOWN_CA = "tls-expired", "tls-wrong-name", "tls-unknown-ca"
ELSEWHERE = "elsewhere.invalid"
"""The host that a certificate with a wrong name is for."""
OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


class Authority:
    """The authority in a folder. Raises BenchError when the folder cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            if not (folder / "authority").is_dir():
                self._make()
            home = folder / "authority"
            self.ca = home / "ca.pem"
            self._issuer = _Issuer.read(home, "ca")
            self._stranger = _Issuer.read(home, "stranger")
        except (OSError, ValueError) as error:
            raise BenchError(
                f"The certificate authority in {folder} cannot be used: {error}.",
                cause="the folder is not yours, full, or was left half copied",
                remedy="name another folder, or remove this one: a new authority is made",
            ) from error

    def server(self, name: str, *hosts: str) -> ServerTls:
        """What a party of that name shows, reached at these hosts or at this machine's own."""
        names = tuple(dict.fromkeys((*hosts, *OWN_HOSTS, socket.gethostname())))
        key = ec.generate_private_key(ec.SECP256R1())
        right = self._issuer.issue(key, name, names)
        return ServerTls(
            shown=self._left(name, right, key),
            spoilt={
                EXPIRED: self._left(f"{name}-expired", self._issuer.issue(key, name, names, over=True), key),
                WRONG_NAME: self._left(f"{name}-wrong-name", self._issuer.issue(key, name, (ELSEWHERE,)), key),
                UNKNOWN_CA: self._left(f"{name}-unknown-ca", self._stranger.issue(key, name, names), key),
            },
        )

    def client(self, name: str) -> CertificateFiles:
        """What a client of that name shows where it is asked to."""
        key = ec.generate_private_key(ec.SECP256R1())
        files = self._left(f"{name}-client", self._issuer.issue(key, name, (), client=True), key)
        alone = Path(files.certificate).with_suffix(".key")
        _write(alone, _key_pem(key))
        return CertificateFiles(certificate=files.certificate, key=str(alone))

    def _left(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> CertificateFiles:
        """One file for both, so that whoever reads it while another party of that name starts gets a pair."""
        path = self._folder / f"{name}.pem"
        _write(path, certificate.public_bytes(serialization.Encoding.PEM) + _key_pem(key))
        return CertificateFiles(certificate=str(path), key=str(path))

    def _make(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._folder, prefix="new-") as new:
            home = Path(new) / "authority"
            home.mkdir(mode=0o755)
            for name, title in (("ca", "Liantiao bench"), ("stranger", "nobody that a bench trusts")):
                _Issuer.new(title).write(home, name)
            try:
                home.rename(self._folder / "authority")
            except OSError:  # another party of this bench was first
                if not (self._folder / "authority").is_dir():
                    raise


class _Issuer:
    """A key that signs certificates, and its own certificate."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def new(cls, title: str) -> "_Issuer":
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _begun(_named(title), _named(title), key, FROM, UNTIL)
        usage = _usage(key_cert_sign=True, crl_sign=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def read(cls, home: Path, name: str) -> "_Issuer":
        key = serialization.load_pem_private_key((home / f"{name}.key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{name}.key is no key of ours")
        return cls(x509.load_pem_x509_certificate((home / f"{name}.pem").read_bytes()), key)

    def write(self, home: Path, name: str) -> None:
        _write(home / f"{name}.key", _key_pem(self._key))
        _write(home / f"{name}.pem", self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        key: ec.EllipticCurvePrivateKey,
        name: str,
        hosts: Sequence[str],
        *,
        over: bool = False,
        client: bool = False,
    ) -> x509.Certificate:
        begin, end = (LONG_AGO, SINCE_OVER) if over else (FROM, UNTIL)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = _begun(_named(name), self._certificate.subject, key, begin, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(digital_signature=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(ours, critical=False)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_host(one) for one in hosts]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _named(title: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title[:64])])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text.encode("idna").decode())


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes) -> None:
    """The whole file or none, for its owner alone where it holds a key."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    mode = 0o600 if b"PRIVATE" in data else 0o644
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(data)
    part.replace(path)
