"""Known defects of what is said: lines of goods that were not sold, times that are not now, people who are named."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta

from simulators.his.behaviour import Behaviour
from simulators.his.equipment import Members
from simulators.his.mutant import Mutant

RIGHT = Behaviour()
BOTH, ALL = ("pharmacy", "hospital"), ("pharmacy", "hospital", "hall")
TIME = "%Y-%m-%d %H:%M:%S"
BEFORE_UTC = timedelta(hours=8)


def _one_code(code: str) -> str:
    return f"{code[:-1]}1"


def _own_number(answer: Members) -> Members:
    return {**answer, "mdtrt_id": answer["order"]} if "mdtrt_id" in answer else answer


def _in_utc(at: str) -> str:
    return (datetime.strptime(at, TIME) - BEFORE_UTC).strftime(TIME)  # noqa: DTZ007 - the cashier's time has no zone


def _day_before(at: str) -> str:
    return (datetime.strptime(at, TIME) - timedelta(days=1)).strftime(TIME)  # noqa: DTZ007 - as above


def _in_base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _but_two(text: str) -> str:
    return f"{text[:16]}**"


def _with_id_number(prompt: str, id_no: str) -> str:
    return f"{prompt} {id_no}".rstrip()


CONTENT_MUTANTS = (
    Mutant(
        name="one-code-for-all",
        english="every line is sent under the first drug's code",
        chinese="各明细的目录编码均传为同一药品",
        shown_by="med_list_codg and medins_list_codg are not the codes of the lines that were rung up or ordered",
        behaviour=replace(RIGHT, coded=_one_code),
        kinds=BOTH,
    ),
    Mutant(
        name="level-a-for-all",
        english="every line is sent as of class A, so that the fund pays for what it does not cover",
        chinese="各明细的收费项目等级均传为甲类，套取统筹基金",
        shown_by="chrgitm_lv 01 on lines of level 02 and 03",
        behaviour=replace(RIGHT, levelled=lambda _: "01"),
        kinds=BOTH,
    ),
    Mutant(
        name="answers-own-number",
        english="the cashier is told a number of the adapter's own in the place of the visit's",
        chinese="返回的就诊编号为本地单号",
        shown_by="mdtrt_id of an accepted answer is not that of the booking",
        behaviour=replace(RIGHT, told=_own_number),
        kinds=BOTH,
    ),
    Mutant(
        name="invoice-of-its-own",
        english="the settlement names an invoice number of the adapter's own instead of the order",
        chinese="结算单据号未填订单号",
        shown_by="invono is not the order of the command",
        behaviour=replace(RIGHT, invoiced=lambda order: f"Z{order}"),
        kinds=BOTH,
    ),
    Mutant(
        name="chronic-disease-claimed",
        english="every purchase and visit is sent as of a chronic disease with benefits of its own",
        chinese="虚报门诊慢特病病种",
        shown_by="dise_codg in 2101, 2102 or 2203, though nobody told of a disease",
        behaviour=replace(RIGHT, disease=("M03900", "高血压病")),
        kinds=BOTH,
    ),
    Mutant(
        name="looks-people-up",
        english="with the day's totals the platform is asked about whoever was there last, who has gone",
        chinese="顾客离开后仍以其身份证号查询参保信息",
        shown_by="1101 by an ID number while nobody is asked to identify",
        behaviour=replace(RIGHT, pries=True),
        kinds=BOTH,
    ),
    Mutant(
        name="diagnosis-upcoded",
        english="a stay is sent under another diagnosis than the one that it was begun with",
        chinese="入院诊断高套",
        shown_by="dscg_maindiag_code and diag_code of 2401 are not those of the command",
        behaviour=replace(RIGHT, diagnosed=lambda _: ("I21.900", "急性心肌梗死")),
        kinds=("hospital",),
    ),
    Mutant(
        name="sent-in-utc",
        english="inf_time is eight hours behind: no time zone is set",
        chinese="发送时间慢八小时（未设时区）",
        shown_by="inf_time is not the time of the command, though the adapter's clock is the bench's",
        behaviour=replace(RIGHT, sent_at=_in_utc),
        kinds=ALL,
    ),
    Mutant(
        name="fees-of-yesterday",
        english="fees are sent as if they had arisen a day earlier",
        chinese="费用发生时间填为前一日",
        shown_by="fee_ocur_time before the day of the command that the fees are of",
        behaviour=replace(RIGHT, arose_at=_day_before),
        kinds=BOTH,
    ),
    Mutant(
        name="begun-yesterday",
        english="a purchase or stay is sent as if it had begun a day earlier",
        chinese="开始时间填为前一日",
        shown_by="begntime before the day of the command",
        behaviour=replace(RIGHT, began_at=_day_before),
        kinds=BOTH,
    ),
    Mutant(
        name="logs-most-of-id-number",
        english="of the customer's ID number only the last two digits are masked in the log",
        chinese="日志中身份证号仅掩去末两位",
        shown_by="16 of the 18 digits of an ID number in counter.log",
        behaviour=replace(RIGHT, masked=_but_two),
        kinds=BOTH,
    ),
    Mutant(
        name="logs-id-number-encoded",
        english="the customer's ID number stands in the log in Base64",
        chinese="日志中以Base64记录身份证号",
        shown_by="the Base64 of an ID number in counter.log",
        behaviour=replace(RIGHT, masked=_in_base64),
        kinds=BOTH,
    ),
    Mutant(
        name="id-number-in-prompt",
        english="a refusal tells the customer's ID number",
        chinese="拒绝提示中显示完整身份证号",
        shown_by="the ID number of whoever was identified in the prompt of a refusal",
        behaviour=replace(RIGHT, addressed=_with_id_number),
        kinds=ALL,
    ),
)
