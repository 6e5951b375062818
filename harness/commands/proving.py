"""`liantiao prove PLAN`: every mutant of what is under test must be caught, and the reference itself must be clean.

The mutants are those that the bench's adapter lists, or that the simulator of the device under test offers, and those
of other virtual devices that the plan demands (`bystanders`), called KIND:NAME. One that shows under a province's
profile alone runs under that one; the reference must be clean there, too.

Each mutant is certified in a process of its own, several at a time (`harness.commands.family`); the proof lies in
`prove.json` of its folder.
"""

import json
import runpy
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
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
from harness.wire.profile import load_profile

REFERENCE = "reference"
PROFILE = "\tprofile="
PRELOADED = "harness.cli.preloaded"
"""What a certification loads on its way."""
LIST_S = 30
MOST_S = 900


@dataclass(frozen=True, kw_only=True)
class ProofOptions:
    """What a proof may be told on the command line."""

    plan: str
    bench: str | None = None
    runs: Path = Path("runs")
    seed: int | None = None
    profile: str | None = None
    """The province's profile, for every mutant that has none of its own; the bench file's without one."""
    mutants: Sequence[str] = field(default_factory=tuple)
    """Only these; all without any."""
    beyond: str | None = None
    """Another plan, whose mutants are left out: its own proof shows them."""
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
    file = chosen_bench(plan, bench=options.bench, seed=options.seed, profile=options.profile)
    crew_type(plan).check(file)
    mutants = _mutants_of(plan, file)
    strange = set(options.mutants) - set(mutants)
    if strange:
        raise ConfigError(
            f"There is no mutant {', '.join(sorted(strange))}.",
            cause="a slip of the pen",
            remedy=f"use some of: {', '.join(mutants)}",
        )
    others = _mutants_of_plan(options.beyond) if options.beyond else {}
    chosen = [mutants[name] for name in dict.fromkeys(options.mutants or mutants) if name not in others]
    folder = new_folder(options.runs, f"prove-{plan.id}", now=datetime.now(tz=BEIJING)).resolve()
    runs = [_Run(name=REFERENCE, profile=options.profile or "", cases=()), *_elsewhere(plan, file, chosen, options)]
    references = len(runs)
    for mutant in chosen:
        shown = plan.shown_in.get(mutant.name) if options.quick else None
        runs.append(
            _Run(
                name=mutant.name,
                profile=mutant.profile or options.profile or "",
                cases=(shown,) if shown else (),
                mutant=mutant.name,
            )
        )
    family = Family(loaded=[PRELOADED])

    def one(run: _Run) -> dict[str, Any]:
        result = _certify(options, family, run, folder / run.folder)
        if run.mutant and run.cases and not result["by"]:
            result = _certify(options, family, replace(run, cases=()), folder / run.folder)
        told(run.name, bool(result["by"]) if run.mutant else result["passed"])
        return result

    with one_interrupt(), family, ThreadPoolExecutor(max_workers=max(1, options.workers)) as pool:
        try:
            results = list(pool.map(one, runs))
        except BaseException:
            say(f"Ending what still runs; what was certified so far is in {folder}")
            family.end()
            raise
    told_of = [
        {"verdict": result["verdict"], "passed": result["passed"], "findings": result["by"], "run": result["run"]}
        for result in results[:references]
    ]
    elsewhere = zip(runs[1:references], told_of[1:], strict=True)
    content = {
        "plan": plan.id,
        "seed": file.bench.seed,
        "profile": file.bench.profile,
        "quick": options.quick,
        "beyond": options.beyond,
        "rules": list(plan.rules),
        "reference": told_of[0],
        "elsewhere": {run.profile: {"cases": list(run.cases), **found} for run, found in elsewhere},
        "mutants": [
            {
                "name": mutant.name,
                "text": mutant.text,
                **({"profile": mutant.profile} if mutant.profile else {}),
                "killed": bool(result["by"]),
                "by": result["by"],
                "verdict": result["verdict"],
                "run": result["run"],
            }
            for mutant, result in zip(chosen, results[references:], strict=True)
        ],
    }
    write_json(folder / PROOF, content)
    return folder, content


def proof_status(content: dict[str, Any]) -> ExitStatus:
    """0 when the reference is clean under every profile and every mutant was caught, else 1."""
    killed = all(mutant["killed"] for mutant in content["mutants"]) and content["mutants"]
    clean = all(found["passed"] for found in (content["reference"], *content["elsewhere"].values()))
    return ExitStatus.CERTIFIED if killed and clean else ExitStatus.FINDINGS


@dataclass(frozen=True, kw_only=True)
class _Mutant:
    """What is offered."""

    name: str
    text: str
    profile: str = ""
    """The profile under which alone it shows; empty for any."""


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One certification of a proof."""

    name: str
    """Of its folder."""
    profile: str
    """Empty for the bench file's."""
    cases: tuple[str, ...]
    """Only these; all of the plan without any."""
    mutant: str = ""
    """Empty for the reference."""

    @property
    def folder(self) -> str:
        """Where it is left, below the proof's."""
        return self.name.replace(":", "-")


def _elsewhere(plan: Plan, file: BenchFile, chosen: Sequence[_Mutant], options: ProofOptions) -> list[_Run]:
    """The reference under the profiles that mutants bring with them; in a quick proof only where they show."""
    shown: dict[str, list[str | None]] = {}
    for mutant in chosen:
        if mutant.profile and mutant.profile != file.bench.profile:
            shown.setdefault(mutant.profile, []).append(plan.shown_in.get(mutant.name) if options.quick else None)
    runs = []
    for profile, cases in shown.items():
        named = tuple(dict.fromkeys(case for case in cases if case))
        runs.append(_Run(name=f"{REFERENCE}-{profile}", profile=profile, cases=() if None in cases else named))
    return runs


def _mutants_of_plan(name: str) -> Mapping[str, _Mutant]:
    """Those of another plan, on its own bench."""
    plan = load_plan(name)
    return _mutants_of(plan, chosen_bench(plan))


def _mutants_of(plan: Plan, file: BenchFile) -> Mapping[str, _Mutant]:
    own = _listed(runnable(file.command)) if plan.subject == ADAPTER else _offered(file, plan.subject)
    beside = {}
    for kind, names in plan.bystanders.items():
        offered = _offered(file, kind)
        for name in names:
            beside[f"{kind}:{name}"] = replace(offered[name], name=f"{kind}:{name}")
    return {**own, **beside}


def _offered(file: BenchFile, device: str) -> dict[str, _Mutant]:
    """What the simulator of a kind of device offers."""
    kind = simulator_type(device)
    texts: Mapping[str, str] = getattr(kind, "mutants", {})
    if hasattr(kind, "mutants_of"):
        spec = file.device(device)
        texts = kind.mutants_of(read_settings(kind.settings, spec.settings, where=spec.where))
    if not texts or not file.device(device).virtual:
        raise ConfigError(
            f"There are no mutants of {file.device(device).at}.",
            cause="only a virtual device whose simulator offers mutants can be given a known defect",
            remedy="prove with the shipped bench",
        )
    return {name: _Mutant(name=name, text=text) for name, text in texts.items()}


def _listed(command: Sequence[str]) -> dict[str, _Mutant]:
    """What an adapter lists, a line each: its name, texts about it, and `profile=NAME` as the last where it has one."""
    asked = [*command, "--list-mutants"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=LIST_S, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(
            f"`{shlex.join(asked)}` does not list mutants: {error}.",
            cause="only the reference adapter has mutants; the bench names another one",
            remedy="prove with the shipped bench, or give your adapter --list-mutants and --mutant NAME",
        ) from error
    found = {}
    for line in said.splitlines():
        name, _, text = line.partition("\t") if "\t" in line else line.partition(" ")
        rest, separator, profile = text.rpartition(PROFILE)
        if separator and "\t" not in profile:
            text = rest
            load_profile(profile.strip())
        else:
            profile = ""
        if name:
            found[name] = _Mutant(name=name, text=text.strip(), profile=profile.strip())
    return found


def _liantiao(*words: str) -> None:
    """The whole command line, as if it had been started with these words."""
    sys.argv = ["liantiao", *words]
    runpy.run_module("harness", run_name="__main__", alter_sys=True)


def _certify(options: ProofOptions, family: Family, run: _Run, folder: Path) -> dict[str, Any]:
    words = ["certify", options.plan, "--runs", str(folder), "--json"]
    if run.mutant:
        words += ["--mutant", run.mutant, *(["--until-finding"] if options.quick else [])]
    for case in run.cases:
        words += ["--case", case]
    if run.profile:
        words += ["--profile", run.profile]
    if options.bench is not None:
        words += ["--bench", options.bench]
    if options.seed is not None:
        words += ["--seed", str(options.seed)]
    status, said = family.run(_liantiao, *words, most_s=MOST_S)
    runs = sorted(folder.glob(f"*/{CASES}"))
    if not runs:
        raise BenchError(
            f"`liantiao {shlex.join(words)}` left no run: {said.strip()}",
            cause="the bench could not be brought up, or the certification was ended",
            remedy="run that command by hand",
        )
    left = runs[-1].parent
    caught: list[dict[str, str]] = []
    for line in (left / CASES).read_text(encoding="utf-8").split("\n")[:-1]:
        found = json.loads(line)
        caught += [{"case": found["case"], "rule": rule} for rule in sorted({f["rule"] for f in found["findings"]})]
    written = left / VERDICT
    verdict = json.loads(written.read_text(encoding="utf-8"))["verdict"] if written.exists() else "inconclusive"
    return {
        "by": caught,
        "verdict": verdict,
        "passed": status == ExitStatus.CERTIFIED,
        "run": str(left.relative_to(folder.parent)),
    }
