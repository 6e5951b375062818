"""A screen for a real box to read: a page in a browser that shows one picture at a time, as a case says.

    with CodeScreen("127.0.0.1:8077") as screen:
        screen.show(picture)          # returns when the browser has painted it

The page asks for the next picture, shows it and says that it has painted it. It is served on loopback unless told
otherwise, takes nothing but that, and loads nothing from elsewhere.
"""

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from harness.errors import BenchError, ConfigError
from harness.line.address import MAX_PORT
from harness.line.http import LOOPBACK

PAINTED_S = 10.0
"""How long a browser may take to show a picture."""
ASKED_S = 20.0
"""After how long a page that waits is told that there is nothing new."""
MOST_BODY = 1024
PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>Liantiao 联调</title>
<style>html,body{margin:0;height:100%;background:#fff}body{display:flex;align-items:center;justify-content:center}
img{image-rendering:pixelated;max-width:90vw;max-height:90vh;min-height:50vh}p{font:16px sans-serif;color:#555}</style>
<body><img id="code" hidden alt=""><p id="note">等待扫码测试… Waiting for codes…</p><script>
const code=document.getElementById('code'),note=document.getElementById('note');
const frame=()=>new Promise(done=>requestAnimationFrame(()=>requestAnimationFrame(done)));
(async()=>{let seen=-1;for(;;){try{
const next=await(await fetch('/next?after='+seen)).json();if(next.number===seen)continue;
if(next.blank){code.hidden=true}else{await new Promise((done,failed)=>{code.onload=done;code.onerror=failed;
code.src='/picture?number='+next.number});code.hidden=false}
note.hidden=true;await frame();seen=next.number;
await fetch('/painted?number='+seen,{method:'POST'});
}catch(error){note.hidden=false;note.textContent=String(error);await new Promise(done=>setTimeout(done,500))}}})();
</script></body></html>"""


class CodeScreen:
    """The page's server; `at` is `HOST:PORT`, port 0 for any free one. Raises ConfigError, BenchError."""

    def __init__(self, at: str = f"{LOOPBACK}:0") -> None:
        host, port = _host_port(at)
        self._changed = threading.Condition()
        self._number = 0
        self._picture: bytes | None = None
        self._painted = -1
        screen = self

        class Handler(_Handler):
            pass

        Handler.screen = screen
        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise BenchError(
                f"The screen's page cannot be served at {at}: {error.strerror}.",
                cause="another program has the port, or the address is not this machine's",
                remedy="choose another one in [scanner] screen",
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="code screen", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{self._server.server_address[0]!s}:{self._server.server_address[1]}/"

    def show(self, picture: bytes) -> None:
        """Show a PNG; returns once a browser has painted it. Raises BenchError when none does."""
        self._change(picture)

    def blank(self) -> None:
        """Show nothing."""
        self._change(None)

    def close(self) -> None:
        """End the server; may be called twice."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _change(self, picture: bytes | None) -> None:
        with self._changed:
            self._number += 1
            self._picture = picture
            wanted = self._number
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._painted >= wanted, PAINTED_S):
                raise BenchError(
                    f"No browser has shown the code within {PAINTED_S:g} s.",
                    cause="the page is not open, or its window is hidden",
                    remedy=f"open {self.url} full-screen before the box, and keep it in front",
                )

    def next_after(self, seen: int) -> dict[str, object]:
        """What a page that has shown number `seen` has to show; waits for something new."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != seen, ASKED_S)
            return {"number": self._number, "blank": self._picture is None}

    def picture(self, number: int) -> bytes | None:
        """The picture of a number, if it is the one to be shown."""
        with self._changed:
            return self._picture if number == self._number else None

    def painted(self, number: int) -> None:
        """A page has shown this."""
        with self._changed:
            self._painted = max(self._painted, min(number, self._number))
            self._changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    screen: CodeScreen

    def do_GET(self) -> None:
        """The page, what is next, and the picture."""
        url = urlsplit(self.path)
        match url.path:
            case "/":
                self._send(HTTPStatus.OK, "text/html; charset=utf-8", PAGE.encode())
            case "/next":
                told = self.screen.next_after(_number(url.query, "after"))
                self._send(HTTPStatus.OK, "application/json", json.dumps(told).encode())
            case "/picture":
                found = self.screen.picture(_number(url.query, "number"))
                status = HTTPStatus.OK if found is not None else HTTPStatus.NOT_FOUND
                self._send(status, "image/png", found or b"")
            case _:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")

    def do_POST(self) -> None:
        """A picture has been painted."""
        url = urlsplit(self.path)
        self.rfile.read(min(MOST_BODY, int(self.headers.get("content-length") or 0)))
        if url.path == "/painted":
            self.screen.painted(_number(url.query, "number"))
            self._send(HTTPStatus.NO_CONTENT, "text/plain", b"")
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


def _number(query: str, name: str) -> int:
    told = parse_qs(query).get(name, ["-1"])[0]
    return int(told) if told.lstrip("-").isdigit() and len(told) < 12 else -1


def _host_port(at: str) -> tuple[str, int]:
    host, colon, port = at.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > MAX_PORT:
        raise ConfigError(
            f"{at!r} is no place for a page.",
            cause="a slip in [scanner] screen",
            remedy="write e.g. 127.0.0.1:8077; port 0 takes any free one",
        )
    return host.strip("[]"), int(port)
