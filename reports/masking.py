"""A run as it may be shown: without personal data, unless every device was a simulator and all data is synthetic."""

from dataclasses import replace

from harness.judge.verdict import Finding
from harness.line.mask import Mask
from harness.line.tape import TapeReading
from reports.run_folder import CaseResult, RunFolder


def for_show(run: RunFolder) -> RunFolder:
    """The run with personal data hidden, in frames as in findings; itself when the manifest says all was virtual."""
    if run.manifest.all_virtual:
        return run
    mask = Mask(run.tape.records if run.tape else ())
    gaps = tuple(replace(gap, en=_text(gap.en, mask), zh=_text(gap.zh, mask)) for gap in run.gaps)
    return replace(run, cases=tuple(_case(case, mask) for case in run.cases), tape=_tape(run.tape, mask), gaps=gaps)


def _tape(tape: TapeReading | None, mask: Mask) -> TapeReading | None:
    if tape is None:
        return None
    return replace(tape, records=tuple(replace(record, data=mask.hide(record.data)) for record in tape.records))


def _case(case: CaseResult, mask: Mask) -> CaseResult:
    return replace(
        case,
        title=_text(case.title, mask),
        findings=tuple(_finding(finding, mask) for finding in case.findings),
        inconclusive=tuple(_text(reason, mask) for reason in case.inconclusive),
    )


def _finding(finding: Finding, mask: Mask) -> Finding:
    return replace(finding, expected=_text(finding.expected, mask), seen=_text(finding.seen, mask))


def _text(text: str, mask: Mask) -> str:
    return mask.hide(text.encode(errors="replace")).decode(errors="replace")
