"""What leaves the box: faults on the bytes, order and pace."""

import asyncio
from collections.abc import Callable

import pytest

from harness.faults.catalogue import Effect, Fault
from harness.line.address import Address, tcp_address
from simulators.scanner.outlet import Outlet, Piece, disturbed

FRAME = b"6201\r"


def fault(effect: Effect, **detail: int) -> Fault:
    return Fault(party="scanner", message="scan", effect=effect, detail=detail)


@pytest.mark.parametrize(
    ("due", "leaves"),
    [
        (fault(Effect.DROP_BYTE, position=0), [b"201\r"]),
        (fault(Effect.DROP_BYTE, position=4), [b"6201"]),
        (fault(Effect.DROP_BYTE), [b"621\r"]),
        (fault(Effect.DROP_BYTE, position=5), [b"201\r"]),
        (fault(Effect.GARBLE_BYTE, position=1), [b"6r01\r"]),
        (fault(Effect.GARBLE_BYTE, position=1, bit=0), [b"6301\r"]),
        (fault(Effect.DOUBLE_READ), [FRAME, FRAME]),
        (fault(Effect.SPLIT_READ, position=3), [b"620", b"1\r"]),
        (fault(Effect.SPLIT_READ, position=0), [FRAME]),
    ],
)
def test_faults_change_the_bytes(due: Fault, leaves: list[bytes]) -> None:
    assert [piece.data for piece in disturbed(FRAME, due)] == leaves


def test_a_split_read_pauses_longer_than_a_hosts_idle_gap() -> None:
    first, second = disturbed(FRAME, fault(Effect.SPLIT_READ, position=2))
    assert first.pause_s == 0
    assert second.pause_s > 0.05
    assert disturbed(FRAME, fault(Effect.SPLIT_READ, position=2, pause_ms=7))[1].pause_s == 0.007


class FakeLine:
    """Collects what is recorded and sent, in order."""

    def __init__(self, *, takes: bool = True) -> None:
        self.log: list[tuple[str, bytes]] = []
        self._takes = takes
        self.address: Address = tcp_address("127.0.0.1", 1)

    def record(self, data: bytes) -> None:
        self.log.append(("record", data))

    def put(self, data: bytes) -> bool:
        self.log.append(("put", data))
        return self._takes

    def send(self, data: bytes) -> bool:
        self.record(data)
        return self.put(data)

    async def start(self, received: Callable[[bytes], None]) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    def discard(self) -> None:
        raise NotImplementedError

    unplug = replug = discard


def test_frames_keep_their_order_around_a_pause() -> None:
    async def scenario() -> list[tuple[str, bytes]]:
        line = FakeLine()
        outlet = Outlet(line, bytes_a_second=None, lost=lambda _: None)
        outlet.send([Piece(b"a")])
        outlet.send([Piece(b"b"), Piece(b"c", 0.01)])
        outlet.send([Piece(b"d")])
        await outlet.drained()
        await outlet.drained()
        return line.log

    assert asyncio.run(scenario()) == [(what, data) for data in (b"a", b"b", b"c", b"d") for what in ("record", "put")]


def test_at_pace_a_frame_is_recorded_whole_and_takes_the_wires_time() -> None:
    async def scenario() -> tuple[list[tuple[str, bytes]], float]:
        line, loop = FakeLine(), asyncio.get_running_loop()
        outlet = Outlet(line, bytes_a_second=960.0, lost=lambda _: None)
        began = loop.time()
        outlet.send([Piece(b"6201234567890123456789012345\r")])
        await outlet.drained()
        return line.log, loop.time() - began

    log, took = asyncio.run(scenario())
    assert log[0] == ("record", b"6201234567890123456789012345\r")
    assert b"".join(data for what, data in log if what == "put") == log[0][1]
    assert len(log) > 5
    assert took >= 29 / 960


def test_what_nobody_takes_is_counted() -> None:
    async def scenario() -> list[int]:
        lost: list[int] = []
        Outlet(FakeLine(takes=False), bytes_a_second=None, lost=lost.append).send([Piece(FRAME)])
        return lost

    assert asyncio.run(scenario()) == [5]


def test_discard_forgets_what_waits() -> None:
    async def scenario() -> list[tuple[str, bytes]]:
        line = FakeLine()
        outlet = Outlet(line, bytes_a_second=None, lost=lambda _: None)
        outlet.send([Piece(b"a"), Piece(b"b", 30)])
        await asyncio.sleep(0)
        await outlet.discard()
        outlet.send([Piece(b"c")])
        return line.log

    assert [data for what, data in asyncio.run(scenario()) if what == "put"] == [b"a", b"c"]
