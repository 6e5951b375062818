"""What the systems push to a person's phone: payment prompts that wait for an answer, and notices of the account.

Prompts queue: the oldest one that is neither answered nor expired is on the screen, and the next moves up when it goes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.clock import BEIJING, NS, Clock
from harness.money import Fen, parse_yuan

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(\+08:00)?\Z")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A request to confirm a payment with the payment password."""

    id: str
    id_no: str
    amount: Fen
    account: Fen
    """What of the amount comes from the personal account."""
    institution: str
    expires_ns: int


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One movement of the personal account (动账通知): `amount` left the account, or came back to it when negative."""

    id_no: str
    amount: Fen
    balance: Fen
    setl_id: str
    kind: str
    at: str


class Inbox:
    """Prompts and notices of everybody, by ID number. A prompt stays as long as it says, by the phone's own timer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._prompts: dict[str, Prompt] = {}
        self._deadlines: dict[str, int] = {}
        self._notices: dict[str, list[Notice]] = {}

    def put_prompt(self, prompt: Prompt) -> bool:
        """Queue a prompt; False when one with this id has come before, which changes nothing."""
        if prompt.id in self._deadlines:
            return False
        self._deadlines[prompt.id] = self._clock.elapsed_ns() + prompt.expires_ns - self._clock.now_ns()
        self._prompts[prompt.id] = prompt
        return True

    def waiting(self, id_no: str) -> list[Prompt]:
        """A person's prompts that can still be answered, oldest first."""
        return [p for p in self._prompts.values() if p.id_no == id_no and self.left_ns(p) > 0]

    def left_ns(self, prompt: Prompt) -> int:
        """What is left of a prompt's time."""
        return self._deadlines[prompt.id] - self._clock.elapsed_ns()

    def take_prompt(self, prompt: Prompt) -> None:
        """The prompt leaves the screen: it is being answered."""
        self._prompts.pop(prompt.id, None)

    def give_back(self, prompt: Prompt) -> None:
        """The answer could not be delivered: the prompt is on the screen again, first."""
        self._prompts = {prompt.id: prompt, **self._prompts}

    def put_notice(self, notice: Notice) -> None:
        """Keep a notice; one that comes twice is there twice, as on a real phone."""
        self._notices.setdefault(notice.id_no, []).insert(0, notice)

    def notices(self, id_no: str) -> list[Notice]:
        """A person's notices, newest first."""
        return list(self._notices.get(id_no, ()))


def read_prompt(body: Mapping[str, object]) -> Prompt:
    """The prompt of a push. Raises ValueError that names the field."""
    return Prompt(
        id=pushed_text(body, "promptId"),
        id_no=pushed_text(body, "idNo"),
        amount=pushed_amount(body, "amount"),
        account=pushed_amount(body, "accountAmount"),
        institution=pushed_text(body, "institutionName"),
        expires_ns=read_moment(body.get("expiresAt"), "expiresAt"),
    )


def read_notice(body: Mapping[str, object]) -> Notice:
    """The notice of a push. Raises ValueError that names the field."""
    return Notice(
        id_no=pushed_text(body, "idNo"),
        amount=pushed_amount(body, "amount"),
        balance=pushed_amount(body, "balance"),
        setl_id=pushed_text(body, "setlId"),
        kind=pushed_text(body, "kind"),
        at=pushed_text(body, "at"),
    )


def read_moment(value: object, field: str) -> int:
    """Nanoseconds since 1970 of a moment as the systems write it: Beijing time `2020-10-14 08:30:00`, with or without a
    fraction, or a whole number of nanoseconds. Raises ValueError for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _MOMENT.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{field} must be a time such as 2020-10-14 08:30:00, not {value!r}")
    try:
        whole = datetime.fromisoformat(match[1]).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise ValueError(f"{field}: {value!r} is no date or time of day: {error}") from error
    return round(whole.timestamp()) * NS + int((match[2] or "").ljust(9, "0"))


def pushed_text(body: Mapping[str, object], field: str) -> str:
    """A member of a push that must be a text. Raises ValueError that names it."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field} must be a text that is not empty, not {value!r}")
    return value


def pushed_amount(body: Mapping[str, object], field: str) -> Fen:
    """A member of a push that must be an amount of yuan. Raises ValueError that names it."""
    value = body.get(field)
    if not isinstance(value, str):
        raise ValueError(f"{field} must be a decimal string of yuan, not {value!r}")
    try:
        return parse_yuan(value)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from error
