"""Authorisation numbers (payAuthNo): a person's, bound to a payment App's appId, good for one use and for minutes."""

from dataclasses import dataclass

from fixtures.population import Person
from harness.clock import NS
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

    def __init__(self, *, life_s: int) -> None:
        self._life_s = life_s
        self.given: dict[str, Authorisation] = {}

    def give(self, number: str, person: Person, app_id: str, *, now_ns: int) -> Authorisation:
        """Note a new number."""
        given = self.given[number] = Authorisation(
            number=number, person=person, app_id=app_id, expires_ns=now_ns + self._life_s * NS
        )
        return given

    def check(self, number: object, person: Person, app_id: str, *, use: str, now_ns: int) -> Authorisation:
        """The number, if it may serve `use` now. Raises RefusedError: another appId (114), dead, spent, another's."""
        found = self.given.get(number) if isinstance(number, str) else None
        if found is not None and found.app_id != app_id:
            raise RefusedError("app-mismatch")
        if found is None or now_ns >= found.expires_ns or found.used_for not in {"", use}:
            raise RefusedError("pay-auth-invalid")
        if found.person != person:
            raise RefusedError("person-mismatch")
        return found
