"""The engine: stations, patience, priority, reservations and time-outs, on SimPy's clock."""

import random

import pytest

from simulators.clinic.kernel import PARKED, Kernel, PriorityStation, Process, Reserved, Station, Steps, Watch
from simulators.clinic.recursion import waits


def served(
    station: Station, kernel: Kernel, stays: list[tuple[float, float, float]]
) -> tuple[dict[int, float], dict[int, float]]:
    """Send (arrival, patience, service) through a station; when each began, and when each left unserved."""
    began: dict[int, float] = {}
    left: dict[int, float] = {}

    def customer(me: Process) -> Steps:
        arrival, patience, service = stays[me.key]
        me.deadline = arrival + patience
        if not station.seize(me) and not (yield PARKED):
            left[me.key] = me.left_at
            return
        began[me.key] = kernel.now
        me.deadline = float("inf")
        yield service
        station.release()

    def begin(k: int) -> None:
        process = Process(k)
        kernel.start(process, customer(process))

    kernel.feed([stay[0] for stay in stays], begin)
    kernel.run()
    return began, left


def test_who_comes_first_is_served_first() -> None:
    kernel = Kernel()
    began, left = served(Station(kernel, 1), kernel, [(0, 99, 5), (1, 99, 5), (2, 99, 5)])
    assert began == {0: 0, 1: 5, 2: 10}
    assert not left


def test_whoever_runs_out_of_patience_leaves_then_and_holds_nobody_up() -> None:
    kernel = Kernel()
    station = Station(kernel, 1)
    began, left = served(station, kernel, [(0, 99, 10), (1, 4, 10), (2, 99, 1)])
    assert began == {0: 0, 2: 10}
    assert left == {1: 5}
    assert station.queue_seconds == pytest.approx(4 + 8)
    assert station.busy_seconds == pytest.approx(11)


def test_priority_goes_before_arrival_and_interrupts_nobody() -> None:
    kernel = Kernel()
    station = PriorityStation(kernel, 1, lambda process: 0 if process.key == 3 else 1)
    began, _ = served(station, kernel, [(0, 99, 10), (1, 99, 10), (2, 99, 10), (3, 99, 10)])
    assert began == {0: 0, 3: 10, 1: 20, 2: 30}


def test_fewer_servers_finish_what_they_do_and_more_take_from_the_queue_at_once() -> None:
    kernel = Kernel()
    station = Station(kernel, 2)

    def change() -> Steps:
        yield 1.0
        station.set_capacity(1)
        yield 20.0
        station.set_capacity(3)

    manager = Process()
    kernel.start(manager, change())
    began, _ = served(station, kernel, [(0, 99, 10), (0, 99, 10), (2, 99, 20), (3, 99, 1), (4, 99, 1)])
    assert began == {0: 0, 1: 0, 2: 10, 3: 21, 4: 21}
    assert station.busy == 0


def test_those_who_are_dismissed_leave_now_or_when_their_patience_ended() -> None:
    kernel = Kernel()
    station = Station(kernel, 1)
    left: dict[int, float] = {}

    def customer(me: Process) -> Steps:
        if not station.seize(me) and not (yield PARKED):
            left[me.key] = me.left_at
            return
        yield 100.0

    for k, patience in enumerate((99.0, 3.0, 99.0)):
        process = Process(k)
        process.deadline = patience
        kernel.start(process, customer(process))
    kernel.run(until=10)
    station.dismiss()
    assert left == {1: 3.0, 2: 10.0}


@pytest.mark.parametrize("servers", [1, 3, 16])
def test_reserved_servers_give_the_waits_of_a_queue(servers: int) -> None:
    lot = random.Random(servers)
    arrivals = sorted(lot.uniform(0, 1000) for _ in range(3000))
    services = [lot.expovariate(3.5 / servers) for _ in arrivals]
    kernel = Kernel()
    pool = Reserved(kernel, servers)
    took: list[float] = []
    kernel.feed(arrivals, lambda k: took.append(pool.visit(services[k]) - services[k]))
    kernel.run()
    assert took == pytest.approx(waits(arrivals, services, servers), abs=1e-9)
    assert pool.busy_seconds == pytest.approx(sum(services))
    assert pool.queue_seconds == pytest.approx(sum(took))


def test_a_watch_gives_up_what_is_late_and_only_that() -> None:
    kernel = Kernel()
    late: list[tuple[int, float]] = []
    watch = Watch(kernel, 10.0, lambda process: late.append((process.key, kernel.now)))

    def request(me: Process, answer_after: float) -> Steps:
        yield float(me.key)
        watch.await_answer(me)
        yield answer_after
        me.answered = True

    for k, answer_after in enumerate((3.0, 30.0, 9.0, 12.0)):
        process = Process(k)
        kernel.start(process, request(process, answer_after))
    kernel.run()
    assert late == [(1, 11.0), (3, 13.0)]


def test_a_second_wait_is_not_ended_by_the_time_of_the_first() -> None:
    kernel = Kernel()
    late: list[float] = []
    watch = Watch(kernel, 10.0, lambda _: late.append(kernel.now))

    def request(me: Process) -> Steps:
        watch.await_answer(me)
        yield 1.0
        me.answered = True
        yield 4.0
        watch.await_answer(me)
        yield 100.0

    process = Process()
    kernel.start(process, request(process))
    kernel.run()
    assert late == [15.0]


def test_an_exception_in_a_process_is_not_swallowed() -> None:
    kernel = Kernel()

    def breaks() -> Steps:
        yield 1.0
        raise ZeroDivisionError

    kernel.start(Process(), breaks())
    with pytest.raises(ZeroDivisionError):
        kernel.run()


def test_a_station_without_servers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one server"):
        Station(Kernel(), 0)
