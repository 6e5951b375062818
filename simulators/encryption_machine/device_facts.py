"""What a machine is, apart from its keys: its condition, identity and limits, and what it reports of itself."""

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """The state of the device."""

    WELL = "well"
    ALARM = "alarm"
    """A self-test failed: everything but diagnosis is refused."""
    KEYS_LOST = "keys-lost"
    """Tampered with: the LMK and all keys are gone, diagnosis still answers."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """How the machine presents itself."""

    firmware: str = "1500-0023"
    serial: str = "LT2020101401"
    lmk_check: str = ""
    """Shown instead of the LMK's own check value, 16 hex digits; empty for that one."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that is taken, in bytes; indexes count from `first_index` to `last_index`."""

    message: int = 10 << 20
    """To be signed or verified."""
    sm2_plaintext: int = 1984
    symmetric: int = 10 << 20
    random: int = 1 << 16
    part: int = 1 << 16
    """Of a multi-part request, a part: it is digested in plain Python."""
    first_index: int = 0
    last_index: int = 9998
    label: int = 99
    pairs: int = 4096


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Who the machine is."""

    lmk_check: str
    firmware: str
    serial: str


@dataclass(frozen=True, kw_only=True)
class HealthReport:
    """How it has fared since it started; moments in ns since 1970."""

    serial: str
    since_ns: int
    now_ns: int
    served: int
    refused: int
    condition: Condition
