"""The driver of a signature server (签名验签服务器, GM/T 0029), over HTTP or as DER over TCP; real and virtual alike.

    with SignatureServer(parse_address("http://10.0.0.7:8080"), load_svs_profile("fisherman-json")) as server:
        signature = server.sign(1, b"message", pin=b"...")                          # r‖s, or form=Signature.DER
        server.verify(b"message", signature, certificate=certificate)               # True or False

It takes messages far longer than host commands do (there 1984 bytes). Signatures are r‖s for the caller, as the host
commands have them, and DER on the line. Addresses: `http://HOST:PORT/BASE` or `https:` for profiles of svs-http,
`tcp:HOST:PORT` or `visa:…::SOCKET` for those of svs-der. How connections are shared, and why no late reply can answer
the next request, stands in `machine_pool`; over HTTP a kept connection carries one request at a time as well.

Usable from many threads. A request that carries a PIN is never sent twice: a wrong one would count twice.
Out of scope: TLS before DER, and TLCP (put a terminator in front), failover between servers.
"""

from collections.abc import Iterable
from typing import Self, TypeVar

from harness.clock import Clock, SystemClock
from harness.devices.machine_errors import SIGNATURE_SERVER, MachineSpeaksNonsense, refused
from harness.devices.machine_line import DerMessages, open_line
from harness.devices.machine_pool import CONNECTIONS, TIMEOUT_S, Connection, MachinePool
from harness.devices.signature_server_talks import DerTalk, HttpTalk
from harness.errors import ConfigError
from harness.gm import InvalidEncoding, PublicKey, Signature, signature_from_der, signature_to_der
from harness.line.address import Address, Scheme, tcp_address
from harness.line.client import ClientLine
from harness.line.tape import Tape
from harness.line.tls import NOTHING_SAID, ClientTls
from harness.line.tls_client import TlsClient
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import Part, SvsReply, SvsRequest, VerifyLevel
from harness.wire.encryption_machine.svs_profile import SvsProfile

R = TypeVar("R")
_DIALECTS = {
    "http": (frozenset({Scheme.HTTP, Scheme.HTTPS}), "http://HOST:PORT or https://HOST:PORT"),
    "der": (frozenset({Scheme.TCP, Scheme.VISA}), "tcp:HOST:PORT or visa:TCPIP::HOST::PORT::SOCKET"),
}


class SignatureServer:
    """A pool of at most `connections` connections to one server; a request takes at most `timeout_s` seconds.

    `clock` tells reqTime. Every operation raises MachineSilent, MachineBusy or Disconnected (BenchError: the lab),
    MachineSpeaksNonsense (PeerViolation), ConfigError for what the profile cannot spell, or what `refused` makes of the
    server's own code or HTTP status, by whose matter it is.
    """

    def __init__(
        self,
        address: Address,
        profile: SvsProfile,
        *,
        connections: int = CONNECTIONS,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
        tape: Tape | None = None,
        channel: str = "signature-server",
        tls: ClientTls = NOTHING_SAID,
    ) -> None:
        schemes, example = _DIALECTS[profile.dialect]
        if address.scheme not in schemes:
            raise ConfigError(
                f"{address} is no address of a signature server of the dialect svs-{profile.dialect}.",
                cause="the address belongs to another door of the machine, or the profile to another dialect",
                remedy=f"write {example}; a DER door behind TLS, or one behind TLCP, is reached through a terminator",
            )
        self.profile = profile
        watch = clock or SystemClock()

        def line(number: int) -> ClientLine:
            if address.scheme is Scheme.HTTPS:
                return TlsClient.open(address, tls, channel=f"{channel}.svs#{number}", tape=tape)
            if address.scheme is Scheme.HTTP:
                at, name = tcp_address(address.host, address.port), f"{channel}.svs#{number}"
                return open_line(at, channel=name, timeout_s=timeout_s, tape=tape)
            name = f"{channel}.der#{number}"
            return open_line(address, channel=name, timeout_s=timeout_s, tape=tape, framing=DerMessages)

        def connect(number: int) -> Connection[SvsRequest, SvsReply]:
            if profile.dialect == "http":
                return Connection(line(number), HttpTalk(profile, address, watch))
            return Connection(line(number), DerTalk(profile, watch))

        self._pool: MachinePool[SvsRequest, SvsReply] = MachinePool(
            connect,
            changes=_carries_pin,
            title=profile.title,
            connections=connections,
            timeout_s=timeout_s,
            party=SIGNATURE_SERVER,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up all idle connections; those in use are hung up when their request ends. May be called twice."""
        self._pool.close()

    # --- signatures -------------------------------------------------------------------------------------------------

    def sign(
        self,
        index: int,
        message: bytes,
        *,
        pin: bytes,
        user_id: bytes | None = None,
        form: Signature = Signature.RAW,
    ) -> bytes:
        """signData: the signature over SM3(ZA ‖ message) of the sign key at an index, opened by its PIN.

        `user_id` None is the server's default; a profile that cannot carry one says so in a ConfigError.
        """
        request = svs.SignData(key_index=index, pin=pin, data=message, user_id=user_id)
        return _spelled(self._expect(request, svs.SignedReply).signature, form)

    def verify(
        self,
        message: bytes,
        signature: bytes,
        *,
        certificate: bytes | None = None,
        serial: str | None = None,
        level: VerifyLevel = VerifyLevel.REVOCATION,
        form: Signature = Signature.RAW,
    ) -> bool:
        """verifySignedData: whether the owner of a certificate (DER, or its serial number) signed the message.

        False is for the signature alone; a certificate that is not good enough for the level is MachineRefusedData. A
        signature that is no strict r‖s or DER is no signature: False, and the server is not asked.
        """
        spelled = _der_of(signature, form)
        if spelled is None:
            return False
        request = svs.VerifySignedData(
            certificate=certificate, serial=serial, data=message, signature=spelled, level=level
        )
        return self._verified(request)

    def sign_parts(
        self,
        index: int,
        parts: Iterable[bytes],
        *,
        pin: bytes,
        public: PublicKey,
        user_id: bytes | None = None,
        form: Signature = Signature.RAW,
    ) -> bytes:
        """signDataInit, Update and Final: as `sign`, the message in parts; `public` is the signer's, for ZA."""
        state = self._digested(Part.SIGN_DATA, parts, public, user_id)
        request = svs.SignDataFinal(key_index=index, pin=pin, state=state)
        return _spelled(self._expect(request, svs.SignedReply).signature, form)

    def verify_parts(
        self,
        parts: Iterable[bytes],
        signature: bytes,
        *,
        public: PublicKey,
        certificate: bytes | None = None,
        serial: str | None = None,
        user_id: bytes | None = None,
        level: VerifyLevel = VerifyLevel.REVOCATION,
        form: Signature = Signature.RAW,
    ) -> bool:
        """verifySignedDataInit, Update and Final: as `verify`, the message in parts."""
        spelled = _der_of(signature, form)
        if spelled is None:
            return False
        state = self._digested(Part.VERIFY_SIGNED_DATA, parts, public, user_id)
        request = svs.VerifySignedDataFinal(
            certificate=certificate, serial=serial, state=state, signature=spelled, level=level
        )
        return self._verified(request)

    def sign_message(self, index: int, content: bytes, *, pin: bytes, detached: bool = False) -> bytes:
        """signMessage: a signed message (PKCS#7, GM/T 0010), with its content or without."""
        request = svs.SignMessage(key_index=index, pin=pin, data=content, original_text=False if detached else None)
        return self._expect(request, svs.SignedMessageReply).signed_message

    def verify_message(self, signed_message: bytes, *, content: bytes | None = None) -> bool:
        """verifySignedMessage; `content` None when the message holds it."""
        return self._verified(svs.VerifySignedMessage(data=content, signed_message=signed_message))

    # --- certificates and the rest ----------------------------------------------------------------------------------

    def export_certificate(self, name: str) -> bytes:
        """exportCert: the certificate of a name, DER."""
        return self._expect(svs.ExportCert(identification=name), svs.ExportCertReply).certificate

    def parse_certificate(self, certificate: bytes, item: int) -> str:
        """parseCert: one item of a certificate, by its SGD number (GM/T 0006)."""
        return self._expect(svs.ParseCert(info_type=item, certificate=certificate), svs.ParseCertReply).info

    def validate_certificate(self, certificate: bytes, *, ocsp: bool = False) -> svs.CertificateState:
        """validateCert: good, revoked or unknown; one whose time has not come or is over is MachineRefusedData."""
        state = self._expect(svs.ValidateCert(certificate=certificate, ocsp=ocsp), svs.ValidateCertReply).state
        if state not in set(svs.CertificateState):
            raise MachineSpeaksNonsense(f"a certificate has no state {state}", party=SIGNATURE_SERVER)
        return svs.CertificateState(state)

    def random(self, size: int) -> bytes:
        """genRandomData, where the profile has it."""

        def accept(reply: SvsReply) -> None:
            if isinstance(reply, svs.RandomReply) and len(reply.data) != size:
                what = f"{size} random bytes were asked for, {len(reply.data)} came"
                raise MachineSpeaksNonsense(what, party=SIGNATURE_SERVER)

        reply = self._pool.ask(svs.GenRandom(size=size), accept)
        return self._checked(svs.GenRandom(size=size), reply, svs.RandomReply).data

    def ask(self, request: SvsRequest) -> SvsReply:
        """The reply to any request, a `SvsRefusal` too."""
        return self._pool.ask(request)

    def ask_all(self, requests: Iterable[SvsRequest]) -> list[SvsReply]:
        """The replies to many requests, in their order, over the whole pool; see `MachinePool.ask_all`."""
        return self._pool.ask_all(requests)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _digested(self, part: Part, parts: Iterable[bytes], public: PublicKey, user_id: bytes | None) -> bytes:
        """The chaining state after all parts; the server keeps none of it."""
        user = self.profile.user_id if user_id is None else user_id
        begin = svs.MultiPartInit(part=part, public_key=public.spki, user_id=user)
        state = self._expect(begin, svs.StateReply).state
        for data in parts:
            state = self._expect(svs.MultiPartUpdate(part=part, state=state, data=data), svs.StateReply).state
        return state

    def _verified(self, request: SvsRequest) -> bool:
        reply = self._pool.ask(request)
        if isinstance(reply, svs.SvsRefusal) and reply.code == self.profile.answers[Reason.VERIFY_FAILED]:
            return False
        self._checked(request, reply, svs.VerifiedReply)
        return True

    def _expect(self, request: SvsRequest, kind: type[R]) -> R:
        return self._checked(request, self._pool.ask(request), kind)

    def _checked(self, request: SvsRequest, reply: SvsReply, kind: type[R]) -> R:
        if isinstance(reply, svs.SvsRefusal):
            name = svs.WIRE_NAMES[svs.request_type(request)]
            raise refused(self.profile.code(reply.code), name, party=SIGNATURE_SERVER)
        if not isinstance(reply, kind):
            raise MachineSpeaksNonsense(f"it answers with {type(reply).__name__}", party=SIGNATURE_SERVER)
        return reply


def _carries_pin(request: SvsRequest) -> bool:
    return bool(getattr(request, "pin", b""))


def _spelled(signature: bytes, form: Signature) -> bytes:
    """A server's DER signature in the form asked for; one that is no strict DER is the server's fault."""
    try:
        raw = signature_from_der(signature)
    except InvalidEncoding as error:
        raise MachineSpeaksNonsense(f"its signature: {error}", party=SIGNATURE_SERVER) from error
    return raw if form is Signature.RAW else signature


def _der_of(signature: bytes, form: Signature) -> bytes | None:
    """A caller's signature as the line has it; None for what is no signature."""
    try:
        if form is Signature.RAW:
            return signature_to_der(signature)
        signature_from_der(signature)
    except (InvalidEncoding, ValueError):
        return None
    return signature
