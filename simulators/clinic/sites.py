"""Where people settle: hospitals with windows and self-service machines, pharmacies, village clinics; each has a bank.

The named hospitals and the towns come from the rollout's documents, in `fixtures/clinic/`.
"""

import csv
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import NamedTuple, Protocol

from fixtures import fixture

PLATFORM = "platform"
_NAMED_BANKS = ("ICBC", "BOC", "CIB")


class Channel(StrEnum):
    """How people settle."""

    WINDOW = "window"
    KIOSK = "kiosk"
    PHARMACY = "pharmacy"
    CLINIC = "clinic"


CHANNELS = tuple(Channel)


class Sized(Protocol):
    """What the sites are made from."""

    def number(self, key: str) -> float:
        """A number of the scenario."""
        ...

    def whole(self, key: str) -> int:
        """A whole number."""
        ...

    def shares(self, key: str) -> tuple[float, ...]:
        """A list."""
        ...

    def text(self, key: str) -> str:
        """A word."""
        ...


class Spot(NamedTuple):
    """The counters of one channel at one site, with one queue; a tuple, since a province has thousands."""

    channel: Channel
    site: int
    """Number of the site; a hospital's windows and self-service machines share it and its HIS."""
    name: str
    institution: str
    """Under which the report counts it: a hospital's or town's name, or all pharmacies of a bank."""
    bank: int
    counters: int
    weight: float
    """How many people come here, against the other spots of the channel."""


def bank_names(count: int) -> tuple[str, ...]:
    """The banks of a split, in its order."""
    return (*_NAMED_BANKS[:count], *(f"bank-{k}" for k in range(len(_NAMED_BANKS) + 1, count + 1)))


def spots(scenario: Sized) -> tuple[Spot, ...]:
    """Every place of a scenario where people queue."""
    return _city(scenario) if scenario.text("sites.layout") == "city" else _province(scenario)


def _province(scenario: Sized) -> tuple[Spot, ...]:
    banks = bank_names(len(scenario.shares("bank.split")))
    found: list[Spot] = []
    for k, (bank, name) in enumerate(_hospitals()):
        weight = (k + 1) ** -scenario.number("hospital.skew")
        number = banks.index(bank) if bank in banks else 0
        found += _hospital(scenario, k, name, number, weight=weight)
    site = len(_hospitals())
    for bank_number in _dealt(scenario.whole("pharmacy.count"), scenario.shares("bank.split")):
        institution = f"pharmacies, {banks[bank_number]}"
        found.append(_small(scenario, Channel.PHARMACY, site, institution, bank=bank_number, weight=1.0))
        site += 1
    for _ in range(scenario.whole("clinic.count")):
        found.append(_small(scenario, Channel.CLINIC, site, f"village clinics, {banks[0]}", bank=0, weight=1.0))
        site += 1
    return tuple(found)


def _city(scenario: Sized) -> tuple[Spot, ...]:
    towns = _towns()
    insured = sum(people for _, people in towns)
    hospitals = scenario.whole("hospital.city_hospitals")
    dealt = iter(_dealt(hospitals + len(towns), scenario.shares("bank.split")))
    main = scenario.number("hospital.main_share")
    found: list[Spot] = []
    for k in range(hospitals):
        found += _hospital(scenario, k, f"city hospital {k + 1}", next(dealt), weight=main / hospitals)
    site = hospitals
    for name, people in towns:
        weight = (1 - main) * people / insured
        windows, kiosks = scenario.whole("hospital.town_windows"), scenario.whole("hospital.town_kiosks")
        found += _hospital(scenario, site, name, next(dealt), weight=weight, windows=windows, kiosks=kiosks)
        site += 1
    for channel in (Channel.PHARMACY, Channel.CLINIC):
        count = scenario.whole(f"{channel}.count")
        in_town = _dealt(count, [people for _, people in towns])
        sizes = [in_town.count(town) for town in range(len(towns))]
        banks = _dealt(count, scenario.shares("bank.split"))
        for town, bank in zip(in_town, banks, strict=True):
            name, people = towns[town]
            found.append(_small(scenario, channel, site, name, bank=bank, weight=people / sizes[town]))
            site += 1
    return tuple(found)


def _hospital(
    scenario: Sized,
    site: int,
    name: str,
    bank: int,
    *,
    weight: float,
    windows: int | None = None,
    kiosks: int | None = None,
) -> list[Spot]:
    return [
        Spot(
            channel=channel,
            site=site,
            name=name,
            institution=name,
            bank=bank,
            counters=counters if counters is not None else scenario.whole(f"hospital.{channel}s"),
            weight=weight,
        )
        for channel, counters in ((Channel.WINDOW, windows), (Channel.KIOSK, kiosks))
    ]


def _small(scenario: Sized, channel: Channel, site: int, institution: str, *, bank: int, weight: float) -> Spot:
    return Spot(
        channel=channel,
        site=site,
        name=f"{channel} {site}",
        institution=institution,
        bank=bank,
        counters=scenario.whole(f"{channel}.counters"),
        weight=weight,
    )


def _dealt(count: int, weights: Sequence[float]) -> list[int]:
    """Deal `count` things to parties by weight: at every place to whoever is furthest behind."""
    total = sum(weights)
    got = [0] * len(weights)
    dealt = []
    for k in range(count):
        party = max(range(len(weights)), key=lambda p: weights[p] / total * (k + 1) - got[p])
        got[party] += 1
        dealt.append(party)
    return dealt


@cache
def _hospitals() -> tuple[tuple[str, str], ...]:
    with fixture("clinic/tertiary_hospitals.csv").open(encoding="utf-8") as file:
        return tuple((row["settlement_bank"], row["hospital"]) for row in csv.DictReader(file))


@cache
def _towns() -> tuple[tuple[str, int], ...]:
    with fixture("clinic/guangshui_towns.csv").open(encoding="utf-8") as file:
        return tuple((row["town"], int(row["insured"])) for row in csv.DictReader(file))
