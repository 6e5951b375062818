"""The line to the machine: order, pieces, lies about lengths, and requests that nobody defined."""

import pytest

from harness.scenarios.machine_stage import MachineStage, framed, read_reply
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason

HSM = ["QH-HSM"]
MALFORMED = (Reason.BAD_INPUT, Reason.DATA_LENGTH, Reason.CURVE, Reason.HASH, Reason.KEY_SCHEME, Reason.KEY_TYPE)


@pytest.mark.case("encryption-machine/in-pieces", title="A request in pieces 分片到达", requirements=HSM)
def test_in_pieces(stage: MachineStage) -> None:
    """Byte by byte, a request is one request."""
    line = stage.open_line()
    for byte in framed(stage.profile, b"B20003abc"):
        line.write(bytes([byte]))
    assert read_reply(line, within_s=stage.keys.timeout_s).endswith(b"abc")
    stage.expect()


@pytest.mark.case("encryption-machine/in-turn", title="Several requests at once 连续请求", requirements=HSM)
def test_in_turn(stage: MachineStage) -> None:
    """Requests in one piece are answered one by one, in their order."""
    line = stage.open_line()
    line.write(b"".join(framed(stage.profile, f"B2000{len(text)}{text}".encode()) for text in ("a", "bb", "ccc")))
    held = b""
    while not held.endswith(b"ccc"):
        piece = line.read(stage.keys.timeout_s)
        assert piece, "three replies"
        held += piece
    assert held.index(b"a") < held.index(b"bb") < held.index(b"ccc")


@pytest.mark.case("encryption-machine/unknown-command", title="Commands never defined 未定义命令", requirements=HSM)
@pytest.mark.parametrize("code", ["ZZ", "00", "E9", "~~"])
def test_unknown_command(stage: MachineStage, code: str) -> None:
    """They are refused by the code for it, and the connection lives on."""
    line = stage.open_line()
    stage.say(line, code.encode(), Reason.COMMAND_UNKNOWN, Reason.COMMAND_DISABLED, Reason.COMMAND_NOT_LICENSED)
    stage.say(line, b"B20001x")


@pytest.mark.case("encryption-machine/malformed", title="Malformed requests 畸形请求", requirements=HSM)
@pytest.mark.parametrize(
    "body",
    [
        "B2",
        "B20004abc",
        "B20002abc",
        "B2zzzzabc",
        "N0xyz",
        "E2",
        "E2K00",
        "E2X0001",
        "E508",
        "E52107",
        "E60",
        "S3",
        "S3ZZ",
    ],
)
def test_malformed(stage: MachineStage, body: str) -> None:
    """A command whose fields are not as they should be is refused, and the connection lives on."""
    line = stage.open_line()
    refusals = (*MALFORMED, Reason.KEY_INDEX, Reason.KEY_MISSING, Reason.HEADER, Reason.VERIFY_FAILED)
    stage.say(line, body.encode(), *refusals)
    stage.say(line, b"B20001x")


@pytest.mark.case("encryption-machine/unserved", title="Curves and hashes never served 未支持的算法", requirements=HSM)
@pytest.mark.parametrize(
    ("body", "reason"), [("E708", Reason.CURVE), ("E52107", Reason.HASH), ("E52008", Reason.CURVE)]
)
def test_unserved(stage: MachineStage, body: str, reason: Reason) -> None:
    """Another curve than 07 and another digest than 20 are refused by their own codes."""
    stage.say(stage.open_line(), body.encode(), reason)


@pytest.mark.case("encryption-machine/half-a-request", title="Half a request 请求中断", requirements=HSM)
def test_half_a_request(stage: MachineStage) -> None:
    """A client that stops in the middle holds up nobody else."""
    stage.open_line().write(framed(stage.profile, b"B20003abc")[:5])
    stage.ask(wire.Diagnose())


@pytest.mark.case("encryption-machine/lying-length", title="A length that lies 长度字段不符", requirements=HSM)
@pytest.mark.parametrize("size", [0, 1, 65535])
def test_lying_length(stage: MachineStage, size: int) -> None:
    """A length that cannot be true is refused or hung up on; other clients are served."""
    line = stage.open_line()
    line.write(size.to_bytes(2) + b"NC"[:size])
    stage.tape.event("case", "expect-silence", why="a refusal or a hang-up, both are right")
    stage.ask(wire.Diagnose())


@pytest.mark.case("encryption-machine/several-clients", title="Several clients 多客户端", requirements=HSM)
def test_several_clients(stage: MachineStage) -> None:
    """Each connection gets its own replies."""
    lines = [stage.open_line() for _ in range(4)]
    for number, line in enumerate(lines):
        line.write(framed(stage.profile, f"B20001{number}".encode()))
    for number, line in reversed(list(enumerate(lines))):
        assert read_reply(line, within_s=stage.keys.timeout_s).endswith(str(number).encode())
