"""Forty thousand random inputs, or as many as LIANTIAO_INPUTS says, over each door of a running machine: no crash, no
hang, memory flat.

Inputs go over a connection in small batches: those that keep to the door's framing, and when they are answered one that
may not. An input counts when its reply came, or when the machine hung up on it; what stood behind it is sent again on
another connection. Memory is that
of the machine's own process, watched from when its tape holds as much as it ever will.
"""

import contextlib
import json
import os
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.gm import InvalidEncoding, der
from tests.benchmarks.machine_load import Line, Machine, machine_process
from tests.simulators.encryption_machine_rig import der_sign, n4, sign_request

INPUTS, BATCH = int(os.environ.get("LIANTIAO_INPUTS", "25000")), 20
WARM = 20_000
"""Inputs until the machine has what it keeps: its modules, and the ten thousand last records of the tape."""
MOST_GROWN_KIB = 6 * 1024
LOOKED_EVERY = 2_000
PATIENCE_S = 60.0
ECHO = b"\x00\x08B20002ok"
COMMANDS = (
    *(b"NC", b"B2", b"N0", b"J2", b"J4", b"J8", b"JK", b"NO", b"NI", b"TT", b"TX", b"TQ", b"ZZ", b"\0\xff"),
    *(b"E1", b"E2", b"E3", b"E4", b"E5", b"E6", b"E7", b"S3", b"S4", b"SW0", b"SW1"),
)
USER = n4(b"1234567812345678") + b";"
HOST_GOOD = (
    sign_request(b"message"),
    b"E62007" + USER + b"0" + n4(bytes(64)) + b";" + n4(b"message") + b";K0001",
    b"E307" + n4(b"plaintext") + b";K00010",
    b"E4070" + n4(b"\4" + bytes(96)) + b";K0001",
    b"S301109K0001000000" + b"0010" + bytes(16) + b"0" * 32,
    b"SW000109K0001000000" + b"02" + (b"0010" + bytes(16)) * 2,
)
JSON_GOOD = tuple(
    json.dumps({"version": "v1", "reqType": name, "request": request, "reqTime": "20201014083000+0000"}).encode()
    for name, request in (
        (
            "SignData",
            {"signMethod": 131585, "keyIndex": 1, "keyValue": "NzM5NTE4NDY=", "inDataLen": 1, "inData": "eA=="},
        ),
        (
            "VerifySignedData",
            {"type": 2, "certSN": "01", "inDataLen": 1, "inData": "eA==", "signature": "MAYCAQECAQE="},
        ),
        ("GenRandomData", {"len": 8}),
    )
)


def mutated(dice: random.Random, good: bytes) -> bytes:
    """A message with one to three slips."""
    found = bytearray(good)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(found) + 1)
        match dice.randrange(4):
            case 0:
                found[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                found[at:at] = dice.randbytes(dice.randrange(1, 9))
            case 2:
                del found[at : at + dice.randrange(1, 9)]
            case _:
                del found[at + 2 :]
    return bytes(found)


def host_body(dice: random.Random) -> bytes:
    match dice.randrange(3):
        case 0:
            return dice.choice(COMMANDS) + dice.randbytes(dice.randrange(100))
        case 1:
            return dice.choice(COMMANDS) + bytes(dice.choices(b"0123456789ABCDEFK;", k=dice.randrange(100)))
        case _:
            return mutated(dice, dice.choice(HOST_GOOD))


def host_input(dice: random.Random, framed: bool) -> bytes:
    body = host_body(dice)
    lie = 0 if framed else dice.choice((1, -1, 300, 65535))
    if not framed and dice.randrange(2):
        return dice.randbytes(dice.randrange(200))
    return max(0, min(65535, len(body) + lie)).to_bytes(2) + body


def der_input(dice: random.Random, framed: bool) -> bytes:
    whole = der_sign(b"message", index=dice.randrange(3))
    if framed:
        return der.element(der.SEQUENCE, mutated(dice, whole[2:] if whole[1] < 0x80 else whole[3:]))
    return dice.randbytes(dice.randrange(200)) if dice.randrange(2) else mutated(dice, whole)


def http_input(dice: random.Random, framed: bool) -> bytes:
    body = mutated(dice, dice.choice(JSON_GOOD)) if dice.randrange(4) else dice.randbytes(dice.randrange(100))
    path = dice.choice(("/SignServerJson/SignData", "/SignServerJson/VerifySignedData", "/SignData", "/nothing"))
    kind = dice.choice(("application/json", "application/x-www-form-urlencoded"))
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    whole = head.encode() + body
    return whole if framed else mutated(dice, whole)


def host_replies(data: bytes) -> int:
    count = at = 0
    while at + 2 <= len(data) and (at := at + 2 + int.from_bytes(data[at : at + 2])) <= len(data):
        count += 1
    return count


def der_replies(data: bytes) -> int:
    reader, count = der.Reader(data), 0
    with contextlib.suppress(InvalidEncoding):
        while reader.left:
            reader.take(der.SEQUENCE)
            count += 1
    return count


def http_replies(data: bytes) -> int:
    return data.count(b"HTTP/1.1 ")


@dataclass(frozen=True, kw_only=True)
class DoorUse:
    """How a door is spoken to: its address, random inputs, and how many replies stand in what came back."""

    address: Callable[[Machine], str]
    make: Callable[[random.Random, bool], bytes]
    replies: Callable[[bytes], int]


DOORS = {
    "host": DoorUse(address=lambda m: m.at, make=host_input, replies=host_replies),
    "svs-der": DoorUse(address=lambda m: m.der, make=der_input, replies=der_replies),
    "svs-http": DoorUse(address=lambda m: m.http.removeprefix("http://"), make=http_input, replies=http_replies),
}


def answered_of(use: DoorUse, address: str, framed: Sequence[bytes], last: bytes) -> int:
    """How many of the framed inputs are answered before the machine hangs up; if all are, it hears the last one, too.

    Raises TimeoutError when it neither answers nor hangs up.
    """
    line, found, count = Line(address), b"", 0
    line.socket.settimeout(PATIENCE_S)
    with contextlib.suppress(ConnectionError):
        line.socket.sendall(b"".join(framed))
        while count < len(framed) and (more := line.socket.recv(1 << 16)):
            found += more
            count = use.replies(found)
        if count >= len(framed):
            line.socket.sendall(last)
            line.socket.shutdown(socket.SHUT_WR)
            while line.socket.recv(1 << 16):
                pass
    line.close()
    return count


def resident_kib(pid: int) -> int:
    """The memory that a process has in use."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine that has said nothing to stderr when it ends."""
    log = tmp_path / "stderr"
    with log.open("wb") as complaints, machine_process("--nonces", "random", log=complaints) as running:
        yield running
    complained = [line for line in log.read_text(errors="replace").splitlines() if not line.startswith("/")]
    assert not [line for line in complained if "Traceback" in line or "Error" in line], complained[:20]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("door", DOORS)
def test_a_hundred_thousand_random_inputs_harm_nobody(machine: Machine, door: str) -> None:
    use, dice = DOORS[door], random.Random(f"20201014/{door}")
    address, steady = use.address(machine), Line(machine.at)
    taken = answered = warm_kib = 0
    grown: list[int] = []
    waiting: list[bytes] = []
    while taken < INPUTS:
        waiting += [use.make(dice, True) for _ in range(BATCH - 1 - len(waiting))]
        count = answered_of(use, address, waiting, use.make(dice, False))
        answered += count
        before, taken = taken, taken + count + 1
        waiting = waiting[count + 1 :]
        if taken // LOOKED_EVERY > before // LOOKED_EVERY:
            assert steady.host_reply(ECHO) == b"\x00\x06B300ok"
            if taken >= WARM:
                warm_kib = warm_kib or resident_kib(machine.pid)
                grown.append(resident_kib(machine.pid) - warm_kib)
    print(f"\n{door}: {taken} inputs, {answered} answered, memory {warm_kib} KiB, grown {grown[::8]} KiB")
    assert answered > INPUTS // 2
    assert max(grown) < MOST_GROWN_KIB
    assert steady.host_reply(len(HOST_GOOD[0]).to_bytes(2) + HOST_GOOD[0])[4:6] == b"00"
    steady.close()
