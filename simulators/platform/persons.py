"""A person's data as transactions answer them: identity, age, kind of insured person."""

from datetime import date
from functools import lru_cache

from fixtures.population import Person

RESIDENT_ID, HAN = "01", "01"
IN_WORK, RETIRED, RESIDENT = "11", "12", "14"
"""psn_type; the dictionary is not public, so these are assumed."""
EMPLOYEE_INSURANCE = "310"
RETIREMENT_AGE = 60


def base_info(person: Person) -> dict[str, object]:
    """The fields that name a person, as 1101 and setlinfo have them."""
    return {
        "psn_no": person.psn_no,
        "psn_cert_type": RESIDENT_ID,
        "certno": person.id_no,
        "psn_name": person.name,
        "gend": person.gender,
        "naty": HAN,
        "brdy": person.birthday,
    }


def age(person: Person, today: date) -> int:
    """Whole years."""
    return _age(person.birthday, today)


@lru_cache(maxsize=1024)
def _age(birthday: str, today: date) -> int:
    born = date.fromisoformat(birthday)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def psn_type(person: Person, today: date) -> str:
    """Employee, pensioner or resident."""
    if person.insutype != EMPLOYEE_INSURANCE:
        return RESIDENT
    return RETIRED if age(person, today) >= RETIREMENT_AGE else IN_WORK
