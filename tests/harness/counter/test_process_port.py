"""The process port with adapters that behave and adapters that do not."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.counter import PORTS
from harness.counter.basket import Basket, Line
from harness.counter.greeting import AdapterClock
from harness.counter.hospital import Asked, By, Way
from harness.counter.messages import parse_line
from harness.counter.outcome import OutcomeKind, Reason
from harness.counter.port import AdapterSilent
from harness.errors import BenchError, ConfigError, NotOffered, PeerViolation
from harness.line.record import Direction
from tests.harness.counter.conftest import PRELUDE

if TYPE_CHECKING:
    from harness.counter.process import ProcessPort
    from tests.harness.counter.conftest import Lab

PILLS = Line.priced("XP000001", "阿莫西林胶囊", price="12.50", quantity="2")
SELLS = r"""
for line in sys.stdin:
    c = json.loads(line)
    if c["do"] == "bye": break
    if c["do"] == "purchase":
        say(json.dumps({"event": "scan-please", "id": c["id"]}))
        sys.stderr.write("asked for a scan\n"); sys.stderr.flush()
        say(json.dumps({"event": "journal", "id": c["id"], "msgid": "M1", "infno": "2102"}))
        say(json.dumps({"id": c["id"], "outcome": "accepted", "order": c["order"], "setl_id": "S", "mdtrt_id": "M",
            "psn_no": "P", "msgid": "M1",
            "amounts": {"total": c["total"], "fund": "0.00", "account": "5.00", "cash": "20.00"}}))
    elif c["do"] == "books":
        say(json.dumps({"id": c["id"], "outcome": "accepted", "entries": []}))
    else:
        say(json.dumps({"id": c["id"], "outcome": "refused", "reason": "declined", "prompt": "未付"}))
"""


def test_dialogue_is_on_the_tape_byte_for_byte(lab: "Lab") -> None:
    port = lab.port(SELLS)
    port.start()
    operation = port.purchase(Basket.of("A0001", PILLS))
    assert operation.until_scan_please()
    assert operation.until_journalled("2102") == "M1"
    outcome = operation.outcome()
    assert outcome.accepted
    assert outcome.amounts is not None
    assert (outcome.amounts.total, outcome.amounts.account) == (2500, 500)
    assert not operation.until_scan_please()
    port.close()
    said = [json.loads(data) for direction, data in lab.frames() if direction is Direction.SENT]
    heard = [json.loads(data) for direction, data in lab.frames() if direction is Direction.RECEIVED]
    assert [c.get("do", "hello") for c in said] == ["hello", "purchase", "bye"]
    assert said[1]["at"] == "2020-10-14 08:30:00"
    assert said[1]["lines"][0]["amount"] == "25.00"
    assert [next(iter(set(h) & {"ready", "event", "outcome"})) for h in heard] == ["ready", "event", "event", "outcome"]
    assert all(data.endswith(b"\n") for _, data in lab.frames())
    assert lab.frames("counter.log") == [(Direction.RECEIVED, b"asked for a scan\n")]
    assert lab.events() == ["adapter-started", "adapter-ended"]


def test_refusal_keeps_reason_and_prompt(lab: "Lab") -> None:
    port = lab.port(SELLS)
    port.start()
    outcome = port.refund("A0001")
    assert (outcome.kind, outcome.reason, outcome.prompt) == (OutcomeKind.REFUSED, Reason.DECLINED, "未付")
    assert port.ready.clock is AdapterClock.BENCH


def test_command_that_does_not_exist_is_your_configuration(lab: "Lab") -> None:
    with pytest.raises(ConfigError, match="no-such-adapter"):
        lab.command("no-such-adapter").start()


def test_no_command_is_your_configuration(lab: "Lab") -> None:
    with pytest.raises(ConfigError, match="no adapter"):
        lab.command().start()


def test_unknown_kind_of_port_names_those_offered(lab: "Lab") -> None:
    with pytest.raises(ConfigError, match="process"):
        PORTS.create("carrier-pigeon", lab.command("x")._context)


def test_early_exit_shows_status_and_last_log_lines(lab: "Lab") -> None:
    port = lab.port("", prelude="import sys; sys.stderr.write('no licence found\\n'); sys.exit(3)")
    with pytest.raises(PeerViolation, match=r"(?s)status 3.*no licence found"):
        port.start()
    assert port.pid is None
    assert (lab.folder / "adapter.log").read_text() == "no licence found\n"


def test_crash_in_an_operation_names_the_signal(lab: "Lab") -> None:
    port = lab.port("hear(); os.kill(os.getpid(), signal.SIGSEGV)")
    port.start()
    with pytest.raises(PeerViolation, match="SIGSEGV"):
        port.sign_in()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("starting up ...", "starting up"),
        ("[1, 2]", "no object"),
        ('{"id": 1, "outcome": "perhaps"}', "outcome"),
        ('{"id": 1, "outcome": "refused", "reason": "full-moon", "prompt": "x"}', "reason"),
        ('{"id": 1, "outcome": "refused", "reason": "declined"}', "prompt"),
        ('{"id": 1, "outcome": "unknown", "prompt": "x"}', "msgid"),
        ('{"id": "1", "outcome": "accepted"}', "`id`"),
        ('{"id": 9, "outcome": "accepted"}', "command 9 is not running"),
        ('{"event": "tea-time", "id": 1}', "tea-time"),
        ('{"id": 1, "error": "what?"}', "what"),
        ('{"ready":{"adapter":"a","version":"1","clock":"own","can":[]}}', "ready already"),
    ],
)
def test_rubbish_is_shown_with_its_field(lab: "Lab", line: str, named: str) -> None:
    port = lab.port(f"hear(); say({line!r}); hear()")
    port.start()
    with pytest.raises(PeerViolation, match=named):
        port.sign_in()
    assert (Direction.RECEIVED, line.encode() + b"\n") in lab.frames()


def test_line_that_is_not_utf8_is_rubbish(lab: "Lab") -> None:
    port = lab.port("hear(); os.write(1, '余额不足\\n'.encode('gbk')); hear()")
    port.start()
    with pytest.raises(PeerViolation, match="not UTF-8"):
        port.sign_in()


def started_in_time(port: "ProcessPort") -> None:
    """Start an adapter that has little time for it, until it was quick enough."""
    while True:
        try:
            return port.start()
        except AdapterSilent:
            port.close()


def test_silence_ends_at_the_patience(lab: "Lab") -> None:
    logs = "import sys; sys.stderr.write('waiting for the front machine\\n'); sys.stderr.flush()"
    port = lab.port("hear(); hear()", prelude=logs + PRELUDE, patience_s=1.0)
    started_in_time(port)
    with pytest.raises(PeerViolation, match=r"(?s)nothing for 1 s.*front machine"):
        port.sign_in()


def test_closed_output_is_not_waited_for(lab: "Lab") -> None:
    port = lab.port("hear(); os.close(1); hear()")
    port.start()
    with pytest.raises(PeerViolation, match="closed its standard output"):
        port.sign_in()


def test_endless_line_is_bounded(lab: "Lab", gone: Callable[[int], bool]) -> None:
    port = lab.port("hear()\nwhile True: os.write(1, b'x' * 65536)")
    port.start()
    group = port.pid or 0
    with pytest.raises(PeerViolation, match="1048576 bytes"):
        port.sign_in()
    port.close()
    assert gone(group)
    assert sum(len(data) for _, data in lab.frames()) < 10_000


def test_endless_events_are_bounded(lab: "Lab") -> None:
    port = lab.port('hear()\nwhile True: say(\'{"event":"scan-please","id":1}\')')
    port.start()
    with pytest.raises(PeerViolation, match="events in one command"):
        port.start_refund("A0001").outcome()


def test_chatty_log_neither_blocks_nor_grows_without_end(lab: "Lab", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.counter.child.LOG_KEPT", 1000)
    monkeypatch.setattr("harness.counter.child.LOG_FILE_LIMIT", 5000)
    port = lab.port("sys.stderr.write('blah ' * 100000); sys.stderr.flush()" + SELLS)
    port.start()
    assert port.books() == ()
    assert (lab.folder / "adapter.log").stat().st_size < 5100
    assert sum(len(data) for _, data in lab.frames("counter.log")) == 1000


def test_adapter_that_ignores_everything_is_killed_with_its_children(lab: "Lab", gone: Callable[[int], bool]) -> None:
    port = lab.port(
        """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, 1); signal.pause()"])
hear()
while True: signal.pause()
"""
    )
    port.start()
    group = port.pid or 0
    port.close()
    assert gone(group)
    port.close()


def test_child_left_behind_by_a_good_adapter_is_ended(lab: "Lab", gone: Callable[[int], bool]) -> None:
    port = lab.port("subprocess.Popen(['sleep', '600'])" + SELLS)
    port.start()
    group = port.pid or 0
    assert port.books() == ()
    port.close()
    assert gone(group)


def test_kill_and_restart_keep_the_state_folder(lab: "Lab", gone: Callable[[int], bool]) -> None:
    port = lab.port("open(hello['hello']['state_dir'] + '/starts', 'a').write('x')" + SELLS)
    port.start()
    group = port.pid or 0
    assert port.books() == ()
    port.kill()
    assert gone(group)
    with pytest.raises(BenchError, match="does not run"):
        port.sign_in()
    port.restart()
    assert port.books() == ()
    assert (lab.folder / "state" / "starts").read_text() == "xx"
    assert lab.events() == ["adapter-started", "adapter-killed", "adapter-ended", "adapter-started"]


def test_waiting_for_a_killed_adapter_blames_nobody(lab: "Lab") -> None:
    port = lab.port("hear(); hear()")
    port.start()
    operation = port.start_refund("A0001")
    port.kill()
    with pytest.raises(BenchError, match="was killed"):
        operation.outcome()


def test_ability_that_is_not_listed_is_not_asked_for(lab: "Lab") -> None:
    port = lab.port(SELLS)
    port.start()
    with pytest.raises(NotOffered, match="resolve"):
        port.resolve()


def test_end_of_the_input_is_enough(lab: "Lab") -> None:
    port = lab.port("for line in sys.stdin: pass\nopen(hello['hello']['state_dir'] + '/ended', 'w')")
    port.start()
    port.close()
    assert (lab.folder / "state" / "ended").exists()


def test_log_that_cannot_be_written_is_the_labs_problem(lab: "Lab") -> None:
    (lab.folder / "adapter.log").mkdir()
    with pytest.raises(BenchError, match=r"adapter\.log"):
        lab.port(SELLS).start()


def test_python_means_this_interpreter(lab: "Lab") -> None:
    path = lab.folder / "which.py"
    path.write_text("import sys; sys.stderr.write(sys.executable); sys.exit(1)")
    with pytest.raises(PeerViolation, match=sys.executable):
        lab.command("python", str(path)).start()


def test_long_command_line_is_written_whole(lab: "Lab", tmp_path: Path) -> None:
    port = lab.port(SELLS)
    port.start()
    lines = [Line.priced(f"XP{n:06d}", "阿莫西林胶囊" * 20, price="0.01", quantity="1") for n in range(2000)]
    outcome = port.purchase(Basket.of("A0001", *lines)).outcome()
    assert outcome.amounts is not None
    assert outcome.amounts.total == 2000


def test_adapter_in_another_language_is_an_adapter(lab: "Lab") -> None:
    path = lab.folder / "adapter.sh"
    path.write_text(
        """#!/bin/sh
read -r hello
printf '%s\\n' '{"ready":{"adapter":"shell","version":"1","clock":"own","can":["sign-in"]}}'
while read -r line; do
  case "$line" in
    *'"do":"bye"'*) exit 0 ;;
    *) id=${line#*'"id":'}; printf '{"id":%s,"outcome":"accepted"}\\n' "${id%%,*}" ;;
  esac
done
"""
    )
    path.chmod(0o755)
    port = lab.command(str(path))
    port.start()
    assert port.sign_in().accepted
    port.close()
    assert lab.events() == ["adapter-started", "adapter-ended"]


ASKS = r"""
for line in sys.stdin:
    c = json.loads(line)
    if c["do"] == "bye": break
    say(json.dumps({"event": "present-please", "id": c["id"], "what": "card"}))
    say(json.dumps({"event": "present-please", "id": c["id"], "what": "card-pin"}))
    say(json.dumps({"event": "released", "id": c["id"], "order": c["order"], "what": "slip"}))
    say(json.dumps({"id": c["id"], "outcome": "refused", "reason": "lock-expired", "prompt": "失效"}))
"""
HOSPITAL = PRELUDE.replace('"books"', '"books","register","card","self-service"')


def test_everything_that_is_asked_for_is_heard_in_turn(lab: "Lab") -> None:
    port = lab.port(ASKS, prelude=HOSPITAL)
    port.start()
    operation = port.register("R0001", by=By.CARD, way=Way.SELF_SERVICE)
    assert [operation.until_asked() for _ in range(3)] == [Asked.CARD, Asked.CARD_PIN, None]
    assert operation.outcome().reason is Reason.LOCK_EXPIRED
    sent = [json.loads(data) for direction, data in lab.frames() if direction is Direction.SENT][-1]
    assert (sent["do"], sent["by"], sent["way"]) == ("register", "card", "self-service")


def test_what_is_usual_is_not_said(lab: "Lab") -> None:
    port = lab.port(ASKS, prelude=HOSPITAL)
    port.start()
    port.register("R0001").outcome()
    sent = [json.loads(data) for direction, data in lab.frames() if direction is Direction.SENT][-1]
    assert not {"by", "way"} & sent.keys()


@pytest.mark.parametrize(("by", "way"), [(By.FACE, Way.WINDOW), (By.CODE, Way.MOBILE)])
def test_a_way_that_the_adapter_does_not_offer_is_not_asked_of_it(lab: "Lab", by: By, way: Way) -> None:
    prelude = HOSPITAL.replace(',"self-service"', "")
    port = lab.port(ASKS, prelude=prelude)
    port.start()
    with pytest.raises(NotOffered, match="does not offer"):
        port.register("R0001", by=by, way=way)
    with pytest.raises(NotOffered, match="does not offer 'inpatient'"):
        port.discharge("I0001")


def test_an_adapter_that_hears_nothing_any_more_is_not_waited_for(lab: "Lab") -> None:
    port = lab.port("sys.stderr.write('one line is enough\\n'); sys.stderr.flush(); os.close(0); time.sleep(600)")
    port.start()
    with pytest.raises(PeerViolation, match="closed its standard input") as caught:
        port.sign_in()  # its patience would end with other words
    assert "one line is enough" in caught.value.cause


def test_the_last_log_lines_are_whole_and_each_on_a_line_of_its_own(lab: "Lab") -> None:
    logs = "sys.stderr.write(''.join(f'{n:03d} ' + 'DEBUG ' * 60 + chr(10) for n in range(99)) + '\\x1b[31mno key\\n')"
    port = lab.port(f"hear(); {logs}; sys.exit(3)")
    port.start()
    with pytest.raises(PeerViolation, match="status 3 in the middle of the dialogue") as caught:
        port.sign_in()
    first, heading, *lines = caught.value.cause.splitlines()
    assert (first, heading) == ("it crashed or gave up", "  its last log lines:")
    assert [line[:8] for line in lines] == [f"    {n:03d} " for n in range(92, 99)] + ["    \\x1b"]
    assert max(map(len, lines)) <= 4 + 200 + 2


@pytest.mark.parametrize(
    ("script", "patience_s", "says"),
    [
        ("sys.exit('no jar')", 60, "(?s)exited with status 1 before it was ready.*its last log lines:.*no jar"),
        ("time.sleep(600)", 1, "(?s)'ready' line was due.*it logged nothing"),
    ],
)
def test_what_ends_or_hangs_before_it_is_ready_says_so(lab: "Lab", script: str, patience_s: float, says: str) -> None:
    port = lab.port("", prelude=f"import sys, time; {script}", patience_s=patience_s)
    with pytest.raises(PeerViolation, match=says):
        port.start()


def test_an_answer_to_another_command_says_which_one_is_running(lab: "Lab") -> None:
    port = lab.port("""say('{"id": 9, "outcome": "accepted"}'); hear()""", prelude=PRELUDE + "hear()\n")
    port.start()
    with pytest.raises(PeerViolation, match=r"command 9 is not running, 1 \(sign-in\) is"):
        port.sign_in()


@pytest.mark.parametrize(
    ("line", "shows", "cause"),
    [
        (b"\xff\xfe\x00\x80", r"'\xff\xfe\x00\x80'", "charset"),
        ("余额".encode("gbk"), r"'\xd3\xe0\xb6\xee'", "read as GBK it says: 余额"),
        (b'\xef\xbb\xbf{"id":1}', r'\xef\xbb\xbf{"id":1}' + "'", "byte order mark"),
        (b"\xff\xfe" + '{"a":1}'.encode("utf-16-le"), r'\xff\xfe{\x00"\x00a\x00"\x00:\x001\x00}\x00' + "'", "UTF-16"),
        (b"\x1b[31mbanner \xe4\xbd\xa0", r"'\x1b[31mbanner 你'", "banner"),
    ],
)
def test_garbage_is_shown_in_one_form(line: bytes, shows: str, cause: str) -> None:
    with pytest.raises(PeerViolation) as caught:
        parse_line(line + b"\n")
    assert caught.value.problem.endswith(shows)
    assert cause in caught.value.cause


def test_a_line_that_is_not_ended_is_said(lab: "Lab") -> None:
    begun = PRELUDE.replace(r'line + "\n"', r"""line + '\n{"id":1,"outcome":"acc'""")  # with its 'ready', in one piece
    port = lab.port("hear(); hear()", prelude=begun, patience_s=1.0)
    started_in_time(port)
    with pytest.raises(PeerViolation, match="no whole line for 1 s") as caught:
        port.sign_in()
    assert caught.value.cause.startswith("""it has not ended its line with LF: '{"id":1,"outcome":"acc'""")
