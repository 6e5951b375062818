"""Known defects that show in Shanghai's protocol alone."""

from collections.abc import Callable
from dataclasses import replace

from simulators.his.behaviour import Behaviour
from simulators.his.mutant import Mutant
from simulators.his.shanghai_behaviour import ShanghaiBehaviour

RIGHT = Behaviour()
PROFILE = "shanghai"
BOTH, HOSPITAL = ("pharmacy", "hospital"), ("hospital",)


def _without(name: str) -> Callable[[dict[str, object]], dict[str, object]]:
    return lambda members: {other: value for other, value in members.items() if other != name}


def _refund_unclassed(members: dict[str, object]) -> dict[str, object]:
    return _without("yllb")(members) if "translsh" in members else members


def _shanghai(behaviour: ShanghaiBehaviour) -> Behaviour:
    return replace(RIGHT, shanghai=behaviour)


SHANGHAI_MUTANTS = (
    Mutant(
        name="application-stale",
        english="every settlement names the application number of the first pre-settlement",
        chinese="结算确认使用过期的结算申请序号",
        shown_by="the second settlement carries the first jssqxh; the front machine refuses it",
        behaviour=_shanghai(ShanghaiBehaviour(application=lambda numbers: numbers[0])),
        kinds=BOTH,
        profile=PROFILE,
    ),
    Mutant(
        name="refund-total-of-account",
        english="a refund states what the account paid instead of the total",
        chinese="退费总额误传个人账户支付额",
        shown_by="totalexpense of SK01 is not that of the settlement; the front machine refuses it",
        behaviour=_shanghai(ShanghaiBehaviour(refund_total=lambda amounts: amounts.account)),
        kinds=BOTH,
        profile=PROFILE,
    ),
    Mutant(
        name="empty-answer-as-refused",
        english="an empty answer is taken for a refusal",
        chinese="前置机返回空串误作拒绝",
        shown_by="after an empty answer to SI12 or SH02 no SK01 with its msgid follows",
        behaviour=_shanghai(ShanghaiBehaviour(empty_is_no_answer=False)),
        kinds=BOTH,
        profile=PROFILE,
    ),
    Mutant(
        name="requests-in-gbk",
        english="requests are sent in the charset of the answers",
        chinese="请求误用GBK编码",
        shown_by="a request that is no JSON in UTF-8",
        behaviour=_shanghai(ShanghaiBehaviour(charset=lambda _: "gbk")),
        kinds=BOTH,
        profile=PROFILE,
    ),
    Mutant(
        name="card-as-token",
        english="the number of an ID card or social-insurance card is sent without its kind",
        chinese="身份证、社保卡号未标明凭证类型，被当作令牌",
        shown_by="carddata without cardtype, which is an ecToken",
        behaviour=_shanghai(ShanghaiBehaviour(content=_without("cardtype"))),
        kinds=BOTH,
        profile=PROFILE,
    ),
    Mutant(
        name="cancellation-unmarked",
        english="what takes a register back does not say so",
        chinese="撤销登记未置作废标志",
        shown_by="SJ11 or SJ31 without zfbz where a cancellation is due; the visit stays open",
        behaviour=_shanghai(ShanghaiBehaviour(content=_without("zfbz"))),
        kinds=HOSPITAL,
        profile=PROFILE,
    ),
    Mutant(
        name="refund-unclassed",
        english="a refund does not say whether a purchase, a visit or a stay is refunded",
        chinese="退费未传医疗类别，被当作购药退费",
        shown_by="SK01 of a visit without yllb; the platform refuses it",
        behaviour=_shanghai(ShanghaiBehaviour(content=_refund_unclassed)),
        kinds=HOSPITAL,
        profile=PROFILE,
    ),
)
