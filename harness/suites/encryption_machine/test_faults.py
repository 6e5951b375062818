"""Every fault of a machine and its line: what the client makes of it, and that everything works again afterwards.

A fault is asked of the virtual machine; its client must either get the right result or notice, never take a wrong one,
and the machine must serve the next good request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import pytest

from harness.devices.machine_errors import MachineSilent, MachineSpeaksNonsense
from harness.faults.catalogue import Effect
from harness.gm import GmError, PrivateKey, PublicKey
from harness.line.client import Disconnected
from harness.scenarios.machine_stage import PARTY, MachineStage, framed, read_reply
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
OWN = PrivateKey(d=0x20201014)


class Met(StrEnum):
    """What a client meets."""

    RIGHT = "right"
    WRONG = "wrong"
    """A result that the client's own check refuses."""
    REFUSED = "refused"
    SILENT = "silent"
    CUT = "cut"
    NONSENSE = "nonsense"


@dataclass(frozen=True, kw_only=True)
class Work:
    """A request with the check of its result that any careful client makes."""

    message: str
    request: Callable[[MachineStage], wire.Request]
    good: Callable[[MachineStage, PublicKey, wire.Reply], bool]


def _signed(_: MachineStage, public: PublicKey, reply: wire.Reply) -> bool:
    if not isinstance(reply, wire.Sm2SignReply):
        return False
    return len(reply.signature) == 64 and public.verify(MESSAGE, reply.signature)


def _sealed(stage: MachineStage, _: PublicKey, reply: wire.Reply) -> bool:
    try:
        return isinstance(reply, wire.Sm2EncryptReply) and OWN.decrypt(reply.ciphertext) == MESSAGE
    except GmError:
        return False


def _echoed(_: MachineStage, __: PublicKey, reply: wire.Reply) -> bool:
    return reply == wire.EchoReply(data=MESSAGE)


def _as_long(_: MachineStage, __: PublicKey, reply: wire.Reply) -> bool:
    return isinstance(reply, wire.Sm4EncryptReply) and len(reply.data) == 16


def _various(_: MachineStage, __: PublicKey, reply: wire.Reply) -> bool:
    return isinstance(reply, wire.RandomReply) and len(set(reply.data)) > 1


def _index(stage: MachineStage) -> wire.KeyIndex:
    return wire.KeyIndex(index=stage.keys.index)


def _verify(stage: MachineStage, signature: bytes) -> wire.Request:
    del stage
    return wire.Sm2Verify(data=MESSAGE, signature=signature, key=wire.ExternalPublicKey(public=OWN.public.spki))


SIGN = Work(message="E5", request=lambda s: wire.Sm2Sign(data=MESSAGE, key=_index(s)), good=_signed)
SEAL = Work(
    message="E3",
    request=lambda _: wire.Sm2Encrypt(data=MESSAGE, key=wire.ExternalPublicKey(public=OWN.public.spki)),
    good=_sealed,
)
ECHO = Work(message="B2", request=lambda _: wire.Echo(data=MESSAGE), good=_echoed)
RANDOM = Work(message="N0", request=lambda _: wire.Random(size=32), good=_various)
SM4 = Work(
    message="S3",
    request=lambda s: wire.Sm4Encrypt(
        key_type=s.keys.key_type, key=wire.KeyIndex(index=s.keys.key_index), data=bytes(16)
    ),
    good=_as_long,
)
VERIFY_GOOD = Work(
    message="E6",
    request=lambda s: _verify(s, OWN.sign(MESSAGE)),
    good=lambda _, __, reply: isinstance(reply, wire.Sm2VerifyReply),
)
VERIFY_BAD = Work(
    message="E6",
    request=lambda s: _verify(s, bytes(63) + b"\1"),
    good=lambda _, __, reply: isinstance(reply, wire.Refusal),
)

ON_THE_LINE: dict[Effect, tuple[Work, set[Met]]] = {
    Effect.LOSE_REQUEST: (SIGN, {Met.SILENT}),
    Effect.LOSE_REPLY: (SIGN, {Met.SILENT}),
    Effect.LATE_REPLY: (SIGN, {Met.SILENT}),
    Effect.SILENCE: (SIGN, {Met.SILENT}),
    Effect.CUT_CONNECTION: (SIGN, {Met.CUT, Met.RIGHT}),
    Effect.CLOSE_UNANSWERED: (SIGN, {Met.CUT, Met.RIGHT}),
    Effect.CUT_IN_HEADER: (SIGN, {Met.CUT, Met.RIGHT}),
    Effect.CUT_IN_BODY: (SIGN, {Met.CUT, Met.RIGHT}),
    Effect.DRIP: (ECHO, {Met.RIGHT}),
    Effect.SLOW: (SIGN, {Met.RIGHT}),
    Effect.LENGTH_TOO_BIG: (SIGN, {Met.SILENT}),
    Effect.LENGTH_TOO_SMALL: (SIGN, {Met.NONSENSE}),
    Effect.LENGTH_ZERO: (SIGN, {Met.NONSENSE}),
    Effect.WRONG_HEADER: (SIGN, {Met.NONSENSE}),
    Effect.WRONG_REPLY_CODE: (SIGN, {Met.NONSENSE}),
    Effect.UNSOLICITED: (SIGN, {Met.NONSENSE}),
    Effect.DUPLICATE_REPLY: (SIGN, {Met.NONSENSE, Met.RIGHT}),
    Effect.REBOOT: (SIGN, {Met.CUT, Met.RIGHT}),
}
REFUSALS: dict[Effect, tuple[Work, Reason]] = {
    Effect.BUSY: (SIGN, Reason.BUSY),
    Effect.SESSION_LOST: (SIGN, Reason.NOT_AUTHORISED),
    Effect.KEY_ABSENT: (SIGN, Reason.KEY_MISSING),
    Effect.KEY_MISMATCH: (SIGN, Reason.KEY_BLOB),
    Effect.PIN_IS_WRONG: (SIGN, Reason.PIN_WRONG),
    Effect.PIN_LOCKED: (SIGN, Reason.PIN_LOCKED),
    Effect.RANDOM_FAILURE: (RANDOM, Reason.HARDWARE),
    Effect.CERTIFICATE_EXPIRED: (VERIFY_GOOD, Reason.CERTIFICATE_EXPIRED),
    Effect.CERTIFICATE_NOT_YET: (VERIFY_GOOD, Reason.CERTIFICATE_NOT_YET),
    Effect.CERTIFICATE_REVOKED: (VERIFY_GOOD, Reason.CERTIFICATE_REVOKED),
    Effect.CERTIFICATE_UNKNOWN_CA: (VERIFY_GOOD, Reason.CERTIFICATE_ILLEGAL),
    Effect.REVOCATION_UNREACHABLE: (VERIFY_GOOD, Reason.REVOCATION_UNREACHABLE),
    Effect.TOO_MANY_CONNECTIONS: (SIGN, Reason.BUSY),
}
CONDITIONS: dict[Effect, Reason] = {Effect.ALARM: Reason.HARDWARE, Effect.KEYS_LOST: Reason.STORAGE_LOST}
RESULTS: dict[Effect, Work] = {
    Effect.KEY_ROTATED: SIGN,
    Effect.SIGNATURE_BIT: SIGN,
    Effect.SIGNATURE_DER: SIGN,
    Effect.SIGNATURE_SWAPPED: SIGN,
    Effect.SIGNATURE_SHORT: SIGN,
    Effect.SIGNATURE_WITHOUT_ZA: SIGN,
    Effect.SIGNATURE_OTHER_ID: SIGN,
    Effect.TRUNCATED_RESULT: SIGN,
    Effect.OLD_ORDER: SEAL,
    Effect.WRONG_PADDING: SM4,
    Effect.CONSTANT_RANDOM: RANDOM,
    Effect.VERIFY_SAYS_GOOD: VERIFY_BAD,
    Effect.VERIFY_SAYS_BAD: VERIFY_GOOD,
}


@pytest.mark.case("encryption-machine/line-fault", title="Faults of the line 链路故障", requirements=HSM)
@pytest.mark.parametrize("effect", sorted(ON_THE_LINE))
def test_line_fault(stage: MachineStage, effect: Effect) -> None:
    """The client hears nothing, is cut off, or reads nonsense; no wrong result gets through; the next call works."""
    work, expected = ON_THE_LINE[effect]
    public = _before(stage, work)
    stage.spoil(work.message, effect)
    met = _meet(stage, work, public)
    assert met in expected, met
    _works_again(stage, work, public)


@pytest.mark.case("encryption-machine/refusal-fault", title="The machine refuses 设备拒绝", requirements=HSM)
@pytest.mark.parametrize("effect", sorted(REFUSALS))
def test_refusal_fault(stage: MachineStage, effect: Effect) -> None:
    """A busy, locked or unfit machine says so by its own code; the next call works."""
    work, reason = REFUSALS[effect]
    public = _before(stage, work)
    stage.spoil(work.message, effect)
    assert _meet(stage, work, public) is Met.REFUSED
    stage.expect(reason)
    _works_again(stage, work, public)


@pytest.mark.case("encryption-machine/result-fault", title="Wrong results 错误结果", requirements=HSM)
@pytest.mark.parametrize("effect", sorted(RESULTS))
def test_result_fault(stage: MachineStage, effect: Effect) -> None:
    """The client's own check catches a wrong result before it is used; the next call works."""
    work = RESULTS[effect]
    public = _before(stage, work)
    stage.spoil(work.message, effect)
    assert _meet(stage, work, public) is Met.WRONG
    _works_again(stage, work, public)


@pytest.mark.case("encryption-machine/condition", title="Alarm and loss of keys 告警与密钥丢失", requirements=HSM)
@pytest.mark.parametrize("effect", sorted(CONDITIONS))
def test_condition(stage: MachineStage, effect: Effect) -> None:
    """Everything but diagnosis is refused until the machine is repaired; its keys are there again then."""
    public = _before(stage, SIGN)
    stage.spoil("E5", effect)
    for _ in range(2):
        assert _meet(stage, SIGN, public) is Met.REFUSED
        stage.expect(CONDITIONS[effect])
    stage.machine.ask(wire.Diagnose())
    stage.expect()
    stage.back_doors[PARTY].call("/repair")
    _works_again(stage, SIGN, public)


@pytest.mark.case("encryption-machine/firmware-changed", title="Another firmware 固件变更", requirements=HSM)
def test_firmware_changed(stage: MachineStage) -> None:
    """The machine shows another firmware than before, which a careful client notices."""
    before = stage.machine.diagnose().firmware
    stage.spoil("NC", Effect.FIRMWARE_CHANGED)
    assert stage.machine.diagnose().firmware != before
    stage.back_doors[PARTY].call("/repair")
    assert stage.machine.diagnose().firmware == before


@pytest.mark.case("encryption-machine/connection-refused", title="No connection 拒绝连接", requirements=HSM)
def test_connection_refused(stage: MachineStage) -> None:
    """A client that is hung up on at once gets through the next time."""
    stage.spoil("connect", Effect.REFUSE_CONNECTION)
    met = _meet(stage, ECHO, OWN.public)
    assert met in {Met.CUT, Met.RIGHT}, met
    assert _meet(stage, ECHO, OWN.public) is Met.RIGHT


@pytest.mark.case("encryption-machine/two-on-a-line", title="Replies out of step 应答错序与粘连", requirements=HSM)
@pytest.mark.parametrize("effect", [Effect.GLUE_REPLIES, Effect.SWAP_REPLIES])
def test_two_on_a_line(stage: MachineStage, effect: Effect) -> None:
    """Of two requests on a line both replies come; who matches by order alone is misled by swapped ones."""
    line = stage.open_line()
    stage.spoil("B2", effect)
    line.write(framed(stage.profile, b"B20001a") + framed(stage.profile, b"B20001b"))
    held = b""
    while held.count(b"B3") < 2:
        piece = line.read(stage.keys.timeout_s)
        assert piece, "two replies"
        held += piece
    first = held.index(b"00a") < held.index(b"00b")
    assert first is (effect is Effect.GLUE_REPLIES)
    other = stage.open_line()
    other.write(framed(stage.profile, b"B20001c"))
    assert read_reply(other, within_s=stage.keys.timeout_s).endswith(b"c")


def _before(stage: MachineStage, work: Work) -> PublicKey:
    """Everything works."""
    public = stage.public_key(stage.keys.index)
    assert _meet(stage, work, public) is Met.RIGHT
    return public


def _works_again(stage: MachineStage, work: Work, public: PublicKey) -> None:
    for _ in range(2):
        met = _meet(stage, work, public)
        if met is Met.NONSENSE:  # what was left over on a kept connection, noticed once
            met = _meet(stage, work, public)
        assert met is Met.RIGHT, met


def _meet(stage: MachineStage, work: Work, public: PublicKey) -> Met:
    try:
        reply = stage.machine.ask(work.request(stage))
    except MachineSilent:
        return Met.SILENT
    except Disconnected:
        return Met.CUT
    except MachineSpeaksNonsense:
        return Met.NONSENSE
    if work.good(stage, public, reply):
        return Met.RIGHT
    refused = isinstance(reply, wire.Refusal) and reply.code != stage.profile.answers[Reason.VERIFY_FAILED]
    return Met.REFUSED if refused else Met.WRONG
