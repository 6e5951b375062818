"""The driver of a mobile-payment centre: it asks on while an order is under way, and takes no such state for an end."""

from collections.abc import Callable, Iterator

import pytest

from harness.bench.settings import read_settings
from harness.devices.mobile_payment import Followed, MobilePayment
from harness.faults.catalogue import Effect
from harness.wire.mobile_payment import EnvelopeError, Standing
from simulators.mobile_payment.settings import MobilePaymentSettings
from tests.simulators.mobile_payment.mobile_payment_rig import PEOPLE, MobileRig

P2 = PEOPLE["P002"]
Make = Callable[..., MobileRig]


@pytest.fixture
def make() -> Iterator[Make]:
    rigs: list[MobileRig] = []

    def made(**settings: object) -> MobileRig:
        rigs.append(MobileRig(read_settings(MobilePaymentSettings, {"pays_after_s": 0, **settings}, where="test")))
        return rigs[-1]

    yield made
    for rig in rigs:
        rig.close()


def follow(rig: MobileRig, order: dict[str, object], *, most: int = 9) -> tuple[Followed, list[int]]:
    paused: list[int] = []
    with MobilePayment(rig.at.at, rig.codec, rig.variant, now_ns=rig.clock.now_ns) as centre:
        return centre.follow(rig.about(order), pause=paused.append, most=most), paused


def test_states_without_a_public_meaning_are_asked_for_again_until_the_end(make: Make) -> None:
    states = [str(state) for state in range(18, 26)]
    rig = make(shown_states=",".join(states))
    followed, paused = follow(rig, rig.paid(P2))
    assert (followed.standing, followed.ord_stas, followed.asked) == (Standing.PAID, "6", 9)
    assert followed.answer["feeSumamt"] == "44.98"
    assert paused == [5] * 8


@pytest.mark.parametrize("state", [str(state) for state in range(26)])
def test_every_state_can_be_shown_and_ends_the_asking_or_not(make: Make, state: str) -> None:
    rig = make(shown_states=f",,{state}")
    order = rig.uploaded(P2)
    assert [rig.status(order) for _ in range(4)] == ["0", "0", state, "0"], "the truth before and after"
    other = rig.uploaded(P2)
    followed, _ = follow(rig, other, most=4)
    under_way = int(state) in {0, 1, 2, 3, *range(17, 26)}
    assert followed.asked == (4 if under_way else 3)
    assert (followed.standing is Standing.UNDER_WAY) == under_way
    assert (followed.standing is Standing.FAILED) == (state in {"14", "15", "16"})
    assert (followed.standing is Standing.PAID) == (state in {"4", "5", "6"})


def test_an_answer_that_is_lost_is_neither_an_end(make: Make) -> None:
    rig = make()
    order = rig.paid(P2)
    rig.disturb("6301", Effect.CUT_CONNECTION)
    followed, _ = follow(rig, order)
    assert (followed.standing, followed.asked) == (Standing.PAID, 2)


def test_an_order_that_never_ends_is_still_under_way_at_last(make: Make) -> None:
    rig = make(insurance_leg="never-ends")
    followed, paused = follow(rig, rig.paid(P2), most=3)
    assert (followed.standing, followed.ord_stas, followed.asked, paused) == (Standing.UNDER_WAY, "2", 3, [5, 5])


def test_a_refusal_says_so(make: Make) -> None:
    rig = make()
    order = {**rig.uploaded(P2), "payToken": "another"}
    with (
        MobilePayment(rig.at.at, rig.codec, rig.variant, now_ns=rig.clock.now_ns) as centre,
        pytest.raises(EnvelopeError, match="982011"),
    ):
        centre.follow(rig.about(order), pause=lambda _: None)
