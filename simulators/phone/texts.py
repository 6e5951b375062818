"""What a phone tells its user when it cannot do something, in both languages, and as JSON for tools."""

import csv
from collections.abc import Mapping
from functools import cache

from fixtures import fixture
from fixtures.channels import Channel, bill_channels
from fixtures.population import Person, people
from harness.line.record import JsonValue


class Refusal(Exception):
    """The phone does not do what was asked, and tells the user why; `status` is for HTTP, `more` for tools."""

    def __init__(
        self,
        *,
        status: int,
        name: str,
        zh: str,
        en: str,
        more: Mapping[str, JsonValue] | None = None,
    ) -> None:
        super().__init__(en)
        self.status = status
        self.name = name
        self.zh = zh
        self.en = en
        self.more = dict(more or {})

    def as_json(self) -> dict[str, JsonValue]:
        """For tools: `error` in English, and the prompt that the user reads."""
        return {"error": self.en, "prompt": {"id": self.name, "zh": self.zh, "en": self.en}, **self.more}


@cache
def activation_flow(channel_id: str) -> str:
    """What a user goes through to activate a voucher in a channel; empty where its notice does not say."""
    with fixture("channels.csv").open("r", encoding="utf-8") as file:
        return next(row["activation_flow"] or "" for row in csv.DictReader(file) if row["id"] == channel_id)


def not_activated(person: Person, channel: Channel) -> Refusal:
    """There is no voucher to show. Own wording; how to activate one in this channel is from the channel's notice."""
    return Refusal(
        status=409,
        name="voucher-not-activated",
        zh="您尚未激活医保电子凭证，请先激活后再使用",
        en=f"{person.id} has not activated a voucher; activate it first.",
        more={"channel": channel.id, "activation_flow": activation_flow(channel.id)},
    )


def member_not_bound(holder: Person, member: Person) -> Refusal:
    """Somebody else's code is shown only by whose family account they are bound to."""
    return Refusal(
        status=409,
        name="member-not-bound",
        zh="该成员未绑定您的医保亲情账户，不能出示其医保码",
        en=f"{member.id} is not bound to the family account of {holder.id}; their code is not shown.",
    )


def centre_refused(code: int, message: str) -> Refusal:
    """The voucher centre gives no code, or does not take an answer."""
    return Refusal(
        status=409,
        name="centre-refused",
        zh=message or "医保电子凭证中心拒绝了请求",
        en=f"The voucher centre refused with code {code}: {message}",
        more={"code": code},
    )


def centre_unavailable(why: str) -> Refusal:
    """The voucher centre does not answer."""
    return Refusal(
        status=503,
        name="centre-unavailable",
        zh="网络异常，请稍后重试",
        en=f"The voucher centre is not available: {why}.",
    )


def no_prompt(person: Person) -> Refusal:
    """There is nothing to confirm, or no longer."""
    return Refusal(
        status=409,
        name="no-prompt",
        zh="当前没有待确认的支付，或支付确认已超时",
        en=f"{person.id} has no payment to confirm: none was asked for, or it was answered, or its time has run out.",
    )


def no_bills(chnl: str) -> Refusal:
    """That channel has no bills page."""
    return Refusal(
        status=409,
        name="no-bills",
        zh="该渠道没有账单页",
        en=f"The channel {chnl!r} has no bills page; those with one are: {', '.join(sorted(bill_channels()))}.",
    )


def unknown_person(asked: str) -> Refusal:
    """Nobody here has that id."""
    return Refusal(
        status=404,
        name="unknown-person",
        zh=f"没有编号为 {asked} 的人员",
        en=f"There is no person {asked!r} on this phone.",
        more={"people": [{"id": p.id, "name": p.name, "voucher": p.voucher.value} for p in people()]},
    )


def bad_request(en: str, *, zh: str = "请求参数有误") -> Refusal:
    """The request itself is wrong."""
    return Refusal(status=400, name="bad-request", zh=zh, en=en)
