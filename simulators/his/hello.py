"""What the adapter is told first: the institution, the operator, and where everything is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.his.trust import NOTHING_TOLD, Trust


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How the province differs, as far as this adapter cares."""

    paths: Mapping[str, str]
    any_path: str = "/fsi/api/callService"
    """Takes the transactions that `paths` does not list."""
    infver: str = "V1.0"
    recer_sys_code: str = "YBXT"
    signtype: str = "SM3"
    input_as: str = "object"
    """`object`, or `string` where input travels as a string of JSON."""
    refusal_code_in: str = ""
    """The member of the answer's envelope that holds the code of a refusal, where there is one."""
    single_path: bool = False
    """Every transaction goes to `any_path`."""
    msgid_form: str = "code-time"
    """`code-time`, or `time-code`: yyMMddHHmmss-code-nnnn."""
    reply_as: str = "object"
    """`string` where whole answers come encoded once more."""
    charset_in: str = "utf-8"
    charset_out: str = "utf-8"
    protocol: str = "national"
    """`national`, or `shanghai`."""
    cert_type_codes: Mapping[str, str] = field(default_factory=dict)
    """The province's code for each national mdtrt_cert_type, where it is another."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that every request carries as they stand."""
    envelope: Mapping[str, str] = field(default_factory=dict)
    """Members of the envelope beyond the national ones."""
    gateway: Mapping[str, str] = field(default_factory=dict)
    """Kind of the gateway's signed headers (`none`, `tif`, `csb`), its keys, and `cainfo_key`, as texts."""
    shanghai: Mapping[str, str] = field(default_factory=dict)
    """What the other protocol needs."""
    trace_codes: tuple[str, ...] = ()
    """Settlements that list the trace codes (追溯码) of what is sold."""
    refd_setl_flag: str = "short"
    """`short`: 0 and 1; `long`: six positions in 3201."""
    statement_members: tuple[str, ...] = ()
    """Members that 3201 has beyond the nation's: cash_payamt, clr_optins."""
    statement_with_totals: bool = False
    """3201 goes for the day whenever its totals are asked for."""
    code_field: str = "ecQrCode"
    """The member of ec.query's data that holds the scanned text."""
    voucher_path: str = "/localcfc/api/hsecfc/localQrCodeQuery"


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The first line, read."""

    institution: str
    institution_name: str
    admdvs: str
    operator: str
    operator_name: str
    mac: str
    ip: str
    scanner: str
    voucher_centre: str
    platform: str
    profile: Profile
    state_dir: Path
    connect_s: float
    reply_s: float
    idle_s: float
    baud: int
    wait_s: float
    now: str = ""
    """The bench's time when the adapter was started, yyyy-MM-dd HH:mm:ss."""
    terminal: str = ""
    """The insurance terminal (医保综合服务终端) at this counter; empty where there is none."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Paths of the libraries, `voucher` and `settlement`; empty where there are none to check."""
    trust: Trust = NOTHING_TOLD
    till: int = 1
    """Which of the institution's tills this is, from 1."""
    tills: int = 1
    """How many there are."""


def read_hello(raw: Mapping[str, object]) -> Hello:
    """The first line. Raises ValueError that names what is missing."""
    hello = _object(raw, "hello")
    institution, operator = _object(hello, "institution"), _object(hello, "operator")
    endpoints, profile = _object(hello, "endpoints"), _object(hello, "profile")
    timeouts, scan = _object(hello, "timeouts"), _object(hello, "scan")
    tls = _texts({"tls": {}} | dict(hello), "tls")
    till = _object({"till": {}} | dict(hello), "till")
    return Hello(
        institution=_text(institution, "code"),
        institution_name=_text(institution, "name"),
        admdvs=_text(institution, "admdvs"),
        operator=_text(operator, "no"),
        operator_name=_text(operator, "name"),
        mac=str(operator.get("mac", "")),
        ip=str(operator.get("ip", "")),
        scanner=_text(endpoints, "scanner"),
        voucher_centre=_text(endpoints, "voucher-centre").rstrip("/"),
        platform=_text(endpoints, "platform").rstrip("/"),
        profile=_profile(profile),
        state_dir=Path(_text(hello, "state_dir")),
        connect_s=_number(timeouts, "connect_s", 2.0),
        reply_s=_number(timeouts, "reply_s", 1.0),
        idle_s=_number(scan, "idle_s", 0.05),
        baud=int(_number(scan, "baud", 9600)),
        wait_s=_number(scan, "wait_s", 60.0),
        now=str(hello.get("now") or ""),
        terminal=str(endpoints.get("terminal") or "").rstrip("/"),
        till=int(_number(till, "number", 1)),
        tills=int(_number(till, "of", 1)),
        trust=Trust(ca=tls.get("ca", ""), client_cert=tls.get("client_cert", ""), client_key=tls.get("client_key", "")),
        libraries={name: str(path) for name, path in _object({"libraries": {}} | dict(hello), "libraries").items()},
    )


def _profile(raw: Mapping[str, object]) -> Profile:
    tables = ("headers", "envelope", "gateway", "shanghai", "cert_type_codes")
    lists, flags = ("trace_codes", "statement_members"), ("single_path", "statement_with_totals")
    known = Profile.__dataclass_fields__.keys() - {"paths", *tables, *lists, *flags}
    values: dict[str, Any] = {key: str(raw[key]) for key in known if key in raw}
    values |= {name: _texts(raw, name) for name in tables if name in raw}
    values |= {key: raw.get(key) is True for key in flags}
    values |= {key: tuple(map(str, named)) for key in lists if isinstance(named := raw.get(key), list | tuple)}
    return Profile(paths=_texts(raw, "paths"), **values)


def _texts(raw: Mapping[str, object], name: str) -> dict[str, str]:
    """A table of texts; what is false or null is the empty text."""
    return {key: str(value) if value else "" for key, value in _object(raw, name).items()}


def _object(raw: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = raw.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object")
    return value


def _text(raw: Mapping[str, object], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text")
    return value


def _number(raw: Mapping[str, object], name: str, default: float) -> float:
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{name} must be a positive number")
    return float(value)
