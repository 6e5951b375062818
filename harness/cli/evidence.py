"""Commands of whoever reads what runs left behind, or vouches for it: `judge`, `sign`, `check`, `report` and others."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.words import JsonOption, RunArgument
from harness.commands.output import even_unread, say
from harness.errors import ExitStatus


def judge(run: RunArgument, *, as_json: JsonOption = False) -> None:
    """Judge a run again from its tape alone; the same tape gives the same findings, byte for byte."""
    from harness.commands.judging import judge_run
    from harness.judge.differences import BROKEN
    from reports.judgement import difference_lines, judgement_lines
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
        say(f"  likely cause 可能原因: {BROKEN.cause[0]} {BROKEN.cause[1]}")
        say(f"  try 处理建议: {BROKEN.remedy[0]} {BROKEN.remedy[1]}")
    for line in difference_lines(judgement.differences):
        say(printable(line))
    for note in judgement.notes:
        say(printable(note))
    if judgement.unchecked:
        say(judgement.unchecked)
    elif judgement.sound:
        say(f"{judgement.verdict.value}; the run's own files say the same")
    raise typer.Exit(int(judgement.status))


def sign(
    run: RunArgument,
    *,
    key: Annotated[
        Path,
        typer.Option(
            metavar="KEY",
            help="SM2 private key (PEM); the pass phrase of an encrypted one is taken from LIANTIAO_SIGN_PASSPHRASE.",
        ),
    ],
) -> None:
    """Sign a run that is there: certificate.json and certificate.sig; refused unless it judges to what it says."""
    from harness.commands.signing import load_signer, sign_run
    from reports.render import render_all
    from reports.signer import signed_lines

    signer = load_signer(key)
    signing = sign_run(run, signer)
    render_all(run)
    for line in signed_lines(run, signing):
        print(line)


def check(
    run: RunArgument,
    *,
    trusted: Annotated[
        list[Path] | None,
        typer.Option(metavar="PUB", help="Public key (PEM) of a signer whom you trust; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a signed run, with everything judged again.

    0 for a certificate that holds, by a key that you trust; 1 for what is genuine but no certificate of the plan that
    ships here; 3 for what is not to be relied on, with the reasons.
    """
    from harness.commands.signing import check_run, load_trusted
    from reports.signer import check_json, check_lines
    from reports.vocabulary import printable

    keys = load_trusted(trusted or ())
    checked = check_run(run, trusted=tuple(keys))
    with even_unread():
        if as_json:
            print(check_json(checked), flush=True)
        else:
            for line in check_lines(checked, keys):
                print(printable(line))
    raise typer.Exit(int(checked.status))


class KeyAction(StrEnum):
    """What `sign-key` does."""

    NEW = "new"
    SHOW = "show"


def sign_key(
    what: Annotated[KeyAction, typer.Argument(help="new makes a key pair; show prints a key's fingerprint.")],
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="new: the folder for the two files. show: a key's PEM file.")
    ],
) -> None:
    """Make a key pair that signs runs, or print a key's fingerprint, by which people compare keys.

    The private key, sign-key.pem, is readable by its owner alone, and encrypted when LIANTIAO_SIGN_PASSPHRASE is set;
    sign-key.pub.pem is for those who check. Nothing is overwritten.
    """
    from harness.commands.signing import any_public_key, new_key
    from harness.gm.pem import fingerprint
    from reports.signer import key_lines

    if what is KeyAction.SHOW:
        print(fingerprint(any_public_key(path)))
        return
    private, public = new_key(path)
    for line in key_lines(any_public_key(public), private, public):
        print(line)


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
