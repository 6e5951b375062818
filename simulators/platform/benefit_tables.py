"""A benefit table of `fixtures/benefits*.toml`, read: rules, levels, catalogue, classes of institution, mutual aid."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from fixtures import fixture
from fixtures.population import Institution
from harness.money import BASIS

OWN_PAY = "03"
"""The level of goods that the insurance does not pay."""


class Per(StrEnum):
    """How far a deductible or a ceiling reaches."""

    SETTLEMENT = "settlement"
    VISIT = "visit"
    YEAR = "year"


@dataclass(frozen=True, kw_only=True)
class Level:
    """How much of a line of one level the person pays first; `own_share` in ten-thousandths."""

    name: str
    own_share: int


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one insurance pays at one kind of visit; `fund` and `large` are fund_pay_type; rates are ten-thousandths."""

    insutype: str
    med_type: str
    fund: str
    fund_name: str
    fund_rate: int
    deductible_fen: int
    fund_ceiling_fen: int
    has_account: bool
    deductible_per: Per = Per.SETTLEMENT
    ceiling_per: Per = Per.SETTLEMENT
    large: str = ""
    large_name: str = ""
    large_rate: int = 0
    large_ceiling_fen: int = 0
    account_pays_all: bool = True
    """Whether the account pays, too, what the insurance does not (own-pay and over the limit)."""
    mutual_aid: bool = False
    span: str = ""
    """Rules of one insurance with one span share their yearly deductible and ceilings; empty: med_type's own."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """An entry of the catalogue; a ceiling of 0 means none."""

    code: str
    name: str
    level: str
    ceiling_fen: int


@dataclass(frozen=True, kw_only=True)
class MutualAid:
    """An account that several people may draw on (个人账户共济); `members` are psn_no."""

    name: str
    opening_fen: int
    members: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One province's benefits."""

    levels: Mapping[str, Level]
    rules: Mapping[tuple[str, str, str, str], Rule]
    items: Mapping[str, Item]
    classes: Mapping[str, str]
    mutual_aid: tuple[MutualAid, ...]

    def rule_for(self, insutype: str, med_type: str, *, klass: str = "", psn_type: str = "") -> Rule | None:
        """The rule that says most about the case: class and person, class alone, neither."""
        for key in ((klass, psn_type), (klass, ""), ("", "")):
            if (rule := self.rules.get((insutype, med_type, *key))) is not None:
                return rule
        return None

    def item_for(self, code: str, *, level: str | None) -> Item:
        """The catalogue's entry; for goods that it lacks, one of the given level, else of level 03."""
        return self.items.get(code) or Item(code=code, name="", level=level or OWN_PAY, ceiling_fen=0)

    def own_share(self, level: str) -> int:
        """What the person pays first of a level, in ten-thousandths; all of it for an unknown level."""
        known = self.levels.get(level)
        return known.own_share if known else BASIS

    def class_of(self, institution: Institution) -> str:
        """The class of an institution: 1 to 3 for hospitals, else its kind."""
        return self.classes.get(institution.code) or self.classes.get(institution.kind, institution.kind)

    def mutual_aid_of(self, psn_no: str) -> str:
        """The name of the mutual-aid account that a person may draw on; empty when there is none."""
        return next((aid.name for aid in self.mutual_aid if psn_no in aid.members), "")


def qinghai() -> Table:
    """The table that is used unless a province has its own."""
    return _load("benefits.toml")


@cache
def table_of(profile: str) -> Table:
    """The table of a province: `fixtures/benefits-PROFILE.toml`, or the default where there is none."""
    own = f"benefits-{profile}.toml"
    return _load(own) if fixture(own).is_file() else qinghai()


@cache
def _load(name: str) -> Table:
    with fixture(name).open("rb") as file:
        data = tomllib.load(file)
    rules: dict[tuple[str, str, str, str], Rule] = {}
    for row in data["rule"]:
        values = {key: value for key, value in row.items() if key != "class"}
        for per in ("deductible_per", "ceiling_per"):
            if per in values:
                values[per] = Per(values[per])
        for klass, special in (row.get("class") or {"": {}}).items():
            retired = special.get("retired_rate")
            rule = Rule(**values, **{key: value for key, value in special.items() if key != "retired_rate"})
            rules[rule.insutype, rule.med_type, klass, ""] = rule
            if retired is not None:
                merged = {**values, **special, "fund_rate": retired}
                merged.pop("retired_rate")
                rules[rule.insutype, rule.med_type, klass, "12"] = Rule(**merged)
    return Table(
        levels={code: Level(**row) for code, row in data["level"].items()},
        rules=rules,
        items={row["code"]: Item(**row) for row in data["item"]},
        classes=data.get("institution_class", {}),
        mutual_aid=tuple(MutualAid(**{**row, "members": tuple(row["members"])}) for row in data.get("mutual_aid", [])),
    )
