"""junit.xml says what CI must hear: only a good run is green."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reports.junit import write_junit
from tests.reports.conftest import CASES, plan_of

Change = Callable[[Path, Callable[[dict[str, Any]], dict[str, Any]]], None]


def read(folder: Path) -> ET.Element:
    return ET.parse(write_junit(folder)).getroot()


def test_counts_are_those_of_the_elements(run_folder: Path) -> None:
    root = read(run_folder)
    (suite,) = root
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "2",
        "skipped": "0",
    }
    assert root.get("tests") == "5"
    assert float(root.get("time", "0")) == pytest.approx(sum(float(t.get("time", "0")) for t in suite.iter("testcase")))


def test_a_case_carries_its_requirements(run_folder: Path) -> None:
    case = next(read(run_folder).iter("testcase"))
    assert (case.get("classname"), case.get("name")) == ("liantiao.pharmacy", "pharmacy/purchase")
    cited = [p.get("value") for p in case.iter("property") if p.get("name") == "requirement"]
    assert cited == ["GS-PHARMACY", "NX-ORIGINAL-SETTLEMENT-PATH"]


def test_a_failure_names_rule_clause_expected_seen_and_replay(run_folder: Path) -> None:
    (failure,) = read(run_folder).iter("failure")
    assert failure.get("type") == "books-agree, settled-at-most-once"
    text = failure.text or ""
    for part in (
        "critical",
        "clause: institution interface, transaction 2102",
        "expected: one settlement",
        "seen: 50.00",
    ):
        assert part in text
    assert "replay: liantiao certify pharmacy --case pharmacy/crash --seed 7" in text


def test_what_is_inconclusive_or_missing_is_an_error(run_folder: Path) -> None:
    errors = [(error.get("type"), error.get("message")) for error in read(run_folder).iter("error")]
    assert errors == [
        ("inconclusive", "the fault drop-byte on scanner scan #1 never happened"),
        ("missing", "the plan demands this case and it did not run"),
    ]


def test_a_certified_run_is_green(good_folder: Path) -> None:
    root = read(good_folder)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "0", "0")


def test_a_run_without_a_case_is_not_green(good_folder: Path, change: Change) -> None:
    (good_folder / "cases.jsonl").write_text("")
    change(good_folder / "manifest.json", lambda m: {**m, "cases": []})
    change(good_folder / "verdict.json", lambda v: {**v, "verdict": "inconclusive", "cases": {}})
    assert read(good_folder).get("errors") == "1"


def test_a_changed_tape_is_not_green(good_folder: Path, change: Change) -> None:
    change(good_folder / "verdict.json", lambda v: {**v, "tape_head": "11" * 32})
    (error,) = read(good_folder).iter("error")
    assert "tape_head is not what the tape says" in (error.text or "")


def test_a_run_without_a_verdict_is_not_green(good_folder: Path) -> None:
    (good_folder / "verdict.json").unlink()
    assert read(good_folder).get("errors") == "1"


def test_characters_that_xml_cannot_hold_are_replaced(write_good: Callable[..., Path]) -> None:
    folder = write_good(title="\u0000\u001b]]>\uffff<&")
    titles = [p.get("value") for p in read(folder).iter("property") if p.get("name") == "title"]
    assert titles == ["\ufffd\ufffd]]>\ufffd<&"]


def test_what_the_bench_lets_out_is_skipped_with_the_reason(write_good: Callable[..., Path]) -> None:
    root = read(write_good(plan=plan_of(CASES[:1], {"pharmacy/face": ("terminal",)})))
    (skipped,) = root.iter("skipped")
    assert skipped.get("message") == "left out: no terminal on the bench"
    (suite,) = root
    assert (suite.get("tests"), suite.get("skipped"), suite.get("errors")) == ("2", "1", "0")
    said = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert said["certificate"] == "restricted certificate"
    assert said["left-out"] == "1 left out: no terminal on the bench"


def test_a_plan_that_was_cut_is_named(good_folder: Path) -> None:
    said = {p.get("name"): p.get("value") or "" for p in read(good_folder).iter("property")}
    assert said["certificate"] == "certified"
    assert re.fullmatch(r"differs from the shipped plan: 1 of \d+ cases, 0 of \d+ rules.*", said["plan-differs"])
