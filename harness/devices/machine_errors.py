"""What goes wrong with an encryption machine, by whose matter it is; a caller tells errors apart by their type.

A machine that says no says so with a code of its own; the profile knows whose matter each code is: the caller's
(`MachineMisused`), the set-up's (`MachineNotSetUp`), the data's (`MachineRefusedData`) or the machine's own
(`MachineFailed`).
"""

from functools import partial
from typing import Self, TypeAlias

from harness.errors import BenchError, ConfigError, PeerViolation
from harness.wire.encryption_machine.profile import HostProfile
from harness.wire.encryption_machine.reasons import Blame


class MachineSilent(BenchError):
    """No whole reply in time. What the machine did is unknown; its connection is closed."""

    def __init__(self, *, begun: bool) -> None:
        self.begun = begun
        super().__init__(
            "The encryption machine began a reply and did not end it in time."
            if begun
            else "The encryption machine did not answer in time.",
            cause="it is overloaded or hangs, or it waits for more bytes because its message header has another length",
            remedy="see its load; compare the profile's header length with the machine's setting (msgheadlength)",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), begun=self.begun), ()


class MachineBusy(BenchError):
    """All connections of the pool were in use for too long."""

    def __init__(self, width: int, waited_s: float) -> None:
        self.width = width
        self.waited_s = waited_s
        super().__init__(
            f"All {width} connections to the encryption machine were in use for {waited_s:g} s.",
            cause="more work than the machine does, or it has become slow",
            remedy="give the driver more connections if the machine takes them; see the machine's load",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.width, self.waited_s), ()


class MachineSpeaksNonsense(PeerViolation):
    """Bytes that are no reply to what was asked; their connection is closed."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"The encryption machine breaks its protocol: {what}.",
            cause="a late or doubled reply, another dialect or header length than the profile's, or a broken machine",
            remedy="look at the frames; compare the profile with one captured request and its reply",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.what), ()


class _Refused:
    """What refusals have in common: the machine's `code`, and the `name` of that error."""

    code: str
    name: str


class MachineMisused(ConfigError, _Refused):
    """The request is wrong: a form, a length, an unknown command."""


class MachineNotSetUp(ConfigError, _Refused):
    """The machine lacks a key, a licence or an authority."""


class MachineRefusedData(PeerViolation, _Refused):
    """A signature, ciphertext or certificate of a third party is not good."""


class MachineFailed(BenchError, _Refused):
    """The machine itself has failed or is full."""


MachineRefusal: TypeAlias = MachineMisused | MachineNotSetUp | MachineRefusedData | MachineFailed


def refusal(profile: HostProfile, request: str, code: str) -> MachineRefusal:
    """The error for a reply with an error code."""
    entry = profile.error(code)
    problem = f"The encryption machine refused {request} with {code}: {entry.english} ({entry.chinese})."
    error: MachineRefusal
    match entry.blame:
        case Blame.CALLER:
            error = MachineMisused(
                problem,
                cause="the request is not as this machine takes it",
                remedy="compare it with the machine's profile: lengths, key reference, format",
            )
        case Blame.CONFIGURATION:
            error = MachineNotSetUp(
                problem,
                cause="the key, the licence or the authority is missing in the machine",
                remedy="have it loaded or granted at the machine's console; check the key index",
            )
        case Blame.DATA:
            error = MachineRefusedData(
                problem,
                cause="what the other side sent is not good under this key",
                remedy="compare the keys at both ends; see who made the data",
            )
        case _:
            error = MachineFailed(
                problem,
                cause="the machine is full, in alarm, or broken",
                remedy="look at its console and its health (J2); try again when it is well",
            )
    error.code, error.name = code, entry.name
    return error
