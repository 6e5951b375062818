"""Children of a command: run to their end, ended with it, killed when they will not go."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import harness.commands.family
from harness.commands.family import Family
from harness.errors import BenchError

PATIENCE_S = 60.0
WAIT = "import threading; threading.Event().wait()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"


def told(fifo: Path) -> str:
    """What a child writes there once it has got so far."""
    with fifo.open() as file:
        return file.read()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


def tells(fifo: Path) -> str:
    return f"import os; f = open({str(fifo)!r}, 'w'); f.write(str(os.getpid())); f.close();"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("import sys; print('seen by nobody'); print('读', file=sys.stderr); sys.exit(3)", 3, "读\n"),
        ("import os; os.write(2, b'\\xff'); os._exit(2)", 2, "\ufffd"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("import sys; sys.exit(len(sys.stdin.read()))", 0, ""),
    ],
)
def test_status_and_what_a_child_said(text: str, status: int, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Family() as family:
        assert family.run(exec, text, most_s=PATIENCE_S) == (status, said)
    assert capfd.readouterr() == ("", "")


def test_what_goes_wrong_in_a_child_is_said() -> None:
    with Family() as family:
        status, said = family.run(exec, "1 / 0", most_s=PATIENCE_S)
    assert status == 1
    assert said.endswith("ZeroDivisionError: division by zero\n")


def test_a_child_has_its_modules_loaded_before_it_begins() -> None:
    text = (
        "import subprocess, sys\n"
        "from harness.commands.family import Family\n"
        "with Family(loaded=['wave']) as family:\n"
        "    status, said = family.run(exec, \"import sys; assert 'wave' in sys.modules\", most_s=60)\n"
        "sys.exit(said or status)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_many_at_once_keep_their_own_status_and_words() -> None:
    found: dict[int, tuple[int, str]] = {}

    def one(number: int) -> None:
        for turn in range(3):
            words = f"import sys; print({number}, file=sys.stderr); sys.exit({number})"
            found[number * 10 + turn] = family.run(exec, words, most_s=PATIENCE_S)

    with Family() as family:
        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {n * 10 + turn: (n, f"{n}\n") for n in range(8) for turn in range(3)}


def test_the_end_of_the_family_ends_who_runs_and_lets_nobody_start(fifo: Path) -> None:
    with Family() as family:
        ended: list[int] = []
        thread = threading.Thread(
            target=lambda: ended.append(family.run(exec, tells(fifo) + WAIT, most_s=PATIENCE_S)[0])
        )
        thread.start()
        assert told(fifo)
        family.end()
        thread.join(PATIENCE_S)
        assert ended == [-signal.SIGTERM]
        assert family.run(exec, "pass", most_s=PATIENCE_S)[0] == -1


def test_a_child_that_will_not_go_is_killed(monkeypatch: pytest.MonkeyPatch, fifo: Path) -> None:
    monkeypatch.setattr(harness.commands.family, "GRACE_S", 0.3)
    ended: list[int] = []
    with Family() as family:
        words = STUBBORN + tells(fifo) + WAIT
        thread = threading.Thread(target=lambda: ended.append(family.run(exec, words, most_s=PATIENCE_S)[0]))
        thread.start()
        assert told(fifo)
    thread.join(PATIENCE_S)
    assert ended == [-signal.SIGKILL]


def test_a_child_that_takes_too_long_is_ended_and_named() -> None:
    with Family() as family, pytest.raises(BenchError, match=r"did not end within 1 s(?s:.*)threading"):
        family.run(exec, WAIT, most_s=1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_child_ends_with_us_however_we_end(fifo: Path, tmp_path: Path, number: signal.Signals) -> None:
    os.mkfifo(tmp_path / "held")
    # The child holds the other end of `held` open until it is gone.
    child = f"held = open({str(tmp_path / 'held')!r}, 'w');" + tells(fifo) + WAIT
    text = f"from harness.commands.family import Family\nFamily().run(exec, {child!r}, most_s=60)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with (
        subprocess.Popen([sys.executable, "-c", text], env=environment) as process,
        (tmp_path / "held").open() as held,
    ):
        assert told(fifo)
        process.send_signal(number)
        process.wait(PATIENCE_S)
        assert held.read() == ""
