"""The speed of platform and voucher centre as ratios inside one run; times are printed and never asserted.

Floor: a bare Starlette application on uvicorn (uvloop, httptools) in a process of its own that sends back the same
bodies. Ours: `liantiao simulate` with the tape on; 2102 with a ledger file and full durability, signtype MOCK, no token
check. One client process of plain sockets, 32 connections, for both; rounds alternate, and the median of the rounds'
ratios counts. Beside it stands the ratio of processor time that the two server processes took a request: it does not
depend on who else uses the machine.

Two workers are set against one, and against what two plain echo servers reach here at that moment: no program can do
better, and where two of them are no faster than one, nothing can be said.
"""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.money import Fen
from simulators.platform.ledger import Ledger
from tests.benchmarks import platform_load as load
from tests.simulators import platform_rigs as rigs
from tests.simulators.platform_sale import SALE

pytestmark = pytest.mark.slow

TARGET = 0.50
"""The budget of the design."""
ASSERTED = {"2102": 0.10, "2206": 0.18, "ec.query": 0.50}
"""What is asserted, of throughput and of processor time, on a host that others use, too."""
ROUNDS, REQUESTS = 8, 1500
KINDS: dict[str, Callable[[Path], AbstractContextManager[load.Served]]] = {
    "2102": load.settling,
    "2206": load.pre_settling,
    "ec.query": load.identifying,
}
GAIN, CEILING, OF_CEILING = 1.6, 1.7, 0.8
"""What two workers are to reach; from which ceiling on that is asserted; and what of the ceiling always is."""
SETTLEMENTS = int(os.environ.get("LIANTIAO_SETTLEMENTS", "20000"))
"""For memory and start; the design says 200 000 and 1 000 000."""
PATIENCE_S = 120 + SETTLEMENTS // 500
GROWTH_KIB, START_S = 16 * 1024, 2.0


@pytest.mark.parametrize("kind", KINDS)
def test_against_a_bare_echo(kind: str, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    floors: list[float] = []
    ours: list[float] = []
    times = {"floor": 0.0, "ours": 0.0}
    requests: list[bytes] = []
    with KINDS[kind](tmp_path) as served, load.echo_server() as (port, pid):
        starts = iter(range(1, 10**6, REQUESTS))
        load.seconds(port, [rigs.http(b"warm")] * 500)
        load.seconds(served.port, served.requests(next(starts), 500))

        def floor_first() -> None:
            requests[:] = served.requests(next(starts), REQUESTS)
            before = load.processor_s(pid)
            floors.append(load.seconds(port, requests))
            times["floor"] += load.processor_s(pid) - before

        def one_round() -> None:
            before = load.processor_s(served.pid)
            ours.append(load.seconds(served.port, requests))
            times["ours"] += load.processor_s(served.pid) - before

        benchmark.pedantic(one_round, setup=floor_first, rounds=ROUNDS)  # type: ignore[no-untyped-call]
        if len(ours) < ROUNDS:
            pytest.skip("benchmarks are disabled in this run")
    ratio = statistics.median(floor / own for floor, own in zip(floors, ours, strict=True))
    of_time = times["floor"] / times["ours"]
    benchmark.extra_info |= {"ratio": round(ratio, 3), "ratio_of_processor_time": round(of_time, 3)}
    each = 1e6 / (ROUNDS * REQUESTS)
    floor_s, own_s = REQUESTS / statistics.median(floors), REQUESTS / statistics.median(ours)
    print(f"\n{kind}: ratio {ratio:.3f}, of processor time {of_time:.3f}; budget {TARGET}, asserted {ASSERTED[kind]}")
    print(
        f"floor {floor_s:.0f}/s {times['floor'] * each:.0f} us, ours {own_s:.0f}/s {times['ours'] * each:.0f} us each"
    )
    assert max(ratio, of_time) >= ASSERTED[kind]


def _driven(port: int, requests: list[bytes]) -> float:
    return load.seconds(port, requests, clients=load.CLIENTS // 2)


def _both(pool: ProcessPoolExecutor, ports: tuple[int, int], requests: list[bytes]) -> float:
    """Seconds until two client processes have had half of the requests answered each."""
    half = len(requests) // 2
    parts = [pool.submit(_driven, port, part) for port, part in zip(ports, (requests[:half], requests[half:]))]  # noqa: B905 - two and two
    return max(part.result() for part in parts)


def test_two_workers_against_one(tmp_path: Path) -> None:
    platforms = {n: rigs.start_alone(str(tmp_path / f"{n}.db"), "--workers", str(n)) for n in (1, 2)}
    found: list[tuple[float, float]] = []
    try:
        sign_nos = {n: rigs.sign_in(platform.port) for n, platform in platforms.items()}
        with ProcessPoolExecutor(2) as pool, load.echo_server() as (one, _), load.echo_server() as (other, _):
            for number in range(ROUNDS):
                took = {}
                for n, platform in platforms.items():
                    made = rigs.settlements(
                        REQUESTS, sign_no=sign_nos[n], first=1 + number * REQUESTS, use_account=False
                    )
                    took[n] = _both(pool, (platform.port, platform.port), [rigs.http(body) for body in made])
                echoed = [rigs.http(b"x" * 1300)] * 2 * REQUESTS
                ceiling = _both(pool, (one, one), echoed) / _both(pool, (one, other), echoed)
                found.append((took[1] / took[2], ceiling))
    finally:
        for platform in platforms.values():
            platform.kill()
    gain, ceiling = statistics.median(gain for gain, _ in found), statistics.median(most for _, most in found)
    print(f"\ntwo workers are {gain:.2f} times one; two echo servers {ceiling:.2f} times one; wanted {GAIN}")
    if ceiling < CEILING:
        pytest.skip(f"two echo servers are only {ceiling:.2f} times one here at the moment; two workers {gain:.2f}")
    assert gain >= GAIN * OF_CEILING


@pytest.mark.timeout(PATIENCE_S)
def test_memory_stays_flat_over_many_settlements(tmp_path: Path) -> None:
    step = SETTLEMENTS // 4
    with load.settling(tmp_path) as served:
        sizes = []
        for number in range(4):
            for first in range(0, step, REQUESTS):
                count = min(REQUESTS, step - first)
                load.seconds(served.port, served.requests(1 + number * step + first, count))
            sizes.append(load.resident_kib(served.pid))
    print(f"\nafter each quarter of {4 * step} settlements: {[size // 1024 for size in sizes]} MiB")
    assert sizes[-1] - sizes[0] < GROWTH_KIB


@pytest.mark.timeout(PATIENCE_S)
def test_a_full_ledger_is_opened_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    fill(path, SETTLEMENTS)
    took: list[float] = []
    empty: list[float] = []
    for number in range(1, 4):
        empty.append(until_answered(str(tmp_path / "empty.db"), number))
        took.append(until_answered(path, number))
    print(
        f"\n{SETTLEMENTS} settlements: from the start of the process to the first answer {min(took):.2f} s, "
        f"on an empty ledger {min(empty):.2f} s"
    )
    assert min(took) < max(START_S, 2 * min(empty)), "on a slow machine an empty one takes long as well"


def until_answered(path: str, number: int) -> float:
    """Seconds from a platform's start to the answer to its first settlement."""
    began = time.perf_counter()
    platform = rigs.start_alone(path)
    try:
        sign_no = rigs.sign_in(platform.port)
        (body,) = rigs.settlements(1, sign_no=sign_no, first=number)
        assert rigs.answered(rigs.ask(platform.port, body))["infcode"] == 0
        return time.perf_counter() - began
    finally:
        platform.kill()


def fill(path: str, count: int) -> None:
    """Book so many settlements past HTTP, through the ledger's own statements."""
    books = Ledger(path, full=False)
    books.open_account(SALE.psn_no, Fen(SALE.account_fen * count))
    for first in range(1, count + 1, 5000):
        for n in range(first, min(first + 5000, count + 1)):
            assert books.answer(f"F{n:029d}") is None
        with books.writing():
            for n in range(first, min(first + 5000, count + 1)):
                books.book(replace(SALE, n=n, setl_id=f"F{n:025d}", msgid=f"F{n:029d}"))
                books.keep_answer(f"F{n:029d}", SALE.institution, b"d" * 32, b"r" * 200)
    books.close()
