"""Children of a command: run to their end, ended with it, killed when they will not go."""

import signal
import subprocess
import sys
import threading

import pytest

import harness.commands.family
from harness.commands.family import Family
from harness.errors import BenchError

STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', file=sys.stderr, flush=True)"
WAIT = "; sys.stdin.read()"


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_status_and_what_a_child_said() -> None:
    with Family() as family:
        assert family.run(python("import sys; sys.exit('no')"), most_s=20) == (1, "no\n")


def test_the_end_of_the_family_ends_who_runs_and_lets_nobody_start(monkeypatch: pytest.MonkeyPatch) -> None:
    started = threading.Event()
    real = subprocess.Popen

    def spawn(*words: object, **options: object) -> object:
        child = real(*words, **options)  # type: ignore[call-overload]  # handed through as it came
        started.set()
        return child

    monkeypatch.setattr(subprocess, "Popen", spawn)
    with Family() as family:
        ended: list[int] = []
        words = python("import sys; sys.stdin.read()")
        thread = threading.Thread(target=lambda: ended.append(family.run(words, most_s=20)[0]))
        thread.start()
        assert started.wait(10)
        family.end()
        thread.join(10)
        assert ended == [-signal.SIGTERM]
        assert family.run(python("pass"), most_s=20)[0] == -1


def test_a_child_that_will_not_go_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.commands.family, "GRACE_S", 0.3)
    with Family() as family, pytest.raises(BenchError, match="did not end within 1 s"):
        family.run(python(STUBBORN + WAIT), most_s=1)


def test_a_childs_input_ends_with_us_alone() -> None:
    with Family() as family, pytest.raises(BenchError):
        family.run(python("import sys; sys.stdin.read()"), most_s=0.5)
