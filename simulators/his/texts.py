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
    SLOT_TAKEN = "slot-taken"
    NO_SUCH_SLOT = "no-such-slot"
    LOCK_EXPIRED = "lock-expired"
    REFUND_AT_WINDOW = "refund-at-window"
    NOTHING_PENDING = "nothing-pending"
    NOT_THEIRS = "not-theirs"
    NOT_DISCHARGED = "not-discharged"
    HAS_FEES = "has-fees"
    LIBRARY_MISMATCH = "library-mismatch"
    CARD_UNREADABLE = "card-unreadable"
    CARD_UNKNOWN = "card-unknown"
    CARD_LOCKED = "card-locked"
    FACE_MISMATCH = "face-mismatch"
    NOT_IDENTIFIED = "not-identified"


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
    Reason.SLOT_TAKEN: ("该号源已被占用，请另选", "this slot is taken: choose another"),
    Reason.NO_SUCH_SLOT: ("号源不存在或已过期", "there is no such slot, or it is past"),
    Reason.LOCK_EXPIRED: (
        "锁号已失效，请重新选号，未扣款",
        "the slot is not locked any more: choose again; nothing was paid",
    ),
    Reason.REFUND_AT_WINDOW: (
        "就诊当日及之后不能线上退号，请到窗口办理",
        "too late to refund online: refund at the window",
    ),
    Reason.NOTHING_PENDING: ("没有待缴费记录", "there is no record to pay"),
    Reason.NOT_THEIRS: ("出示凭证的人与单据不符，未扣款", "this is another person's record: nothing was paid"),
    Reason.NOT_DISCHARGED: ("尚未办理出院，不能结算", "not discharged yet: discharge first"),
    Reason.HAS_FEES: ("已有结算的费用，请先退费", "there are settled fees: refund them first"),
    Reason.LIBRARY_MISMATCH: ("动态库不可用", "a library cannot be used"),
    Reason.CARD_UNREADABLE: ("未读到卡片，请重新读卡", "no card was read: present it again"),
    Reason.CARD_UNKNOWN: ("该卡未查询到参保信息", "nobody insured has this card"),
    Reason.CARD_LOCKED: (
        "社会保障卡密码已锁定，请持卡到社保卡服务网点解锁，或换用其他方式，未扣款",
        "the password of this card is locked: have the card office unlock it, or pay in another way; nothing was paid",
    ),
    Reason.FACE_MISMATCH: ("人脸核验未通过，请换用其他方式", "the face is not recognised: identify in another way"),
    Reason.NOT_IDENTIFIED: ("未完成身份核验，请重试", "nobody was identified: try again"),
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
    "980008": Reason.CARD_UNKNOWN,
    "980014": Reason.CARD_UNREADABLE,
    "980016": Reason.NOT_IDENTIFIED,
    "980021": Reason.FACE_MISMATCH,
    "980024": Reason.FACE_MISMATCH,
    "980025": Reason.FACE_MISMATCH,
    "980029": Reason.CARD_UNREADABLE,
    "980030": Reason.CARD_UNREADABLE,
    "980031": Reason.CARD_UNREADABLE,
    "-2": Reason.NOT_IDENTIFIED,
}
"""Return codes of the centre's library; any other is passed on as the centre's refusal."""

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
    "981069": Reason.NOT_ACTIVATED,
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
NOTHING_TO_WITHDRAW_CODES = frozenset({"981034", "981044", "981045"})
"""Refusal codes of 2205 and 2302 which say that none of the details is there unsettled."""
NOTHING_TO_WITHDRAW_WORDS = ("没有可撤销", "费用明细不存在")
"""The same, as words of err_msg."""
VISIT_GONE_CODES = frozenset({"981034"})
"""Refusal codes of 2202 and 2404 which say that the visit is not there, or cancelled already."""
VISIT_GONE_WORDS = ("未查询到就诊信息", "已撤销")
"""The same, as words of err_msg."""
NUMBER_TAKEN_WORDS = "已用于就诊"
"""What stands before mdtrt_id in the refusal of a 2201 whose ipt_otp_no is in use (wording assumed)."""
DISCHARGED_WORDS = "已出院"
"""The refusal of a 2402 for somebody who is discharged already."""
CANNOT_BE_REVERSED_CODES = frozenset({"981031"})
"""Refusal codes of 2601 which say that the original stands and must stay (a refund whose money is spent)."""


def prompt_for(reason: Reason, message: str) -> str:
    """What the cashier reads: our words in both languages, and the other system's message as it came."""
    chinese, english = PROMPTS[reason]
    said = f"：{message}" if message and message not in chinese else ""
    return f"{chinese}{said} / {english}"
