"""`mobile`: a mobile-payment centre as new for each test; `make_mobile` gives one with other settings."""

from collections.abc import Callable, Iterator

import pytest

from harness.bench.settings import read_settings
from simulators.mobile_payment.settings import MobilePaymentSettings
from tests.simulators.mobile_payment.mobile_payment_rig import MobileRig


@pytest.fixture(scope="module")
def shared_mobile() -> Iterator[MobileRig]:
    # The person pays when the test says so; the other way has a test of its own.
    rig = MobileRig(MobilePaymentSettings(pays_after_s=0))
    yield rig
    rig.close()


@pytest.fixture
def mobile(shared_mobile: MobileRig) -> MobileRig:
    return shared_mobile.as_new()


@pytest.fixture
def make_mobile() -> Iterator[Callable[..., MobileRig]]:
    rigs: list[MobileRig] = []

    def make(*, seed: int = 7, alone: bool = False, **settings: object) -> MobileRig:
        chosen = read_settings(MobilePaymentSettings, {"pays_after_s": 0, **settings}, where="test")
        rigs.append(MobileRig(chosen, seed=seed, alone=alone))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()
