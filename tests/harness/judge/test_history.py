"""The history of a case, read from records alone."""

from harness.judge.history import read_histories
from harness.line.record import Direction
from tests.harness.judge.tape_records import Records


def test_cases_are_split_and_an_unfinished_one_is_marked(records: Records) -> None:
    records.event("bench", "device", name="platform", kind="platform", virtual=False)
    records.case("first")
    records.event("case", "case-end")
    records.event("bench", "between")
    records.case("second")
    first, second = read_histories(records.all)
    assert (first.case, first.ended, first.requirements) == ("first", True, ("GS-PHARMACY",))
    assert (second.case, second.ended) == ("second", False)
    assert "between" not in {event.name for event in first.events}
    assert not first.stood_in("platform")
    assert first.stood_in("phone")


def test_no_case_no_history() -> None:
    assert read_histories([]) == []


def test_hello_is_the_one_in_force(records: Records) -> None:
    records.tell(liantiao=1, hello={"seed": 1})
    records.case()
    records.tell(liantiao=1, hello={"seed": 2})
    history = records.only()
    assert history.hello == {"seed": 1}
    assert (history.hello_at(1), history.hello_at(2)) == ({"seed": 1}, {"seed": 2})
    assert history.hello_at(-1) == {}


def test_what_an_adapter_declared_is_known_in_the_cases_that_it_lives_through(records: Records) -> None:
    records.tell(liantiao=1, hello={"seed": 1})
    records.hear(ready={"clock": "own"})
    records.case("first")
    records.event("case", "case-end")
    records.case("second")
    records.event("case", "case-end")
    records.event("counter", "adapter-ended")
    records.tell(liantiao=1, hello={"seed": 2})
    records.hear(ready={"clock": "bench"})
    records.case("third")
    first, second, third = read_histories(records.all)
    last = len(records.all)
    assert [history.ready_at(last).get("clock") for history in (first, second, third)] == ["own", "own", "bench"]
    assert first.ready_at(0) == {}


def test_scans_are_what_a_box_sends(records: Records) -> None:
    records.case()
    records.frame("scanner.serial", Direction.SENT, b"424\r")
    records.frame("scanner.serial", Direction.RECEIVED, b"~\x01")
    records.frame("scanner.tcp", Direction.SENT, b"425\r")
    assert [scan.data for scan in records.only().scans] == [b"424\r", b"425\r"]


def test_a_problem_makes_a_case_less_than_whole(records: Records) -> None:
    records.case()
    records.event("case", "problem", blame="BenchError", problem="a port was taken")
    records.event("case", "case-end")
    assert records.only().ended
    assert not records.only().whole
