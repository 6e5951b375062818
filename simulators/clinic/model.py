"""One day of the clinic: the path of a settlement through counters, HIS, front, platform and bank, as light processes.

    day = ClinicDay(load_scenario("peak-hour"), seed=1, replication=0)
    day.run()
    day.record.outcomes            # what became of each patient

The path: queue for a counter; present the code and have it scanned; the HIS prepares; the bank's front has its
encryption machine sign; the platform verifies, looks at the code's age, splits the fee, has the bank debit, signs; the
front verifies; the receipt is printed and the counter is free. A HIS that hears nothing within `client.time_out` calls
the outcome unknown, sends reversals until one is confirmed, and then tries again or has the person pay otherwise; what
the platform still does for the lost request goes on without a client and is undone by the reversal.
"""

import math
from collections.abc import Generator, Sequence
from enum import IntEnum

from simulators.clinic.breaking import schedule
from simulators.clinic.draws import FIELDS, Again, Row, Streams, Trace, rows, trace
from simulators.clinic.faults import HOUR
from simulators.clinic.kernel import PARKED, Kernel, Process, Steps, Watch
from simulators.clinic.network import Network
from simulators.clinic.parts import Front, Ledger, Machines, Outcome, Place, Record, Sample, Tally
from simulators.clinic.scenario import Scenario

BACKGROUND_PAUSE = 60.0
"""Seconds before the first reversal that a HIS sends when the counter has given up; each further pause is doubled.

Without that, the reversals of an overload would keep the overload up for ever.
"""
SAMPLE = 300.0
"""Seconds between two samples of the stations' accounts."""
MOST_TRIES = 255
_REVERSAL = 1
_FAULTS = -1
_PHASE, _FROZEN, _PRESENT, _SCAN, _HIS, _LEAVE = map(
    FIELDS.index, ("phase", "frozen", "present", "scan", "his", "leave")
)


class Reply(IntEnum):
    """What a HIS hears."""

    BOOKED = 0
    EXPIRED = 1
    UNAVAILABLE = 2
    LOST = 3


Exchange = Generator[float | None, bool | None, Reply]


class ClinicDay:
    """One replication of a scenario; `given` replaces the arrivals and draws of its own streams."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int,
        replication: int = 0,
        given: tuple[Trace, Sequence[Row]] | None = None,
    ) -> None:
        self.scenario = scenario
        self.kernel = Kernel()
        self.tally = Tally()
        first = self._first = bytearray()
        network = Network(self.kernel, scenario, lambda process: first[process.key])
        self.banks, self.fronts, self.spots, self.places = network.banks, network.fronts, network.spots, network.places
        self.workers, self.platform = network.workers, network.platform
        self.stations = network.stations()
        self.samples: list[Sample] = []
        self.begins = scenario.number("day.from") * HOUR
        self.cut_off = (scenario.number("day.until") + scenario.number("day.drain")) * HOUR
        self._streams = Streams(seed, replication)
        self._again = Again(scenario)
        self._chance = self._streams.alone(_FAULTS)
        self.trace = given[0] if given else trace(scenario, self.spots, self._streams)
        count = len(self.trace.arrivals)
        self._rows = iter(given[1]) if given else rows(scenario, count, self._streams)
        self.record = Record(count)
        self.ledger = Ledger(live=bytearray(count), last=bytearray(count))
        self._first += bytes(count)
        self._slowness = 1.0
        self._life = scenario.number("code.validity") + scenario.number("code.grace")
        self._refresh = scenario.number("code.refresh")
        self._retries = scenario.whole("client.retries")
        self._reversals = scenario.whole("client.reversals")
        self._reversal_pause = scenario.number("client.reversal_pause")
        self._retry_pause = scenario.number("client.retry_pause")
        self._watch = Watch(self.kernel, scenario.number("client.time_out"), self._give_up)

    def run(self) -> None:
        """Run until the day is cut off; whoever is still there then is unserved."""
        schedule(self)
        arrivals = self.trace.arrivals.tolist()
        spot_of = self.trace.spots.tolist()
        places, row, start, first = self.places, self._rows, self.kernel.start, self._first

        def begin(k: int) -> None:
            me = Process(k)
            drawn = next(row)
            me.deadline = arrivals[k] + drawn[0]
            first[k] = drawn[1] == 0
            start(me, self._settle(me, places[spot_of[k]], drawn, joined=arrivals[k]))

        sampler = Process()
        self.kernel.start(sampler, self._sampling(sampler))
        self.kernel.feed(arrivals, begin)
        self.kernel.run(until=self.cut_off)
        for place in places:
            place.counter.dismiss()
        for k, outcome in enumerate(self.record.outcomes):
            if outcome == Outcome.OPEN:
                self.record.outcomes[k] = Outcome.UNSERVED

    def slow_down(self, factor: float) -> None:
        """The platform takes `factor` times as long from now on."""
        self._slowness *= factor

    def cut(self, banks: Sequence[int], is_cut: bool) -> None:
        """Cut the lines of some banks to the platform, or mend them."""
        for bank in banks:
            self.fronts[bank].cuts += 1 if is_cut else -1

    def _settle(  # noqa: PLR0915 - one path, told in its order
        self, me: Process, place: Place, row: Row, *, joined: float, number: int = 0, since: float | None = None
    ) -> Steps:
        """From the queue (or, for a later try, at the counter) until the patient has left.

        `since` is when a settlement was asked whose outcome is still unknown.
        """
        env, record, k, his, front = self.kernel.env, self.record, me.key, place.his, place.front
        if not number:
            if not place.counter.seize(me) and not (yield PARKED):
                record.ends[k] = me.left_at
                record.outcomes[k] = Outcome.UNSERVED if me.left_at >= self.cut_off else Outcome.LEFT
                return
            record.starts[k] = env.now
            me.deadline = math.inf
        while True:
            yield row[_PRESENT] + row[_SCAN]
            now = env.now
            issued = joined if row[_FROZEN] else now - (row[_PHASE] + now - joined) % self._refresh
            record.asked[k] = now if since is None else since
            record.tries[k] = min(MOST_TRIES, number + 1)
            if his is None:
                yield row[_HIS]
            else:
                if not his.seize(me):
                    yield PARKED
                yield row[_HIS]
                his.release()
            me.number = number
            self._watch.await_answer(me)
            reply = yield from self._exchange(me, front, row, issued)
            if reply is Reply.LOST:
                return
            rest = me.rest
            if rest and env.now + rest >= me.due:
                yield rest
                rest = 0.0
            if me.answered:
                self.tally.late_answers += 1
                return
            me.answered = True
            record.told[k] = env.now + rest
            if reply is Reply.BOOKED:
                record.outcomes[k] = Outcome.SETTLED
                break
            number += 1
            if reply is Reply.EXPIRED:
                self.tally.expired += 1
            else:
                self.tally.unavailable += 1
            if number > self._retries:
                record.outcomes[k] = Outcome.CASH
                break
            yield rest if reply is Reply.EXPIRED else self._retry_pause
            since = None
            joined = env.now
            row = self._again.row(self._streams.alone(k, number))
        yield rest + row[_LEAVE]
        record.ends[k] = env.now
        place.counter.release()

    def _exchange(self, me: Process, front: Front, row: Row, issued: float) -> Exchange:
        """From the front to the platform and back. Goes on when the client has given up: nobody tells the platform.

        On return `me.rest` says how long the front still takes to verify the answer.
        """
        _, _, _, _, _, _, _, sign, out, verify, split, debit, sign_back, back, verify_back, _ = row
        machines, workers, platform = front.machines, self.workers, self.platform
        me.rest = 0.0
        if not front.sessions.seize(me):
            yield PARKED
        if machines.dead:
            if not (yield from self._operate(machines, sign)):
                front.sessions.release()
                return Reply.UNAVAILABLE
        else:
            out += machines.station.visit(sign)
        if not front.is_cut():
            yield out
        if front.is_cut():
            return (yield from self._lost(me, front))
        if not workers.seize(me):
            yield PARKED
        verified = 0.0
        if platform.dead:
            if not (yield from self._operate(platform, verify)):
                workers.release()
                yield back
                front.sessions.release()
                return Reply.UNAVAILABLE
        else:
            verified = platform.station.visit(verify)
        expired = self.kernel.env.now + verified - issued > self._life
        if expired:
            yield verified
        else:
            yield verified + split * self._slowness
            if not front.debits.seize(me):
                yield PARKED
            yield debit
            front.debits.release()
            if not self.ledger.book(me.key, me.number):
                self.tally.overtaken += 1
        signed = True
        if platform.dead:
            signed = yield from self._operate(platform, sign_back)
        else:
            yield platform.station.visit(sign_back)
        workers.release()
        if front.is_cut() or not signed:
            return (yield from self._lost(me, front))
        yield back
        if front.is_cut():
            return (yield from self._lost(me, front))
        front.sessions.release()
        if machines.dead:
            if not (yield from self._operate(machines, verify_back)):
                self.tally.lost += 1
                return Reply.LOST
        else:
            me.rest = machines.station.visit(verify_back)
        return Reply.EXPIRED if expired else Reply.BOOKED

    def _lost(self, me: Process, front: Front) -> Exchange:
        """No answer will come; the session is held until the client's time is over."""
        self.tally.lost += 1
        wait = me.due - self.kernel.now
        if wait > 0 and not me.answered:
            yield wait
        front.sessions.release()
        return Reply.LOST

    def _operate(self, machines: Machines, seconds: float) -> Generator[float | None, bool | None, bool]:
        """An operation while a machine is dead: a call to it times out and the next machine is asked."""
        dark = machines.dark
        while True:
            alive = machines.count - machines.dead
            dark = min(dark, machines.dark)
            if dark + alive == 0:
                return False
            if self._chance.random() * (dark + alive) >= dark:
                yield machines.station.visit(seconds)
                return True
            self.tally.dead_calls += 1
            dark -= 1
            yield machines.time_out

    def _give_up(self, late: Process) -> None:
        """The client's time is over: a settlement's counter takes over, a reversal's counter hears of it."""
        self.tally.time_outs += 1
        if late.client is not None:
            self.kernel.resume(late.client, False)
            return
        counter = Process(late.key)
        self.kernel.start(counter, self._unknown(counter, late.number))

    def _unknown(self, me: Process, number: int) -> Steps:
        """The outcome is unknown: reverse until that is confirmed, then try again or have the person pay otherwise."""
        k, record = me.key, self.record
        place = self.places[self.trace.spots[k]]
        confirmed = False
        for sent in range(self._reversals):
            if sent:
                yield self._reversal_pause
            self._start_reversal(me, place.front, number, sent)
            if (yield PARKED):
                confirmed = True
                break
        if confirmed and number < self._retries:
            again = self._again.row(self._streams.alone(k, number + 1))
            yield from self._settle(me, place, again, joined=self.kernel.now, number=number + 1, since=record.asked[k])
            return
        if not confirmed:
            job = Process(k)
            self.kernel.start(job, self._in_background(job, place.front, number))
        record.told[k] = self.kernel.now
        record.outcomes[k] = Outcome.CASH
        yield self._again.one(self._streams.alone(k, number, _REVERSAL), "leave")
        record.ends[k] = self.kernel.now
        place.counter.release()

    def _in_background(self, me: Process, front: Front, number: int) -> Steps:
        sent = self._reversals
        pause = BACKGROUND_PAUSE
        while True:
            yield pause
            pause *= 2
            self._start_reversal(me, front, number, sent)
            sent += 1
            if (yield PARKED):
                return

    def _start_reversal(self, client: Process, front: Front, number: int, sent: int) -> None:
        reversal = Process(client.key)
        reversal.client, reversal.number = client, number
        self.tally.reversals += 1
        self.kernel.start(reversal, self._reverse(reversal, front, sent))

    def _reverse(self, me: Process, front: Front, sent: int) -> Steps:
        yield 0.0
        self._watch.await_answer(me)
        lot = self._streams.alone(me.key, me.number, _REVERSAL, sent)
        one = self._again.one
        if not (yield from self._operate(front.machines, one(lot, "sign"))):
            self._tell(me, confirmed=False)
            return
        if not front.sessions.seize(me):
            yield PARKED
        if not front.is_cut():
            yield one(lot, "network")
        if front.is_cut():
            yield from self._lost(me, front)
            return
        if not self.workers.seize(me):
            yield PARKED
        done = yield from self._operate(self.platform, one(lot, "verify"))
        if done:
            yield one(lot, "reverse") * self._slowness
            self.ledger.reverse(me.key, me.number)
            done = yield from self._operate(self.platform, one(lot, "sign"))
        self.workers.release()
        if front.is_cut() or not done:
            yield from self._lost(me, front)
            return
        yield one(lot, "network")
        front.sessions.release()
        done = yield from self._operate(front.machines, one(lot, "verify"))
        self._tell(me, confirmed=done)

    def _tell(self, me: Process, *, confirmed: bool) -> None:
        if not me.answered and me.client is not None:
            me.answered = True
            self.kernel.resume(me.client, confirmed)

    def _sampling(self, me: Process) -> Steps:
        at = self.begins
        while at < self.cut_off:
            self.kernel.at(at, me)
            yield PARKED
            self.samples.append(
                Sample(
                    at=at,
                    busy=tuple(station.busy_seconds for _, station in self.stations),
                    queued=tuple(station.queue_seconds for _, station in self.stations),
                    capacity=tuple(station.capacity for _, station in self.stations),
                )
            )
            at += SAMPLE
