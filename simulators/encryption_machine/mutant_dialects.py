"""Machines with one known defect each in how their host door speaks, or in what it lets out."""

from collections.abc import Callable
from dataclasses import replace

from harness.faults.catalogue import Effect
from harness.faults.schedule import FaultSchedule
from harness.gm import sm4
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host import CODE_SIZE, ERROR_SIZE, LENGTH_SIZE
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Reason
from simulators.encryption_machine.door_dialect import Answered
from simulators.encryption_machine.host_commands import HostCommands
from simulators.encryption_machine.host_door import Call
from simulators.encryption_machine.machine import KEK_TYPE, Machine
from simulators.encryption_machine.refusing import ObedientDialect

OWN_CODE = b"99"
"""An error code that no table has."""


class TalkativeDialect(ObedientDialect):
    """Says more after an error code than the code."""

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply, spoilt."""
        answered = super().serve(call, effect)
        at = LENGTH_SIZE + self._profile.header_length + CODE_SIZE
        if answered.wire[at : at + ERROR_SIZE] in {b"", self._profile.ok.encode()}:
            return answered
        body = answered.wire[LENGTH_SIZE:] + b"near line 1"
        return Answered(len(body).to_bytes(LENGTH_SIZE) + body, None, answered.close)


class SameCodeDialect(ObedientDialect):
    """Answers with the command's own code instead of the next one."""

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply, spoilt."""
        answered = super().serve(call, effect)
        at = LENGTH_SIZE + self._profile.header_length
        wire = answered.wire[:at] + call.code.encode("latin-1") + answered.wire[at + CODE_SIZE :]
        return Answered(wire if answered.wire else b"", None, answered.close)


class SilentDialect(ObedientDialect):
    """Does not answer a command that it does not know."""

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply, spoilt."""
        answered = super().serve(call, effect)
        return answered if call.code in self._profile.commands else Answered(b"")


class LenientDialect(ObedientDialect):
    """Answers a malformed request with success."""

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """The reply, spoilt."""
        answered = super().serve(call, effect)
        at = LENGTH_SIZE + self._profile.header_length + CODE_SIZE
        wrong = self._profile.answers[Reason.BAD_INPUT].encode()
        if answered.wire[at : at + ERROR_SIZE] != wrong:
            return answered
        wire = answered.wire[:at] + self._profile.ok.encode() + answered.wire[at + ERROR_SIZE :]
        return Answered(wire, None, answered.close)


class OwnCodeDialect(ObedientDialect):
    """Answers a command that it does not know with an error code that stands in no table."""

    def serve(self, call: Call, effect: Effect | None) -> Answered:
        """With a code of its own."""
        answered = super().serve(call, effect)
        at = LENGTH_SIZE + self._profile.header_length + CODE_SIZE
        if answered.wire[at : at + ERROR_SIZE] != self._profile.answers[Reason.COMMAND_UNKNOWN].encode():
            return answered
        return Answered(answered.wire[:at] + OWN_CODE + answered.wire[at + ERROR_SIZE :], None, answered.close)


class _ClearExports(HostCommands):
    def do(self, request: wire.Request, effect: Effect | None) -> wire.Reply:
        reply = super().do(request, effect)
        match request, reply:
            case wire.MoveKey(way=wire.Way.EXPORT, under=wire.Under.KEK), wire.MoveKeyReply(wrapped=wrapped):
                kek = self._machine.symmetric(request.protector, KEK_TYPE)
                return replace(reply, wrapped=sm4.ecb_decrypt(kek.value, wrapped, padding=sm4.Padding.NONE))
            case _:
                return reply


class ClearExportsDialect(ObedientDialect):
    """Lets a symmetric key out in clear instead of under the KEK."""

    def __init__(
        self, machine: Machine, profile: HostProfile, *, fell_into: Callable[[Effect], None], faults: FaultSchedule
    ) -> None:
        super().__init__(machine, profile, fell_into=fell_into, faults=faults)
        self._commands = _ClearExports(machine, profile)


class _ChainedBatches(HostCommands):
    def do(self, request: wire.Request, effect: Effect | None) -> wire.Reply:
        if not isinstance(request, wire.SmBatch) or not request.iv:
            return super().do(request, effect)
        blocks: list[bytes] = []
        iv = request.iv
        for block in request.blocks:
            reply = super().do(replace(request, blocks=(block,), iv=iv), effect)
            assert isinstance(reply, wire.SmBatchReply)
            blocks += reply.blocks
            iv = (reply.blocks[0] if request.direction == wire.ENCRYPT else block)[-sm4.BLOCK :]
        return wire.SmBatchReply(blocks=tuple(blocks))


class ChainedBatchesDialect(ObedientDialect):
    """Chains the pieces of a batch to one another instead of each from the IV; both ways."""

    def __init__(
        self, machine: Machine, profile: HostProfile, *, fell_into: Callable[[Effect], None], faults: FaultSchedule
    ) -> None:
        super().__init__(machine, profile, fell_into=fell_into, faults=faults)
        self._commands = _ChainedBatches(machine, profile)
