"""Commands of whoever asks how much load a path carries: `model`, `load` and `calibrate`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.words import BenchOption, DeviceOption, JsonOption, RunsOption
from harness.commands.output import even_unread, say


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
