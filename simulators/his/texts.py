"""What the adapter says to the cashier, and how the codes of centre and platform map to its reasons."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a request was refused, as the counter port spells it."""

    CODE_EXPIRED = "code-expired"
    CODE_USED = "code-used"
    WRONG_CODE_KIND = "wrong-code-kind"
    NOT_ACTIVATED = "not-activated"
    CODE_UNKNOWN = "code-unknown"
    SCAN_UNREADABLE = "scan-unreadable"
    NOT_SIGNED_IN = "not-signed-in"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a reason
    DECLINED = "declined"
    NOT_ANSWERED = "not-answered"
    AMOUNTS_DISAGREE = "amounts-disagree"
    ALREADY_REFUNDED = "already-refunded"
    NO_ORIGINAL = "no-original"
    VOUCHER_CENTRE_UNAVAILABLE = "voucher-centre-unavailable"
    PLATFORM_UNAVAILABLE = "platform-unavailable"
    PLATFORM_REFUSED = "platform-refused"


PROMPTS = {
    Reason.CODE_EXPIRED: (
        "二维码已过期，请刷新后重新出示",
        "the code has expired: ask for a fresh one",
    ),
    Reason.CODE_USED: (
        "二维码已使用，请刷新后重新出示",
        "the code was used already: ask for a fresh one",
    ),
    Reason.WRONG_CODE_KIND: (
        "请使用医保电子凭证二维码",
        "this is another kind of code: ask for the medical-insurance voucher",
    ),
    Reason.NOT_ACTIVATED: (
        "医保电子凭证未激活或已失效，请先在国家医保服务平台APP等渠道激活",
        "the voucher is not activated or has lapsed: ask the customer to activate it first",
    ),
    Reason.CODE_UNKNOWN: (
        "二维码无法识别，请刷新后重新出示",
        "the centre does not know this code: ask for a fresh one",
    ),
    Reason.SCAN_UNREADABLE: (
        "未读到完整的二维码，请重新扫码",
        "no whole code was read: scan again",
    ),
    Reason.NOT_SIGNED_IN: (
        "尚未签到，请先签到",
        "not signed in: sign in first",
    ),
    Reason.WRONG_PASSWORD: (
        "支付密码错误，未扣款",
        "wrong payment password: nothing was paid",
    ),
    Reason.DECLINED: (
        "参保人已取消支付，未扣款",
        "the customer declined: nothing was paid",
    ),
    Reason.NOT_ANSWERED: (
        "参保人未确认支付，未扣款",
        "the customer did not confirm in time: nothing was paid",
    ),
    Reason.AMOUNTS_DISAGREE: (
        "费用明细与总额不符，未扣款",
        "the amounts disagree: nothing was paid",
    ),
    Reason.ALREADY_REFUNDED: (
        "该订单已退费",
        "this order is refunded already",
    ),
    Reason.NO_ORIGINAL: (
        "未找到原结算记录",
        "there is no settlement of this order",
    ),
    Reason.VOUCHER_CENTRE_UNAVAILABLE: (
        "电子凭证中心未应答，请刷新二维码后重试",
        "the voucher centre did not answer: try again with a fresh code",
    ),
    Reason.PLATFORM_UNAVAILABLE: (
        "医保平台未应答，未扣款，请重试",
        "the platform did not answer, nothing was paid: try again",
    ),
    Reason.PLATFORM_REFUSED: (
        "医保平台拒绝",
        "the platform refused",
    ),
}

UNKNOWN_PROMPT = (
    "结算结果未知，请勿重复收费；恢复后系统将自动冲正 / "
    "the outcome is unknown: do not charge again; it is reversed as soon as the platform answers"
)
REFUND_UNKNOWN_PROMPT = (
    "退费结果未知，请勿重复退费；恢复后系统将自动核实 / "
    "the outcome of the refund is unknown: do not refund again; it is resolved as soon as the platform answers"
)

CENTRE_REASONS = {
    "500159": Reason.WRONG_CODE_KIND,
    "980001": Reason.CODE_EXPIRED,
    "980002": Reason.CODE_USED,
    "980003": Reason.NOT_ACTIVATED,
    "980004": Reason.CODE_UNKNOWN,
}
"""Return codes of ec.query; any other is passed on as the centre's refusal."""

PLATFORM_REASONS = {
    "981005": Reason.NOT_SIGNED_IN,
    "981006": Reason.NOT_SIGNED_IN,
    "981012": Reason.VOUCHER_CENTRE_UNAVAILABLE,
    "981017": Reason.AMOUNTS_DISAGREE,
    "981018": Reason.AMOUNTS_DISAGREE,
    "981020": Reason.WRONG_PASSWORD,
    "981021": Reason.DECLINED,
    "981022": Reason.NOT_ANSWERED,
    "981024": Reason.NO_ORIGINAL,
    "981025": Reason.ALREADY_REFUNDED,
}
"""Refusal codes of the platform, where the profile says that it gives some."""

PLATFORM_WORDS = (
    ("未签到", Reason.NOT_SIGNED_IN),
    ("请先签到", Reason.NOT_SIGNED_IN),
    ("密码错误", Reason.WRONG_PASSWORD),
    ("取消支付", Reason.DECLINED),
    ("拒绝支付", Reason.DECLINED),
    ("未确认", Reason.NOT_ANSWERED),
)
"""Words of err_msg that tell a reason where the platform gives no code."""

NOTHING_TO_REVERSE_CODES = frozenset({"981027", "981030"})
"""Refusal codes of 2601 which say that nothing of the original stands: never booked, or reversed before."""
NOTHING_TO_REVERSE_WORDS = ("未查询到原交易", "未找到原交易", "原交易不存在", "已冲正")
"""The same, as words of err_msg."""
CANNOT_BE_REVERSED_CODES = frozenset({"981031"})
"""Refusal codes of 2601 which say that the original stands and must stay (a refund whose money is spent)."""


def prompt_for(reason: Reason, message: str) -> str:
    """What the cashier reads: our words in both languages, and the other system's message as it came."""
    chinese, english = PROMPTS[reason]
    said = f"：{message}" if message and message not in chinese else ""
    return f"{chinese}{said} / {english}"
