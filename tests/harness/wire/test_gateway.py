"""Signed headers and the signed envelope: golden values from other tools, and what is found wrong."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from harness.clock import BEIJING
from harness.gm import PrivateKey, signature_to_der, sm2_reference
from harness.gm.sm3 import sm3
from harness.wire.gateway import (
    GatewayProblem,
    cainfo,
    cainfo_text,
    csb_signature,
    error_body,
    error_of,
    find_problem,
    headers_for,
    nonce_of,
    tif_signature,
)
from harness.wire.profile import Gateway, Profile, load_profile

AT = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
TIF, CSB, CAINFO, APIKEY = (
    load_profile(name) for name in ("unnamed-tif", "jiangsu", "unnamed-cainfo", "inner-mongolia")
)
Change = Callable[[dict[str, str]], object]


def problem(profile: Profile, headers: dict[str, str], body: dict[str, object] | None = None) -> GatewayProblem | None:
    return find_problem(profile.gateway, profile.headers, headers, body or {}, now=AT)


def test_the_tif_signature_is_what_sha256sum_says() -> None:
    # printf '1602635400tokennonce1602635400' | sha256sum
    assert tif_signature("token", "1602635400", "nonce") == (
        "86177714e64a8864f6ecea240ce1bfd607fc0a5f97098d37a39855063bf2c2f2"
    )


def test_the_csb_signature_is_what_openssl_says() -> None:
    # printf '_api_access_key=ak&_api_name=n&_api_timestamp=1602635400000&_api_version=1.0.0' |
    #   openssl dgst -sha1 -hmac secret -binary | base64
    given = {"_api_name": "n", "_api_version": "1.0.0", "_api_access_key": "ak", "_api_timestamp": "1602635400000"}
    assert csb_signature("secret", given) == "UtIrKrWP/T4/xu/9NUKBcOF8cIo="


@pytest.mark.external
def test_openssl_computes_the_same_signatures() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    headers = headers_for(CSB, at=AT, nonce="n")
    text = "&".join(f"{name}={headers[name]}" for name in sorted(set(headers) - {"_api_signature"}))
    mac = _openssl(["-sha1", "-hmac", CSB.gateway.secret_key], text)
    assert headers["_api_signature"] == base64.b64encode(mac).decode()
    headers = headers_for(TIF, at=AT, nonce="n")
    stamp = headers["x-tif-timestamp"]
    assert headers["x-tif-signature"] == _openssl(["-sha256"], f"{stamp}{TIF.gateway.token}n{stamp}").hex()


def _openssl(options: list[str], text: str) -> bytes:
    return subprocess.run(
        ["openssl", "dgst", *options, "-binary"], input=text.encode(), capture_output=True, check=True
    ).stdout


def test_timestamps_are_seconds_in_one_family_and_milliseconds_in_the_other() -> None:
    assert headers_for(TIF, at=AT, nonce="n")["x-tif-timestamp"] == "1602635400"
    assert headers_for(CSB, at=AT, nonce="n")["_api_timestamp"] == "1602635400000"


@pytest.mark.parametrize("profile", [TIF, CSB, APIKEY], ids=lambda profile: profile.name)
def test_what_is_made_is_found_right(profile: Profile) -> None:
    headers = {name.lower(): value for name, value in headers_for(profile, at=AT, nonce="n").items()}
    assert headers
    assert problem(profile, headers) is None


@pytest.mark.parametrize("name", ["x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature"])
def test_each_tif_header_is_missed(name: str) -> None:
    headers = headers_for(TIF, at=AT, nonce="n")
    del headers[name]
    assert problem(TIF, headers) == GatewayProblem(why="header-missing", what=name)


@pytest.mark.parametrize("name", ["_api_name", "_api_version", "_api_access_key", "_api_timestamp", "_api_signature"])
def test_each_csb_header_is_missed_and_its_change_is_seen(name: str) -> None:
    headers = headers_for(CSB, at=AT, nonce="n")
    whole = dict(headers)
    del headers[name]
    assert problem(CSB, headers) == GatewayProblem(why="header-missing", what=name)
    found = problem(CSB, {**whole, name: whole[name][:-1] + "9"})
    assert found is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"x-tif-nonce": "m"}, "signature-wrong"),
        ({"x-tif-signature": "0" * 64}, "signature-wrong"),
        ({"x-tif-paasid": "another"}, "header-wrong"),
        ({"x-tif-timestamp": "1602635400000"}, "stale"),
        ({"x-tif-timestamp": "yesterday"}, "header-wrong"),
        ({"x-tif-timestamp": "９" * 10}, "header-wrong"),
        ({"x-tif-timestamp": "9" * 5000}, "header-wrong"),
    ],
)
def test_a_changed_tif_header_is_found(change: dict[str, str], why: str) -> None:
    found = problem(TIF, {**headers_for(TIF, at=AT, nonce="n"), **change})
    assert found is not None
    assert found.why == why


@pytest.mark.parametrize("profile", [TIF, CSB], ids=lambda profile: profile.name)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_clock_may_differ_by_the_tolerance_and_no_more(profile: Profile, sign: int) -> None:
    def at_distance(seconds: int) -> GatewayProblem | None:
        return problem(profile, headers_for(profile, at=AT + sign * timedelta(seconds=seconds), nonce="n"))

    tolerance = profile.gateway.tolerance_s
    assert at_distance(tolerance) is None
    assert at_distance(tolerance + 1) == GatewayProblem(why="stale")


def test_the_csb_body_is_not_signed() -> None:
    headers = headers_for(CSB, at=AT, nonce="n")
    assert problem(CSB, headers, {"infno": "2102"}) is None
    assert problem(CSB, headers, {"infno": "2103"}) is None


def test_a_stale_csb_timestamp_has_the_code_of_the_sources_and_a_tif_one_an_invented_one() -> None:
    stale = GatewayProblem(why="stale")
    assert json.loads(error_body(CSB.gateway, stale)) == {"code": "9000", "message": "签名超时", "success": False}
    assert json.loads(error_body(TIF.gateway, stale))["code"] == "982004"


def test_only_tif_has_nonces() -> None:
    assert nonce_of(TIF.gateway, headers_for(TIF, at=AT, nonce="n")) == "n"
    assert nonce_of(CSB.gateway, headers_for(CSB, at=AT, nonce="n")) == ""


def test_cainfo_signs_the_sorted_envelope_without_itself_and_without_input() -> None:
    envelope: dict[str, object] = {"msgid": "m", "infno": "2102", "input": {"a": 1}, "cainfo": "old", "sign_no": ""}
    assert cainfo_text(envelope) == b"infno=2102&msgid=m&sign_no="
    signature = base64.b64decode(cainfo(CAINFO.gateway, envelope))
    assert len(signature) == 64, "r and s, no DER"
    key = PrivateKey.from_bytes(bytes.fromhex(CAINFO.gateway.cainfo_key))
    point = (key.public.x, key.public.y)
    e = int.from_bytes(key.public.digest(cainfo_text(envelope)))
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    assert sm2_reference.verify(sm2_reference.SM2P256V1, point, e, r, s)


@pytest.mark.parametrize(
    "change",
    [
        {"infno": "2103"},
        {"more": "x"},
        {"cainfo": ""},
        {"cainfo": "no Base64"},
        {"cainfo": base64.b64encode(bytes(64)).decode()},
        {"cainfo": base64.b64encode(b"short").decode()},
    ],
)
def test_a_changed_envelope_is_found(change: dict[str, Any]) -> None:
    envelope: dict[str, object] = {"infno": "2102", "msgid": "m", "input": "{}"}
    signed = {**envelope, "cainfo": cainfo(CAINFO.gateway, envelope)}
    assert problem(CAINFO, {}, signed) is None
    assert problem(CAINFO, {}, {**signed, "input": "{ }"}) is None, "input is not signed"
    found = problem(CAINFO, {}, {**signed, **change})
    assert found is not None
    assert found.why == "cainfo-wrong"


ENVELOPE: dict[str, object] = {"infno": "2102", "msgid": "m", "sign_no": "", "input": "{}"}
TEXT = b"infno=2102&msgid=m&sign_no="
KEY = PrivateKey.from_bytes(bytes.fromhex(CAINFO.gateway.cainfo_key))
RAW = KEY.sign(TEXT)
WRONG: dict[str, bytes | str] = {
    "缺少cainfo": "",
    "Base64": "汉字",
    "DER": signature_to_der(RAW),
    "长度": RAW[:-1],
    "颠倒": RAW[32:] + RAW[:32],
    "未计入Z": KEY.sign_digest(sm3(TEXT)),
    "用户标识为空": KEY.sign(TEXT, user_id=b""),
    "input": KEY.sign(b"infno=2102&input={}&msgid=m&sign_no="),
    "不是本报文头的签名": KEY.sign(TEXT + b"&"),
}
"""What is said, by what was given; signatures differ from run to run, so they name no test."""


@pytest.mark.parametrize("said", WRONG)
def test_how_a_wrong_signature_came_to_be_is_said(said: str) -> None:
    given = WRONG[said]
    spelt = given if isinstance(given, str) else base64.b64encode(given).decode()
    found = problem(CAINFO, {}, {**ENVELOPE, "cainfo": spelt})
    assert found is not None
    assert found.why == "cainfo-wrong"
    code, text = error_of(CAINFO.gateway, found)
    assert (code, text.startswith("cainfo验签失败："), said in text) == ("982006", True, True)
    right = {**ENVELOPE, "cainfo": base64.b64encode(RAW).decode()}
    assert problem(CAINFO, {}, right) is None


def test_a_gateway_of_no_family_asks_for_nothing() -> None:
    plain = replace(load_profile("qinghai"), gateway=Gateway())
    assert headers_for(plain, at=AT, nonce="n") == {}
    assert problem(plain, {}) is None
