"""Arguments and options that several commands share, with their words in the help."""

from pathlib import Path
from typing import Annotated

import typer

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
SignOption = Annotated[
    Path | None,
    typer.Option(
        "--sign",
        metavar="KEY",
        help="Sign what comes of it with this SM2 private key (PEM); the pass phrase of an encrypted one is taken from "
        "LIANTIAO_SIGN_PASSPHRASE.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines: JSON instead of tables.")]
