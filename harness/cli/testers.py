"""Commands of whoever tests: `certify`, `test` and `prove`, and what there is to test with."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.words import (
    AdapterOption,
    BenchOption,
    CaseOption,
    DeviceOption,
    JsonOption,
    PlanArgument,
    ProfileOption,
    RunsOption,
    SeedOption,
    SignOption,
)
from harness.commands.output import even_unread, own_output, say

if TYPE_CHECKING:
    from harness.options import RunOptions


def certify(
    plan: PlanArgument,
    *,
    bench: BenchOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    device: DeviceOption = None,
    adapter: AdapterOption = None,
    profile: ProfileOption = None,
    mutant: Annotated[
        str | None, typer.Option(help="Test this mutant instead; KIND:NAME is another virtual device's.")
    ] = None,
    case: CaseOption = None,
    sign: SignOption = None,
    as_json: JsonOption = False,
    until_finding: Annotated[bool, typer.Option("--until-finding", help="Stop after the first that fails.")] = False,
) -> None:
    """Run a plan's cases and give a verdict."""
    from harness.options import RunOptions

    _run(
        RunOptions(
            plan=plan,
            bench=bench,
            runs=runs,
            seed=seed,
            devices=device or (),
            adapter=adapter,
            profile=profile,
            mutant=mutant,
            cases=case or (),
            until_finding=until_finding,
        ),
        sign=sign,
        as_json=as_json,
    )


def run_own_cases(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files or folders with your own cases.")],
    *,
    plan: Annotated[str, typer.Option(help="The plan whose rules judge the cases.")] = "pharmacy",
    bench: BenchOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    device: DeviceOption = None,
    adapter: AdapterOption = None,
    profile: ProfileOption = None,
    case: CaseOption = None,
    sign: SignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run your own cases on the bench, judged like the plan's."""
    from harness.options import RunOptions

    options = RunOptions(
        plan=plan,
        bench=bench,
        runs=runs,
        seed=seed,
        devices=device or (),
        adapter=adapter,
        profile=profile,
        cases=case or (),
    )
    _run(options, paths=paths, sign=sign, as_json=as_json)


def _run(options: "RunOptions", *, paths: Sequence[Path] = (), sign: Path | None, as_json: bool) -> None:
    from harness.commands.running import run_cases
    from harness.commands.signing import load_signer
    from reports.progress import print_summary, progress_view

    key = None if sign is None else load_signer(sign)
    with own_output() as out, progress_view(as_json=as_json, out=out) as view:
        folder, status = run_cases(options, view, paths=paths, key=key)
    with even_unread():
        print_summary(folder, as_json=as_json)
    raise typer.Exit(status)


def prove(
    plan: PlanArgument,
    *,
    bench: BenchOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    profile: ProfileOption = None,
    mutant: Annotated[list[str] | None, typer.Option(help="Only this mutant; may be repeated.")] = None,
    beyond: Annotated[
        str | None, typer.Option(help="Without the mutants that this plan's proof shows already.")
    ] = None,
    workers: Annotated[int, typer.Option(help="How many mutants at a time.")] = os.cpu_count() or 1,
    quick: Annotated[bool, typer.Option("--quick", help="Leave each mutant at its first finding.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove that the plan detects: every mutant of what it tests must be caught."""
    import json

    from harness.commands.proving import ProofOptions, proof_status
    from harness.commands.proving import prove as run_proof
    from reports.prove import print_proof, render_proof

    options = ProofOptions(
        plan=plan,
        bench=bench,
        runs=runs,
        seed=seed,
        profile=profile,
        mutants=mutant or [],
        beyond=beyond,
        workers=workers,
        quick=quick,
    )
    folder, content = run_proof(options, lambda name, good: say(f"{'ok  ' if good else 'BAD '} {name}"))
    page = render_proof(folder)
    with even_unread():
        if as_json:
            print(json.dumps(content, ensure_ascii=False), flush=True)
        else:
            print_proof(folder)
    say(f"The matrix: {page}")
    raise typer.Exit(int(proof_status(content)))


def plans() -> None:
    """List the plans and what each demands."""
    from harness.judge.plan import load_plan, plan_ids

    for name in plan_ids():
        plan = load_plan(name)
        print(f"{name:20} {plan.title} {plan.title_zh}: {len(plan.cases)} cases, {len(plan.rules)} rules")


def profiles() -> None:
    """List the provinces' profiles, and how much of each is assumed."""
    from harness.wire.profile import load_profile, offered_profiles

    for name in offered_profiles():
        profile = load_profile(name)
        known = len(profile.confirmed) + len(profile.likely)
        print(f"{name:20} {profile.title}: {len(profile.assumed)} of {known + len(profile.assumed)} keys assumed")


def cases(plan: PlanArgument = "pharmacy") -> None:
    """List a plan's cases."""
    from harness.judge.plan import load_plan

    for case in load_plan(plan).cases:
        print(case)
