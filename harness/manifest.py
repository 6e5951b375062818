"""What a run is made of, put on its tape before the first case; `manifest.json` is a copy of what stands there.

The settings of the bench's devices are among it, those left at their defaults too; secrets are not.
"""

import platform
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from harness import __version__
from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.clock import BEIJING
from harness.judge.charter import BENCH, RUN, Charter, charter_fields, digest_of, read_charter
from harness.judge.plan import Plan
from harness.judge.shipped import plan_gap
from harness.line.record import JsonValue
from harness.wire.profile import load_profile

SECRETS = {"secret", "key", "keys", "pin", "password", "passphrase", "token", "pair", "credentials", "ledger", "dsn"}
"""Last words of the names of settings whose text may be a secret, or hold one as a database's address does."""
AS_SHIPPED, NOT_TOLD = "(as shipped)", "(set; not recorded)"
"""What stands on the tape instead of a secret: whether it is the shipped one, which is none."""
_USER_INFO = re.compile(r"(?<=//)[^/@\s]*@")


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
        "settings": settings_told(bench.file),
        "plan_differs": gap.en if gap is not None else "",
        **charter_fields(plan, demanded),
    }
    bench.tape.volatile("started", began)
    bench.tape.volatile("python", python)
    bench.tape.event(BENCH, RUN, **fields)
    charter = read_charter(bench.tape.recent())
    assert charter is not None
    return charter


def settings_told(file: BenchFile) -> dict[str, dict[str, JsonValue]]:
    """The settings of the bench and of every device, by the tables of a bench file; fractions are spelled as text."""
    tables = {field.name: getattr(file, field.name) for field in fields(file)}
    found = {name: _told(table) for name, table in tables.items() if is_dataclass(table)}
    for spec in file.devices:
        settings = read_settings(simulator_type(spec.kind).settings, spec.settings, where=spec.where)
        found[f"device.{spec.name}"] = _told(settings)
    return found


def _told(settings: Any) -> dict[str, JsonValue]:  # noqa: ANN401 - a device's own dataclass
    return {field.name: _value(field.name, getattr(settings, field.name), field.default) for field in fields(settings)}


def _value(name: str, value: object, default: object) -> JsonValue:
    match value:
        case StrEnum():
            return value.value
        case bool() | int() | None:
            return value
        case str() if value and name.rpartition("_")[2] in SECRETS:
            return AS_SHIPPED if value == default else NOT_TOLD
        case str():
            return _USER_INFO.sub("…@", value)
        case _:
            return str(value)
