"""The command line under what users do to it: hopeless adapters, Ctrl-C at any moment, kill, pipes, full disks."""

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.errors import ExitStatus
from harness.judge.plan import load_plan

READY = json.dumps(
    {
        "ready": {
            "adapter": "x",
            "version": "1",
            "clock": "bench",
            "can": ["sign-in", "purchase", "refund", "totals", "books", "resolve"],
        }
    }
)
ACCEPT = f"""
import json, os, signal, subprocess, sys, time
def say(**line): print(json.dumps(line), flush=True)
print({READY!r}, flush=True)
"""
LOOP = """
for line in sys.stdin:
    told = json.loads(line)
    do, number = told.get("do"), told.get("id")
    if do == "bye": break
    {first}
    if number: say(id=number, outcome="accepted")
"""
ADAPTERS = {
    "ends at once": "",
    "fails at once": "raise SystemExit(3)",
    "prints rubbish": "print('hello, I am no JSON')",
    "prints too deep": "print('[' * 100_000)",
    "never speaks": "import sys; sys.stdin.read()",
    "is silent when asked": ACCEPT + "sys.stdin.read()",
    "dies in a purchase": ACCEPT + LOOP.format(first="if do == 'purchase': os._exit(7)"),
    "prints rubbish in a purchase": ACCEPT
    + LOOP.format(
        first="if do == 'purchase': say(event='scan-please', id=number); print('oops', flush=True); continue"
    ),
    "answers with wrong ids": ACCEPT + LOOP.format(first="number = number and number + 7"),
    "closes its output": ACCEPT + "os.close(1); time.sleep(100)",
    "will not go": ACCEPT
    + "for n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
    + LOOP.format(first="pass")
    + "while True: time.sleep(100)",
    "leaves a child": ACCEPT
    + "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(4321)', __file__])\n"
    + LOOP.format(first="pass"),
    "floods its log": ACCEPT
    + "import threading\n"
    + "threading.Thread(target=lambda: [sys.stderr.write('noise' * 999) for _ in range(10**9)], daemon=True).start()\n"
    + LOOP.format(first="pass"),
}
CASE = ["--case", "pharmacy/purchase"]
LIMIT_S = 60
"""How long anything that must come may take; a machine may stand still for some seconds at any line."""
SILENT = {"never speaks": 1.0, "is silent when asked": 3.0}
"""With which adapters the patience ends, in seconds; with the others it must not, however slowly they start."""


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "harness", *words]


def certify(tmp_path: Path, *words: str, patience_s: float = LIMIT_S) -> "subprocess.CompletedProcess[str]":
    """`liantiao certify pharmacy` with so much patience, below a temporary folder."""
    bench = tmp_path / "bench.toml"
    shipped = Path(__file__).parents[2] / "fixtures" / "benches" / "pharmacy.toml"
    text = shipped.read_text(encoding="utf-8").replace("[counter]", f"[counter]\npatience_s = {patience_s}")
    bench.write_text(text, encoding="utf-8")
    options = ["--runs", str(tmp_path / "runs"), "--bench", str(bench), *words]
    return subprocess.run(
        command("certify", "pharmacy", *options), capture_output=True, text=True, timeout=110, check=False
    )


def adapter(tmp_path: Path, text: str) -> list[str]:
    """The option that names an adapter with this text."""
    file = tmp_path / "adapter under test.py"
    file.write_text(text, encoding="utf-8")
    return ["--adapter", shlex.join(["python", str(file)])]


def processes(words: str) -> list[str]:
    """The numbers of the processes whose command line holds these words."""
    said = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in said.splitlines() if words in line]


def wait_until_nothing_is_left_of(tmp_path: Path) -> None:
    """Wait until no process names this folder; what was killed is there until the system has taken it down."""
    deadline = time.monotonic() + LIMIT_S
    while left := processes(str(tmp_path)):
        assert time.monotonic() < deadline, left
        wait_for_the_end_of(left)


def children(pid: int) -> list[str]:
    """The numbers of the processes that this one started and that are there."""
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return said.split()


def stopped_with_an_adapter(process: "subprocess.Popen[str]") -> list[str]:
    """Hold the run still while it has an adapter, which it may lack between two cases; returns the numbers."""
    for _ in range(1000):
        process.send_signal(signal.SIGSTOP)
        if adapters := children(process.pid):
            return adapters
        process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
    raise AssertionError("the run never had an adapter")


def marked(mark: Path) -> list[str]:
    """The processes with this mark in their environment; one that has ended, and was not yet asked for, has none."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and os.fsencode(mark) in (process / "environ").read_bytes():
                found.append(process.name)
    return found


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until this holds; fail when it does not within a minute."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def wait_for_the_end_of(pids: list[str]) -> None:
    """Wait until none of these processes is there."""
    # One that ended and was not yet asked for its status (Z) runs no more.
    there = f"ps -o stat= -p {','.join(pids)} | grep -qv ^Z"
    waited = subprocess.run(["timeout", str(LIMIT_S), "sh", "-c", f"while {there}; do sleep 0.05; done"], check=False)
    assert waited.returncode == 0


def one_run(tmp_path: Path) -> Path:
    (run,) = (tmp_path / "runs").iterdir()
    return run


def liantiao(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*map(str, words)), capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_an_adapter_that_is_no_good_is_a_finding_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    patience_s = SILENT.get(name, LIMIT_S)
    done = certify(tmp_path, *CASE, *adapter(tmp_path, ADAPTERS[name]), patience_s=patience_s)
    assert done.returncode == ExitStatus.FINDINGS
    assert "Traceback" not in done.stdout + done.stderr
    assert "outside of a case" not in done.stderr
    run = one_run(tmp_path)
    assert liantiao("judge", run).returncode == ExitStatus.FINDINGS
    assert liantiao("tape", run).returncode == 0
    assert liantiao("report", run).returncode == 0
    wait_until_nothing_is_left_of(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "tried", "said"),
    [
        ("fails at once", 1, "what is under test never became ready, so no further case was tried. The adapter exited"),
        ("never speaks", 1, "what is under test never became ready, so no further case was tried. The adapter wrote"),
        ("is silent when asked", 3, "in 3 cases in a row"),
    ],
)
def test_without_an_adapter_to_test_the_run_stops_early(tmp_path: Path, name: str, tried: int, said: str) -> None:
    done = certify(tmp_path, *adapter(tmp_path, ADAPTERS[name]), patience_s=SILENT.get(name, LIMIT_S))
    assert done.returncode == ExitStatus.FINDINGS
    assert done.stderr.startswith(f"Stopped early: {said}")
    verdict = json.loads((one_run(tmp_path) / "verdict.json").read_bytes())
    left = len(load_plan("pharmacy").cases) - tried
    assert (verdict["cases"]["failed"], len(verdict["cases"]["missing"])) == (tried, left)
    assert f"{left} cases 用例: not run 未执行" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("words", ["no-such-program", "/", "'", ""])
def test_an_adapter_that_cannot_be_started_is_the_users_affair(tmp_path: Path, words: str) -> None:
    done = certify(tmp_path, "--adapter", words)
    assert (done.returncode, done.stdout) == (ExitStatus.YOUR_CONFIGURATION, "")
    assert [line.split(":")[0].strip() for line in done.stderr.splitlines()] == ["error", "likely cause", "try"]
    assert not (tmp_path / "runs").exists()


@contextmanager
def certifying(tmp_path: Path, *words: str, until: str = "case-started") -> Iterator["subprocess.Popen[str]"]:
    """A whole certification under way, whose so-many-th event has come."""
    options = ["certify", "pharmacy", "--json", "--runs", str(tmp_path / "runs"), *words]
    with subprocess.Popen(command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["event"] != until:
            pass
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("until", ["began", "case-started", "case-ended"])
@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 5])
def test_an_interrupted_run_ends_in_order(tmp_path: Path, until: str, signals: list[signal.Signals]) -> None:
    with certifying(tmp_path, until=until) as process:
        for number in signals:
            process.send_signal(number)
        _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert "Traceback" not in errors
    wait_until_nothing_is_left_of(tmp_path)
    if until == "began":
        return  # there may be a bench on its way up, which leaves nothing, or a first case
    judged = liantiao("judge", one_run(tmp_path))
    assert judged.returncode == ExitStatus.INCONCLUSIVE
    assert judged.stderr == "inconclusive; the run's own files say the same\n"
    assert "missing      +" in judged.stdout
    assert "INCONCLUSIVE 无法判定\n" in judged.stdout


@pytest.mark.slow
def test_an_interrupted_run_does_not_wait_for_an_adapter_that_will_not_go(tmp_path: Path) -> None:
    with certifying(tmp_path, *adapter(tmp_path, ADAPTERS["will not go"])) as process:
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    wait_until_nothing_is_left_of(tmp_path)


@pytest.mark.slow
def test_a_killed_run_leaves_no_adapter_and_a_readable_folder(tmp_path: Path) -> None:
    with certifying(tmp_path, until="case-ended") as process:
        adapters = stopped_with_an_adapter(process)
        process.kill()
        process.wait()
    wait_for_the_end_of(adapters)  # each adapter sees the end of its input
    judged = liantiao("judge", one_run(tmp_path))
    assert judged.returncode == ExitStatus.INCONCLUSIVE
    assert "verdict.json is missing: the run was ended before it was written" in judged.stderr
    assert "tape.bin does not hold the end of the run" in judged.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_proof_takes_its_certifications_with_it(tmp_path: Path, number: signal.Signals) -> None:
    options = command("prove", "pharmacy", "--runs", str(tmp_path), "--workers", "1")
    mark = {"LIANTIAO_TEST": str(tmp_path)}  # every process that comes of it has this in its environment
    with subprocess.Popen(
        options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **mark}
    ) as process:
        wait_until(lambda: any(tmp_path.glob("*/reference/*/cases.jsonl")))
        assert len(marked(tmp_path)) > 1
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    wait_until(lambda: not marked(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("form", [["--json"], []])
def test_a_reader_that_leaves_does_not_end_a_run(tmp_path: Path, form: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    options = command("certify", "pharmacy", *CASE, *form, "--runs", str(tmp_path / "runs"))
    done = subprocess.run(options, stdout=write, stderr=subprocess.PIPE, text=True, timeout=LIMIT_S, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
    assert (one_run(tmp_path) / "report.html").exists()


@pytest.mark.slow
def test_the_end_of_a_pipe_is_no_verdict(tmp_path: Path) -> None:
    assert certify(tmp_path, *CASE, *adapter(tmp_path, ADAPTERS["ends at once"])).returncode == ExitStatus.FINDINGS
    run = one_run(tmp_path)
    read, write = os.pipe()
    os.close(read)
    for words, status in (("judge", ExitStatus.FINDINGS), ("report", 0), ("tape", 0), ("tape --full --clear", 0)):
        options = command(*words.split(), str(run))
        done = subprocess.run(options, stdout=write, stderr=subprocess.PIPE, text=True, timeout=LIMIT_S, check=False)
        assert (words, done.returncode) == (words, status)
        assert "rror" not in done.stderr
    os.close(write)


@pytest.mark.slow
def test_without_any_stream_a_run_still_has_its_verdict(tmp_path: Path) -> None:
    options = command("certify", "pharmacy", *CASE, "--runs", str(tmp_path / "runs"))
    shell = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *options]
    assert subprocess.run(shell, timeout=LIMIT_S, check=False).returncode == 0
    assert liantiao("judge", one_run(tmp_path)).returncode == 0


KILLED_AT = {"at the sign-in": "do == 'sign-in'", "in a purchase": "do == 'purchase'", "at its end": "do == 'bye'"}


@pytest.mark.slow
@pytest.mark.parametrize("when", sorted(KILLED_AT))
def test_an_adapter_that_is_killed_is_a_finding_unless_it_had_nothing_left_to_do(tmp_path: Path, when: str) -> None:
    text = ACCEPT + LOOP.replace('if do == "bye": break\n    ', "").format(
        first=f"if {KILLED_AT[when]}: os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = certify(tmp_path, *CASE, *adapter(tmp_path, text))
    assert done.returncode == ExitStatus.FINDINGS
    said = (one_run(tmp_path) / "cases.jsonl").read_text("utf-8")
    assert ("ended by signal SIGKILL" in said) == (when != "at its end")
    assert liantiao("judge", one_run(tmp_path)).returncode == ExitStatus.FINDINGS


def test_machines_get_json_lines_and_nothing_else(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    options = command("certify", "pharmacy", *CASE, "--json", "--runs", str(tmp_path / "runs"))
    done = subprocess.run(options, capture_output=True, timeout=LIMIT_S, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == [
        "began",
        "case-started",
        "case-ended",
        "ended",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("runs", ["/proc/nowhere", "bench.toml"])
def test_a_folder_that_cannot_be_made_is_the_labs_affair(tmp_path: Path, runs: str) -> None:
    done = certify(tmp_path, *CASE, "--runs", str(tmp_path / runs))
    assert done.returncode == ExitStatus.INCONCLUSIVE
    assert "cannot be made" in done.stderr


@pytest.mark.slow
def test_a_disk_that_is_full_ends_the_run_with_what_it_has(tmp_path: Path) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    options = command("certify", "pharmacy", *CASE, "--case", "pharmacy/barcode", "--runs", str(tmp_path / "runs"))
    done = subprocess.run(options, capture_output=True, text=True, timeout=LIMIT_S, check=False, preexec_fn=small)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert "error: " in done.stderr or "FINDINGS" in done.stdout
    assert liantiao("judge", one_run(tmp_path)).returncode != 0


@pytest.mark.slow
def test_two_runs_in_one_second_have_a_folder_each(tmp_path: Path) -> None:
    options = command("certify", "pharmacy", *CASE, "--runs", str(tmp_path / "runs"))
    both = [subprocess.Popen(options, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(LIMIT_S) for process in both] == [0, 0]
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.slow
def test_a_clock_that_stands_for_itself_makes_what_needs_a_step_inconclusive(tmp_path: Path) -> None:
    file = tmp_path / "system.toml"
    shipped = Path(__file__).parents[2] / "fixtures" / "benches" / "pharmacy.toml"
    file.write_text(shipped.read_text(encoding="utf-8").replace('clock = "bench"', 'clock = "system"'), "utf-8")
    words = [*CASE, "--case", "pharmacy/password[not-answered]", "--bench", str(file)]
    done = liantiao("certify", "pharmacy", "--runs", tmp_path / "runs", *words)
    assert done.returncode == ExitStatus.INCONCLUSIVE
    cases = [json.loads(line) for line in (one_run(tmp_path) / "cases.jsonl").read_text("utf-8").splitlines()]
    assert {case["case"]: (case["verdict"], case["findings"], case["inconclusive"]) for case in cases} == {
        "pharmacy/purchase": ("passed", [], []),
        "pharmacy/password[not-answered]": (
            "inconclusive",
            [],
            ["ConfigError: The clock of this bench cannot be stepped."],
        ),
    }
