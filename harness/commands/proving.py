"""`liantiao prove PLAN`: every mutant of the reference adapter must be caught, and the reference itself must be clean.

Each mutant is certified in a process of its own, several at a time; the proof lies in `prove.json` of its folder.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.clock import BEIJING
from harness.errors import ConfigError, ExitStatus
from harness.judge.plan import load_plan
from harness.line.folder import CASES, PROOF, VERDICT, new_folder
from harness.pytest_plugin import chosen_bench
from harness.run import runnable

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


def prove(options: ProofOptions, told: Callable[[str, bool], None]) -> tuple[Path, dict[str, Any]]:
    """Certify the reference and every mutant; `told(name, as_it_should)` is called as each ends.

    Returns the proof's folder and what `prove.json` holds. Raises ConfigError.
    """
    plan = load_plan(options.plan)
    file = chosen_bench(plan, bench=options.bench, devices=[], seed=options.seed, adapter=None)
    command = runnable(file.command)
    texts = _mutants(command)
    strange = set(options.mutants) - set(texts)
    if strange:
        raise ConfigError(
            f"There is no mutant {', '.join(sorted(strange))}.",
            cause="a slip of the pen",
            remedy=f"use some of: {', '.join(texts)}",
        )
    folder = new_folder(options.runs, f"prove-{plan.id}", now=datetime.now(tz=BEIJING)).resolve()
    names = [REFERENCE, *(options.mutants or texts)]

    def one(name: str) -> dict[str, Any]:
        words = command if name == REFERENCE else (*command, "--mutant", name)
        result = _certify(options, words, folder / name)
        told(name, result["passed"] if name == REFERENCE else bool(result["by"]))
        return result

    with ThreadPoolExecutor(max_workers=max(1, options.workers)) as pool:
        results = dict(zip(names, pool.map(one, names), strict=True))
    reference = results.pop(REFERENCE)
    content = {
        "plan": plan.id,
        "seed": file.bench.seed,
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
    (folder / PROOF).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return folder, content


def proof_status(content: dict[str, Any]) -> ExitStatus:
    """0 when the reference is clean and every mutant was caught, else 1."""
    killed = all(mutant["killed"] for mutant in content["mutants"]) and content["mutants"]
    return ExitStatus.CERTIFIED if killed and content["reference"]["passed"] else ExitStatus.FINDINGS


def _mutants(command: Sequence[str]) -> dict[str, str]:
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


def _certify(options: ProofOptions, command: Sequence[str], folder: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "harness", "certify", options.plan, "--adapter", shlex.join(command)]
    words += ["--runs", str(folder), "--json"]
    if options.bench is not None:
        words += ["--bench", options.bench]
    if options.seed is not None:
        words += ["--seed", str(options.seed)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=MOST_S, check=False)
    runs = sorted(folder.glob(f"*/{CASES}"))
    if not runs:
        raise ConfigError(
            f"`{shlex.join(words)}` left no run: {done.stderr.strip()}",
            cause="the bench could not be brought up",
            remedy="run that command by hand",
        )
    run = runs[-1].parent
    caught: list[dict[str, str]] = []
    for line in (run / CASES).read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        caught += [{"case": case["case"], "rule": rule} for rule in sorted({f["rule"] for f in case["findings"]})]
    written = run / VERDICT
    verdict = json.loads(written.read_text(encoding="utf-8"))["verdict"] if written.exists() else "inconclusive"
    return {
        "by": caught,
        "verdict": verdict,
        "passed": done.returncode == ExitStatus.CERTIFIED,
        "run": str(run.relative_to(folder.parent)),
    }
