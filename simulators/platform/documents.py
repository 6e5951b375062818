"""How a transaction that books no money but changes something is done: its documents and its answer in one commit."""

from collections.abc import Callable, Mapping

from simulators.platform.attempts import key_of
from simulators.platform.call import Call
from simulators.platform.desk import Desk
from simulators.platform.refusals import RefusedError


async def changed(desk: Desk, call: Call, work: Callable[[], Mapping[str, object] | None]) -> bytes:
    """Do `work` inside `ledger.writing`, keep what it returns as this msgid's answer, and return once it is safe.

    Raises RefusedError; then nothing was changed.
    """
    await desk.ledger.turn()
    desk.still_here()
    with desk.ledger.writing():
        if desk.ledger.is_barred(call.msgid):
            raise RefusedError("msgid-reversed", msgid=call.msgid)
        reply = desk.accepted(call, work())
        key = key_of(call.msgid, call.attempt)
        desk.ledger.keep_answer(key, call.institution.code, call.digest, reply)
    await desk.ledger.flushed()
    desk.still_here()
    return reply
