"""What the adapter sends to a gateway, judged by the bench's own codec, which it does not use."""

import base64
import io
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.clock import BEIJING
from harness.wire.gateway import cainfo, find_problem, headers_for
from harness.wire.profile import load_profile, offered_profiles
from simulators.his.behaviour import Behaviour
from simulators.his.exchange import NoAnswerError
from simulators.his.gateway import Sealing, envelope_signature, sealed
from simulators.his.hello import Hello, Profile, read_hello
from simulators.his.journal import Journal
from simulators.his.log import Log
from simulators.his.platform import Kind, Platform, Sender

AT = "2020-10-14 08:30:00"


def told(name: str) -> Profile:
    """The profile as the adapter reads it from its hello."""
    return hello(name).profile


def hello(name: str) -> Hello:
    """What an adapter under a profile is told."""
    return read_hello(
        {
            "hello": {
                "institution": {"code": "P63999900001", "name": "x", "admdvs": "639900"},
                "operator": {"no": "1", "name": "x"},
                "endpoints": {"scanner": "tcp:x:1", "voucher-centre": "http://x", "platform": "http://x"},
                "profile": load_profile(name).for_adapter(),
                "timeouts": {},
                "scan": {},
                "state_dir": "/nowhere",
            }
        }
    )


def request(name: str, msgid: str = "m1", at: str = AT) -> dict[str, str]:
    """The headers of a request, with lower-case names."""
    made = sealed(Sealing(profile=told(name), at=at, msgid=msgid, body=b"{}"))
    return {key.lower(): value for key, value in made.items()}


@pytest.mark.parametrize("name", offered_profiles())
def test_the_gateway_of_each_profile_takes_what_the_adapter_makes(name: str) -> None:
    profile = load_profile(name)
    envelope: dict[str, object] = {"infno": "2102", "msgid": "m1", "sign_no": "", "input": "{}"}
    body = {**envelope, "cainfo": envelope_signature(told(name).gateway, envelope)}
    now = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
    assert find_problem(profile.gateway, profile.headers, request(name), body, now=now) is None
    assert set(request(name)) == {key.lower() for key in headers_for(profile, at=now, nonce="n")}


@pytest.mark.parametrize("name", ["jiangsu", "unnamed-tif"])
def test_the_time_in_the_headers_is_the_cashiers(name: str) -> None:
    profile = load_profile(name)
    late = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING) + timedelta(hours=1)
    found = find_problem(profile.gateway, profile.headers, request(name), {}, now=late)
    assert found is not None
    assert found.why == "stale"
    assert find_problem(profile.gateway, profile.headers, request(name, at="2020-10-14 09:30:00"), {}, now=late) is None


def test_each_message_has_a_nonce_of_its_own_and_always_the_same() -> None:
    one, other = request("unnamed-tif"), request("unnamed-tif", msgid="m2")
    assert one["x-tif-nonce"] != other["x-tif-nonce"]
    assert one == request("unnamed-tif")


def test_a_message_that_is_repeated_has_another_nonce_and_the_time_of_the_repetition() -> None:
    first = Sealing(profile=told("unnamed-tif"), at=AT, msgid="m1", body=b"{}")
    again = [sealed(replace(first, at="2020-10-14 09:30:00", again=number)) for number in (1, 2)]
    assert len({one["x-tif-nonce"] for one in (sealed(first), *again)}) == 3
    assert again[0]["x-tif-timestamp"] != sealed(first)["x-tif-timestamp"]


@pytest.mark.parametrize("repeated", [False, True])
def test_what_the_gateway_turns_away_is_refused_but_in_doubt_when_it_was_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, repeated: bool
) -> None:
    said: list[dict[str, str]] = []

    def post(_url: str, _body: bytes, **options: Any) -> dict[str, object]:
        said.append(options["headers"])
        if repeated and len(said) == 1:
            raise NoAnswerError("lost")
        return {"code": "9000", "message": "签名超时", "success": False}

    monkeypatch.setattr("simulators.his.platform.post", post)
    journal = Journal(tmp_path)
    here = hello("jiangsu")
    platform = Platform(here, journal, Behaviour(), Log(io.StringIO(), lambda text: text), lambda *_: None)
    result = platform.call("9802", {"data": {}}, sender=Sender(at=AT, order="", sign_no=""), parse=dict)
    assert result.kind is (Kind.UNKNOWN if repeated else Kind.REFUSED)
    if repeated:
        result = platform.again(result.msgid, at="2020-10-14 09:30:00", parse=dict)
        assert result.kind is Kind.UNKNOWN
        assert int(said[1]["_api_timestamp"]) - int(said[0]["_api_timestamp"]) == 3_600_000
    journal.close()


def test_the_envelopes_signature_is_repeatable_and_that_of_the_bench() -> None:
    gateway = load_profile("unnamed-cainfo").gateway
    envelope: dict[str, object] = {"infno": "2102", "opter_name": "联调收银员", "input": {}}
    made = envelope_signature(told("unnamed-cainfo").gateway, envelope)
    assert len(base64.b64decode(made)) == 64
    assert made == envelope_signature(told("unnamed-cainfo").gateway, envelope) == cainfo(gateway, envelope)


def test_no_signature_where_none_is_wanted() -> None:
    assert envelope_signature(told("qinghai").gateway, {"infno": "2102"}) == ""
    assert request("qinghai") == {}
