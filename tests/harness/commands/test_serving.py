"""`up`: the table, the file of addresses, a second bench in the same place, the end; `simulate`: bad options."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.bench.config import parse_bench
from harness.commands.serving import help_for, simulate, stay_up
from harness.errors import BenchError, ConfigError

DEVICE = '[device.phone]\nkind = "phone"\nat = "virtual"\n'


@contextmanager
def up(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """`liantiao up` as a process."""
    command = [sys.executable, "-m", "harness", "up", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_bench_stays_up_until_it_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "地址 addresses.json"
    with up("--json", "--addresses", str(file)) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] == "bench"
        assert json.loads(file.read_bytes()) == ready["devices"]
        with urllib.request.urlopen(ready["devices"]["platform"]["control"] + "/state") as reply:
            assert reply.status == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
        assert (process.returncode, rest, errors) == (0, "", "")
    assert not file.exists()


@pytest.mark.parametrize("plan", ["pharmacy", "hospital"])
def test_a_bench_is_up_under_another_profile(tmp_path: Path, plan: str) -> None:
    words = ["--plan", plan, "--profile", "shanxi", "--json", "--addresses", str(tmp_path / "addresses.json")]
    with up(*words) as process:
        assert process.stdout is not None
        at = json.loads(process.stdout.readline())["devices"]["platform"]["at"]
        url = at.replace("virtual:", "") + "/mbs-fsi/web/api/fsi/callService"
        with urllib.request.urlopen(url, data=b'{"infno":"9001"}') as reply:
            once = json.loads(reply.read())
        assert isinstance(once, str), "answers are encoded twice there"
        assert json.loads(once)["infcode"] == -1


def test_an_unknown_profile_is_said_before_anything_is_up(tmp_path: Path) -> None:
    with up("--profile", "atlantis", "--addresses", str(tmp_path / "x")) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "atlantis" in errors


def test_a_second_bench_does_not_take_the_firsts_file(tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    with up("--json", "--addresses", str(file)) as first:
        assert first.stdout is not None
        first.stdout.readline()
        kept = file.read_bytes()
        with up("--addresses", str(file)) as second:
            _, errors = second.communicate(timeout=60)
        assert second.returncode == 2
        assert "Another bench is up" in errors
        assert file.read_bytes() == kept


def test_a_file_of_ones_own_is_not_taken_for_addresses(tmp_path: Path) -> None:
    for content in (DEVICE, '{"my": "notes"}', "[1]", "[" * 9999):
        file = tmp_path / "bench.toml"
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match="holds something else than addresses"):
            stay_up(parse_bench(DEVICE, source="x"), file, as_json=True)
        assert file.read_text(encoding="utf-8") == content


@pytest.mark.slow
def test_what_a_killed_bench_left_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    for _ in range(2):
        with up("--json", "--addresses", str(file)) as process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert json.loads(file.read_bytes()) == ready["devices"]
            process.kill()
    assert file.exists()


def test_an_empty_bench_is_nothing_to_bring_up(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no device"):
        stay_up(parse_bench("", source="empty.toml"), tmp_path / "x", as_json=True)
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_the_table_keeps_each_address_on_one_line_in_a_pipe(tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    with up("--addresses", str(file)) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while "Ctrl-C" not in (lines[-1] if lines else ""):
            lines.append(process.stdout.readline())
        for row in json.loads(file.read_bytes()).values():
            assert any(row["at"] in line and row["control"] in line for line in lines)


def test_addresses_that_cannot_be_written_are_the_labs_affair(tmp_path: Path) -> None:
    for nowhere in (tmp_path, tmp_path / "nowhere" / "x"):
        with pytest.raises(BenchError, match="cannot be written"):
            stay_up(parse_bench(DEVICE, source="x"), nowhere, as_json=True)


@pytest.mark.parametrize("kind", ["phone", "scanner", "voucher-centre", "platform"])
def test_help_lists_every_option_with_its_meaning(kind: str) -> None:
    text = help_for(kind)
    assert "--clock (bench|system)" in text or "--clock (system|bench)" in text
    assert all(": " in line for line in text.splitlines() if line.startswith("  --"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--prt", "3"], "slip of the pen for 'port'"),
        (["--port"], "'--port' is not of the form"),
        (["-p", "3"], "'-p' is not of the form"),
        (["stray"], "'stray' is not of the form"),
        (["--port", "x"], "a whole number, not 'x'"),
        (["--port", "99999"], "from 0 to 65535, not 99999"),
        (["--port=1", "--port=2"], "--port is given twice"),
        (["--clock", "never"], "clock cannot be 'never'"),
        (["--phone", "ftp://x"], "'ftp://x' is no address"),
        (["--phone="], "'' is no address"),
        (["--profile", "../nix"], "no province profile '../nix'"),
    ],
)
def test_a_bad_option_of_a_simulator_is_said_before_it_starts(words: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        simulate("platform", words)
    assert says in str(caught.value)
