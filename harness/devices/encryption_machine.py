"""The driver of an encryption machine (加密机) that speaks host commands; the same for a real and a virtual one.

    with EncryptionMachine(parse_address("tcp:10.0.0.7:8018"), load_host_profile("tass-sjj1310")) as machine:
        signature = machine.sign(1, b"message")                       # r‖s, or form=Signature.DER
        machine.verify(machine.public_key(1), b"message", signature)  # True or False; anything else is an error

A reply belongs to a request by its order on a connection alone, so a connection carries one request at a time. One that
was silent too long, that said something nobody asked for, or that broke the protocol is closed and never used again:
no late reply can answer the next request. Before each request a kept connection is looked at for bytes that nobody
asked for. Where the profile has a header, each request bears its own, and the reply must repeat it.

Usable from many threads; out of scope: sessions, failover between machines, key management beyond the host commands.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias, TypeVar

from harness.devices.machine_errors import (
    MachineBusy,
    MachineSilent,
    MachineSpeaksNonsense,
    refusal,
)
from harness.devices.machine_line import open_line
from harness.errors import ConfigError
from harness.gm import (
    DEFAULT_USER_ID,
    Ciphertext,
    InvalidEncoding,
    InvalidKey,
    PublicKey,
    Signature,
    ciphertext_from_der,
    ciphertext_to_der,
)
from harness.gm.der import RAW_SIGNATURE_SIZE, from_old_order, signature_from_der, signature_to_der, to_old_order
from harness.line.address import Address
from harness.line.client import ClientLine, Disconnected
from harness.line.tape import Tape
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host import HostAnswer, HostClientCodec, Malformed
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason

TIMEOUT_S = 2.0
CONNECTIONS = 4
_CHANGING = (wire.GenerateKeyPair, wire.LoadKeyPair, wire.VendorRequest)
"""Requests that are never sent twice, since the machine may have acted on the first."""
R = TypeVar("R")
Accept: TypeAlias = Callable[[wire.Reply], None]


@dataclass(frozen=True, kw_only=True)
class NewKeyPair:
    """A key pair that a machine made; `private` is under its LMK."""

    public: PublicKey
    private: bytes


class _Connection:
    """One line with its codec; used by one thread at a time."""

    def __init__(self, line: ClientLine, profile: HostProfile) -> None:
        self.line = line
        self.codec = HostClientCodec(profile)
        self.kept = False
        self._profile = profile

    def is_clean(self) -> bool:
        """Whether a kept connection may be used: it is open, and nothing waits on it that nobody asked for."""
        try:
            return not self.line.read(0)
        except Disconnected:
            return False

    def send(self, request: wire.Request, number: int) -> None:
        """Send a request. Raises Disconnected, ValueError for one that cannot be spelled."""
        size = self._profile.header_length
        header = f"{number:0{size}d}"[-size:].encode() if size else b""
        self.line.write(self.codec.send(request, header=header))

    def receive(self, deadline: float) -> wire.Reply:
        """The reply. Raises MachineSilent, MachineSpeaksNonsense, Disconnected."""
        while True:
            left = deadline - time.monotonic()
            data = self.line.read(left) if left > 0 else b""
            if not data:
                raise MachineSilent(begun=self.codec.pending)
            match self.codec.feed(data):
                case []:
                    continue
                case [HostAnswer(reply=reply)]:
                    return reply
                case [*_, Malformed(reason=reason)]:
                    raise MachineSpeaksNonsense(reason)
                case _:
                    raise MachineSpeaksNonsense("it answers more than was asked")


class EncryptionMachine:
    """A pool of at most `connections` connections to one machine; a request takes at most `timeout_s` seconds.

    Every operation raises MachineSilent, MachineBusy or Disconnected (BenchError: the lab), MachineSpeaksNonsense
    (PeerViolation), or what `refusal` makes of the machine's own error code, by whose matter it is.
    """

    def __init__(
        self,
        address: Address,
        profile: HostProfile,
        *,
        connections: int = CONNECTIONS,
        timeout_s: float = TIMEOUT_S,
        tape: Tape | None = None,
        channel: str = "encryption-machine",
    ) -> None:
        if connections < 1 or timeout_s <= 0:
            raise ValueError("a pool has at least one connection, and a time-out is longer than nothing")
        self.profile = profile
        self._address = address
        self._timeout_s = timeout_s
        self._tape = tape
        self._channel = channel
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        self._free = threading.Semaphore(connections)
        self._width = connections
        self._numbers = itertools.count(1)
        self._opened = itertools.count(1)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up all idle connections; those in use are hung up when their request ends. May be called twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.line.close()

    # --- operations -------------------------------------------------------------------------------------------------

    def diagnose(self) -> wire.DiagnoseReply:
        """NC: check value of the LMK, firmware."""
        return self._expect(wire.Diagnose(), wire.DiagnoseReply)

    def echo(self, data: bytes) -> bytes:
        """B2; raises MachineSpeaksNonsense when other data comes back."""

        def accept(reply: wire.Reply) -> None:
            if isinstance(reply, wire.EchoReply) and reply.data != data:
                raise MachineSpeaksNonsense("its echo is another one")

        return self._expect(wire.Echo(data=data), wire.EchoReply, accept).data

    def random(self, size: int) -> bytes:
        """N0: random bytes."""

        def accept(reply: wire.Reply) -> None:
            if isinstance(reply, wire.RandomReply) and len(reply.data) != size:
                raise MachineSpeaksNonsense(f"{size} random bytes were asked for, {len(reply.data)} came")

        return self._expect(wire.Random(size=size), wire.RandomReply, accept).data

    def health(self) -> wire.HealthReply:
        """J2: load since it was last reset."""
        return self._expect(wire.Health(), wire.HealthReply)

    def generate_key_pair(self, *, index: int | None = None, label: bytes = b"") -> NewKeyPair:
        """E7: a new SM2 pair, stored where an index is given."""
        made = self._expect(wire.GenerateKeyPair(index=index, label=label), wire.GenerateKeyPairReply)
        return NewKeyPair(public=_public(made.public), private=made.private)

    def load_key_pair(self, index: int, pair: NewKeyPair, *, label: bytes = b"") -> None:
        """E1: store a pair that the machine once gave out."""
        request = wire.LoadKeyPair(public=pair.public.spki, private=pair.private, index=index, label=label)
        self._expect(request, wire.LoadKeyPairReply)

    def public_key(self, index: int) -> PublicKey:
        """E2."""
        return _public(self._expect(wire.GetPublicKey(index=index), wire.GetPublicKeyReply).public)

    def sign(
        self,
        key: int | NewKeyPair,
        message: bytes,
        *,
        user_id: bytes = DEFAULT_USER_ID,
        form: Signature = Signature.RAW,
    ) -> bytes:
        """E5: the signature over SM3(ZA ‖ message) of the pair at an index, or of a pair under the LMK."""
        reference: wire.KeyPairReference = (
            wire.KeyIndex(index=key)
            if isinstance(key, int)
            else wire.ExternalKeyPair(public=key.public.spki, private=key.private)
        )
        request = wire.Sm2Sign(data=message, key=reference, user_id=user_id)
        raw = self._expect(request, wire.Sm2SignReply, _accept_signature).signature
        return raw if form is Signature.RAW else signature_to_der(raw)

    def verify(
        self,
        key: int | PublicKey,
        message: bytes,
        signature: bytes,
        *,
        user_id: bytes = DEFAULT_USER_ID,
        form: Signature = Signature.RAW,
    ) -> bool:
        """E6: whether the pair at an index, or a public key's owner, signed the message.

        A DER signature that is not strict DER is no signature: False, and the machine is not asked.
        """
        if form is Signature.DER:
            try:
                signature = signature_from_der(signature)
            except InvalidEncoding:
                return False
        request = wire.Sm2Verify(data=message, signature=signature, key=_public_reference(key), user_id=user_id)
        reply = self.ask(request)
        if isinstance(reply, wire.Refusal) and reply.code == self.profile.answers[Reason.VERIFY_FAILED]:
            return False
        self._checked(request, reply, wire.Sm2VerifyReply)
        return True

    def encrypt(self, key: int | PublicKey, data: bytes, *, form: Ciphertext = Ciphertext.C1C3C2) -> bytes:
        """E3: SM2 encryption; the result is in the named form whatever the machine's order is."""
        request = wire.Sm2Encrypt(data=data, key=_public_reference(key))
        sealed = self._expect(request, wire.Sm2EncryptReply).ciphertext
        try:
            plain = _from_machine(sealed, self.profile.ciphertext)
            return plain if form is Ciphertext.C1C3C2 else ciphertext_to_der(plain)
        except InvalidEncoding as error:
            raise MachineSpeaksNonsense(f"its ciphertext: {error}") from error

    def decrypt(self, index: int, ciphertext: bytes, *, form: Ciphertext = Ciphertext.C1C3C2) -> bytes:
        """E4: SM2 decryption. Raises InvalidEncoding for a ciphertext that does not keep its form."""
        plain = ciphertext if form is Ciphertext.C1C3C2 else ciphertext_from_der(ciphertext)
        sealed = _to_machine(plain, self.profile.ciphertext)
        request = wire.Sm2Decrypt(ciphertext=sealed, key=wire.KeyIndex(index=index))
        return self._expect(request, wire.Sm2DecryptReply).data

    def sm4_encrypt(
        self, key: wire.SymmetricKeyReference, key_type: str, blocks: Sequence[bytes], *, iv: bytes = b""
    ) -> list[bytes]:
        """S3, once for each piece of whole blocks, over the whole pool: ECB, or CBC with an IV; nothing is padded."""
        mode = wire.Mode.CBC if iv else wire.Mode.ECB
        requests = [wire.Sm4Encrypt(mode=mode, key_type=key_type, key=key, data=data, iv=iv) for data in blocks]
        return [reply.data for reply in self._expect_all(requests, wire.Sm4EncryptReply)]

    def sm4_decrypt(
        self, key: wire.SymmetricKeyReference, key_type: str, blocks: Sequence[bytes], *, iv: bytes = b""
    ) -> list[bytes]:
        """S4; as `sm4_encrypt`."""
        mode = wire.Mode.CBC if iv else wire.Mode.ECB
        requests = [wire.Sm4Decrypt(mode=mode, key_type=key_type, key=key, data=data, iv=iv) for data in blocks]
        return [reply.data for reply in self._expect_all(requests, wire.Sm4DecryptReply)]

    # --- requests ---------------------------------------------------------------------------------------------------

    def ask(self, request: wire.Request, accept: Accept | None = None) -> wire.Reply:
        """The reply to any request, a `Refusal` too.

        `accept` looks at the reply and may raise; then the connection is closed, since it may be out of step.
        """
        self._take_place()
        try:
            return self._exchange(request, accept)
        finally:
            self._free.release()

    def ask_all(self, requests: Iterable[wire.Request]) -> list[wire.Reply]:
        """The replies to many requests, in their order: one is under way on each connection of the pool at a time.

        The first request that gets no reply ends it: its error is raised, and what is under way is abandoned with its
        connections.
        """
        waiting = list(requests)
        replies: list[wire.Reply] = []
        under_way: list[tuple[_Connection, float]] = []
        taken = 0
        try:
            while len(replies) < len(waiting):
                while len(under_way) < self._width and len(replies) + len(under_way) < len(waiting):
                    if not self._free.acquire(blocking=not under_way, timeout=None if under_way else self._timeout_s):
                        if under_way:
                            break
                        raise MachineBusy(self._width, self._timeout_s)
                    taken += 1
                    under_way.append(self._sent(waiting[len(replies) + len(under_way)]))
                connection, deadline = under_way[0]
                replies.append(connection.receive(deadline))
                under_way.pop(0)
                self._keep(connection)
                self._free.release()
                taken -= 1
        finally:
            for connection, _ in under_way:
                connection.line.close()
            for _ in range(taken):
                self._free.release()
        return replies

    def _exchange(self, request: wire.Request, accept: Accept | None, *, fresh: bool = False) -> wire.Reply:
        connection, deadline = self._sent(request, fresh=fresh)
        try:
            reply = connection.receive(deadline)
            if accept is not None:
                accept(reply)
        except Disconnected:
            # A machine that closed a kept connection while the request was on its way: ask once more, on a new one.
            connection.line.close()
            if not connection.kept or isinstance(request, _CHANGING):
                raise
            return self._exchange(request, accept, fresh=True)
        except BaseException:
            connection.line.close()
            raise
        self._keep(connection)
        return reply

    def _sent(self, request: wire.Request, *, fresh: bool = False) -> tuple[_Connection, float]:
        """A connection on which the request has been sent, and until when its reply may come."""
        deadline = time.monotonic() + self._timeout_s
        connection = self._open() if fresh else self._connection()
        try:
            connection.send(request, next(self._numbers))
        except Disconnected:
            connection.line.close()
            if not connection.kept or isinstance(request, _CHANGING):
                raise
            return self._sent(request, fresh=True)
        except ValueError as error:
            self._keep(connection)
            raise ConfigError(
                f"This request cannot be spelled for {self.profile.title}: {error}.",
                cause="it is longer than the machine takes, or the machine has no such command",
                remedy="see the limits and commands in the machine's profile; a signature server takes longer messages",
            ) from error
        except BaseException:
            connection.line.close()
            raise
        return connection, deadline

    def _connection(self) -> _Connection:
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is None:
                return self._open()
            if kept.is_clean():
                kept.kept = True
                return kept
            kept.line.close()

    def _open(self) -> _Connection:
        channel = f"{self._channel}.host#{next(self._opened)}"
        line = open_line(self._address, channel=channel, timeout_s=self._timeout_s, tape=self._tape)
        return _Connection(line, self.profile)

    def _keep(self, connection: _Connection) -> None:
        with self._lock:
            kept = not self._closed and connection.codec.outstanding == 0 and not connection.codec.pending
            if kept:
                self._idle.append(connection)
        if not kept:
            connection.line.close()

    def _take_place(self) -> None:
        if not self._free.acquire(timeout=self._timeout_s):
            raise MachineBusy(self._width, self._timeout_s)

    def _expect(self, request: wire.Request, kind: type[R], accept: Accept | None = None) -> R:
        return self._checked(request, self.ask(request, accept), kind)

    def _expect_all(self, requests: Sequence[wire.Request], kind: type[R]) -> list[R]:
        replies = self.ask_all(requests)
        return [self._checked(request, reply, kind) for request, reply in zip(requests, replies, strict=True)]

    def _checked(self, request: wire.Request, reply: wire.Reply, kind: type[R]) -> R:
        if isinstance(reply, wire.Refusal):
            raise refusal(self.profile, type(request).__name__, reply.code)
        if not isinstance(reply, kind):
            raise MachineSpeaksNonsense(f"it answers with {type(reply).__name__}")
        return reply


def _public_reference(key: int | PublicKey) -> wire.PublicKeyReference:
    return wire.KeyIndex(index=key) if isinstance(key, int) else wire.ExternalPublicKey(public=key.spki)


def _accept_signature(reply: wire.Reply) -> None:
    if isinstance(reply, wire.Sm2SignReply) and len(reply.signature) != RAW_SIGNATURE_SIZE:
        raise MachineSpeaksNonsense(f"its signature has {len(reply.signature)} bytes, {RAW_SIGNATURE_SIZE} are due")


def _public(spki: bytes) -> PublicKey:
    try:
        return PublicKey.from_spki(spki)
    except InvalidKey as error:
        raise MachineSpeaksNonsense(f"its public key: {error}") from error


def _from_machine(sealed: bytes, order: str) -> bytes:
    match order:
        case "der":
            return ciphertext_from_der(sealed)
        case "c1c2c3":
            return from_old_order(sealed)
        case "c1c3c2-bare":
            return b"\x04" + sealed
        case _:
            return sealed


def _to_machine(plain: bytes, order: str) -> bytes:
    match order:
        case "der":
            return ciphertext_to_der(plain)
        case "c1c2c3":
            return to_old_order(plain)
        case "c1c3c2-bare":
            return plain[1:]
        case _:
            return plain
