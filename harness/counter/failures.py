"""What is said of an adapter that fails: it ended, fell silent, heard nothing more, or spoke out of turn.

`tail` is everywhere the last lines of its log, as `AdapterLog.tail` gives them.
"""

from harness.counter.child import describe_status
from harness.counter.line_fields import DOCUMENT, shown
from harness.counter.port import AdapterSilent
from harness.errors import BenchError, PeerViolation


def not_started() -> BenchError:
    """Somebody asks who it is before it was started."""
    return BenchError(
        "The adapter is not started.", cause="a call before start()", remedy="start the counter port first"
    )


def not_running() -> BenchError:
    """Somebody sends it a command after its end."""
    return BenchError(
        "The adapter does not run.", cause="it was closed or killed", remedy="start() or restart() it first"
    )


def killed() -> BenchError:
    """Somebody waits for an adapter that the case has killed."""
    return BenchError(
        "The adapter was killed.", cause="the case crashed it", remedy="restart() it before the next command"
    )


def ended(status: int | None, *, began: bool, tail: str) -> PeerViolation:
    """It ended by itself, with this exit status, or closed its output (None); `began`: after it had been ready."""
    return PeerViolation(
        f"The adapter {describe_status(status)} {'in the middle of the dialogue' if began else 'before it was ready'}.",
        cause=f"{_why_ended(status, began=began)}{tail}",
        remedy=_after_end(status, began=began),
    )


def deaf(*, tail: str) -> PeerViolation:
    """It closed its standard input."""
    return PeerViolation(
        "The adapter closed its standard input, so that no command reaches it.",
        cause=f"it stopped reading, or the part of it that reads ended{tail}",
        remedy="read standard input until `bye` or its end",
    )


def silent(what: str, *, patience_s: float, began: bool, unended: bytes, tail: str) -> AdapterSilent:
    """No line came, and `what` was due; `unended` is what it wrote without LF."""
    if unended:
        why = f"it has not ended its line with LF: {shown(unended)}"
    elif not began:
        why = "it waits for something else than the hello line, or its output is not flushed after each line"
    else:
        why = "it hangs, waits for a system without a time-out, or its output is not flushed after each line"
    return AdapterSilent(
        f"The adapter wrote {'no whole line' if unended else 'nothing'} for {patience_s:g} s; {what} was due.",
        cause=f"{why}{tail}",
        remedy="give every call a time-out, and write and flush each line at once; patience_s in [counter] sets how "
        "long the bench waits",
    )


def out_of_turn(line: bytes, why: str) -> PeerViolation:
    """A line that nobody waited for."""
    return PeerViolation(
        f"The adapter wrote a line out of turn, {why}: {shown(line)}",
        cause="a wrong `id`, or a second answer to the same command",
        remedy=f"give each command exactly one answer with its own `id`; see {DOCUMENT}",
    )


def _why_ended(status: int | None, *, began: bool) -> str:
    if status is None:
        return "it went on without its standard output, or handed it to a process that ended"
    return "it crashed or gave up" if began else "its command is not complete, or something that it needs is missing"


def _after_end(status: int | None, *, began: bool) -> str:
    if status is None:
        return "keep standard output open until `bye` or the end of input; adapter.log in the run's folder has the log"
    if not began:
        return "try its command by hand in the same folder: it must wait for a line on standard input, and not end"
    return "see this case in adapter.log in the run's folder; an adapter ends only after `bye` or the end of input"
