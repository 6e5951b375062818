"""The way past the routing framework: who serves what, bodies in pieces, and clients that hang up."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from simulators.kit.quick_paths import QuickPaths, answer, whole_body


def receiving(*messages: Message) -> Receive:
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return receive


def piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def quick(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, b"quick " + await whole_body(receive), content_type=b"text/plain")


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, b"behind", content_type=b"text/plain", status=404)


def served(method: str, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(QuickPaths(behind, {"/asked-most": quick})(scope, receiving(piece(b"!", more=False)), send))
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


def test_a_post_to_such_a_path_is_served_at_once_and_everything_else_behind() -> None:
    assert served("POST", "/asked-most") == (200, {b"content-length": b"7", b"content-type": b"text/plain"}, b"quick !")
    assert served("POST", "/asked-most/")[::2] == (404, b"behind")
    assert served("GET", "/other")[::2] == (404, b"behind")


def test_another_method_is_not_allowed_there() -> None:
    status, headers, _ = served("GET", "/asked-most")
    assert (status, headers[b"allow"]) == (405, b"POST")


@pytest.mark.parametrize("pieces", [[b"whole"], [b"who", b"le"], [b"", b"whole", b""]])
def test_a_body_in_pieces_is_one_body(pieces: list[bytes]) -> None:
    messages = [piece(part, more=n < len(pieces) - 1) for n, part in enumerate(pieces)]
    assert asyncio.run(whole_body(receiving(*messages))) == b"whole"


@pytest.mark.parametrize("before", [[], [piece(b"who")]])
def test_who_hangs_up_in_the_middle_has_asked_nothing(before: list[Message]) -> None:
    with pytest.raises(ClientDisconnect):
        asyncio.run(whole_body(receiving(*before, {"type": "http.disconnect"})))
