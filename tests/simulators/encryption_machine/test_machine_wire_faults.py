"""What leaves of a reply under a fault, and in which order, without a connection."""

import pytest

from harness.clock import BenchClock
from harness.faults.catalogue import Effect, Fault
from harness.wire.encryption_machine.profile import load_host_profile
from simulators.encryption_machine.door_dialect import Answered, glued
from simulators.encryption_machine.host_door import HostDialect
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.machine import Machine
from simulators.encryption_machine.tape_mask import Masked
from simulators.encryption_machine.wire_faults import HEAD_BYTES, LONGEST_MS, WIRE_EFFECTS, OnTheWay, pace

FIRST, SECOND = Answered(b"first"), Answered(b"second")
HELD_BACK = {
    Effect.LATE_REPLY: [b"first", b"second"],
    Effect.SWAP_REPLIES: [b"second", b"first"],
    Effect.GLUE_REPLIES: [b"firstsecond"],
}
AT_ONCE = {
    Effect.LOSE_REPLY: [],
    Effect.CUT_IN_HEADER: [b"first"[:HEAD_BYTES]],
    Effect.CUT_IN_BODY: [b"fi"],
    Effect.DUPLICATE_REPLY: [b"first", b"first"],
    Effect.TOO_MANY_CONNECTIONS: [b"first"],
}
CLOSING = {Effect.CUT_IN_HEADER, Effect.CUT_IN_BODY, Effect.TOO_MANY_CONNECTIONS}


@pytest.fixture
def way() -> OnTheWay[object]:
    machine = Machine(KeyStore(), clock=BenchClock(), seed="1")
    dialect = HostDialect(machine, load_host_profile("tass-sjj1310"), fell_into=lambda *_: None)
    return OnTheWay(dialect=dialect)  # type: ignore[arg-type]  # its calls are never looked at here


@pytest.mark.parametrize("effect", HELD_BACK)
def test_a_reply_that_is_held_back_leaves_with_the_next(way: OnTheWay[object], effect: Effect) -> None:
    assert way.disturbed(FIRST, effect) == []
    assert not way.empty
    assert [reply.wire for reply in way.released(SECOND)] == HELD_BACK[effect]
    assert way.empty


@pytest.mark.parametrize("effect", AT_ONCE)
def test_what_leaves_at_once(way: OnTheWay[object], effect: Effect) -> None:
    leaving = way.disturbed(FIRST, effect)
    assert [reply.wire for reply in leaving] == AT_ONCE[effect]
    assert any(reply.close for reply in leaving) == (effect in CLOSING)
    assert way.empty


def test_a_message_that_answers_nothing_leaves_before_the_reply(way: OnTheWay[object]) -> None:
    strange, reply = way.disturbed(FIRST, Effect.UNSOLICITED)
    assert strange.wire != FIRST.wire
    assert reply == FIRST


def test_every_effect_on_the_wire_is_shown_here_or_is_a_matter_of_pace() -> None:
    left = WIRE_EFFECTS - HELD_BACK.keys() - AT_ONCE.keys()
    assert left == {Effect.UNSOLICITED, Effect.CUT_CONNECTION, Effect.DRIP, Effect.SLOW}


@pytest.mark.parametrize(
    ("effect", "detail", "pieces", "pause_s"),
    [
        (Effect.DRIP, {}, [b"a", b"b", b"c"], 0.005),
        (Effect.SLOW, {}, [b"abc"], 0.2),
        (Effect.SLOW, {"pause_ms": 10 * LONGEST_MS}, [b"abc"], LONGEST_MS / 1000),
        (Effect.DRIP, {"pause_ms": -1}, [b"a", b"b", b"c"], 0.0),
    ],
)
def test_pace(effect: Effect, detail: dict[str, int], pieces: list[bytes], pause_s: float) -> None:
    fault = Fault(party="encryption-machine", message="NC", effect=effect, detail=detail)
    assert pace(fault, b"abc") == (pieces, pause_s)


def test_replies_in_one_piece_hide_what_each_hid() -> None:
    whole = glued([Answered(b"ab", Masked(b"a*", 1)), Answered(b"cd"), Answered(b"ef", Masked(b"**", 2), close=True)])
    assert whole == Answered(b"abcdef", Masked(b"a*cd**", 3), close=True)
