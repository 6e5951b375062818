"""Tokens (ecToken): what an institution gets for a decoded code, and shows in every later transaction.

A token belongs to one person and one institution and lives for a set time, which no clock that is set back prolongs.
Shape as in samples: insured place (6) + `ec` + 30 lower-case letters and digits.
"""

import random
import string
from dataclasses import dataclass

from fixtures.population import Person
from harness.clock import NS, Clock

_ALPHABET = string.ascii_lowercase + string.digits
RANDOM_PART = 30


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token, whose it is, and when it dies (nanoseconds since 1970); `by_face`: it came from a face check.

    `channel` is that of the code it came from, and empty after a face check.
    """

    text: str
    person: Person
    institution: str
    digits: str
    expires_ns: int
    by_face: bool = False
    channel: str = ""


class TokenBook:
    """All tokens of one case; `life_s` is how many seconds one lives."""

    def __init__(self, *, life_s: int, clock: Clock, seed: int, name: str) -> None:
        self._life_s = life_s
        self._clock = clock
        self._random = random.Random(f"{seed}/{name}/tokens")  # noqa: S311 - reproducible on purpose
        self._tokens: dict[str, Token] = {}
        self._deadlines: dict[str, int] = {}
        """When each dies by the time that has gone by, wherever the clock is set meanwhile."""

    def issue(
        self,
        person: Person,
        institution: str,
        digits: str,
        *,
        now_ns: int,
        place: str = "",
        by_face: bool = False,
        channel: str = "",
    ) -> Token:
        """A new token for the person of a decoded code (or a face) at the institution that asked.

        It begins with the insured place that the person chose.
        """
        draw, count = self._random.random, len(_ALPHABET)  # as `choices` draws them, in half of its time
        tail = "".join([_ALPHABET[int(draw() * count)] for _ in range(RANDOM_PART)])
        token = Token(
            text=f"{place or person.insured_place}ec{tail}",
            person=person,
            institution=institution,
            digits=digits,
            expires_ns=now_ns + self._life_s * NS,
            by_face=by_face,
            channel=channel,
        )
        self._tokens[token.text] = token
        self._deadlines[token.text] = self._clock.elapsed_ns() + self._life_s * NS
        return token

    def valid(self, text: object, *, now_ns: int, institution: object = None) -> Token | None:
        """The token of that text while it lives; None also when another institution shows it.

        Without `institution` (the national token check does not carry it) any may ask.
        """
        token = self._tokens.get(text) if isinstance(text, str) else None
        if token is None or now_ns >= token.expires_ns or institution not in {None, "", token.institution}:
            return None
        deadline_ns = self._deadlines.get(token.text)
        return None if deadline_ns is not None and self._clock.elapsed_ns() >= deadline_ns else token

    def has(self, token: Token) -> bool:
        """Whether a token has not been ended."""
        return token.text in self._tokens

    def end(self, token: Token) -> None:
        """Let a token identify nobody any more."""
        self._tokens.pop(token.text, None)

    def state(self) -> list[dict[str, str | int]]:
        """Every token, for the back door."""
        return [
            {
                "token": token.text,
                "id_no": token.person.id_no,
                "institution": token.institution,
                "expires_ns": token.expires_ns,
            }
            for token in self._tokens.values()
        ]
