"""A small clinic for tests: a city of 12 000 people for an hour, quick to run."""

from simulators.clinic.model import ClinicDay
from simulators.clinic.scenario import Scenario, load_scenario

SMALL: dict[str, object] = {
    "population.insured": 120_000,
    "day.from": 8.0,
    "day.until": 10.5,
    "day.drain": 1.0,
    "pharmacy.count": 40,
    "clinic.count": 20,
    "hospital.skew": 0.0,
}


def small(**more: object) -> Scenario:
    """The peak hour, small; `hospital__windows=2` sets `hospital.windows`."""
    values = SMALL | {key.replace("__", "."): value for key, value in more.items()}
    return load_scenario("peak-hour").with_values(values)


def day(scenario: Scenario, seed: int = 1) -> ClinicDay:
    """A day that has run."""
    found = ClinicDay(scenario, seed=seed)
    found.run()
    return found
