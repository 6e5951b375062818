"""Known defects of a desk: while something is in doubt, with what makes no sense, on another day."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from simulators.his.behaviour import Behaviour
from simulators.his.desk_behaviour import DeskBehaviour
from simulators.his.mutant import Mutant
from simulators.his.texts import Reason, prompt_for

RIGHT = Behaviour()
BOTH = ("pharmacy", "hospital")


def _reversed_as_refused(state: str) -> str:
    return "refused" if state == "reversed" else state


def _always(_stated: int, _computed: int) -> bool:
    return True


def _half_to_even(price: str, quantity: str) -> int:
    return int((Decimal(price) * Decimal(quantity) * 100).to_integral_value(rounding=ROUND_HALF_EVEN))


def _dull(reason: Reason, message: str) -> str:
    return prompt_for(reason, "" if reason is Reason.PLATFORM_REFUSED else message)


DESK_MUTANTS = (
    Mutant(
        name="refused-sign-in-as-done",
        english="the cashier's day begins although the platform refused the sign-in",
        chinese="签到被拒绝仍当作已签到",
        shown_by="9001 refused or without an answer, sign-in accepted; then 1101 with a sign_no of its own",
        behaviour=replace(RIGHT, desk=DeskBehaviour(heeds_refused_sign_ins=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="signs-in-once-a-day",
        english="after a refused sign-in the platform is not asked again that day",
        chinese="签到被拒绝后当日不再签到",
        shown_by="a second sign-in of the day without a 9001, refused",
        behaviour=replace(RIGHT, desk=DeskBehaviour(signs_in_again=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="tills-share-numbers",
        english="each till numbers its messages as if it were the institution's only one",
        chinese="两个收银台各自从头编报文号，互相重复",
        shown_by="two tills at once: a second 9001 with the first one's msgid, refused",
        behaviour=replace(RIGHT, desk=DeskBehaviour(keeps_to_own_numbers=False)),
    ),
    Mutant(
        name="keeps-persons",
        english="what 1101 told of somebody is kept and taken for true the next time they pay",
        chinese="缓存人员信息，再次购药不重新查询",
        shown_by="the same person pays again without a 1101; moved meanwhile, they are refused",
        behaviour=replace(RIGHT, desk=DeskBehaviour(asks_person_anew=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="sells-while-unknown",
        english="somebody else pays although an outcome is unknown and cannot be resolved",
        chinese="有未知结果的交易未处理即办理新的结算",
        shown_by="2102 (2207, 2304) without an answer, 2601 without one: another order is settled all the same",
        behaviour=replace(RIGHT, desk=DeskBehaviour(clears_first=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="sells-after-crash-first",
        english="what a crash left in doubt is resolved on demand only, not before the next customer pays",
        chinese="重启后未先处理崩溃前的未知交易即收费",
        shown_by="crash after a settlement was sent, a restart, a purchase: it is settled, and no 2601 came before it",
        behaviour=replace(RIGHT, desk=DeskBehaviour(clears_what_a_crash_left=False)),
    ),
    Mutant(
        name="resolve-always-accepted",
        english="`resolve` is accepted without finding anything out",
        chinese="未核实即回复未知交易已全部处理",
        shown_by="resolve accepted while 2601 has no answer; after it a settlement is unknown in the books",
        behaviour=replace(RIGHT, desk=DeskBehaviour(resolves=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="reversed-booked-as-refused",
        english="the books call a settlement refused that was booked and reversed",
        chinese="已冲正的结算在账上记为失败",
        shown_by="books: state refused of a msgid whose 2601 was accepted",
        behaviour=replace(RIGHT, desk=DeskBehaviour(state=_reversed_as_refused)),
        kinds=BOTH,
    ),
    Mutant(
        name="reverses-ten-times",
        english="a reversal without an answer is tried ten times at once",
        chinese="冲正无应答时连续重试十次",
        shown_by="more than three 2601 of one message within one command",
        behaviour=replace(RIGHT, desk=DeskBehaviour(attempts=10)),
        kinds=BOTH,
    ),
    Mutant(
        name="reverses-later",
        english="a settlement without an answer is called refused at once, and reversed before the next one",
        chinese="结算无应答时先回复失败，下一笔业务前才冲正",
        shown_by="refused while the settlement is booked and not reversed",
        behaviour=replace(RIGHT, desk=DeskBehaviour(reverses_at_once=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="refused-reversal-as-reversed",
        english="a reversal that is refused, for whatever reason, counts as proof that nothing is booked",
        chinese="冲正被拒一律视为原交易未记账",
        shown_by="2102 booked, its reply lost, 2601 refused since the platform is busy: refused, and it stays booked",
        behaviour=replace(RIGHT, desk=DeskBehaviour(heeds_refused_reversals=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="refused-refund-as-done",
        english="a refund that the platform refuses counts as done",
        chinese="平台拒绝退费仍视为已退费",
        shown_by="2103 refused: accepted, and the books call the order refunded",
        behaviour=replace(RIGHT, desk=DeskBehaviour(heeds_refused_refunds=False)),
    ),
    Mutant(
        name="half-fen-to-even",
        english="half a fen is rounded to the even fen",
        chinese="明细金额半分采用银行家舍入",
        shown_by="4.25 times 0.5 is refused as 2.12 where 2.13 is due",
        behaviour=replace(RIGHT, line_fen=_half_to_even),
    ),
    Mutant(
        name="forgets-refund-at-restart",
        english="a refund that was in doubt before a restart is taken for not done after it",
        chinese="重启后把未知的退费当作未退",
        shown_by="crash after a refund was booked, a restart: no 2601, and the books differ",
        behaviour=replace(RIGHT, desk=DeskBehaviour(remembers_refunds=False)),
    ),
    Mutant(
        name="drops-unknown-at-restart",
        english="what was told to be unknown is taken for refused after a restart",
        chinese="重启后把已提示未知的结算当作失败",
        shown_by="unknown, a restart in good order: no 2601, the next customer pays, and the books differ",
        behaviour=replace(RIGHT, desk=DeskBehaviour(remembers_told=False)),
    ),
    Mutant(
        name="reversed-before-answer",
        english="a reversal counts as done when it is sent",
        chinese="冲正发出即记为已冲正",
        shown_by="killed while a 2601 is under way that never arrives: no other one after the restart",
        behaviour=replace(RIGHT, desk=DeskBehaviour(books_reversal_when_answered=False)),
    ),
    Mutant(
        name="basket-not-checked",
        english="a basket is sent as it is, whether it adds up or not",
        chinese="不核对明细金额与总额，直接上传",
        shown_by="a basket that does not add up: a scan and messages, where amounts-disagree is due at once",
        behaviour=replace(RIGHT, adds_up=_always),
        kinds=BOTH,
    ),
    Mutant(
        name="split-not-compared",
        english="a settlement is kept that is split otherwise than its pre-settlement",
        chinese="结算金额与预结算不一致仍视为成功",
        shown_by="2102 answered with other amounts than 2101: accepted, and no 2103",
        behaviour=replace(RIGHT, desk=DeskBehaviour(compares_settled=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="sells-order-again",
        english="an order that is settled is sold once more",
        chinese="已结算的订单可再次收费",
        shown_by="a second purchase of an order: scan-please instead of an error, and two settlements stand",
        behaviour=replace(RIGHT, desk=DeskBehaviour(sells_once=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="dies-of-nonsense",
        english="the program ends at a line that makes no sense",
        chinese="收到无法识别的命令时程序退出",
        shown_by="no error to a line that is no JSON; the process is gone",
        behaviour=replace(RIGHT, desk=DeskBehaviour(survives_nonsense=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="takes-nonsense-for-done",
        english="a command that it does not know is accepted",
        chinese="对无法识别的命令回复成功",
        shown_by="outcome accepted, where an error is due",
        behaviour=replace(RIGHT, desk=DeskBehaviour(knows_nonsense=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="signs-in-for-ever",
        english="the sign-in of one day is used on the next",
        chinese="隔日仍沿用前一天的签到",
        shown_by="the day after: scan-please and 1101 with yesterday's sign_no instead of not-signed-in",
        behaviour=replace(RIGHT, desk=DeskBehaviour(signs_in_daily=False)),
        kinds=BOTH,
    ),
    Mutant(
        name="refusal-not-explained",
        english="the cashier is told that the platform refused, not why",
        chinese="平台拒绝时不显示其原因",
        shown_by="platform-refused whose prompt lacks err_msg",
        behaviour=replace(RIGHT, prompt=_dull),
        kinds=BOTH,
    ),
)
