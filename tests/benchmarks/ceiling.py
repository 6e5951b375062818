"""What two processes that do nothing but count reach here, as a multiple of one: no program can do better."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

COUNTED = 6_000_000


def two_processes() -> float:
    """The gain of two plain processes over one, now; 2 with two free processors, 1 when there is but one."""
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_count, (1000, 1000)))
        one = _seconds(lambda: [_counted(pool, 1), _counted(pool, 1)])
        return one / _seconds(lambda: _counted(pool, 2))


def _counted(pool: ProcessPoolExecutor, processes: int) -> list[int]:
    return list(pool.map(_count, (COUNTED,) * processes))


def _count(most: int) -> int:
    number = 0
    while number < most:
        number += 1
    return number


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
