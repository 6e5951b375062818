"""The diagram is well-formed, deterministic, as wide as its parties and marks what findings point at."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.judge.history import CaseHistory
from reports.diagram import LANE, MARGIN, draw, text_width, wrap
from reports.run_folder import read_run_folder

SVG = "{http://www.w3.org/2000/svg}"


def drawn(history: CaseHistory, *, anchor: str = "", marks: Mapping[int, str] | None = None) -> ET.Element:
    """All sheets of a diagram below one element."""
    return ET.fromstring(f"<div>{draw(history, anchor=anchor, marks=marks)}</div>")


def histories(folder: Path) -> list[CaseHistory]:
    run = read_run_folder(folder)
    return [history for case in run.cases if (history := run.history(case)) is not None]


@pytest.mark.parametrize("number", range(4))
def test_every_diagram_is_well_formed_and_says_the_same_twice(run_folder: Path, number: int) -> None:
    history = histories(run_folder)[number]
    assert {sheet.tag for sheet in drawn(history, anchor="c1")} == {f"{SVG}svg"}
    assert draw(history, anchor="c1") == draw(history, anchor="c1")


def test_the_width_is_that_of_the_parties(run_folder: Path) -> None:
    for sheet in drawn(histories(run_folder)[0]):
        assert sheet.get("width") == str(MARGIN + 6 * LANE)
        assert len(sheet.findall(f"{SVG}line")) == 6


def test_a_long_case_goes_on_in_sheets_that_fit_on_paper(run_folder: Path) -> None:
    sheets = list(drawn(histories(run_folder)[0]))
    assert len(sheets) > 1
    assert all(float(sheet.get("height", "0")) < 900 for sheet in sheets)
    assert {sum(e.tag == f"{SVG}g" and (e.get("class") or "").startswith("party") for e in s) for s in sheets} == {6}


def test_hostile_text_stays_text(run_folder: Path) -> None:
    root = drawn(histories(run_folder)[3], anchor='"><script>')
    assert not [element for element in root.iter() if "script" in element.tag or "img" in element.tag]
    assert any("<script>alert(1)" in (element.text or "") for element in root.iter(f"{SVG}title"))


def test_every_step_links_to_its_record(run_folder: Path) -> None:
    history = histories(run_folder)[0]
    links = {a.get("href") for a in drawn(history, anchor="c1").iter(f"{SVG}a")}
    exchanged = {f"#c1-r{m.seq}" for e in history.exchanges for m in (e.request, e.reply) if m}
    assert exchanged <= links
    assert {f"#c1-r{line.seq}" for line in history.port} <= links


def test_a_marked_record_is_red_and_bears_its_number(run_folder: Path) -> None:
    history = histories(run_folder)[1]
    seq = next(e for e in history.exchanges if e.infno == "2102").request.seq
    plain = drawn(history, anchor="c1")
    marked = drawn(history, anchor="c1", marks={seq: "3"})
    assert not [a for a in plain.iter(f"{SVG}a") if "bad" in (a.get("class") or "").split()]
    (red,) = (a for a in marked.iter(f"{SVG}a") if "bad" in (a.get("class") or "").split())
    assert red.get("href") == f"#c1-r{seq}"
    assert [t.text for t in red.iterfind(f"{SVG}g[@class='badge']/{SVG}text")] == ["3"]


def test_a_mark_on_a_record_that_is_not_drawn_goes_to_the_step_before(run_folder: Path) -> None:
    history = histories(run_folder)[1]
    end = drawn(history, anchor="c1", marks={history.records[-1].seq: "1"})
    (red,) = (a for a in end.iter(f"{SVG}a") if "bad" in (a.get("class") or "").split())
    assert red.get("href") == f"#c1-r{history.records[-2].seq}"


def test_steps_do_not_overlap(run_folder: Path) -> None:
    for sheet in drawn(histories(run_folder)[0]):
        rows = [float(t.get("y", "0")) for t in sheet.iter(f"{SVG}text") if t.get("class") == "no"]
        assert rows == sorted(rows)
        assert min(after - before for before, after in itertools.pairwise(rows)) >= 20
        assert float(sheet.get("height", "0")) > rows[-1]


@pytest.mark.parametrize(
    "text", ["short", "a longer text that must break", "P63999900001202010140830000001" * 3, "药店结算撤销" * 20]
)
def test_wrapped_lines_fit_and_are_at_most_three(text: str) -> None:
    lines = wrap(text, 150, 11)
    assert 1 <= len(lines) <= 3
    assert all(text_width(line, 11) <= 150 for line in lines)


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    assert wrap("x" * 500, 100, 11)[-1].endswith("…")
    assert "".join(wrap("P63999900001202010140830000001", 150, 11)) == "P63999900001202010140830000001"
    assert wrap("", 100, 11) == ()
