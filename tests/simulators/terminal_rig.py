"""A terminal in a process of its own, to be killed: what `liantiao simulate terminal` starts."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from fixtures.population import people

HOSPITAL = "H63999900001"
CARD_NO = next(person.card_no for person in people() if person.id == "P001")


class Lonely:
    """A terminal in a process of its own, without a centre, on the machine's clock."""

    def __init__(self, *options: str) -> None:
        words = [sys.executable, "-m", "harness", "simulate", "terminal", "--institution", HOSPITAL, *options]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        self.at: str = json.loads(self.process.stdout.readline())["at"]
        self._http = httpx.Client(trust_env=False, timeout=60)
        self._pool = ThreadPoolExecutor()

    def post(self, path: str, body: object) -> httpx.Response:
        """Do something at it."""
        return self._http.post(self.at + path, json=body)

    def read_card(self) -> None:
        """The card of P001, put in and read."""
        self.post("/present", {"what": "card", "person": "P001"})
        assert self.post("/HeaSecReadInfo/ReadCardBas", {"orgId": HOSPITAL}).json()["code"] == 0

    def verify_pin(self) -> "Future[httpx.Response]":
        """The call that waits for its password."""
        body = {"orgId": HOSPITAL, "cardNo": CARD_NO}
        return self._pool.submit(self.post, "/HeaSecReadInfo/VerifyPIN", body)

    def until_asked(self) -> None:
        """Return once its keypad asks for a password."""
        with self._http.stream("GET", self.at + "/live") as told:
            next(line for line in told.iter_lines() if line and json.loads(line.removeprefix("data: "))["keypad"])

    def kill(self) -> None:
        """kill -9; may be called twice."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()

    def close(self) -> None:
        """End everything."""
        self.kill()
        self._pool.shutdown()
        self._http.close()


Alone = Callable[..., Lonely]


@contextmanager
def terminals_alone(cards: Path) -> Iterator[Alone]:
    """Start terminals, one after the other, that share a file of cards."""
    started: list[Lonely] = []

    def start(*options: str) -> Lonely:
        started.append(Lonely("--cards", str(cards), *options))
        return started[-1]

    yield start
    for terminal in started:
        terminal.close()
