"""What stands between an institution and its platform in some provinces: signed headers and a signed envelope. No I/O.

`headers_for` makes what a request carries, `find_problem` says what is wrong with one that came, `error_body` what the
gateway answers to it. Three families (institution interface, transport):

    TIF     x-tif-signature = SHA-256 hex of timestamp + token + nonce + timestamp; timestamp in seconds
    CSB     _api_signature = Base64(HMAC-SHA1(secret key, k=v&… sorted, of the other four headers)); the body is not
            signed; timestamp in milliseconds (assumed)
    cainfo  SM2 with SM3 over the envelope without cainfo and input, keys sorted: k=v&… (the joining is assumed),
            r‖s in Base64 (assumed)

Whether a nonce came before is for whoever keeps count of nonces to say.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from harness.gm.sm2 import PrivateKey, PublicKey, Signature, Signer
from harness.gm.sm3 import sm3
from harness.wire.fields import is_absent, is_object, load_toml
from harness.wire.profile import Gateway, GatewayKind, Profile

TIF_HEADERS = ("x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature")
CSB_SIGNED = ("_api_name", "_api_version", "_api_access_key", "_api_timestamp")
CSB_SIGNATURE = "_api_signature"
UNSIGNED = frozenset(("cainfo", "input"))
STALE = "stale"
SIGNATURE_BYTES = 64
MOST_DIGITS = 16
"""Of a timestamp."""


@dataclass(frozen=True, kw_only=True)
class GatewayProblem:
    """Why a gateway turns a request away: an id of `gateway_codes.toml`, and which header it is about."""

    why: str
    what: str = ""


def headers_for(profile: Profile, *, at: datetime, nonce: str) -> dict[str, str]:
    """The headers beyond HTTP's own that a request of this moment carries."""
    return {**profile.headers, **signed_headers(profile.gateway, at=at, nonce=nonce)}


def signed_headers(gateway: Gateway, *, at: datetime, nonce: str) -> dict[str, str]:
    """The headers of the gateway's family; none where it has none."""
    match gateway.kind:
        case GatewayKind.TIF:
            stamp = str(int(at.timestamp()))
            values = (gateway.paasid, stamp, nonce, tif_signature(gateway.token, stamp, nonce))
            return dict(zip(TIF_HEADERS, values, strict=True))
        case GatewayKind.CSB:
            named = (gateway.api_name, gateway.api_version, gateway.access_key, str(int(at.timestamp()) * 1000))
            signed = dict(zip(CSB_SIGNED, named, strict=True))
            return {**signed, CSB_SIGNATURE: csb_signature(gateway.secret_key, signed)}
        case GatewayKind.NONE:
            return {}


def tif_signature(token: str, timestamp: str, nonce: str) -> str:
    """x-tif-signature."""
    return hashlib.sha256(f"{timestamp}{token}{nonce}{timestamp}".encode()).hexdigest()


def csb_signature(secret_key: str, parameters: Mapping[str, str]) -> str:
    """_api_signature over the given headers (and form parameters, where a request has any)."""
    text = "&".join(f"{key}={parameters[key]}" for key in sorted(parameters))
    return base64.b64encode(hmac.new(secret_key.encode(), text.encode(), hashlib.sha1).digest()).decode()


def cainfo_text(envelope: Mapping[str, object]) -> bytes:
    """What cainfo signs: the envelope's members without cainfo and input, sorted by their names, as k=v&…"""
    return _joined(envelope, but=UNSIGNED)


def cainfo(gateway: Gateway, envelope: Mapping[str, object]) -> str:
    """The signature of an envelope."""
    signer = Signer(_key(gateway.cainfo_key), repeatable=True)
    return base64.b64encode(signer.sign(cainfo_text(envelope))).decode()


def find_problem(
    gateway: Gateway,
    agreed: Mapping[str, str],
    headers: Mapping[str, str],
    body: Mapping[str, object],
    *,
    now: datetime,
) -> GatewayProblem | None:
    """What is wrong with a request, the first thing; None when all is well. `headers` have lower-case names.

    `agreed` are the headers that every request carries as they stand; `body` is the request's JSON object, empty for
    what is none.
    """
    for name, value in agreed.items():
        if (problem := _compared(headers, name, value)) is not None:
            return problem
    problem = _family_problem(gateway, headers, now)
    if problem is None and gateway.cainfo:
        problem = _cainfo_problem(gateway, body)
    return problem


def nonce_of(gateway: Gateway, headers: Mapping[str, str]) -> str:
    """The nonce that may come once only; empty where the family has none."""
    return headers.get("x-tif-nonce", "") if gateway.kind is GatewayKind.TIF else ""


@cache
def _codes() -> Mapping[str, object]:
    return load_toml("gateway_codes.toml")


def error_of(gateway: Gateway, problem: GatewayProblem) -> tuple[str, str]:
    """Code and text of what a gateway says to a problem."""
    row = _codes()[problem.why]
    assert is_object(row)
    code = gateway.stale_code if problem.why == STALE and gateway.stale_code else str(row["code"])
    return code, str(row["chinese"]).format(what=problem.what)


def error_body(gateway: Gateway, problem: GatewayProblem) -> bytes:
    """What a gateway answers: no envelope of the interface, since the platform never saw the request (assumed form)."""
    code, text = error_of(gateway, problem)
    return json.dumps({"code": code, "message": text, "success": False}, ensure_ascii=False).encode()


def _family_problem(gateway: Gateway, headers: Mapping[str, str], now: datetime) -> GatewayProblem | None:
    match gateway.kind:
        case GatewayKind.TIF:
            return _tif_problem(gateway, headers, now)
        case GatewayKind.CSB:
            return _csb_problem(gateway, headers, now)
        case GatewayKind.NONE:
            return None


def _tif_problem(gateway: Gateway, headers: Mapping[str, str], now: datetime) -> GatewayProblem | None:
    if (problem := _missing(headers, TIF_HEADERS) or _compared(headers, "x-tif-paasid", gateway.paasid)) is not None:
        return problem
    stamp, nonce = headers["x-tif-timestamp"], headers["x-tif-nonce"]
    if (problem := _clock_problem(gateway, "x-tif-timestamp", stamp, now, per_second=1)) is not None:
        return problem
    if not hmac.compare_digest(headers["x-tif-signature"].lower(), tif_signature(gateway.token, stamp, nonce)):
        return GatewayProblem(why="signature-wrong")
    return None


def _csb_problem(gateway: Gateway, headers: Mapping[str, str], now: datetime) -> GatewayProblem | None:
    if (problem := _missing(headers, (*CSB_SIGNED, CSB_SIGNATURE))) is not None:
        return problem
    agreed = (gateway.api_name, gateway.api_version, gateway.access_key)
    for name, value in zip(CSB_SIGNED, agreed, strict=False):
        if (problem := _compared(headers, name, value)) is not None:
            return problem
    stamp = headers["_api_timestamp"]
    if (problem := _clock_problem(gateway, "_api_timestamp", stamp, now, per_second=1000)) is not None:
        return problem
    due = csb_signature(gateway.secret_key, {name: headers[name] for name in CSB_SIGNED})
    if not hmac.compare_digest(headers[CSB_SIGNATURE].encode(), due.encode()):
        return GatewayProblem(why="signature-wrong")
    return None


def _cainfo_problem(gateway: Gateway, body: Mapping[str, object]) -> GatewayProblem | None:
    if not body:
        return GatewayProblem(why="no-json")
    hint = _cainfo_hint(_key(gateway.cainfo_key).public, body)
    return GatewayProblem(why="cainfo-wrong", what=_hint(hint)) if hint else None


def _cainfo_hint(public: PublicKey, body: Mapping[str, object]) -> str:
    """How a wrong signature came to be, an id of `cainfo-hints`; empty for a right one."""
    given, text = body.get("cainfo"), cainfo_text(body)
    if is_absent(given):
        return "missing"
    try:
        signature = base64.b64decode(str(given), validate=True)
    except (binascii.Error, ValueError):
        return "no-base64"
    if public.verify(text, signature):
        return ""
    if len(signature) != SIGNATURE_BYTES:
        return "der" if public.verify(text, signature, form=Signature.DER) else "length"
    half = SIGNATURE_BYTES // 2
    if public.verify(text, signature[half:] + signature[:half]):
        return "swapped"
    if public.verify_digest(sm3(text), signature):
        return "without-za"
    if public.verify(text, signature, user_id=b""):
        return "empty-id"
    with_input = _joined(body, but=("cainfo",))
    return "with-input" if public.verify(with_input, signature) else "other"


def _hint(name: str) -> str:
    hints = _codes()["cainfo-hints"]
    assert is_object(hints)
    return str(hints[name])


def _joined(envelope: Mapping[str, object], *, but: Container[str]) -> bytes:
    return "&".join(f"{key}={_spelt(envelope[key])}" for key in sorted(envelope) if key not in but).encode()


def _missing(headers: Mapping[str, str], names: tuple[str, ...]) -> GatewayProblem | None:
    missing = [name for name in names if not headers.get(name)]
    return GatewayProblem(why="header-missing", what="、".join(missing)) if missing else None


def _compared(headers: Mapping[str, str], name: str, due: str) -> GatewayProblem | None:
    if not headers.get(name.lower()):
        return GatewayProblem(why="header-missing", what=name)
    same = hmac.compare_digest(headers[name.lower()].encode(), due.encode())
    return None if same else GatewayProblem(why="header-wrong", what=name)


def _clock_problem(gateway: Gateway, name: str, stamp: str, now: datetime, *, per_second: int) -> GatewayProblem | None:
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > MOST_DIGITS:
        return GatewayProblem(why="header-wrong", what=name)
    off = abs(int(stamp) - now.timestamp() * per_second)
    return GatewayProblem(why=STALE) if off > gateway.tolerance_s * per_second else None


def _spelt(value: object) -> str:
    return "" if value is None else str(value)


@cache
def _key(hexadecimal: str) -> PrivateKey:
    return PrivateKey.from_bytes(bytes.fromhex(hexadecimal))
