"""A clinic day: conservation, accounts, codes, patience, time-outs with reversal, and what faults do."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from simulators.clinic.draws import Streams, rows, trace
from simulators.clinic.faults import EVERY_BANK, Fault, FaultKind
from simulators.clinic.model import ClinicDay
from simulators.clinic.parts import Outcome
from simulators.clinic.recursion import waits
from simulators.clinic.scenario import Scenario, load_scenario
from simulators.clinic.summary import summarise
from tests.simulators.clinic.clinic_rig import day, small


def outcomes(of: ClinicDay) -> Counter[Outcome]:
    return Counter(Outcome(one) for one in of.record.outcomes)


def late_banks(of: ClinicDay) -> set[int]:
    """The banks whose people were not answered in time."""
    late = np.array(of.record.told) - np.array(of.record.asked) > 9.9
    return {of.spots[spot].bank for spot in of.trace.spots[late]}


def with_fault(scenario: Scenario, kind: FaultKind, **more: object) -> Scenario:
    fault = replace(Fault(kind=kind, at=9 * 3600.0, seconds=1200.0), **more)  # type: ignore[arg-type]  # of a test
    fault.check(scenario)
    return replace(scenario, faults=(fault,))


def test_everybody_is_accounted_for_and_pays_once() -> None:
    found = day(small(hospital__windows=1, patience__mean=120, population__insured=1_500_000))
    counted = outcomes(found)
    assert counted[Outcome.LEFT] > 0
    assert counted[Outcome.SETTLED] > 0
    assert counted[Outcome.OPEN] == 0
    assert counted.total() == len(found.trace.arrivals)
    for outcome, live in zip(found.record.outcomes, found.ledger.live, strict=True):
        assert live == (outcome == Outcome.SETTLED)


def test_the_same_seed_gives_the_same_day_and_another_another() -> None:
    one, same, other = day(small()), day(small()), day(small(), seed=2)
    assert one.record.told == same.record.told
    assert one.record.told.tolist() != other.record.told.tolist()


@pytest.mark.parametrize(("windows", "kiosks"), [(1, 1), (2, 1)])
def test_waits_at_every_counter_are_exactly_the_recursions(windows: int, kiosks: int) -> None:
    """Whatever happens behind the counters: with each person's own time there, the queue is the recursion's."""
    scenario = small(
        hospital__windows=windows,
        hospital__kiosks=kiosks,
        pharmacy__counters=1,
        patience__mean=1_000_000,
        patience__cv=0,
        priority__share=0,
        day__drain=8.0,
        population__insured=300_000,
    )
    found = day(scenario)
    starts, ends = np.array(found.record.starts), np.array(found.record.ends)
    worst, waited = 0.0, 0
    for k, spot in enumerate(found.spots):
        mine = np.flatnonzero(found.trace.spots == k)
        arrivals = found.trace.arrivals[mine]
        exact = np.array(waits(arrivals.tolist(), (ends - starts)[mine].tolist(), spot.counters))
        if len(mine):
            worst = max(worst, float(np.abs(starts[mine] - arrivals - exact).max()))
            waited += int(np.count_nonzero(exact > 1))
    assert waited > 100, "nobody queued: the test says nothing"
    assert worst < 1e-6


def test_littles_law_and_the_stations_accounts_hold() -> None:
    found = day(small(hospital__windows=1, patience__mean=1_000_000, day__drain=8.0))
    arrivals, ends = found.trace.arrivals, np.array(found.record.ends)
    points = np.concatenate([arrivals, ends])
    order = np.argsort(points)
    present = np.cumsum(np.where(order < len(arrivals), 1, -1))
    area = float(np.sum(present[:-1] * np.diff(points[order])))
    assert area == pytest.approx(float((ends - arrivals).sum()), rel=1e-9)
    queue = sum(place.counter.queue_seconds for place in found.places)
    assert queue == pytest.approx(float((np.array(found.record.starts) - arrivals).sum()), rel=1e-6, abs=1e-3)
    busy = sum(place.counter.busy_seconds for place in found.places)
    assert busy == pytest.approx(float((ends - np.array(found.record.starts)).sum()), rel=1e-6)


def test_every_server_is_free_again_when_the_day_has_drained() -> None:
    for scenario in (small(), with_fault(small(), FaultKind.LINE_CUT, bank=EVERY_BANK)):
        found = day(scenario)
        assert all(place.counter.busy == 0 for place in found.places)
        assert found.workers.busy == 0
        assert all(front.sessions.busy == front.debits.busy == 0 for front in found.fronts)


def test_people_are_the_same_whatever_is_asked_of_the_scenario() -> None:
    few, many = small(hospital__windows=1), small(hospital__windows=9)
    assert (trace(few, day(few).spots, Streams(1, 0)).arrivals == day(many).trace.arrivals).all()
    assert list(rows(few, 50, Streams(1, 0))) == list(rows(many, 50, Streams(1, 0)))


def test_one_more_parameter_changes_no_other_stream() -> None:
    slow = small(step__debit__mean=0.5)
    assert [row[:11] for row in rows(slow, 50, Streams(1, 0))] == [row[:11] for row in rows(small(), 50, Streams(1, 0))]


def test_arrivals_follow_the_profile_and_the_mix() -> None:
    scenario = load_scenario("peak-day").with_values({"day.burstiness": 0})
    found = trace(scenario, ClinicDay(scenario, seed=1).spots, Streams(5, 0))
    mean = scenario.settlements_per_day
    assert len(found.arrivals) == pytest.approx(mean, abs=4 * math.sqrt(mean))
    at_windows = found.arrivals[found.channels == 0] / 3600
    assert np.mean((at_windows >= 8.5) & (at_windows < 9.5)) == pytest.approx(0.2743, abs=0.012)
    assert np.mean(found.channels == 2) == pytest.approx(0.30, abs=0.01)
    assert (np.diff(found.arrivals) >= 0).all()


def test_banks_are_split_six_three_one() -> None:
    scenario = load_scenario("peak-hour")
    banks = [spot.bank for spot in ClinicDay(scenario, seed=1).spots if spot.channel == "pharmacy"]
    assert [banks.count(bank) for bank in range(3)] == [2400, 1200, 400]


def test_burstiness_makes_counts_vary() -> None:
    def spread(burst: float) -> float:
        scenario = small(day__burstiness=burst, population__insured=1_000_000)
        found = trace(scenario, ClinicDay(scenario, seed=1).spots, Streams(1, 0))
        counts = np.histogram(found.arrivals, np.arange(8 * 3600, 10.5 * 3600, 300))[0]
        return float(np.std(np.diff(counts)))

    assert spread(0.8) > 2 * spread(0.0)


def test_frozen_codes_expire_while_people_queue_and_are_shown_again() -> None:
    fresh = day(small(hospital__windows=1, population__insured=1_000_000, code__frozen_share=0.0, code__grace=60.0))
    frozen = day(small(hospital__windows=1, population__insured=1_000_000, code__frozen_share=1.0))
    assert fresh.tally.expired == 0
    waited = np.array(frozen.record.starts) - frozen.trace.arrivals
    assert frozen.tally.expired >= np.count_nonzero(waited > 60)
    assert frozen.tally.expired > 100
    assert max(frozen.record.tries) == 2


def test_without_grace_some_codes_expire_on_their_way() -> None:
    """A code rotates each 60 s; what is left of its life when it is scanned is even, the way takes about .3 s."""
    found = day(small(population__insured=600_000, code__frozen_share=0.0))
    share = found.tally.expired / len(found.trace.arrivals)
    assert 0.001 < share < 0.012


def test_a_platform_slower_than_the_time_out_leads_to_reversals_and_no_double_booking() -> None:
    found = day(with_fault(small(), FaultKind.PLATFORM_SLOWS, factor=200.0))
    assert found.tally.time_outs > 20
    assert found.tally.reversals > 20
    assert found.tally.late_answers > 0
    live = Counter(zip(found.record.outcomes, found.ledger.live, strict=True))
    assert set(live) <= {(Outcome.SETTLED, 1), (Outcome.CASH, 0), (Outcome.LEFT, 0)}


def test_a_cut_line_loses_requests_until_it_is_mended() -> None:
    usual = day(small())
    cut = day(with_fault(small(), FaultKind.LINE_CUT, bank="ICBC"))
    assert cut.tally.lost > 0
    assert cut.tally.time_outs >= cut.tally.reversals - cut.tally.time_outs
    assert outcomes(cut)[Outcome.CASH] > 0
    before = np.array(cut.record.asked) < 9 * 3600 - 60
    assert (np.array(cut.record.told)[before] == np.array(usual.record.told)[before]).all()
    after = usual.trace.arrivals > (9 * 60 + 30) * 60
    assert np.nanmax((np.array(cut.record.told) - np.array(cut.record.asked))[after]) < 11


def test_one_of_two_machines_fails_and_only_calls_before_its_detection_are_late() -> None:
    usual = day(small(population__insured=600_000))
    failed = day(with_fault(small(population__insured=600_000), FaultKind.MACHINE_FAILS, bank="ICBC"))
    late = np.array(failed.record.told) - np.array(failed.record.asked) > 3.0
    asked = np.array(failed.record.asked)[late]
    assert failed.tally.dead_calls > 5
    assert outcomes(failed) == outcomes(usual)
    assert np.count_nonzero((asked > 9 * 3600 - 5) & (asked < 9 * 3600 + 31)) >= 5
    assert np.count_nonzero(asked > 9 * 3600 + 45) <= 2


def test_the_only_machine_fails_and_its_banks_people_must_pay_otherwise() -> None:
    scenario = with_fault(small(bank__machines=1), FaultKind.MACHINE_FAILS, bank="ICBC")
    found = day(scenario)
    cash = [k for k, outcome in enumerate(found.record.outcomes) if outcome == Outcome.CASH]
    assert found.tally.unavailable > 0
    assert cash
    assert {found.spots[found.trace.spots[k]].bank for k in cash} == {0}
    assert all(8.9 < found.record.told[k] / 3600 < 9.4 for k in cash)


def test_the_platforms_own_machines_fail_too() -> None:
    scenario = with_fault(small(platform__machines=1), FaultKind.MACHINE_FAILS, bank="platform")
    assert outcomes(day(scenario))[Outcome.CASH] > 0


def test_a_stopped_bank_holds_its_own_people_up() -> None:
    found = day(with_fault(small(bank__platform_sessions=8), FaultKind.BANK_STOPS, bank="BOC"))
    assert late_banks(found) == {1}


def test_a_stopped_bank_with_more_sessions_than_the_platform_has_workers_holds_everybody_up() -> None:
    found = day(with_fault(small(bank__platform_sessions=32, platform__workers=24), FaultKind.BANK_STOPS, bank="BOC"))
    assert late_banks(found) == {0, 1, 2}


def test_closed_windows_lengthen_the_queue_and_open_again() -> None:
    scenario = small(hospital__windows=2, population__insured=1_500_000)
    usual = summarise(day(scenario)).measures
    closed = summarise(day(with_fault(scenario, FaultKind.WINDOWS_CLOSE, share=0.5))).measures
    assert closed["wait.window.p95"] > usual["wait.window.p95"] + 30
    assert closed["wait.kiosk.p95"] == pytest.approx(usual["wait.kiosk.p95"], abs=1.0)


def test_overload_beyond_any_capacity_ends_and_says_so() -> None:
    scenario = small(population__insured=6_000_000, hospital__windows=1, patience__mean=100_000, day__drain=0.5)
    found = day(scenario)
    counted = outcomes(found)
    assert counted[Outcome.UNSERVED] > 1000
    assert counted.total() == len(found.trace.arrivals)
    assert summarise(found).measures["unserved"] == counted[Outcome.UNSERVED]


def test_a_day_without_patients_is_a_day() -> None:
    measures = summarise(day(small(day__factor=0))).measures
    assert measures["patients"] == 0
    assert math.isnan(measures["wait.mean"])


def test_priority_people_wait_less() -> None:
    found = day(small(hospital__windows=1, population__insured=1_500_000, priority__share=0.2, patience__mean=100_000))
    first = np.array([row[1] for row in rows(found.scenario, len(found.trace.arrivals), Streams(1, 0))]) > 0
    waited = np.array(found.record.starts) - found.trace.arrivals
    here = found.trace.channels == 0
    assert np.nanmean(waited[here & first]) < 0.5 * np.nanmean(waited[here & ~first])


def test_the_model_keeps_the_anchors_of_an_independent_one() -> None:
    """100 000 settlements an hour with that model's pools: latency .521 s, p95 .991, p99 1.394, and 20.93 s in all."""
    usual = load_scenario("peak-hour")
    scenario = usual.with_values(
        {
            "population.insured": 17_280_000,
            "day.factor": 1.0,
            "day.burstiness": 0,
            "day.from": 8.75,
            "day.until": 9.25,
            "profile.pharmacy": usual.shares("profile.hospital"),
            "profile.clinic": usual.shares("profile.hospital"),
            "hospital.skew": 0,
            "hospital.windows": 100,
            "hospital.kiosks": 100,
            "hospital.his_pool": 9,
            "pharmacy.counters": 10,
            "clinic.counters": 10,
            "platform.workers": 8,
            "bank.split": [1],
            "bank.platform_sessions": 1000,
            "bank.debit_sessions": 4,
            "scan.no_read": 0,
            "code.grace": 60,
            "code.frozen_share": 0,
        }
    )
    found = summarise(day(scenario, seed=3)).measures
    assert found["response.mean"] == pytest.approx(0.521, rel=0.03)
    assert found["response.p95"] == pytest.approx(0.991, rel=0.05)
    assert found["response.p99"] == pytest.approx(1.394, rel=0.05)
    assert found["total.mean"] == pytest.approx(20.93, rel=0.01)
