"""How one platform's envelope differs from the next; data, not code: `fixtures/mobile_payment/NAME.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache

from fixtures import fixture
from harness.errors import ConfigError
from harness.wire.mobile_payment.canonical import NATIONAL, Canonical

FOLDER = "mobile_payment"


class TimestampForm(StrEnum):
    """How a moment is spelled."""

    MILLISECONDS = "milliseconds"
    """Milliseconds since 1970, 13 digits."""
    SECONDS = "seconds"
    """Seconds since 1970, 10 digits."""
    STAMP = "stamp"
    """yyyyMMddHHmmss in Beijing."""


class ValueAs(StrEnum):
    """The JSON type of a value."""

    TEXT = "text"
    NUMBER = "number"


class SignType(StrEnum):
    """signType."""

    SM2 = "SM2"
    PLAIN = "PLAIN"


class EncType(StrEnum):
    """encType."""

    SM4 = "SM4"
    PLAIN = "PLAIN"


class HexCase(StrEnum):
    """How encData is written; both are always read."""

    UPPER = "upper"
    LOWER = "lower"


class SignatureForm(StrEnum):
    """How a signature is spelled before its Base64."""

    RAW = "raw"
    """r‖s, 64 bytes."""
    DER = "der"


class PlainForm(StrEnum):
    """Which JSON of data is encrypted."""

    AS_SENT = "as-sent"
    """data as it is."""
    CANONICAL = "canonical"
    """data as it stands in the canonical string."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One platform's choices (mobile payment centre: envelope, signature, encryption)."""

    name: str
    title: str
    """The platform in words, for people."""
    app_field: str
    """The member that carries the application's id: appId or appCode."""
    service_field: str
    """The member that names the service, e.g. transType; empty where the path alone does."""
    version: str
    """The version that is written."""
    versions: tuple[str, ...]
    """The versions that are read."""
    timestamp: TimestampForm
    any_timestamp: bool
    """Whether the other forms are read as well."""
    timestamp_as: ValueAs
    tolerance_s: int
    """Seconds that a timestamp may be away from now, either way; 0 does not look."""
    sign_type: SignType
    enc_type: EncType
    accept_unsigned: bool
    """Whether signType PLAIN is read."""
    accept_plain_data: bool
    """Whether encType PLAIN is read."""
    unsigned_refusals: bool
    """Whether a reply with a code other than 0 may come without a signature."""
    signature: SignatureForm
    accept_der: bool
    """Whether a DER signature is read where raw is due."""
    hex_case: HexCase
    plain_form: PlainForm
    escape_plain: bool
    r"""Whether text beyond ASCII is escaped as \uXXXX before it is encrypted."""
    keep_data: bool
    """Whether plain data stays beside encData: a mistake that the field knows."""
    canonical: Canonical
    paths: Mapping[str, str]
    """The path of each service, by its number or name."""
    assumed: tuple[str, ...]
    """Keys whose value no public source gives."""


def offered_variants() -> tuple[str, ...]:
    """The names of all variants that ship."""
    found = fixture(FOLDER).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in found if file.name.endswith(".toml")))


@cache
def load_variant(name: str) -> Variant:
    """The variant of a name. Raises ConfigError that names those offered."""
    if name not in offered_variants():
        raise ConfigError(
            f"There is no variant {name!r} of the mobile-payment centre's envelope.",
            cause="the name is misspelt, or the platform is not described yet",
            remedy=f"use one of: {', '.join(offered_variants())}; or add fixtures/{FOLDER}/{name}.toml",
        )
    with fixture(f"{FOLDER}/{name}.toml").open("rb") as file:
        return parse_variant(name, tomllib.load(file))


def parse_variant(name: str, values: Mapping[str, object]) -> Variant:
    """The variant that a table describes. Raises ConfigError for a key or value that is none."""
    known = {field.name for field in fields(Variant)} - {"name"}
    wrong = sorted(set(values) ^ known)
    if wrong:
        raise _wrong(name, f"has unknown or missing keys: {', '.join(wrong)}")
    try:
        return Variant(name=name, **{key: _converted(key, value) for key, value in values.items()})  # type: ignore[arg-type]  # converted by key
    except (TypeError, ValueError) as error:
        raise _wrong(name, f"has a value that cannot be: {error}") from error


def _converted(key: str, value: object) -> object:
    kind = _ENUMS.get(key)
    if kind is not None:
        return kind(str(value))
    if key == "canonical":
        assert isinstance(value, dict)
        kinds = {field.name: type(getattr(NATIONAL, field.name)) for field in fields(Canonical)}
        unknown = sorted(set(value) - set(kinds))
        if unknown:
            raise ValueError(f"canonical has no {', '.join(unknown)}")
        return Canonical(**{option: kinds[option](chosen) for option, chosen in value.items()})
    return tuple(value) if isinstance(value, list) else value


_ENUMS: Mapping[str, type[StrEnum]] = {
    "timestamp": TimestampForm,
    "timestamp_as": ValueAs,
    "sign_type": SignType,
    "enc_type": EncType,
    "signature": SignatureForm,
    "hex_case": HexCase,
    "plain_form": PlainForm,
}


def _wrong(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"The envelope variant {name!r} {what}.",
        cause="the file was written for another version, or has a slip of the pen",
        remedy=f"compare it with fixtures/{FOLDER}/national.toml",
    )
