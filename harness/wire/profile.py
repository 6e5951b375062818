"""Province profiles: how one province's institution interface differs from the next; data, not code.

A profile is `fixtures/profiles/NAME.toml`. It says `like = "national"` and then only what differs from
`fixtures/profiles/core/national.toml`, where every key is explained. `confirmed` and `likely` list the keys for which
there is a public source; `Profile.assumed` is all the rest, so that nothing is taken for a fact by being forgotten.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cache

from fixtures import fixture
from harness.errors import ConfigError
from harness.money import BASIS
from harness.wire.fields import code_table
from harness.wire.institution import NATIONAL, REFUND_FLAGS, TRACED, Form
from harness.wire.msgid import CODE_TIME

CORE = "core/national"
MARKS = ("confirmed", "likely")
UNMARKED = ("name", "title", "assumed_paths", "assumed_trace_codes", "gateway")
"""What needs no mark: names, what is a mark itself, and the gateway, whose keys are marked one by one."""
LISTS = ("assumed_paths", "cert_types", "trace_codes", "assumed_trace_codes", "trace_goods", "statement_members")
TABLES = ("headers", "envelope", "cert_type_codes", "local_codes", "choices", "gateway", "paths", "shanghai")
"""Keys of a profile that are tables; all but `paths` are merged with the core's, key by key."""


class GatewayKind(StrEnum):
    """The family of signed headers."""

    NONE = "none"
    TIF = "tif"
    """x-tif-paasid, x-tif-timestamp, x-tif-nonce, x-tif-signature."""
    CSB = "csb"
    """_api_name, _api_version, _api_access_key, _api_timestamp, _api_signature."""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """What stands before the platform; keys and secrets are test constants."""

    kind: GatewayKind = GatewayKind.NONE
    tolerance_s: int = 300
    """How far the timestamp may lie from the platform's clock, in seconds."""
    error_status: int = 200
    """HTTP status of the gateway's own errors."""
    stale_code: str = ""
    """The code for a timestamp too far off, where a source gives one; else the one of `gateway_codes.toml`."""
    paasid: str = ""
    token: str = ""
    api_name: str = ""
    api_version: str = ""
    access_key: str = ""
    secret_key: str = ""
    cainfo: bool = False
    """Whether the envelope is signed with SM2, the signature in cainfo."""
    cainfo_key: str = ""
    """The institution's private key, 64 hex digits."""

    def __post_init__(self) -> None:
        needed = {
            GatewayKind.TIF: ("paasid", "token"),
            GatewayKind.CSB: ("api_name", "api_version", "access_key", "secret_key"),
        }.get(self.kind, ())
        missing = [name for name in (*needed, *(("cainfo_key",) if self.cainfo else ())) if not getattr(self, name)]
        if missing:
            raise ValueError(f"gateway needs {', '.join(missing)}")
        if self.tolerance_s < 0:
            raise ValueError("gateway.tolerance_s must not be below 0")


def form_from(values: Mapping[str, object]) -> Form:
    """What the envelope must be like, from a profile's values; what they do not say is as the nation has it."""
    members, local, own = (values.get(key) for key in ("envelope", "local_codes", "cert_type_codes"))
    return Form(
        msgid=str(values.get("msgid_form") or CODE_TIME),
        code_length=_number(values, "code_length", NATIONAL.code_length),
        cert_types=_texts(values, "cert_types"),
        members=tuple(members) if isinstance(members, Mapping) else (),
        input_as="string" if values.get("input_as") == "string" else "",
        trace_codes=_texts(values, "trace_codes"),
        refund_flags=str(values.get("refd_setl_flag") or ""),
        statement_members=_texts(values, "statement_members"),
        hifdm_pay=values.get("hifdm_pay") is True,
        name_length=_number(values, "name_length", NATIONAL.name_length),
        input_length=_number(values, "input_length", NATIONAL.input_length),
        oinfno_length=_number(values, "oinfno_length", NATIONAL.oinfno_length),
        cert_codes=tuple(map(str, own.values())) if isinstance(own, Mapping) else (),
        local_codes={str(name): _texts(local, name) for name in local} if isinstance(local, Mapping) else {},
    )


def gateway_from(values: Mapping[str, object]) -> Gateway:
    """A gateway from its table; keys that it does not know are left aside. Raises ValueError for what cannot be."""
    known = {one.name for one in fields(Gateway)} & set(values)
    kind = GatewayKind(str(values.get("kind", GatewayKind.NONE)))
    return Gateway(**{**{name: values[name] for name in known}, "kind": kind})  # type: ignore[arg-type]  # a file's values


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One province's choices (institution interface, envelope and transport)."""

    name: str
    title: str
    """The province in words, for people."""
    protocol: str
    """`national`, or `shanghai`: another protocol altogether (五期)."""
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
    reply_as: str
    """Whether an answer travels as an `object` or, encoded once more, as a `string`."""
    data_as: str
    """Whether the voucher centre's data travels as an `object` or as a `string` of JSON."""
    amounts_as: str
    """Whether amounts in answers are decimal `string`s or JSON `number`s."""
    charset_in: str
    """Charset of requests to the platform."""
    charset_out: str
    """Charset of the platform's answers."""
    refusal_code_in: str
    """The envelope field in which a refusal's code of `platform_codes.toml` stands."""
    insuplc_required: bool
    """Whether insuplc_admdvs must be there when the input carries psn_no."""
    level_on_line: bool
    """Whether a line may carry chrgitm_lv for goods that the catalogue lacks."""
    code_length: int
    """The most characters of fixmedins_code."""
    name_length: int
    """The most characters of fixmedins_name."""
    input_length: int
    """The most characters of input, for all but 9101; 0: not looked at."""
    oinfno_length: int
    """The most characters of oinfno in 2601: 4, or 6 where a letter (2207A) is named, too."""
    operator_length: int
    """The most characters of operatorId in ec.query."""
    operator_name_length: int
    """The most characters of operatorName in ec.query."""
    cert_types: tuple[str, ...]
    """The mdtrt_cert_type that there are."""
    msgid_form: str
    """`code-time`: code(12), yyyyMMddHHmmss, 4 digits; `time-code`: yyMMddHHmmss-code-4 digits."""
    single_path: bool
    """Whether every transaction goes to `any_path`."""
    any_path: str
    """The path that takes every transaction."""
    paths: Mapping[str, str]
    """The path of each transaction, by infno."""
    assumed_paths: tuple[str, ...]
    """Transactions whose path no public source gives."""
    trace_codes: tuple[str, ...]
    """Settlements that list the trace codes (追溯码, drug_trac_info) of their goods, with every field."""
    assumed_trace_codes: tuple[str, ...]
    """Those of them that no public source names."""
    trace_goods: tuple[str, ...]
    """How the med_list_codg of goods with trace codes begins."""
    hifdm_pay: bool
    """Whether setlinfo has hifdm_pay, one more fund inside fund_pay_sumamt."""
    hifdm_share: int
    """What of the pooled fund's payment stands in hifdm_pay, in ten-thousandths."""
    refd_setl_flag: str
    """`short`: 0 and 1; `long`: six positions in 3201 and 3202, three in the lines of 3202's files."""
    statement_members: tuple[str, ...]
    """Members of 3201 that must be there, beyond the nation's."""
    statement_with_totals: bool
    """Whether a counter compares its day with the platform's (3201) whenever it is asked for its totals."""
    time_tolerance_s: int
    """Seconds that a time of a message may be off before a rule finds it wrong."""
    id_digits_in_row: int
    """The most digits of an ID number that a log or a prompt may show in a row."""
    id_digits_shown: int
    """The most digits that a masked ID number of full length may show there."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that every request carries as they stand."""
    envelope: Mapping[str, str] = field(default_factory=dict)
    """Members of the request's envelope beyond the national ones; all must be there."""
    cert_type_codes: Mapping[str, str] = field(default_factory=dict)
    """The province's code for each national mdtrt_cert_type, where it is another; see `harness.wire.local_codes`."""
    local_codes: Mapping[str, object] = field(default_factory=dict)
    """Codes of a field beyond its national table, by the field's name."""
    choices: Mapping[str, object] = field(default_factory=dict)
    """Keys of `institution/choices.toml` that differ."""
    gateway: Gateway = field(default_factory=Gateway)
    """What stands before the platform."""
    shanghai: Mapping[str, object] = field(default_factory=dict)
    """What the other protocol needs; see `harness.wire.shanghai`."""
    confirmed: tuple[str, ...] = ()
    """Keys that a public source confirms."""
    likely: tuple[str, ...] = ()
    """Keys that a public source makes likely."""

    def __post_init__(self) -> None:
        if self.refd_setl_flag not in REFUND_FLAGS:
            raise ValueError(f"refd_setl_flag must be one of: {', '.join(REFUND_FLAGS)}")
        if not 0 <= self.hifdm_share <= BASIS:
            raise ValueError(f"hifdm_share must be from 0 to {BASIS}")
        if len(set(self.cert_type_codes.values())) < len(self.cert_type_codes):
            raise ValueError("cert_type_codes has one code for two")
        if set(self.cert_type_codes) - set(code_table("mdtrt_cert_type")):
            raise ValueError("cert_type_codes has what is no national mdtrt_cert_type")
        if any(not isinstance(codes, list | tuple) for codes in self.local_codes.values()):
            raise ValueError("local_codes must have a list of codes for each field")
        if self.name_length < 1 or self.input_length < 0 or self.oinfno_length < NATIONAL.oinfno_length:
            raise ValueError("name_length, input_length or oinfno_length is too small")
        if min(self.time_tolerance_s, self.id_digits_in_row, self.id_digits_shown) < 0:
            raise ValueError("time_tolerance_s, id_digits_in_row or id_digits_shown is below 0")
        if set(self.trace_codes) - set(TRACED):
            raise ValueError(f"trace_codes may have: {', '.join(TRACED)}")
        if stray := [infno for infno in self.assumed_trace_codes if infno not in self.trace_codes]:
            raise ValueError(f"assumed_trace_codes has what trace_codes has not: {', '.join(stray)}")

    @property
    def assumed(self) -> tuple[str, ...]:
        """Keys for which there is no public source: choices, not facts."""
        known = {*self.confirmed, *self.likely, *MARKS, *UNMARKED}
        own = {one.name for one in fields(self)} | {f"gateway.{one.name}" for one in fields(Gateway)}
        return tuple(sorted(own - known))

    @property
    def plain(self) -> bool:
        """Whether nothing stands between institution and platform that the national core does not have."""
        gateway = self.gateway
        return (
            not self.headers
            and gateway.kind is GatewayKind.NONE
            and not gateway.cainfo
            and (self.charset_in, self.charset_out, self.reply_as) == ("utf-8", "utf-8", "object")
            and self.protocol == "national"
        )

    @property
    def form(self) -> Form:
        """What the envelope must be like."""
        return form_from(vars(self))

    @property
    def operator_lengths(self) -> Mapping[str, int]:
        """The most characters of the operator's members in what the terminal library is asked."""
        return {"operatorId": self.operator_length, "operatorName": self.operator_name_length}

    def path_of(self, infno: str) -> str:
        """Where a transaction is sent."""
        return self.any_path if self.single_path else self.paths.get(infno, self.any_path)

    def for_adapter(self) -> dict[str, object]:
        """The profile as JSON, as an adapter under test is told it."""
        return {**asdict(self), "paths": dict(self.paths), "assumed": list(self.assumed)}


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
    return profile_from(name, _read(name))


def profile_from(name: str, own: Mapping[str, object]) -> Profile:
    """A profile from its file's values, over the national core's. Raises ConfigError for what cannot be."""
    core = _read(CORE)
    own = {key: value for key, value in own.items() if key != "like"}
    wrong = sorted(set(own) - {one.name for one in fields(Profile)})
    wrong += sorted(f"gateway.{key}" for key in set(_table(own, "gateway")) - {one.name for one in fields(Gateway)})
    if wrong:
        raise _unfit(name, f"has unknown keys: {', '.join(wrong)}")
    values: dict[str, object] = {**core, **own}
    for table in TABLES:
        if table != "paths":
            values[table] = {**_table(core, table), **_table(own, table)}
    for mark in MARKS:
        values[mark] = (*_inherited(core, own, mark), *_texts(own, mark))
    for key in LISTS:
        values[key] = _texts(values, key)
    try:
        values["gateway"] = gateway_from(_table(values, "gateway"))
        profile = Profile(**{**values, "name": name})  # type: ignore[arg-type]  # a file's values
    except (TypeError, ValueError) as error:
        raise _unfit(name, f"cannot be used: {error}") from error
    marked = {*profile.confirmed, *profile.likely}
    known = {one.name for one in fields(Profile)} | {f"gateway.{one.name}" for one in fields(Gateway)}
    if marked - known:
        raise _unfit(name, f"marks keys that there are not: {', '.join(sorted(marked - known))}")
    return profile


def _inherited(core: Mapping[str, object], own: Mapping[str, object], mark: str) -> list[str]:
    """What the core knows counts for a province as well, unless the province has its own value or mark."""
    changed = {*own, *(f"gateway.{key}" for key in _table(own, "gateway"))}
    marked = {key for other in MARKS for key in _texts(own, other)}
    return [key for key in _texts(core, mark) if key not in changed | marked]


def _number(values: Mapping[str, object], key: str, default: int) -> int:
    found = values.get(key)
    return found if isinstance(found, int) else default


def _texts(values: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = values.get(key, [])
    return tuple(str(value) for value in found) if isinstance(found, list | tuple) else ()


def _table(values: Mapping[str, object], key: str) -> dict[str, object]:
    found = values.get(key, {})
    return dict(found) if isinstance(found, Mapping) else {}


def _read(name: str) -> dict[str, object]:
    with fixture(f"profiles/{name}.toml").open("rb") as file:
        return tomllib.load(file)


def _unfit(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"The province profile {name!r} {what}.",
        cause="a slip of the pen, or the file was written for another version",
        remedy=f"compare it with fixtures/profiles/{CORE}.toml, where every key is explained",
    )
