"""Payment prompts: a question to the person whether to pay, open until it is answered or its time is over.

Own design (the real mechanism is not public). A prompt ends in exactly one result; its time, which no clock that is set
back prolongs, ends it when nobody answers. Whoever asked waits in `Prompt.ended`.
"""

import asyncio
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from fixtures.population import Person
from harness.clock import NS, Clock
from harness.wire.voucher import password_proof
from simulators.voucher_centre.vouchers import Verdict


class Result(StrEnum):
    """How a prompt ended."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a result
    NOT_ANSWERED = "not-answered"


@dataclass(kw_only=True, eq=False)
class Prompt:
    """One prompt; `ended` gives its result, or is cancelled when the case is over."""

    id: str
    person: Person
    institution: str
    institution_name: str
    amount: str
    account_amount: str
    msgid: str
    expires_ns: int
    ended: "asyncio.Future[Result]"
    attempts_left: int
    confirm_no: str = ""
    expiry: "asyncio.Task[None] | None" = field(default=None, repr=False)


CheckPassword = Callable[[Person, Callable[[str], bool]], Verdict]
"""Whether a person's password is right, by a comparison with the true one."""


class Prompts:
    """The prompts of one case, on one clock; `check` knows the passwords."""

    def __init__(self, clock: Clock, check: CheckPassword, *, life_s: int, attempts: int, seed: int, name: str) -> None:
        self._clock = clock
        self._check = check
        self._life_s = life_s
        self._attempts = attempts
        self._random = random.Random(f"{seed}/{name}/prompts")  # noqa: S311 - reproducible on purpose
        self._open: dict[str, Prompt] = {}
        self._opened = 0

    def open(
        self, person: Person, *, institution: str, institution_name: str, amount: str, account_amount: str, msgid: str
    ) -> Prompt:
        """Ask a person; the prompt's life begins now."""
        self._opened += 1
        prompt = Prompt(
            id=f"PP{self._opened:04d}{self._random.getrandbits(64):016x}",
            person=person,
            institution=institution,
            institution_name=institution_name,
            amount=amount,
            account_amount=account_amount,
            msgid=msgid,
            expires_ns=self._clock.now_ns() + self._life_s * NS,
            ended=asyncio.get_running_loop().create_future(),
            attempts_left=self._attempts,
            confirm_no=f"CF{self._opened:010d}",
        )
        self._open[prompt.id] = prompt
        deadline_ns = self._clock.elapsed_ns() + self._life_s * NS
        prompt.expiry = asyncio.create_task(self._expire(prompt, deadline_ns), name=f"prompt {prompt.id}")
        return prompt

    def listed(self) -> list[Prompt]:
        """The open prompts, oldest first."""
        return list(self._open.values())

    def answer(self, prompt_id: object, *, proof: object, declined: bool) -> tuple[Result, int] | None:
        """Answer a prompt: its result so far and how many attempts are left; None when it is not open."""
        prompt = self._open.get(prompt_id) if isinstance(prompt_id, str) else None
        if prompt is None or self._clock.now_ns() >= prompt.expires_ns:
            return None
        if declined:
            self._end(prompt, Result.DECLINED)
            return Result.DECLINED, 0

        def matches(password: str) -> bool:
            wanted = password_proof(prompt.id, password)
            return isinstance(proof, str) and hmac.compare_digest(proof.lower().encode(), wanted.encode())

        verdict = self._check(prompt.person, matches)
        if verdict is Verdict.RIGHT:
            self._end(prompt, Result.CONFIRMED)
            return Result.CONFIRMED, 0
        prompt.attempts_left = prompt.attempts_left - 1 if verdict is Verdict.WRONG else 0
        if prompt.attempts_left == 0:
            self._end(prompt, Result.WRONG_PASSWORD)
        return Result.WRONG_PASSWORD, prompt.attempts_left

    def abandon(self) -> None:
        """The case is over: nobody gets a result any more, and no task stays behind."""
        for prompt in self.listed():
            self._close(prompt)
            prompt.ended.cancel()

    async def _expire(self, prompt: Prompt, deadline_ns: int) -> None:
        while (left_ns := deadline_ns - self._clock.elapsed_ns()) > 0:
            await self._clock.elapse(left_ns / NS)
        prompt.expiry = None
        self._end(prompt, Result.NOT_ANSWERED)

    def _end(self, prompt: Prompt, result: Result) -> None:
        self._close(prompt)
        if not prompt.ended.done():
            prompt.ended.set_result(result)

    def _close(self, prompt: Prompt) -> None:
        self._open.pop(prompt.id, None)
        if prompt.expiry is not None:
            prompt.expiry.cancel()
            prompt.expiry = None
