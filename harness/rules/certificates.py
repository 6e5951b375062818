"""What goes over TLS: nothing, until the other side has shown a certificate that is to be trusted."""

from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule

DEFECTS = {
    "tls-expired": "one whose time is over",
    "tls-wrong-name": "one for another host",
    "tls-unknown-ca": "one of an authority that nobody told it to trust",
}


@rule("certificate-verified")
def certificate_verified(history: CaseHistory) -> Iterator[Observation]:
    """Nothing is sent to a party whose certificate is expired, for another host, or of an unknown authority."""
    for event in history.named("tls-not-verified"):
        defect = DEFECTS.get(str(event["certificate"]), str(event["certificate"]))
        yield Observation(
            seq=event.seq,
            expected="no byte before a certificate that is to be trusted",
            seen=f"a message on {event['channel']}, where the certificate was {defect}",
        )
