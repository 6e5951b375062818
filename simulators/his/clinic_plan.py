"""The clinic's plan: which slots (号源) a day has, read from `clinic_plan.toml`."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from simulators.his.money import to_fen


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """A doctor of the clinic; fee in fen, `places` for each half day."""

    code: str
    name: str
    dept_code: str
    dept_name: str
    caty: str
    """Code of the kind of department (科别)."""
    fee: int
    places: int
    half_days: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A doctor's half day."""

    number: str
    doctor: Doctor
    day: str
    period: str
    begins: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The whole plan."""

    doctors: tuple[Doctor, ...]
    periods: dict[str, tuple[str, str]]
    lock_s: int
    days_ahead: int
    fee: tuple[str, str, str]
    """Code, name and level of the registration's charge item."""
    diagnosis: tuple[str, str]

    def slots(self, day: str, at: str) -> list[Slot]:
        """The slots of a day that have not ended by `at`; none on a day too far ahead."""
        wanted = date.fromisoformat(day)
        if wanted > date.fromisoformat(at[:10]) + timedelta(days=self.days_ahead):
            return []
        return [slot for slot in self._of(wanted) if slot.ends > at]

    def slot(self, number: str, at: str) -> Slot | None:
        """A slot that has not ended by `at`."""
        found = self.known(number)
        return found if found is not None and found in self.slots(found.day, at) else None

    def known(self, number: str) -> Slot | None:
        """A slot by its number, also one that is past."""
        try:
            day = date.fromisoformat(f"{number[1:5]}-{number[5:7]}-{number[7:9]}")
        except ValueError:
            return None
        return next((slot for slot in self._of(day) if slot.number == number), None)

    def _of(self, day: date) -> list[Slot]:
        return [
            Slot(
                number=f"S{day:%Y%m%d}-{doctor.code}-{period}",
                doctor=doctor,
                day=day.isoformat(),
                period=period,
                begins=f"{day.isoformat()} {self.periods[period][0]}",
                ends=f"{day.isoformat()} {self.periods[period][1]}",
            )
            for doctor in self.doctors
            for period in self.periods
            if f"{day.isoweekday()} {period}" in doctor.half_days
        ]


@cache
def clinic_plan() -> Plan:
    """The plan of the data file."""
    with Path(__file__).with_name("clinic_plan.toml").open("rb") as file:
        raw = tomllib.load(file)
    doctors = tuple(
        Doctor(**(row | {"fee": to_fen(row["fee"]), "half_days": tuple(row["half_days"])})) for row in raw["doctor"]
    )
    return Plan(
        doctors=doctors,
        periods={name: (row["begins"], row["ends"]) for name, row in raw["period"].items()},
        lock_s=raw["lock_s"],
        days_ahead=raw["days_ahead"],
        fee=(raw["fee_code"], raw["fee_name"], raw["fee_level"]),
        diagnosis=(raw["diagnosis"]["code"], raw["diagnosis"]["name"]),
    )
