"""The voucher codes (电子凭证二维码) that a centre has issued, and whether one still identifies anybody.

Two issuers: the centre draws each code and remembers it, or phones compute theirs and the centre computes them again
for the refresh windows in question. In both, an expired code is known as expired for a while, and a spent one as spent.
A clock that is set back does not make an expired code good again, nor a good one live longer.
"""

import random
from dataclasses import dataclass

from fixtures.population import Person, VoucherState
from harness.clock import NS, Clock
from harness.wire.voucher import issuing_key, make_code, phone_code, window_of
from simulators.voucher_centre.people import Register
from simulators.voucher_centre.settings import Issuer, VoucherCentreSettings
from simulators.voucher_centre.vouchers import VoucherBook

REMEMBERED_WINDOWS = 30
"""How many windows back a phone's code is still known to be an expired one, not an unknown one."""


@dataclass(frozen=True, kw_only=True)
class IssuedCode:
    """A code and whose it is; times are nanoseconds since 1970, grace not included."""

    digits: str
    person: Person
    channel: str
    issued_ns: int
    expires_ns: int


@dataclass(frozen=True, kw_only=True)
class CodeRefused:
    """Why a code identifies nobody; `why` is the id of a return code."""

    why: str


class CodeBook:
    """All codes of one case."""

    def __init__(
        self,
        settings: VoucherCentreSettings,
        register: Register,
        vouchers: VoucherBook,
        *,
        clock: Clock,
        seed: int,
        name: str,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._register = register
        self._vouchers = vouchers
        self._random = random.Random(f"{seed}/{name}/codes")  # noqa: S311 - reproducible on purpose
        self._key = issuing_key(seed)
        self._issued: dict[str, IssuedCode] = {}
        self._deadlines: dict[str, int] = {}
        """When each that was issued here dies by the time that has gone by, grace not included."""
        self._used: set[str] = set()
        self._unbound: set[str] = set()
        """Codes of members whose binding has ended since."""
        self._shown_by: dict[tuple[str, str], list[str]] = {}
        """The codes that a holder got of a member, by their ID numbers."""
        self._windows: dict[int, dict[str, IssuedCode]] = {}

    def issue(self, person: Person, channel: str, *, now_ns: int) -> IssuedCode:
        """A new code for a person in a channel; in a bench where phones compute, the code of this window."""
        if self._settings.issuer is Issuer.PHONE:
            code = self._computed(person, channel, window_of(now_ns, refresh_s=self._settings.refresh_s))
        else:
            place = self._vouchers.of(person).place or person.insured_place
            code = IssuedCode(
                digits=make_code(number=self._random.randrange(10**19), province=place[:2]),
                person=person,
                channel=channel,
                issued_ns=now_ns,
                expires_ns=now_ns + self._settings.validity_s * NS,
            )
        self._issued[code.digits] = code
        self._deadlines.setdefault(code.digits, self._clock.elapsed_ns() + code.expires_ns - now_ns)
        return code

    def shown_by(self, holder: Person, code: IssuedCode) -> None:
        """A code was given to somebody who shows it for a member."""
        if self._settings.unbinding_ends_codes:
            self._shown_by.setdefault((holder.id_no, code.person.id_no), []).append(code.digits)

    def unbound(self, holder: Person, member_id_no: str) -> None:
        """A binding has ended: what the holder got of the member identifies nobody, where the centre is set so."""
        self._unbound.update(self._shown_by.pop((holder.id_no, member_id_no), ()))

    def spend(self, digits: str, *, now_ns: int) -> IssuedCode | CodeRefused:
        """Decode a voucher code: whose it is, and from then on it is spent; or why it identifies nobody."""
        code = self._issued.get(digits) or self._recompute(digits, now_ns)
        if code is None:
            return CodeRefused(why="unknown")
        if digits in self._used:
            return CodeRefused(why="used")
        if self._is_over(code, now_ns):
            return CodeRefused(why="expired")
        if digits in self._unbound:
            return CodeRefused(why="member-not-bound")
        if self._vouchers.of(code.person).state is not VoucherState.ACTIVE:
            return CodeRefused(why="not-activated")
        if self._settings.single_use:
            self._used.add(digits)
        return code

    def state(self) -> list[dict[str, str | int | bool]]:
        """Every code known, for the back door."""
        return [
            {
                "digits": code.digits,
                "id_no": code.person.id_no,
                "chnl": code.channel,
                "issued_ns": code.issued_ns,
                "expires_ns": code.expires_ns,
                "used": code.digits in self._used,
            }
            for code in self._issued.values()
        ]

    def _is_over(self, code: IssuedCode, now_ns: int) -> bool:
        grace_ns = self._settings.grace_s * NS
        deadline_ns = self._deadlines.get(code.digits)
        if deadline_ns is not None and self._clock.elapsed_ns() >= deadline_ns + grace_ns:
            return True
        return now_ns >= code.expires_ns + grace_ns

    def _computed(self, person: Person, channel: str, window: int) -> IssuedCode:
        issued_ns = window * self._settings.refresh_s * NS
        return IssuedCode(
            digits=phone_code(
                key=self._key,
                id_no=person.id_no,
                channel=channel,
                window=window,
                insured_place=person.insured_place,
            ),
            person=person,
            channel=channel,
            issued_ns=issued_ns,
            expires_ns=issued_ns + self._settings.validity_s * NS,
        )

    def _recompute(self, digits: str, now_ns: int) -> IssuedCode | None:
        if self._settings.issuer is not Issuer.PHONE:
            return None
        latest = window_of(now_ns, refresh_s=self._settings.refresh_s) + 1  # a phone's clock may be a little ahead
        for window in range(latest, latest - REMEMBERED_WINDOWS, -1):
            if window not in self._windows:
                self._windows[window] = {
                    code.digits: code
                    for person in self._register.people
                    for code in (self._computed(person, channel, window) for channel in self._register.channels)
                }
            code = self._windows[window].get(digits)
            if code is not None and channel_held(self._vouchers, code):
                self._issued[digits] = code
                return code
        return None


def channel_held(vouchers: VoucherBook, code: IssuedCode) -> bool:
    """Whether a computed code's person has activated their voucher in its channel."""
    return code.channel in vouchers.of(code.person).channels
