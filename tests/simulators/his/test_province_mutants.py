"""Every defect that one province alone shows is seen there by the bench's own codec, and elsewhere is none."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from harness.clock import BEIJING
from harness.wire.gateway import find_problem, nonce_of
from harness.wire.msgid import parse_msgid
from harness.wire.profile import load_profile, offered_profiles
from simulators.his.gateway import Sealing
from simulators.his.mutants import behaviour_of, mutants_of
from simulators.his.mutants_province import PROVINCE_MUTANTS
from tests.simulators.his.test_his_gateway import told

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

AT = "2020-10-14 08:30:00"
NOW = datetime(2020, 10, 14, 8, 30, tzinfo=BEIJING)
AT_THE_GATEWAY = {
    "gateway-headers-missing": "header-missing",
    "csb-signature-body": "signature-wrong",
    "csb-signature-unsorted": "signature-wrong",
    "wrong-timestamp-unit": "stale",
    "cainfo-signs-input": "cainfo-wrong",
}
"""What a gateway says to each."""


def at_the_gateway(name: str | None, profile_name: str) -> str:
    """Why the gateway of a profile turns a request away; empty when it does not."""
    behaviour, profile, mine = behaviour_of(name), load_profile(profile_name), told(profile_name)
    made = behaviour.sealed(Sealing(profile=mine, at=AT, msgid="m1", body=b'{"infno":"2102"}'))
    envelope: dict[str, object] = {"infno": "2102", "msgid": "m1", "input": "{}"}
    body = {**envelope, "cainfo": behaviour.signed_envelope(mine.gateway, envelope)}
    headers = {key.lower(): value for key, value in made.items()}
    problem = find_problem(profile.gateway, profile.headers, headers, body, now=NOW)
    return problem.why if problem else ""


def sign_in(start: Any, systems: "Systems", profile_name: str, *arguments: str) -> dict[str, Any]:
    """The envelope of a sign-in."""
    adapter: Adapter = start(*arguments, profile=load_profile(profile_name).for_adapter())
    adapter.do("sign-in")
    return systems.sent("9001")[0]


@pytest.mark.parametrize("name", AT_THE_GATEWAY)
def test_a_wrong_seal_is_turned_away_and_the_right_one_is_not(name: str) -> None:
    profile = next(mutant.profile for mutant in PROVINCE_MUTANTS if mutant.name == name)
    assert at_the_gateway(name, profile) == AT_THE_GATEWAY[name]
    assert at_the_gateway(None, profile) == ""


def test_nonce_reused() -> None:
    mutant, right, gateway = behaviour_of("nonce-reused"), behaviour_of(None), load_profile("unnamed-tif").gateway
    request = Sealing(profile=told("unnamed-tif"), at=AT, msgid="m1", body=b"{}")
    requests = [replace(request, msgid=msgid) for msgid in ("m1", "m2")]
    assert len({nonce_of(gateway, mutant.sealed(one)) for one in requests}) == 1
    assert len({nonce_of(gateway, right.sealed(one)) for one in requests}) == 2
    assert at_the_gateway("nonce-reused", "unnamed-tif") == "", "alone it is right; only together are they wrong"


def test_province_members_missing(start: Any, systems: "Systems") -> None:
    sent = sign_in(start, systems, "jiangsu", "--mutant", "province-members-missing")
    assert not {"fixmedins_soft_fcty", "enc_type"} & sent.keys()


def test_the_right_adapter_sends_them(start: Any, systems: "Systems") -> None:
    assert load_profile("jiangsu").envelope.items() <= sign_in(start, systems, "jiangsu").items()


def test_input_as_object(start: Any, systems: "Systems") -> None:
    assert isinstance(sign_in(start, systems, "unnamed-cainfo", "--mutant", "input-as-object")["input"], dict), (
        "a string is due"
    )


def test_msgid_in_national_form(start: Any, systems: "Systems") -> None:
    msgid = sign_in(start, systems, "henan", "--mutant", "msgid-in-national-form")["msgid"]
    assert parse_msgid(msgid).institution == "P63999900001"
    with pytest.raises(ValueError, match="joined by -"):
        parse_msgid(msgid, form="time-code")


def test_each_is_listed_with_a_profile_that_there_is_and_no_other_mutant_is() -> None:
    listed = {mutant.name: mutant.profile for mutant in mutants_of("pharmacy") if mutant.profile}
    assert listed == {mutant.name: mutant.profile for mutant in PROVINCE_MUTANTS}
    assert set(listed.values()) <= set(offered_profiles())
    others = {"nonce-reused", "province-members-missing", "input-as-object", "msgid-in-national-form"}
    assert set(listed) == others | set(AT_THE_GATEWAY)


@pytest.mark.parametrize("name", [mutant.name for mutant in PROVINCE_MUTANTS])
def test_under_the_national_core_each_is_the_right_adapter(start: Any, systems: "Systems", name: str) -> None:
    adapter: Adapter = start("--mutant", name)
    assert adapter.do("sign-in")["outcome"] == "accepted"
    assert adapter.buy()["outcome"] == "accepted"
    assert len(systems.sent("2102")) == 1
