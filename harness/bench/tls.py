"""Which parties of a bench speak TLS, with what certificates, and whom everybody trusts.

A device's own settings say it for that device; `tls` of `[bench]` has a throw-away authority say it for all virtual
ones. Whoever calls them, the bench's drivers, its other devices and the adapter under test, trusts that authority and
those that the devices name.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.bench.registry import simulator_type
from harness.bench.tables import TlsUse
from harness.clock import Clock, SystemClock
from harness.errors import ConfigError
from harness.line.tls import CertificateFiles, ClientTls, ServerTls, demand_readable

if TYPE_CHECKING:
    from harness.bench.config import BenchFile, DeviceSpec
    from harness.line.authority import Authority

LOOPBACK = "127.0.0.1"
BUNDLE = "ca.pem"


@dataclass(frozen=True, kw_only=True)
class TlsSettings:
    """What every party that speaks HTTP can be told of TLS."""

    tls_cert: str = ""
    """File with the certificate that it shows, PEM, its own first; with tls_key it speaks HTTPS."""
    tls_key: str = ""
    """File with that certificate's private key, PEM, without a password."""
    tls_client_ca: str = ""
    """File with the authorities whose clients it lets in (双向认证), PEM; empty: whoever comes."""
    ca: str = ""
    """File with the authorities that are trusted when it is called, PEM; alone: when it calls its peers."""
    client_cert: str = ""
    """File with the certificate that is shown to it where it asks for one, PEM; alone: that it shows its peers."""
    client_key: str = ""
    """File with that certificate's private key."""
    verify: bool = True
    """false: its certificate, alone those of its peers, is not checked; a warning on the tape says so."""

    def __post_init__(self) -> None:
        for one, other in (("tls_cert", "tls_key"), ("client_cert", "client_key")):
            if bool(getattr(self, one)) != bool(getattr(self, other)):
                raise ValueError(f"{one} and {other} go together")
        if self.tls_client_ca and not self.tls_cert:
            raise ValueError("tls_client_ca needs tls_cert and tls_key: only a party that speaks TLS can ask")

    @property
    def own(self) -> CertificateFiles | None:
        """The party's own certificate."""
        return CertificateFiles(certificate=self.tls_cert, key=self.tls_key) if self.tls_cert else None

    @property
    def client(self) -> ClientTls:
        """Whom its callers trust and what they show."""
        shown = CertificateFiles(certificate=self.client_cert, key=self.client_key) if self.client_cert else None
        return ClientTls(ca=self.ca, shown=shown, verify=self.verify)

    @property
    def says_anything(self) -> bool:
        """Whether anything is set."""
        return self != TlsSettings()


TLS_NAMES = frozenset(field.name for field in fields(TlsSettings))


def speaks_http(kind: str) -> bool:
    """Whether a kind of device has an HTTP door, so that it can be told of TLS."""
    return bool(getattr(simulator_type(kind), "speaks_http", False))


def alone_tls(
    name: str, host: str, settings: TlsSettings, folder: str, clock: Clock | None = None
) -> tuple[ServerTls | None, ClientTls, list[str]]:
    """What a party alone shows, whom it trusts, and warnings. Raises ConfigError or BenchError."""
    trust, server, warnings = settings.client, None, []
    if folder:
        authority = _authority(Path(folder))
        server = authority.server(name, host)
        trust = replace(trust, ca=trust.ca or str(authority.ca))
    if settings.own is not None:
        server = replace(server or ServerTls(shown=settings.own), shown=settings.own)
        warnings += over(settings.own, clock or SystemClock())
    if server is not None:
        server = replace(server, client_ca=settings.tls_client_ca)
    if not settings.verify:
        warnings.append("The certificates of peers are not checked (verify is false).")
    if settings.says_anything:
        trust.context()
    return server, trust, warnings


class BenchTls:
    """The TLS of a bench; `folder` is the run's, for the file of authorities. Raises ConfigError or BenchError."""

    def __init__(self, file: "BenchFile", folder: Path | None) -> None:
        self._files = ExitStack()
        self._use = file.bench.tls
        self._authority: Authority | None = None
        self._shown: CertificateFiles | None = None
        self._bundle = ""
        try:
            self._make(file, folder)
        except BaseException:
            self._files.close()
            raise

    def _make(self, file: "BenchFile", folder: Path | None) -> None:
        if self._use is not TlsUse.OFF:
            kept = file.bench.tls_folder
            self._authority = _authority(Path(kept) if kept else self._temporary())
            if self._use is TlsUse.MUTUAL:
                self._shown = self._authority.client("liantiao")
        trusted = list(dict.fromkeys(self._trusted(file)))
        if trusted:
            self._bundle = str(((folder or self._temporary()) / BUNDLE).absolute())
            Path(self._bundle).write_bytes(b"".join(Path(path).read_bytes() for path in trusted))

    def _trusted(self, file: "BenchFile") -> Iterator[str]:
        if self._authority is not None:
            yield str(self._authority.ca)
        for spec in file.devices:
            if spec.tls.ca:
                demand_readable(spec.tls.ca, "ca")
                yield spec.tls.ca

    def close(self) -> None:
        """Remove what is no longer needed; may be called twice."""
        self._files.close()

    def server(self, spec: "DeviceSpec") -> ServerTls | None:
        """What a virtual device shows; None where it speaks plain HTTP."""
        if not speaks_http(spec.kind):
            return None
        server = None
        if self._authority is not None:
            asked = str(self._authority.ca) if self._use is TlsUse.MUTUAL else ""
            server = replace(self._authority.server(spec.name, LOOPBACK), client_ca=asked)
        if spec.tls.own is not None:
            server = replace(server or ServerTls(shown=spec.tls.own), shown=spec.tls.own)
        if server is not None and spec.tls.tls_client_ca:
            server = replace(server, client_ca=spec.tls.tls_client_ca)
        return server

    def towards(self, spec: "DeviceSpec") -> ClientTls:
        """What the bench's own drivers go by when they call a device."""
        said = spec.tls.client
        return replace(said, ca=said.ca or (self._bundle if spec.virtual else ""), shown=said.shown or self._shown)

    @property
    def between(self) -> ClientTls:
        """What virtual devices go by when they call one another."""
        return ClientTls(ca=self._bundle, shown=self._shown)

    @property
    def told(self) -> Mapping[str, str]:
        """What the adapter under test is told; empty where everything is plain."""
        if not self._bundle:
            return {}
        if self._shown is None:
            return {"ca": self._bundle}
        return {"ca": self._bundle, "client_cert": self._shown.certificate, "client_key": self._shown.key}

    def warnings(self, spec: "DeviceSpec") -> list[str]:
        """What whoever reads the tape should know of a device."""
        found = over(spec.tls.own, SystemClock()) if spec.tls.own is not None else []
        return found + ([] if spec.tls.verify else ["Its certificate is not checked (verify = false)."])

    def _temporary(self) -> Path:
        return Path(self._files.enter_context(TemporaryDirectory(prefix="liantiao-tls-")))


def over(files: CertificateFiles, clock: Clock) -> list[str]:
    """A warning, if a certificate is not valid now by the machine's date. Raises ConfigError for a file."""
    from cryptography import x509  # late: it takes 100 ms, and most benches have no certificate

    demand_readable(files.certificate, "certificate")
    try:
        certificate = x509.load_pem_x509_certificate(Path(files.certificate).read_bytes())
    except ValueError as error:
        raise ConfigError(
            f"{files.certificate} is no certificate.",
            cause="the file is in another form (DER, PKCS#12), or something else altogether",
            remedy="PEM is due (-----BEGIN CERTIFICATE-----): openssl x509 -inform DER converts",
        ) from error
    now = datetime.fromtimestamp(clock.now_ns() / 1e9, tz=UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begin <= now <= end:
        return []
    return [f"The certificate {files.certificate} is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d}, not now."]


def _authority(folder: Path) -> "Authority":
    from harness.line.authority import Authority  # late, for the same reason

    return Authority(folder)
