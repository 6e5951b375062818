"""What is said of an adapter that fails: the problem, why, and what to try, each by what happened."""

import pytest

from harness.counter import failures


@pytest.mark.parametrize(
    ("status", "began", "problem", "remedy"),
    [
        (3, False, "exited with status 3 before it was ready", "try its command by hand"),
        (3, True, "exited with status 3 in the middle of the dialogue", "adapter.log"),
        (-9, True, "was ended by signal SIGKILL", "adapter.log"),
        (None, True, "closed its standard output", "keep standard output open"),
    ],
)
def test_an_end_says_how_and_when(status: int | None, began: bool, problem: str, remedy: str) -> None:
    found = failures.ended(status, began=began, tail="\n  last words")
    assert problem in found.problem
    assert found.cause.endswith("last words")
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("began", "unended", "why"),
    [(False, b"", "the hello line"), (True, b"", "it hangs"), (True, b"{", "has not ended its line with LF")],
)
def test_silence_says_what_was_due_and_why(began: bool, unended: bytes, why: str) -> None:
    found = failures.silent("an answer", patience_s=2, began=began, unended=unended, tail="")
    assert "for 2 s; an answer was due" in found.problem
    assert ("no whole line" in found.problem) == bool(unended)
    assert why in found.cause


def test_the_others_name_themselves() -> None:
    assert "not started" in failures.not_started().problem
    assert "does not run" in failures.not_running().problem
    assert "was killed" in failures.killed().problem
    assert failures.deaf(tail="").problem.startswith("The adapter closed its standard input")
    assert "out of turn, twice" in failures.out_of_turn(b"{}", "twice").problem
