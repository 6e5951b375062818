"""The host commands of the machine: each request of a profile, done and answered, whatever its spelling.

A key index names one pair here, as on machines of this kind: the sign pair for E2, E5 and E6, the encrypt pair for E3
and E4; pairs that host commands make are the same for both. Not known of any real machine, so this one's own:

    padding codes       00 none, 01 PKCS#7, 02 ISO 7816-4 (80, then zeros), 03 zeros
    derivation          each factor is encrypted under the key (SM4-ECB); the result is the next key
    session mode 01     the session key is the 16 bytes of session data, encrypted under the key (SM4-ECB)

How keys are moved (TT, TX, TQ) stands in `key_moving`, what status commands tell in `host_status`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.clock import NS
from harness.faults.catalogue import Effect
from harness.gm.sm2 import Signature
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host_layout import ordered_names
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine import key_moving, lmk, spoiling
from simulators.encryption_machine.block_cipher import BlockMode, BlockPadding
from simulators.encryption_machine.host_status import Traffic, known, moment
from simulators.encryption_machine.keys import Pair, SymmetricKey, Use
from simulators.encryption_machine.machine import KEK_TYPE, CipherForm, Machine, NewPair, Refused

PADDINGS: Mapping[int, BlockPadding] = {
    0: BlockPadding.NONE,
    1: BlockPadding.PKCS7,
    2: BlockPadding.ISO,
    3: BlockPadding.ZEROS,
}
NO_SESSION, SESSION_ECB = 0, 1
_BANDS = tuple((at, at + 10, 0) for at in range(0, 100, 10))


class HostCommands:
    """What one machine does for host commands; `traffic` is what its door counts."""

    def __init__(self, machine: Machine, profile: HostProfile) -> None:
        self.traffic = Traffic()
        self._machine = machine
        self._profile = profile
        self._form = CipherForm(profile.ciphertext)
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
            wire.MoveKeyPair: self._move_pair,
            wire.MoveKey: self._move_key,
            wire.MacPublicKey: self._mac_public,
            wire.Digest: self._digest,
            wire.VendorRequest: self._vendor,
        }

    def do(self, request: wire.Request, effect: Effect | None) -> wire.Reply:
        """The reply, with a fault's effect if there is one. Raises Refused."""
        return self._handlers[type(request)](request, effect)

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
            since=moment(found.since_ns),
            until=moment(found.now_ns),
            now=moment(found.now_ns),
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
        elif type(key) is wire.ExternalKeyPair:
            pair = self._machine.external_pair(key.public, key.private)
        else:
            assert isinstance(key, wire.ExternalPrivateKey)
            pair = self._machine.external_private(key.private)
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

    def _move_pair(self, request: wire.MoveKeyPair, _: Effect | None) -> wire.Reply:
        if request.way == wire.Way.IMPORT:
            key_moving.import_pair(self._machine, request.kek, request.index, request.public, request.private)
            return wire.MoveKeyPairReply()
        public, wrapped = key_moving.export_pair(self._machine, request.kek, request.index)
        return wire.MoveKeyPairReply(public=public.spki, private=wrapped)

    def _move_key(self, request: wire.MoveKey, _: Effect | None) -> wire.Reply:
        machine, under_kek = self._machine, request.under == wire.Under.KEK
        key_type = _key_type(request.key_type)
        if request.way == wire.Way.IMPORT:
            protector = machine.symmetric(request.protector, KEK_TYPE) if under_kek else request.protector
            key = key_moving.import_key(machine, request.wrapped, key_type, protector, self._form)
            return wire.MoveKeyReply(wrapped=lmk.wrap_symmetric(key.value, key.type), check=_check(key))
        if request.key is None:
            raise Refused(Reason.BAD_INPUT, "no key is named")
        key = self._key(request.key, key_type)
        over = (
            machine.symmetric(request.protector, KEK_TYPE)
            if under_kek
            else machine.pair(request.protector, Use.ENCRYPT).public
        )
        return wire.MoveKeyReply(wrapped=key_moving.export_key(machine, key, over, self._form), check=_check(key))

    def _mac_public(self, request: wire.MacPublicKey, _: Effect | None) -> wire.Reply:
        return wire.MacPublicKeyReply(mac=key_moving.public_key_mac(self._machine, request.public))

    def _digest(self, request: wire.Digest, effect: Effect | None) -> wire.Reply:
        return _spoilt(effect, wire.DigestReply(digest=self._machine.digest(request.data)))

    def _vendor(self, request: wire.VendorRequest, _: Effect | None) -> wire.Reply:
        """A command that only the profile knows: answered from what the machine knows by its fields' names."""
        told = known(self._machine, self.traffic)
        names = ordered_names(self._profile.commands[request.code].reply)
        if missing := [name for name in names if name not in told]:
            raise Refused(Reason.COMMAND_DISABLED, f"nothing is known of {missing[0]}")
        return wire.VendorReply(values={name: told[name] for name in names})

    def _symmetric(
        self, request: wire.Sm4Encrypt | wire.Sm4Decrypt | wire.SmBatch
    ) -> tuple[SymmetricKey, BlockMode, BlockPadding]:
        machine = self._machine
        if request.mode not in set(BlockMode):
            raise Refused(Reason.BAD_INPUT, f"mode {request.mode}")
        if request.padding not in PADDINGS:
            raise Refused(Reason.PADDING, f"padding {request.padding}")
        key = machine.derived(self._key(request.key, _key_type(request.key_type)), request.derive)
        match request.session_mode:
            case mode if mode == NO_SESSION:
                pass
            case mode if mode == SESSION_ECB:
                key = machine.derived(key, (request.session_data,))
            case _:
                raise Refused(Reason.BAD_INPUT, f"session mode {request.session_mode}")
        return key, BlockMode(request.mode), PADDINGS[request.padding]

    def _key(self, reference: wire.SymmetricKeyReference, key_type: str) -> SymmetricKey:
        match reference:
            case wire.KeyIndex(index=index):
                return self._machine.symmetric(index, key_type)
            case wire.WrappedKey(wrapped=wrapped):
                return self._machine.external_symmetric(wrapped, key_type)


def _check(key: SymmetricKey) -> bytes:
    return bytes.fromhex(lmk.check_value(key.value))


def _key_type(spelled: str) -> str:
    """Three hex digits in capitals. Raises Refused KEY_TYPE."""
    key_type = spelled.upper()
    if len(key_type) != 3 or not all(char in "0123456789ABCDEF" for char in key_type):
        raise Refused(Reason.KEY_TYPE, f"type {spelled!r}")
    return key_type


def _spoilt(effect: Effect | None, reply: wire.Reply) -> wire.Reply:
    return reply if effect is None else spoiling.spoilt_reply(effect, reply)
