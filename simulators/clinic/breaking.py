"""What a fault does to a day: SimPy processes that change its stations at their time and put them back."""

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

import simpy

from simulators.clinic.faults import Fault, FaultKind
from simulators.clinic.kernel import Station
from simulators.clinic.parts import Machines
from simulators.clinic.sites import PLATFORM, Channel

if TYPE_CHECKING:
    from simulators.clinic.model import ClinicDay


def schedule(day: "ClinicDay") -> None:
    """Put every fault of the scenario on the day's event list."""
    for fault in day.scenario.faults:
        env = day.kernel.env
        env.process(_happen(env, fault, *_effects(day, fault)))
        if fault.kind is FaultKind.MACHINE_FAILS:
            env.process(_detected(env, day, fault))


def _happen(
    env: simpy.Environment, fault: Fault, strike: Callable[[], None], mend: Callable[[], None]
) -> Generator[simpy.Event, None, None]:
    yield env.timeout(fault.at)
    strike()
    yield env.timeout(fault.seconds)
    mend()


def _detected(env: simpy.Environment, day: "ClinicDay", fault: Fault) -> Generator[simpy.Event, None, None]:
    yield env.timeout(fault.at + min(day.scenario.number("machine.detect"), fault.seconds))
    for machines in _machines(day, fault):
        machines.detect(fault.machines)


def _machines(day: "ClinicDay", fault: Fault) -> list[Machines]:
    if fault.bank == PLATFORM:
        return [day.platform]
    return [day.fronts[day.banks.index(bank)].machines for bank in fault.banks(day.scenario)]


def _effects(day: "ClinicDay", fault: Fault) -> tuple[Callable[[], None], Callable[[], None]]:
    match fault.kind:
        case FaultKind.MACHINE_FAILS:
            hit = _machines(day, fault)
            return (
                lambda: _each(hit, lambda machines: machines.fail(fault.machines)),
                lambda: _each(hit, lambda machines: machines.restore(fault.machines)),
            )
        case FaultKind.PLATFORM_SLOWS:
            return lambda: day.slow_down(fault.factor), lambda: day.slow_down(1 / fault.factor)
        case FaultKind.LINE_CUT:
            banks = [day.banks.index(bank) for bank in fault.banks(day.scenario)]
            return lambda: day.cut(banks, True), lambda: day.cut(banks, False)
        case FaultKind.BANK_STOPS:
            fronts = [day.fronts[day.banks.index(bank)] for bank in fault.banks(day.scenario)]
            return _fewer([front.debits for front in fronts], lambda _: 0)
        case FaultKind.WINDOWS_CLOSE:
            windows = [
                place.counter
                for place, spot in zip(day.places, day.spots, strict=True)
                if spot.channel is Channel.WINDOW
            ]
            return _fewer(windows, lambda count: max(1, round(count * (1 - fault.share))))


def _each(hit: Sequence[Machines], effect: Callable[[Machines], None]) -> None:
    for machines in hit:
        effect(machines)


def _fewer(stations: Sequence[Station], left: Callable[[int], int]) -> tuple[Callable[[], None], Callable[[], None]]:
    usual = [station.capacity for station in stations]

    def strike() -> None:
        for station, count in zip(stations, usual, strict=True):
            station.set_capacity(left(count))

    def mend() -> None:
        for station, count in zip(stations, usual, strict=True):
            station.set_capacity(count)

    return strike, mend
