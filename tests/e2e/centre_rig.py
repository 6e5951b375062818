"""A centre under test, from outside: what the tests of the plans for centres have in common.

RIG = CentreRig(plan="voucher", cases=("voucher/code-used",))
done = RIG.certify(tmp_path, "--mutant", "any-order")
assert "centre-steps-in-order" in findings(tmp_path)
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fixtures import fixture
from harness.judge.plan import load_plan

Kills = Mapping[str, tuple[str, str]]
"""A case and a rule of each mutant, or a mutant and a case of each rule."""


@dataclass(frozen=True, kw_only=True)
class CentreRig:
    """Certifies with a plan, in processes of their own; `cases` are those that are run where a test names none."""

    plan: str
    cases: tuple[str, ...]

    def certify(
        self, runs: Path, *words: str, cases: tuple[str, ...] | None = None, timeout_s: int = 100
    ) -> subprocess.CompletedProcess[str]:
        """Certify some cases, or with an empty tuple all."""
        chosen = [word for case in (self.cases if cases is None else cases) for word in ("--case", case)]
        command = [sys.executable, "-m", "harness", "certify", self.plan, "--runs", str(runs), "--json"]
        return subprocess.run(
            [*command, *chosen, *words], capture_output=True, text=True, check=False, timeout=timeout_s
        )

    def bench(self, folder: Path, *changes: tuple[str, str]) -> str:
        """The plan's bench file with changes."""
        text = fixture(f"benches/{self.plan}.toml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = folder / "bench.toml"
        path.write_text(text, "utf-8")
        return str(path)

    def one_of_each(
        self, *, but: tuple[str, ...] = (), whole: tuple[str, ...] = (), lacking: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """The first variant of each case whose name does not begin so, all variants of `whole`; none of `lacking`."""
        found: dict[str, str] = {}
        gone = set(lacking)
        for case in load_plan(self.plan).cases:
            name, _, variant = case.removeprefix(f"{self.plan}/").partition("[")
            if case not in gone and not name.startswith(but):
                found.setdefault(f"{name}[{variant}" if name in whole else name, case)
        return tuple(found.values())

    def needing(self, *things: str) -> set[str]:
        """The cases that need one of these of a bench."""
        plan = load_plan(self.plan)
        return {case for case in plan.cases if set(things) & set(plan.needs_of(case))}

    def shown(self, kills: Kills, also: Kills) -> tuple[set[str], set[str]]:
        """The rules and the cases that mutants and the rules beside them are about."""
        rules = {rule for _, rule in kills.values()} | set(also)
        cases = [case for case, _ in kills.values()] + [case for _, case in also.values()]
        return rules, {f"{self.plan}/{case}" for case in cases}


def findings(runs: Path) -> set[str]:
    """The rules that found something."""
    (file,) = runs.glob("*/cases.jsonl")
    return {finding["rule"] for line in file.read_text().splitlines() for finding in json.loads(line)["findings"]}


def manifest_of(runs: Path) -> dict[str, object]:
    """The manifest of the one run there."""
    (file,) = runs.glob("*/manifest.json")
    found: dict[str, object] = json.loads(file.read_text())
    return found


def judged_alike(runs: Path) -> Path:
    """The folder of the one run there, which has been judged again from its tape alone, with the same words."""
    (folder,) = runs.iterdir()
    judged = [sys.executable, "-m", "harness", "judge", str(folder), "--json"]
    again = subprocess.run(judged, capture_output=True, text=True, check=True, timeout=60)
    assert again.stdout == (folder / "cases.jsonl").read_text()
    return folder


def demand_no_mutant(rig: CentreRig, runs: Path, device: str, mutant: str) -> None:
    """No mutant of a real centre, and none of another name."""
    real = rig.certify(runs, "--mutant", mutant, "--device", f"{device}=http://127.0.0.1:9")
    assert real.returncode == 2
    assert "real device" in real.stderr
    strange = rig.certify(runs, "--mutant", "any-odour")
    assert strange.returncode == 2
    assert mutant in strange.stderr
