"""What goes wrong with an encryption machine, by whose matter it is; a caller tells errors apart by their type.

A machine that says no says so with a code of its own; the profile knows whose matter each code is: the caller's
(`MachineMisused`), the set-up's (`MachineNotSetUp`), the data's (`MachineRefusedData`) or the machine's own
(`MachineFailed`).
"""

from functools import partial
from typing import Self, TypeAlias

from harness.errors import BenchError, ConfigError, PeerViolation
from harness.wire.encryption_machine.profile import ErrorEntry, HostProfile
from harness.wire.encryption_machine.reasons import Blame

ENCRYPTION_MACHINE, SIGNATURE_SERVER = "The encryption machine", "The signature server"
"""Who an error speaks of: a machine by its host commands, or by GM/T 0029."""
_WAITS = {
    ENCRYPTION_MACHINE: (
        "it is overloaded or hangs, or it waits for more bytes because its message header has another length",
        "see its load; compare the profile's header length with the machine's setting (msgheadlength)",
    ),
    SIGNATURE_SERVER: (
        "it is overloaded or hangs, or it speaks another dialect than the profile's and waits for more bytes",
        "see its load; compare the profile with one captured request and its reply",
    ),
}


class MachineSilent(BenchError):
    """No whole reply in time. What the machine did is unknown; its connection is closed."""

    def __init__(self, *, begun: bool, party: str = ENCRYPTION_MACHINE) -> None:
        self.begun = begun
        self.party = party
        cause, remedy = _WAITS.get(party, _WAITS[ENCRYPTION_MACHINE])
        super().__init__(
            f"{party} began a reply and did not end it in time." if begun else f"{party} did not answer in time.",
            cause=cause,
            remedy=remedy,
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), begun=self.begun, party=self.party), ()


class MachineBusy(BenchError):
    """All connections of the pool were in use for too long."""

    def __init__(self, width: int, waited_s: float, *, party: str = ENCRYPTION_MACHINE) -> None:
        self.width = width
        self.waited_s = waited_s
        self.party = party
        super().__init__(
            f"All {width} connections to {party[0].lower()}{party[1:]} were in use for {waited_s:g} s.",
            cause="more work than the machine does, or it has become slow",
            remedy="give the driver more connections if the machine takes them; see the machine's load",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.width, self.waited_s, party=self.party), ()


class MachineSpeaksNonsense(PeerViolation):
    """Bytes that are no reply to what was asked; their connection is closed."""

    def __init__(self, what: str, *, party: str = ENCRYPTION_MACHINE) -> None:
        self.what = what
        self.party = party
        super().__init__(
            f"{party} breaks its protocol: {what}.",
            cause="a late or doubled reply, another dialect or header length than the profile's, or a broken machine",
            remedy="look at the frames; compare the profile with one captured request and its reply",
        )

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.what, party=self.party), ()


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
    """The error for a reply to a host command with an error code."""
    return refused(profile.error(code), request)


def refused(entry: ErrorEntry, request: str, *, party: str = ENCRYPTION_MACHINE) -> MachineRefusal:
    """The error for a reply that says no, by the entry of the machine's own table."""
    problem = f"{party} refused {request} with {entry.code}: {entry.english} ({entry.chinese})."
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
    error.code, error.name = entry.code, entry.name
    return error
