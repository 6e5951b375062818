"""A virtual encryption machine in a process of its own, and a client that costs little; for benchmarks.

The client's requests are bytes made beforehand and its replies are counted, not parsed, so that what is measured is the
machine. Processors are given away by hand: where the scheduler puts client and machine on one, half of what a machine
does goes unseen.
"""

import json
import os
import random
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

CHUNK = 1 << 18
PATIENCE_S = 30.0
SCHEDULED, NS = 2, 1_000_000_000
"""Linux's number for the clock of what was scheduled, among the clocks of a process."""
AVAILABLE = tuple(sorted(os.sched_getaffinity(0)))
PLAIN = """
import sys, time
from harness.gm import PrivateKey, Signer
key = PrivateKey(d=20201014)
signer, signature = Signer(key), key.sign(b"m" * 32)
work = {"sign": lambda: signer.sign(b"m" * 32), "verify": lambda: key.public.verify(b"m" * 32, signature)}
print("ready", flush=True)
for line in sys.stdin:
    name, _, count = line.partition(" ")
    for _ in range(int(count)):
        work[name]()
    print("done", flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A running machine's addresses and process id."""

    at: str
    der: str
    http: str
    pid: int

    def cpu_s(self) -> float:
        """Seconds of a processor that the process has used so far, all threads together."""
        return time.clock_gettime_ns((~self.pid << 3) | SCHEDULED) / NS


@contextmanager
def machine_process(*options: str, processor: int | None = None, log: IO[bytes] | None = None) -> Iterator[Machine]:
    """`simulate encryption-machine` as a user starts it, on one of the processors and with its complaints in a file
    if that is wished."""
    words = [sys.executable, "-m", "harness", "simulate", "encryption-machine", *options]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=log)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        if processor is not None:
            use_processor(processor, of=process.pid)
        also = ready["also"]
        yield Machine(at=ready["at"], der=also["svs-der"], http=also["svs-http"], pid=process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def use_processor(number: int | None, *, of: int | None = None) -> None:
    """Keep the calling thread, or a process, on one of the processors; None for all of them."""
    chosen = AVAILABLE if number is None else (AVAILABLE[number % len(AVAILABLE)],)
    os.sched_setaffinity(threading.get_native_id() if of is None else of, chosen)


class Line:
    """A TCP connection over which requests of one kind are asked over and over."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("tcp:").rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def host_reply(self, request: bytes) -> bytes:
        """The reply to a host command, length field included."""
        self.socket.sendall(request)
        found = self._exactly(b"", 2)
        return self._exactly(found, 2 + int.from_bytes(found))

    def der_reply(self, request: bytes) -> bytes:
        """The reply to a request of the DER form, shorter than 65536 bytes."""
        self.socket.sendall(request)
        found = self._exactly(b"", 4)
        sizes = {0x81: 3 + found[2], 0x82: 4 + int.from_bytes(found[2:4])}
        return self._exactly(found, sizes.get(found[1], 2 + found[1]))

    def pipelined(self, request: bytes, reply_size: int, *, width: int, count: int) -> float:
        """Seconds for `count` requests of which at most `width` are under way.

        The client asks its socket without a pause, for it has a processor of its own: on a virtual host, waking a
        processor that sleeps costs as much as a signature, and that is not the machine's.
        """
        began = time.perf_counter()
        self.socket.setblocking(False)
        self.socket.sendall(request * min(width, count))
        sent, taken = min(width, count), 0
        while taken < count * reply_size:
            taken += len(self._what_is_there(began))
            due = min(count, taken // reply_size + width)
            if due > sent:
                self.socket.sendall(request * (due - sent))
                sent = due
        self.socket.settimeout(PATIENCE_S)
        return time.perf_counter() - began

    def paced(self, request: bytes, reply_size: int, *, rate: float, count: int, seed: int) -> list[float]:
        """The latencies, in seconds and in order, of requests that come at random moments, `rate` a second.

        Each counts from the moment at which it was due, so a client that is late does not hide what it waits for.
        """
        dice = random.Random(seed)
        gaps = [dice.expovariate(rate) for _ in range(count)]
        found: list[float] = []
        due: list[float] = []
        self.socket.setblocking(False)
        taken, began = 0, time.perf_counter()
        moment = began
        while len(found) < count:
            now = time.perf_counter()
            while len(due) < count and moment + gaps[len(due)] <= now:
                moment += gaps[len(due)]
                due.append(moment)
                self.socket.sendall(request)
            if there := self._what_is_there(began):
                taken += len(there)
                now = time.perf_counter()
                found += [now - due[number] for number in range(len(found), taken // reply_size)]
        self.socket.settimeout(PATIENCE_S)
        return found

    def _what_is_there(self, began: float) -> bytes:
        try:
            return self.socket.recv(CHUNK)
        except BlockingIOError:
            assert time.perf_counter() - began < PATIENCE_S, "the machine is silent"
            return b""

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _exactly(self, found: bytes, size: int) -> bytes:
        while len(found) < size:
            more = self.socket.recv(size - len(found))
            assert more, "the machine hung up"
            found += more
        return found


def pumped(lines: Sequence[Line], request: bytes, reply_size: int, *, width: int, count: int) -> float:
    """Seconds for `count` requests on each of several connections, up to `width` under way on each.

    A connection is filled up when half of its requests are answered: few, large pieces, so that the client, which has
    no processor of its own here, takes little.
    """
    taken, sent = dict.fromkeys(lines, 0), dict.fromkeys(lines, min(width, count))
    running = len(lines)
    with selectors.DefaultSelector() as readable:
        for line in lines:
            readable.register(line.socket, selectors.EVENT_READ, line)
        began = time.perf_counter()
        for line in lines:
            line.socket.sendall(request * sent[line])
        while running:
            for key, _ in readable.select(PATIENCE_S):
                line = key.data
                taken[line] += len(line.socket.recv(CHUNK))
                answered = taken[line] // reply_size
                due = min(count, answered + width)
                if due > sent[line] and (sent[line] - answered <= width // 2 or due == count):
                    line.socket.sendall(request * (due - sent[line]))
                    sent[line] = due
                running -= answered == count
        return time.perf_counter() - began


class Plain:
    """A process that does nothing but the library's work, when told."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PLAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.wait()

    def begin(self, name: str, count: int) -> None:
        """Tell it to do it so many times."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name} {count}\n")
        self._process.stdin.flush()

    def wait(self) -> None:
        """Until it has done it."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "the plain process ended"

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=PATIENCE_S)


def plainly(processes: Sequence[Plain], name: str, count: int) -> float:
    """Seconds until each of these processes has done the work so many times."""
    began = time.perf_counter()
    for process in processes:
        process.begin(name, count)
    for process in processes:
        process.wait()
    return time.perf_counter() - began
