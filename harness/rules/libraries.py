"""The two libraries beside a HIS (NX-DLL-PAIR): the wrong one is an error that says so, and nothing is sent."""

from collections.abc import Iterator

from harness.judge.history import CASE, CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import shown, text

FITS = "fits"
MISMATCH = "library-mismatch"


@rule("library-refused")
def library_refused(history: CaseHistory) -> Iterator[Observation]:
    """With a library of another width, none, or no library at all, sign-in is refused and names it; nothing is sent."""
    states: dict[str, tuple[str, str]] = {}
    changes = [event for event in history.named("library") if event.device == CASE]
    for operation in history.doing("sign-in"):
        states |= {
            text(e["library"]): (text(e["file"]), text(e["state"])) for e in changes if e.seq < operation.command.seq
        }
        wrong = [file for file, state in states.values() if state != FITS]
        content = operation.answer.content if operation.answer else {}
        if not wrong:
            if content.get("reason") == MISMATCH:
                yield Observation(seq=operation.last_seq, expected="libraries that fit are used", seen=MISMATCH)
            continue
        if operation.outcome != "refused" or content.get("reason") != MISMATCH:
            yield Observation(
                seq=operation.last_seq,
                expected=f"{MISMATCH}: {', '.join(wrong)}",
                seen=f"{operation.outcome} {text(content.get('reason'))}".strip(),
            )
        elif not any(file in text(content.get("prompt")) for file in wrong):
            yield Observation(
                seq=operation.last_seq,
                expected=f"a prompt that names {' or '.join(wrong)}",
                seen=shown(content.get("prompt")),
            )
        for exchange in history.sent():
            if operation.spans(exchange.request.seq):
                yield Observation(
                    seq=exchange.request.seq, expected="nothing sent without its libraries", seen=exchange.infno
                )
