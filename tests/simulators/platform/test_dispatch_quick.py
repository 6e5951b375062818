"""The quick yes: always given to what our own adapter sends, and never to what the field tables refuse."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.population import people
from harness.wire.institution import TRANSACTIONS, check
from simulators.platform.dispatch_quick import surely_well_formed
from tests.simulators import platform_rigs as rigs
from tests.simulators.hospital_rig import sample

WRONG: tuple[object, ...] = (
    None, "", " ", "x", "X" * 5000, 0, 1, -1, 1.5, True, [], {}, [{}], [1], "2020-02-30 00:00:00",
    "2020-02-28 00:00:00",
    "2020-02-28 00:00:00\n", "1e5", "NaN", "-0.001", "12.345", "1.", ".5", "1\n", "１２", "99999999999999999999",
    "1000000000000000000",
    "P63999900001202002300000000001", "P63999900001202002280000000001", "01", "310", "9",
)  # fmt: skip


WITH_BYTES = {"9101"}
"""Transactions with a field of bytes, which are always looked at field by field."""


def well_formed() -> list[tuple[str, dict[str, Any]]]:
    keys = {"data": {"setl_id": "S1", "mdtrt_id": "M1", "psn_no": "1"}}
    purchase = rigs.purchase(people()[0], "A1")
    inputs: dict[str, dict[str, Any]] = {
        "9001": {"signIn": {"opter_no": "001", "mac": "", "ip": "10.0.0.7"}},
        "9002": {"signOut": {"sign_no": "N", "opter_no": "001"}},
        "1101": {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "639999198503127031"}},
        "2101": purchase,
        "2102": purchase,
        "2103": keys,
        "2601": {"data": {"psn_no": "1", "omsgid": rigs.msgid(1), "oinfno": "2102"}},
        "5203": keys,
    }
    inputs |= {infno: sample(infno) for infno in TRANSACTIONS if infno not in inputs and infno not in WITH_BYTES}
    return [(infno, rigs.answered(rigs.request(infno, data, number=1))) for infno, data in inputs.items()]


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Every place below a value."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*path, index))


def changed(body: dict[str, Any], path: tuple[Any, ...], value: object, *, drop: bool = False) -> dict[str, Any]:
    """A copy with another value in one place, or none."""
    found = copy.deepcopy(body)
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return found


@pytest.mark.parametrize(("infno", "body"), well_formed(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_well_formed_gets_a_quick_yes(infno: str, body: dict[str, Any]) -> None:
    assert check(infno, body) == ()
    assert surely_well_formed(infno, body, insuplc_required=True)


@pytest.mark.parametrize(("infno", "body"), well_formed(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_gets_a_quick_yes_breaks_no_rule(infno: str, body: dict[str, Any]) -> None:
    refused = 0
    for path in places(body):
        variants = [changed(body, path, value) for value in WRONG] + [changed(body, path, None, drop=True)]
        for variant in variants:
            if isinstance(variant.get("infno"), dict | list):
                continue  # the dispatcher refuses those before any table is looked at
            for required in (True, False):
                problems = check(infno, variant, insuplc_required=required)
                refused += bool(problems)
                if surely_well_formed(infno, variant, insuplc_required=required):
                    assert problems == (), (path, problems)
    assert refused > 100


def test_every_transaction_is_known_and_only_the_called_one_passes() -> None:
    for infno, body in well_formed():
        for other in TRANSACTIONS:
            assert surely_well_formed(other, body, insuplc_required=True) == (other == infno)


def test_optional_fields_of_every_table_pass_when_they_are_right() -> None:
    infno, body = next(pair for pair in well_formed() if pair[0] == "2102")
    line = body["input"]["drugdetail"][0]
    line |= {"rxno": "R1", "prd_days": "7.5", "bilg_dr_name": "", "tcmdrug_used_way": None}
    assert check(infno, body) == ()
    assert surely_well_formed(infno, body, insuplc_required=True)


def test_random_pairs_of_changes_agree() -> None:
    draw = random.Random(7)
    infno, body = next(pair for pair in well_formed() if pair[0] == "2102")
    every = list(places(body))
    for _ in range(400):
        variant = body
        for path in draw.sample([path for path in every if len(path) != 1 or path[0] != "input"], 2):
            try:
                variant = changed(variant, path, draw.choice(WRONG))
            except (KeyError, IndexError, TypeError):
                continue
        if isinstance(variant.get("infno"), str) and surely_well_formed(infno, variant, insuplc_required=True):
            assert check(infno, variant) == ()
