"""The counter port's lines, and the cashier's commands with what came of them."""

from harness.line.record import Direction
from tests.harness.judge.tape_records import Records


def test_operations_have_their_events_and_answers(records: Records) -> None:
    records.case()
    records.tell(id=1, do="purchase", order="A1")
    records.hear(id=1, event="scan-please")
    records.hear(id=1, event="journal", msgid="M", infno="2102")
    records.hear(id=1, outcome="accepted")
    records.hear(id=1, outcome="refused")
    records.tell(id=2, do="books")
    first, second = records.only().operations
    assert (first.verb, first.order, first.outcome, len(first.events)) == ("purchase", "A1", "accepted", 2)
    assert (second.outcome, second.answer) == ("", None)


def test_a_late_answer_finds_its_command(records: Records) -> None:
    records.case()
    records.tell(id=1, do="purchase", order="A1")
    records.tell(id=2, do="books")
    records.hear(id=1, outcome="unknown")
    records.hear(id=2, outcome="accepted")
    assert [o.outcome for o in records.only().operations] == ["unknown", "accepted"]


def test_a_restarted_adapter_counts_its_ids_anew(records: Records) -> None:
    records.case()
    records.tell(liantiao=1, hello={"seed": 1})
    records.tell(id=1, do="purchase", order="A1")
    records.event("counter", "adapter-killed")
    records.tell(liantiao=1, hello={"seed": 2})
    records.tell(id=1, do="resolve")
    records.hear(id=1, outcome="accepted")
    history = records.only()
    crashed, resolved = history.operations
    assert (crashed.answer, crashed.session, resolved.session) == (None, 0, 1)
    assert resolved.outcome == "accepted"
    assert crashed.spans(3)
    assert not crashed.spans(4)
    assert history.operation_at(3) is crashed
    assert history.operation_at(5) is resolved
    assert history.operation_at(0) is None
    assert history.crashes == [3]


def test_rubbish_on_the_counter_port_is_kept_and_harmless(records: Records) -> None:
    records.case()
    records.frame("counter", Direction.RECEIVED, b"\xff\xfe no json\n")
    records.frame("counter", Direction.RECEIVED, b"[1, 2]\n")
    history = records.only()
    assert [dict(line.content) for line in history.port] == [{}, {}]
    assert history.operations == ()
