"""The mobile-payment centre beside a platform: orders are settled on the platform's ledger."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fixtures.population import Person
from harness.bench.plugin import SimulatorContext
from harness.clock import local_time
from harness.faults.catalogue import Effect, Fault
from harness.faults.schedule import FaultSchedule
from harness.wire import institution as wire
from harness.wire.msgid import make_msgid
from simulators.mobile_payment.settings import MobilePaymentSettings
from simulators.platform import SIMULATOR as PLATFORM
from simulators.platform.settings import PlatformSettings
from tests.simulators.mobile_payment.mobile_payment_rig import HOSPITAL, SEED, MobileRig

Settlement = dict[str, Any]


class SettledRig(MobileRig):
    """A MobileRig whose centre knows a platform; faults of the platform are planned with `trouble`."""

    def __init__(
        self,
        settings: MobilePaymentSettings | None = None,
        *,
        platform: PlatformSettings | None = None,
        profile: str = "qinghai",
    ) -> None:
        super().__init__(settings or MobilePaymentSettings(pays_after_s=0))
        self.platform_faults = FaultSchedule("platform", self.tape)
        context = SimulatorContext(
            name="platform",
            clock=self.clock,
            tape=self.tape,
            seed=SEED,
            faults=self.platform_faults,
            profile=profile,
        )
        self.platform, self.platform_at = self.started(PLATFORM, platform or PlatformSettings(), context)
        self.loop.call(self._introduce())
        self.numbers = 0

    async def _introduce(self) -> None:
        self.platform.connect({"voucher-centre": self.voucher_at})
        self.payment.connect({"voucher-centre": self.voucher_at, "platform": self.platform_at.at})

    def close(self) -> None:
        """Stop everything."""
        self.loop.call(self.platform.stop())
        super().close()

    def as_new(self) -> "SettledRig":
        """For the next test."""

        async def reset() -> None:
            await asyncio.gather(self.platform.reset(seed=SEED))

        self.loop.call(reset())
        self.platform_faults.clear()
        super().as_new()
        self.numbers = 0
        return self

    # --- the platform ---

    def trouble(self, infno: str, effect: Effect, nth: int = 1) -> None:
        """Schedule a fault on the n-th message of a transaction at the platform."""
        self.platform_faults.plan(Fault(party="platform", message=infno, effect=effect, nth=nth))

    def books(self) -> dict[str, Any]:
        """The platform's state by its back door."""
        found: dict[str, Any] = self.http.get(self.platform_at.also["control"] + "/state").json()
        return found

    def settlements(self) -> list[Settlement]:
        """Everything that stands in the ledger."""
        found: list[Settlement] = self.books()["settlements"]
        return found

    def account(self, person: Person) -> int:
        """A person's account at the platform, in fen."""
        return int(next(row["balance_fen"] for row in self.books()["people"] if row["psn_no"] == person.psn_no))

    def orders_by_id(self) -> dict[str, dict[str, Any]]:
        """The centre's orders."""
        rows = self.http.get(self.at.also["control"] + "/state").json()["orders"]
        return {row["pay_ord_id"]: row for row in rows}

    def at_counter(self, infno: str, data: Mapping[str, object], *, sign_no: str = "") -> dict[str, Any]:
        """A transaction of the hospital itself, by its cashier 001."""
        self.numbers += 1
        at = local_time(self.clock)
        envelope = wire.Envelope(
            infno=infno,
            msgid=make_msgid(HOSPITAL.code, at=at, seq=self.numbers),
            at=at,
            institution=HOSPITAL.code,
            institution_name=HOSPITAL.name,
            area="639900",
            insured_place="639900",
            operator="001",
            operator_name="收银员",
            sign_no=sign_no,
            signtype="MOCK",
        )
        url = self.platform_at.at + "/fsi/api/callService"
        found: dict[str, Any] = self.http.post(url, json=wire.request(envelope, data)).json()
        return found

    def cashier(self) -> str:
        """Sign the hospital's cashier in; the number of the sign-in."""
        answer = self.at_counter("9001", {"signIn": {"opter_no": "001", "mac": "x", "ip": "x"}})
        return str(answer["output"]["signinoutb"]["sign_no"])
