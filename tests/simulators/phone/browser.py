"""A Chromium without a window, driven over its debugging port: what somebody does by keyboard, and what they see."""

import base64
import json
import os
import socket
import struct
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 60
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
)
KEYS = {"Tab": 9, "Enter": 13}
UNTIL = """new Promise(done => {
  const see = () => { const seen = %s; if (seen) done(seen); return seen; };
  if (!see()) new MutationObserver(see).observe(document,
    {subtree: true, childList: true, attributes: true, characterData: true});
})"""


class Browser:
    """One page."""

    def __init__(self, port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as found:
            (page,) = [tab for tab in json.load(found) if tab["type"] == "page"]
        self._line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._read = self._line.makefile("rb")
        self._asked = self._loads = 0
        key = base64.b64encode(os.urandom(16)).decode()
        head = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13")
        path = urlsplit(page["webSocketDebuggerUrl"]).path
        self._line.sendall("\r\n".join((f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *head, "", "")).encode())
        while self._read.readline().strip():
            pass
        self.call("Page.enable")

    def close(self) -> None:
        """Hang up."""
        self._read.close()
        self._line.close()

    def open(self, address: str) -> None:
        """Load a page."""
        before = self._loads
        self.call("Page.navigate", url=address)
        self._until_loaded(before)

    def follow(self) -> None:
        """Press Enter on a link, and wait for where it leads."""
        before = self._loads
        self.press("Enter")
        self._until_loaded(before)

    def press(self, key: str) -> None:
        """Press a key."""
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key], **more)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def tab_to(self, condition: str) -> None:
        """Press Tab until a condition on the focused `it` holds."""
        for _ in range(40):
            if self.see(f"(it => {condition})(document.activeElement)"):
                return
            self.press("Tab")
        raise AssertionError(f"no Tab leads to {condition}")

    def see(self, expression: str) -> Any:
        """The value of an expression."""
        said = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def until(self, expression: str) -> Any:
        """The value of an expression, once there is one, as the page changes."""
        return self.see(UNTIL % expression)

    def spoken(self) -> set[tuple[str, str]]:
        """What a screen reader is told: role and name."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return {(str(n.get("role", {}).get("value")), str(n.get("name", {}).get("value", ""))) for n in nodes}

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command of the debugging protocol, and its result."""
        self._asked += 1
        said = json.dumps({"id": self._asked, "method": method, "params": parameters}).encode()
        assert len(said) < 1 << 16
        size = bytes([0x80 | len(said)]) if len(said) < 126 else bytes([0xFE]) + struct.pack(">H", len(said))
        mask = os.urandom(4)
        self._line.sendall(b"\x81" + size + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(said)))
        while (heard := self._heard()).get("id") != self._asked:
            pass
        assert "error" not in heard, heard
        found: dict[str, Any] = heard["result"]
        return found

    def _until_loaded(self, before: int) -> None:
        while self._loads == before:
            self._heard()

    def _heard(self) -> dict[str, Any]:
        said, last = b"", False
        while not last:
            first, size = self._read.read(2)
            length = size & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self._read.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._read.read(8))
            said, last = said + self._read.read(length), bool(first & 0x80)
        found: dict[str, Any] = json.loads(said)
        self._loads += found.get("method") == "Page.loadEventFired"
        return found


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in a folder."""
    words = ["chromium", *QUIET, f"--user-data-dir={folder}", "--window-size=430,1100", "about:blank"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            said = next(line for line in process.stderr if "DevTools listening on" in line)
            page = Browser(int(str(urlsplit(said.split()[-1]).port)))
            try:
                yield page
            finally:
                page.close()
        finally:
            process.kill()
            process.communicate()
