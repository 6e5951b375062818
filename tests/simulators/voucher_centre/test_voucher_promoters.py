"""Promoters: rewards for people newly activated in their channel, withdrawals and their limits."""

from collections.abc import Callable
from typing import Any

import pytest

from fixtures.population import Person
from harness.bench.settings import read_settings
from harness.errors import ConfigError
from harness.wire import voucher_messages as messages
from simulators.voucher_centre.settings import VoucherCentreSettings
from tests.simulators.insurer_rig import PEOPLE, Rig
from tests.simulators.voucher_centre.test_voucher_activation import Walk

NOBODY, OTHER, P1 = PEOPLE["P005"], PEOPLE["P019"], PEOPLE["P001"]
NEW, RICH = "TG639900001", "TG639900002"


def promoter(rig: Rig, code: str, action: str = "account", **more: object) -> dict[str, Any]:
    body = {"transType": "ec.promoter", "action": action, "promoterCode": code, **more}
    return rig.centre_post(messages.PROMOTER_PATH, body)


def balance(rig: Rig, code: str) -> str:
    return str(promoter(rig, code)["data"]["balance"])


def activate(rig: Rig, person: Person, channel: str, code: str = NEW) -> list[int]:
    return [answer["code"] for answer in Walk(rig, person, channel, promoterCode=code).all()]


def test_each_activation_earns_two_to_three_yuan(rig: Rig) -> None:
    assert set(activate(rig, NOBODY, "alipay")) == {0}
    assert balance(rig, NEW) == "2.00"
    activate(rig, OTHER, "alipay", RICH)
    assert balance(rig, RICH) == "203.00"
    assert [event["amount_fen"] for event in rig.events("promoter-earned")] == [200, 300]


@pytest.mark.parametrize(
    ("person", "channel", "why"), [(NOBODY, "wechat", "other-channel"), (P1, "alipay", "already-activated")]
)
def test_nothing_is_earned_in_another_channel_or_twice(rig: Rig, person: Person, channel: str, why: str) -> None:
    activate(rig, person, channel)
    assert balance(rig, NEW) == "0.00"
    assert rig.events("promoter-not-rewarded")[0]["why"] == why


def test_an_unknown_promoter_begins_nothing(rig: Rig) -> None:
    assert Walk(rig, NOBODY, "alipay", promoterCode="TG0").step("identity")["code"] == 980005
    assert promoter(rig, "TG0")["code"] == 980005


def test_two_withdrawals_a_day_of_at_most_sixty_yuan(rig: Rig) -> None:
    for _ in range(2):
        assert promoter(rig, RICH, "withdraw", amount="60.00")["data"]["result"] == "paid"
    third = promoter(rig, RICH, "withdraw", amount="1.00")
    assert (third["code"], third["data"]["why"]) == (980028, "withdrawals-per-day")
    assert balance(rig, RICH) == "80.00"
    rig.clock.step(seconds=16 * 3600)
    assert promoter(rig, RICH, "withdraw", amount="1.00")["code"] == 0, "a new day in Beijing"


@pytest.mark.parametrize(("approve", "left", "result"), [(True, "139.99", "paid"), (False, "200.00", "rejected")])
def test_a_person_reviews_what_is_above(rig: Rig, approve: bool, left: str, result: str) -> None:
    asked = promoter(rig, RICH, "withdraw", amount="60.01")["data"]
    assert (asked["result"], asked["balance"], asked["reviewDays"]) == ("in-review", "139.99", "1-3")
    assert len(rig.events("promoter-review")) == 1
    decided = promoter(rig, RICH, "review", withdrawalNo=asked["withdrawalNo"], approve=approve)["data"]
    assert (decided["result"], decided["balance"]) == (result, left)
    again = promoter(rig, RICH, "review", withdrawalNo=asked["withdrawalNo"], approve=approve)
    assert again["code"] == 980005


@pytest.mark.parametrize(
    ("amount", "code"), [("200.01", 980028), ("0.00", 980028), ("-1.00", 980028), ("1.001", 980005), (None, 980005)]
)
def test_a_wrong_withdrawal_moves_nothing(rig: Rig, amount: str | None, code: int) -> None:
    assert promoter(rig, RICH, "withdraw", amount=amount)["code"] == code
    assert balance(rig, RICH) == "200.00"


def test_a_red_packet_is_at_most_999_yuan(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(red_packet_fen=500))
    activate(rig, NOBODY, "alipay")
    assert [(e["id_no"], e["amount_fen"]) for e in rig.events("red-packet")] == [(NOBODY.id_no, 500)]
    with pytest.raises(ConfigError):
        read_settings(VoucherCentreSettings, {"red_packet_fen": 99901}, where="bench.toml")
