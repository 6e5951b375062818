"""Plans: what a certificate of a kind demands; cases that must pass, rules that must hold, with severity and clause."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from fixtures import fixture
from harness.errors import ConfigError


class Severity(StrEnum):
    """How bad it is when a rule does not hold; any finding denies the certificate."""

    CRITICAL = "critical"
    """Money or identity: it loses, doubles or misdirects a fen, or settles for the wrong person."""
    MAJOR = "major"
    """The interface's rules are broken; other systems will refuse or misread."""
    MINOR = "minor"
    """The person at the counter is left without the information they need."""


class StageKind(StrEnum):
    """On what stage a plan's cases play, and so what is under test."""

    COUNTER = "counter"
    """A cashier's counter: the HIS adapter is under test."""
    MACHINE = "machine"
    """An encryption machine is under test."""
    SCANNER = "scanner"
    """A scanner box is under test."""
    CENTRE = "centre"
    """A voucher centre is under test."""
    MOBILE = "mobile"
    """A mobile-payment centre is under test."""


ADAPTER = "adapter"
SUBJECTS: Mapping[StageKind, str] = {
    StageKind.COUNTER: ADAPTER,
    StageKind.MACHINE: "encryption-machine",
    StageKind.SCANNER: "scanner",
    StageKind.CENTRE: "voucher-centre",
    StageKind.MOBILE: "mobile-payment",
}
"""What is under test: the adapter, or the device of a kind."""
VIRTUAL_SUBJECT = "virtual-subject"
"""What a real subject lacks where a case needs faults that only a virtual one can be told to have."""


@dataclass(frozen=True, kw_only=True)
class RuleTerms:
    """What a plan says of a rule."""

    severity: Severity
    clause: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan of `fixtures/plans`."""

    id: str
    title: str
    title_zh: str
    stage: StageKind
    suite: str
    bench: str
    cases: tuple[str, ...]
    rules: Mapping[str, RuleTerms]
    virtual_only: tuple[str, ...] = ()
    """Cases, without their variants, that need faults which only a virtual subject can be told to have."""
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a case, with or without its variant, needs of the subject beyond the usual, by the crew's names."""
    shown_in: Mapping[str, str] = field(default_factory=dict)
    """A case in which a mutant shows, where a quick proof looks first."""
    bystanders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Mutants of virtual devices that are not under test, by the device's kind: what they owe is tested as well.

    A proof calls them KIND:NAME."""
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Cases that are not demanded, each with what is lacking: `virtual-subject` where the subject is real, or what it
    needs by the crew's names. A certificate says so."""

    def for_real_subject(self) -> "Plan":
        """The same plan without the cases that a real subject cannot run."""
        return self._without({case: (VIRTUAL_SUBJECT,) for case in self.cases if self.is_virtual_only(case)})

    def for_subject_with(self, offered: frozenset[str]) -> "Plan":
        """The same plan without the cases that need what the subject does not offer."""
        lacking = {case: tuple(name for name in self.needs_of(case) if name not in offered) for case in self.cases}
        return self._without({case: names for case, names in lacking.items() if names})

    def is_virtual_only(self, case: str) -> bool:
        """Whether a case needs faults which only a virtual subject can be told to have."""
        return case.partition("[")[0] in self.virtual_only

    def needs_of(self, case: str) -> tuple[str, ...]:
        """What a case needs of the subject beyond the usual."""
        names = (*self.needs.get(case, ()), *self.needs.get(case.partition("[")[0], ()))
        return tuple(dict.fromkeys(names))

    def _without(self, out: Mapping[str, tuple[str, ...]]) -> "Plan":
        kept = tuple(case for case in self.cases if case not in out)
        return replace(self, cases=kept, left_out={**self.left_out, **out})

    @property
    def subject(self) -> str:
        """What is under test: `adapter`, or the kind of a device."""
        return SUBJECTS[self.stage]


def plan_ids() -> list[str]:
    """The plans that ship, in alphabetical order."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in fixture("plans").iterdir() if entry.name.endswith(".toml")
    )


def load_plan(plan_id: str) -> Plan:
    """A plan by its id. Raises ConfigError for one that does not exist."""
    if plan_id not in plan_ids():
        raise ConfigError(
            f"There is no plan {plan_id!r}.",
            cause="a slip of the pen, or a plan of another version",
            remedy=f"use one of: {', '.join(plan_ids())}; `liantiao plans` tells what each demands",
        )
    raw = tomllib.loads(fixture(f"plans/{plan_id}.toml").read_text(encoding="utf-8"))
    head = raw["plan"]
    return Plan(
        id=plan_id,
        title=head["title"],
        title_zh=head["title_zh"],
        stage=StageKind(head.get("stage", StageKind.COUNTER)),
        suite=head["suite"],
        bench=head["bench"],
        cases=tuple(head["cases"]),
        virtual_only=tuple(head.get("virtual_only", ())),
        needs={case: tuple(names) for case, names in raw.get("needs", {}).items()},
        shown_in=dict(raw.get("shown_in", {})),
        bystanders={kind: tuple(names) for kind, names in raw.get("bystanders", {}).items()},
        rules={
            name: RuleTerms(severity=Severity(terms["severity"]), clause=terms["clause"])
            for name, terms in raw["rules"].items()
        },
    )
