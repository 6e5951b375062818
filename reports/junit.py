"""`junit.xml` of a run, in the form (xunit1) that CI servers read: one test case a case of the run.

A finding is a failure, an inconclusive case an error of that type, and so is a demanded case that did not run; one that
the plan lets this bench leave out is skipped, with the reason. A run
that yields no certificate although no case says why (the tape was changed, no case ran) has one more test case,
`certificate`, which is an error: nothing but a certified or, for a part of a plan, passed run looks green.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.judge.problems import Problem
from harness.judge.verdict import Verdict
from harness.line.folder import JUNIT
from reports.masking import for_show
from reports.replay import replay
from reports.run_folder import CaseResult, RunFolder, Word, read_run_folder
from reports.whole import write_whole

FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def write_junit(folder: Path) -> Path:
    """Write `junit.xml` into a run's folder and return its path. Raises ConfigError when it is no run's folder."""
    target = folder / JUNIT
    root = junit(for_show(read_run_folder(folder)))
    indent(root)
    write_whole(target, tostring(root, encoding="utf-8", xml_declaration=True))
    return target


def junit(run: RunFolder) -> Element:
    """The document's root."""
    root = Element("testsuites")
    suite = SubElement(root, "testsuite", name=_clean(f"liantiao.{run.manifest.plan or 'run'}"))
    if run.manifest.started:
        suite.set("timestamp", _clean(run.manifest.started[:19]))
    _properties(suite, _about(run))
    for case in run.cases:
        _case(suite, run, case)
    for name in run.verdict.missing:
        test = _test(suite, run, name, elapsed_ms=0)
        _problem(test, "error", kind="missing", message="the plan demands this case and it did not run", text="")
    for left in run.verdict.left_out:
        for name in left.cases:
            SubElement(_test(suite, run, name, elapsed_ms=0), "skipped", message=_clean(f"left out: {left.lack.en}"))
    _certificate(suite, run)
    tests = list(suite.iter("testcase"))
    counts = {
        "tests": len(tests),
        "failures": len(list(suite.iter("failure"))),
        "errors": len(list(suite.iter("error"))),
    }
    seconds = _seconds(sum(case.elapsed_ms for case in run.cases))
    for element in (root, suite):
        for name, count in counts.items():
            element.set(name, str(count))
        element.set("time", seconds)
    suite.set("skipped", str(len(list(suite.iter("skipped")))))
    return root


def _about(run: RunFolder) -> dict[str, str]:
    manifest = run.manifest
    return {
        "liantiao": manifest.version,
        "plan": manifest.plan,
        "bench": manifest.bench,
        "profile": manifest.profile,
        "seed": "" if manifest.seed is None else str(manifest.seed),
        "adapter": f"{manifest.subject_name} {manifest.subject_version}".strip(),
        "verdict": run.verdict.word.value,
        "certificate": run.verdict.name.en if run.verdict.certified else "none",
        "left-out": run.verdict.not_included.en if run.verdict.left_out else "",
        "plan-differs": run.verdict.plan_differs.en if run.verdict.plan_differs is not None else "",
        "tape-head": run.verdict.tape_head,
        "signed-by": run.signing.fingerprint if run.signing is not None else "",
    }


def _case(suite: Element, run: RunFolder, case: CaseResult) -> None:
    test = _test(suite, run, case.case, elapsed_ms=case.elapsed_ms)
    properties = [("title", case.title), *(("requirement", name) for name in case.requirements)]
    properties += [("fault", f"{f.effect} {f.party} {f.message} #{f.nth}") for f in case.faults]
    listed = SubElement(test, "properties")
    for name, value in properties:
        SubElement(listed, "property", name=name, value=_clean(value))
    command = replay(run.manifest, case)
    again = f"replay: {command}" if command else ""
    if case.outcome is Verdict.FAILED:
        blocks = [
            f"{f.rule} ({f.severity}): {f.sentence}\n  clause: {f.clause}\n  expected: {f.expected}\n"
            f"  seen: {f.seen}\n{_helpful(run.problem_at(f.seq))}  record: #{f.seq}"
            for f in case.findings
        ]
        rules = sorted({f.rule for f in case.findings})
        message = f"{len(case.findings)} finding(s): {', '.join(rules)}"
        text = "\n\n".join(filter(None, [*blocks, again]))
        _problem(test, "failure", kind=", ".join(rules), message=message, text=text)
    elif case.outcome is Verdict.INCONCLUSIVE:
        told = (f"{reason}\n{_helpful(run.problem_of(case, reason))}".rstrip() for reason in case.inconclusive)
        reasons = "\n".join(told)
        message = case.inconclusive[0] if case.inconclusive else "the case proves nothing"
        _problem(test, "error", kind="inconclusive", message=message, text=f"{reasons}\n\n{again}".rstrip())


def _helpful(problem: Problem | None) -> str:
    return "" if problem is None else f"  likely cause: {problem.cause}\n  try: {problem.remedy}\n"


def _certificate(suite: Element, run: RunFolder) -> None:
    said = suite.find(".//failure") is not None or suite.find(".//error") is not None
    if said or (run.verdict.word in {Word.CERTIFIED, Word.PASSED} and run.cases and not run.gaps):
        return
    test = SubElement(suite, "testcase", classname="liantiao", name="certificate", time="0.000")
    reasons = "\n".join(gap.en for gap in run.gaps) or "no case ran"
    _problem(test, "error", kind="inconclusive", message="the run yields no certificate", text=reasons)


def _test(suite: Element, run: RunFolder, name: str, *, elapsed_ms: float) -> Element:
    return SubElement(
        suite,
        "testcase",
        classname=_clean(f"liantiao.{run.manifest.plan or 'run'}"),
        name=_clean(name),
        time=_seconds(elapsed_ms),
    )


def _problem(test: Element, tag: str, *, kind: str, message: str, text: str) -> None:
    SubElement(test, tag, type=_clean(kind), message=_clean(message)).text = _clean(text)


def _properties(parent: Element, values: Mapping[str, str]) -> None:
    listed = SubElement(parent, "properties")
    for name, value in values.items():
        SubElement(listed, "property", name=name, value=_clean(value))


def _seconds(elapsed_ms: float) -> str:
    return f"{elapsed_ms / 1000:.3f}"


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
