"""The mobile-payment centre beside a platform, with its orders in a ledger, and restarts of the centre alone."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from simulators.mobile_payment import SIMULATOR
from simulators.mobile_payment.settings import MobilePaymentSettings
from tests.simulators.mobile_payment.mobile_payment_rig import NAME, SEED
from tests.simulators.mobile_payment.settled_rig import SettledRig


class DurableRig(SettledRig):
    """A SettledRig whose centre can end in the middle of anything and be started again on what it had saved."""

    def restart(self, **changes: Any) -> None:
        """End the centre where it stands (nothing is saved at an end) and start it again on its ledger."""
        with patch("harness.line.http.GRACE_S", 0.05):  # whoever waits for an answer of it waits in vain
            self.loop.call(self.payment.stop())
        self.settings = replace(self.settings, **changes)
        self.payment, self.at = self.started(SIMULATOR, self.settings, self._context(NAME, SEED))
        self.loop.call(self._introduce())
        self.loop.settle()

    def in_the_midst(self, infno: str, deed: Callable[[], object]) -> None:
        """Have somebody do something, and end the centre when the platform has got `infno` of it; start it again."""
        before = self.tape.seq
        person = threading.Thread(target=_without_answer, args=(deed,))
        person.start()
        named = f'"infno":"{infno}"'.encode()
        found = self.tape.wait_for(
            lambda record: record.channel.startswith("platform.http") and named in (record.data or b""),
            since=before,
            timeout=60,
        )
        assert found is not None, f"no {infno} at the platform"
        self.restart()
        person.join(60)
        assert not person.is_alive()


def durable(ledger: str | None, **settings: Any) -> DurableRig:
    """A rig on a ledger in which nobody pays by themselves."""
    return DurableRig(MobilePaymentSettings(**{"pays_after_s": 0, "ledger": ledger, **settings}))


def _without_answer(deed: Callable[[], object]) -> None:
    try:
        deed()
    except Exception:
        return
