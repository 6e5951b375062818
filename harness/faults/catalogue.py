"""What can go wrong on a line, each with the place in the field where it comes from.

A fault names a party, the n-th message of a kind that it receives (or sends), and an effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Effect(StrEnum):
    """What a fault does to its message."""

    LOSE_REQUEST = "lose-request"
    """The request never reaches the party; the client hears nothing until it gives up."""
    LOSE_REPLY = "lose-reply"
    """The party acts on the request, and its reply is lost; the client hears nothing until it gives up."""
    LATE_REQUEST = "late-request"
    """The request is held on its way: the client gives up, and the party acts on it after the next one, just before
    that is answered."""
    LATE_REPLY = "late-reply"
    """The party acts, and its reply comes only after the client has given up."""
    BAD_GATEWAY = "bad-gateway"
    """A gateway answers 502 with an HTML page; the party never saw the request."""
    BAD_GATEWAY_AFTER = "bad-gateway-after"
    """A gateway answers 502 although the party acted on the request."""
    EMPTY_BODY = "empty-body"
    """The party acts, and the answer is HTTP 200 with nothing in it (front machine down)."""
    CUT_JSON = "cut-json"
    """The party acts, and the second half of its JSON is missing."""
    DOUBLED_JSON = "doubled-json"
    """The party acts, and its JSON comes as a JSON string of JSON, as some relays send it."""
    WRONG_CHARSET = "wrong-charset"
    """The party acts, and its answer is in GBK where UTF-8 is due."""
    CUT_CONNECTION = "cut-connection"
    """The party acts, and the connection is reset instead of an answer."""
    DROP_BYTE = "drop-byte"
    """A byte of a scan is lost on the serial line; `detail.position` counts from 0."""
    GARBLE_BYTE = "garble-byte"
    """A byte of a scan arrives with a bit flipped; `detail.position` counts from 0."""
    DOUBLE_READ = "double-read"
    """The scan arrives twice."""
    SPLIT_READ = "split-read"
    """The scan arrives in two pieces with a pause; `detail.position` is where it is split."""


ON_HTTP = frozenset(
    {
        Effect.LOSE_REQUEST,
        Effect.LOSE_REPLY,
        Effect.LATE_REQUEST,
        Effect.LATE_REPLY,
        Effect.BAD_GATEWAY,
        Effect.BAD_GATEWAY_AFTER,
        Effect.EMPTY_BODY,
        Effect.CUT_JSON,
        Effect.DOUBLED_JSON,
        Effect.WRONG_CHARSET,
        Effect.CUT_CONNECTION,
    }
)
"""Effects on an HTTP message."""
ON_SCAN = frozenset({Effect.DROP_BYTE, Effect.GARBLE_BYTE, Effect.DOUBLE_READ, Effect.SPLIT_READ})
"""Effects on the bytes of a scan."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One disturbance: `effect` on the `nth` message called `message` at the device called `party`.

    A message's name is the transaction for an HTTP system (`2102`, `ec.query`), `scan` for a scanner box.
    """

    party: str
    message: str
    effect: Effect
    nth: int = 1
    detail: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.nth < 1:
            raise ValueError(f"messages are counted from 1, not {self.nth}")
