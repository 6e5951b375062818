"""What a run came to, on the terminal: its verdict, counts, findings by rule, and where to look next."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.judge.verdict import Finding
from harness.line.folder import REPORT
from reports.judgement import counts_of
from reports.masking import for_show
from reports.problems import problem_lines
from reports.replay import replay
from reports.run_folder import CaseResult, RunFolder, read_run_folder
from reports.vocabulary import COLOURS, OUTCOMES, both, printable, rule_in_chinese

SHOWN = 8
"""Findings of one rule, and doubtful or missing cases, that are listed; the report has them all."""


def print_summary(folder: Path, console: Console | None = None, *, as_json: bool = False) -> None:
    """Print what a run came to, for people or as one JSON line. Raises ConfigError when it is no run's folder."""
    console = console or Console(highlight=False)
    run = for_show(read_run_folder(folder))
    if as_json:
        console.file.write(json.dumps(_content(run), ensure_ascii=False) + "\n")
        return
    verdict = run.verdict
    colour = COLOURS.get(verdict.word.value, "")
    console.print(Text.assemble((verdict.headline, f"bold {colour}"), f"  {run.manifest.plan}"), soft_wrap=True)
    parts = [(f"{n} {word}", COLOURS.get(outcome, "") if n else "dim") for n, word, outcome in counts_of(verdict)]
    console.print(Text("   ").join(Text(text, style=style) for text, style in parts), soft_wrap=True)
    for note in verdict.notes:
        console.print(Text(f"! {note.en} {note.zh}", style="yellow"), soft_wrap=True)
    for gap in run.gaps:
        console.print(Text(printable(f"! {gap.en} {gap.zh}"), style="yellow"), soft_wrap=True)
    if any(case.findings for case in run.cases):
        console.print(findings_table(run))
    doubts = [f"? {case.case}: {reason}" for case in run.cases for reason in case.inconclusive]
    few = len(verdict.missing) <= SHOWN
    doubts += [f"– {name}: {both(OUTCOMES, 'missing')}" for name in verdict.missing if few]
    doubts += [] if few else [f"– {len(verdict.missing)} cases 用例: {both(OUTCOMES, 'missing')}"]
    for doubt in doubts[:SHOWN]:
        console.print(Text(printable(doubt), style="yellow"), soft_wrap=True)
    if len(doubts) > SHOWN:
        console.print(Text(f"  +{len(doubts) - SHOWN}, see the report 见报告", style="yellow"))
    _problems(run, console)
    if run.signing is not None:
        console.print(Text(f"signed by 签名密钥: {run.signing.fingerprint}"), soft_wrap=True)
    if (folder / REPORT).is_file():
        console.print(Text(f"report 报告: {folder / REPORT}"), soft_wrap=True)
    bad = next((case for case in run.cases if case.findings), None) or next(
        (case for case in run.cases if case.inconclusive), None
    )
    again = "" if bad is None else replay(run.manifest, bad)
    if again:
        console.print(Text(f"replay 重放: {again}"), soft_wrap=True)


def _problems(run: RunFolder, console: Console) -> None:
    for line in problem_lines(run.problems, run.cases):
        console.print(line, soft_wrap=True)


def _content(run: RunFolder) -> dict[str, object]:
    verdict = run.verdict
    return {
        "event": "ended",
        "verdict": verdict.word.value,
        "certified": verdict.certified,
        "restricted": verdict.restricted,
        "scope": verdict.scope.value,
        "left_out": {one.lack.en: list(one.cases) for one in verdict.left_out},
        "plan_differs": verdict.plan_differs.en if verdict.plan_differs is not None else "",
        "plan": run.manifest.plan,
        "cases": {
            "demanded": verdict.demanded,
            "passed": verdict.passed,
            "failed": verdict.failed,
            "inconclusive": verdict.inconclusive,
            "missing": list(verdict.missing),
        },
        "findings": [{"case": case.case, **vars(finding)} for case in run.cases for finding in case.findings],
        "inconclusive": [{"case": case.case, "reason": r} for case in run.cases for r in case.inconclusive],
        "problems": [vars(problem) for problem in run.problems],
        "signed_by": run.signing.fingerprint if run.signing is not None else "",
        "gaps": [gap.en for gap in run.gaps],
        "folder": str(run.path),
    }


def findings_table(run: RunFolder) -> Table:
    """The findings, rule by rule; a long word is folded and never cut, since its end may be all that tells it apart."""
    table = Table(expand=True, show_lines=True)
    table.add_column("rule 规则", ratio=2, overflow="fold")
    table.add_column("case 用例", ratio=2, overflow="fold")
    table.add_column("expected 应为 / seen 实际", ratio=3, overflow="fold")
    rules: dict[str, list[tuple[CaseResult, Finding]]] = {}
    for case in run.cases:
        for finding in case.findings:
            rules.setdefault(finding.rule, []).append((case, finding))
    for rule, found in sorted(rules.items()):
        first = found[0][1]
        about = Text.assemble(
            (rule, "bold"),
            (f" {first.severity}\n", "red"),
            "\n".join(filter(None, (first.sentence, rule_in_chinese(rule)))),
            (f"\n{first.clause}", "dim"),
        )
        for number, (case, finding) in enumerate(found[:SHOWN]):
            seen = Text.assemble(
                printable(finding.expected), ("\n→ ", "red"), printable(finding.seen), (f"  #{finding.seq}", "dim")
            )
            table.add_row(about if number == 0 else Text(rule, style="dim"), Text(printable(case.case)), seen)
        if len(found) > SHOWN:
            table.add_row(Text(rule, style="dim"), Text(f"+{len(found) - SHOWN}"), Text("see the report 见报告"))
    return table
