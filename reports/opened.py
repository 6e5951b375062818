"""What is sealed in a case's messages, for those who read its page: opened with the throw-away keys on its tape.

Nothing is opened of a run with a real device: personal data in it could not be hidden.
"""

from collections.abc import Callable

from harness.errors import LiantiaoError
from harness.judge.history import CaseHistory
from harness.line.record import Kind, Record
from harness.wire.mobile_payment import Application, KeyTextError, load_variant, read_public_key
from harness.wire.mobile_payment.opening import Opener

SEALED = b'"encData"'
Opens = Callable[[Record], str]


def nothing(record: Record) -> str:
    """Opens no record."""
    del record
    return ""


def opens(history: CaseHistory | None) -> Opens:
    """What opens the records of a case; it answers with nothing where the tape has no key or the seal another one."""
    terms = history.named("mobile") if history is not None else []
    if not terms or not terms[0]["secret"]:
        return nothing
    try:
        application = Application(app_id=str(terms[0]["app_id"]), secret=str(terms[0]["secret"]))
        opener = Opener(
            application, read_public_key(str(terms[0]["centre_key"])), load_variant(str(terms[0]["variant"]))
        )
    except (LiantiaoError, KeyTextError, ValueError):  # a tape that was tampered with
        return nothing

    def opened(record: Record) -> str:
        if record.kind is not Kind.FRAME or SEALED not in record.data:
            return ""
        head, separator, body = record.data.partition(b"\r\n\r\n")
        return opener.text(body if separator else head)

    return opened
