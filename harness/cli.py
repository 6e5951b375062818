"""The command line: words and options; the work is in `harness.commands`.

Exit status: 0 certified, 1 findings, 2 your configuration, 3 inconclusive.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness import __version__
from harness.commands.native_noise import without_native_noise
from harness.commands.output import even_unread, own_output, say, spell_everything, writer
from harness.errors import BenchError, ExitStatus, LiantiaoError, SimulatorDefect

if TYPE_CHECKING:
    from harness.options import RunOptions

INTERRUPTED = 130
TRACEBACK = "LIANTIAO_TRACEBACK"

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
ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="The province's profile; `liantiao profiles` lists them.")
]
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
    profile: ProfileOption = None,
    mutant: Annotated[
        str | None, typer.Option(help="Test this mutant instead; KIND:NAME is another virtual device's.")
    ] = None,
    case: CaseOption = None,
    as_json: JsonOption = False,
    until_finding: Annotated[bool, typer.Option("--until-finding", help="Stop after the first that fails.")] = False,
    end_with_input: Annotated[bool, typer.Option("--end-with-input", hidden=True)] = False,
) -> None:
    """Run a plan's cases and give a verdict."""
    from harness.interrupt import end_with_standard_input
    from harness.options import RunOptions

    if end_with_input:
        end_with_standard_input()

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
    profile: ProfileOption = None,
    case: CaseOption = None,
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
    _run(options, paths=paths, as_json=as_json)


def _run(options: "RunOptions", *, paths: Sequence[Path] = (), as_json: bool) -> None:
    from harness.commands.running import run_cases
    from reports.progress import print_summary, progress_view

    with own_output() as out, progress_view(as_json=as_json, out=out) as view:
        folder, status = run_cases(options, view, paths=paths)
    with even_unread():
        print_summary(folder, as_json=as_json)
    raise typer.Exit(status)


@app.command()
def prove(
    plan: PlanArgument,
    *,
    bench: BenchOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    profile: ProfileOption = None,
    mutant: Annotated[list[str] | None, typer.Option(help="Only this mutant; may be repeated.")] = None,
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


@app.command()
def judge(run: RunArgument, *, as_json: JsonOption = False) -> None:
    """Judge a run again from its tape alone; the same tape gives the same findings, byte for byte."""
    from harness.commands.judging import judge_run
    from harness.judge.verdict import Verdict, explain

    judgement = judge_run(run)
    if as_json:
        sys.stdout.write(judgement.text)
        sys.stdout.flush()
    else:
        for case in judgement.verdicts:
            print(f"{case.verdict.value:12} {case.case}" if case.verdict is Verdict.PASSED else explain(case))
        for name in judgement.missing:
            print(f"{'missing':12} {name}")
        sys.stdout.flush()
    if judgement.broken is not None:
        say(f"{judgement.broken}; what stands before it is intact and was judged")
    for difference in judgement.differences:
        say(difference)
    if not judgement.differences:
        say(f"{judgement.verdict.value}; the run's own files say the same")
    raise typer.Exit(int(judgement.status))


@app.command()
def report(run: RunArgument) -> None:
    """Render a run's report and JUnit file again; says what the folder lacks."""
    from reports.render import render_all
    from reports.run_folder import read_run_folder

    for path in render_all(run):
        print(path)
    gaps = read_run_folder(run).gaps
    for gap in gaps:
        say(f"{gap.en} {gap.zh}")
    raise typer.Exit(int(ExitStatus.INCONCLUSIVE if gaps else ExitStatus.CERTIFIED))


@app.command()
def coverage(
    run: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The folders of some runs.")],
    *,
    area: Annotated[list[str] | None, typer.Option(help="Only this area; may be repeated.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("runs/coverage"),
    as_json: JsonOption = False,
) -> None:
    """Tell which requirements some runs show together; 0 when they show all."""
    from reports.coverage_of_runs import as_json as for_machines
    from reports.coverage_of_runs import coverage_of_runs, print_coverage, write_coverage

    found = coverage_of_runs(run, area or ())
    page = write_coverage(found, out)
    with even_unread():
        if as_json:
            print(for_machines(found), flush=True)
        else:
            print_coverage(found)
    say(f"The page: {page}")
    raise typer.Exit(int(found.status))


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
    profile: ProfileOption = None,
    addresses: Annotated[Path, typer.Option(help="Where the addresses are written.")] = Path("bench.addresses.json"),
    stepped: Annotated[bool, typer.Option("--stepped", help="Stand still until stepped by a back door.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a whole bench up on the machine's clock and keep it, to develop an adapter against."""
    from harness.bench.tables import ClockKind
    from harness.commands.serving import stay_up
    from harness.judge.plan import load_plan
    from harness.options import chosen_bench

    file = chosen_bench(load_plan(plan), bench=bench, devices=device or (), seed=seed, profile=profile)
    stay_up(file.on_clock(ClockKind.BENCH if stepped else ClockKind.SYSTEM), addresses, as_json=as_json)


@app.command()
def soak(
    kind: Annotated[str, typer.Argument(help="What to soak: scanner.")] = "scanner",
    *,
    scans: Annotated[int, typer.Option(help="How many rotating codes to show.")] = 1000,
    unplugs: Annotated[int, typer.Option(help="Pull a virtual box's cable so often in the middle of a scan.")] = 0,
    bench: BenchOption = None,
    device: DeviceOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show thousands of rotating codes to a scanner box and count what is lost, doubled or wrong."""
    from harness.commands.soaking import KIND, SoakOptions, progress, show_result
    from harness.commands.soaking import soak as run
    from harness.errors import ConfigError

    if kind != KIND:
        raise ConfigError(f"A {kind} cannot be soaked.", cause="only scanner boxes can", remedy=f"write: soak {KIND}")
    options = SoakOptions(scans=scans, unplugs=unplugs, bench=bench, devices=tuple(device or ()), runs=runs, seed=seed)
    with progress(scans, shown=not as_json) as told:
        folder, result = run(options, told)
    with even_unread():
        show_result(folder, result, as_json=as_json)
    raise typer.Exit(int(result.status))


@app.command()
def show(
    *,
    person: Annotated[str, typer.Option(help="Whose code.")] = "P001",
    channel: Annotated[str, typer.Option(help="The app that shows it; the national one without.")] = "",
    kind: Annotated[str, typer.Option(help="voucher, or pay for a payment code.")] = "voucher",
    refresh: Annotated[int, typer.Option(help="Seconds that a code stays on the screen.")] = 60,
    module_px: Annotated[int, typer.Option(help="Pixels of one module of the QR code.")] = 10,
    centre: Annotated[str, typer.Option(help="Address of a voucher centre that issues the codes.")] = "",
    browse: Annotated[bool, typer.Option("--browse", help="Open the page here.")] = False,
) -> None:
    """Show rotating codes in a browser page, for a real scanner box to read."""
    from harness.commands.showing import ShowOptions, show_codes

    options = ShowOptions(
        person=person, channel=channel, kind=kind, refresh_s=refresh, module_px=module_px, centre=centre
    )
    show_codes(options, browse=browse)


@app.command()
def optics(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the page and the CSV.")] = Path("runs/optics"),
    samples: Annotated[int, typer.Option(help="Codes a level.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed gives the same pictures.")] = 0,
    processes: Annotated[int, typer.Option(help="How many at a time.")] = os.cpu_count() or 1,
    only: Annotated[list[str] | None, typer.Option(help="Only this degradation; may be repeated.")] = None,
) -> None:
    """Measure how often each decoder reads each code under each degradation of the light path."""
    from importlib.metadata import entry_points

    from reports.decode_rates import as_text, write_decode_rates

    (point,) = entry_points(group="liantiao.measurements", name="optics")
    table = point.load()(samples=samples, seed=seed, processes=processes, only=only or ())
    page, _ = write_decode_rates(out, table)
    with even_unread():
        print(as_text(table), end="", flush=True)
    say(f"The table: {page}")


@app.command()
def devices(
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Open each port and ask the box who it is.")] = False,
    also: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Another address to look at.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List what is plugged in that could be a scanner box."""
    from harness.commands.devices import show_devices

    show_devices(asked=ask, also=also or (), as_json=as_json)


@app.command()
def share(
    port: Annotated[str, typer.Argument(help="The port, e.g. serial:/dev/ttyUSB0.")],
    *,
    at: Annotated[str, typer.Option(help="PORT or HOST:PORT; loopback and any port by default.")] = "",
    allow: Annotated[list[str] | None, typer.Option(help="Only this host; may be repeated.")] = None,
) -> None:
    """Share a serial port over the network (RFC 2217)."""
    from harness.commands.devices import share as serve

    serve(port, at=at, allow=allow or ())


@app.command()
def plans() -> None:
    """List the plans and what each demands."""
    from harness.judge.plan import load_plan, plan_ids

    for name in plan_ids():
        plan = load_plan(name)
        print(f"{name:20} {plan.title} {plan.title_zh}: {len(plan.cases)} cases, {len(plan.rules)} rules")


@app.command()
def profiles() -> None:
    """List the provinces' profiles, and how much of each is assumed."""
    from harness.wire.profile import load_profile, offered_profiles

    for name in offered_profiles():
        profile = load_profile(name)
        known = len(profile.confirmed) + len(profile.likely)
        print(f"{name:20} {profile.title}: {len(profile.assumed)} of {known + len(profile.assumed)} keys assumed")


@app.command()
def cases(plan: PlanArgument = "pharmacy") -> None:
    """List a plan's cases."""
    from harness.judge.plan import load_plan

    for case in load_plan(plan).cases:
        print(case)


@app.command()
def model(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario or a file; without one they are listed.")] = "",
    *,
    replications: Annotated[int, typer.Option(help="Independent days of each case.")] = 5,
    jobs: Annotated[int, typer.Option(help="Processes.")] = os.cpu_count() or 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people.")] = 1,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a number.")] = None,
    sweep: Annotated[str | None, typer.Option(metavar="KEY=A,B,C", help="Or KEY=FROM:TO:STEP.")] = None,
    find: Annotated[str | None, typer.Option(metavar="WISH", help='E.g. "machines for p95 < 3 s".')] = None,
    what_if: Annotated[list[str] | None, typer.Option("--what-if", help="Its name, all or none.")] = None,
    sizing: Annotated[bool, typer.Option(help="Find how many of everything are needed.")] = True,
    curve: Annotated[bool, typer.Option(help="Find how far that goes.")] = True,
    events: Annotated[bool, typer.Option("--events", help="Also write one day's event log.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the results go.")] = None,
    runs: RunsOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Simulate a clinic's day: how many are needed, and what happens if a part fails."""
    from harness.commands.modelling import ModelOptions, list_scenarios, run_model
    from reports.clinic import print_clinic, read_content, render_clinic

    if not scenario:
        print(list_scenarios())
        return
    options = ModelOptions(
        scenario=scenario,
        replications=replications,
        jobs=jobs,
        seed=seed,
        scheduler=scheduler,
        settings=settings or (),
        sweep=sweep,
        find=find,
        what_ifs=what_if or (),
        curve=curve,
        sizing=sizing,
        events=events,
        out=out,
        runs=runs,
    )
    folder = run_model(options)
    page = render_clinic(folder)
    with even_unread():
        if as_json:
            import json

            print(json.dumps(read_content(folder), ensure_ascii=False), flush=True)
        else:
            print_clinic(folder)
    say(f"The page: {page}")


@app.command("load")
def put_load(
    *,
    plan: Annotated[str, typer.Option(help="Whose bench, when no file is named.")] = "pharmacy",
    bench: BenchOption = None,
    device: DeviceOption = None,
    rate: Annotated[float, typer.Option(help="Customers a second.")] = 20.0,
    seconds: Annotated[float, typer.Option(help="For how long they come.")] = 10.0,
    even: Annotated[bool, typer.Option("--even", help="At equal distances instead of Poisson's.")] = False,
    seed: Annotated[int, typer.Option(help="Of the arrivals.")] = 1,
    trace: Annotated[Path | None, typer.Option(help="Arrivals from a file instead: seconds, one a line.")] = None,
    connections: Annotated[int, typer.Option(help="The most to each system.")] = 64,
    reply_s: Annotated[float, typer.Option(help="How long an answer may take.")] = 10.0,
    signtype: Annotated[str, typer.Option(help="Instead of the profile's; MOCK skips the password.")] = "",
    late_ms: Annotated[float, typer.Option(help="How late the driver may be, p99.")] = 5.0,
    out: Annotated[Path | None, typer.Option(help="Folder of the results.")] = None,
    runs: RunsOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Put an open-loop load on a bench and check the money afterwards."""
    from harness.commands.loading import BenchChoice, LoadOptions
    from harness.commands.loading import load as run
    from harness.load.running import LoadSettings
    from reports.load import print_load, render_load

    settings = LoadSettings(connections=connections, reply_s=reply_s, signtype=signtype, late_limit_s=late_ms / 1000)
    choice = BenchChoice(plan=plan, bench=bench, devices=device or (), seed=seed)
    options = LoadOptions(
        choice=choice, rate=rate, seconds=seconds, even=even, trace=trace, settings=settings, out=out, runs=runs
    )
    folder, status = run(options)
    page = render_load(folder)
    with even_unread():
        print_load(folder, as_json=as_json)
    say(f"The page: {page}")
    raise typer.Exit(int(status))


@app.command()
def calibrate(
    *,
    plan: Annotated[str, typer.Option(help="Whose bench, when no file is named.")] = "pharmacy",
    bench: BenchOption = None,
    device: DeviceOption = None,
    seconds: Annotated[float, typer.Option(help="How long each recording takes.")] = 20.0,
    busy_rate: Annotated[float, typer.Option(help="Customers a second in the recording under load.")] = 25.0,
    check_rate: Annotated[float, typer.Option(help="Customers a second in the check.")] = 30.0,
    check_seconds: Annotated[float, typer.Option(help="How long the check takes.")] = 30.0,
    trace: Annotated[Path | None, typer.Option(help="Check on these arrivals instead.")] = None,
    recording: Annotated[list[Path] | None, typer.Option(help="Another folder with a tape; may be repeated.")] = None,
    machine: Annotated[bool, typer.Option(help="Record an encryption machine, too.")] = True,
    replications: Annotated[int, typer.Option(help="Independent days of the prediction.")] = 30,
    seed: Annotated[int, typer.Option(help="Of the arrivals.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder of the results.")] = None,
    runs: RunsOption = Path("runs"),
) -> None:
    """Measure service times on a bench, and hold the model's prediction against a real replay."""
    from harness.commands.loading import BenchChoice, CalibrationOptions
    from harness.commands.loading import calibrate as run
    from reports.load_calibration import print_calibration, render_calibration

    options = CalibrationOptions(
        choice=BenchChoice(plan=plan, bench=bench, devices=device or (), seed=seed),
        seconds=seconds,
        busy_rate=busy_rate,
        check_rate=check_rate,
        check_seconds=check_seconds,
        trace=trace,
        recordings=recording or (),
        machine=machine,
        replications=replications,
        out=out,
        runs=runs,
    )
    folder, status = run(options)
    page = render_calibration(folder)
    with even_unread():
        print_calibration(folder)
    say(f"The page: {page}")
    raise typer.Exit(int(status))


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command line; every error is one message and its exit status."""
    spell_everything()
    without_native_noise(lambda number: writer(number, encoding=sys.stderr.encoding, at_once=True, close=False))
    try:
        app(prog_name="liantiao")
    except LiantiaoError as error:
        _end(error)
    except KeyboardInterrupt:
        say("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        with even_unread():
            raise
        raise SystemExit(0) from None
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
        _end(BenchError(f"{what}.", cause="no right, no space, or a wrong path", remedy="check the path and the disk"))
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        frame = traceback.extract_tb(error.__traceback__)[-1]
        _end(
            SimulatorDefect(
                f"{type(error).__name__}: {error} ({Path(frame.filename).name}, line {frame.lineno}).",
                cause="a defect of Liantiao",
                remedy=f"report this; with {TRACEBACK}=1 in the environment the whole traceback is shown",
            )
        )


def _end(error: LiantiaoError) -> None:
    say(f"error: {error}")
    raise SystemExit(int(error.status)) from error
