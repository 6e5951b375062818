"""The words of the joint test: none is missing that people may read, none is left of what is gone."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import harness
import simulators
from fixtures import fixture
from harness.faults.catalogue import Effect
from harness.judge.coverage import requirements
from harness.judge.plan import VIRTUAL_SUBJECT, load_plan, plan_ids
from harness.judge.verdict import Verdict
from harness.wire import voucher_messages as messages
from reports import step_words, vocabulary
from reports.coverage import State
from reports.run_verdict import Word

CHINESE = re.compile("[\u4e00-\u9fff]")
TOLD = {"event", "tell", "_tell", "_event"}
"""Functions by which simulators leave an event; the bench leaves its own by `event`."""
CALL = re.compile(r"\b(event|tell)\(")
BENCH_TALK = {"bench", "case"}
"""Channels of events, which stand where other calls have the event's name."""
BY_REPORTS = {"cashier", "certified", "findings", "not-covered", "not-run", "not-shown", "unlisted", "userQuery/bench"}
"""Words that reports themselves use, and a path that ends with a setting, the partner's name."""


@cache
def sources() -> dict[Path, str]:
    folders = [Path(str(package.__file__)).parent for package in (simulators, harness)]
    return {file: file.read_text("utf-8") for folder in folders for file in sorted(folder.rglob("*.py"))}


@cache
def literals() -> frozenset[str]:
    """Every text in the code, and every word in the data besides that of the words themselves."""
    words = Path(str(fixture("words.toml")))
    data = (f for f in words.parent.rglob("*.*") if f.suffix in {".toml", ".json"} and f.name != words.name)
    said = "\n".join([*sources().values(), *(file.read_text("utf-8") for file in data)])
    return frozenset(re.findall(r'"([^"\n]+)"', said)) | set(re.findall(r"^([a-z0-9-]+)\b", said, re.MULTILINE))


def events() -> Iterator[tuple[str, str]]:
    """The events that may stand on a tape, with where they are left."""
    for file, text in sources().items():
        for call in ast.walk(ast.parse(text)) if CALL.search(text) else ():
            if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in TOLD:
                if "harness" in file.parts and getattr(call.func, "attr", "") != "event":
                    continue
                for name in _names(call.args[:2]):
                    yield name, f"{file.name}:{call.lineno}"


def _names(arguments: list[ast.expr]) -> Iterator[str]:
    for argument in arguments:
        for choice in [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]:
            if isinstance(choice, ast.Constant) and isinstance(choice.value, str) and choice.value not in BENCH_TALK:
                yield choice.value


def told_otherwise() -> set[str]:
    """The events that a diagram has words of its own for."""
    tree = ast.parse(Path(str(step_words.__file__)).read_text("utf-8"))
    patterns = (case.pattern for case in ast.walk(tree) if isinstance(case, ast.match_case))
    return {n.value for p in patterns for n in ast.walk(p) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def library_calls() -> set[str]:
    """What is called by its own name: the terminal library's calls, and those of a terminal's own library."""
    (door,) = (text for file, text in sources().items() if file.name == "library_door.py")
    return {*messages.LIBRARY_CALLS, *re.findall(r"\{LIBRARY\}/([A-Za-z]+)", door)}


def due(subject: str) -> set[str]:
    """The words that must be in a table; those of the counter port are in test_step_words."""
    match subject:
        case "parties":
            return {one.name for one in entry_points(group="liantiao.simulators")}
        case "messages":
            return library_calls()
        case "events":
            return {name for name, _ in events()} - told_otherwise()
        case "effects":
            return set(Effect)
        case "areas":
            return {one.area for one in requirements().values()}
        case "outcomes":
            return {*State, *Verdict, *Word, "missing"}
        case _:
            plans = [load_plan(plan) for plan in plan_ids()]
            needed = {name for plan in plans for names in plan.needs.values() for name in names}
            # A machine's commands name themselves.
            return {VIRTUAL_SUBJECT, *(name for name in needed if name.islower())}


@pytest.mark.parametrize("subject", ["parties", "messages", "events", "effects", "areas", "outcomes", "lacks"])
def test_no_word_is_missing_that_people_may_read(subject: str) -> None:
    wanted = due(subject)
    assert wanted, "nothing was looked for"
    missing = sorted(wanted - set(getattr(vocabulary, subject.upper())))
    assert missing == [], f"write them into [{subject}] of fixtures/words.toml, in both languages"


@pytest.mark.parametrize("subject", ["effects", "lacks"])
def test_a_table_that_is_known_whole_has_nothing_else(subject: str) -> None:
    assert sorted(set(getattr(vocabulary, subject.upper())) - due(subject)) == []


def tables() -> dict[str, Mapping[str, object]]:
    found = {name.lower(): table for name, table in vars(vocabulary).items() if name.isupper() and name[0] != "_"}
    return {name: table for name, table in found.items() if isinstance(table, Mapping)}


def test_no_word_is_left_of_what_is_gone() -> None:
    known = literals() | {"/".join(text.split("/")[-n:]) for text in literals() for n in (1, 2)}
    left = {word for name, table in tables().items() if name != "sources" for word in table if word not in known}
    assert left - BY_REPORTS == set()


def test_every_word_is_said_in_both_languages() -> None:
    words = tomllib.loads(fixture("words.toml").read_text("utf-8"))
    assert set(tables()) == {*words, "colours", "signs"}
    assert set(words.pop("sources")) == {one.source.partition(" ")[0] for one in requirements().values()}
    for subject, table in words.items():
        for word, (english, chinese) in table.items():
            assert english.replace("‖", "").isascii(), (subject, word)
            assert CHINESE.search(chinese) or english == chinese, (subject, word)
