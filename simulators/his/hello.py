"""What the adapter is told first: the institution, the operator, and where everything is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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


def read_hello(raw: Mapping[str, object]) -> Hello:
    """The first line. Raises ValueError that names what is missing."""
    hello = _object(raw, "hello")
    institution, operator = _object(hello, "institution"), _object(hello, "operator")
    endpoints, profile = _object(hello, "endpoints"), _object(hello, "profile")
    timeouts, scan = _object(hello, "timeouts"), _object(hello, "scan")
    known = Profile.__dataclass_fields__.keys() - {"paths"}
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
        profile=Profile(
            paths={key: str(path) for key, path in _object(profile, "paths").items()},
            **{key: str(profile[key]) for key in known if key in profile},
        ),
        state_dir=Path(_text(hello, "state_dir")),
        connect_s=_number(timeouts, "connect_s", 2.0),
        reply_s=_number(timeouts, "reply_s", 1.0),
        idle_s=_number(scan, "idle_s", 0.05),
        baud=int(_number(scan, "baud", 9600)),
        wait_s=_number(scan, "wait_s", 60.0),
    )


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
