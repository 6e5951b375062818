"""The lean HTTP client against servers that do what servers do: split replies, hang up, say nothing, say too much."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from harness.errors import ConfigError
from harness.load.http import HttpPool, NoAnswerError, NotSentError

Handler = Callable[[bytes, asyncio.StreamWriter, int], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nX-Code: 7\r\ncontent-length: 2\r\n\r\nok"


async def served(handler: Handler, test: Callable[[str, list[int]], Awaitable[None]]) -> None:
    """Run a test against a server that hands whole requests to a handler; it counts connections."""
    connections: list[int] = []
    tasks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        tasks.append(asyncio.current_task())
        number = len(connections)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await handler(head + await reader.readexactly(length), writer, number)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        await test(f"http://127.0.0.1:{port}/base", connections)
    finally:
        server.close()
        await asyncio.gather(*(task for task in tasks if task is not None))


async def answer(_: bytes, writer: asyncio.StreamWriter, __: int) -> None:
    writer.write(OK)


def test_a_connection_is_used_again_and_the_request_is_as_it_should_be() -> None:
    seen = []

    async def note(request: bytes, writer: asyncio.StreamWriter, _: int) -> None:
        seen.append(request)
        writer.write(OK)

    async def test(origin: str, connections: list[int]) -> None:
        async with HttpPool(origin, connections=4, reply_s=60) as pool:
            for _ in range(3):
                found = await pool.ask("POST", "/x", b"{}")
            assert (found.status, found.body, found.headers["x-code"]) == (200, b"ok", "7")
        assert len(connections) == 1

    asyncio.run(served(note, test))
    assert seen[0].startswith(b"POST /base/x HTTP/1.1\r\nhost: 127.0.0.1:")
    assert seen[0].endswith(b"content-length: 2\r\n\r\n{}")


def test_a_reply_may_come_in_pieces_of_any_size_and_chunked() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    async def drip(_: bytes, writer: asyncio.StreamWriter, __: int) -> None:
        for at in range(len(chunked)):
            writer.write(chunked[at : at + 1])
            await writer.drain()

    async def test(origin: str, _: list[int]) -> None:
        async with HttpPool(origin, connections=1, reply_s=60) as pool:
            assert (await pool.ask("GET", "/")).body == b"abcde"

    asyncio.run(served(drip, test))


def test_no_more_connections_than_allowed_and_the_rest_wait_their_turn() -> None:
    async def test(origin: str, connections: list[int]) -> None:
        async with HttpPool(origin, connections=3, reply_s=60) as pool:
            found = await asyncio.gather(*(pool.ask("GET", f"/{k}") for k in range(50)))
        assert [one.body for one in found] == [b"ok"] * 50
        assert 1 <= len(connections) <= 3

    asyncio.run(served(answer, test))


def test_a_server_that_hangs_up_leaves_the_outcome_unknown_and_the_next_request_works() -> None:
    async def first_hangs_up(_: bytes, writer: asyncio.StreamWriter, number: int) -> None:
        if number == 1:
            writer.write(OK[:20])
            await writer.drain()
            writer.close()
        else:
            writer.write(OK)

    async def test(origin: str, connections: list[int]) -> None:
        async with HttpPool(origin, connections=1, reply_s=60) as pool:
            with pytest.raises(NoAnswerError, match=r"cut|closed"):
                await pool.ask("POST", "/", b"{}")
            assert (await pool.ask("POST", "/", b"{}")).status == 200
        assert len(connections) == 2, "a request is never sent twice, and a broken connection never used again"

    asyncio.run(served(first_hangs_up, test))


def test_a_late_answer_answers_nothing() -> None:
    release = asyncio.Event()

    async def first_is_late(_: bytes, writer: asyncio.StreamWriter, number: int) -> None:
        if number == 1:
            await release.wait()
            writer.write(OK.replace(b"ok", b"no"))
        else:
            writer.write(OK)

    async def test(origin: str, _: list[int]) -> None:
        async with HttpPool(origin, connections=1, reply_s=0.05) as pool:
            with pytest.raises(NoAnswerError, match="within"):
                await pool.ask("POST", "/", b"{}")
            pool._reply_s = 60
            release.set()
            assert (await pool.ask("POST", "/", b"{}")).body == b"ok"

    asyncio.run(served(first_is_late, test))


def test_what_is_no_http_is_no_answer() -> None:
    async def rubbish(_: bytes, writer: asyncio.StreamWriter, __: int) -> None:
        writer.write(b"hello\r\n\r\n")

    async def test(origin: str, _: list[int]) -> None:
        async with HttpPool(origin, connections=1, reply_s=60) as pool:
            with pytest.raises(NoAnswerError, match="no HTTP"):
                await pool.ask("GET", "/")

    asyncio.run(served(rubbish, test))


def test_a_connection_that_the_server_closes_after_its_answer_is_not_used_again() -> None:
    async def close_after(_: bytes, writer: asyncio.StreamWriter, __: int) -> None:
        writer.write(OK.replace(b"X-Code: 7", b"connection: close"))
        await writer.drain()
        writer.close()

    async def test(origin: str, connections: list[int]) -> None:
        async with HttpPool(origin, connections=2, reply_s=60) as pool:
            for _ in range(3):
                assert (await pool.ask("GET", "/")).body == b"ok"
        assert len(connections) == 3

    asyncio.run(served(close_after, test))


def test_nobody_there_means_that_nothing_was_sent() -> None:
    async def test(origin: str, _: list[int]) -> None:
        del origin
        async with HttpPool("http://127.0.0.1:1", connections=1, reply_s=60) as pool:
            for _again in range(2):
                with pytest.raises(NotSentError):
                    await pool.ask("GET", "/")

    asyncio.run(served(answer, test))


@pytest.mark.parametrize("origin", ["tcp:10.0.0.7:5000", "http://", "https://"])
def test_what_is_no_http_is_refused(origin: str) -> None:
    with pytest.raises(ConfigError, match="not HTTP"):
        HttpPool(origin, connections=1, reply_s=1)
