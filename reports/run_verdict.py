"""What came of a run, and the words for it: on the terminal, in the report, in JUnit and of `liantiao judge` alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.judge.charter import Scope, texts
from harness.judge.shipped import PlanGap
from reports.vocabulary import Pair, lack


class Word(StrEnum):
    """What came of a run: only the first yields a certificate."""

    CERTIFIED = "certified"
    PASSED = "passed"
    """Every case that ran passed, but they were not the whole plan."""
    FINDINGS = "findings"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text for people, in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Cases that the plan does not demand of this bench, and why."""

    lack: Text
    cases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunVerdict:
    """The verdict of a run; for a run that never got to one, what can be said from its cases."""

    word: Word
    certified: bool
    demanded: int
    passed: int
    failed: int
    inconclusive: int
    missing: tuple[str, ...]
    tape_head: str
    scope: Scope = Scope.PLAN
    of: int = 0
    """How many cases the plan demands of this bench; 0 when nobody knows."""
    left_out: tuple[LeftOut, ...] = ()
    """What the bench lets the plan leave out, of a run of the whole plan."""
    plan_differs: Text | None = None
    """How the plan differs from the one that ships; a certificate is never without this line."""
    sound: bool = True
    """Whether the evidence is whole and agrees with itself."""

    @property
    def restricted(self) -> bool:
        """Whether this is a certificate that does not cover the whole plan."""
        return self.certified and bool(self.left_out)

    @property
    def left_out_count(self) -> int:
        """How many cases are left out."""
        return sum(len(one.cases) for one in self.left_out)

    @property
    def not_included(self) -> Text:
        """The cases left out in a line: `16 left out: no terminal on the bench`."""
        return Text(
            en=f"{self.left_out_count} left out: {'; '.join(self._told(one, one.lack.en) for one in self.left_out)}",
            zh=f"未包含 {self.left_out_count} 项：{'；'.join(self._told(one, one.lack.zh) for one in self.left_out)}",
        )

    def _told(self, one: LeftOut, said: str) -> str:
        return said if len(self.left_out) == 1 else f"{said} ({len(one.cases)})"

    @property
    def name(self) -> Text:
        """What it is called: `certified`, or `restricted certificate`."""
        return Text(en="restricted certificate", zh="受限证书") if self.restricted else NAMES[self.word]

    @property
    def sentence(self) -> Text:
        """What that means."""
        if not self.sound and self.word is not Word.FINDINGS:
            return Text(
                en="The evidence is incomplete, cannot be checked, or is at odds with its own tape: it proves nothing.",
                zh="证据不完整、无法核对或与录带不一致，不能证明任何结论。",
            )
        if self.restricted:
            return Text(
                en="Every case that the plan demands of this bench passed; the certificate does not cover "
                f"the {self.not_included.en}.",
                zh=f"计划对本测试台要求的用例全部通过；证书{self.not_included.zh}。",
            )
        if self.word is Word.PASSED and self.scope is Scope.OWN:
            return Text(
                en=f"Every own case passed ({self.passed}), judged by the plan's rules. "
                "Own cases yield no certificate: that is for the plan's.",
                zh=f"{self.passed} 个自编用例按计划规则全部通过。自编用例不予认证，认证须执行计划用例。",
            )
        if self.word is Word.PASSED and self.of:
            return Text(
                en=f"Every case that ran passed, but only a part of the plan was asked for: {self._part.en}.",
                zh=f"所执行的用例全部通过，但仅要求执行计划的一部分：{self._part.zh}。",
            )
        return SENTENCES[self.word]

    @property
    def _part(self) -> Text:
        """`12 of 135 cases`."""
        return Text(
            en=f"{self.demanded} of {self.of} case{'' if self.of == 1 else 's'}",
            zh=f"{self.of} 个用例中的 {self.demanded} 个",
        )

    @property
    def headline(self) -> str:
        """The first line on a terminal: `CERTIFIED 通过认证`."""
        more = None
        if self.word is Word.PASSED:
            more = self._no_certificate
        elif not self.sound:
            more = UNSOUND
        told = f" ({more.en} {more.zh})" if more is not None else ""
        return f"{self.name.en.upper()} {self.name.zh}{told}"

    @property
    def _no_certificate(self) -> Text:
        if self.scope is not Scope.PART or not self.of:
            return PARTS[self.scope]
        return Text(
            en=f"only a part of the plan was asked for, {self._part.en}: no certificate",
            zh=f"仅执行计划 {self._part.zh}，不予认证",
        )

    @property
    def notes(self) -> tuple[Text, ...]:
        """What is never left unsaid beside the first line: what a certificate does not cover, a plan that was cut."""
        return (*([self.not_included] if self.left_out else []), *([self.plan_differs] if self.plan_differs else []))


UNSOUND = Text(
    en="the evidence is incomplete, unchecked or at odds with its tape", zh="证据不完整、未核对或与录带不一致"
)
NAMES: Mapping[Word, Text] = {
    Word.CERTIFIED: Text(en="certified", zh="通过认证"),
    Word.PASSED: Text(en="passed", zh="通过"),
    Word.FINDINGS: Text(en="findings", zh="存在问题"),
    Word.INCONCLUSIVE: Text(en="inconclusive", zh="无法判定"),
}
SENTENCES: Mapping[Word, Text] = {
    Word.CERTIFIED: Text(
        en="Every case that the plan demands passed; no rule found anything.", zh="计划要求的用例全部通过，未发现问题。"
    ),
    Word.PASSED: Text(
        en="Every case that ran passed, but only a part of the plan was asked for.",
        zh="所执行的用例全部通过，但仅要求执行计划的一部分。",
    ),
    Word.FINDINGS: Text(
        en="The system under test broke a rule; each finding is below with its frame and clause.",
        zh="被测系统违反规则；下文逐条列出报文与依据条款。",
    ),
    Word.INCONCLUSIVE: Text(
        en="The run proves nothing either way: something is missing or did not happen.",
        zh="本次运行不足以判定：有缺项，或计划的故障未发生。",
    ),
}
PARTS: Mapping[Scope, Text] = {
    Scope.PLAN: Text(en="no certificate", zh="不予认证"),
    Scope.PART: Text(en="only a part of the plan was asked for: no certificate", zh="仅执行部分计划，不予认证"),
    Scope.OWN: Text(en="own cases: no certificate", zh="自编用例，不予认证"),
}


def run_verdict(content: Mapping[str, Any], gap: PlanGap | None, *, sound: bool, of: int = 0) -> RunVerdict:
    """The verdict of what `verdict.json` holds; without `sound` evidence nothing is certified, and nothing passes."""
    counts = content.get("cases")
    counts = counts if isinstance(counts, Mapping) else {}
    certified = content.get("certified") is True
    match content.get("verdict"):
        case "passed" if sound:
            word = Word.CERTIFIED if certified else Word.PASSED
        case "failed":
            word = Word.FINDINGS
        case _:
            word = Word.FINDINGS if counts.get("failed") else Word.INCONCLUSIVE
    left_out = content.get("left_out")
    return RunVerdict(
        word=word,
        certified=word is Word.CERTIFIED,
        demanded=_whole(counts.get("demanded")),
        passed=_whole(counts.get("passed")),
        failed=_whole(counts.get("failed")),
        inconclusive=_whole(counts.get("inconclusive")),
        missing=texts(counts.get("missing")),
        tape_head=str(content.get("tape_head") or ""),
        scope=_scope(content.get("scope")),
        left_out=tuple(
            LeftOut(lack=_text(lack(str(lacks))), cases=texts(names))
            for lacks, names in (left_out.items() if isinstance(left_out, Mapping) else ())
        ),
        plan_differs=_plan_differs(content, gap),
        sound=sound,
        of=of,
    )


def _scope(value: object) -> Scope:
    return Scope(value) if isinstance(value, str) and value in set(Scope) else Scope.PLAN


def _plan_differs(content: Mapping[str, Any], gap: PlanGap | None) -> Text | None:
    """The difference from the plan that ships now; else the one that the run itself noted."""
    if gap is not None:
        return Text(en=gap.en, zh=gap.zh)
    told = str(content.get("plan_differs") or "")
    return Text(en=f"when it was run, the plan {told}", zh="运行时的计划与当时随附的计划不同") if told else None


def _text(pair: Pair) -> Text:
    return Text(en=pair[0], zh=pair[1])


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
