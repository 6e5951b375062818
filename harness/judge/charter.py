"""What a run is, as its own tape says: plan, rules, demanded cases, devices, and what is under test.

A verdict depends on all of this as much as on what happened, so it stands on the tape before the first case and is
chained like everything else. `manifest.json` is a copy for people; who changes it changes nothing but the copy.

    charter = read_charter(reading.records)      # None for a tape of a version that kept it in the manifest alone
    charter.terms, charter.demanded, charter.manifest
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from harness.gm import sm3
from harness.judge.counter_talk import COUNTER, read_port_line
from harness.judge.plan import ADAPTER, Plan, RuleTerms, Severity
from harness.line.record import Direction, JsonValue, Record, canonical

BENCH, RUN, DEVICE, CASE_START = "bench", "run", "device", "case-start"
"""The bench's channel, its records that a charter is read from, and the one that they stand before."""


class Scope(StrEnum):
    """What a run was asked for."""

    PLAN = "whole-plan"
    """Every case that the plan demands of this bench."""
    PART = "part-of-plan"
    """Some of the plan's cases."""
    OWN = "own-cases"
    """Cases that are not the plan's, judged by its rules."""


@dataclass(frozen=True, kw_only=True)
class Charter:
    """What stands on a tape before its first case, and what the adapter said when it first was ready."""

    told: Mapping[str, Any]
    """The fields of the record `run`."""
    devices: tuple[Mapping[str, Any], ...]
    said: Mapping[str, str]
    """`name` and `version` of what is under test, as it said itself; empty until it has."""

    @property
    def plan(self) -> str:
        """The plan's id."""
        return str(self.told.get("plan", ""))

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases that the plan demands of this bench."""
        return texts(self.told.get("cases"))

    @property
    def demanded(self) -> tuple[str, ...]:
        """The cases that the run's verdict asks for; empty for those that were begun."""
        return texts(self.told.get("demanded"))

    @property
    def left_out(self) -> dict[str, tuple[str, ...]]:
        """The plan's cases that are not demanded of this bench, each with what it lacks."""
        found = self.told.get("left_out")
        return {str(case): texts(lacks) for case, lacks in found.items()} if isinstance(found, Mapping) else {}

    @cached_property
    def terms(self) -> dict[str, RuleTerms]:
        """The rules with what the plan says of each. Raises ValueError, KeyError, TypeError, AttributeError."""
        return read_terms(self.told["rules"])

    @cached_property
    def lists_rules(self) -> bool:
        """Whether the rules are there as they should be; on a tape that somebody made up they may not."""
        try:
            return bool(self.terms)
        except (ValueError, KeyError, TypeError, AttributeError):
            return False

    @property
    def scope(self) -> Scope:
        """What the run was asked for."""
        if self.demanded and self.demanded == self.cases:
            return Scope.PLAN
        known = {*self.cases, *self.left_out}
        return Scope.PART if self.demanded and known.issuperset(self.demanded) else Scope.OWN

    @property
    def manifest(self) -> dict[str, Any]:
        """What `manifest.json` holds."""
        told = {name: value for name, value in self.told.items() if name not in {"event", "command"}}
        kind = str(told.pop("subject", ""))
        subject = {"kind": kind, **self.said}
        adapter = {"command": list(texts(self.told.get("command"))), **self.said}
        return {
            **{name: told.pop(name) for name in FIRST if name in told},
            "devices": [dict(device) for device in self.devices],
            "subject": subject,
            **({"adapter": adapter} if kind == ADAPTER else {}),
            **told,
        }


FIRST = ("liantiao", "versions", "plan", "title", "bench", "profile", "profile_sm3", "seed", "clock", "started")
"""What a manifest begins with."""


def charter_fields(plan: Plan, demanded: Sequence[str]) -> dict[str, JsonValue]:
    """What the record `run` holds of a plan and the cases demanded."""
    rules = {name: {"severity": terms.severity.value, "clause": terms.clause} for name, terms in plan.rules.items()}
    return {
        "plan": plan.id,
        "title": plan.title,
        "subject": plan.subject,
        "cases": list(plan.cases),
        "cases_sm3": sm3("\n".join(plan.cases).encode()).hex(),
        "demanded": list(demanded),
        "left_out": {case: list(lacks) for case, lacks in plan.left_out.items()},
        "rules": rules,
        "rules_sm3": sm3(canonical(rules)).hex(),
    }


def read_terms(rules: Mapping[str, Any]) -> dict[str, RuleTerms]:
    """Rules with their terms. Raises ValueError, KeyError, TypeError, AttributeError for what are none."""
    return {
        str(name): RuleTerms(severity=Severity(said["severity"]), clause=str(said["clause"]))
        for name, said in rules.items()
    }


def read_charter(records: Iterable[Record]) -> Charter | None:
    """The charter of a tape; None when its record `run` does not hold the rules, or there is none."""
    told: Mapping[str, Any] = {}
    devices: list[Mapping[str, Any]] = []
    said: Mapping[str, str] = {}
    begun = False
    for record in records:
        if record.channel == COUNTER and record.direction is Direction.RECEIVED:
            said = _ready(record)
            if said:
                break
        elif not begun and record.channel == BENCH and record.name == DEVICE:
            devices.append(_device(record.event))
        elif not begun and record.channel == BENCH and record.name == RUN:
            told = record.event
        elif record.name == CASE_START:
            begun = True
            if not told.get("rules") or told.get("subject") != ADAPTER:
                break
    if not told.get("rules"):
        return None
    about = told.get("about")
    if isinstance(about, Mapping) and about:
        said = {str(name): str(value) for name, value in about.items()}
    return Charter(
        told={name: value for name, value in told.items() if name != "about"}, devices=tuple(devices), said=said
    )


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; none of anything else."""
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def _ready(record: Record) -> Mapping[str, str]:
    """Name and version that an adapter gives of itself when it is ready; empty when this is another line."""
    if b'"ready"' not in record.data:
        return {}
    ready = read_port_line(record).content.get("ready")
    if not isinstance(ready, Mapping):
        return {}
    return {"name": str(ready.get("adapter", "")), "version": str(ready.get("version", ""))}


def _device(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: fields.get(name) for name in ("name", "kind", "at", "virtual")}


def digest_of(content: object) -> str:
    """SM3 of a JSON value in its canonical spelling."""
    return sm3(canonical(json.loads(json.dumps(content)))).hex()
