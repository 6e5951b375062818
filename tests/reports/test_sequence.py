"""A case's records become arrows and notes with the right ends, words and looks."""

import json
from pathlib import Path
from typing import Any

from harness.judge.history import CaseHistory, read_histories
from harness.line.record import Direction
from harness.line.tape import read_tape
from reports.run_folder import read_run_folder
from reports.sequence import sequence
from reports.steps import Arrow, Look, Note


def history(folder: Path, number: int) -> CaseHistory:
    run = read_run_folder(folder)
    found = run.history(run.cases[number])
    assert found is not None
    return found


def arrows(folder: Path, number: int) -> list[Arrow]:
    return [step for step in sequence(history(folder, number)).steps if isinstance(step, Arrow)]


def notes(folder: Path, number: int) -> list[Note]:
    return [step for step in sequence(history(folder, number)).steps if isinstance(step, Note)]


def test_life_lines_stand_in_the_order_of_a_purchase(run_folder: Path) -> None:
    lanes = sequence(history(run_folder, 0)).lanes
    assert [lane.name for lane in lanes] == ["phone", "scanner", "cashier", "adapter", "centre", "platform"]


def test_a_further_party_appears_behind_them(run_folder: Path) -> None:
    assert [lane.name for lane in sequence(history(run_folder, 3)).lanes][-1] == "bank"


def test_a_transaction_bears_its_number_and_both_names(run_folder: Path) -> None:
    (request,) = (a for a in arrows(run_folder, 0) if a.label.startswith("2102"))
    assert (request.source, request.target, request.look) == ("adapter", "platform", Look.REQUEST)
    assert "pharmacy settlement" in request.label
    assert "药店结算" in request.label
    assert request.detail.startswith("P63999900001")


def test_an_answer_says_its_code(run_folder: Path) -> None:
    replies = [a for a in arrows(run_folder, 0) if a.source == "platform" and a.target == "adapter"]
    assert [(a.label, a.look, a.lost) for a in replies] == [("infcode 0", Look.REPLY, False)] * 4


def test_a_lost_reply_ends_on_its_way_before_the_client_goes_on(run_folder: Path) -> None:
    steps = sequence(history(run_folder, 1)).steps
    (lost,) = (s for s in steps if isinstance(s, Arrow) and s.lost)
    assert (lost.source, lost.target, lost.look) == ("platform", "adapter", Look.TROUBLE)
    after = steps[steps.index(lost) + 1]
    before = steps[steps.index(lost) - 1]
    assert isinstance(before, Note)
    assert before.label.startswith("booked")
    assert after.label.startswith("journal")


def test_a_lost_request_never_arrives(case_tape: Any, tmp_path: Path) -> None:
    case_tape.begin("lost", "a request is lost")
    case_tape.request("platform", "/fsi/api/2102", {"infno": "2102", "msgid": "m"})
    case_tape.fault("fault-fired", effect="lose-request")
    case_tape.says(id=1, outcome="unknown")
    case_tape.end()
    case_tape.tape.close()
    steps = sequence(read_histories(read_tape(tmp_path / "tape.bin").records)[0]).steps
    request, fault, gave_up, answer = steps
    assert isinstance(request, Arrow)
    assert request.lost
    assert isinstance(fault, Note)
    assert fault.look is Look.FAULT
    assert isinstance(gave_up, Note)
    assert gave_up.lane == "adapter"
    assert answer.look is Look.TROUBLE


def test_a_fault_that_fired_is_a_fault_and_one_that_waits_is_not(run_folder: Path) -> None:
    found = {note.label: note.look for note in notes(run_folder, 1) if "2102" in note.label and note.lane == "platform"}
    assert found["⚡ 2102: reply lost after booking 应答丢失（已记账）"] is Look.FAULT
    assert found["fault planned 故障待发: 2102"] is Look.PLAIN


def test_a_clock_step_goes_across_all(run_folder: Path) -> None:
    (clock,) = (note for note in notes(run_folder, 2) if note.look is Look.CLOCK)
    assert clock.lane == ""
    assert "+61 s" in clock.label


def test_a_scan_shows_its_bytes(run_folder: Path) -> None:
    scan = next(a for a in arrows(run_folder, 0) if a.label.startswith("scan 扫码"))
    assert (scan.source, scan.target) == ("scanner", "adapter")
    assert scan.detail == "4241234567890123456788630000<CR>"


def test_a_gateway_page_is_trouble(run_folder: Path) -> None:
    (reply,) = (a for a in arrows(run_folder, 3) if a.source == "platform")
    assert (reply.label, reply.look) == ("502 Bad Gateway", Look.TROUBLE)


def test_a_call_that_the_bench_recorded_itself_is_one_arrow_to_the_voucher_centre(
    case_tape: Any, tmp_path: Path
) -> None:
    """Both ends of the call are on the tape: the bench's channel `client`, and the virtual centre's own."""
    path, body = "/localcfc/api/hsecfc/localQrCodeQuery", {"transType": "ec.query", "data": {}}
    case_tape.begin("asked", "the bench asks the centre")
    tape = case_tape.tape
    said = json.dumps(body).encode()
    asked = b"POST %b HTTP/1.1\r\nHost: x\r\nUser-Agent: liantiao-bench\r\nContent-Length: %d\r\n\r\n" % (
        path.encode(),
        len(said),
    )
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":0}'
    for channel in ("client.http#1", "voucher-centre.http#1"):
        tape.frame(channel, Direction.RECEIVED, asked + said)
    for channel in ("voucher-centre.http#1", "client.http#1"):
        tape.frame(channel, Direction.SENT, answer)
    tape.event("case", "expect-answer", codes=["0"], reasons=["ok"], any_refusal=False)
    case_tape.end()
    tape.close()
    shown = sequence(read_histories(read_tape(tmp_path / "tape.bin").records)[0])
    assert [lane.name for lane in shown.lanes] == ["client", "voucher-centre"]
    request, reply, expected = shown.steps
    assert isinstance(request, Arrow)
    assert (request.source, request.target, request.label) == ("client", "voucher-centre", "decode the code 凭证解码")
    assert isinstance(reply, Arrow)
    assert (reply.source, reply.target, reply.label) == ("voucher-centre", "client", "code 0")
    assert isinstance(expected, Note)
    assert (expected.lane, expected.label, expected.detail) == ("client", "expected answer 预期应答", "0, ok")
