"""What a self-service terminal in a government hall tells whoever is before it: insurance, proof, tier; its screen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.money import Fen


@dataclass(frozen=True, kw_only=True)
class Insurance:
    """One insurance of a person, as 1101 has it; `balance` of the personal account in fen."""

    insutype: str
    name: str
    status: str
    place: str
    since: str
    balance: Fen


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A printed proof of contributions; months are yyyy-MM, `check` is what the platform verifies it by."""

    number: str
    insutype: str
    since: str
    until: str
    months: int
    check: str


@dataclass(frozen=True, kw_only=True)
class TierChange:
    """A changed contribution tier, and the year for which it was changed."""

    before: str
    after: str
    year: str


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What stands on the terminal's screen; nothing after a session has ended."""

    what: str = ""
    """insurance, proof or tier; empty for nothing."""
    members: Mapping[str, object] = field(default_factory=dict)
