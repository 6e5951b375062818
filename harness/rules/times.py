"""Times in messages: when something is sent, when it began, when its fees arose, by the clock that the adapter keeps.

An adapter says the time of the cashier's command (`at`). To one whose clock is `bench` the commands tell the bench's
time, to one whose clock is `own` the machine's: that is what its own clock must say, too, and it goes forward only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from harness.clock import BEIJING, BENCH_ORIGIN, NS
from harness.judge.counter_talk import Operation
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.limits import limits_of
from harness.rules.registry import Observation, rule
from harness.rules.transactions import as_object, is_repeat, member, request_input, shown, text
from harness.rules.visits import mdtrt_id_of

BENCH_CLOCK = "bench"
OWN_CLOCK = "own"
"""Whose clock an adapter keeps: the commands', or its machine's."""
LONGEST = timedelta(hours=1)
"""So much later than its command may be what comes of it: a case steps the clock while the customer thinks."""
FEES, BEGAN, ENDED, LEFT, DIAGNOSED = "fee_ocur_time", "begntime", "endtime", "dscg_time", "diag_time"
TIMES: Mapping[str, tuple[str, ...]] = {
    "1101": (BEGAN,),
    "2101": (BEGAN, FEES),
    "2102": (BEGAN, FEES),
    "2203": (DIAGNOSED,),
    "2204": (FEES,),
    "2301": (FEES,),
    "2303": (LEFT,),
    "2304": (LEFT,),
    "2401": (BEGAN, DIAGNOSED),
    "2402": (ENDED, DIAGNOSED),
}
"""Transactions with the times in them that are past or present when they are sent; begntime of a visit is its own."""
OF_THE_DAY = (("2101", BEGAN), ("2101", FEES), ("2102", BEGAN), ("2102", FEES), ("2401", BEGAN), ("2402", ENDED))
"""Those that are of the command's own day; the others not before the day of the order's first command."""
VISIT, VISIT_DATA = "2201", "2203"
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=BEIJING), datetime(2200, 1, 1, tzinfo=BEIJING)
"""A time beyond these is read as one of them, since nothing can be added to the calendar's own ends."""


@dataclass(frozen=True, kw_only=True)
class _Now:
    """What time it is for whoever sends a message: between these two."""

    earliest: datetime
    latest: datetime

    def holds(self, moment: datetime, tolerance: timedelta) -> bool:
        """Whether a moment is now, as far as anybody can tell."""
        return self.earliest - tolerance <= moment <= self.latest + tolerance


@rule("sent-when-it-says")
def sent_when_it_says(history: CaseHistory) -> Iterator[Observation]:
    """inf_time is the time at which a message is sent: of the command, or of the adapter's own clock, which goes on."""
    before: dict[int, datetime] = {}
    tolerance = limits_of(history).tolerance
    for exchange in history.sent():
        seq, said = exchange.request.seq, text(exchange.request.json.get("inf_time"))
        moment, session = read_time(said), _session(history, exchange.request.seq)
        if moment is None or is_repeat(history, exchange):
            continue
        match clock_at(history, seq):
            case "bench":
                now = _by_command(history, exchange)
                if now is not None and not now.holds(moment, tolerance):
                    yield Observation(seq=seq, expected=f"inf_time {_span(now)}", seen=f"inf_time {shown(said)}")
            case "own":
                now, least = _by_own_command(history, exchange), before.get(session, BENCH_ORIGIN)
                if now is not None and not now.holds(moment, tolerance):
                    yield Observation(
                        seq=seq,
                        expected=f"inf_time {_span(now)}, by a clock that is right",
                        seen=f"inf_time {shown(said)}",
                    )
                elif moment < least - tolerance:
                    yield Observation(
                        seq=seq, expected=f"inf_time not before {_written(least)}", seen=f"inf_time {shown(said)}"
                    )
                before[session] = max(moment, before.get(session, moment))
            case _:
                pass


@rule("times-of-the-deed")
def times_of_the_deed(history: CaseHistory) -> Iterator[Observation]:
    """What a message says of when fees arose and visits began or ended is not after it and not before its order."""
    visits: dict[str, str] = {}
    tolerance = limits_of(history).tolerance
    for exchange in history.sent(*TIMES, VISIT, VISIT_DATA):
        seq = exchange.request.seq
        operation, now = history.operation_at(seq), _now(history, exchange)
        if is_repeat(history, exchange):
            continue
        if exchange.infno == VISIT:
            visits[mdtrt_id_of(exchange)] = member(exchange, BEGAN)
        if exchange.infno in {VISIT, VISIT_DATA}:
            yield from _of_visit(history, exchange, visits, now, operation)
        if now is None or operation is None:
            continue
        own_day, first_day = now.earliest.date(), _first_day(history, operation, now)
        for name, said in _times(exchange):
            least = own_day if (exchange.infno, name) in OF_THE_DAY else first_day
            moment = read_time(said)
            if moment is not None and not (least <= moment.date() and moment <= now.latest + tolerance):
                yield Observation(
                    seq=seq,
                    expected=f"{exchange.infno} {name} from {least.isoformat()} to {_written(now.latest)}",
                    seen=f"{name} {shown(said)}",
                )


def _of_visit(
    history: CaseHistory, exchange: Exchange, visits: Mapping[str, str], now: _Now | None, operation: Operation | None
) -> Iterator[Observation]:
    """A visit begins between its registration and the end of the day that was registered for; 2203 repeats when."""
    said, seq = member(exchange, BEGAN), exchange.request.seq
    moment = read_time(said)
    if exchange.infno == VISIT_DATA:
        opened = visits.get(mdtrt_id_of(exchange), "")
        began = read_time(opened)
        if began is not None and moment is not None and began.date() != moment.date():
            yield Observation(seq=seq, expected=f"{BEGAN} {shown(opened)}, as in 2201", seen=f"{BEGAN} {shown(said)}")
    elif now is not None and operation is not None and moment is not None:
        day = max(_slot_day(history, operation) or moment.date(), now.latest.date())
        least = min(_first_day(history, operation, now), day)
        if not least <= moment.date() <= day:
            yield Observation(
                seq=seq,
                expected=f"{exchange.infno} {BEGAN} from {least.isoformat()} to {day.isoformat()}",
                seen=f"{BEGAN} {shown(said)}",
            )


def clock_at(history: CaseHistory, seq: int) -> str:
    """The clock that the adapter which ran at this record declared; empty when it is not known."""
    return text(history.ready_at(seq).get("clock"))


def said_in_time(history: CaseHistory, operation: Operation, said: str) -> bool:
    """Whether a time is that of a command, or not long after it; what is no time passes."""
    asked, moment = read_time(_asked_at(operation)), read_time(said)
    tolerance = limits_of(history).tolerance
    return asked is None or moment is None or asked - tolerance <= moment <= asked + LONGEST


def read_time(said: str) -> datetime | None:
    """A time or date of a message, in Beijing; None when it is none, which is for `fields-valid`."""
    try:
        found = datetime.fromisoformat(said).replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return min(max(found, EARLIEST), LATEST)


def _now(history: CaseHistory, exchange: Exchange) -> _Now | None:
    """What time it is for the adapter, by the clock that it keeps."""
    match clock_at(history, exchange.request.seq):
        case "bench":
            return _by_command(history, exchange)
        case "own":
            moment = read_time(text(exchange.request.json.get("inf_time")))
            return None if moment is None else _Now(earliest=moment, latest=moment)
        case _:
            return None


def _by_command(history: CaseHistory, exchange: Exchange) -> _Now | None:
    """The time of the command, and of the bench's clock, which a case may step while the command runs."""
    operation = history.operation_at(exchange.request.seq)
    asked = read_time(_asked_at(operation)) if operation is not None else None
    if asked is None:
        return None
    sent = datetime.fromtimestamp(exchange.request.at_ns // NS, tz=BEIJING)
    return _Now(earliest=min(asked, sent), latest=max(asked, sent))


def _by_own_command(history: CaseHistory, exchange: Exchange) -> _Now | None:
    """The machine's time when the command was given, and what may have passed since."""
    operation = history.operation_at(exchange.request.seq)
    asked = read_time(_asked_at(operation)) if operation is not None else None
    return None if asked is None else _Now(earliest=asked, latest=asked)


def stamped_day(history: CaseHistory, exchange: Exchange | None) -> date | None:
    """The day that an adapter with its own clock has put on a transaction; None for one on the bench's clock."""
    if exchange is None or clock_at(history, exchange.request.seq) != OWN_CLOCK:
        return None
    moment = read_time(text(exchange.request.json.get("inf_time")))
    return None if moment is None else moment.date()


def _asked_at(operation: Operation) -> str:
    return text(operation.command.content.get("at"))


def _first_day(history: CaseHistory, operation: Operation, now: _Now) -> date:
    """The day of the first command about the order, or the visit that it belongs to, as the adapter's clock has it.

    A command about no order, such as `resolve`, may be about any before it.
    """
    mine = {
        operation.order,
        *(text(o.command.content.get("visit")) for o in history.doing("fees") if _same(o, operation)),
    }
    about = [o for o in history.operations if not operation.order or o.order in mine]
    asked = [at for o in (*about, operation) if (at := read_time(_asked_at(o))) is not None]
    return (now.earliest - (max(asked) - min(asked))).date() if asked else now.earliest.date()


def _same(one: Operation, other: Operation) -> bool:
    return one.order == other.order


def _slot_day(history: CaseHistory, operation: Operation) -> date | None:
    """The day that an order's slot is on, as the adapter told it."""
    locked = [text(o.command.content.get("slot")) for o in history.doing("lock") if _same(o, operation)]
    told = [o.answer.content.get("slots") for o in history.doing("slots") if o.answer]
    rows = (row for found in told if isinstance(found, list) for row in found)
    days = [text(as_object(row).get("day")) for row in rows if locked and as_object(row).get("slot") == locked[-1]]
    day = read_time(days[-1]) if days else None
    return None if day is None else day.date()


def _times(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """The times of a transaction with their names, each that differs once."""
    told: set[tuple[str, str]] = set()
    for node in request_input(exchange).values():
        for row in node if isinstance(node, list) else [node]:
            told |= {(name, said) for name in TIMES.get(exchange.infno, ()) if (said := text(as_object(row).get(name)))}
    yield from sorted(told)


def _session(history: CaseHistory, seq: int) -> int:
    """The start of the adapter that was running."""
    return sum(told <= seq for told, _ in history.hellos)


def _span(now: _Now) -> str:
    one, other = _written(now.earliest), _written(now.latest)
    return one if one == other else f"from {one} to {other}"


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
