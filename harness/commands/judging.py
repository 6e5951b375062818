"""`liantiao judge RUN`: the verdicts again, from the tape alone, compared with what the run wrote down."""

import json
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BenchError
from harness.judge.history import read_histories
from harness.judge.plan import RuleTerms, Severity
from harness.judge.verdict import CaseVerdict, judge_case
from harness.line.folder import CASES, MANIFEST, TAPE
from harness.line.tape import ChainBreak, read_tape


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What judging a tape again gave."""

    verdicts: tuple[CaseVerdict, ...]
    broken: ChainBreak | None
    same: bool
    """Whether `cases.jsonl` holds the same bytes."""

    @property
    def text(self) -> str:
        """The verdicts as `cases.jsonl` has them."""
        return "".join(verdict.line() for verdict in self.verdicts)


def judge_run(folder: Path) -> Judgement:
    """Judge a run's tape again, by the rules of its manifest. Raises BenchError when the folder holds no run."""
    terms = _terms(folder)
    reading = read_tape(folder / TAPE)
    histories = read_histories(reading.records)
    verdicts = tuple(judge_case(history, terms) for history in histories)
    written = (folder / CASES).read_bytes() if (folder / CASES).exists() else b""
    mine = "".join(verdict.line() for verdict in verdicts).encode()
    return Judgement(verdicts=verdicts, broken=reading.broken, same=mine == written)


def _terms(folder: Path) -> dict[str, RuleTerms]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {
            name: RuleTerms(severity=Severity(said["severity"]), clause=said["clause"])
            for name, said in manifest["rules"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(
            f"{folder} holds no readable {MANIFEST}: {type(error).__name__}.",
            cause="this is not the folder of a run, or the run was cut short before its first case",
            remedy="name a folder below runs/",
        ) from error
