"""TLS for HTTP lines: what a party shows and demands, what its clients trust, and one error for files that will not do.

A tape is above TLS: its frames are the messages, as on a plain line. What TLS itself has to say stands there as events.
Certificates are checked unless somebody says otherwise, in so many words.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.errors import ConfigError

GOOD = ""
"""The name of the certificate that a party shows unless a fault says which other one."""
NOT_PEM = frozenset({"PEM_LIB", "NO_START_LINE", "ASN1_LIB", "NO_CERTIFICATE_OR_CRL_FOUND", "NOT_ENOUGH_DATA"})
DISTRUSTED = (
    "name the authority that issued it with `ca`, call the party by the name that stands in its certificate, or have "
    "it renewed; `openssl s_client -connect HOST:PORT -showcerts` shows it"
)


@dataclass(frozen=True, kw_only=True)
class CertificateFiles:
    """A certificate with those that lead to its authority, and its private key, both PEM; they may be one file."""

    certificate: str
    key: str


@dataclass(frozen=True, kw_only=True)
class ServerTls:
    """What a party shows; `client_ca` has the authorities of those that it lets in, empty for whoever comes.

    `spoilt` are certificates that a client must not accept, by the names of the faults that show them.
    """

    shown: CertificateFiles
    client_ca: str = ""
    spoilt: Mapping[str, CertificateFiles] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClientTls:
    """Whom a client trusts: the authorities in the file `ca`, without it those of this machine.

    `shown` is the certificate that it shows where one is asked for. Without `verify` it trusts everybody.
    """

    ca: str = ""
    shown: CertificateFiles | None = None
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        """For Python's clients. Raises ConfigError for a file that cannot be used. Takes 1 ms, 40 ms without `ca`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.ca:
            _load_authorities(context, self.ca, "ca")
        else:
            context.load_default_certs()
        if self.shown is not None:
            _load_certificate(context, self.shown)
        return context


def read_server_tls(raw: Mapping[str, Any] | None) -> ServerTls | None:
    """What `dataclasses.asdict` has made of a ServerTls, or of none."""
    if raw is None:
        return None
    spoilt = {name: CertificateFiles(**files) for name, files in raw["spoilt"].items()}
    return ServerTls(shown=CertificateFiles(**raw["shown"]), client_ca=raw["client_ca"], spoilt=spoilt)


def read_client_tls(raw: Mapping[str, Any]) -> ClientTls:
    """What `dataclasses.asdict` has made of a ClientTls."""
    shown = raw["shown"]
    return ClientTls(ca=raw["ca"], shown=None if shown is None else CertificateFiles(**shown), verify=raw["verify"])


NOTHING_SAID = ClientTls()
"""This machine's own authorities are trusted, and no certificate is shown."""


class Choice(Protocol):
    """Tells which certificate the next client is shown: the name of a spoilt one, or GOOD."""

    def __call__(self) -> str:
        """Called once a connection, when its client has said hello."""
        ...


class ServerSide:
    """A party's TLS, its files read. `failed` hears why a client was not let in, or would not come in.

    Raises ConfigError for a file that cannot be used.
    """

    def __init__(self, tls: ServerTls, *, failed: Callable[[str], None], choice: Choice | None = None) -> None:
        self.context = _server_context(tls.shown, tls.client_ca)
        self._spoilt = {name: _server_context(files, tls.client_ca) for name, files in tls.spoilt.items()}
        self._names = {id(context): name for name, context in self._spoilt.items()}
        self.context.sslobject_class = _told(failed)
        if choice is not None and self._spoilt:
            self._choice = choice
            self.context.sni_callback = self._choose  # OpenSSL calls it for clients that name no host, too

    def name_of(self, context: ssl.SSLContext) -> str:
        """The name of the spoilt certificate that a connection was made with; GOOD for the right one."""
        return self._names.get(id(context), GOOD)

    def _choose(self, connection: ssl.SSLObject, _host: str | None, _context: ssl.SSLContext) -> None:
        name = self._choice()
        if name != GOOD:
            connection.context = self._spoilt[name]


def _told(failed: Callable[[str], None]) -> type[ssl.SSLObject]:
    """Connections that tell why a handshake failed; the event loop keeps that to itself."""

    class Told(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                failed(error.reason or type(error).__name__)
                raise

    return Told


def _server_context(files: CertificateFiles, client_ca: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_certificate(context, files)
    if client_ca:
        _load_authorities(context, client_ca, "client_ca")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _LockedKeyError(ValueError):
    """A private key asks for a password."""


def _no_password() -> bytes:
    raise _LockedKeyError


def _load_certificate(context: ssl.SSLContext, files: CertificateFiles) -> None:
    demand_readable(files.certificate, "certificate")
    demand_readable(files.key, "private key")
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except _LockedKeyError as error:
        raise ConfigError(
            f"The private key {files.key} asks for a password.",
            cause="the key is stored encrypted, and nobody sits here who could be asked",
            remedy=f"store a copy without one for the bench: openssl pkey -in {files.key} -out bench.key",
        ) from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigError(
                f"The private key {files.key} is not that of the certificate {files.certificate}.",
                cause="the files belong to two certificates, or the certificate was renewed with a new key",
                remedy="compare `openssl x509 -noout -pubkey -in CERTIFICATE` with `openssl pkey -pubout -in KEY`; the "
                "party's own certificate stands first in its file",
            ) from error
        raise _not_usable(f"{files.certificate} with the private key {files.key}", error) from error


def _load_authorities(context: ssl.SSLContext, path: str, what: str) -> None:
    demand_readable(path, what)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise _not_usable(path, error) from error


def demand_readable(path: str, what: str) -> None:
    """Raises ConfigError for a file that cannot be read; `what` is how messages call it."""
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The {what} {path} cannot be read: {error.strerror}.",
            cause="a wrong path, or no right to read it (private keys often belong to root)",
            remedy="name an existing file that you may read",
        ) from error


def _not_usable(what: str, error: ssl.SSLError) -> ConfigError:
    cause = "the file is in another form (DER, PKCS#12), or something else altogether"
    if error.reason not in NOT_PEM:
        cause = f"OpenSSL says {error.reason or error}"
    return ConfigError(
        f"{what} cannot be used for TLS.",
        cause=cause,
        remedy="PEM is due (-----BEGIN CERTIFICATE-----, -----BEGIN PRIVATE KEY-----): openssl x509 -inform DER, or "
        "openssl pkcs12 -nodes, convert",
    )


def why_not_trusted(error: BaseException) -> tuple[str, str] | None:
    """Cause and remedy, when a client's error is that TLS failed; None when it is something else."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    match cause:
        case None:
            return None
        case ssl.SSLCertVerificationError(verify_message=why):
            return f"its certificate is not to be trusted: {why}", DISTRUSTED
        case ssl.SSLError(reason=("WRONG_VERSION_NUMBER" | "HTTP_REQUEST" | "PACKET_LENGTH_TOO_LONG")):
            return "it does not speak TLS there", "write http://, or name the port that speaks TLS"
        case ssl.SSLError(reason=reason) if reason and ("CERTIFICATE_REQUIRED" in reason or "HANDSHAKE" in reason):
            return (
                f"it did not let us in: {reason}",
                "it asks for a client certificate (双向认证): name client_cert and client_key",
            )
        case _:
            return f"TLS failed: {getattr(cause, 'reason', None) or cause}", "try it with `openssl s_client -connect`"
