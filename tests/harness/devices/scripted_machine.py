"""A machine that does what each test says, on a plain TCP port; for tests of drivers and their pool."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.signature_server import SignatureServer

PATIENCE_S = 60.0


@contextlib.contextmanager
def impatient(driver: EncryptionMachine | SignatureServer, timeout_s: float = 0.2) -> Iterator[None]:
    """While inside, a request waits no longer than this; what must be answered is asked outside."""
    pool = driver._pool
    kept, pool.timeout_s = pool.timeout_s, timeout_s
    try:
        yield
    finally:
        pool.timeout_s = kept


class Script:
    """A machine that does what each test says: `serve` gets each connection, numbered from 0."""

    def __init__(self, serve: "Callable[[Script, int, socket.socket], None]") -> None:
        self._serve = serve
        self._server = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self.let_go = threading.Event()
        self.at = f"tcp:127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def visa(self) -> str:
        return f"visa:TCPIP::127.0.0.1::{self.at.rpartition(':')[2]}::SOCKET"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._open.append(connection)
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self._guarded, args=(number, connection), daemon=True).start()

    def _guarded(self, number: int, connection: socket.socket) -> None:
        try:
            self._serve(self, number, connection)
        except OSError:
            return

    def stop(self) -> None:
        self.let_go.set()
        for connection in self._open:
            connection.close()
        self._server.close()


Serve = Callable[[Script, int, socket.socket], None]
MakeScript = Callable[[Serve], Script]


@contextlib.contextmanager
def scripts() -> Iterator[MakeScript]:
    """Makes scripted machines, and stops them at the end."""
    made: list[Script] = []

    def make(serve: Serve) -> Script:
        made.append(Script(serve))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.stop()


def ask(connection: socket.socket, header: int = 0) -> tuple[bytes, bytes]:
    """One request's header and the rest; raises OSError at the end."""
    size = exactly(connection, 2)
    body = exactly(connection, int.from_bytes(size))
    return body[:header], body[header:]


def exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise OSError
        found += more
    return found


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(2) + body


def echo_of(body: bytes) -> bytes:
    return framed(b"B300" + body[6:])


def echoing(script: Script, number: int, connection: socket.socket) -> None:
    while True:
        connection.sendall(echo_of(ask(connection)[1]))
