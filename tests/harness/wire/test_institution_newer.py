"""What newer provinces want of 2102, 2207, 3201 and 3202 beyond the national tables, by the profile that asks."""

from typing import Any

import pytest

from harness.wire.institution import NATIONAL, Form, check, decode
from harness.wire.profile import load_profile
from tests.simulators.hospital_rig import sample
from tests.simulators.platform_rigs import request

NEWER = load_profile("unnamed-newer").form
PACK = {"feedetl_sn": "1", "drug_trac_codg": "81", "trdn_flag": "0", "min_prcunt_type": "2"}
STATED = {"cash_payamt": "1.00", "clr_optins": "639900"}


def asked(infno: str, **members: Any) -> Any:
    """A request whose input has what the tables require; `members` beside it, or in its data."""
    found: dict[str, Any] = {**sample(infno), **{name: value for name, value in members.items() if name != "data"}}
    if "data" in members:
        found["data"] = {**found["data"], **members["data"]}
    return dict(decode(request(infno, found, number=1, sign_no="S1")))


def wrong(infno: str, form: Form = NEWER, **members: Any) -> list[str]:
    """The paths of all wrong fields."""
    return [problem.path for problem in check(infno, asked(infno, **members), form=form)]


@pytest.mark.parametrize("infno", ["2102", "2207", "2207A"])
@pytest.mark.parametrize("field", PACK)
def test_an_entry_of_trace_codes_has_every_field(infno: str, field: str) -> None:
    lacking = {name: value for name, value in PACK.items() if name != field}
    assert wrong(infno, drug_trac_info=[PACK]) == []
    assert wrong(infno, drug_trac_info=[PACK, lacking]) == [f"input.drug_trac_info[1].{field}"]
    of_both = [] if field in {"trdn_flag", "min_prcunt_type"} else [f"input.drug_trac_info[0].{field}"]
    assert wrong(infno, NATIONAL, drug_trac_info=[lacking]) == of_both


def test_the_inpatient_settlement_asks_for_none() -> None:
    assert wrong("2304", drug_trac_info=[{}]) == []


@pytest.mark.parametrize("node", ["", None, []])
def test_whether_any_is_due_is_for_the_platform_to_say(node: object) -> None:
    assert wrong("2207", drug_trac_info=node) == []


def test_3201_has_its_members_and_3202_as_before() -> None:
    assert wrong("3201", data=STATED) == []
    assert wrong("3201") == ["input.data.cash_payamt", "input.data.clr_optins"]
    assert wrong("3201", data={**STATED, "clr_optins": ""}) == ["input.data.clr_optins"]
    assert wrong("3201", NATIONAL) == []
    assert wrong("3202") == []


@pytest.mark.parametrize("infno", ["3201", "3202"])
@pytest.mark.parametrize(
    ("flag", "families"),
    [
        ("0", {"short", ""}),
        ("1", {"short", ""}),
        ("000", {""}),
        ("001", {""}),
        ("000000", {"long", ""}),
        ("000001", {"long", ""}),
        ("", {"short", "long", ""}),
        ("2", set()),
        (0, set()),
    ],
)
def test_refund_flags_are_of_the_province_s_family(infno: str, flag: object, families: set[str]) -> None:
    data = {**(STATED if infno == "3201" else {}), "refd_setl_flag": flag}
    taken = {family for family in ("short", "long", "") if not wrong(infno, Form(refund_flags=family), data=data)}
    assert taken == families


@pytest.mark.parametrize("value", ["1.005", "1,00", "1e2", "NaN", True, {}, "12345678901234567"])
def test_an_amount_with_a_third_decimal_or_none_at_all_is_wrong(value: object) -> None:
    assert wrong("3201", data={**STATED, "cash_payamt": value}) == ["input.data.cash_payamt"]


@pytest.mark.parametrize("value", ["1.00", "-1.00", "1", "1.000", 1, 0])
def test_an_amount_of_two_decimals_is_right(value: object) -> None:
    assert wrong("3201", data={**STATED, "cash_payamt": value}) == []


@pytest.mark.parametrize("given", [{"data": "x"}, {"data": []}, {}])
def test_strange_inputs_do_not_disturb(given: Any) -> None:
    body = {**asked("3201"), "input": given}
    assert all(problem.path.startswith("input") for problem in check("3201", body, form=NEWER))
    body = {**asked("2207"), "input": {**given, "drug_trac_info": [1, "x", None, {}]}}
    assert all(problem.path.startswith("input") for problem in check("2207", body, form=NEWER))
