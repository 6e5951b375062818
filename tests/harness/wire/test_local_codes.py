"""A province's own codes, put into national ones and back."""

import json
from typing import Any

import pytest

from harness.wire.institution import check, decode
from harness.wire.local_codes import answer_to_national, to_local, to_national
from harness.wire.profile import load_profile
from tests.simulators.platform_rigs import request

CODES = load_profile("unnamed-short-codes").cert_type_codes


def asked(code: object, **members: Any) -> Any:
    """1101 by a certificate of a type."""
    data = {"data": {"mdtrt_cert_type": code, "mdtrt_cert_no": "639999198503127031", "card_sn": "C1"}}
    return dict(decode(request("1101", data, number=1, sign_no="S1", **members)))


def test_the_profile_has_one_digit_for_each() -> None:
    assert CODES == {"01": "1", "02": "2", "03": "3"}


@pytest.mark.parametrize(("local", "national"), [("1", "01"), ("2", "02"), ("3", "03")])
def test_a_request_gets_national_codes_and_is_right(local: str, national: str) -> None:
    body = to_national(asked(local), CODES)
    assert body == asked(national)
    assert check("1101", body) == ()


@pytest.mark.parametrize("code", ["01", "02", "03"])
def test_a_national_code_is_none_there(code: str) -> None:
    problems = check("1101", to_national(asked(code), CODES))
    assert {problem.path for problem in problems} == {"input.data.mdtrt_cert_type"}
    assert any(f"{code}, not one of 1 2 3" in problem.seen for problem in problems)


@pytest.mark.parametrize("code", ["04", "9", "", None, 1, ["1"]])
def test_any_other_is_left_to_the_tables(code: object) -> None:
    assert to_national(asked(code), CODES) == asked(code)


@pytest.mark.parametrize("given", ["", None, 7, [], "no json", {"data": 1}, {"data": [{"mdtrt_cert_type": "1"}]}])
def test_a_strange_input_is_left_as_it_is(given: object) -> None:
    body = asked("1", input=given)
    assert to_national(body, CODES) == body
    assert to_national({}, CODES) == {}


def test_an_input_that_is_a_string_stays_one() -> None:
    body = asked("1")
    as_text = {**body, "input": json.dumps(body["input"])}
    found = to_national(as_text, CODES)
    assert isinstance(found["input"], str)
    assert json.loads(found["input"])["data"]["mdtrt_cert_type"] == "01"


def test_an_answer_has_the_province_s_codes_and_back() -> None:
    output = {"setlinfo": {"mdtrt_cert_type": "02", "setl_id": "S1"}, "setldetail": [{"mdtrt_cert_type": "02"}], "x": 1}
    local = to_local(output, CODES)
    assert local["setlinfo"] == {"mdtrt_cert_type": "2", "setl_id": "S1"}
    assert answer_to_national({"infcode": 0, "output": local}, CODES) == {"infcode": 0, "output": output}
    assert answer_to_national({"infcode": -1}, CODES) == {"infcode": -1}
