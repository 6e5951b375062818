"""The driver of a voucher centre, as channels and terminal libraries are its clients.

    with VoucherCentre(parse_address("http://127.0.0.1:8001")) as centre:
        reply = centre.ask(voucher_calls.decode(desk, "4240…"))

A call that is refused is an answer like any other. A centre that does not answer in time is `CentreSilent`, one that
answers what is no answer is `CentreSpeaksNonsense`. With a tape every request and every reply is recorded, one frame
each, with their heads.
"""

from typing import TypeAlias
from urllib.parse import urlencode

from harness.devices.http_centre import OK, HttpCentre, NoAnswer, UnderWay
from harness.devices.http_line import HttpAnswer
from harness.errors import PeerViolation
from harness.wire.voucher_calls import SMS, CentreCall, decode_answer, encode_call
from harness.wire.voucher_messages import CentreReply

Held: TypeAlias = UnderWay[CentreReply]
"""A call under way on a connection of its own."""


class CentreSilent(NoAnswer):
    """No whole answer in time. What the centre did is unknown; the connection is closed."""

    party = "The voucher centre"
    likely = "it hangs or is overloaded, or the call waits for a patient at the terminal"
    table = "centre"


class CentreSpeaksNonsense(PeerViolation):
    """What came is no answer of a voucher centre."""


class VoucherCentre(HttpCentre):
    """A centre at an HTTP address. Methods raise CentreSilent, CentreSpeaksNonsense or Disconnected."""

    party = "voucher centre"
    silent = CentreSilent
    nonsense = CentreSpeaksNonsense

    def ask(self, call: CentreCall, *, charset: str = "utf-8", data_as: str = "object") -> CentreReply:
        """The answer to a call."""
        if call.name == SMS:
            target = f"{call.path}?{urlencode(dict(call.body))}"
            return self._exchange(call.name, b"", target=target, content_type="", read=_reply, method="GET")
        content_type, raw = encode_call(call, charset=charset, data_as=data_as)
        return self._exchange(call.name, raw, target=call.path, content_type=content_type, read=_reply)

    def say(self, path: str, raw: bytes, *, content_type: str = "application/json;charset=UTF-8") -> CentreReply:
        """The answer to a body by hand."""
        return self._exchange(f"POST {path}", raw, target=path, content_type=content_type, read=_reply)

    def begin(self, call: CentreCall) -> Held:
        """Make a call on a connection of its own, whose answer may be long in coming."""
        content_type, raw = encode_call(call)
        return self._begun(call.name, raw, target=call.path, content_type=content_type, read=_reply)


def _reply(call: str, answer: HttpAnswer) -> CentreReply:
    """What an answer says. Raises CentreSpeaksNonsense."""
    if answer.status != OK:
        raise VoucherCentre.no_answer(call, f"HTTP {answer.status}")
    try:
        return decode_answer(answer.content_type, answer.body)
    except ValueError as error:
        raise VoucherCentre.no_answer(call, f"what is no answer: {error}") from error
