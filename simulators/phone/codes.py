"""The codes that phones show and how long each stays on the screen; who makes the digits is decided elsewhere.

A person has one current code for each channel and kind. It stays until its refresh time, by the phone's own timer as
well, so that a clock that is set back leaves no old one there, and then gives way to a new one. Whether an old one is
still valid, or has been used, is the voucher centre's business alone.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from fixtures.population import Person
from harness.clock import NS, Clock
from harness.wire.voucher import phone_code, window_of

PAY_CODE_LIFE_S = 60
"""WeChat's pay code refreshes, and dies, after a minute."""


class CodeKind(StrEnum):
    """What a code is for."""

    VOUCHER = "voucher"
    """The voucher code (电子凭证二维码): 28 digits that begin with 424."""
    PAY = "pay"
    """A pay code (付款码) of a payment app: 18 digits that begin with 13, as WeChat's do (10 to 15)."""


@dataclass(frozen=True, kw_only=True)
class CodeKey:
    """Whose code, in which channel, of which kind."""

    person: str
    chnl: str
    kind: CodeKind
    member: str = ""
    """Whose code the person shows, if not their own."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """Digits with their times, nanoseconds since 1970: issued, replaced on the screen, no longer valid."""

    digits: str
    issued_ns: int
    refresh_ns: int
    expires_ns: int


class Codes:
    """What stands on the screens; `seed` is what locally made digits are drawn from."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._current: dict[CodeKey, Code] = {}
        self._deadlines: dict[CodeKey, int] = {}
        self._made: Counter[CodeKey] = Counter()
        self._fetching: dict[CodeKey, asyncio.Lock] = {}

    def __len__(self) -> int:
        return len(self._current)

    async def current(self, key: CodeKey, clock: Clock, *, fresh: bool, make: Callable[[], Awaitable[Code]]) -> Code:
        """The code on the screen, or a new one by `make` when it is due or `fresh` asks for it.

        Two who ask at once get the same code. Raises what `make` raises, and then keeps the old code for later.
        """
        lock = self._fetching.setdefault(key, asyncio.Lock())
        async with lock:
            code = self._current.get(key)
            if code is None or fresh or clock.now_ns() >= code.refresh_ns or clock.elapsed_ns() >= self._deadlines[key]:
                begun_ns = clock.now_ns()
                code = self._current[key] = await make()
                self._deadlines[key] = clock.elapsed_ns() + code.refresh_ns - begun_ns
            return code

    def forget(self, key: CodeKey) -> None:
        """Take a code off the screen before it is due."""
        self._current.pop(key, None)

    def draw(self, key: CodeKey) -> random.Random:
        """The source of a key's next locally made digits: the same for the same seed and count, whatever else ran."""
        self._made[key] += 1
        return random.Random(f"{self._seed}/{key.kind}/{key.person}/{key.chnl}/{self._made[key]}")  # noqa: S311


def pay_code(source: random.Random, *, now_ns: int) -> Code:
    """A pay code made now."""
    until = now_ns + PAY_CODE_LIFE_S * NS
    return Code(digits=f"13{source.randrange(10**16):016}", issued_ns=now_ns, refresh_ns=until, expires_ns=until)


def phone_made_code(key: bytes, person: Person, chnl: str, *, now_ns: int, refresh_s: int, validity_s: int) -> Code:
    """A voucher code computed on the phone: the same through a refresh window, and valid from the window's begin."""
    window = window_of(now_ns, refresh_s=refresh_s)
    issued_ns = window * refresh_s * NS
    return Code(
        digits=phone_code(key=key, id_no=person.id_no, channel=chnl, window=window, insured_place=person.insured_place),
        issued_ns=issued_ns,
        refresh_ns=issued_ns + refresh_s * NS,
        expires_ns=issued_ns + validity_s * NS,
    )
