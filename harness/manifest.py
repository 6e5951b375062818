"""The manifest of a run: what it is made of, so that its tape can be judged again years later."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harness import __version__
from harness.bench.bench import Bench
from harness.clock import BEIJING
from harness.gm import sm3
from harness.judge.plan import ADAPTER, Plan


def manifest_of(
    bench: Bench, plan: Plan, *, started: datetime, demanded: tuple[str, ...], about: Mapping[str, str]
) -> dict[str, Any]:
    """What `manifest.json` holds.

    `demanded` are the cases that its verdict asks for, `about` what the subject said of itself.
    """
    cases = list(plan.cases)
    table = bench.file.bench
    return {
        "liantiao": __version__,
        "plan": plan.id,
        "title": plan.title,
        "bench": table.name,
        "profile": table.profile,
        "seed": table.seed,
        "clock": table.clock.value,
        "started": started.astimezone(BEIJING).isoformat(timespec="seconds"),
        "devices": [
            {"name": d.spec.name, "kind": d.spec.kind, "at": d.endpoints.at, "virtual": d.spec.virtual}
            for d in bench.devices.values()
        ],
        "subject": {"kind": plan.subject, **about},
        **({"adapter": {"command": list(bench.file.command), **about}} if plan.subject == ADAPTER else {}),
        "cases": cases,
        "cases_sm3": sm3("\n".join(cases).encode()).hex(),
        "demanded": list(demanded),
        **({"left_out": list(plan.left_out)} if plan.left_out else {}),
        "rules": {
            name: {"severity": terms.severity.value, "clause": terms.clause} for name, terms in plan.rules.items()
        },
    }
