"""Output that nobody reads, that is closed or full, that cannot spell, or that pytest would capture."""

import subprocess
import sys

import pytest

FIT = "import os, sys\nfrom harness.commands.output import spell_everything\n"
UNREAD = "r, w = os.pipe(); os.dup2(w, 1); os.close(w); os.close(r)\n"


def python(text: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=60, check=False, env=environment)


@pytest.mark.parametrize(
    "speaking",
    [
        "print('x', flush=True); print('y')",
        "print('x')",
        "import rich.console; console = rich.console.Console(); console.print('x'); console.print('y')",
    ],
)
def test_a_reader_that_left_does_not_change_the_status(speaking: str) -> None:
    done = python(f"{FIT}{UNREAD}spell_everything()\n{speaking}\nsys.stderr.write('on')\nsys.exit(3)")
    assert (done.returncode, done.stderr) == (3, b"on")


def test_own_output_outlives_its_reader() -> None:
    text = (
        "import rich.console\nfrom harness.commands.output import own_output\n"
        "with own_output() as out:\n    for _ in range(2): rich.console.Console(file=out).print('x'); out.flush()\n"
    )
    done = python(f"{FIT}{UNREAD}{text}sys.stderr.write('on')")
    assert (done.returncode, done.stderr) == (0, b"on")


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams_lead_nowhere_and_no_file_takes_their_place(closed: tuple[int, ...]) -> None:
    text = (
        "spell_everything()\nprint('said')\nprint('told', file=sys.stderr)\nsys.stdout.flush()\n"
        "os._exit(7 if open(os.devnull).fileno() > 2 and sys.stdout.fileno() == 1 else 8)"
    )
    shell = ["sh", "-c", '"$0" -c "$1" ' + " ".join(f"{number}>&-" for number in closed), sys.executable, FIT + text]
    done = subprocess.run(shell, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        7,
        b"" if 1 in closed else b"said\n",
        b"" if 2 in closed else b"told\n",
    )


def test_a_full_disk_is_an_error_once() -> None:
    text = (
        "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\nspell_everything()\nprint('x')\n"
        "try: sys.stdout.flush()\nexcept OSError as error: sys.stderr.write(error.strerror)\n"
    )
    done = python(FIT + text)
    assert (done.returncode, done.stderr) == (0, b"No space left on device")


def test_a_stream_that_a_program_around_us_put_there_stays() -> None:
    text = "import io\nsys.stdout = io.StringIO()\nspell_everything()\nprint('x')\nsys.exit(sys.stdout.getvalue())"
    assert python(FIT + text).stderr == b"x\n\n"


def test_what_a_stream_cannot_spell_is_escaped() -> None:
    done = python(
        "from harness.commands.output import spell_everything as s; s(); print('联')", PYTHONIOENCODING="ascii"
    )
    assert done.stdout.strip() == b"\\u8054"


def test_a_reader_that_left_stops_nothing() -> None:
    text = (
        "import os, sys\nfrom harness.commands.output import even_unread\n"
        "r, w = os.pipe(); os.dup2(w, 1); os.close(w); os.close(r)\n"
        "with even_unread(): print('x', flush=True)\n"
        "print('y', flush=True); sys.stderr.write('on')"
    )
    done = python(text)
    assert (done.returncode, done.stderr) == (0, b"on")


def test_own_output_is_not_captured_and_may_be_missing() -> None:
    text = (
        "import io, sys\nfrom contextlib import redirect_stdout\nfrom harness.commands.output import own_output\n"
        "with own_output() as out:\n    with redirect_stdout(io.StringIO()): print('through', file=out)\n"
        "sys.stdout = io.StringIO()\nwith own_output() as out: sys.stderr.write(repr(out))"
    )
    done = python(text)
    assert (done.stdout, done.stderr) == (b"through\n", b"None")
