"""Face authorisations (authNo): begun by an institution, shown a face at its terminal, turned into an identity once.

One lives for a set time, which no clock that is set back prolongs.
"""

import random
from dataclasses import dataclass

from fixtures.population import Institution, Person
from harness.clock import NS, Clock

MARK = "ano"
_DIGITS = 25


@dataclass(kw_only=True)
class FaceAuth:
    """One authorisation; `person` is known once the face was taken."""

    number: str
    institution: str
    business_number: str
    expires_ns: int
    deadline_ns: int
    """When it dies by the time that has gone by, wherever the clock is set meanwhile."""
    person: Person | None = None


class FaceAuths:
    """All authorisations of one case."""

    def __init__(self, *, life_s: int, clock: Clock, seed: int, name: str) -> None:
        self._life_s = life_s
        self._clock = clock
        self._random = random.Random(f"{seed}/{name}/faces")  # noqa: S311 - reproducible on purpose
        self._begun: dict[str, FaceAuth] = {}
        self._business_numbers: set[tuple[str, str]] = set()

    def begin(self, institution: Institution, business_number: str, *, now_ns: int) -> FaceAuth | None:
        """A new authorisation; None when the institution has used the business number before."""
        key = (institution.code, business_number)
        if key in self._business_numbers:
            return None
        self._business_numbers.add(key)
        auth = FaceAuth(
            number=f"{MARK}{self._random.randrange(10**_DIGITS):0{_DIGITS}d}",
            institution=institution.code,
            business_number=business_number,
            expires_ns=now_ns + self._life_s * NS,
            deadline_ns=self._clock.elapsed_ns() + self._life_s * NS,
        )
        self._begun[auth.number] = auth
        return auth

    def waiting(self, number: str, institution: str, business_number: str, *, now_ns: int) -> FaceAuth | None:
        """The authorisation that may become an identity now; None for one that is used, dead or another's."""
        auth = self._begun.get(number)
        if (
            auth is None
            or auth.person is not None
            or self._is_over(auth, now_ns)
            or (auth.institution, auth.business_number) != (institution, business_number)
        ):
            return None
        return auth

    def _is_over(self, auth: FaceAuth, now_ns: int) -> bool:
        return now_ns >= auth.expires_ns or self._clock.elapsed_ns() >= auth.deadline_ns

    def used(self, number: str, institution: str) -> Person | None:
        """Whose identity an institution had by an authorisation."""
        auth = self._begun.get(number)
        return auth.person if auth is not None and auth.institution == institution else None
