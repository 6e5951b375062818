"""Words of the joint test in English and Chinese: parties, messages, effects of faults, areas of requirements.

They stand in `fixtures/words.toml`. A word that is not there is shown as it is, so that a third party's device needs
nothing there.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache

from fixtures import fixture

Pair = tuple[str, str]
"""English, Chinese."""

_WORDS = tomllib.loads(fixture("words.toml").read_text(encoding="utf-8"))


def _pairs(subject: str) -> Mapping[str, Pair]:
    return {word: (english, chinese) for word, (english, chinese) in _WORDS[subject].items()}


PARTIES = _pairs("parties")
"""Life lines, by the kind of device."""
MESSAGES = _pairs("messages")
"""HTTP messages by transaction number, transType, or the end of their path; see `message`."""
VERBS = _pairs("verbs")
"""What crosses the counter port."""
REASONS = _pairs("reasons")
"""Why the counter refuses."""
EVENTS = _pairs("events")
"""What devices say of themselves."""
EFFECTS = _pairs("effects")
"""What a fault does."""
AREAS = _pairs("areas")
"""Areas of the catalogue of requirements."""
OUTCOMES = _pairs("outcomes")
"""Verdicts, and what stands in the place of one."""
LACKS = _pairs("lacks")
"""Why a case is left out: what is lacking, by the name that a plan's `needs` uses."""
SOURCES: Mapping[str, str] = _WORDS["sources"]
"""The documents that requirements come from, by the mark that the catalogue uses."""
COLOURS: Mapping[str, str] = {
    "passed": "green",
    "certified": "bold green",
    "failed": "bold red",
    "findings": "bold red",
    "inconclusive": "yellow",
    "missing": "yellow",
}
"""Outcomes on a terminal."""
SIGNS: Mapping[str, str] = {"passed": "✓", "failed": "✗", "inconclusive": "?"}


def pair(table: Mapping[str, Pair], word: str) -> Pair:
    """English and Chinese of a word; itself and nothing when the table has none."""
    return table.get(word, (word, ""))


def both(table: Mapping[str, Pair], word: str) -> str:
    """A word in English and Chinese in one line."""
    return " ".join(part for part in pair(table, word) if part)


def lack(name: str) -> Pair:
    """Why a case is left out, in English and Chinese."""
    return LACKS.get(name, (f"what is under test does not offer {name}", f"被测对象不支持 {name}"))


@cache
def message(name: str) -> str:
    """A message as people call it, in English and Chinese; a transaction's own table of fields names it first."""
    table = fixture(f"institution/{name}.toml") if name.isalnum() else None
    if table is not None and table.is_file():
        head = tomllib.loads(table.read_text(encoding="utf-8"))
        said = f"{head.get('english', '')} {head.get('name', '')}".strip()
    else:
        said = both(MESSAGES, name)
    return f"{name} {said}" if name[:1].isdigit() and said != name else said


@cache
def rules_in_chinese() -> Mapping[str, str]:
    """The sentence of each rule in Chinese, by its id."""
    return tomllib.loads(fixture("rules_zh.toml").read_text(encoding="utf-8"))


def rule_in_chinese(name: str) -> str:
    """What a rule demands, in Chinese; empty for one that is not ours."""
    return rules_in_chinese().get(name, "")


def source(reference: str) -> str:
    """A requirement's source with its document's full name: `青医保办发〔2020〕88号 1.1`."""
    mark, _, place = reference.partition(" ")
    return f"{SOURCES[mark]} {place}" if mark in SOURCES else reference


def printable(text: str) -> str:
    """A text that cannot steer a terminal: control characters are replaced, line ends and tabs stay."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)
