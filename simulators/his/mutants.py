"""Adapters with one known defect each: proof that the bench detects it.

Every mutant is the right behaviour with one member replaced; `shown_by` says what the bench can see of it. Here are
those of whatever settles; `mutants_clinic` has those of a clinic's data, `mutants_content` those of what messages, log
and prompts say, `mutants_desk` those of a desk while something is in doubt, `mutants_hospital` those of a hospital,
`mutants_identification` those of the ways to identify, `mutants_province` those that only some province sees,
`mutants_shanghai` Shanghai's, `mutants_tls` those that only a bench with TLS sees.
"""

from dataclasses import replace

from simulators.his.behaviour import Behaviour, OnUnknown, RefundBy
from simulators.his.equipment import Members
from simulators.his.hall_mutants import HALL_DEFECTS
from simulators.his.mutant import Mutant
from simulators.his.mutants_clinic import CLINIC_MUTANTS
from simulators.his.mutants_content import CONTENT_MUTANTS
from simulators.his.mutants_desk import DESK_MUTANTS
from simulators.his.mutants_hospital import HOSPITAL_MUTANTS
from simulators.his.mutants_identification import IDENTIFICATION_MUTANTS
from simulators.his.mutants_province import PROVINCE_MUTANTS
from simulators.his.mutants_shanghai import SHANGHAI_MUTANTS
from simulators.his.mutants_statement import STATEMENT_MUTANTS
from simulators.his.mutants_tls import TLS_MUTANTS
from simulators.his.texts import Reason, prompt_for

RIGHT = Behaviour()
BOTH, ALL = ("pharmacy", "hospital"), ("pharmacy", "hospital", "hall")


def _float_amount(price: str, quantity: str, _stated: int) -> int:
    return int(int(float(price) * 100) * float(quantity))


def _signtype_mock(_infno: str, _of_profile: str) -> str:
    return "MOCK"


def _same_number(institution: str, stamp: str, _sequence: int) -> str:
    return f"{institution[:12]}{stamp}0001"


def _without_last_digit(text: str) -> str:
    return text[:-1]


def _three_digits(institution: str, stamp: str, sequence: int) -> str:
    return f"{institution[:12]}{stamp}{sequence:03d}"


def _without_amounts(answer: Members) -> Members:
    return {name: value for name, value in answer.items() if name != "amounts"}


def _without_fund(answer: Members) -> Members:
    amounts = answer.get("amounts")
    return {**answer, "amounts": {**amounts, "fund": "0.00"}} if isinstance(amounts, dict) else answer


def _silent(_reason: Reason, _message: str) -> str:
    return ""


def _garbled(reason: Reason, message: str) -> str:
    return prompt_for(reason, message).encode().decode("latin-1")


def _terse(reason: Reason, message: str) -> str:
    return "交易失败 / failed" if reason is Reason.NOT_ACTIVATED else prompt_for(reason, message)


MUTANTS = (
    Mutant(
        name="timeout-as-refused",
        english="a settlement without an answer counts as refused; nobody reverses it",
        chinese="结算超时当作失败，不冲正",
        shown_by="2102, 2207 or 2304 booked, its reply lost: no 2601 follows, and the books differ from the platform's",
        behaviour=replace(RIGHT, on_unknown=OnUnknown.TREAT_AS_REFUSED),
        kinds=BOTH,
    ),
    Mutant(
        name="gateway-timeout-as-refused",
        english="HTTP 504 from a gateway counts as a refusal of the settlement",
        chinese="网关返回504时当作结算失败",
        shown_by="2102, 2207 or 2304 booked, and 504 instead of its reply: no 2601 follows, and the books differ",
        behaviour=replace(RIGHT, refusing_statuses=frozenset({504})),
        kinds=BOTH,
    ),
    Mutant(
        name="settles-again-on-lost-reply",
        english="a settlement without an answer is sent again under a new msgid",
        chinese="结算无应答时换新报文号再次结算",
        shown_by="2102 (2207, 2304) booked and its reply lost: a second one for the same order, booked or refused",
        behaviour=replace(RIGHT, on_unknown=OnUnknown.SETTLE_AGAIN),
        kinds=BOTH,
    ),
    Mutant(
        name="new-msgid-in-reversal",
        english="the reversal names its own msgid instead of the original one",
        chinese="冲正报文的原报文号填成了自己的报文号",
        shown_by="2601 whose omsgid is no earlier msgid; the settlement stays booked",
        behaviour=replace(RIGHT, omsgid=lambda _original, own: own),
        kinds=BOTH,
    ),
    Mutant(
        name="float-money",
        english="amounts are computed with binary floats and cut to the fen",
        chinese="金额用浮点数计算并截断到分",
        shown_by="a line of 1 x 4.35 goes out as 4.34, one of 3 x 4.35 as 13.02: amounts differ from the basket",
        behaviour=replace(RIGHT, wire_amount=_float_amount),
        kinds=BOTH,
    ),
    Mutant(
        name="cached-expired-code",
        english="a code seen before is answered from a cache instead of by the voucher centre",
        chinese="扫过的二维码直接用缓存的身份，不再解码",
        shown_by="a code shown twice (used or expired by then): no second ec.query; settled, not refused",
        behaviour=replace(RIGHT, caches_identities=True),
        kinds=("pharmacy", "hall"),
    ),
    Mutant(
        name="takes-anothers-answer",
        english="an answer is taken for one's own, whatever code or message it names",
        chinese="不核对应答是否属于本次报文，串包照收",
        shown_by="ec.query (1101, 2102, 2207, 9801) answered with the answer before: the wrong person is asked to "
        "pay, or an order is saved under another's setl_id",
        behaviour=replace(RIGHT, heeds_echo=False),
        kinds=ALL,
    ),
    Mutant(
        name="ignores-password",
        english="signtype MOCK switches the payment password off",
        chinese="报文签名类型填MOCK，跳过支付密码",
        shown_by="signtype MOCK in the envelope; a settlement without a confirmed prompt",
        behaviour=replace(RIGHT, signtype=_signtype_mock),
        kinds=ALL,
    ),
    Mutant(
        name="drops-last-digit",
        english="the last digit of the scanned code is lost before it is sent",
        chinese="扫码结果丢失最后一位",
        shown_by="ecQrCode differs from what the scanner sent; every good purchase is refused as code unknown",
        behaviour=replace(RIGHT, scanned=_without_last_digit),
        kinds=ALL,
    ),
    Mutant(
        name="logs-id-number",
        english="the customer's ID number stands in the log in clear",
        chinese="日志中明文记录身份证号",
        shown_by="an ID number in counter.log",
        behaviour=replace(RIGHT, masked=lambda text: text),
        kinds=ALL,
    ),
    Mutant(
        name="refund-without-original",
        english="a refund is sent by order number, without looking for its settlement",
        chinese="退费不查原结算，直接用订单号",
        shown_by="2103 (2208, 2305) whose setl_id the platform never gave out; refusals that were due at the counter",
        behaviour=replace(RIGHT, refund_by=RefundBy.ORDER_NUMBER),
        kinds=BOTH,
    ),
    Mutant(
        name="skips-pre-settlement",
        english="the settlement is sent without a pre-settlement",
        chinese="不做预结算直接结算",
        shown_by="2102 (2207, 2304) without a 2101 (2206, 2303) of the same amounts before it",
        behaviour=replace(RIGHT, pre_settles=False),
        kinds=BOTH,
    ),
    Mutant(
        name="journal-after-send",
        english="a msgid is written to the journal only when its answer is there",
        chinese="报文先发送后记日志",
        shown_by="the journal event comes after the request; after a crash in between nothing is known of it",
        behaviour=replace(RIGHT, write_ahead=False),
        kinds=(*BOTH, "hall"),
    ),
    Mutant(
        name="msgid-not-unique",
        english="msgids are unique to the second only",
        chinese="报文号只精确到秒",
        shown_by="two transactions with one msgid",
        behaviour=replace(RIGHT, msgid=_same_number),
        kinds=ALL,
    ),
    Mutant(
        name="keeps-second-read",
        english="what the scanner sent twice is taken for the next customer's code",
        chinese="重复扫码的残留数据被当作下一位顾客的码",
        shown_by="after a double read the next purchase asks the centre for the former code, before any code is shown",
        behaviour=replace(RIGHT, discards_leftovers=False),
    ),
    Mutant(
        name="account-always-used",
        english="the personal account is used although the customer said no",
        chinese="顾客不使用个人账户时仍扣个人账户",
        shown_by="acct_used_flag 1 where the cashier said use_account false; acct_pay not 0",
        behaviour=replace(RIGHT, account_flag=lambda _: "1"),
        kinds=BOTH,
    ),
    Mutant(
        name="forgets-unknown-at-restart",
        english="an outcome that was unknown before a restart is taken for refused after it",
        chinese="重启后把未知结果当作失败",
        shown_by="crash or unknown outcome after a settlement was booked, a restart: no 2601, and the books differ",
        behaviour=replace(RIGHT, remembers_unknown=False),
        kinds=BOTH,
    ),
    Mutant(
        name="no-prompt-to-activate",
        english="a customer without an active voucher is not asked to activate it",
        chinese="凭证未激活时不提示激活",
        shown_by="outcome not-activated whose prompt does not speak of activation (激活)",
        behaviour=replace(RIGHT, prompt=_terse),
        kinds=ALL,
    ),
    Mutant(
        name="unsigned-session",
        english="business goes on without a sign-in",
        chinese="未签到即办理业务",
        shown_by="without 9001 the desk asks for a scan and sends ec.query and 1101, with an empty sign_no",
        behaviour=replace(RIGHT, needs_sign_in=False),
        kinds=ALL,
    ),
    Mutant(
        name="dies-of-refusal",
        english="the program ends when something is refused",
        chinese="业务被拒绝后程序退出",
        shown_by="a command that is never answered",
        behaviour=replace(RIGHT, survives_refusals=False),
        kinds=BOTH,
    ),
    Mutant(
        name="amounts-not-told",
        english="the cashier is not told how a sale is paid",
        chinese="结算成功后不返回金额",
        shown_by="an accepted answer without amounts",
        behaviour=replace(RIGHT, told=_without_amounts),
        kinds=BOTH,
    ),
    Mutant(
        name="fund-left-out",
        english="what the fund pays is left out of the answer",
        chinese="返回金额漏掉统筹基金支付",
        shown_by="total is not fund + account + cash in the answer of a sale",
        behaviour=replace(RIGHT, told=_without_fund),
        kinds=BOTH,
    ),
    Mutant(
        name="empty-prompts",
        english="a refusal comes without a word for the cashier",
        chinese="拒绝时提示为空",
        shown_by="outcome refused with an empty prompt",
        behaviour=replace(RIGHT, prompt=_silent),
        kinds=BOTH,
    ),
    Mutant(
        name="garbled-prompts",
        english="prompts are read in the wrong charset",
        chinese="提示文字乱码",
        shown_by="a prompt of UTF-8 bytes that were taken for Latin-1",
        behaviour=replace(RIGHT, prompt=_garbled),
        kinds=BOTH,
    ),
    Mutant(
        name="msgid-too-short",
        english="the number at the end of a msgid has three digits instead of four",
        chinese="报文号少一位",
        shown_by="a msgid of 29 characters",
        behaviour=replace(RIGHT, msgid=_three_digits),
        kinds=BOTH,
    ),
    Mutant(
        name="wrong-path",
        english="the paths of the platform are written in lower case",
        chinese="接口地址大小写错误",
        shown_by="9001 at another path than the profile's; the platform answers 404",
        behaviour=replace(RIGHT, path=str.lower),
        kinds=BOTH,
    ),
    Mutant(
        name="totals-without-refunds",
        english="the day's totals do not take refunds off",
        chinese="日汇总未扣除退费",
        shown_by="totals after a refund are those before it",
        behaviour=replace(RIGHT, counts_refunds=False),
        kinds=BOTH,
    ),
    Mutant(
        name="first-code-serves-all",
        english="the code that was scanned first is sent for everybody after",
        chinese="后来的顾客仍上传第一次扫到的二维码",
        shown_by="the second ec.query has the code of the first one, whatever was scanned",
        behaviour=replace(RIGHT, reads_anew=False),
        kinds=BOTH,
    ),
    *(
        Mutant(
            name=defect.name,
            english=defect.english,
            chinese=defect.chinese,
            shown_by=defect.shown_by,
            behaviour=replace(RIGHT, hall=defect.hall),
            kinds=("hall",),
        )
        for defect in HALL_DEFECTS
    ),
    *CLINIC_MUTANTS,
    *CONTENT_MUTANTS,
    *DESK_MUTANTS,
    *HOSPITAL_MUTANTS,
    *IDENTIFICATION_MUTANTS,
    *PROVINCE_MUTANTS,
    *SHANGHAI_MUTANTS,
    *TLS_MUTANTS,
    *STATEMENT_MUTANTS,
)


def mutants_of(kind: str) -> list[Mutant]:
    """The mutants of a kind of counter."""
    return [mutant for mutant in MUTANTS if kind in mutant.kinds]


def behaviour_of(name: str | None) -> Behaviour:
    """The behaviour of a mutant; the right one for None. Raises KeyError for a name that does not exist."""
    if name is None:
        return RIGHT
    found = {mutant.name: mutant for mutant in MUTANTS}[name]
    return replace(found.behaviour, name=name)
