"""The kill matrix: which mutant of what is under test was caught by which rule, as a page and as a table.

    prove.json {"plan", "quick", "rules", "mutants": [{"name", "text", "profile"?, "killed", "by": [{"case", "rule"}],
                "run"}], "reference": {"verdict", "run", "passed"}, "elsewhere"?: {profile: the same}}

`elsewhere` is the reference under the profiles that some mutants need. A mutant that survives is a defect that no
rule sees; a reference with a finding makes every kill worthless; a rule that catches nothing is not shown to detect.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.errors import ConfigError
from harness.judge.verdict import Verdict
from harness.line.folder import PROOF
from reports.html import render
from reports.vocabulary import OUTCOMES, both

PAGE = "prove.html"


@dataclass(frozen=True, kw_only=True)
class Kill:
    """A finding that gave a mutant away."""

    case: str
    rule: str


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """An adapter with one known defect, and what became of it."""

    name: str
    text: str
    killed: bool
    by: tuple[Kill, ...]
    run: str
    profile: str = ""
    """The province's profile under which it ran, where it shows under that one alone."""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that caught it, in alphabetical order."""
        return tuple(sorted({kill.rule for kill in self.by}))

    def cases(self, rule: str) -> tuple[str, ...]:
        """The cases in which a rule caught it, each once, in the order of the run."""
        return tuple(dict.fromkeys(kill.case for kill in self.by if kill.rule == rule))


@dataclass(frozen=True, kw_only=True)
class Proof:
    """All of prove.json."""

    plan: str
    mutants: tuple[Mutant, ...]
    reference: str
    """The verdict on the reference; empty when it never ran."""
    reference_run: str
    reference_passed: bool
    """Under every profile of the proof."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """The profiles that some mutants need, and the verdict on the reference under each."""
    demanded: tuple[str, ...] = ()
    """The rules of the plan."""
    quick: bool = False
    """Whether each mutant was left at its first finding, so that nothing can be said of the rules."""
    beyond: str = ""
    """The plan whose mutants were left out: its own proof shows them."""

    @property
    def idle(self) -> tuple[str, ...]:
        """The plan's rules that caught no mutant; none can be named after a quick or partial proof."""
        return () if self.quick or self.beyond else tuple(rule for rule in self.demanded if rule not in self.rules)

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The mutants that nothing caught."""
        return tuple(mutant for mutant in self.mutants if not mutant.killed)

    @property
    def holds(self) -> bool:
        """Whether every mutant died, there was one at all, and the reference passed."""
        return bool(self.mutants) and not self.survivors and self.reference_passed

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule that caught something, in alphabetical order."""
        return tuple(sorted({rule for mutant in self.mutants for rule in mutant.rules}))


def read_proof(folder: Path) -> Proof:
    """The proof in a folder. Raises ConfigError when there is none or it is damaged."""
    try:
        found = json.loads((folder / PROOF).read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder} holds no readable {PROOF}.",
            cause="this is not the folder of a proof, or the proof was cut short",
            remedy="run `liantiao prove PLAN`; it prints the folder",
        ) from error
    content = found if isinstance(found, dict) else {}
    reference = content.get("reference")
    reference = reference if isinstance(reference, dict) else {}
    told = content.get("elsewhere")
    elsewhere = {name: one for name, one in told.items() if isinstance(one, dict)} if isinstance(told, dict) else {}
    mutants = content.get("mutants")
    return Proof(
        plan=str(content.get("plan", "")),
        mutants=tuple(_mutant(m) for m in mutants if isinstance(m, dict)) if isinstance(mutants, list) else (),
        reference=str(reference.get("verdict", "")),
        reference_run=str(reference.get("run", "")),
        reference_passed=all(
            one.get("passed", one.get("verdict") == Verdict.PASSED) is True for one in (reference, *elsewhere.values())
        ),
        elsewhere=tuple((profile, str(one.get("verdict", ""))) for profile, one in elsewhere.items()),
        demanded=tuple(map(str, rules)) if isinstance(rules := content.get("rules"), list) else (),
        quick=content.get("quick") is True,
        beyond=str(content.get("beyond") or ""),
    )


def render_proof(folder: Path) -> Path:
    """Write `prove.html` beside `prove.json` and return its path. Raises ConfigError when there is no proof."""
    target = folder / PAGE
    target.write_text(render("prove.html.j2", proof=read_proof(folder)), encoding="utf-8")
    return target


def print_proof(folder: Path, console: Console | None = None) -> None:
    """Print the kill matrix of a folder. Raises ConfigError when there is no proof."""
    (console or Console(highlight=False)).print(proof_table(read_proof(folder)))


def proof_table(proof: Proof) -> Table:
    """The kill matrix for the terminal."""
    killed = len(proof.mutants) - len(proof.survivors)
    reference = both(OUTCOMES, proof.reference) or "not run 未执行"
    table = Table(
        title=f"{proof.plan}: {killed} / {len(proof.mutants)} mutants killed 变异体被发现",
        caption=f"reference 参考系统: {reference}"
        + "".join(f"\n{profile}: {both(OUTCOMES, verdict) or 'not run 未执行'}" for profile, verdict in proof.elsewhere)
        + (f"\nwithout those of {proof.beyond}'s proof 不含 {proof.beyond} 的变异体" if proof.beyond else "")
        + (f"\nrules that caught nothing 未发现变异体的规则: {', '.join(proof.idle)}" if proof.idle else ""),
        expand=True,
    )
    table.add_column("mutant 变异体", ratio=4)
    table.add_column("", no_wrap=True)
    table.add_column("caught by 发现者", ratio=5)
    for mutant in proof.mutants:
        fate = Text("killed 已发现", style="green") if mutant.killed else Text("SURVIVED 漏网", style="bold red")
        by = [f"{rule}  ({_some(mutant.cases(rule))})" for rule in mutant.rules]
        where = f" ({mutant.profile})" if mutant.profile else ""
        table.add_row(Text.assemble((mutant.name, "bold"), f"{where}\n{mutant.text}"), fate, Text("\n".join(by)))
    return table


def _some(cases: tuple[str, ...]) -> str:
    return ", ".join(cases[:2]) + (f" +{len(cases) - 2}" if len(cases) > 2 else "")


def _mutant(found: Mapping[str, Any]) -> Mutant:
    by = found.get("by")
    kills = tuple(
        Kill(case=str(kill.get("case", "")), rule=str(kill.get("rule", "")))
        for kill in (by if isinstance(by, list) else ())
        if isinstance(kill, dict)
    )
    return Mutant(
        name=str(found.get("name", "")),
        text=str(found.get("text", "")),
        killed=found.get("killed") is True,
        by=kills,
        run=str(found.get("run", "")),
        profile=str(found.get("profile", "")),
    )
