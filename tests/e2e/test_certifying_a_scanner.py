"""A scanner box under test, from outside: verdict, families, mutants, judging again, a box in another process."""

import json
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from tests.simulators.platform_rigs import free_port

FAMILIES = ["newland", "honeywell", "mindeo", "ssi", "register", "letters"]
CASES = (
    "scanner/read[qr]",
    "scanner/rotation[code128]",
    "scanner/suffix[CRLF]",
    "scanner/trigger[qr]",
    "scanner/lock-out[qr]",
    "scanner/every-command",
    "scanner/temporary",
    "scanner/garbled-byte[14]",
    "scanner/unplugged-in-scan",
)


def bench_of(folder: Path, *lines: str) -> Path:
    """A bench file of a virtual box with these settings."""
    file = folder / "bench.toml"
    settings = "\n".join(lines)
    text = f'[bench]\nname = "a box"\n[device.scanner]\nkind = "scanner"\n{settings}\n[scanner]\nquiet_s = 0.03\n'
    file.write_text(text, encoding="utf-8")
    return file


def certify(runs: Path, *words: str, cases: tuple[str, ...] = CASES) -> subprocess.CompletedProcess[str]:
    """Certify some cases in a process of its own; all without any."""
    chosen = [word for case in cases for word in ("--case", case)]
    command = [sys.executable, "-m", "harness", "certify", "scanner", "--runs", str(runs), "--json", *chosen, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)


def findings(runs: Path) -> dict[str, set[str]]:
    """The rules that found something, by case."""
    (file,) = runs.glob("*/cases.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return {line["case"]: {found["rule"] for found in line["findings"]} for line in lines if line["findings"]}


def test_the_virtual_box_passes_and_is_judged_again_alike(tmp_path: Path) -> None:
    done = certify(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = tmp_path.iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["subject"]["kind"] == "scanner"
    assert "newland" in manifest["subject"]["name"]
    judged = [sys.executable, "-m", "harness", "judge", str(folder), "--json"]
    again = subprocess.run(judged, capture_output=True, text=True, check=True, timeout=60)
    assert again.stdout == (folder / "cases.jsonl").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes_the_whole_plan(tmp_path: Path, family: str) -> None:
    done = certify(tmp_path / "runs", "--bench", str(bench_of(tmp_path, f'family = "{family}"')), cases=())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        ['line = "tcp"'],
        ['line = "rfc2217"'],
        ['line = "wedge"', 'keys = "text"'],
        ['family = "ssi"', "packeted = true"],
        ['family = "honeywell"', "packeted = true"],
        ['suffix = "TAB"', 'prefix = "*"', "aim_id = true"],
    ],
    ids=["tcp", "rfc2217", "keyboard", "ssi-packets", "honeywell-packets", "prefix-and-aim-id"],
)
def test_however_it_is_plugged_in_and_set_it_passes(tmp_path: Path, settings: list[str]) -> None:
    done = certify(tmp_path / "runs", "--bench", str(bench_of(tmp_path, *settings)), cases=())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "case", "rule"),
    [
        ("drops-suffix", "scanner/read[qr]", "scanner-frames-as-set"),
        ("doubles-scan", "scanner/read[qr]", "scanner-delivers-once"),
        ("ignores-lock-out", "scanner/lock-out[qr]", "scanner-keeps-lock-out"),
        ("keeps-temporary", "scanner/temporary", "scanner-keeps-settings"),
    ],
)
def test_a_mutant_is_caught_by_name_of_the_rule(tmp_path: Path, mutant: str, case: str, rule: str) -> None:
    done = certify(tmp_path, "--mutant", mutant, cases=(case,))
    assert done.returncode == 1, done.stderr
    assert rule in findings(tmp_path)[case]


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_mutant_is_caught_where_the_family_has_what_is_wrong(tmp_path: Path) -> None:
    file = bench_of(tmp_path, 'family = "ssi"')
    words = [sys.executable, "-m", "harness", "prove", "scanner", "--bench", str(file), "--json", "--quick"]
    done = subprocess.run([*words, "--runs", str(tmp_path)], capture_output=True, text=True, check=False, timeout=890)
    assert done.returncode == 0, done.stderr
    proof = json.loads(done.stdout.splitlines()[-1])
    assert len(proof["mutants"]) == 17
    assert proof["reference"]["passed"]


class Screen(threading.Thread):
    """A browser before a box: what the page of codes shows, the box sees."""

    def __init__(self, page: str, control: str) -> None:
        super().__init__(daemon=True)
        self.page, self.control = page, control

    def run(self) -> None:
        number = 0
        while True:
            try:
                with urllib.request.urlopen(f"{self.page}next?after={number}") as reply:
                    told = json.loads(reply.read())
                if told["number"] == number:
                    continue
                number = told["number"]
                picture = b""
                if not told["blank"]:
                    with urllib.request.urlopen(f"{self.page}picture?number={number}") as reply:
                        picture = reply.read()
                method = "POST" if picture else "DELETE"
                seen = urllib.request.Request(f"{self.control}/show", data=picture or None, method=method)
                urllib.request.urlopen(seen).close()
                urllib.request.urlopen(f"{self.page}painted?number={number}", data=b"").close()
            except OSError:
                if number:
                    return


@pytest.mark.slow
def test_a_box_in_another_process_is_tested_at_its_address_before_a_screen(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "harness", "simulate", "scanner", "--family", "newland"]
    port = free_port()
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as box:
        try:
            assert box.stdout is not None
            ready = json.loads(box.stdout.readline())
            Screen(f"http://127.0.0.1:{port}/", ready["also"]["control"]).start()
            file = tmp_path / "bench.toml"
            file.write_text(
                f'[bench]\nclock = "system"\n[device.scanner]\nkind = "scanner"\nat = "{ready["at"]}"\n'
                f'[scanner]\nscreen = "127.0.0.1:{port}"\n',
                encoding="utf-8",
            )
            told = ("scanner/read[qr]", "scanner/trigger[code128]", "scanner/suffix[TAB]", "scanner/refused[unknown]")
            done = certify(tmp_path / "good", "--bench", str(file), cases=told)
            assert done.returncode == 0, done.stdout + done.stderr
            fault = certify(tmp_path / "fault", "--bench", str(file), cases=("scanner/power-cut-in-session",))
            assert fault.returncode == 3, fault.stdout + fault.stderr
        finally:
            box.terminate()


def test_no_mutant_of_a_real_box_and_no_family_of_another_name(tmp_path: Path) -> None:
    real = certify(tmp_path, "--mutant", "doubles-scan", "--device", "scanner=tcp:127.0.0.1:9")
    assert real.returncode == 2
    assert "real device" in real.stderr
    strange = certify(tmp_path, "--bench", str(bench_of(tmp_path, 'family = "newlnd"')))
    assert strange.returncode == 2
    assert "newland" in strange.stderr
