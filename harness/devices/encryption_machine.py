"""The driver of an encryption machine (加密机) that speaks host commands; the same for a real and a virtual one.

    with EncryptionMachine(parse_address("tcp:10.0.0.7:8018"), load_host_profile("tass-sjj1310")) as machine:
        signature = machine.sign(1, b"message")                       # r‖s, or form=Signature.DER
        machine.verify(machine.public_key(1), b"message", signature)  # True or False; anything else is an error

How connections are shared, and why no late reply can answer the next request, stands in `machine_pool`. Where the
profile has a header, each request bears its own, and the reply must repeat it.

Usable from many threads; out of scope: sessions, failover between machines, key management beyond the host commands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias, TypeVar

from harness.devices.machine_errors import MachineSpeaksNonsense, refusal
from harness.devices.machine_line import open_line
from harness.devices.machine_pool import CONNECTIONS, TIMEOUT_S, Connection, MachinePool
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
from harness.line.tape import Tape
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host import HostAnswer, HostClientCodec, Malformed
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason

_CHANGING = (wire.GenerateKeyPair, wire.LoadKeyPair, wire.MoveKeyPair, wire.VendorRequest)
"""Requests that are never sent twice, since the machine may have acted on the first."""
R = TypeVar("R")
Accept: TypeAlias = Callable[[wire.Reply], None]


@dataclass(frozen=True, kw_only=True)
class NewKeyPair:
    """A key pair that a machine made; `private` is under its LMK."""

    public: PublicKey
    private: bytes


@dataclass(frozen=True, kw_only=True)
class MovedKey:
    """A symmetric key that was moved: under another key, and its check value."""

    wrapped: bytes
    check: bytes


class _HostTalk:
    """The host commands of one connection."""

    def __init__(self, profile: HostProfile) -> None:
        self._codec = HostClientCodec(profile)
        self._header_length = profile.header_length

    def spell(self, request: wire.Request, number: int) -> bytes:
        """A request under a header of its own."""
        size = self._header_length
        return self._codec.send(request, header=f"{number:0{size}d}"[-size:].encode() if size else b"")

    def feed(self, data: bytes) -> wire.Reply | None:
        """The reply, when it is whole."""
        match self._codec.feed(data):
            case []:
                return None
            case [HostAnswer(reply=reply)]:
                return reply
            case [*_, Malformed(reason=reason)]:
                raise MachineSpeaksNonsense(reason)
            case _:
                raise MachineSpeaksNonsense("it answers more than was asked")

    def ended(self) -> wire.Reply | None:
        """No reply ends with the connection."""
        return None

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return self._codec.pending

    @property
    def reusable(self) -> bool:
        """Whether nothing is due any more."""
        return self._codec.outstanding == 0 and not self._codec.pending


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
        self.profile = profile

        def connect(number: int) -> Connection[wire.Request, wire.Reply]:
            line = open_line(address, channel=f"{channel}.host#{number}", timeout_s=timeout_s, tape=tape)
            return Connection(line, _HostTalk(profile))

        self._pool: MachinePool[wire.Request, wire.Reply] = MachinePool(
            connect,
            changes=lambda request: isinstance(request, _CHANGING),
            title=profile.title,
            connections=connections,
            timeout_s=timeout_s,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up all idle connections; those in use are hung up when their request ends. May be called twice."""
        self._pool.close()

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

    def export_key_pair(self, index: int, *, kek: int) -> NewKeyPair:
        """TT: the pair at an index, its private key under a KEK. The command's layout is assumed in most profiles."""
        moved = self._expect(
            wire.MoveKeyPair(way=wire.Way.EXPORT, kek=kek, index=index), wire.MoveKeyPairReply, _accept_pair
        )
        return NewKeyPair(public=_public(moved.public), private=moved.private)

    def import_key_pair(self, index: int, pair: NewKeyPair, *, kek: int) -> None:
        """TT: store a pair whose private key is under a KEK."""
        request = wire.MoveKeyPair(
            way=wire.Way.IMPORT, kek=kek, index=index, public=pair.public.spki, private=pair.private
        )
        self._expect(request, wire.MoveKeyPairReply)

    def export_key(
        self, key: wire.SymmetricKeyReference, key_type: str, *, protector: int, under: wire.Under = wire.Under.KEK
    ) -> MovedKey:
        """TX: a symmetric key under the KEK, or the SM2 pair, at the index `protector`."""
        request = wire.MoveKey(way=wire.Way.EXPORT, under=under, protector=protector, key_type=key_type, key=key)
        moved = self._expect(request, wire.MoveKeyReply)
        return MovedKey(wrapped=moved.wrapped, check=moved.check)

    def import_key(
        self, wrapped: bytes, key_type: str, *, protector: int, under: wire.Under = wire.Under.KEK
    ) -> MovedKey:
        """TX: what `export_key` of this or another machine gave, under this machine's LMK."""
        request = wire.MoveKey(
            way=wire.Way.IMPORT, under=under, protector=protector, key_type=key_type, wrapped=wrapped
        )
        moved = self._expect(request, wire.MoveKeyReply)
        return MovedKey(wrapped=moved.wrapped, check=moved.check)

    def public_key_mac(self, public: PublicKey) -> bytes:
        """TQ: the machine's MAC over a public key."""
        return self._expect(wire.MacPublicKey(public=public.spki), wire.MacPublicKeyReply).mac

    def status(self, command: str, **fields: object) -> Mapping[str, object]:
        """A command that only the profile knows (NO, J4, J8, JK, NI): its reply's fields by name."""
        return self._expect(wire.VendorRequest(code=command, values=fields), wire.VendorReply).values

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

    def sm4_batch(
        self,
        key: wire.SymmetricKeyReference,
        key_type: str,
        blocks: Sequence[bytes],
        *,
        decrypt: bool = False,
        iv: bytes = b"",
    ) -> list[bytes]:
        """SW: as `sm4_encrypt`, or `sm4_decrypt`, all pieces in one message; there may be as many as a profile says."""

        def accept(reply: wire.Reply) -> None:
            if isinstance(reply, wire.SmBatchReply) and len(reply.blocks) != len(blocks):
                raise MachineSpeaksNonsense(f"{len(blocks)} pieces were sent, {len(reply.blocks)} came")

        request = wire.SmBatch(
            direction=wire.DECRYPT if decrypt else wire.ENCRYPT,
            mode=wire.Mode.CBC if iv else wire.Mode.ECB,
            key_type=key_type,
            key=key,
            blocks=tuple(blocks),
            iv=iv,
        )
        return list(self._expect(request, wire.SmBatchReply, accept).blocks)

    # --- requests ---------------------------------------------------------------------------------------------------

    def ask(self, request: wire.Request, accept: Accept | None = None) -> wire.Reply:
        """The reply to any request, a `Refusal` too.

        `accept` looks at the reply and may raise; then the connection is closed, since it may be out of step.
        """
        return self._pool.ask(request, accept)

    def ask_all(self, requests: Iterable[wire.Request]) -> list[wire.Reply]:
        """The replies to many requests, in their order, over the whole pool; see `MachinePool.ask_all`."""
        return self._pool.ask_all(requests)

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


def _accept_pair(reply: wire.Reply) -> None:
    if isinstance(reply, wire.MoveKeyPairReply) and not (reply.public and reply.private):
        raise MachineSpeaksNonsense("it exports a pair without its keys")


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
