"""What a scanner box delivers: every code that is due, once, whole, in order; and nothing when nothing is due."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from harness.judge.history import CaseHistory
from harness.judge.scanner_talk import Due, ScannerTalk, scanner_talk
from harness.rules.registry import Observation, rule

ROTATED, NOT_ACKNOWLEDGED = "rotated", "not-acknowledged"
DISABLED, NOT_TRIGGERED, LOCKED_OUT, DELAYED, TIMED_OUT = (
    "disabled",
    "not-triggered",
    "locked-out",
    "good-read-delay",
    "timed-out",
)
SHOWN_DIGITS = 4
"""So many digits of a code stand in a finding: who reads it need not know the whole."""


@rule("scanner-delivers-every-code")
def scanner_delivers_every_code(history: CaseHistory) -> Iterator[Observation]:
    """Every code that the box is shown to read arrives."""
    for due, missing in _missing(history):
        if due.why not in {ROTATED, NOT_ACKNOWLEDGED}:
            yield Observation(seq=due.seq, expected=f"the code {masked(missing)}", seen="it never arrived")


@rule("scanner-reads-rotated-code")
def scanner_reads_rotated_code(history: CaseHistory) -> Iterator[Observation]:
    """A code that takes the place of another in view is a second scan, whatever lock-out is on."""
    for due, missing in _missing(history):
        if due.why == ROTATED:
            yield Observation(seq=due.seq, expected=f"the new code {masked(missing)}", seen="it never arrived")


@rule("scanner-sends-again")
def scanner_sends_again(history: CaseHistory) -> Iterator[Observation]:
    """A scan that must be acknowledged and is not comes again, marked so where the family marks it."""
    for due, missing in _missing(history):
        if due.why == NOT_ACKNOWLEDGED:
            yield Observation(seq=due.seq, expected=f"the code {masked(missing)} once more", seen="it did not come")
    talk = scanner_talk(history)
    if talk is None or talk.family != "ssi":
        return
    for due in _undisturbed(talk):
        if due.why != NOT_ACKNOWLEDGED:
            continue
        for one in talk.within(due)[1:]:
            if one.read.packet and not one.read.again:
                yield Observation(seq=one.seq, expected="the retransmit bit", seen="a packet without it")


@rule("scanner-delivers-unchanged")
def scanner_delivers_unchanged(history: CaseHistory) -> Iterator[Observation]:
    """What arrives is a code that was shown, digit for digit: none is altered, none invented."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for due in _undisturbed(talk):
        for delivery in talk.within(due):
            if delivery.text not in talk.shown:
                expected = masked(due.codes[0][0]) if due.codes else "nothing"
                yield Observation(seq=delivery.seq, expected=expected, seen=_compared(due, delivery.text))


@rule("scanner-delivers-once")
def scanner_delivers_once(history: CaseHistory) -> Iterator[Observation]:
    """No code arrives more often than it was read."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for due in _undisturbed(talk):
        wanted = Counter(digits for digits, _ in due.codes)
        seen: Counter[str] = Counter()
        for delivery in talk.within(due):
            seen[delivery.text] += 1
            if 0 < wanted[delivery.text] < seen[delivery.text]:
                expected = f"the code {masked(delivery.text)} {_times(wanted[delivery.text])}"
                yield Observation(seq=delivery.seq, expected=expected, seen=_times(seen[delivery.text]))


@rule("scanner-delivers-in-order")
def scanner_delivers_in_order(history: CaseHistory) -> Iterator[Observation]:
    """Codes arrive in the order in which they were shown; one that has been replaced in view does not come any more."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for due in _undisturbed(talk):
        wanted = [digits for digits, _ in due.codes]
        if not wanted:
            continue
        came = [delivery for delivery in talk.within(due) if delivery.text in talk.shown]
        for delivery in came:
            if delivery.text not in wanted:
                seen = f"the earlier code {masked(delivery.text)}"
                yield Observation(seq=delivery.seq, expected=f"the code {masked(wanted[0])}", seen=seen)
        places = [(wanted.index(delivery.text), delivery) for delivery in came if delivery.text in wanted]
        for (before, _), (after, delivery) in pairwise(places):
            if after < before:
                yield Observation(seq=delivery.seq, expected="codes in the order shown", seen="an earlier one after it")


@rule("scanner-silent-while-disabled")
def scanner_silent_while_disabled(history: CaseHistory) -> Iterator[Observation]:
    """A disabled box sends nothing, and keeps nothing for later."""
    return _unwanted(history, DISABLED, "nothing while the box is disabled")


@rule("scanner-waits-for-trigger")
def scanner_waits_for_trigger(history: CaseHistory) -> Iterator[Observation]:
    """In a triggered mode nothing is read before the trigger is pulled, nor after it was let go."""
    return _unwanted(history, NOT_TRIGGERED, "nothing without a trigger")


@rule("scanner-keeps-lock-out")
def scanner_keeps_lock_out(history: CaseHistory) -> Iterator[Observation]:
    """The same code is not read again before its lock-out is over."""
    return _unwanted(history, LOCKED_OUT, "nothing while the same code is locked out")


@rule("scanner-keeps-good-read-delay")
def scanner_keeps_good_read_delay(history: CaseHistory) -> Iterator[Observation]:
    """No code is read before the delay after a good read is over."""
    return _unwanted(history, DELAYED, "nothing before the delay is over")


@rule("scanner-ends-session")
def scanner_ends_session(history: CaseHistory) -> Iterator[Observation]:
    """A decode session ends after its time: a code that comes later waits for the next trigger."""
    return _unwanted(history, TIMED_OUT, "nothing after the session's end")


@rule("scanner-invents-nothing")
def scanner_invents_nothing(history: CaseHistory) -> Iterator[Observation]:
    """Without a readable code before it, the box sends nothing."""
    known = {DISABLED, NOT_TRIGGERED, LOCKED_OUT, DELAYED, TIMED_OUT}
    talk = scanner_talk(history)
    if talk is None:
        return
    first = min((due.seq for due in talk.dues), default=history.records[-1].seq if history.records else 0)
    for delivery in talk.deliveries:
        if delivery.seq < first:
            yield Observation(seq=delivery.seq, expected="nothing: no code was shown yet", seen="a scan")
    for due in _undisturbed(talk):
        if not due.codes and due.why not in known:
            for delivery in talk.within(due):
                yield Observation(seq=delivery.seq, expected=f"nothing ({due.why})", seen=masked(delivery.text))


def masked(text: str) -> str:
    """The end of a code, and its length."""
    return f"…{text[-SHOWN_DIGITS:]} ({len(text)})"


def _undisturbed(talk: ScannerTalk) -> Iterator[Due]:
    return (due for due in talk.dues if not due.disturbed)


def _missing(history: CaseHistory) -> Iterator[tuple[Due, str]]:
    """What never arrived, though nothing else came in its place."""
    talk = scanner_talk(history)
    if talk is None or not history.whole:
        return
    for due in _undisturbed(talk):
        wanted = Counter(digits for digits, _ in due.codes)
        came = Counter(delivery.text for delivery in talk.within(due))
        others = sum(number for text, number in came.items() if text not in wanted)
        missing = list((wanted - came).elements())
        for digits in missing[others:]:
            yield due, digits


def _unwanted(history: CaseHistory, why: str, expected: str) -> Iterator[Observation]:
    talk = scanner_talk(history)
    if talk is None:
        return
    for due in _undisturbed(talk):
        if due.why != why:
            continue
        wanted = {digits for digits, _ in due.codes}
        for delivery in talk.within(due):
            if delivery.text not in wanted:
                yield Observation(seq=delivery.seq, expected=expected, seen=masked(delivery.text))


def _compared(due: Due, text: str) -> str:
    if not due.codes:
        return masked(text)
    wanted = due.codes[0][0]
    if len(text) != len(wanted):
        return f"{len(text)} characters, not {len(wanted)}"
    places = [at + 1 for at, (a, b) in enumerate(zip(wanted, text, strict=True)) if a != b]
    return f"other characters at {', '.join(map(str, places[:4]))} of {len(wanted)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
