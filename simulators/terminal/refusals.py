"""Why the social-card library gives no data, and why the terminal does not take what somebody does before it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Self

from fixtures import fixture
from harness.line.record import JsonValue


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer of the library without data; `reason` is our own word."""

    reason: str
    code: int
    chinese: str
    english: str

    def as_json(self) -> dict[str, JsonValue]:
        """The answer."""
        return {"code": self.code, "reason": self.reason, "message": f"{self.chinese} / {self.english}"}

    def with_left(self, left: int) -> Self:
        """The same, saying how often a password may still be tried."""
        tries = "1 attempt" if left == 1 else f"{left} attempts"
        return replace(self, chinese=f"{self.chinese}，还可输入{left}次", english=f"{self.english}; {tries} left")

    def because(self, chinese: str, english: str) -> Self:
        """The same, saying more."""
        return replace(self, chinese=f"{self.chinese}：{chinese}", english=f"{self.english}: {english}")


@cache
def refusals() -> Mapping[str, Refusal]:
    """All of them, by reason."""
    with fixture("terminal_refusals.toml").open("rb") as file:
        return {row["reason"]: Refusal(**row) for row in tomllib.load(file)["refusal"]}


class NotTakenError(Exception):
    """What somebody does before the terminal leads nowhere; `status` is HTTP's."""

    def __init__(self, status: int, name: str, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.status = status
        self.name = name
        self.zh = zh
        self.en = en

    def as_json(self) -> dict[str, JsonValue]:
        """For tools `error`, and what the person reads."""
        return {"error": self.en, "prompt": {"id": self.name, "zh": self.zh, "en": self.en}}


def bad_request(en: str) -> NotTakenError:
    """The request itself is wrong."""
    return NotTakenError(400, "bad-request", zh="请求参数有误", en=en)
