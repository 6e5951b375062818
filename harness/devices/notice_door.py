"""The hospital's door for notices (6302): takes what a mobile-payment centre posts, and answers as it is told.

    door = NoticeDoor(tape=tape)
    await door.start()                       # in the bench's loop
    door.answer_next(SILENT, ERROR)          # the next two notices; all others are taken

What came and what was answered is on the tape, channels `hospital.http#1` and on.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.line.http import LOOPBACK, TapedServer
from harness.line.http_connection import connection_of
from harness.line.tape import Tape

NAME = "hospital"
"""How its channels begin."""
PATH = "/notice"


@dataclass(frozen=True, kw_only=True)
class NoticeAnswer:
    """How a notice is answered; `silent`: not at all, until the centre hangs up."""

    status: int = 200
    body: bytes = b'{"code":0,"message":"ok"}'
    silent: bool = False


TAKEN = NoticeAnswer()
ERROR = NoticeAnswer(status=500, body=b"Internal Server Error")
GARBLED = NoticeAnswer(body=b"<html>welcome</html>")
REFUSED = NoticeAnswer(body=b'{"code":-1,"message":"busy"}')
SILENT = NoticeAnswer(silent=True)
_JSON = "application/json;charset=UTF-8"


class NoticeDoor:
    """Serves in the loop that starts it; `seen` is told of each notice's channel and body, in that loop."""

    def __init__(
        self,
        *,
        tape: Tape,
        host: str = LOOPBACK,
        port: int = 0,
        seen: Callable[[str, bytes], None] = lambda _channel, _body: None,
    ) -> None:
        routes = [Route("/{rest:path}", self._take, methods=["POST"])]
        self._server = TapedServer(Starlette(routes=routes), name=NAME, tape=tape, host=host, port=port)
        self._seen = seen
        self._lock = threading.Lock()
        self._next: deque[NoticeAnswer] = deque()

    @property
    def url(self) -> str:
        """Where notices are to be sent, once it is started."""
        return self._server.address + PATH

    def answer_next(self, *answers: NoticeAnswer) -> None:
        """How the next notices are answered, one after the other; from any thread."""
        with self._lock:
            self._next.extend(answers)

    async def start(self) -> None:
        """Listen. Raises BenchError when the port cannot be had."""
        await self._server.start()

    async def as_new(self) -> None:
        """For the next case: all notices are taken, connections are counted anew."""
        with self._lock:
            self._next.clear()
        self._server.renumber()

    async def stop(self) -> None:
        """Listen no longer; may be called twice."""
        await self._server.stop()

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        connection = connection_of(request.scope)
        self._seen(connection.channel, body)
        with self._lock:
            answer = self._next.popleft() if self._next else TAKEN
        if answer.silent:
            await connection.gone.wait()
        return Response(answer.body, status_code=answer.status, media_type=_JSON)
