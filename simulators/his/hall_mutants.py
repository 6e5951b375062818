"""The known defects of a hall's terminal, as data of which `mutants` makes mutants."""

from dataclasses import dataclass

from simulators.his.hall_behaviour import HallBehaviour, OnUnknownChange, Release


@dataclass(frozen=True, kw_only=True)
class HallDefect:
    """One defect."""

    name: str
    english: str
    chinese: str
    shown_by: str
    hall: HallBehaviour


def _made_up(_: str) -> str:
    return "0123456789ABCDEF"


def _left_out(_: str) -> str:
    return ""


def _highest(_: str) -> str:
    return "3"


def _spelt_out(tier: str) -> str:
    return f"tier {tier}"


HALL_DEFECTS = (
    HallDefect(
        name="hall-session-serves-next",
        english="whoever comes while a session is open is served without identifying",
        chinese="会话未结束时，后来者不核验身份即可查询",
        shown_by="a second insurance answered without a scan, card or face in that command",
        hall=HallBehaviour(identifies_each_time=False),
    ),
    HallDefect(
        name="hall-cached-insurance",
        english="the insurance shown is that of the terminal's first visitor",
        chinese="显示缓存的上一人参保信息",
        shown_by="the second person is shown rows that no 1101 of theirs has told",
        hall=HallBehaviour(asks_each_time=False),
    ),
    HallDefect(
        name="hall-leave-keeps-screen",
        english="leaving does not clear the screen",
        chinese="退出后屏幕不清除",
        shown_by="the screen still shows somebody's data after leave",
        hall=HallBehaviour(ends_on_leave=False),
    ),
    HallDefect(
        name="hall-never-idle",
        english="a session that nobody touches never ends",
        chinese="无操作时会话不超时",
        shown_by="the screen still shows somebody's data after a minute without a touch",
        hall=HallBehaviour(ends_when_idle=False),
    ),
    HallDefect(
        name="hall-former-on-screen",
        english="while the next person fails to identify, the former one's data stay on the screen",
        chinese="下一人核验失败时仍显示上一人信息",
        shown_by="after a refused identification the screen shows data of the one before",
        hall=HallBehaviour(clears_for_next=False),
    ),
    HallDefect(
        name="hall-names-in-prompts",
        english="a refusal tells the person's name",
        chinese="拒绝提示中带有姓名",
        shown_by="a refused answer whose prompt holds a name",
        hall=HallBehaviour(names_in_prompts=True),
    ),
    HallDefect(
        name="hall-says-window",
        english="the terminal passes itself off as a cashier's window",
        chinese="自助终端按窗口经办人上报",
        shown_by="opter_type 1 and no deviceType SelfService",
        hall=HallBehaviour(says_self_service=False),
    ),
    HallDefect(
        name="hall-prints-when-asked",
        english="the printer prints before the platform has issued anything",
        chinese="平台未出具即打印证明",
        shown_by="a proof released before 9801 was answered, also when it fails",
        hall=HallBehaviour(release=Release.ASKED),
    ),
    HallDefect(
        name="hall-prints-twice",
        english="each proof is printed twice",
        chinese="证明重复打印",
        shown_by="two proofs released for one 9801",
        hall=HallBehaviour(release=Release.TWICE),
    ),
    HallDefect(
        name="hall-check-made-up",
        english="the check value on the proof is not the platform's",
        chinese="证明上的校验码不是平台出具的",
        shown_by="a proof whose check value the platform never issued",
        hall=HallBehaviour(check_value=_made_up),
    ),
    HallDefect(
        name="hall-proof-without-check",
        english="the proof has no check value",
        chinese="证明上没有校验码",
        shown_by="an answer whose proof.check is empty",
        hall=HallBehaviour(check_value=_left_out),
    ),
    HallDefect(
        name="hall-dies-of-refusal",
        english="the program ends when the platform refuses",
        chinese="平台拒绝后程序退出",
        shown_by="a command that is never answered",
        hall=HallBehaviour(survives_refusals=False),
    ),
    HallDefect(
        name="hall-tier-spelt-out",
        english="the tier is sent in words instead of by its number",
        chinese="档次字段填写文字而非代码",
        shown_by="9802 whose tier is longer than the field",
        hall=HallBehaviour(tier=_spelt_out),
    ),
    HallDefect(
        name="hall-tier-anew",
        english="a change of tier without an answer is sent again under a new msgid",
        chinese="档次变更无应答时换新报文号再次变更",
        shown_by="reply of 9802 lost: a second 9802 under another msgid",
        hall=HallBehaviour(on_unknown=OnUnknownChange.ANEW),
    ),
    HallDefect(
        name="hall-tier-timeout-as-refused",
        english="a change of tier without an answer counts as refused",
        chinese="档次变更超时当作失败",
        shown_by="reply of 9802 lost: refused, although the platform has changed the tier",
        hall=HallBehaviour(on_unknown=OnUnknownChange.AS_REFUSED),
    ),
    HallDefect(
        name="hall-tier-timeout-as-done",
        english="a change of tier without an answer counts as done",
        chinese="档次变更超时当作成功",
        shown_by="request of 9802 lost: accepted, although the platform knows of nothing",
        hall=HallBehaviour(on_unknown=OnUnknownChange.AS_DONE),
    ),
    HallDefect(
        name="hall-tier-highest",
        english="whatever tier is chosen, the highest is sent",
        chinese="无论选择何档，均按最高档变更",
        shown_by="9802 with another tier than the command's",
        hall=HallBehaviour(tier=_highest),
    ),
    HallDefect(
        name="hall-tier-told-wrongly",
        english="the person is told another tier than the platform has changed to",
        chinese="告知的档次与平台变更结果不一致",
        shown_by="an accepted change whose tier differs from 9802's answer",
        hall=HallBehaviour(tells_change=False),
    ),
    HallDefect(
        name="hall-forgets-unknown",
        english="a change of tier in doubt is forgotten when the terminal starts anew",
        chinese="重启后遗忘结果未知的档次变更",
        shown_by="9802 in doubt, then a restart: resolve says accepted without asking the platform again",
        hall=HallBehaviour(writes_ahead=False),
    ),
)
