"""A server that serves connections which somebody else has accepted."""

import asyncio
import socket

from starlette.responses import PlainTextResponse

from harness.clock import BenchClock
from harness.line.record import Direction
from harness.line.tape import Tape
from simulators.kit.handed_server import HandedServer

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


async def _asked(server: HandedServer) -> bytes:
    await server.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            theirs, _ = listening.accept()
        theirs.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(server.protocol, theirs)
        writer.write(REQUEST)
        reply = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        await writer.wait_closed()
        return reply
    finally:
        await server.stop()


def test_a_handed_connection_is_served_and_recorded() -> None:
    tape = Tape(BenchClock())
    reply = asyncio.run(_asked(HandedServer(PlainTextResponse("here"), name="x", tape=tape)))
    assert reply.endswith(b"here")
    asked, answered = [record for record in tape.recent() if record.data]
    assert (asked.direction, asked.data) == (Direction.RECEIVED, REQUEST)
    assert (answered.direction, answered.data) == (Direction.SENT, reply)
