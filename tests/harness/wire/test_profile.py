"""Province profiles."""

import dataclasses
import json

import pytest

from harness.errors import ConfigError
from harness.wire.institution import HALL, TRANSACTIONS
from harness.wire.profile import Gateway, Profile, load_profile, offered_profiles, profile_from

TEN = (
    *("qinghai", "ningxia", "hubei", "sichuan", "inner-mongolia"),
    *("jiangsu", "henan", "shanxi", "shenzhen", "shanghai"),
)
UNMARKED = {"name", "title", "assumed_paths", "assumed_trace_codes", "gateway", "confirmed", "likely"}
"""What needs no mark: names, the marks themselves, and the gateway, whose keys are marked one by one."""


def test_qinghai_has_a_path_for_every_transaction_and_marks_the_assumed_ones() -> None:
    profile = load_profile("qinghai")
    assert set(profile.paths) == set(TRANSACTIONS)
    assert all(path.startswith("/fsi/api/") for path in profile.paths.values())
    assert profile.paths["9001"] == "/fsi/api/signInSignOutService/signIn"
    assert profile.paths["2601"] == "/fsi/api/reverseService/revsMethod"
    assert set(profile.assumed_paths) == {"2101", "2102", "2103", "3203", "3204", "5203", *HALL}
    assert profile.paths["2201"].endswith("/outpatientRregistration"), "the interface's own spelling"
    assert profile.paths["2207"].endswith("/saveSettletmentV2")


def test_an_unknown_profile_names_those_offered() -> None:
    with pytest.raises(ConfigError) as caught:
        load_profile("quinghai")
    assert "quinghai" in caught.value.problem
    assert all(name in caught.value.remedy for name in offered_profiles())


@pytest.mark.parametrize("name", ["", "../qinghai", "qinghai.toml"])
def test_a_name_is_not_a_path(name: str) -> None:
    with pytest.raises(ConfigError):
        load_profile(name)


def test_the_ten_provinces_ship_and_four_that_no_source_names() -> None:
    unnamed = {"unnamed-cainfo", "unnamed-tif", "unnamed-newer", "unnamed-short-codes"}
    assert set(offered_profiles()) == {*TEN, *unnamed}


def test_the_newer_one_asks_for_trace_codes_where_no_source_does_and_says_so() -> None:
    profile = load_profile("unnamed-newer")
    assert profile.trace_codes == ("2102", "2207")
    assert profile.assumed_trace_codes == ("2102",)
    assert {"hifdm_share", "trace_goods", "statement_with_totals", "choices"} <= set(profile.assumed)
    assert profile.plain, "nothing stands before its platform"


@pytest.mark.parametrize("name", offered_profiles())
def test_every_profile_is_frozen_and_can_be_told_to_an_adapter(name: str) -> None:
    profile = load_profile(name)
    told = json.loads(json.dumps(profile.for_adapter()))
    assert told["paths"] == dict(profile.paths)
    assert told["gateway"]["kind"] == profile.gateway.kind
    assert told["assumed"] == list(profile.assumed)
    with pytest.raises(dataclasses.FrozenInstanceError):
        profile.name = "other"  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("name", offered_profiles())
def test_every_key_is_confirmed_or_likely_or_assumed_and_never_two_of_them(name: str) -> None:
    profile = load_profile(name)
    marked = [*profile.confirmed, *profile.likely, *profile.assumed]
    assert len(marked) == len(set(marked))
    keys = {one.name for one in dataclasses.fields(Profile)} - UNMARKED
    assert set(marked) == keys | {f"gateway.{one.name}" for one in dataclasses.fields(Gateway)}
    assert {"any_path", "paths"} - {*profile.confirmed, *profile.likely} or name == "inner-mongolia"


@pytest.mark.parametrize("name", ["qinghai", "ningxia", "hubei", "sichuan"])
def test_provinces_of_which_nothing_is_known_are_the_core_and_add_no_mark(name: str) -> None:
    profile, model = load_profile(name), load_profile("qinghai")
    assert dataclasses.replace(profile, name=model.name, title=model.title) == model
    assert "assumed" in profile.title
    assert profile.plain
    assert {"paths", "any_path", "headers", "gateway.kind", "charset_out", "reply_as"} <= set(profile.assumed)


@pytest.mark.parametrize(
    ("name", "differs"),
    [
        ("inner-mongolia", {"single_path", "any_path", "headers"}),
        ("jiangsu", {"single_path", "operator_length", "operator_name_length", "cert_types", "envelope", "gateway"}),
        ("henan", {"single_path", "any_path", "msgid_form"}),
        ("shanxi", {"single_path", "any_path", "reply_as"}),
        ("shenzhen", {"code_length"}),
        ("unnamed-cainfo", {"input_as", "choices", "gateway"}),
        ("unnamed-tif", {"gateway"}),
        ("unnamed-short-codes", {"cert_type_codes"}),
        ("unnamed-newer", {"trace_codes", "hifdm_pay", "refd_setl_flag", "statement_members"}),
    ],
)
def test_what_a_province_is_known_to_have_otherwise_is_otherwise_and_marked(name: str, differs: set[str]) -> None:
    profile, core = load_profile(name), load_profile("qinghai")
    known = {key.partition(".")[0] for key in (*profile.confirmed, *profile.likely)}
    for key in differs:
        assert getattr(profile, key) != getattr(core, key), key
        assert key in known, key


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"confirmed": ["colour"]}, "colour"),
        ({"gateway": {"colour": "red"}}, "colour"),
        ({"gateway": {"kind": "smoke"}}, "smoke"),
        ({"gateway": {"kind": "tif"}}, "paasid, token"),
        ({"gateway": {"cainfo": True}}, "cainfo_key"),
        ({"gateway": {"tolerance_s": -1}}, "tolerance_s"),
        ({"refd_setl_flag": "six"}, "refd_setl_flag"),
        ({"cert_type_codes": {"01": "1", "02": "1"}}, "cert_type_codes"),
        ({"cert_type_codes": {"09": "9"}}, "cert_type_codes"),
        ({"hifdm_share": -1}, "hifdm_share"),
        ({"hifdm_share": 10_001}, "hifdm_share"),
        ({"trace_codes": ["2304"]}, "trace_codes may have: 2102, 2207"),
        ({"trace_codes": ["2207"], "assumed_trace_codes": ["2102"]}, "2102"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_names_the_key(own: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        profile_from("nowhere", {"title": "nowhere", **own})
    assert named in caught.value.problem
