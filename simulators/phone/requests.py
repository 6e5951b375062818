"""What users of the phone ask for: a code to be shown, and the answer to a payment prompt; checked, with defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from fixtures.channels import Channel, channels
from simulators.phone.codes import CodeKind
from simulators.phone.pictures import PictureFormat
from simulators.phone.texts import bad_request

E = TypeVar("E", bound=StrEnum)
_PASSWORD = re.compile(r"[0-9]{6}\Z")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which code is wanted, and how; `fresh` asks for a new one before the old is due."""

    channel: Channel
    kind: CodeKind = CodeKind.VOUCHER
    format: PictureFormat = PictureFormat.QR
    fresh: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer to a prompt: the password, or None to decline; `prompt` is empty for the one on the screen."""

    password: str | None
    prompt: str = ""


def read_wish(query: Mapping[str, str]) -> Wish:
    """The wish of a query: channel, kind, format, fresh. Raises Refusal (400) that says what is possible."""
    unknown = set(query) - {"channel", "kind", "format", "fresh"}
    if unknown:
        raise bad_request(f"There is no {sorted(unknown)[0]!r}; use channel, kind, format and fresh.")
    by_id = {channel.id: channel for channel in channels()}
    asked = query.get("channel", channels()[0].id)
    if asked not in by_id:
        raise bad_request(f"There is no channel {asked!r}; use one of: {', '.join(by_id)}.", zh=f"没有渠道 {asked}")
    fresh = query.get("fresh", "0")
    if fresh not in {"0", "1"}:
        raise bad_request(f"fresh is 0 or 1, not {fresh!r}.")
    return Wish(
        channel=by_id[asked],
        kind=_member(CodeKind, query.get("kind", CodeKind.VOUCHER), "kind"),
        format=_member(PictureFormat, query.get("format", PictureFormat.QR), "format"),
        fresh=fresh == "1",
    )


def read_answer(body: Mapping[str, object]) -> Answer:
    """The answer of a body: `{"password": "123456"}` or `{"decline": true}`. Raises Refusal (400)."""
    prompt = body.get("promptId", "")
    if not isinstance(prompt, str):
        raise bad_request("promptId must be a text.")
    match body:
        case {"decline": True} if "password" not in body:
            return Answer(password=None, prompt=prompt)
        case {"password": str(password)} if "decline" not in body and _PASSWORD.match(password):
            return Answer(password=password, prompt=prompt)
        case _:
            raise bad_request(
                'Answer with {"password": "six digits"} or {"decline": true}.', zh="请输入6位数字支付密码，或选择拒绝"
            )


def _member(kind: type[E], value: str, name: str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise bad_request(f"{name} is one of {', '.join(kind)}, not {value!r}.") from error
