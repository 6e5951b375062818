"""Who the centre knows: people with their voucher, institutions, and the channels in which codes are shown."""

import csv
from functools import cached_property

from fixtures import fixture
from fixtures.population import Institution, Person, institutions, people


class Register:
    """The population, by the keys that messages carry."""

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody."""
        return people()

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The ids of all channels."""
        with fixture("channels.csv").open("r", encoding="utf-8") as file:
            return tuple(row["id"] for row in csv.DictReader(file))

    @cached_property
    def _by_id_no(self) -> dict[str, Person]:
        return {person.id_no: person for person in self.people}

    @cached_property
    def _by_code(self) -> dict[str, Institution]:
        return {institution.code: institution for institution in institutions()}

    def person(self, id_no: object) -> Person | None:
        """The person with an ID number."""
        return self._by_id_no.get(id_no) if isinstance(id_no, str) else None

    def institution(self, code: object) -> Institution | None:
        """The institution with a code."""
        return self._by_code.get(code) if isinstance(code, str) else None
