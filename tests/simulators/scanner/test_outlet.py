"""What leaves the box: faults on the bytes, order and pace."""

import asyncio
from collections.abc import Callable

import pytest

from harness.faults.catalogue import Effect, Fault
from harness.line.address import Address, tcp_address
from simulators.scanner.attach_protocol import Label
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
        (fault(Effect.SLOW), [FRAME]),
        (fault(Effect.DRIP), [b"6", b"2", b"0", b"1", b"\r"]),
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
    """Collects what is said, recorded and sent, in order; `wire` is done when what was sent has left."""

    def __init__(self, *, takes: bool = True) -> None:
        self.log: list[tuple[str, bytes]] = []
        self._takes = takes
        self.wire: asyncio.Event | None = None
        self.address: Address = tcp_address("127.0.0.1", 1)

    @property
    def busy(self) -> bool:
        return self.wire is not None and not self.wire.is_set()

    async def drained(self) -> None:
        if self.wire is not None:
            await self.wire.wait()

    def cut_short(self) -> None:
        self.log.append(("cut", b""))

    def describe(self, label: Label) -> None:
        self.log.append(("label", label.aim))

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
        outlet = Outlet(line, lost=lambda _: None)
        outlet.send([Piece(b"a")])
        outlet.send([Piece(b"b"), Piece(b"c", 0.01)])
        outlet.send([Piece(b"d")])
        await outlet.drained()
        await outlet.drained()
        return line.log

    assert asyncio.run(scenario()) == [(what, data) for data in (b"a", b"b", b"c", b"d") for what in ("record", "put")]


def test_a_pause_and_a_deed_wait_until_the_wire_is_idle() -> None:
    async def scenario() -> list[tuple[str, bytes]]:
        line = FakeLine()
        line.wire = asyncio.Event()
        outlet = Outlet(line, lost=lambda _: None)
        outlet.send([Piece(b"a")])
        outlet.then(lambda: line.log.append(("done", b"")))
        outlet.send([Piece(b"b", 0.001)])
        for _ in range(5):
            await asyncio.sleep(0)
        before = [("busy", b"")] if outlet.busy else []
        before += line.log
        line.wire.set()
        await outlet.drained()
        return [*before, ("idle" if not outlet.busy else "busy", b""), *line.log[2:]]

    sent = [("busy", b""), ("record", b"a"), ("put", b"a")]
    assert asyncio.run(scenario()) == [*sent, ("idle", b""), ("done", b""), ("record", b"b"), ("put", b"b")]


def test_a_deed_on_an_idle_line_is_done_at_once() -> None:
    async def scenario() -> list[int]:
        done: list[int] = []
        Outlet(FakeLine(), lost=lambda _: None).then(lambda: done.append(1))
        return done

    assert asyncio.run(scenario()) == [1]


def test_a_label_goes_before_its_own_piece() -> None:
    async def scenario() -> list[tuple[str, bytes]]:
        line = FakeLine()
        outlet = Outlet(line, lost=lambda _: None)
        outlet.send([Piece(b"a", 0.001, Label(aim=b"C0"))])
        outlet.send([Piece(b"b", 0, Label(aim=b"X0")), Piece(b"c")])
        await outlet.drained()
        return [entry for entry in line.log if entry[0] != "record"]

    assert asyncio.run(scenario()) == [
        ("label", b"C0"), ("put", b"a"), ("label", b"X0"), ("put", b"b"), ("put", b"c"),
    ]  # fmt: skip


def test_what_nobody_takes_is_counted() -> None:
    async def scenario() -> list[int]:
        lost: list[int] = []
        Outlet(FakeLine(takes=False), lost=lost.append).send([Piece(FRAME)])
        return lost

    assert asyncio.run(scenario()) == [5]


def test_discard_forgets_what_waits() -> None:
    async def scenario() -> list[tuple[str, bytes]]:
        line = FakeLine()
        outlet = Outlet(line, lost=lambda _: None)
        outlet.send([Piece(b"a"), Piece(b"b", 30)])
        await asyncio.sleep(0)
        await outlet.discard()
        outlet.send([Piece(b"c")])
        return line.log

    assert [data for what, data in asyncio.run(scenario()) if what == "put"] == [b"a", b"c"]
