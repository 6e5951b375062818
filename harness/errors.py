"""The errors of Liantiao: the type says who is to blame, the text what happened and what to try.

Nobody parses messages: a caller that must tell cases apart catches a type.
"""

from enum import IntEnum
from functools import partial
from typing import Self


class ExitStatus(IntEnum):
    """What the command line returns to its caller."""

    CERTIFIED = 0
    FINDINGS = 1
    YOUR_CONFIGURATION = 2
    INCONCLUSIVE = 3


class LiantiaoError(Exception):
    """Base of all errors that are written for the person at the bench.

    `problem` says what happened, `cause` the likely reason, `remedy` what to try.
    """

    status = ExitStatus.INCONCLUSIVE

    def __init__(self, problem: str, *, cause: str, remedy: str) -> None:
        super().__init__(problem, cause, remedy)
        self.problem = problem
        self.cause = cause
        self.remedy = remedy

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        return partial(type(self), self.problem, cause=self.cause, remedy=self.remedy), ()

    def __str__(self) -> str:
        return f"{self.problem}\n  likely cause: {self.cause}\n  try: {self.remedy}"


class ConfigError(LiantiaoError):
    """Your file, option or argument is wrong; nothing was started because of it."""

    status = ExitStatus.YOUR_CONFIGURATION


class BenchError(LiantiaoError):
    """Your lab is not as the bench needs it: a port is taken, a disk is full, a device is absent."""

    status = ExitStatus.INCONCLUSIVE


class NotOffered(LiantiaoError):
    """The system under test says itself that it does not do what a case needs: no fault, and no certificate either."""

    status = ExitStatus.INCONCLUSIVE


class PeerViolation(LiantiaoError):
    """The device or system under test broke its protocol."""

    status = ExitStatus.FINDINGS


class SimulatorDefect(LiantiaoError):
    """A stand-in of ours did what it must not; the run says nothing about the system under test."""

    status = ExitStatus.INCONCLUSIVE
