"""How an encryption machine keeps its protocol: every request answered, in turn, by known codes, with no more."""

from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.judge.machine_talk import HostExchange, machine_talk
from harness.rules.registry import Observation, rule


@rule("machine-answers-every-request")
def machine_answers_every_request(history: CaseHistory) -> Iterator[Observation]:
    """The encryption machine answers every whole request on the connection on which it came."""
    talk = machine_talk(history)
    if talk is None:
        return
    silent_by_wish = [event.seq for event in history.named("expect-silence")]
    for exchange in talk.undisturbed():
        if exchange.reply_seq is None and not any(at > exchange.seq for at in silent_by_wish):
            yield Observation(seq=exchange.seq, expected=f"a reply to {_named(exchange)}", seen="none")


@rule("machine-replies-in-order")
def machine_replies_in_order(history: CaseHistory) -> Iterator[Observation]:
    """Each reply comes in turn, repeats its request's header, and has the code and layout that its command asks for."""
    talk = machine_talk(history)
    if talk is None:
        return
    for exchange in talk.undisturbed():
        if exchange.trouble and exchange.reply_seq is not None:
            seen = f"{exchange.trouble}"
            yield Observation(seq=exchange.reply_seq, expected=f"the reply to {_named(exchange)}", seen=seen)
    hurt = {exchange.channel for exchange in talk.exchanges if talk.disturbed(exchange)}
    for stray in talk.strays:
        if stray.channel not in hurt:
            yield Observation(seq=stray.seq, expected="nothing but replies", seen=stray.what)


@rule("machine-codes-as-expected")
def machine_codes_as_expected(history: CaseHistory) -> Iterator[Observation]:
    """A request ends with the error code that the case demands."""
    talk = machine_talk(history)
    if talk is None:
        return
    for event in history.named("expect-code"):
        before = [e for e in talk.exchanges if e.seq < event.seq]
        codes = [str(code) for code in event["codes"]]
        seen = before[-1].error if before else ""
        if seen not in codes:
            shown = f"{seen} ({talk.profile.error(seen).english})" if seen else "no reply"
            expected = f"{' or '.join(codes)} ({', '.join(event['reasons']) or 'success'})"
            yield Observation(seq=before[-1].seq if before else event.seq, expected=expected, seen=shown)


@rule("machine-error-codes-known")
def machine_error_codes_known(history: CaseHistory) -> Iterator[Observation]:
    """Every error code of the machine is one that its profile knows."""
    talk = machine_talk(history)
    if talk is None:
        return
    for exchange in talk.exchanges:
        known = {talk.profile.ok, *talk.profile.errors}
        if exchange.reply_seq is not None and exchange.error and exchange.error not in known:
            yield Observation(
                seq=exchange.reply_seq, expected="a code of the profile's table", seen=repr(exchange.error)
            )


@rule("machine-refusal-carries-nothing")
def machine_refusal_carries_nothing(history: CaseHistory) -> Iterator[Observation]:
    """A reply that says no carries its error code and nothing else: no plaintext, no part of a result."""
    talk = machine_talk(history)
    if talk is None:
        return
    for exchange in talk.undisturbed():
        refusal = exchange.refusal
        if (
            refusal is not None
            and refusal.code != talk.profile.ok
            and refusal.detail
            and exchange.reply_seq is not None
        ):
            seen = f"{len(refusal.detail)} bytes after {refusal.code}"
            yield Observation(seq=exchange.reply_seq, expected="nothing after the error code", seen=seen)


@rule("machine-refuses-what-is-malformed")
def machine_refuses_what_is_malformed(history: CaseHistory) -> Iterator[Observation]:
    """A request that is not as the machine's profile has it is never answered with success."""
    talk = machine_talk(history)
    if talk is None:
        return
    for exchange in talk.undisturbed():
        if exchange.request is None and exchange.error == talk.profile.ok and exchange.reply_seq is not None:
            yield Observation(seq=exchange.reply_seq, expected="an error code", seen=talk.profile.ok)


def _named(exchange: HostExchange) -> str:
    return exchange.code or "the request"
