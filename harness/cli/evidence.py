"""Commands of whoever reads what runs left behind: `judge`, `report`, `coverage` and `tape`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.words import JsonOption, RunArgument
from harness.commands.output import even_unread, say
from harness.errors import ExitStatus


def judge(run: RunArgument, *, as_json: JsonOption = False) -> None:
    """Judge a run again from its tape alone; the same tape gives the same findings, byte for byte."""
    from harness.commands.judging import judge_run
    from reports.judgement import judgement_lines
    from reports.vocabulary import printable

    judgement = judge_run(run)
    if as_json:
        sys.stdout.write(judgement.text)
    else:
        for line in judgement_lines(judgement):
            print(printable(line))
    sys.stdout.flush()
    if judgement.broken is not None:
        say(f"{judgement.broken}; what stands before it is intact and was judged")
    for difference in judgement.differences:
        for line in difference.lines():
            say(printable(line))
    for note in judgement.notes:
        say(printable(note))
    if judgement.unchecked:
        say(judgement.unchecked)
    elif judgement.sound:
        say(f"{judgement.verdict.value}; the run's own files say the same")
    raise typer.Exit(int(judgement.status))


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
