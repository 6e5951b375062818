"""How a machine's signature server answers: by the codes that are due, and telling good signatures from bad.

The bench notes each answer with what it is over; a PIN is never among it.
"""

from collections.abc import Iterator

from harness.gm import GmError, PublicKey, Signature
from harness.judge.history import CASE, CaseHistory, Event
from harness.rules.registry import Observation, rule

SUCCESS = "00000000"


@rule("server-codes-as-expected")
def server_codes_as_expected(history: CaseHistory) -> Iterator[Observation]:
    """A request to the signature server ends with the response code that the case demands."""
    for event in _answers(history):
        codes = [str(code) for code in event["codes"]]
        if event["code"] not in codes:
            expected = f"{event['request']}: {' or '.join(codes)} ({', '.join(event['reasons']) or 'success'})"
            yield Observation(seq=event.seq, expected=expected, seen=str(event["code"]))


@rule("server-signatures-verify")
def server_signatures_verify(history: CaseHistory) -> Iterator[Observation]:
    """Every signature of the signature server is strict DER and verifies under the certificate's key."""
    for event in _answers(history):
        if event["request"] == "SignData" and event["code"] == SUCCESS and event["signature"] and not _holds(event):
            yield Observation(seq=event.seq, expected="a signature that verifies", seen=str(event["signature"]))


@rule("server-tells-good-from-bad")
def server_tells_good_from_bad(history: CaseHistory) -> Iterator[Observation]:
    """The signature server says that a signature is valid only when it is, and that it is not only when it is not."""
    for event in _answers(history):
        if event["request"] != "VerifySignedData" or not event["signature"]:
            continue
        if event["code"] == SUCCESS and not _holds(event):
            yield Observation(seq=event.seq, expected="refused: the signature is not valid", seen="verified")
        elif event["code"] == event["verify_failed"] and _holds(event):
            yield Observation(seq=event.seq, expected="verified: the signature is valid", seen=str(event["code"]))


def _answers(history: CaseHistory) -> list[Event]:
    return [event for event in history.named("server-answered") if event.device == CASE]


def _holds(event: Event) -> bool:
    try:
        public = PublicKey.from_point(bytes.fromhex(str(event["public"])))
        message, signature = bytes.fromhex(str(event["message"])), bytes.fromhex(str(event["signature"]))
        return public.verify(message, signature, form=Signature.DER)
    except (GmError, ValueError):
        return False
