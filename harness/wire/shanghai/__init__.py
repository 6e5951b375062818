"""Shanghai 五期: messages of that protocol as those of the institution interface, and back. No I/O.

The platform behind both is one, so that the same books, cases and rules serve. What each message is, docs/profiles.md
has in a table; `names` says what of it is from the sources. There is no sign-in.
"""

from harness.wire.shanghai.codec import (
    READ_CARD_PATH,
    envelope_of,
    infno_of,
    reply_from_national,
    reply_to_national,
    reply_with,
    to_national,
)
from harness.wire.shanghai.names import (
    CARD_READ,
    COLLATE,
    COLLATED,
    CONFIRMS,
    DONE,
    NO_CARD,
    NO_READER,
    NOT_LEVEL,
    PRE_SETTLE,
    QUERY,
    REFUND,
    SETTLE,
    SHANGHAI,
    Members,
)
from harness.wire.shanghai.paths import in_message
from harness.wire.shanghai.queries import PayStatus, problems_of
from harness.wire.shanghai.transactions import content, kind_of

__all__ = [
    "CARD_READ",
    "COLLATE",
    "COLLATED",
    "CONFIRMS",
    "DONE",
    "NOT_LEVEL",
    "NO_CARD",
    "NO_READER",
    "PRE_SETTLE",
    "QUERY",
    "READ_CARD_PATH",
    "REFUND",
    "SETTLE",
    "SHANGHAI",
    "Members",
    "PayStatus",
    "content",
    "envelope_of",
    "in_message",
    "infno_of",
    "kind_of",
    "problems_of",
    "reply_from_national",
    "reply_to_national",
    "reply_with",
    "to_national",
]
