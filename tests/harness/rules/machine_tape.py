"""Tapes of an encryption machine in the making: requests and replies spelled by the codec, or bytes by hand."""

from dataclasses import dataclass, field, replace

from harness.gm import PrivateKey, sm4
from harness.judge.history import CASE, CaseHistory, read_histories
from harness.line.record import Direction, Kind, Record
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host import HostCall, HostServerCodec, encode_request
from harness.wire.encryption_machine.profile import HostProfile, load_host_profile
from harness.wire.encryption_machine.reasons import Reason
from tests.harness.rules.tape_builder import Entry

PROFILE: HostProfile = load_host_profile("payshield-like")
KEY = PrivateKey(d=0x1234567)
OTHER = PrivateKey(d=0x7654321)
BLOB = bytes(range(48))
MESSAGE = b"a message"
BLOCK = bytes(range(16))
SM4_KEY = bytes(range(50, 66))
IV = bytes(range(30, 46))
LINE = "client.host#1"


@dataclass
class MachineTape:
    """A tape of one case."""

    entries: list[Record] = field(default_factory=list)
    asked: int = 0

    def event(self, channel: str, name: str, **fields: object) -> None:
        """Record what is not bytes."""
        entry = Entry(label=name, at_ns=len(self.entries), channel=channel, event=name, content=fields)
        self.entries.append(entry.record(len(self.entries)))

    def frame(self, data: bytes, *, sent: bool, channel: str = LINE) -> None:
        """Record bytes; `sent` by the machine."""
        pattern = Entry(label="", at_ns=len(self.entries), channel="case", event="x", content={}).record(0)
        way = Direction.SENT if sent else Direction.RECEIVED
        number = len(self.entries)
        self.entries.append(replace(pattern, seq=number, kind=Kind.FRAME, channel=channel, direction=way, data=data))

    def ask(self, request: wire.Request, *, channel: str = LINE) -> HostCall:
        """Record a request; returns it as the machine reads it."""
        self.asked += 1
        raw = encode_request(PROFILE, request, header=f"{self.asked:04d}".encode())
        self.frame(raw, sent=False, channel=channel)
        (call,) = HostServerCodec(PROFILE).feed(raw)
        assert isinstance(call, HostCall)
        return call

    def answer(self, call: HostCall, reply: wire.Reply, *, channel: str = LINE) -> bytes:
        """Record the reply; returns its bytes."""
        raw = HostServerCodec(PROFILE).answer(call, reply)
        self.frame(raw, sent=True, channel=channel)
        return raw

    def talk(self, request: wire.Request, reply: wire.Reply) -> None:
        """Both."""
        self.answer(self.ask(request), reply)

    def refuse(self, request: wire.Request, reason: Reason, detail: bytes = b"") -> None:
        """A request that is refused."""
        self.talk(request, wire.Refusal(code=PROFILE.answers[reason], detail=detail))

    def history(self) -> CaseHistory:
        """The case as the judge reads it."""
        (found,) = read_histories(self.entries)
        return found


def begun() -> MachineTape:
    """A case has begun, and the key at index 1 is known."""
    tape = MachineTape()
    tape.event(CASE, "case-start", case="encryption-machine/x", title="x", requirements=["QH-HSM"])
    tape.event("bench", "machine", profile=PROFILE.name)
    tape.talk(wire.GetPublicKey(index=1), wire.GetPublicKeyReply(public=KEY.public.spki))
    return tape


def sign(message: bytes = MESSAGE) -> wire.Sm2Sign:
    """A request for a signature of the key at index 1."""
    return wire.Sm2Sign(data=message, key=wire.KeyIndex(index=1))


def signed(message: bytes = MESSAGE, key: PrivateKey = KEY) -> wire.Sm2SignReply:
    """A good signature."""
    return wire.Sm2SignReply(signature=key.sign(message))


def verify(signature: bytes) -> wire.Sm2Verify:
    """A question about a signature of the key at index 1."""
    return wire.Sm2Verify(data=MESSAGE, signature=signature, key=wire.KeyIndex(index=1))


def sm4_seal(data: bytes, iv: bytes = b"") -> wire.Sm4Encrypt:
    """A request for SM4."""
    mode = wire.Mode.CBC if iv else wire.Mode.ECB
    return wire.Sm4Encrypt(mode=mode, key_type="109", key=wire.KeyIndex(index=1), data=data, iv=iv)


def sm4_sealed(data: bytes, iv: bytes = b"") -> wire.Sm4EncryptReply:
    """What comes of it."""
    padding = sm4.Padding.NONE
    if iv:
        return wire.Sm4EncryptReply(data=sm4.cbc_encrypt(SM4_KEY, iv, data, padding=padding))
    return wire.Sm4EncryptReply(data=sm4.ecb_encrypt(SM4_KEY, data, padding=padding))


def good_story() -> MachineTape:
    """A machine that does everything right, with a fault that excuses it once."""
    tape = begun()
    tape.talk(sign(), signed())
    tape.event(CASE, "expect-code", codes=["00"], reasons=[])
    tape.talk(sign(b"another"), signed(b"another"))
    tape.talk(verify(KEY.sign(MESSAGE)), wire.Sm2VerifyReply())
    tape.refuse(verify(bytes(64)), Reason.VERIFY_FAILED)
    tape.event(CASE, "expect-code", codes=["01", "80"], reasons=["verify-failed", "data-length"])
    tape.talk(wire.Random(size=16), wire.RandomReply(data=bytes(range(16))))
    tape.talk(wire.Random(size=16), wire.RandomReply(data=bytes(range(1, 17))))
    tape.talk(sm4_seal(BLOCK, IV), sm4_sealed(BLOCK, IV))
    mixed = bytes(a ^ b for a, b in zip(BLOCK, IV, strict=True))
    tape.talk(sm4_seal(mixed), sm4_sealed(mixed))
    sealed = sm4_sealed(BLOCK, IV).data
    opened = wire.Sm4Decrypt(mode=wire.Mode.CBC, key_type="109", key=wire.KeyIndex(index=1), data=sealed, iv=IV)
    tape.talk(opened, wire.Sm4DecryptReply(data=BLOCK))
    ciphertext = KEY.public.encrypt(MESSAGE)
    tape.talk(wire.Sm2Encrypt(data=MESSAGE, key=wire.KeyIndex(index=1)), wire.Sm2EncryptReply(ciphertext=ciphertext))
    decrypt = wire.Sm2Decrypt(ciphertext=ciphertext, key=wire.KeyIndex(index=1))
    tape.talk(decrypt, wire.Sm2DecryptReply(data=MESSAGE))
    made = wire.GenerateKeyPairReply(public=OTHER.public.spki, private=BLOB)
    tape.talk(wire.GenerateKeyPair(index=30), made)
    tape.talk(wire.GetPublicKey(index=30), wire.GetPublicKeyReply(public=OTHER.public.spki))
    call = tape.ask(sign(), channel="client.host#2")
    tape.event("faults", "fault-fired", party="encryption-machine", message="E5", effect="signature-bit", nth=1)
    tape.answer(call, wire.Sm2SignReply(signature=bytes(64)), channel="client.host#2")
    tape.event(CASE, "case-end")
    return tape
