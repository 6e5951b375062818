"""`liantiao prove PLAN`: every mutant of what is under test must be caught, and the reference itself must be clean.

The mutants are those that the bench's adapter lists, or that the simulator of the device under test offers.

Each mutant is certified in a process of its own, several at a time; the proof lies in `prove.json` of its folder.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.clock import BEIJING
from harness.commands.family import Family
from harness.commands.output import say
from harness.counter.command import runnable
from harness.crews import crew_type
from harness.errors import BenchError, ConfigError, ExitStatus
from harness.interrupt import one_interrupt
from harness.judge.plan import ADAPTER, Plan, load_plan
from harness.line.folder import CASES, PROOF, VERDICT, new_folder, write_json
from harness.options import chosen_bench

REFERENCE = "reference"
LIST_S = 30
MOST_S = 900


@dataclass(frozen=True, kw_only=True)
class ProofOptions:
    """What a proof may be told on the command line."""

    plan: str
    bench: str | None = None
    runs: Path = Path("runs")
    seed: int | None = None
    mutants: Sequence[str] = field(default_factory=tuple)
    """Only these; all without any."""
    workers: int = 2
    quick: bool = False
    """Leave each mutant at its first finding: tells whether it is caught, not by which rules.

    The case that the plan names for it is tried first, and every case when it does not show there."""


def prove(options: ProofOptions, told: Callable[[str, bool], None]) -> tuple[Path, dict[str, Any]]:
    """Certify the reference and every mutant; `told(name, as_it_should)` is called as each ends.

    Returns the proof's folder and what `prove.json` holds. Raises ConfigError, or BenchError when a certification does
    not end; whatever ends the proof ends its certifications.
    """
    plan = load_plan(options.plan)
    file = chosen_bench(plan, bench=options.bench, seed=options.seed)
    crew_type(plan).check(file)
    texts = _mutants_of(plan, file)
    strange = set(options.mutants) - set(texts)
    if strange:
        raise ConfigError(
            f"There is no mutant {', '.join(sorted(strange))}.",
            cause="a slip of the pen",
            remedy=f"use some of: {', '.join(texts)}",
        )
    folder = new_folder(options.runs, f"prove-{plan.id}", now=datetime.now(tz=BEIJING)).resolve()
    names = [REFERENCE, *dict.fromkeys(options.mutants or texts)]
    family = Family()

    def one(name: str) -> dict[str, Any]:
        result = _certify(options, family, name, folder / name, case=plan.shown_in.get(name) if options.quick else None)
        if options.quick and name in plan.shown_in and not result["by"]:
            result = _certify(options, family, name, folder / name)
        told(name, result["passed"] if name == REFERENCE else bool(result["by"]))
        return result

    with one_interrupt(), family, ThreadPoolExecutor(max_workers=max(1, options.workers)) as pool:
        try:
            results = dict(zip(names, pool.map(one, names), strict=True))
        except BaseException:
            say(f"Ending what still runs; what was certified so far is in {folder}")
            family.end()
            raise
    reference = results.pop(REFERENCE)
    content = {
        "plan": plan.id,
        "seed": file.bench.seed,
        "quick": options.quick,
        "rules": list(plan.rules),
        "reference": {
            "verdict": reference["verdict"],
            "passed": reference["passed"],
            "findings": reference["by"],
            "run": reference["run"],
        },
        "mutants": [
            {
                "name": name,
                "text": texts[name],
                "killed": bool(result["by"]),
                "by": result["by"],
                "verdict": result["verdict"],
                "run": result["run"],
            }
            for name, result in results.items()
        ],
    }
    write_json(folder / PROOF, content)
    return folder, content


def proof_status(content: dict[str, Any]) -> ExitStatus:
    """0 when the reference is clean and every mutant was caught, else 1."""
    killed = all(mutant["killed"] for mutant in content["mutants"]) and content["mutants"]
    return ExitStatus.CERTIFIED if killed and content["reference"]["passed"] else ExitStatus.FINDINGS


def _mutants_of(plan: Plan, file: BenchFile) -> Mapping[str, str]:
    if plan.subject == ADAPTER:
        return _listed(runnable(file.command))
    kind = simulator_type(plan.subject)
    texts: Mapping[str, str] = getattr(kind, "mutants", {})
    if hasattr(kind, "mutants_of"):
        spec = file.device(plan.subject)
        texts = kind.mutants_of(read_settings(kind.settings, spec.settings, where=spec.where))
    if not texts or not file.device(plan.subject).virtual:
        raise ConfigError(
            f"There are no mutants of {file.device(plan.subject).at}.",
            cause="only a virtual device whose simulator offers mutants can be given a known defect",
            remedy="prove with the shipped bench",
        )
    return texts


def _listed(command: Sequence[str]) -> dict[str, str]:
    asked = [*command, "--list-mutants"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=LIST_S, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(
            f"`{shlex.join(asked)}` does not list mutants: {error}.",
            cause="only the reference adapter has mutants; the bench names another one",
            remedy="prove with the shipped bench, or give your adapter --list-mutants and --mutant NAME",
        ) from error
    texts = {}
    for line in said.splitlines():
        name, _, text = line.partition("\t") if "\t" in line else line.partition(" ")
        if name:
            texts[name] = text.strip()
    return texts


def _certify(
    options: ProofOptions, family: Family, name: str, folder: Path, *, case: str | None = None
) -> dict[str, Any]:
    words = [sys.executable, "-m", "harness", "certify", options.plan, "--runs", str(folder), "--json"]
    words += ["--end-with-input"]
    if name != REFERENCE:
        words += ["--mutant", name, *(["--until-finding"] if options.quick else [])]
    if case is not None:
        words += ["--case", case]
    if options.bench is not None:
        words += ["--bench", options.bench]
    if options.seed is not None:
        words += ["--seed", str(options.seed)]
    status, said = family.run(words, most_s=MOST_S)
    runs = sorted(folder.glob(f"*/{CASES}"))
    if not runs:
        raise BenchError(
            f"`{shlex.join(words)}` left no run: {said.strip()}",
            cause="the bench could not be brought up, or the certification was ended",
            remedy="run that command by hand",
        )
    run = runs[-1].parent
    caught: list[dict[str, str]] = []
    for line in (run / CASES).read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        caught += [{"case": found["case"], "rule": rule} for rule in sorted({f["rule"] for f in found["findings"]})]
    written = run / VERDICT
    verdict = json.loads(written.read_text(encoding="utf-8"))["verdict"] if written.exists() else "inconclusive"
    return {
        "by": caught,
        "verdict": verdict,
        "passed": status == ExitStatus.CERTIFIED,
        "run": str(run.relative_to(folder.parent)),
    }
