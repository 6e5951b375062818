"""The kill matrix: who was caught by what, and that a survivor cannot be overlooked."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.errors import ConfigError
from reports.prove import print_proof, read_proof, render_proof

KILLED = {
    "name": "float-money",
    "text": "computes amounts with floats <b>",
    "killed": True,
    "by": [
        {"case": "pharmacy/a", "rule": "money-identities"},
        {"case": "pharmacy/b", "rule": "money-identities"},
        {"case": "pharmacy/b", "rule": "books-agree"},
    ],
    "run": "float-money/r",
}
SURVIVED = {"name": "skips-pre-settlement", "text": "skips 2101", "killed": False, "by": [], "run": "s"}
GOOD = {"verdict": "passed", "run": "reference", "passed": True}


def write(folder: Path, *mutants: dict[str, Any], reference: dict[str, Any]) -> Path:
    content = {"plan": "pharmacy", "mutants": list(mutants), "reference": reference}
    (folder / "prove.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_a_proof_holds_when_all_died_and_the_reference_passed(tmp_path: Path) -> None:
    assert read_proof(write(tmp_path, KILLED, reference=GOOD)).holds


@pytest.mark.parametrize(
    ("mutants", "reference"),
    [
        ([KILLED, SURVIVED], GOOD),
        ([], GOOD),
        ([KILLED], {"verdict": "failed"}),
        ([KILLED], {"verdict": "passed", "passed": False}),
        ([KILLED], {}),
    ],
)
def test_anything_less_is_no_proof(tmp_path: Path, mutants: list[dict[str, Any]], reference: dict[str, Any]) -> None:
    folder = write(tmp_path, *mutants, reference=reference)
    assert not read_proof(folder).holds
    assert 'class="verdict findings"' in render_proof(folder).read_text(encoding="utf-8")


def test_the_page_has_the_matrix(tmp_path: Path) -> None:
    text = render_proof(write(tmp_path, KILLED, SURVIVED, reference=GOOD)).read_text(encoding="utf-8")
    assert "1 / 2 killed" in text
    assert '<td class="miss">·</td>' in text
    assert '<td class="hit" title="pharmacy/a, pharmacy/b">2</td>' in text
    assert "✗ SURVIVED" in text
    assert "floats &lt;b&gt;" in text


def test_the_terminal_names_rules_and_survivors(tmp_path: Path) -> None:
    out = io.StringIO()
    print_proof(write(tmp_path, KILLED, SURVIVED, reference=GOOD), Console(file=out, width=140, color_system=None))
    text = out.getvalue()
    assert "1 / 2 mutants killed" in text
    assert "money-identities  (pharmacy/a, pharmacy/b)" in text
    assert "SURVIVED 漏网" in text


def test_a_folder_without_a_proof_is_your_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no readable prove\.json"):
        read_proof(tmp_path)


@pytest.mark.parametrize(("quick", "idle"), [(False, ("msgid-form",)), (True, ())])
def test_a_rule_that_caught_nothing_is_named_unless_it_was_never_asked(
    tmp_path: Path, *, quick: bool, idle: tuple[str, ...]
) -> None:
    folder = write(tmp_path, KILLED, reference=GOOD)
    content = json.loads((folder / "prove.json").read_text(encoding="utf-8"))
    content |= {"quick": quick, "rules": ["money-identities", "msgid-form", "books-agree"]}
    (folder / "prove.json").write_text(json.dumps(content), encoding="utf-8")
    assert read_proof(folder).idle == idle
    page = render_proof(folder).read_text(encoding="utf-8")
    assert ("<b>msgid-form</b>" in page) is bool(idle)
    table = io.StringIO()
    print_proof(folder, Console(file=table, width=120))
    assert ("msgid-form" in table.getvalue()) is bool(idle)


def test_a_mutant_of_one_province_says_so_and_the_reference_must_be_clean_there(tmp_path: Path) -> None:
    folder = write(tmp_path, {**KILLED, "profile": "jiangsu"}, reference=GOOD)
    content = json.loads((folder / "prove.json").read_text(encoding="utf-8"))
    for elsewhere, holds in ((GOOD, True), ({"verdict": "failed", "passed": False}, False)):
        (folder / "prove.json").write_text(
            json.dumps(content | {"elsewhere": {"jiangsu": elsewhere}}), encoding="utf-8"
        )
        assert read_proof(folder).holds is holds
        assert "jiangsu</dt>" in render_proof(folder).read_text(encoding="utf-8")
        out = io.StringIO()
        print_proof(folder, Console(file=out, width=140, color_system=None))
        assert "float-money (jiangsu)" in out.getvalue()
        assert ("jiangsu: passed" in out.getvalue()) is holds
