#!/usr/bin/env python3
"""Sets Liantiao up in this folder and runs it; needs Python 3.11 or newer and nothing else.

    python3 run.py demo               certify the reference adapter on the all-virtual pharmacy bench
    python3 run.py test [OPTIONS]     run the project's own tests; options go to pytest (slow ones: `-m slow -n 0`)
    python3 run.py test PATH [...]    run your own cases on the bench
    python3 run.py COMMAND [...]      any liantiao command, e.g. `certify`, `judge`, `simulate`, `--help`
    python3 run.py tool NAME [...]    a development tool of the environment: ruff, mypy, lint-imports, codespell
    python3 run.py setup              only set up

The environment lives in `.venv` beside this file. It is made once from `requirements.lock` (every file checked
by its hash) and made again when the lock, the project's description or the interpreter changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
MARK = VENV / "liantiao-fingerprint"
OLDEST = (3, 11)
YOUR_CONFIGURATION = 2


def main(arguments: list[str]) -> int:
    """Set up if needed, then become the command asked for; returns its exit status."""
    if sys.version_info < OLDEST:
        return fail(
            f"This is Python {sys.version.split()[0]}; Liantiao needs 3.11 or newer.",
            "Run it with a newer interpreter, e.g. `python3.12 run.py demo`.",
        )
    wanted = fingerprint()
    if not is_ready(wanted):
        problem = set_up(wanted)
        if problem:
            return fail(*problem)
    command = command_for(arguments)
    if command is None:
        return 0
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    return 0


def command_for(arguments: list[str]) -> list[str] | None:
    """The process to become for the given words; None when setting up was all."""
    python = str(venv_program("python"))
    match arguments:
        case ["setup"]:
            return None
        case ["demo", *rest]:
            return [python, "-m", "harness", "certify", "pharmacy", *rest]
        case ["test", "--help" | "-h"]:
            print(f"Without a path: the project's own tests, with pytest's options.\n{' ' * 4}python3 run.py test -q\n")
            sys.stdout.flush()
            return [python, "-m", "harness", "test", "--help"]
        case ["test", *rest] if not rest or rest[0].startswith("-"):
            cores = os.cpu_count() or 1
            workers = [] if "-n" in rest else ["-n", str(cores + cores // 2)]  # a test waits a third of its time
            return [python, "-m", "pytest", str(HERE / "tests"), "-c", str(HERE / "pyproject.toml"), *workers, *rest]
        case ["tool", name, *rest]:
            program = venv_program(name)
            return [str(program), *rest]
        case _:
            return [python, "-m", "harness", *arguments]


def venv_program(name: str) -> Path:
    """Where a program of the environment stands on this system."""
    return VENV / ("Scripts" if os.name == "nt" else "bin") / (name + (".exe" if os.name == "nt" else ""))


def fingerprint() -> str:
    """What the environment depends on, as one digest."""
    digest = hashlib.sha256()
    for part in (HERE / "requirements.lock", HERE / "pyproject.toml"):
        digest.update(part.read_bytes())
    digest.update(f"{sys.version}|{sys.platform}|{HERE}".encode())
    return digest.hexdigest()


def is_ready(wanted: str) -> bool:
    """Whether the environment was finished, and for exactly this project."""
    try:
        return MARK.read_text() == wanted
    except OSError:
        return False


def set_up(wanted: str) -> tuple[str, str] | None:
    """Make the environment; returns a problem and its remedy, or None.

    Two starts at once are serialised by a lock file that the system releases when its holder ends.
    """
    with (HERE / ".venv.lock").open("w") as lock:
        wait_for(lock)
        if is_ready(wanted):
            return None
        started = time.monotonic()
        say("Setting up Liantiao in .venv (once; about a minute) ...")
        shutil.rmtree(VENV, ignore_errors=True)
        uv = shutil.which("uv")
        problem = make_with_uv(uv) if uv else make_with_pip()
        if problem:
            return problem
        MARK.write_text(wanted)
        say(f"Ready after {time.monotonic() - started:.0f} s.")
    return None


def wait_for(lock: object) -> None:
    """Hold the lock file until this process ends (on Windows two starts at once are not serialised)."""
    if os.name != "nt":
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)  # type: ignore[arg-type]


def make_with_uv(uv: str) -> tuple[str, str] | None:
    """Make the environment with uv, which is quick."""
    steps = [
        [uv, "venv", "--quiet", "--python", sys.executable, str(VENV)],
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(venv_program("python")),
            "--require-hashes",
            "-r",
            str(HERE / "requirements.lock"),
        ],
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(venv_program("python")),
            "--no-deps",
            "--no-build-isolation",
            "-e",
            str(HERE),
        ],
    ]
    return run_all(steps)


def make_with_pip() -> tuple[str, str] | None:
    """Make the environment with the interpreter's own venv and pip."""
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        return (
            f"Python's venv module could not make .venv: {(made.stderr or made.stdout).strip().splitlines()[-1:]}",
            "Install it (Debian and Ubuntu: `apt install python3-venv`) or put `uv` on the PATH, then try again.",
        )
    pip = [str(venv_program("python")), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    return run_all(
        [
            [*pip, "--require-hashes", "-r", str(HERE / "requirements.lock")],
            [*pip, "--no-deps", "--no-build-isolation", "-e", str(HERE)],
        ]
    )


def run_all(steps: list[list[str]]) -> tuple[str, str] | None:
    """Run each step; the first that fails is the problem."""
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            words = " ".join([Path(step[0]).name, *step[1:]])
            return (
                f"A step of the set-up failed: {words}\n{(done.stderr or done.stdout).strip()}",
                "Check that the package index can be reached and that the disk has 500 MB free; then try again.",
            )
    return None


def say(text: str) -> None:
    """Progress goes to standard error: standard output belongs to the command."""
    print(text, file=sys.stderr, flush=True)


def fail(problem: str, remedy: str) -> int:
    """Say what is wrong and what to do."""
    say(f"error: {problem}\n  try: {remedy}")
    return YOUR_CONFIGURATION


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
