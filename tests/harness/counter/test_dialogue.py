"""What was said since an adapter's start, without an adapter: lines taken, commands ended, waiting that is answered."""

import json
import threading

import pytest

from harness.counter.answers import plain_outcome_of
from harness.counter.dialogue import EVENTS_LIMIT, Dialogue, understood
from harness.counter.failures import silent
from harness.counter.hospital import Asked
from harness.counter.outcome import OutcomeKind
from harness.counter.port import AdapterSilent
from harness.errors import BenchError, PeerViolation

READY = {"ready": {"adapter": "a", "version": "1", "clock": "bench", "can": ["sign-in"]}}


def no_line(what: str) -> AdapterSilent:
    return silent(what, patience_s=0.01, began=True, unended=b"", tail="")


@pytest.fixture
def said() -> Dialogue:
    found = Dialogue(patience_s=60, silent=no_line)
    found.begin_anew()
    return found


def takes(said: Dialogue, message: object) -> PeerViolation | None:
    line = json.dumps(message).encode() + b"\n"
    return said.take(*understood(line)[:1], line, understood(line)[1])


def test_a_command_is_under_way_until_it_is_answered(said: Dialogue) -> None:
    operation = said.begun("sign-in", plain_outcome_of)
    busy = [said.busy]
    assert takes(said, {"event": "journal", "id": 1, "msgid": "M1", "infno": "9001"}) is None
    assert operation.until_journalled("9001") == "M1"
    assert takes(said, {"id": 1, "outcome": "accepted"}) is None
    assert [*busy, said.busy] == [True, False]
    assert operation.outcome().kind is OutcomeKind.ACCEPTED
    assert said.begun("books", plain_outcome_of).number == 2


def test_whoever_waits_hears_of_a_line_and_of_a_failure(said: Dialogue) -> None:
    operation = said.begun("purchase", plain_outcome_of)
    threading.Timer(0, takes, (said, {"event": "scan-please", "id": 1})).start()
    assert operation.until_asked() is Asked.SCAN
    gone = BenchError("gone", cause="c", remedy="r")
    threading.Timer(0, said.fail, (gone,)).start()
    with pytest.raises(BenchError, match="gone"):
        operation.outcome()
    said.fail(BenchError("later", cause="c", remedy="r"))
    assert said.failure is gone, "the first thing that went wrong"


def test_who_waits_too_long_is_told_what_was_due() -> None:
    said = Dialogue(patience_s=0.01, silent=no_line)
    said.begin_anew()
    with pytest.raises(AdapterSilent, match="the answer was due"):
        said.wait_until(lambda: None, "the answer")


def test_lines_out_of_turn_are_named(said: Dialogue) -> None:
    assert takes(said, READY) is None
    again = takes(said, READY)
    assert again is not None
    assert "it is ready already" in again.problem
    said.begun("sign-in", plain_outcome_of)
    for wrong in ({"id": 7, "outcome": "accepted"}, {"event": "scan-please", "id": 7}):
        found = takes(said, wrong)
        assert found is not None
        assert "command 7 is not running, 1 (sign-in) is" in found.problem


def test_endless_events_are_a_failure(said: Dialogue) -> None:
    said.begun("purchase", plain_outcome_of)
    found = [takes(said, {"event": "scan-please", "id": 1}) for _ in range(EVENTS_LIMIT + 1)]
    assert found[-2] is None
    assert found[-1] is not None


def test_a_new_start_forgets_all_but_the_numbers(said: Dialogue) -> None:
    takes(said, READY)
    said.begun("sign-in", plain_outcome_of)
    said.fail(BenchError("gone", cause="c", remedy="r"))
    said.begin_anew()
    assert (said.ready, said.failure, said.busy) == (None, None, False)
    assert said.begun("sign-in", plain_outcome_of).number == 2
