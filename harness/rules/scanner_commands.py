"""How a scanner box takes commands: each answered as its family has it, before what follows from it, and kept."""

from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.judge.scanner_commands import FACTORY, PULL, RESTART, SAVE, SILENCE
from harness.judge.scanner_talk import Exchange, ScannerTalk, scanner_talk
from harness.rules.registry import Observation, rule


@rule("scanner-answers-every-command")
def scanner_answers_every_command(history: CaseHistory) -> Iterator[Observation]:
    """Every whole command that the family answers is answered; what it does not answer is met with silence."""
    talk = scanner_talk(history)
    if talk is None or not history.whole:
        return
    for exchange in _judged(talk):
        silent = exchange.due == (SILENCE,)
        if not silent and exchange.reply is None:
            yield Observation(seq=exchange.seq, expected=f"an answer to {_named(exchange)}", seen="none")
        elif silent and exchange.reply is not None and exchange.reply_seq is not None:
            seen = ", ".join(exchange.reply.said)
            yield Observation(seq=exchange.reply_seq, expected=f"no answer to {_named(exchange)}", seen=seen)


@rule("scanner-answers-as-family")
def scanner_answers_as_family(history: CaseHistory) -> Iterator[Observation]:
    """An answer says what the family says to such a command, and repeats what it is about."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for exchange in _judged(talk):
        reply = exchange.reply
        if reply is None or exchange.reply_seq is None or exchange.due == (SILENCE,):
            continue
        due = exchange.due if len(exchange.due) > 1 else exchange.due * len(reply.said)
        if reply.said != due:
            yield Observation(seq=exchange.reply_seq, expected=", ".join(due), seen=", ".join(reply.said))
        elif exchange.asked.tags and reply.tags and reply.tags != exchange.asked.tags:
            expected = f"an answer about {' '.join(exchange.asked.tags)}"
            yield Observation(seq=exchange.reply_seq, expected=expected, seen=" ".join(reply.tags))


@rule("scanner-answers-before-scan")
def scanner_answers_before_scan(history: CaseHistory) -> Iterator[Observation]:
    """The answer to a trigger leaves before the scan that it leads to."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for exchange in _judged(talk):
        if exchange.asked.effect != PULL or exchange.reply_seq is None:
            continue
        for delivery in talk.deliveries:
            if exchange.order < delivery.order < exchange.reply_order:
                yield Observation(seq=delivery.seq, expected="the answer first", seen="the scan before it")


@rule("scanner-keeps-settings")
def scanner_keeps_settings(history: CaseHistory) -> Iterator[Observation]:
    """A setting has the value that was acknowledged last; after a loss of power the one that was set for good."""
    talk = scanner_talk(history)
    if talk is None:
        return
    memory = _Memory()
    steps = sorted([*((e.order, e) for e in talk.exchanges), *((at, None) for at in talk.powers)], key=lambda s: s[0])
    for _, exchange in steps:
        if exchange is None:
            memory.restart()
        elif exchange.done and exchange.reply is not None and exchange.reply_seq is not None:
            for tag, seen in _values(exchange):
                expected = memory.asked(tag, seen)
                if expected != seen:
                    yield Observation(seq=exchange.reply_seq, expected=f"{tag} {expected}", seen=f"{tag} {seen}")
            memory.done(exchange)


class _Memory:
    """The settings as far as the case has learned of them."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}
        self._permanent: dict[str, str] = {}
        self._temporary: set[str] = set()

    def asked(self, tag: str, seen: str) -> str:
        """What a setting has to be; what is not known yet is learned."""
        if tag not in self._now:
            self._now[tag] = seen
            if tag not in self._temporary:
                self._permanent.setdefault(tag, seen)
        return self._now[tag]

    def done(self, exchange: Exchange) -> None:
        """A command was done."""
        asked = exchange.asked
        match asked.effect:
            case "":
                pass
            case effect if effect == FACTORY:
                self._now.clear()
                self._permanent.clear()
                self._temporary.clear()
                return
            case effect if effect == RESTART:
                self.restart()
                return
            case effect if effect == SAVE:
                self._permanent |= self._now
                self._temporary.clear()
        for tag, value in asked.sets:
            self._now[tag] = value
            if asked.permanent:
                self._permanent[tag] = value
                self._temporary.discard(tag)
            else:
                self._temporary.add(tag)

    def restart(self) -> None:
        """Only what is permanent is left."""
        self._now = dict(self._permanent)
        self._temporary.clear()


def _values(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """What the answer says of the settings that were asked for."""
    assert exchange.reply is not None
    values, asks = exchange.reply.values, exchange.asked.asks
    if values and len(values) == len(asks) and not any(tag for tag, _ in values):
        yield from ((tag, value) for tag, (_, value) in zip(asks, values, strict=True))
    else:
        yield from ((tag, value.upper()) for tag, value in values if tag in asks)


def _judged(talk: ScannerTalk) -> Iterator[Exchange]:
    """Commands that reached the box in time and undisturbed; an acknowledgement is none."""
    return (e for e in talk.exchanges if not (e.slow or e.asked.acknowledges or talk.disturbed(e.seq)))


def _named(exchange: Exchange) -> str:
    raw = exchange.asked.raw
    return raw.hex(" ") if len(raw) <= 24 else f"{raw[:24].hex(' ')} …"
