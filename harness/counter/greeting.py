"""How bench and adapter introduce themselves: what an adapter is told first, and what it says it can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness.line.record import JsonValue


class AdapterClock(StrEnum):
    """Whose time an adapter puts on its messages."""

    BENCH = "bench"
    """The cashier's time that each command carries."""
    OWN = "own"
    """Its machine's."""


class Ability(StrEnum):
    """What an adapter says it can do."""

    SIGN_IN = "sign-in"
    PURCHASE = "purchase"
    REFUND = "refund"
    TOTALS = "totals"
    BOOKS = "books"
    RESOLVE = "resolve"
    REGISTER = "register"
    """Registrations: slots, lock, release, register."""
    OUTPATIENT = "outpatient"
    """Fees of a visit: fees, pending, pay, refund-part."""
    INPATIENT = "inpatient"
    """A stay: admit, charge, discharge, settle, cancel-admission."""
    ID_CARD = "id-card"
    CARD = "card"
    FACE = "face"
    IOT_BOX = "iot-box"
    """Alipay's IoT box."""
    SELF_SERVICE = "self-service"
    UNATTENDED = "unattended"
    """Goods are released without a cashier: drug cabinet, internet pharmacy."""
    LIBRARIES = "libraries"
    """The two libraries' widths are checked before they are used."""
    TILLS = "tills"
    """A second one may run beside it, for another till of the institution."""
    HALL = "hall"
    """A self-service terminal of a government hall: insurance, proof, tier."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """How an adapter introduces itself."""

    adapter: str
    version: str
    clock: AdapterClock
    can: frozenset[Ability]
    bits: int = 64
    """Width of the adapter's process, 32 or 64: that of the libraries it can load."""


@dataclass(frozen=True, kw_only=True)
class Hello:
    """What an adapter is told first: where it is, who works there, and where everything is.

    `profile` says how the province differs; `endpoints` are in the bench file's notation.
    """

    institution: Mapping[str, JsonValue]
    operator: Mapping[str, JsonValue]
    endpoints: Mapping[str, str]
    profile: Mapping[str, JsonValue]
    state_dir: Path
    seed: int
    connect_s: float = 2.0
    reply_s: float = 1.0
    scan: Mapping[str, float | str] = field(default_factory=lambda: {"idle_s": 0.05, "baud": 9600})
    kind: str = ""
    """What the counter is: pharmacy, hospital or hall; empty: not said."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Paths of the two libraries, `voucher` and `settlement`; empty: not said."""
    till: Mapping[str, int] = field(default_factory=dict)
    """Which of the institution's tills this is, `number` from 1, and `of` how many; empty: not said, the only one."""
    tls: Mapping[str, str] = field(default_factory=dict)
    """Files for https:// endpoints: `ca`, where they ask for one `client_cert` and `client_key`; empty: not said."""
