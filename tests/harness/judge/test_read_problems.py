"""What cases ran into is read from their own channel alone, whole and in order."""

from harness.clock import BenchClock
from harness.judge.problems import read_problems
from harness.line.record import Direction
from harness.line.tape import Tape


def test_problems_are_read_whole_and_in_order() -> None:
    tape = Tape(BenchClock())
    tape.event("case", "case-start", case="a")
    tape.event("platform", "problem", problem="another party's")
    first = tape.seq
    tape.event("case", "problem", blame="PeerViolation", problem="P", cause="C\n  log", remedy="R")
    tape.frame("case", Direction.SENT, b'{"event":"problem"}')
    tape.event("case", "problem", blame="NotOffered", problem="Q", cause="D", remedy="S")
    one, two = read_problems(tape.recent())
    assert (one.seq, one.cause, one.remedy, one.doubt) == (first, "C\n  log", "R", "PeerViolation: P")
    assert two.doubt == "NotOffered: Q"
