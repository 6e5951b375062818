"""The open loop: every customer is sent out when the trace says, whatever has become of the ones before.

A latency counts from the moment at which its customer was due, not from when the driver got round to it, so a driver
or a system that stalls cannot hide what it keeps waiting (no coordinated omission). How late the driver itself was is
measured for each customer and decides whether the result may be believed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from harness.load.results import Attempt, Sample

Work = Callable[[int], Awaitable[Attempt]]
"""What the k-th customer does; it raises nothing."""
Told = Callable[[int, int], None]
LEAD_S = 0.2
"""Between the call and the first arrival."""


async def replay(at_s: Sequence[float], work: Work, *, told: Told | None = None) -> list[Sample]:
    """Send out a customer at each time of a trace; returns when all have come back, in order of the trace."""
    loop = asyncio.get_running_loop()
    samples: list[Sample | None] = [None] * len(at_s)
    over: asyncio.Future[None] = loop.create_future()
    running: set[asyncio.Task[None]] = set()
    origin = time.perf_counter() + LEAD_S
    following = 0
    back = 0

    async def customer(k: int) -> None:
        nonlocal back
        started = time.perf_counter() - origin
        attempt = await work(k)
        ended = time.perf_counter() - origin
        samples[k] = Sample(number=k, due_s=at_s[k], started_s=started, ended_s=ended, attempt=attempt)
        back += 1
        if told is not None:
            told(back, len(at_s))

    def gone(task: asyncio.Task[None]) -> None:
        running.discard(task)
        if task.cancelled() or over.done():
            return
        if (error := task.exception()) is not None:
            over.set_exception(error)
        elif back == len(at_s):
            over.set_result(None)

    def send_out() -> None:
        nonlocal following
        now = time.perf_counter() - origin
        while following < len(at_s) and at_s[following] <= now:
            task = loop.create_task(customer(following))
            running.add(task)
            task.add_done_callback(gone)
            following += 1
        if following < len(at_s):
            loop.call_later(at_s[following] - now, send_out)

    if not at_s:
        return []
    send_out()
    try:
        await over
    finally:
        for task in running:
            task.cancel()
    return [sample for sample in samples if sample is not None]
