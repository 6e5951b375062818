"""The machine itself: who it is, echo, random numbers, health."""

import pytest

from harness.scenarios.machine_stage import MachineStage
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]


@pytest.mark.case("encryption-machine/diagnose", title="The machine says who it is 诊断", requirements=HSM)
def test_diagnose(stage: MachineStage) -> None:
    """NC gives an LMK check value and a firmware, the same each time."""
    first = stage.ask(wire.Diagnose())
    assert isinstance(first, wire.DiagnoseReply)
    assert len(first.lmk_check) == 16
    assert stage.ask(wire.Diagnose()) == first


@pytest.mark.case("encryption-machine/echo", title="Any bytes come back 回显", requirements=HSM)
@pytest.mark.parametrize("size", [1, 255, 256, "most"])
def test_echo(stage: MachineStage, size: int | str) -> None:
    """B2 gives back every byte, up to the longest."""
    length = stage.profile.limits["echo"] if isinstance(size, str) else size
    data = bytes(at % 256 for at in range(length))
    assert stage.ask(wire.Echo(data=data)) == wire.EchoReply(data=data)


@pytest.mark.case("encryption-machine/random", title="Random numbers 随机数", requirements=HSM)
@pytest.mark.parametrize("size", [16, 32, "most"])
def test_random(stage: MachineStage, size: int | str) -> None:
    """N0 gives as many as asked for; the judge compares them."""
    length = stage.profile.limits["random"] if isinstance(size, str) else size
    for _ in range(4):
        stage.ask(wire.Random(size=length))


@pytest.mark.case("encryption-machine/random-none", title="No random bytes are none 零长度随机数", requirements=HSM)
def test_random_none(stage: MachineStage) -> None:
    """A request for nothing is refused, and the next one is served."""
    line = stage.open_line()
    spec = stage.profile.command_for(wire.Random(size=1))
    stage.say(line, f"{spec.code}000".encode(), Reason.DATA_LENGTH, Reason.BAD_INPUT, Reason.VERIFY_FAILED)
    stage.ask(wire.Random(size=16))


@pytest.mark.case("encryption-machine/health", title="Health and load 健康状态", requirements=HSM)
def test_health(stage: MachineStage) -> None:
    """J2 tells the machine's load."""
    reply = stage.ask(wire.Health())
    assert isinstance(reply, wire.HealthReply)
    edges = [edge for low, high, _ in reply.bands for edge in (low, high)]
    assert edges == sorted(edges), "bands of load follow one another"
    assert set(edges) <= set(range(101)), "a load is 0 to 100 %"
