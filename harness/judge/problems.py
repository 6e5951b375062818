"""What cases ran into, as the tape tells it: the problem with its likely cause and what to try. No rule here.

A finding or a doubt has the problem alone, in one line; whoever shows it to people finds the rest here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.judge.history import CASE
from harness.line.record import Kind, Record


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One `problem` event; cause and remedy may have several lines, the last ones of a log for instance."""

    seq: int
    blame: str
    """The name of the error's type, `assertion` for a check of the case, `case` for what broke in its own code."""
    problem: str
    cause: str
    remedy: str

    @property
    def doubt(self) -> str:
        """How a verdict words it where it says nothing about the system under test."""
        return f"{self.blame}: {self.problem}"


def read_problems(records: Iterable[Record]) -> tuple[Problem, ...]:
    """The problems on these records, in order."""
    return tuple(
        Problem(
            seq=record.seq,
            blame=str(record.event.get("blame", "")),
            problem=str(record.event.get("problem", "")),
            cause=str(record.event.get("cause", "")),
            remedy=str(record.event.get("remedy", "")),
        )
        for record in records
        if record.kind is Kind.EVENT and record.channel == CASE and record.name == "problem"
    )
