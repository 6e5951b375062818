"""The bench's connections to a mobile-payment centre: bytes out, bytes in, all of it on the tape.

    with MobileLine(parse_address("http://127.0.0.1:8003"), tape=tape) as line:
        line.post_json("/org/local/api/hos/uldFeeInfo", envelope)

What the bytes mean, and how they are sealed, is the driver's business (`mobile_payment`).
"""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from harness.devices.http_centre import OK, HttpCentre, NoAnswer, UnderWay
from harness.devices.http_line import HttpAnswer
from harness.errors import PeerViolation

JSON_TYPE = "application/json;charset=UTF-8"
PostUnderWay: TypeAlias = UnderWay[dict[str, Any]]


class PaymentSilent(NoAnswer):
    """No whole answer in time. What the centre did is unknown; the connection is closed."""

    party = "The mobile-payment centre"
    likely = "it hangs, is overloaded, or its answer was lost on the way"
    table = "mobile"


class PaymentSpeaksNonsense(PeerViolation):
    """What came is no answer of a mobile-payment centre."""


class MobileLine(HttpCentre):
    """A centre at an HTTP address.

    Methods raise PaymentSilent, PaymentSpeaksNonsense, or Disconnected when the connection is refused or reset.
    """

    party = "mobile-payment centre"
    silent = PaymentSilent
    nonsense = PaymentSpeaksNonsense

    def post(self, path: str, raw: bytes) -> HttpAnswer:
        """The answer to bytes, whatever its status."""
        return self._exchange(_named(path), raw, target=path, content_type=JSON_TYPE, read=lambda _, answer: answer)

    def post_json(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that answers one."""
        return as_object(path, self.post(path, json.dumps(content, ensure_ascii=False).encode()))

    def begin(self, path: str, raw: bytes) -> PostUnderWay:
        """Send bytes on a connection of their own; others may be sent before the answer is read."""
        return self._begun(
            _named(path), raw, target=path, content_type=JSON_TYPE, read=lambda _, answer: as_object(path, answer)
        )


def as_object(path: str, answer: HttpAnswer) -> dict[str, Any]:
    """The JSON object of an answer. Raises PaymentSpeaksNonsense."""
    if answer.status != OK:
        raise MobileLine.no_answer(_named(path), f"HTTP {answer.status}")
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise MobileLine.no_answer(_named(path), f"what is no JSON ({len(answer.body)} bytes)") from error
    if not isinstance(content, dict):
        raise MobileLine.no_answer(_named(path), "JSON that is no object")
    return content


def _named(path: str) -> str:
    return f"POST {path}"
