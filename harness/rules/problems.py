"""What the case itself ran into: a system under test that broke its protocol, a check of the case that did not hold."""

from collections.abc import Iterator

from harness.judge.history import CASE, CaseHistory
from harness.rules.registry import Observation, rule


@rule("protocol-kept")
def protocol_kept(history: CaseHistory) -> Iterator[Observation]:
    """The system under test keeps the protocols by which the bench reaches it."""
    for event in history.named("problem"):
        if event.device == CASE and event["blame"] == "PeerViolation":
            yield Observation(seq=event.seq, expected="protocol kept", seen=str(event["problem"]))


@rule("case-holds")
def case_holds(history: CaseHistory) -> Iterator[Observation]:
    """Every check that the case makes itself holds."""
    for event in history.named("problem"):
        if event.device == CASE and event["blame"] == "assertion":
            yield Observation(seq=event.seq, expected="the check of the case holds", seen=str(event["problem"]))
