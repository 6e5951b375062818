"""Two JSON values are compared place by place, each difference with what was expected and seen, in a line."""

from typing import Any

import pytest

from harness.judge.differences import NOTHING, How, brief, differences


def told(expected: Any, seen: Any) -> list[tuple[str, How, str, str]]:
    return [(one.place, one.how, one.expected, one.seen) for one in differences("f", expected, seen)]


@pytest.mark.parametrize(
    ("expected", "seen", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": True}, [("a", How.CHANGED, "1", "true")]),
        ({"a": 1}, {"a": 1.0}, [("a", How.CHANGED, "1", "1.0")]),
        ({"a": ""}, {"a": None}, [("a", How.CHANGED, '""', "null")]),
        ({"a": {"b": 1}}, {"a": {}}, [("a.b", How.LACKING, "1", NOTHING)]),
        ({"a": {}}, {"a": {"b": "x"}}, [("a.b", How.ADDED, NOTHING, "x")]),
        ({"a": {}}, {"a": []}, [("a", How.CHANGED, "{}", "[]")]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, [("a[2].b", How.CHANGED, "2", "3")]),
        ({"a": ["x", "y"]}, {"a": ["x"]}, [("a", How.CHANGED, '["x", "y"]', "1 entries; lacks 1: y")]),
        ({"a": ["x"]}, {"a": ["z", "x"]}, [("a", How.CHANGED, '["x"]', "2 entries; has 1 more: z")]),
        (
            {"a": ["x", "y"]},
            {"a": ["y", "x"]},
            [("a", How.CHANGED, '["x", "y"]', "2 entries; another order, or one twice")],
        ),
    ],
)
def test_each_place_is_named(expected: Any, seen: Any, found: list[Any]) -> None:
    assert told(expected, seen) == found


def test_a_long_list_is_counted_and_not_repeated() -> None:
    names = [f"pharmacy/case-{number}" for number in range(106)]
    (found,) = differences("verdict.json", {"missing": names}, {"missing": []})
    assert found.expected == "106 entries: pharmacy/case-0, pharmacy/case-1, pharmacy/case-2 (+103)"
    assert found.seen.startswith("0 entries; lacks 106: pharmacy/case-0")
    assert len(brief("x" * 1000)) < 250
    assert found.lines()[0] == "verdict.json, missing is not what the tape says"


@pytest.mark.parametrize("how", How)
def test_each_way_has_a_sentence_in_both_languages(how: How) -> None:
    (found,) = differences("manifest.json", {"a": 1}, {"a": 2})
    said = type(found)(file=found.file, how=how, place="a")
    assert said.en.startswith("manifest.json")
    assert "manifest.json" in said.zh
    assert said.zh != said.en
