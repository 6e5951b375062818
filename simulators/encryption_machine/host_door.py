"""The door for host commands over TCP: each command of the profile, done by the machine, spelled by the codec.

A key index names one pair here, as on machines of this kind: the sign pair for E2, E5 and E6, the encrypt pair for E3
and E4; pairs that host commands make are the same for both. Not known of any real machine, so this one's own:

    padding codes       00 none, 01 PKCS#7, 02 ISO 7816-4 (80, then zeros), 03 zeros
    derivation          each factor is encrypted under the key (SM4-ECB); the result is the next key
    session mode 01     the session key is the 16 bytes of session data, encrypted under the key (SM4-ECB)
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.clock import BEIJING, NS
from harness.faults.catalogue import Effect
from harness.gm.sm2 import Signature
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host import CODE_SIZE, LENGTH_SIZE, HostCall, HostServerCodec, Malformed
from harness.wire.encryption_machine.host_layout import ordered_names
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine import spoiling
from simulators.encryption_machine.keystore import STORE_FAILURES, Pair, SymmetricKey, Use
from simulators.encryption_machine.machine import (
    BlockMode,
    BlockPadding,
    CipherForm,
    Condition,
    Machine,
    NewPair,
    Refused,
)
from simulators.encryption_machine.tape_mask import Masked, masked, masked_from
from simulators.encryption_machine.tcp_door import Answered

Call = HostCall | Malformed
PADDINGS: Mapping[int, BlockPadding] = {
    0: BlockPadding.NONE,
    1: BlockPadding.PKCS7,
    2: BlockPadding.ISO,
    3: BlockPadding.ZEROS,
}
NO_SESSION, SESSION_ECB = 0, 1
HIDDEN_COMMANDS = frozenset({"E1", "E4", "E5", "S3", "S4", "SW"})
"""Commands whose requests may carry a key; one of these that cannot be read is hidden after its command."""
_BANDS = tuple((at, at + 10, 0) for at in range(0, 100, 10))


class HostDialect:
    """How the host door reads, acts and spells; one for all its connections."""

    suffix = "host"

    def __init__(self, machine: Machine, profile: HostProfile, *, fell_into: Callable[[Effect], None]) -> None:
        self._machine = machine
        self._profile = profile
        self._codec = HostServerCodec(profile)
        self._form = CipherForm(profile.ciphertext)
        self._fell_into = fell_into
        self._handlers: dict[type[Any], Callable[[Any, Effect | None], wire.Reply]] = {
            wire.Diagnose: self._diagnose,
            wire.Echo: self._echo,
            wire.Random: self._random,
            wire.Health: self._health,
            wire.GenerateKeyPair: self._generate,
            wire.LoadKeyPair: self._load,
            wire.GetPublicKey: self._public,
            wire.Sm2Encrypt: self._encrypt,
            wire.Sm2Decrypt: self._decrypt,
            wire.Sm2Sign: self._sign,
            wire.Sm2Verify: self._verify,
            wire.Sm4Encrypt: self._sm4_encrypt,
            wire.Sm4Decrypt: self._sm4_decrypt,
            wire.SmBatch: self._batch,
            wire.VendorRequest: self._vendor,
        }

    # What a door asks of its dialect

    def codec(self) -> HostServerCodec:
        """For a new connection."""
        return HostServerCodec(self._profile)

    def name_of(self, call: Call) -> str:
        """The command's two characters; `malformed` for what has none."""
        return call.code or "malformed"

    def raw_of(self, call: Call) -> bytes:
        """The request's bytes."""
        return call.raw

    def shown(self, call: Call) -> Masked | None:
        """The request without keys."""
        if isinstance(call, Malformed):
            return self._hidden(call.raw, call.code)
        secrets = _secrets_in(call.request)
        return masked(call.raw, secrets) if secrets else None

    def remains_shown(self, partial: bytes) -> Masked:
        """What came of a request that never ended; hidden after its command if it may carry a key."""
        at = LENGTH_SIZE + self._profile.header_length
        return self._hidden(partial, partial[at : at + CODE_SIZE].decode("latin-1")) or Masked(partial, 0)

    def acts_on(self, effect: Effect, call: Call) -> bool:
        """Whether `serve` does anything with this effect."""
        if effect in spoiling.REFUSALS or effect in spoiling.CONDITIONS:
            return True
        return isinstance(call, HostCall) and spoiling.applies(effect, call.request)

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply; whatever goes wrong is a reply, too."""
        if effect is not None and effect in spoiling.CONDITIONS:
            self._fell_into(effect)
            effect = None
        if isinstance(call, Malformed):
            self._machine.refused += 1
            sent = self._codec.refuse(call)
            return Answered(sent, None, close=call.fatal or not sent)
        if effect is not None and effect in spoiling.REFUSALS:
            return self._refused(call, spoiling.REFUSALS[effect])
        try:
            reply = self._handlers[type(call.request)](call.request, effect)
            sent = self._codec.answer(call, reply)
        except Refused as refusal:
            return self._refused(call, refusal.reason)
        except STORE_FAILURES:
            return self._refused(call, Reason.HARDWARE)
        except ValueError:
            # The profile cannot spell the result: a length beyond its field.
            return self._refused(call, Reason.DATA_LENGTH)
        self._machine.served += 1
        if type(reply) is wire.GenerateKeyPairReply:
            return Answered(sent, masked(sent, (reply.private,)))
        return Answered(sent)

    def misspelt(self, effect: Effect, answered: Answered) -> Answered | None:
        """A reply whose frame is wrong; None when the effect is none of a frame's."""
        frame = answered.wire
        header = self._profile.header_length
        body = frame[LENGTH_SIZE:]
        match effect:
            case Effect.LENGTH_TOO_BIG:
                size = len(body) + 1
            case Effect.LENGTH_TOO_SMALL:
                size = len(body) - 1
            case Effect.LENGTH_ZERO:
                size = 0
            case Effect.WRONG_HEADER if header:
                body, size = bytes(byte ^ 1 for byte in body[:header]) + body[header:], len(body)
            case Effect.WRONG_REPLY_CODE:
                code = body[header : header + CODE_SIZE]
                wrong = code[:1] + bytes([0x30 + (code[1] - 0x30 + 1) % 10])
                body, size = body[:header] + wrong + body[header + CODE_SIZE :], len(body)
            case _:
                return None
        shown = answered.shown
        head = size.to_bytes(LENGTH_SIZE)
        if shown is not None:
            shown = Masked(head + shown.data[LENGTH_SIZE:], shown.hidden)
        return Answered(head + body, shown, answered.close)

    def unsolicited(self) -> Answered:
        """The reply to a diagnosis that nobody asked for."""
        body = b"H" * self._profile.header_length + b"ND" + self._profile.ok.encode()
        text = f"{self._profile.lmk_check}{self._profile.firmware}".encode()
        return Answered((len(body) + len(text)).to_bytes(LENGTH_SIZE) + body + text)

    # The commands

    def _diagnose(self, _: wire.Diagnose, __: Effect | None) -> wire.Reply:
        found = self._machine.diagnose()
        return wire.DiagnoseReply(lmk_check=found.lmk_check, firmware=found.firmware)

    def _echo(self, request: wire.Echo, effect: Effect | None) -> wire.Reply:
        return _spoilt(effect, wire.EchoReply(data=self._machine.echo(request.data)))

    def _random(self, request: wire.Random, effect: Effect | None) -> wire.Reply:
        return _spoilt(effect, wire.RandomReply(data=self._machine.random(request.size)))

    def _health(self, _: wire.Health, __: Effect | None) -> wire.Reply:
        found = self._machine.health()
        return wire.HealthReply(
            serial=found.serial,
            since=_moment(found.since_ns),
            until=_moment(found.now_ns),
            now=_moment(found.now_ns),
            seconds=max(0, found.now_ns - found.since_ns) // NS,
            bands=_BANDS,
        )

    def _generate(self, request: wire.GenerateKeyPair, _: Effect | None) -> wire.Reply:
        made: NewPair = self._machine.generate_pair(request.index, request.label)
        return wire.GenerateKeyPairReply(public=made.public.spki, private=made.wrapped)

    def _load(self, request: wire.LoadKeyPair, _: Effect | None) -> wire.Reply:
        self._machine.load_pair(request.index, request.public, request.private, request.label)
        return wire.LoadKeyPairReply()

    def _public(self, request: wire.GetPublicKey, _: Effect | None) -> wire.Reply:
        return wire.GetPublicKeyReply(public=self._machine.pair(request.index, Use.SIGN).public.spki)

    def _encrypt(self, request: wire.Sm2Encrypt, effect: Effect | None) -> wire.Reply:
        match request.key:
            case wire.KeyIndex(index=index):
                public = self._machine.pair(index, Use.ENCRYPT).public
            case wire.ExternalPublicKey(public=spki):
                public = self._machine.external_public(spki)
        if effect is Effect.OLD_ORDER:
            return _spoilt(effect, wire.Sm2EncryptReply(ciphertext=self._machine.encrypt(public, request.data)))
        return _spoilt(effect, wire.Sm2EncryptReply(ciphertext=self._machine.encrypt(public, request.data, self._form)))

    def _decrypt(self, request: wire.Sm2Decrypt, effect: Effect | None) -> wire.Reply:
        match request.key:
            case wire.KeyIndex(index=index):
                pair = self._machine.pair(index, Use.ENCRYPT)
            case wire.ExternalPrivateKey(private=wrapped):
                pair = self._machine.external_private(wrapped)
        if effect is Effect.KEY_ROTATED:
            pair = spoiling.other_pair(pair)
        return _spoilt(effect, wire.Sm2DecryptReply(data=self._machine.decrypt(pair, request.ciphertext, self._form)))

    def _sign(self, request: wire.Sm2Sign, effect: Effect | None) -> wire.Reply:
        key = request.key
        if type(key) is wire.KeyIndex:
            pair: Pair = self._machine.pair(key.index, Use.SIGN)
        else:
            assert isinstance(key, wire.ExternalKeyPair)
            pair = self._machine.external_pair(key.public, key.private)
        signature = self._machine.sign(pair, request.data, request.user_id)
        if effect is not None:
            signature = spoiling.spoilt_signature(
                effect, pair, request.data, request.user_id, form=Signature.RAW, rng=self._machine.chance
            )
        return wire.Sm2SignReply(signature=signature)

    def _verify(self, request: wire.Sm2Verify, effect: Effect | None) -> wire.Reply:
        match request.key:
            case wire.KeyIndex(index=index):
                public = self._machine.pair(index, Use.SIGN).public
            case wire.ExternalPublicKey(public=spki):
                public = self._machine.external_public(spki)
        match effect:
            case Effect.VERIFY_SAYS_GOOD:
                return wire.Sm2VerifyReply()
            case Effect.VERIFY_SAYS_BAD:
                raise Refused(Reason.VERIFY_FAILED)
        self._machine.verify(public, request.data, request.signature, request.user_id)
        return wire.Sm2VerifyReply()

    def _sm4_encrypt(self, request: wire.Sm4Encrypt, effect: Effect | None) -> wire.Reply:
        key, mode, padding = self._symmetric(request)
        data = self._machine.sm4_encrypt(key, request.data, mode=mode, padding=padding, iv=request.iv)
        return _spoilt(effect, wire.Sm4EncryptReply(data=data))

    def _sm4_decrypt(self, request: wire.Sm4Decrypt, effect: Effect | None) -> wire.Reply:
        key, mode, padding = self._symmetric(request)
        data = self._machine.sm4_decrypt(key, request.data, mode=mode, padding=padding, iv=request.iv)
        return _spoilt(effect, wire.Sm4DecryptReply(data=data))

    def _batch(self, request: wire.SmBatch, effect: Effect | None) -> wire.Reply:
        key, mode, padding = self._symmetric(request)
        operation = self._machine.sm4_encrypt if request.direction == wire.ENCRYPT else self._machine.sm4_decrypt
        blocks = tuple(operation(key, block, mode=mode, padding=padding, iv=request.iv) for block in request.blocks)
        return _spoilt(effect, wire.SmBatchReply(blocks=blocks))

    def _vendor(self, request: wire.VendorRequest, _: Effect | None) -> wire.Reply:
        """A command that only the profile knows: answered from what the machine knows by its fields' names."""
        health = self._machine.health()
        known: dict[str, object] = {
            "serial": health.serial,
            "since": _moment(health.since_ns),
            "until": _moment(health.now_ns),
            "now": _moment(health.now_ns),
            "seconds": max(0, health.now_ns - health.since_ns) // NS,
            "firmware": self._machine.diagnose().firmware,
            "lmk_check": self._machine.diagnose().lmk_check,
            "reserved": "00000",
            "buffer": 0,
            "transport": 1,
            "sockets": 64,
            "commands": (("NC", health.served),),
            "reboots": 0,
            "tampers": int(health.condition is Condition.KEYS_LOST),
            "pin_failures_minute": 0,
            "pin_failures_hour": 0,
            "pin_attacks": 0,
        }
        names = ordered_names(self._profile.commands[request.code].reply)
        if missing := [name for name in names if name not in known]:
            raise Refused(Reason.COMMAND_DISABLED, f"nothing is known of {missing[0]}")
        return wire.VendorReply(values={name: known[name] for name in names})

    def _symmetric(
        self, request: wire.Sm4Encrypt | wire.Sm4Decrypt | wire.SmBatch
    ) -> tuple[SymmetricKey, BlockMode, BlockPadding]:
        machine = self._machine
        if request.mode not in set(BlockMode):
            raise Refused(Reason.BAD_INPUT, f"mode {request.mode}")
        if request.padding not in PADDINGS:
            raise Refused(Reason.PADDING, f"padding {request.padding}")
        key_type = request.key_type.upper()
        if not _is_hex(key_type):
            raise Refused(Reason.KEY_TYPE, f"type {request.key_type!r}")
        match request.key:
            case wire.KeyIndex(index=index):
                key = machine.symmetric(index, key_type)
            case wire.WrappedKey(wrapped=wrapped):
                key = machine.external_symmetric(wrapped, key_type)
        key = machine.derived(key, request.derive)
        match request.session_mode:
            case mode if mode == NO_SESSION:
                pass
            case mode if mode == SESSION_ECB:
                key = machine.derived(key, (request.session_data,))
            case _:
                raise Refused(Reason.BAD_INPUT, f"session mode {request.session_mode}")
        return key, BlockMode(request.mode), PADDINGS[request.padding]

    # Inside

    def _refused(self, call: HostCall, reason: Reason) -> Answered:
        self._machine.refused += 1
        return Answered(self._codec.refuse(call, reason))

    def _hidden(self, raw: bytes, code: str) -> Masked | None:
        if code not in HIDDEN_COMMANDS:
            return None
        return masked_from(raw, LENGTH_SIZE + self._profile.header_length + CODE_SIZE)


def _secrets_in(request: wire.Request) -> tuple[bytes, ...]:
    """The key material that a request carries."""
    match request:
        case wire.Sm2Sign(key=wire.KeyIndex()) | wire.Sm2Verify() | wire.Sm2Decrypt(key=wire.KeyIndex()):
            return ()
        case wire.Sm2Sign(key=wire.ExternalKeyPair(private=private)):
            return (private,)
        case wire.Sm2Decrypt(key=wire.ExternalPrivateKey(private=private)):
            return (private,)
        case wire.LoadKeyPair(private=private):
            return (private,)
        case wire.Sm4Encrypt() | wire.Sm4Decrypt() | wire.SmBatch():
            wrapped = (request.key.wrapped,) if isinstance(request.key, wire.WrappedKey) else ()
            return (*wrapped, *request.derive, *((request.session_data,) if request.session_data else ()))
        case _:
            return ()


def _spoilt(effect: Effect | None, reply: wire.Reply) -> wire.Reply:
    return reply if effect is None else spoiling.spoilt_reply(effect, reply)


def _is_hex(text: str) -> bool:
    return len(text) == 3 and all(char in "0123456789ABCDEF" for char in text)


def _moment(at_ns: int) -> str:
    """yyMMddHHmmss in Beijing."""
    return datetime.fromtimestamp(at_ns // NS, tz=UTC).astimezone(BEIJING).strftime("%y%m%d%H%M%S")
