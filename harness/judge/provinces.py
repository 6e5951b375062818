"""Messages to and from a platform, read as the adapter's province has them: charset, encoding, another protocol.

What the province is, the tape says itself: the adapter was told its profile in its hello.
"""

import codecs
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.judge.messages import PLAIN, UTF_8, Dialect, Message
from harness.wire import shanghai


def in_province(request: Message, reply: Message | None, hello: Mapping[str, Any]) -> tuple[Message, Message | None]:
    """A request and its reply, to be read as the profile of a hello says that they are written."""
    profile = hello.get("profile")
    if not isinstance(profile, Mapping):
        return request, reply
    asked = Dialect(charset=_charset(profile, "charset_in"))
    answered = Dialect(charset=_charset(profile, "charset_out"), twice=profile.get("reply_as") == "string")
    if profile.get("protocol") == shanghai.SHANGHAI:
        asked, answered = _in_shanghai(replace(request, dialect=asked), asked, answered, hello, profile)
    if (asked, answered) == (PLAIN, PLAIN):
        return request, reply
    return replace(request, dialect=asked), None if reply is None else replace(reply, dialect=answered)


def _in_shanghai(
    request: Message, asked: Dialect, answered: Dialect, hello: Mapping[str, Any], profile: Mapping[str, Any]
) -> tuple[Dialect, Dialect]:
    """The same dialects with the words of the institution interface; what Shanghai does not say is as it was told."""
    message = request.readable
    institution = hello.get("institution")
    named = institution.get("name") if isinstance(institution, Mapping) else ""
    more = {
        "recer_sys_code": str(profile.get("recer_sys_code") or ""),
        "signtype": str(profile.get("signtype") or ""),
        "fixmedins_name": str(named or ""),
    }

    def meant(found: dict[str, Any]) -> dict[str, Any]:
        return shanghai.to_national(found, more)

    def answer_meant(found: dict[str, Any]) -> dict[str, Any]:
        return shanghai.reply_to_national(message, found)

    return replace(asked, meant=meant), replace(answered, meant=answer_meant)


def _charset(profile: Mapping[str, Any], name: str) -> str:
    try:
        return codecs.lookup(str(profile.get(name) or UTF_8)).name
    except LookupError:
        return UTF_8
