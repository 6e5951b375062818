"""Lengths and codes that provinces set themselves: fixmedins_name, input, oinfno, codes beyond the national tables."""

from typing import Any

import pytest

from harness.errors import ConfigError
from harness.wire.institution import NATIONAL, Form, check, decode, encode
from harness.wire.profile import form_from, profile_from
from tests.simulators.hospital_rig import sample
from tests.simulators.platform_rigs import request

LOCAL = {"med_type": ["2101", "9901"]}


def asked(infno: str, **data: object) -> dict[str, Any]:
    """A request with what the tables require, and `data` in its data."""
    found: dict[str, Any] = dict(sample(infno))
    found["data"] = {**found["data"], **data}
    return dict(decode(request(infno, found, number=1, sign_no="S1")))


def wrong(body: dict[str, Any], form: Form) -> list[tuple[str, str]]:
    """The paths of all wrong fields and what was seen there."""
    return [(problem.path, problem.seen) for problem in check(str(body["infno"]), body, form=form)]


def test_a_name_may_be_limited_to_twenty_characters() -> None:
    body = {**asked("2206"), "fixmedins_name": "名" * 21}
    assert wrong(body, NATIONAL) == []
    assert wrong(body, Form(name_length=20)) == [("fixmedins_name", "21 characters")]
    assert wrong({**body, "fixmedins_name": "名" * 20}, Form(name_length=20)) == []


@pytest.mark.parametrize("as_text", [False, True])
def test_input_may_be_limited_as_text(as_text: bool) -> None:
    body = asked("2206", expContent="备" * 100)
    text = encode(body["input"]).decode()
    if as_text:
        body["input"] = text
    assert wrong(body, NATIONAL) == []
    assert wrong(body, Form(input_length=len(text))) == []
    assert wrong(body, Form(input_length=len(text) - 1)) == [("input", f"{len(text)} characters")]


def test_a_file_is_as_long_as_it_is() -> None:
    body = dict(decode(request("9101", sample("9101"), number=1, sign_no="S1")))
    assert wrong(body, Form(input_length=1)) == []


@pytest.mark.parametrize(("length", "seen"), [(4, [("input.data.oinfno", "5 characters")]), (6, [])])
def test_oinfno_has_a_place_for_the_letter_or_has_not(length: int, seen: list[tuple[str, str]]) -> None:
    assert wrong(asked("2601", oinfno="2207A"), Form(oinfno_length=length)) == seen
    assert wrong(asked("2601", oinfno="2207"), Form(oinfno_length=length)) == []


def test_an_oinfno_that_is_none_stays_wrong() -> None:
    paths = [path for path, _ in wrong(asked("2601", oinfno="2207B"), Form(oinfno_length=6))]
    assert paths == ["input.data.oinfno"]


def test_local_codes_are_taken_where_the_profile_has_them() -> None:
    profile = profile_from("nowhere", {"title": "nowhere", "local_codes": LOCAL})
    assert form_from(profile.for_adapter()) == profile.form
    for code in LOCAL["med_type"]:
        assert wrong(asked("2206", med_type=code), profile.form) == []
        assert wrong(asked("2206", med_type=code), NATIONAL) == [("input.data.med_type", repr(code))]
    assert wrong(asked("2206", med_type="9999"), profile.form) == [("input.data.med_type", "'9999'")]
    assert wrong(asked("2206", insutype="2101"), profile.form) == [("input.data.insutype", "'2101'")]


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ({"local_codes": {"med_type": "2101"}}, "local_codes"),
        ({"name_length": 0}, "name_length"),
        ({"input_length": -1}, "input_length"),
        ({"oinfno_length": 3}, "oinfno_length"),
    ],
)
def test_a_file_that_cannot_be_used_names_the_key(own: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        profile_from("nowhere", {"title": "nowhere", **own})
    assert named in caught.value.problem
