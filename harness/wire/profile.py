"""Province profiles: how one province's institution interface differs from the next; data, not code.

A profile is `fixtures/profiles/NAME.toml`, and its fields are those of `Profile`. What the public sources do not say is
marked in the file and listed in `assumed_paths`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache

from fixtures import fixture
from harness.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One province's choices (institution interface, envelope and transport)."""

    name: str
    title: str
    """The province in words, for people."""
    infver: str
    """Interface version (infver C6)."""
    recer_sys_code: str
    """Receiving system (recer_sys_code C10)."""
    signtype: str
    """Signature named in the envelope; `MOCK` skips the voucher password."""
    infcode_failure: str
    """The infcode of a refused transaction; success is 0 everywhere."""
    infcode_as: str
    """Whether infcode is a JSON `number` or a `string`."""
    input_as: str
    """Whether input travels as an `object` or as a `string` of JSON."""
    output_as: str
    """Whether output travels as an `object` or as a `string` of JSON."""
    data_as: str
    """Whether the voucher centre's data travels as an `object` or as a `string` of JSON."""
    amounts_as: str
    """Whether amounts in answers are decimal `string`s or JSON `number`s."""
    refusal_code_in: str
    """The envelope field in which a refusal's code of `platform_codes.toml` stands."""
    insuplc_required: bool
    """Whether insuplc_admdvs must be there when the input carries psn_no."""
    level_on_line: bool
    """Whether a line may carry chrgitm_lv for goods that the catalogue lacks."""
    any_path: str
    """The path that takes every transaction."""
    paths: Mapping[str, str]
    """The path of each transaction, by infno."""
    assumed_paths: tuple[str, ...]
    """Transactions whose path no public source gives."""

    def for_adapter(self) -> dict[str, object]:
        """The profile as JSON, as an adapter under test is told it."""
        return {**asdict(self), "paths": dict(self.paths), "assumed_paths": list(self.assumed_paths)}


def offered_profiles() -> tuple[str, ...]:
    """The names of all profiles that ship."""
    found = fixture("profiles").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in found if file.name.endswith(".toml")))


@cache
def load_profile(name: str) -> Profile:
    """The profile of a name. Raises ConfigError that names those offered."""
    if name not in offered_profiles():
        raise ConfigError(
            f"There is no province profile {name!r}.",
            cause="the name is misspelt, or the province is not described yet",
            remedy=f"use one of: {', '.join(offered_profiles())}; or add fixtures/profiles/{name}.toml",
        )
    with fixture(f"profiles/{name}.toml").open("rb") as file:
        values = tomllib.load(file)
    known = {field.name for field in fields(Profile)}
    wrong = sorted(set(values) ^ (known - {"name"}))
    if wrong:
        raise ConfigError(
            f"The province profile {name!r} has unknown or missing keys: {', '.join(wrong)}.",
            cause="the file was written for another version",
            remedy="compare it with fixtures/profiles/qinghai.toml",
        )
    return Profile(**{**values, "name": name, "assumed_paths": tuple(values["assumed_paths"])})
