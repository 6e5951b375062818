"""Every defect that one province alone shows is seen there by the bench's own codec, and elsewhere is none."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from harness.clock import BEIJING
from harness.counter.trace_codes import with_trace_codes
from harness.wire.gateway import find_problem, nonce_of
from harness.wire.msgid import parse_msgid
from harness.wire.profile import load_profile, offered_profiles
from simulators.his.gateway import Sealing
from simulators.his.mutants import behaviour_of, mutants_of
from simulators.his.mutants_province import PROVINCE_MUTANTS
from tests.simulators.his.test_his_gateway import told

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

NEWER = "unnamed-newer"
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


def newer(start: Any, name: str | None) -> "Adapter":
    """An adapter under the profile that asks for more, signed in; its cashier scans a code off each pack."""
    arguments = ("--mutant", name) if name else ()
    adapter: Adapter = start(*arguments, profile=load_profile(NEWER).for_adapter())
    write = adapter.write
    adapter.write = lambda command: write(traced(command))  # type: ignore[method-assign]  # what the harness does
    assert adapter.do("sign-in")["outcome"] == "accepted"
    return adapter


def traced(command: dict[str, Any]) -> dict[str, Any]:
    """A command as the harness sends it under that profile."""
    return dict(with_trace_codes(command.get("do", ""), command, load_profile(NEWER).for_adapter(), "P63999900001"))  # type: ignore[arg-type]  # JSON


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


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("trace-code-left-out", [("A0001001", "0", "2"), ("A0001001", "0", "2")]),
        ("trace-field-missing", [("A0001001", "0", None)] * 2 + [("A0001002", "0", None)]),
        (None, [("A0001001", "0", "2")] * 2 + [("A0001002", "0", "2")]),
    ],
)
def test_trace_codes(start: Any, systems: "Systems", name: str | None, entries: list[tuple[object, ...]]) -> None:
    adapter = newer(start, name)
    adapter.buy(lines=[("12.50", "2", "25.00"), ("0.99", "1", "0.99")])
    (sent,) = systems.sent("2102")
    fields = ("feedetl_sn", "trdn_flag", "min_prcunt_type")
    assert [tuple(entry.get(field) for field in fields) for entry in sent["input"]["drug_trac_info"]] == entries


def test_trace_codes_made_up(start: Any, systems: "Systems") -> None:
    newer(start, "trace-codes-made-up").buy()
    newer(start, None).buy("A0002")
    made_up, scanned = ([e["drug_trac_codg"] for e in s["input"]["drug_trac_info"]] for s in systems.sent("2102"))
    assert made_up == ["80000000000000000001", "80000000000000000002"]
    assert not set(made_up) & set(scanned)
    assert len(set(scanned)) == 2


@pytest.mark.parametrize(
    ("name", "flag", "cash"), [("one-flag-position", "0", "12.50"), ("statement-without-cash", "000000", None)]
)
def test_statements(start: Any, systems: "Systems", name: str, flag: str, cash: object) -> None:
    adapter = newer(start, name)
    adapter.buy()
    adapter.do("totals", day=AT[:10])
    (sent,) = systems.sent("3201")
    data = sent["input"]["data"]
    assert (data["refd_setl_flag"], data.get("cash_payamt"), data["clr_optins"]) == (flag, cash, "639900")


def test_newer_fund_forgotten() -> None:
    info = {"hifp_pay": "12.03", "hifdm_pay": "1.34", "fund_pay_sumamt": "13.37"}
    read, right = behaviour_of("newer-fund-forgotten").answered, behaviour_of(None).answered
    assert read({"setlinfo": info})["setlinfo"] == {**info, "fund_pay_sumamt": "12.03"}
    assert right({"setlinfo": info})["setlinfo"] == info
    assert read({"setlinfo": {"fund_pay_sumamt": "13.37"}})["setlinfo"] == {"fund_pay_sumamt": "13.37"}


@pytest.mark.parametrize(("name", "code"), [("national-cert-type", "01"), (None, "1")])
def test_national_cert_type(start: Any, systems: "Systems", name: str | None, code: str) -> None:
    profile = load_profile("unnamed-short-codes").for_adapter()
    adapter: Adapter = start(*(("--mutant", name) if name else ()), profile=profile)
    adapter.do("sign-in")
    assert adapter.buy()["outcome"] == "accepted"
    nodes = [systems.sent(infno)[0]["input"] for infno in ("1101", "2101", "2102")]
    told = [node.get("druginfo") or node["data"] for node in nodes]
    assert [node["mdtrt_cert_type"] for node in told] == [code] * 3


def test_each_is_listed_with_a_profile_that_there_is_and_no_other_mutant_is() -> None:
    listed = {mutant.name: mutant.profile for mutant in mutants_of("pharmacy") if mutant.profile}
    mine = {mutant.name: mutant.profile for mutant in PROVINCE_MUTANTS}
    assert listed.items() >= mine.items()
    assert set(listed.values()) <= set(offered_profiles())
    others = {"nonce-reused", "province-members-missing", "input-as-object", "msgid-in-national-form"}
    newer = {
        "trace-code-left-out",
        "trace-codes-made-up",
        "trace-field-missing",
        "one-flag-position",
        "statement-without-cash",
    }
    assert set(mine) == others | newer | set(AT_THE_GATEWAY) | {"newer-fund-forgotten", "national-cert-type"}


@pytest.mark.parametrize("name", [mutant.name for mutant in PROVINCE_MUTANTS])
def test_under_the_national_core_each_is_the_right_adapter(start: Any, systems: "Systems", name: str) -> None:
    adapter: Adapter = start("--mutant", name)
    assert adapter.do("sign-in")["outcome"] == "accepted"
    assert adapter.buy()["outcome"] == "accepted"
    assert len(systems.sent("2102")) == 1
