"""What makes no sense is sent as it is written, and the adapter's error to it is told."""

import json
from typing import TYPE_CHECKING

import pytest

from harness.errors import PeerViolation
from harness.line.record import Direction

if TYPE_CHECKING:
    from tests.harness.counter.conftest import Lab

PATIENT = r"""
for line in sys.stdin:
    try:
        c = json.loads(line)
    except ValueError:
        say(json.dumps({"id": None, "error": "no JSON"}))
        continue
    if c["do"] == "bye": break
    if c["do"] == "sign-in":
        say(json.dumps({"id": c["id"], "outcome": "accepted"}))
    else:
        say(json.dumps({"id": c["id"], "error": "no command " + c["do"] + " at " + c["at"]}))
"""


def test_a_line_goes_out_as_it_is_and_the_dialogue_goes_on(lab: "Lab") -> None:
    port = lab.port(PATIENT)
    port.start()
    assert port.nonsense('{"id":{id},"do":"pur').error() == "no JSON"
    assert port.nonsense('{"id":{id},"do":"dance","at":"{at}"}').error() == "no command dance at 2020-10-14 08:30:00"
    assert port.sign_in().accepted
    assert port.idle
    sent = [data for direction, data in lab.frames() if direction is Direction.SENT]
    assert sent[1] == b'{"id":1,"do":"pur\n'
    assert [json.loads(data)["id"] for data in sent[2:]] == [2, 3]


def test_an_answer_is_no_error(lab: "Lab") -> None:
    port = lab.port(PATIENT)
    port.start()
    assert port.nonsense('{"id":{id},"do":"sign-in","at":"{at}"}').error() is None


def test_an_adapter_that_dies_of_it_breaks_the_protocol(lab: "Lab") -> None:
    port = lab.port("json.loads(sys.stdin.readline())")
    port.start()
    with pytest.raises(PeerViolation, match="in the middle of the dialogue"):
        port.nonsense("{").error()
