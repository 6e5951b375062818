"""What a run is made of, put on its tape before the first case; `manifest.json` is a copy of what stands there."""

import platform
from collections.abc import Mapping
from datetime import datetime

from harness import __version__
from harness.bench.bench import Bench
from harness.clock import BEIJING
from harness.judge.charter import BENCH, RUN, Charter, charter_fields, digest_of, read_charter
from harness.judge.plan import Plan
from harness.judge.shipped import plan_gap
from harness.line.record import JsonValue
from harness.wire.profile import load_profile


def record_charter(
    bench: Bench,
    plan: Plan,
    *,
    started: datetime,
    demanded: tuple[str, ...],
    about: Mapping[str, str],
    again: tuple[str, ...] = (),
) -> Charter:
    """Put on the tape of a bench that is up all that the run's verdict will depend on; returns it as it is read.

    `demanded` are the cases that its verdict asks for, `about` what the subject said of itself, `again` the words of
    the command line that run the same cases on the same bench (`harness.again`).
    """
    table, python = bench.file.bench, platform.python_version()
    began = started.astimezone(BEIJING).isoformat(timespec="seconds")
    gap = plan_gap(plan.id, cases=plan.cases, left_out=plan.left_out, rules=plan.rules)
    fields: dict[str, JsonValue] = {
        "liantiao": __version__,
        "versions": {"python": python},
        "bench": table.name,
        "profile": table.profile,
        "profile_sm3": digest_of(load_profile(table.profile).for_adapter()),
        "seed": table.seed,
        "clock": table.clock.value,
        "started": began,
        "about": dict(about),
        "command": list(bench.file.command),
        "again": list(again),
        "plan_differs": gap.en if gap is not None else "",
        **charter_fields(plan, demanded),
    }
    bench.tape.volatile("started", began)
    bench.tape.volatile("python", python)
    bench.tape.event(BENCH, RUN, **fields)
    charter = read_charter(bench.tape.recent())
    assert charter is not None
    return charter
