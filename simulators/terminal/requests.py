"""What people do before the terminal, as requests; checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fixtures.population import Person, people
from simulators.terminal.cards import How
from simulators.terminal.refusals import NotTakenError, bad_request

THINGS = ("id-card", "face", "card", "code")
MEMBERS = {"what", "person", "as", "how", "text"}
_KEYS = re.compile(r"[0-9]{6}\Z")


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """What is held before the terminal: whose, and of a face also who they say they are."""

    what: str
    who: Person | None = None
    claims: Person | None = None
    how: How = How.WELL
    text: str = ""

    @property
    def person(self) -> Person:
        """Whose it is; not of a code."""
        assert self.who is not None
        return self.who

    @property
    def claimed(self) -> Person:
        """Who they say they are."""
        return self.claims or self.person

    @property
    def person_id(self) -> str:
        """Short id of the person."""
        return self.person.id

    @property
    def claimed_id(self) -> str:
        """Short id of whom they say they are."""
        return self.claimed.id


def read_presentation(body: Mapping[str, object]) -> Presentation:
    """What a request presents. Raises NotTakenError that says what is possible."""
    if unknown := sorted(set(body) - MEMBERS):
        raise bad_request(f"There is no {unknown[0]!r}; use {', '.join(sorted(MEMBERS))}.")
    what, how, text = body.get("what"), body.get("how", How.WELL.value), body.get("text", "")
    if what not in THINGS:
        raise bad_request(f"what is one of {', '.join(THINGS)}, not {what!r}.")
    if not isinstance(how, str) or how not in set(How):
        raise bad_request(f"how is one of {', '.join(How)}, not {how!r}.")
    if what == "code":
        if not isinstance(text, str) or not text:
            raise bad_request("A code is presented by its text.")
        return Presentation(what="code", text=text)
    claims = _person(body["as"]) if "as" in body else None
    if claims is not None and what != "face":
        raise bad_request("as goes with a face only; a card says whose it is.")
    return Presentation(what=str(what), who=_person(body.get("person")), claims=claims, how=How(str(how)))


def read_keys(body: Mapping[str, object]) -> str:
    """What is typed, `text` or, which exports of a tape hide, `password`. Raises NotTakenError unless six digits."""
    keys = body.get("password", body.get("text"))
    if not isinstance(keys, str) or not _KEYS.match(keys):
        raise NotTakenError(400, "six-digits", zh="请输入6位数字密码", en="The keypad takes six digits.")
    return keys


def read_card_holder(body: Mapping[str, object]) -> Person:
    """Whose card is meant. Raises NotTakenError for nobody's."""
    person = _person(body.get("person"))
    if not person.card_no:
        raise NotTakenError(409, "no-card", zh="该人员没有社会保障卡", en=f"{person.id} has no social-insurance card.")
    return person


def _person(asked: object) -> Person:
    for person in people():
        if person.id == asked:
            return person
    raise NotTakenError(404, "unknown-person", zh=f"没有编号为 {asked} 的人员", en=f"There is no person {asked!r}.")
