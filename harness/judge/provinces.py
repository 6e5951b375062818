"""Messages to and from a platform, read as the adapter's province has them: charset, encoding, another protocol.

What the province is, the tape says itself: the adapter was told its profile in its hello.
"""

import codecs
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.judge.messages import PLAIN, UTF_8, Dialect, Message
from harness.wire import shanghai
from harness.wire.local_codes import answer_to_national, to_national


def in_province(request: Message, reply: Message | None, hello: Mapping[str, Any]) -> tuple[Message, Message | None]:
    """A request and its reply, to be read as the profile of a hello says that they are written."""
    profile = hello.get("profile")
    if not isinstance(profile, Mapping):
        return request, reply
    asked = Dialect(charset=_charset(profile, "charset_in"))
    answered = Dialect(charset=_charset(profile, "charset_out"), twice=profile.get("reply_as") == "string")
    if profile.get("protocol") == shanghai.SHANGHAI:
        asked, answered = _in_shanghai(replace(request, dialect=asked), asked, answered, hello, profile)
        request = _called(request, asked)
    elif isinstance(codes := profile.get("cert_type_codes"), Mapping) and codes:
        asked, answered = _in_national_codes(asked, answered, codes)
    if (asked, answered) == (PLAIN, PLAIN):
        return request, reply
    return replace(request, dialect=asked), None if reply is None else replace(reply, dialect=answered)


def _in_national_codes(asked: Dialect, answered: Dialect, codes: Mapping[str, str]) -> tuple[Dialect, Dialect]:
    """The same dialects with national codes; a national code where the province has another is none."""
    return (
        replace(asked, meant=lambda found: dict(to_national(found, codes))),
        replace(answered, meant=lambda found: dict(answer_to_national(found, codes))),
    )


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


def _called(request: Message, asked: Dialect) -> Message:
    """The same request; a card's reading by the front machine (S000) as the library's call that it stands for."""
    message = replace(request, dialect=replace(asked, meant=lambda found: found)).readable
    if shanghai.kind_of(message) != shanghai.CARD_READ:
        return request
    method, _, rest = request.start.partition(" ")
    return replace(request, start=f"{method} {shanghai.READ_CARD_PATH} {rest.rpartition(' ')[2]}")


def _charset(profile: Mapping[str, Any], name: str) -> str:
    try:
        return codecs.lookup(str(profile.get(name) or UTF_8)).name
    except LookupError:
        return UTF_8
