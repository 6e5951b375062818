"""How a request of the cashier ends: done, refused, or unknown."""

from dataclasses import dataclass
from typing import TypeVar

from simulators.his.journal import Amounts
from simulators.his.platform import Kind, Result
from simulators.his.texts import PLATFORM_REASONS, PLATFORM_WORDS, Reason

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Done:
    """A purchase or refund that was done; the amounts of a refund are negative."""

    order: str
    setl_id: str
    mdtrt_id: str
    psn_no: str
    msgid: str
    amounts: Amounts


class RefusedError(Exception):
    """It was certainly not done."""

    def __init__(self, reason: Reason, *, message: str = "", code: str = "", msgid: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.message = message
        self.code = code
        self.msgid = msgid


class OutcomeUnknownError(Exception):
    """Nobody at the counter knows whether it was done."""

    def __init__(self, msgid: str, prompt: str) -> None:
        super().__init__(msgid)
        self.msgid = msgid
        self.prompt = prompt


def accepted(result: Result[T]) -> T:
    """The value of an accepted transaction. Raises RefusedError, also for an unknown one: not for what books."""
    if result.value is not None:
        return result.value
    if result.kind is Kind.UNKNOWN:
        raise RefusedError(Reason.PLATFORM_UNAVAILABLE, msgid=result.msgid)
    words = [reason for word, reason in PLATFORM_WORDS if word in result.message]
    reason = PLATFORM_REASONS.get(result.code) or (words[0] if words else Reason.PLATFORM_REFUSED)
    raise RefusedError(reason, message=result.message, code=result.code, msgid=result.msgid)
