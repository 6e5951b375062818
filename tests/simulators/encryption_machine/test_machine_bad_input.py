"""Bytes that nobody should send: each door answers with a code or hangs up, and others are served all the time."""

import contextlib
import random
import resource
import socket

import pytest

from tests.simulators.encryption_machine_rig import (
    Client,
    RunningMachine,
    StartMachine,
    connected,
    der_sign,
    sign_request,
)

COMMANDS = (
    b"NC",
    b"B2",
    b"N0",
    b"J2",
    b"E1",
    b"E2",
    b"E3",
    b"E4",
    b"E5",
    b"E6",
    b"E7",
    b"S3",
    b"S4",
    b"SW",
    b"ZZ",
    b"\0\xff",
)
GOOD = sign_request(b"m")
INPUTS = 1_500
STEADY_MIB = 40
MOST_TAKEN = 32 << 20


def drain(connection: socket.socket) -> None:
    """Read until the machine hangs up, which it does once we have said all."""
    try:
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    connection.close()


def mutated(rng: random.Random, good: bytes) -> bytes:
    found = bytearray(good)
    for _ in range(rng.randrange(1, 4)):
        match rng.randrange(4):
            case 0 if found:
                found[rng.randrange(len(found))] = rng.randrange(256)
            case 1:
                at = rng.randrange(len(found) + 1)
                found[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 2 if found:
                at = rng.randrange(len(found))
                del found[at : at + rng.randrange(1, 9)]
            case _:
                found = found[: rng.randrange(len(found) + 1)]
    return bytes(found)


def host_input(rng: random.Random) -> bytes:
    match rng.randrange(4):
        case 0:
            return rng.randbytes(rng.randrange(200))
        case 1:
            body = rng.choice(COMMANDS) + rng.randbytes(rng.randrange(100))
        case 2:
            body = rng.choice(COMMANDS) + bytes(rng.choice(b"0123456789ABCDEFK;") for _ in range(rng.randrange(100)))
        case _:
            body = mutated(rng, GOOD)
    lie = rng.choice((0, 0, 0, 0, 1, -1, 300))
    return max(0, min(65535, len(body) + lie)).to_bytes(2, "big") + body


def der_input(rng: random.Random, good: bytes) -> bytes:
    return rng.randbytes(rng.randrange(200)) if rng.randrange(3) == 0 else mutated(rng, good)


def http_input(rng: random.Random) -> bytes:
    body = mutated(
        rng, b'{"version":"v1","reqType":"SignData","request":{"signMethod":131585,"keyIndex":1},"reqTime":"x"}'
    )
    head = (
        f"POST /SignServerJson/SignData HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    whole = head.encode() + body
    return mutated(rng, whole) if rng.randrange(3) == 0 else whole


@pytest.mark.parametrize("door", ["host", "svs-der", "svs-http"])
def test_random_input_harms_nobody(start_machine: StartMachine, door: str) -> None:
    machine = start_machine(nonces="random")
    address = machine.ends.at if door == "host" else machine.ends.also[door]
    rng = random.Random(f"{door}")
    steady = Client(machine.ends.at)
    before = 0
    for number in range(INPUTS):
        match door:
            case "host":
                sent = host_input(rng)
            case "svs-der":
                sent = der_input(rng, der_sign(b"data"))
            case _:
                sent = http_input(rng)
        connection = connected(address)
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        drain(connection)
        if number % 50 == 0:
            assert steady.ask(b"B20002ok") == b"00ok"
        if number == INPUTS // 3:
            machine.tape.forget()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < STEADY_MIB * 1024
    assert steady.ask(GOOD).startswith(b"00")


def test_a_length_that_is_too_great_ends_the_connection(shared_machine: RunningMachine) -> None:
    client = Client(shared_machine.ends.at)
    client.socket.sendall(b"\xff\xffNC")
    assert client.gone()


def test_an_empty_message_ends_the_connection_or_is_answered(shared_machine: RunningMachine) -> None:
    client = Client(shared_machine.ends.at)
    client.socket.sendall(b"\0\0")
    assert client.gone()


def test_a_client_that_never_reads_costs_little_memory(start_machine: StartMachine) -> None:
    machine = start_machine()
    deaf, other = Client(machine.ends.at), Client(machine.ends.at)
    deaf.socket.settimeout(0.5)
    request = b"\x08\x06B20800" + b"x" * 0x800
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < MOST_TAKEN:
            sent += deaf.socket.send(request * 16)
    assert other.ask(b"B20002ok") == b"00ok"
    assert sent < MOST_TAKEN
