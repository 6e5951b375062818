"""Authorisation numbers (payAuthNo): a person's, bound to a payment App's appId, good for one use and for minutes.

A clock that is set back prolongs none. What a store gives back to a centre that is started again lives as long as the
clock then says, and never longer than a new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fixtures.population import Person
from harness.clock import NS, Clock
from simulators.mobile_payment.services import RefusedError


@dataclass(kw_only=True)
class Authorisation:
    """One number; `used_for` is what it has served: an order's payOrdId or a refund's appRefdSn."""

    number: str
    person: Person
    app_id: str
    expires_ns: int
    used_for: str = ""


class Authorisations:
    """All numbers of one case."""

    def __init__(self, *, life_s: int, clock: Clock) -> None:
        self._life_ns = life_s * NS
        self._clock = clock
        self.given: dict[str, Authorisation] = {}
        self._deadlines: dict[str, int] = {}
        """When each dies by the time that has gone by, wherever the clock is set meanwhile."""

    def give(self, number: str, person: Person, app_id: str) -> Authorisation:
        """Note a new number."""
        given = self.given[number] = Authorisation(
            number=number, person=person, app_id=app_id, expires_ns=self._clock.now_ns() + self._life_ns
        )
        self._deadlines[number] = self._clock.elapsed_ns() + self._life_ns
        return given

    def load(self, given: Mapping[str, Authorisation]) -> None:
        """Know these and no others; those that were given here die when they would have."""
        self.given = dict(given)
        now_ns, elapsed_ns = self._clock.now_ns(), self._clock.elapsed_ns()
        self._deadlines = {
            number: self._deadlines.get(number, elapsed_ns + min(found.expires_ns - now_ns, self._life_ns))
            for number, found in self.given.items()
        }

    def check(self, number: object, person: Person, app_id: str, *, use: str) -> Authorisation:
        """The number, if it may serve `use` now. Raises RefusedError: another appId (114), dead, spent, another's."""
        found = self.given.get(number) if isinstance(number, str) else None
        if found is not None and found.app_id != app_id:
            raise RefusedError("app-mismatch")
        if found is None or self._is_over(found) or found.used_for not in {"", use}:
            raise RefusedError("pay-auth-invalid")
        if found.person != person:
            raise RefusedError("person-mismatch")
        return found

    def _is_over(self, found: Authorisation) -> bool:
        return self._clock.now_ns() >= found.expires_ns or self._clock.elapsed_ns() >= self._deadlines[found.number]
