"""The command line: words and options; the work is in `harness.commands`.

Exit status: 0 certified, 1 findings, 2 your configuration, 3 inconclusive.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness import __version__
from harness.errors import ConfigError, ExitStatus, LiantiaoError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Liantiao 联调: joint tests of the medical-insurance e-voucher (医保电子凭证), with real or virtual devices.",
)

PlanArgument = Annotated[str, typer.Argument(help="The plan, e.g. pharmacy; `liantiao plans` lists them.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
BenchOption = Annotated[str | None, typer.Option("--bench", help="Bench file; default: the plan's, all virtual.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="Where run folders go.")]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Overrides the bench file's seed.")]
DeviceOption = Annotated[
    list[str] | None, typer.Option("--device", metavar="NAME=ADDRESS", help="Overrides a device's address.")
]
AdapterOption = Annotated[str | None, typer.Option("--adapter", metavar="COMMAND", help="The adapter under test.")]
CaseOption = Annotated[list[str] | None, typer.Option("--case", help="Only this case; may be repeated.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines: JSON instead of tables.")]


@app.command()
def certify(
    plan: PlanArgument,
    *,
    bench: BenchOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    device: DeviceOption = None,
    adapter: AdapterOption = None,
    mutant: Annotated[str | None, typer.Option(help="Test this mutant of the bench's adapter instead.")] = None,
    case: CaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a plan's cases and give a verdict."""
    _run(
        plan,
        paths=[],
        bench=bench,
        runs=runs,
        seed=seed,
        device=device,
        adapter=adapter,
        mutant=mutant,
        case=case,
        as_json=as_json,
    )


@app.command("test")
def run_own_cases(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files or folders with your own cases.")],
    *,
    plan: Annotated[str, typer.Option(help="The plan whose rules judge the cases.")] = "pharmacy",
    bench: BenchOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    device: DeviceOption = None,
    adapter: AdapterOption = None,
    case: CaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run your own cases on the bench, judged like the plan's."""
    _run(
        plan,
        paths=paths,
        bench=bench,
        runs=runs,
        seed=seed,
        device=device,
        adapter=adapter,
        mutant=None,
        case=case,
        as_json=as_json,
    )


def _run(
    plan: str,
    *,
    paths: list[Path],
    bench: str | None,
    runs: Path,
    seed: int | None,
    device: list[str] | None,
    adapter: str | None,
    mutant: str | None,
    case: list[str] | None,
    as_json: bool,
) -> None:
    from harness.commands.running import RunOptions, run_cases
    from reports.progress import print_summary, progress_view

    options = RunOptions(
        plan=plan,
        paths=paths,
        bench=bench,
        runs=runs,
        seed=seed,
        devices=device or [],
        adapter=adapter,
        mutant=mutant,
        cases=case or [],
    )
    with progress_view(as_json=as_json) as view:
        folder, status = run_cases(options, view)
    print_summary(folder, as_json=as_json)
    raise typer.Exit(status)


@app.command()
def prove(
    plan: PlanArgument,
    *,
    bench: BenchOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    mutant: Annotated[list[str] | None, typer.Option(help="Only this mutant; may be repeated.")] = None,
    workers: Annotated[int, typer.Option(help="How many mutants at a time.")] = os.cpu_count() or 1,
    as_json: JsonOption = False,
) -> None:
    """Prove that the plan detects: every mutant of the reference adapter must be caught."""
    import json

    from harness.commands.proving import ProofOptions, proof_status
    from harness.commands.proving import prove as run_proof
    from reports.prove import print_proof, render_proof

    options = ProofOptions(plan=plan, bench=bench, runs=runs, seed=seed, mutants=mutant or [], workers=workers)
    folder, content = run_proof(options, lambda name, good: _say(f"{'ok  ' if good else 'BAD '} {name}"))
    page = render_proof(folder)
    if as_json:
        print(json.dumps(content, ensure_ascii=False))
    else:
        print_proof(folder)
        _say(f"The matrix: {page}")
    raise typer.Exit(int(proof_status(content)))


@app.command()
def judge(run: RunArgument, *, as_json: JsonOption = False) -> None:
    """Judge a run again from its tape alone; the same tape gives the same findings, byte for byte."""
    from harness.commands.judging import judge_run
    from harness.judge.verdict import plan_verdict
    from harness.pytest_plugin import explain

    judgement = judge_run(run)
    verdict, _ = plan_verdict([], judgement.verdicts)
    if as_json:
        sys.stdout.write(judgement.text)
    else:
        for case in judgement.verdicts:
            print(f"{case.verdict.value:12} {case.case}" if case.verdict.value == "passed" else explain(case))
    if judgement.broken is not None:
        _say(f"{judgement.broken}; what stands before it is intact and was judged")
    _say("cases.jsonl holds the same findings" if judgement.same else "cases.jsonl does NOT hold these findings")
    status = {"passed": ExitStatus.CERTIFIED, "failed": ExitStatus.FINDINGS}.get(verdict, ExitStatus.INCONCLUSIVE)
    if judgement.broken is not None or not judgement.same:
        status = ExitStatus.INCONCLUSIVE
    raise typer.Exit(int(status))


@app.command()
def report(run: RunArgument) -> None:
    """Render a run's report and JUnit file again."""
    from reports.render import render_all

    for path in render_all(run):
        print(path)


@app.command()
def tape(
    run: RunArgument,
    *,
    case: Annotated[str | None, typer.Option(help="Only this case.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only channels that begin so, e.g. platform.")] = None,
    full: Annotated[bool, typer.Option(help="Whole bodies instead of their beginning.")] = False,
    clear: Annotated[bool, typer.Option(help="Personal data in clear.")] = False,
    pcapng: Annotated[Path | None, typer.Option(help="Write a capture for Wireshark instead.")] = None,
    digest: Annotated[bool, typer.Option(help="Print each case's digest, comparable between runs.")] = False,
) -> None:
    """Print what a run recorded."""
    from harness.commands.taping import TapeOptions, show_tape

    options = TapeOptions(case=case, channel=channel, full=full, clear=clear, pcapng=pcapng, digest=digest)
    raise typer.Exit(int(show_tape(run, options)))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def simulate(context: typer.Context, kind: Annotated[str, typer.Argument(help="The kind, e.g. platform.")]) -> None:
    """Run one virtual device alone; `simulate KIND --help` lists its options."""
    from harness.bench.registry import kinds
    from harness.commands.serving import help_for
    from harness.commands.serving import simulate as serve

    if kind in {"--help", "-h"}:
        print(
            f"Usage: liantiao simulate KIND [OPTIONS]\n\nKINDS: {', '.join(kinds())}\n`simulate KIND --help` says more."
        )
        return
    if {"--help", "-h"} & set(context.args):
        print(help_for(kind))
        return
    serve(kind, context.args)


@app.command()
def up(
    *,
    bench: BenchOption = None,
    plan: Annotated[str, typer.Option(help="Whose bench, when no file is named.")] = "pharmacy",
    device: DeviceOption = None,
    seed: SeedOption = None,
    addresses: Annotated[Path, typer.Option(help="Where the addresses are written.")] = Path("bench.addresses.json"),
    as_json: JsonOption = False,
) -> None:
    """Bring a whole bench up and keep it, to develop an adapter against."""
    from harness.commands.serving import stay_up
    from harness.judge.plan import load_plan
    from harness.pytest_plugin import chosen_bench

    file = chosen_bench(load_plan(plan), bench=bench, devices=device or [], seed=seed, adapter=None)
    stay_up(file, addresses, as_json=as_json)


@app.command()
def plans() -> None:
    """List the plans and what each demands."""
    from harness.judge.plan import load_plan, plan_ids

    for name in plan_ids():
        plan = load_plan(name)
        print(f"{name:20} {plan.title} {plan.title_zh}: {len(plan.cases)} cases, {len(plan.rules)} rules")


@app.command()
def cases(plan: PlanArgument = "pharmacy") -> None:
    """List a plan's cases."""
    from harness.judge.plan import load_plan

    for case in load_plan(plan).cases:
        print(case)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run the command line; every error of ours is one message and its exit status."""
    try:
        app()
    except LiantiaoError as error:
        _say(f"error: {error}")
        raise SystemExit(int(error.status)) from error
    except KeyboardInterrupt:
        _say("interrupted")
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        wrapped = ConfigError(
            f"{error.filename or 'A file'}: {error.strerror}.", cause="no right, or no space", remedy="check the path"
        )
        _say(f"error: {wrapped}")
        raise SystemExit(int(wrapped.status)) from error
