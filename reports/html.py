"""`report.html` of a run: one file, no network, readable without scripts, on paper and in the dark.

Everything on it comes from the run's folder, and the same folder gives the same bytes. What the tape holds is text here
and never markup; a content security policy allows the page's own script, by its digest, and nothing else.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.judge.history import CaseHistory
from harness.judge.problems import Problem
from harness.judge.verdict import Finding
from harness.line.folder import REPORT
from harness.line.record import Kind, Record
from reports import vocabulary
from reports.coverage import SILENT, State, coverage, silent_states
from reports.diagram import draw
from reports.frames import Shown, filled, marked, same, show
from reports.masking import for_show
from reports.opened import Opens, nothing, opens
from reports.packing import pack, to_pack
from reports.replay import replay
from reports.run_folder import CaseResult, RunFolder, read_run_folder
from reports.whole import write_whole

TEMPLATES = Path(__file__).parent / "templates"
NEIGHBOURS = 2
"""Records shown before and after the one that a finding points at."""
WIDE = 120
"""Characters in a line of a record, but for the lines that a finding points at."""
SHORT = 200
"""Bytes of a frame that are shown again, and not as those of a record before."""
LONG = 20_000
"""With more records than this on the tape, a page shows those of troubled cases only; else no browser would like it."""
OPEN_AT_MOST = 3
"""Cases that did not pass are open from the start when there are no more than these."""


@dataclass(frozen=True, kw_only=True)
class FrameView:
    """A record on the page."""

    shown: Shown
    own: bool
    """Whether it is the finding's own record and no neighbour."""


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """A finding with its record and those around it."""

    number: int
    finding: Finding
    frames: tuple[FrameView, ...]
    problem: Problem | None
    """What the case ran into, where the finding is of that."""


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A case on the page."""

    anchor: str
    result: CaseResult
    replay: str
    open: bool
    diagram: str
    """SVG; escaped by who drew it."""
    records: tuple[Shown, ...]
    """Every record; of a case that passed without HTTP headers, and none of a long run's: `liantiao tape` has them."""
    steps: str = ""
    """Diagram and records as HTML; escaped by the template they are of."""
    packed: str = ""
    """The same for the page's script, where the page would be too large."""
    findings: tuple[FindingView, ...]
    doubts: tuple[tuple[str, Problem | None], ...]
    """Why it is inconclusive, each with what it ran into."""


@dataclass(frozen=True, kw_only=True)
class RuleView:
    """A rule with what the run found of it."""

    id: str
    sentence: str
    severity: str
    clause: str
    cases: tuple[tuple[CaseView, int], ...]
    """The cases with findings of this rule, and how many."""

    @property
    def groups(self) -> list[tuple[str, str, int]]:
        """The cases by the name that their variants share: anchor of the first, what to call it, findings if more."""
        shared: dict[str, list[tuple[CaseView, int]]] = {}
        for view, count in self.cases:
            shared.setdefault(view.result.case.partition("[")[0], []).append((view, count))
        return [
            (
                found[0][0].anchor,
                found[0][0].result.case if len(found) == 1 else f"{name}[… ×{len(found)}]",
                findings if (findings := sum(count for _, count in found)) > len(found) else 0,
            )
            for name, found in shared.items()
        ]


def render_report(folder: Path) -> Path:
    """Write `report.html` into a run's folder and return its path. Raises ConfigError when it is no run's folder."""
    target = folder / REPORT
    page = report_page(for_show(read_run_folder(folder)))
    write_whole(target, page.encode(errors="backslashreplace"))  # a file that was tampered with holds anything
    return target


def report_page(run: RunFolder) -> str:
    """The page of a run."""
    troubled = sum(case.outcome != "passed" for case in run.cases)
    long = run.tape is not None and len(run.tape.records) > LONG
    cases = [
        _case_view(run, case, f"c{number}", few=troubled <= OPEN_AT_MOST, brief=long and case.outcome == "passed")
        for number, case in enumerate(run.cases, 1)
    ]
    cases = _with_steps(cases)
    return render(
        "report.html.j2",
        run=run,
        cases=cases,
        by_case={view.result.case: view for view in cases},
        areas=coverage(run.cases, silent_states(run, _citations(run))),
        rules=_rules(run, cases),
        State=State,
        SILENT=SILENT,
    )


def _with_steps(cases: Sequence[CaseView]) -> list[CaseView]:
    """The same with their diagrams and records, packed where there is too much of it."""
    template = _environment().get_template("steps.html.j2")
    steps = [template.render(view=view, words=vocabulary) for view in cases]
    packed = to_pack([len(text.encode()) for text in steps], [view.result.outcome == "passed" for view in cases])
    return [
        replace(view, packed=pack(text)) if packs else replace(view, steps=text)
        for view, text, packs in zip(cases, steps, packed, strict=True)
    ]


def _citations(run: RunFolder) -> Mapping[str, Sequence[str]]:
    """What the plan's cases cite, where some of them did not run."""
    ran = {case.case for case in run.cases}
    if not run.verdict.left_out and ran.issuperset(run.manifest.cases):
        return {}
    from reports.plan_citations import citations

    return citations(run.manifest.plan)


def render(template: str, **context: object) -> str:
    """A page from a template of this package, with the shared style, script and words."""
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = _environment().get_template(template)
    return page.render(style=style, script=script, script_digest=digest, words=vocabulary, **context)


def compile_pages() -> None:
    """Compile every template now; else each is when the first page is made from it."""
    for name in _environment().list_templates(extensions=["j2"]):
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    environment.filters["body"] = body
    environment.filters["in_chinese"] = vocabulary.rule_in_chinese
    return environment


def duration(elapsed_ms: float) -> str:
    """A duration for people: `12 ms`, `1.24 s`."""
    return f"{elapsed_ms:.0f} ms" if elapsed_ms < 1000 else f"{elapsed_ms / 1000:.2f} s"


def body(text: str) -> Markup:
    """A text escaped for the inside of an element, where quotation marks are harmless and frames are full of them."""
    return Markup(escape(text, quote=False))  # noqa: S704 - escaped here


def _case_view(run: RunFolder, case: CaseResult, anchor: str, *, few: bool, brief: bool) -> CaseView:
    history = run.history(case)
    records = history.records if history and not brief else ()
    passed = case.outcome == "passed"
    opened = opens(history) if run.manifest.all_virtual else nothing
    marks: dict[int, str] = {}
    for number, finding in enumerate(case.findings, start=1):
        marks[finding.seq] = f"{marks[finding.seq]}, {number}" if finding.seq in marks else str(number)
    return CaseView(
        anchor=anchor,
        result=case,
        replay=replay(run.manifest, case),
        open=few and not passed,
        diagram=draw(history, anchor="" if brief else anchor, marks=marks) if history else "",
        records=tuple(_records(records, opened, headers=not passed)),
        findings=tuple(
            FindingView(
                number=number,
                finding=finding,
                frames=_frames(finding, run, history, opened),
                problem=run.problem_at(finding.seq),
            )
            for number, finding in enumerate(case.findings, start=1)
        ),
        doubts=tuple((reason, run.problem_of(case, reason)) for reason in case.inconclusive),
    )


def _records(records: Sequence[Record], opened: Opens, *, headers: bool) -> Iterator[Shown]:
    """Records for the page; what two of the bench's parties have recorded alike is shown once."""
    first: dict[bytes, int] = {}
    for record in records:
        if not _worth_showing(record):
            continue
        seq = first.setdefault(record.data, record.seq) if record.kind is Kind.FRAME else record.seq
        if seq != record.seq and len(record.data) > SHORT:
            yield same(record, seq)
        else:
            yield filled(show(record, headers=headers, opened=opened(record)), WIDE)


def _worth_showing(record: Record) -> bool:
    return record.kind is Kind.FRAME or record.name not in {"volatile", "case-start", "case-end"}


def _frames(finding: Finding, run: RunFolder, history: CaseHistory | None, opened: Opens) -> tuple[FrameView, ...]:
    records: Sequence[Record] = history.records if history else run.tape.records if run.tape else ()
    at = next((i for i, record in enumerate(records) if record.seq == finding.seq), None)
    if at is None:
        return ()
    views = []
    for record in records[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]:
        own = record.seq == finding.seq
        shown = show(record, opened=opened(record))
        if own:
            shown = marked(shown, expected=finding.expected, seen=finding.seen)
        views.append(FrameView(shown=filled(shown, WIDE), own=own))
    return tuple(views)


def _rules(run: RunFolder, cases: Iterable[CaseView]) -> list[RuleView]:
    found: dict[str, list[tuple[CaseView, Finding]]] = {}
    for view in cases:
        for finding in view.result.findings:
            found.setdefault(finding.rule, []).append((view, finding))
    notes = {note.id: note for note in run.manifest.rules}
    views = []
    for name in sorted({*notes, *found}):
        mine = found.get(name, [])
        first = mine[0][1] if mine else None
        note = notes.get(name)
        counts: Mapping[str, tuple[CaseView, int]] = {
            view.anchor: (view, sum(other is view for other, _ in mine)) for view, _ in mine
        }
        views.append(
            RuleView(
                id=name,
                sentence=first.sentence if first else _sentence(name),
                severity=note.severity if note else first.severity if first else "",
                clause=note.clause if note else first.clause if first else "",
                cases=tuple(counts.values()),
            )
        )
    return views


def _sentence(rule: str) -> str:
    from harness.rules.registry import all_rules

    known = all_rules().get(rule)
    return known.sentence if known else ""
