"""What `liantiao judge` says of a run to people: the cases that did not pass, and what the run came to."""

from collections.abc import Iterator, Sequence

from harness.commands.judging import Judgement
from harness.judge.differences import Advice, Difference
from harness.judge.verdict import Verdict, explain
from reports.problems import problem_lines
from reports.run_verdict import RunVerdict, run_verdict
from reports.vocabulary import OUTCOMES, both

SHOWN = 8
"""So many cases that did not run are named."""


def judgement_lines(judgement: Judgement) -> Iterator[str]:
    """The lines, the verdict last."""
    for case in judgement.verdicts:
        if case.verdict is not Verdict.PASSED:
            yield explain(case)
    for name in judgement.missing[:SHOWN]:
        yield f"{'missing':12} {name}"
    if len(judgement.missing) > SHOWN:
        yield f"{'missing':12} +{len(judgement.missing) - SHOWN}"
    for line in problem_lines(judgement.problems, judgement.verdicts):
        yield line.plain
    sound = judgement.sound and not judgement.unchecked
    verdict = run_verdict(judgement.content, judgement.plan_gap, sound=sound, of=judgement.demandable)
    yield verdict.headline
    yield "   ".join(f"{count} {word}" for count, word, _ in counts_of(verdict))
    for note in verdict.notes:
        yield f"{note.en} {note.zh}"
    if judgement.signing is not None:
        yield f"signed by 签名密钥: {judgement.signing.fingerprint}"


def difference_lines(found: Sequence[Difference]) -> Iterator[str]:
    """The differences, those of a kind together, with the likely cause and what to try in both languages."""
    kinds: dict[Advice, list[Difference]] = {}
    for difference in found:
        kinds.setdefault(difference.advice, []).append(difference)
    for advice, alike in kinds.items():
        for difference in alike:
            yield from difference.lines()
        yield f"  likely cause 可能原因: {advice.cause[0]} {advice.cause[1]}"
        yield f"  try 处理建议: {advice.remedy[0]} {advice.remedy[1]}"


def counts_of(verdict: RunVerdict) -> tuple[tuple[int, str, str], ...]:
    """How many cases came to what: the count, the word, and the outcome that gives it its colour."""
    return (
        (verdict.demanded, "demanded 应执行", ""),
        (verdict.passed, both(OUTCOMES, "passed"), "passed"),
        (verdict.failed, both(OUTCOMES, "failed"), "failed"),
        (verdict.inconclusive, both(OUTCOMES, "inconclusive"), "inconclusive"),
        (len(verdict.missing), both(OUTCOMES, "missing"), "missing"),
        *(((verdict.left_out_count, both(OUTCOMES, "left-out"), "missing"),) if verdict.left_out else ()),
    )
