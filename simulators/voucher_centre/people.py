"""Who the centre knows: people as the police and the insurance have them, institutions, and channels."""

from datetime import datetime
from functools import cached_property

from fixtures.channels import channel_ids
from fixtures.people_register import Photo, RegisterRecord, register_records
from fixtures.population import Institution, Person, institutions, people
from harness.gm import sm3

INSTITUTION_MARK = "org"
"""How an institution's own code begins; own design, in the shape of the codes that begin with opc and ano."""
_CODE_DIGITS = 25


class Register:
    """The population, by the keys that messages carry."""

    def __init__(self, *, seed: int = 0) -> None:
        self._seed = seed

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody."""
        return people()

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The ids of all channels."""
        return tuple(channel_ids())

    @cached_property
    def _by_id_no(self) -> dict[str, Person]:
        return {person.id_no: person for person in self.people}

    @cached_property
    def _by_code(self) -> dict[str, Institution]:
        return {institution.code: institution for institution in institutions()}

    @cached_property
    def _by_own_code(self) -> dict[str, Institution]:
        return {self.own_code(institution): institution for institution in institutions()}

    def person(self, id_no: object) -> Person | None:
        """The person with an ID number."""
        return self._by_id_no.get(id_no) if isinstance(id_no, str) else None

    def record(self, person: Person) -> RegisterRecord:
        """What the other registers know of a person."""
        return register_records()[person.id_no]

    def institution(self, code: object) -> Institution | None:
        """The institution with a code."""
        return self._by_code.get(code) if isinstance(code, str) else None

    def own_code(self, institution: Institution) -> str:
        """The one code that the platform has issued to an institution (一单位一码); it never changes."""
        digest = sm3(f"{self._seed}/institution-code/{institution.code}".encode())
        return f"{INSTITUTION_MARK}{int.from_bytes(digest) % 10**_CODE_DIGITS:0{_CODE_DIGITS}d}"

    def owner_of(self, own_code: object) -> Institution | None:
        """The institution whose own code a text is."""
        return self._by_own_code.get(own_code) if isinstance(own_code, str) else None

    def face_problem(self, person: Person, face_of: object) -> str:
        """Why a face is not taken for a person's: the id of a return code, or empty.

        `face_of` stands in for a picture: the ID number of whoever is before the camera.
        """
        if self.record(person).photo is Photo.UNCLEAR:
            return "face-reference-unclear"
        return "" if face_of == person.id_no else "face-mismatch"


def age_at(person: Person, day: datetime) -> int:
    """Whole years of a person on a day."""
    year, month, date = (int(part) for part in person.birthday.split("-"))
    return day.year - year - ((day.month, day.day) < (month, date))
