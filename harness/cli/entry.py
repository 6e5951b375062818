"""The program: its commands in the order in which the help lists them, and how it ends."""

import os
import sys
import traceback
from pathlib import Path

import typer

from harness import __version__
from harness.cli import evidence, lab, modellers, testers
from harness.commands.native_noise import without_native_noise
from harness.commands.output import even_unread, say, spell_everything, writer
from harness.errors import BenchError, LiantiaoError, SimulatorDefect

INTERRUPTED = 130
TRACEBACK = "LIANTIAO_TRACEBACK"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Liantiao 联调: joint tests of the medical-insurance e-voucher (医保电子凭证), with real or virtual devices.",
)


def version() -> None:
    """Print the version."""
    print(__version__)


app.command()(testers.certify)
app.command("test")(testers.run_own_cases)
app.command()(testers.prove)
app.command()(evidence.judge)
app.command()(evidence.sign)
app.command()(evidence.check)
app.command("sign-key")(evidence.sign_key)
app.command()(evidence.report)
app.command()(evidence.coverage)
app.command()(evidence.tape)
app.command(context_settings=lab.WORDS_OF_ITS_OWN)(lab.simulate)
app.command()(lab.up)
app.command()(lab.soak)
app.command()(lab.show)
app.command()(lab.optics)
app.command()(lab.devices)
app.command()(lab.share)
app.command()(testers.plans)
app.command()(testers.profiles)
app.command()(testers.cases)
app.command()(modellers.model)
app.command("load")(modellers.put_load)
app.command()(modellers.calibrate)
app.command()(version)


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
