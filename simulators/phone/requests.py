"""What users of the phone ask for: a code to be shown, and the answer to a payment prompt; checked, with defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from starlette.requests import Request

from fixtures.channels import Channel, channels
from fixtures.population import Person, people
from simulators.phone.codes import CodeKind
from simulators.phone.pictures import PictureFormat
from simulators.phone.texts import bad_request, unknown_person

E = TypeVar("E", bound=StrEnum)
_PASSWORD = re.compile(r"[0-9]{6}\Z")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which code is wanted, and how; `fresh` asks for a new one before the old is due."""

    channel: Channel
    kind: CodeKind = CodeKind.VOUCHER
    format: PictureFormat = PictureFormat.QR
    fresh: bool = False
    member: Person | None = None
    """Whose code is shown, if not one's own."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer to a prompt: the password, or None to decline; `prompt` is empty for the one on the screen."""

    password: str | None
    prompt: str = ""
    member: Person | None = None
    """Whose prompt it is, if not one's own."""


def person_of(request: Request) -> Person:
    """The person that a path names. Raises Refusal (404)."""
    return _person(str(request.path_params["person"]))


def member_of(query: Mapping[str, object]) -> Person | None:
    """The person that `member` names, None without one. Raises Refusal (404)."""
    asked = query.get("member") or ""
    return _person(str(asked)) if asked else None


def owner_of(id_no: str) -> Person:
    """The person with an ID number. Raises Refusal (404)."""
    for person in people():
        if person.id_no == id_no:
            return person
    raise unknown_person(id_no)


def read_channel(query: Mapping[str, str], default: str) -> Channel:
    """The channel of a query, else the one with the id `default`. Raises Refusal (400) that says what is possible."""
    by_id = {channel.id: channel for channel in channels()}
    asked = query.get("channel", default)
    if asked not in by_id:
        raise bad_request(f"There is no channel {asked!r}; use one of: {', '.join(by_id)}.", zh=f"没有渠道 {asked}")
    return by_id[asked]


def read_wish(query: Mapping[str, str]) -> Wish:
    """The wish of a query: channel, kind, format, fresh. Raises Refusal (400) that says what is possible."""
    unknown = set(query) - {"channel", "kind", "format", "fresh", "member"}
    if unknown:
        raise bad_request(f"There is no {sorted(unknown)[0]!r}; use channel, kind, format, fresh and member.")
    channel = read_channel(query, channels()[0].id)
    fresh = query.get("fresh", "0")
    if fresh not in {"0", "1"}:
        raise bad_request(f"fresh is 0 or 1, not {fresh!r}.")
    kind, member = _member(CodeKind, query.get("kind", CodeKind.VOUCHER), "kind"), member_of(query)
    if member is not None and kind is CodeKind.PAY:
        raise bad_request("A pay code is one's own; a member has a voucher code only.", zh="亲情账户只能出示医保码")
    return Wish(
        channel=channel,
        kind=kind,
        format=_member(PictureFormat, query.get("format", PictureFormat.QR), "format"),
        fresh=fresh == "1",
        member=member,
    )


def read_answer(body: Mapping[str, object]) -> Answer:
    """The answer of a body: `{"password": "123456"}` or `{"decline": true}`. Raises Refusal (400)."""
    prompt = body.get("promptId", "")
    if not isinstance(prompt, str):
        raise bad_request("promptId must be a text.")
    match body:
        case {"decline": True} if "password" not in body:
            return Answer(password=None, prompt=prompt, member=member_of(body))
        case {"password": str(password)} if "decline" not in body and _PASSWORD.match(password):
            return Answer(password=password, prompt=prompt, member=member_of(body))
        case _:
            raise bad_request(
                'Answer with {"password": "six digits"} or {"decline": true}.', zh="请输入6位数字支付密码，或选择拒绝"
            )


def _person(asked: str) -> Person:
    for person in people():
        if person.id == asked:
            return person
    raise unknown_person(asked)


def _member(kind: type[E], value: str, name: str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise bad_request(f"{name} is one of {', '.join(kind)}, not {value!r}.") from error
