"""A way past the routing framework for the paths that are asked most: it would cost more than what they do."""

from collections.abc import Mapping

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class QuickPaths:
    """Each of these very paths is served by its own application, which takes POST alone; the rest by the one behind."""

    def __init__(self, app: ASGIApp, posts: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._posts = posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what an application raises is the server's to handle."""
        app = self._posts.get(scope["path"], self._app)
        if scope["method"] != "POST" and app is not self._app:
            app = PlainTextResponse("Method Not Allowed", 405, {"allow": "POST"})
        await app(scope, receive, send)


async def whole_body(receive: Receive) -> bytes:
    """A request's body. Raises ClientDisconnect when the client hung up before its end."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        return body
    parts = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    raise ClientDisconnect


async def answer(send: Send, body: bytes, *, content_type: bytes, status: int = 200) -> None:
    """Send a whole answer."""
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", content_type)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
