"""The adapter's side of the counter port: every line is of the schema, and nothing stops it but bye."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from fixtures import fixture
from harness.counter.messages import parse_line
from tests.simulators.his.conftest import loses

if TYPE_CHECKING:
    from tests.simulators.his.conftest import Adapter, Systems

SCHEMA = json.loads(fixture("counter-port.schema.json").read_text("utf-8"))


def check(part: str, line: object) -> None:
    schema = {"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(line)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@loses
def test_every_line_of_a_dialogue_follows_the_schema(adapter: "Adapter", systems: "Systems") -> None:
    adapter.buy("A0001")
    adapter.do("refund", order="A0001")
    adapter.do("refund", order="A0001")
    systems.faults |= {"2102": ["lose-reply"], "2601": ["502"] * 5}
    adapter.buy("A0002")
    adapter.do("resolve")
    systems.centre_code = 980003
    adapter.buy("A0003")
    adapter.do("resolve")
    adapter.do("totals", day="2020-10-14")
    adapter.do("books")
    adapter.write_raw(b"what?\n")
    adapter.read()
    answers = {"purchase": "saleAnswer", "refund": "saleAnswer", "totals": "totalsAnswer", "books": "booksAnswer"}
    asked: dict[int, str] = {}
    for way, line in adapter.lines:
        check("toAdapter" if way == "to" else "fromAdapter", line)
        if way == "to" and "do" in line:
            asked[line["id"]] = line["do"]
        if way == "from":
            parse_line(json.dumps(line).encode())
        if "outcome" in line:
            check(answers.get(asked[line["id"]], "plainAnswer"), line)
    kinds = {line["outcome"] for _, line in adapter.lines if "outcome" in line}
    assert kinds == {"accepted", "refused", "unknown"}


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"what?\n", "JSON"),
        (b"[]\n", "object"),
        (b'{"do":"books"}\n', "id"),
        (b'{"id":1,"do":"dance","at":"2020-10-14 08:30:00"}\n', "dance"),
        (b'{"id":1,"do":"refund","at":"2020-10-14 08:30:00"}\n', "order"),
        (b'{"id":1,"do":"refund","order":"A1"}\n', "at"),
        (b'{"id":1,"do":"refund","order":"A1","at":"today"}\n', "at"),
        (b'{"id":1,"do":"totals","at":"2020-10-14 08:30:00","day":"2020-13-14"}\n', "month"),
        (b'{"id":1,"do":"purchase","at":"2020-10-14 08:30:00","order":"A","lines":[],"total":"0"}\n', "lines"),
        (b"\xff\xfe\n", "JSON"),
    ],
)
def test_nonsense_is_answered_and_survived(adapter: "Adapter", line: bytes, word: str) -> None:
    adapter.write_raw(line)
    assert word in adapter.read()["error"]
    assert adapter.do("books")["entries"] == []


def test_bye_and_end_of_input_end_it(start: Any) -> None:
    adapter = start()
    adapter.begin("bye")
    assert adapter.process.wait(60) == 0
    other = start()
    other.process.stdin.close()
    assert other.process.wait(60) == 0


def test_end_of_input_ends_it_while_it_waits_for_a_scan(start: Any) -> None:
    adapter = start(scan={"wait_s": 600.0})
    adapter.do("sign-in")
    adapter.begin_purchase_without_scan("A0001")
    adapter.process.stdin.close()
    assert adapter.process.wait(60) == 0


def test_hello_that_lacks_something_names_it(start: Any, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "simulators.his", "pharmacy"],
        input=b'{"liantiao":1,"hello":{"institution":{"code":"P1"}}}\n',
        capture_output=True,
        check=False,
    )
    assert run.returncode == 2
    assert "operator" in json.loads(run.stdout)["error"]


def alone(state: Path, *lines: str, kind: str = "hospital", **members: str) -> "subprocess.Popen[bytes]":
    """An adapter that is told hello and these lines; its peers are nowhere unless named."""
    nowhere = "http://127.0.0.1:9"
    hello = {
        "institution": {"code": "H63999900001", "name": "联调测试医院", "admdvs": "639900"},
        "operator": {"no": "0001", "name": "收银员"},
        "endpoints": {"scanner": "tcp:127.0.0.1:9", "voucher-centre": nowhere, "platform": nowhere, **members},
        "profile": {"paths": {}},
        "timeouts": {},
        "scan": {},
        "state_dir": str(state),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "simulators.his", kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    for line in (json.dumps({"liantiao": 1, "hello": hello}), *lines):
        process.stdin.write(line.encode() + b"\n")
    process.stdin.flush()
    return process


def test_a_state_folder_that_cannot_be_used_is_said_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    said, log = (process := alone(tmp_path / "state")).communicate(timeout=60)
    assert process.returncode == 3
    assert "state folder" in json.loads(said)["error"]
    assert b"Traceback" not in log


def test_a_second_adapter_on_one_state_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    first = alone(tmp_path)
    assert first.stdout is not None
    assert first.stdin is not None
    first.stdout.readline()
    said, log = (second := alone(tmp_path)).communicate(timeout=60)
    assert second.returncode == 3
    assert "another adapter" in json.loads(said)["error"]
    assert b"Traceback" not in log
    answered, _ = first.communicate(b'{"id":1,"do":"books"}\n', timeout=60)
    assert json.loads(answered) == {"id": 1, "outcome": "accepted", "entries": []}


def test_half_a_character_is_an_error_of_the_line_and_not_the_end(tmp_path: Path) -> None:
    odd = '{"id":1,"do":"lock","at":"2020-10-14 08:30:00","order":"\\ud800","slot":"S"}'
    said, _ = (process := alone(tmp_path, odd, '{"id":2,"do":"books"}')).communicate(timeout=60)
    answers = [json.loads(line) for line in said.splitlines()][1:]
    assert "error" in answers[0]
    assert answers[1]["outcome"] == "accepted"
    assert process.returncode == 0


@pytest.mark.parametrize("how", ["nobody-reads", "interrupted"])
def test_an_end_from_outside_is_a_line_in_the_log_and_no_traceback(tmp_path: Path, how: str) -> None:
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background jobs ignore it, and pass that on
    try:
        process = alone(tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    process.stdout.readline()
    if how == "interrupted":
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 130
    else:
        process.stdout.close()
        process.stdout = None
        _, log = process.communicate(b'{"id":1,"do":"books"}\n', timeout=60)
        assert process.returncode == 1
        assert b"nobody takes the lines" in log
    assert b"Traceback" not in log


def test_the_end_of_the_input_ends_a_wait_for_a_card(tmp_path: Path, systems: "Systems") -> None:
    """Nobody is left who would show one; the call to the terminal is held until somebody does."""
    with socket.create_server(("127.0.0.1", 0)) as terminal:
        where = f"http://127.0.0.1:{terminal.getsockname()[1]}"
        at = '"at":"2020-10-14 08:30:00"'
        asked = (f'{{"id":1,"do":"sign-in",{at}}}', f'{{"id":2,"do":"pending",{at},"by":"card"}}')
        process = alone(tmp_path, *asked, terminal=where, platform=systems.address)
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        terminal.settimeout(20)
        while b"present-please" not in lines[-1]:
            assert lines[-1], "it has ended"
            assert b"refused" not in lines[-1]
            lines.append(process.stdout.readline())
        held, _ = terminal.accept()
        with held:
            process.communicate(timeout=60)
    assert process.returncode == 0


def test_msgids_stay_unique_across_a_restart_with_a_frozen_clock(adapter: "Adapter", systems: "Systems") -> None:
    for number in range(3):
        adapter.buy(f"A{number}")
    adapter.kill()
    adapter.restart()
    for number in range(3):
        adapter.buy(f"B{number}")
    sent = [r["msgid"] for r in systems.requests if "msgid" in r]
    assert len(sent) == 19
    assert len(set(sent)) == len(sent)


def test_start_is_light() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import sys; import simulators.his.port; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    loaded = set(run.stdout.split())
    heavy = {"httpx", "starlette", "uvicorn", "msgspec", "numpy", "PIL", "harness", "fixtures"}
    assert not loaded & heavy


def test_with_its_own_clock_it_says_the_machines_time(start: Any, systems: "Systems") -> None:
    adapter = start("--own-clock")
    assert adapter.do("sign-in")["outcome"] == "accepted"
    (sent,) = systems.sent("9001")
    assert sent["inf_time"] > "2026-01-01 00:00:00", "and not the time of the command, which is of 2020"
    assert adapter.do("totals", day=sent["inf_time"][:10])["count"] == 0
    (introduced,) = [line["ready"] for _, line in adapter.lines if "ready" in line]
    assert introduced["clock"] == "own"
