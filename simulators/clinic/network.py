"""What a clinic's day is played on: counters and HIS pools by place, the banks' fronts, the platform, as stations."""

from collections.abc import Callable

from simulators.clinic.kernel import Kernel, PriorityStation, Process, Reserved, Station
from simulators.clinic.parts import Front, Machines, Place
from simulators.clinic.scenario import Scenario
from simulators.clinic.sites import Channel, Spot, bank_names, spots


class Network:
    """The stations of a scenario, empty; `rank` is a process's place in a queue with priority, 0 first."""

    def __init__(self, kernel: Kernel, scenario: Scenario, rank: Callable[[Process], int]) -> None:
        self.banks = bank_names(len(scenario.shares("bank.split")))
        self.fronts = [Front(kernel, scenario) for _ in self.banks]
        self.workers = Station(kernel, scenario.whole("platform.workers"))
        self.platform = Machines(
            kernel,
            count=scenario.whole("platform.machines"),
            sessions=scenario.whole("platform.machine_sessions"),
            time_out=scenario.number("machine.time_out"),
        )
        self.spots: tuple[Spot, ...] = spots(scenario)
        self.places = self._places(kernel, scenario, rank)

    def stations(self) -> list[tuple[str, Station | Reserved]]:
        """The stations behind the counters, by name."""
        found: list[tuple[str, Station | Reserved]] = [
            ("platform.workers", self.workers),
            ("platform.machines", self.platform.station),
        ]
        for bank, front in zip(self.banks, self.fronts, strict=True):
            found += [
                (f"{bank}.machines", front.machines.station),
                (f"{bank}.sessions", front.sessions),
                (f"{bank}.debits", front.debits),
            ]
        pools = {id(place.his): place.his for place in self.places if place.his is not None}
        return [*found, *(("his", pool) for pool in pools.values())]

    def _places(self, kernel: Kernel, scenario: Scenario, rank: Callable[[Process], int]) -> list[Place]:
        threads = scenario.whole("hospital.his_pool")
        with_priority = scenario.number("priority.share") > 0
        pools: dict[int, Station] = {}
        found = []
        for spot in self.spots:
            at_hospital = spot.channel in {Channel.WINDOW, Channel.KIOSK}
            if at_hospital and spot.site not in pools:
                pools[spot.site] = Station(kernel, threads)
            counter = PriorityStation(kernel, spot.counters, rank) if with_priority else Station(kernel, spot.counters)
            found.append(Place(counter=counter, his=pools.get(spot.site), front=self.fronts[spot.bank]))
        return found
