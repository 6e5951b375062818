"""kill -9 in the middle of a thousand key changes over TCP: every key that was acknowledged is there afterwards."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from simulators.encryption_machine.keys import Use
from simulators.encryption_machine.keystore import KeyStore
from tests.benchmarks.machine_load import Line, machine_process

CHANGES, UNDER_WAY, FIRST = 1_000, 8, 1000
SPKI = slice(6, 97)
"""Where the public key stands in the reply to E7, after length, code and error."""


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(2) + body


def change(number: int) -> bytes:
    """A new pair at an index of its own."""
    return framed(b"E707K" + f"{FIRST + number:04d}".encode() + b"00")


def replies_in(data: bytes) -> list[bytes]:
    """The whole replies."""
    found, at = [], 0
    while at + 2 <= len(data) and (end := at + 2 + int.from_bytes(data[at : at + 2])) <= len(data):
        found.append(data[at:end])
        at = end
    return found


def acknowledged_until_killed(line: Line, pids: Sequence[int], after: int) -> list[bytes]:
    """Asks for a thousand changes; kills these processes after so many replies, and returns all that came."""
    found, sent, killed = b"", 0, False
    while True:
        count = len(replies_in(found))
        if count >= after and not killed:
            killed = True
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        due = min(CHANGES, count + UNDER_WAY)
        try:
            line.socket.sendall(b"".join(change(number) for number in range(sent, due)))
            sent = max(sent, due)
            more = line.socket.recv(1 << 16)
        except ConnectionError:
            more = b""
        if not more:
            return replies_in(found)
        found += more


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 250, 600])
def test_every_acknowledged_key_is_there_after_kill_9(tmp_path: Path, after: int) -> None:
    path = tmp_path / "keys.db"
    with machine_process("--keys", str(path)) as machine:
        line = Line(machine.at)
        replies = acknowledged_until_killed(line, [machine.pid], after)
        line.close()
    assert after <= len(replies) < CHANGES
    assert all(reply[4:6] == b"00" for reply in replies)
    store = KeyStore(path)
    for number, reply in enumerate(replies):
        pair = store.pair(FIRST + number, Use.SIGN)
        assert pair is not None, f"change {number} of {len(replies)} was acknowledged and is lost"
        assert pair.public.spki == reply[SPKI]
    assert len([index for index in store.indexes() if index >= FIRST]) <= len(replies) + UNDER_WAY
    store.close()
    with machine_process("--keys", str(path)) as again:
        line = Line(again.at)
        last = FIRST + len(replies) - 1
        assert line.host_reply(framed(b"E2K" + f"{last:04d}".encode()))[SPKI] == replies[-1][SPKI]
        assert line.host_reply(change(CHANGES))[4:6] == b"00"
        line.close()
