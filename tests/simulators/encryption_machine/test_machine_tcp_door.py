"""A connection's turns: how many requests are done in one, when replies leave, and when reading stops."""

import asyncio

import pytest

from harness.bench.plugin import SimulatorContext
from harness.clock import BenchClock
from harness.faults.schedule import FaultSchedule
from harness.line.tape import Tape
from harness.wire.encryption_machine.host import encode_request
from harness.wire.encryption_machine.host_messages import Echo
from harness.wire.encryption_machine.profile import load_host_profile
from simulators.encryption_machine.capacity import Capacity, Room
from simulators.encryption_machine.host_door import HostDialect
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.machine import Machine
from simulators.encryption_machine.tcp_door import BURST, Door

PROFILE = load_host_profile("tass-sjj1310")
REQUESTS = [encode_request(PROFILE, Echo(data=b"%03d" % number)) for number in range(100)]
REPLY_SIZE = 9


class Transport(asyncio.Transport):
    """Keeps what is written, and whether the client is read."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[bytes] = []
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.replies += [bytes(data[at : at + REPLY_SIZE]) for at in range(0, len(data), REPLY_SIZE)]

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def converse(asked: list[int], then: int = 0) -> tuple[list[int], list[bool], list[bytes]]:
    """How many replies have left after each turn, whether the client was read, and all replies.

    `asked` are the requests that come in pieces, one a turn; `then` more turns follow.
    """
    clock = BenchClock()
    tape = Tape(clock)
    context = SimulatorContext(name="em", clock=clock, tape=tape, seed=1, faults=FaultSchedule("em", tape))
    dialect = HostDialect(Machine(KeyStore(), clock=clock, seed="1"), PROFILE, fell_into=_nothing)
    door = Door(context, dialect, Capacity(Room(), clock), rebooted=_nothing)
    left: list[int] = []
    read: list[bool] = []
    transport = Transport()

    async def run() -> None:
        connection, waiting = door.protocol(), iter(REQUESTS)
        connection.connection_made(transport)
        for count in [*asked, *[0] * then]:
            if count:
                connection.data_received(b"".join(next(waiting) for _ in range(count)))
            left.append(len(transport.replies))
            read.append(transport.reading)
            await asyncio.sleep(0)

    asyncio.run(run())
    return left, read, transport.replies


def _nothing(*_: object) -> None:
    pass


@pytest.mark.parametrize(("count", "left"), [(1, [1]), (2, [1, 2]), (4, [2, 3, 4]), (7, [4, 6, 7])])
def test_half_of_what_waits_leaves_before_the_rest_is_done(count: int, left: list[int]) -> None:
    assert converse([count], then=len(left) - 1)[0] == left


def test_what_comes_while_some_wait_is_read_and_answered_in_order() -> None:
    left, read, replies = converse([4, 2, 2], then=8)
    assert all(read)
    assert left[0] == 2
    assert [int(reply[-3:]) for reply in replies] == list(range(8))


def test_a_client_that_asks_much_gets_a_burst_a_turn_and_is_not_read_meanwhile() -> None:
    left, read, replies = converse([60], then=12)
    assert left[:3] == [BURST, 2 * BURST, 3 * BURST]
    assert not any(read[:3])
    assert read[-1]
    assert [int(reply[-3:]) for reply in replies] == list(range(60))


def test_who_asks_on_and_on_is_held_up() -> None:
    _, read, replies = converse([4, *[6] * 12], then=30)
    assert False in read
    assert read[-1]
    assert [int(reply[-3:]) for reply in replies] == list(range(76))
