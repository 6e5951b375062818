"""The page for a real box: pictures come in turn, and `show` returns once one was painted."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from harness.devices import code_screen
from harness.devices.code_screen import CodeScreen
from harness.errors import BenchError, ConfigError


@pytest.fixture
def screen() -> Iterator[CodeScreen]:
    with CodeScreen() as opened:
        yield opened


class Browser(threading.Thread):
    """What the page does, without one."""

    def __init__(self, url: str, *, pictures: int) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.left = pictures
        self.seen: list[bytes | None] = []

    def run(self) -> None:
        number = 0
        while self.left:
            with urllib.request.urlopen(f"{self.url}next?after={number}") as reply:
                told = json.loads(reply.read())
            number = told["number"]
            if told["blank"]:
                self.seen.append(None)
            else:
                with urllib.request.urlopen(f"{self.url}picture?number={number}") as reply:
                    self.seen.append(reply.read())
            self.left -= 1
            urllib.request.urlopen(f"{self.url}painted?number={number}", data=b"").close()


def test_pictures_are_painted_in_turn(screen: CodeScreen) -> None:
    browser = Browser(screen.url, pictures=3)
    browser.start()
    screen.show(b"one")
    screen.blank()
    screen.show(b"two")
    browser.join(60)
    assert browser.seen == [b"one", None, b"two"]


def test_without_a_browser_somebody_is_told_to_open_one(screen: CodeScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_screen, "PAINTED_S", 0.05)
    with pytest.raises(BenchError, match="No browser") as raised:
        screen.show(b"one")
    assert screen.url in raised.value.remedy


def test_the_page_loads_nothing_from_elsewhere(screen: CodeScreen) -> None:
    with urllib.request.urlopen(screen.url) as reply:
        page = reply.read().decode()
    assert "<img" in page
    assert "://" not in page


@pytest.mark.parametrize("path", ["picture?number=7", "picture?number=x", "nothing", "next/../x"])
def test_what_is_not_there_is_not_found(screen: CodeScreen, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{screen.url}{path}")


def test_a_page_cannot_have_painted_what_was_not_shown_yet(screen: CodeScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_screen, "PAINTED_S", 0.05)
    urllib.request.urlopen(f"{screen.url}painted?number=99", data=b"").close()
    with pytest.raises(BenchError):
        screen.show(b"one")


@pytest.mark.parametrize("at", ["8077", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x"])
def test_a_place_that_is_none_is_refused(at: str) -> None:
    with pytest.raises(ConfigError, match="no place"):
        CodeScreen(at)


def test_a_port_that_is_taken_is_told(screen: CodeScreen) -> None:
    with pytest.raises(BenchError, match="cannot be served"):
        CodeScreen(screen.url.removeprefix("http://").rstrip("/"))
