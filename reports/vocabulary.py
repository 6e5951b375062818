"""Words of the joint test in English and Chinese: parties, messages, effects of faults, areas of requirements.

A word that is not in a table is shown as it is, so that a third party's device needs nothing here.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache

from fixtures import fixture

Pair = tuple[str, str]
"""English, Chinese."""

PARTIES: Mapping[str, Pair] = {
    "cashier": ("Cashier, shopper", "收银员、参保人"),
    "adapter": ("HIS adapter", "被测接入系统"),
    "phone": ("Phone", "参保人手机"),
    "scanner": ("Scanner", "扫码墩"),
    "voucher-centre": ("Voucher centre", "电子凭证中心"),
    "platform": ("Payment platform", "医保支付平台"),
    "bank": ("Bank", "银行"),
    "encryption-machine": ("Encryption machine", "加密机"),
    "terminal": ("Insurance terminal", "医保综合服务终端"),
    "mobile-payment": ("Mobile payment", "移动支付中心"),
    "hospital": ("Hospital", "医院"),
    "client": ("Channels, terminals", "渠道、终端"),
    "bench": ("Bench", "测试台"),
}

MESSAGES: Mapping[str, Pair] = {
    "1201": ("institution's data", "医药机构信息获取"),
    "1901": ("dictionary", "字典表查询"),
    "2001": ("benefit check", "待遇检查"),
    "2201": ("registration", "门诊挂号"),
    "2202": ("registration cancelled", "门诊挂号撤销"),
    "2203": ("visit data", "门诊就诊信息上传"),
    "2204": ("fee details", "门诊费用明细上传"),
    "2205": ("fee details withdrawn", "门诊费用明细撤销"),
    "2206": ("outpatient pre-settlement", "门诊预结算"),
    "2207": ("outpatient settlement", "门诊结算"),
    "2208": ("outpatient refund", "门诊结算撤销"),
    "2301": ("inpatient fee details", "住院费用明细上传"),
    "2302": ("inpatient fee details withdrawn", "住院费用明细撤销"),
    "2303": ("inpatient pre-settlement", "住院预结算"),
    "2304": ("inpatient settlement", "住院结算"),
    "2305": ("inpatient settlement withdrawn", "住院结算撤销"),
    "2401": ("admission", "入院办理"),
    "2402": ("discharge", "出院办理"),
    "3201": ("totals check", "医药机构费用结算对总账"),
    "3202": ("details check", "医药机构费用结算对明细账"),
    "2403": ("admission changed", "住院信息变更"),
    "2404": ("admission cancelled", "入院撤销"),
    "2405": ("discharge cancelled", "出院撤销"),
    "cn.nhsa.cert.get": ("read an ID card", "读取身份证"),
    "cn.nhsa.ec.auth": ("begin a face check", "发起刷脸认证"),
    "cn.nhsa.auth.check": ("wait for the face", "刷脸认证结果查询"),
    "cn.nhsa.settle.notify": ("tell the result", "结算结果通知"),
    "cn.nhsa.qrcode.get": ("scan at the terminal", "终端扫码"),
    "iot.gain.ec.qrcode": ("scan at Alipay's IoT box", "支付宝IoT设备取码"),
    "iot.medical.settle.notify": ("tell the IoT box the result", "支付宝IoT设备结算结果通知"),
    "ReadCardBas": ("read a social-insurance card", "读取社保卡"),
    "ReadSFZ": ("read an ID card", "读取身份证"),
    "VerifyPIN": ("check the card's password", "校验社保卡密码"),
    "present": ("hold it before the terminal", "在终端出示"),
    "keypad": ("type at the keypad", "键盘输入密码"),
    "cancel": ("press cancel", "按取消键"),
    "pull": ("take the card out", "取出卡片"),
    "screen": ("look at the screen", "查看屏幕"),
    "push/screen": ("show on the screen", "屏幕显示"),
    "ec.activate": ("activate, a step", "激活步骤"),
    "ec.state": ("state of the voucher", "查询凭证状态"),
    "ec.password": ("voucher password", "凭证密码"),
    "ec.place": ("choose the insured place", "选择参保地"),
    "ec.family": ("family's voucher", "亲情账户"),
    "ec.promoter": ("promoter", "推广员"),
    "ec.orgcode": ("institution's code", "机构码"),
    "ec.orgquery": ("decode an institution's code", "机构码解码"),
    "localQrCodeQuery": ("decode the code", "凭证解码"),
    "qrcode": ("issue a code", "申请展码"),
    "sms": ("text message", "短信验证码"),
    "ec.query": ("decode the code", "凭证解码"),
    "ec.qrcode": ("issue a code", "申请展码"),
    "localEcTokenCheck": ("token check", "令牌核验"),
    "payConfirm": ("ask for the password", "请求支付确认"),
    "payAnswer": ("the person's answer", "支付确认应答"),
    "push/prompt": ("password prompt", "推送密码确认"),
    "push/notice": ("notice of movement", "动账通知"),
    "push/bill": ("bill of the channel", "渠道账单"),
    "confirm": ("answer the prompt", "确认支付"),
    "prompt": ("look at the prompt", "查看确认框"),
    "prompts": ("look at the prompts", "查看确认框"),
    "notices": ("look at the notices", "查看通知"),
    "bills.json": ("look at the bills", "查看账单"),
    "code.png": ("take the shown code", "取展码图像"),
    "code.txt": ("take the shown digits", "取展码数字"),
    "uldFeeInfo": ("6201 upload of the lines", "费用明细上传"),
    "pay_order": ("6202 payment order", "支付下单"),
    "refund_Order": ("6203 refund", "退费"),
    "query_order_info": ("6301 order query", "订单结果查询"),
    "revoke_order": ("6401 upload withdrawn", "明细上传撤销"),
    "notice": ("6302 notice of payment", "结算结果通知"),
    "userQuery/bench": ("authorisation number", "申请支付授权码"),
    "pay/own": ("own part paid", "自费支付结果"),
    "pay/refund-decision": ("a person decides a refund", "人工判定退费"),
}
"""HTTP messages by transaction number, transType, or the end of their path; see `message`."""

VERBS: Mapping[str, Pair] = {
    "hello": ("hello", "开始"),
    "ready": ("ready", "就绪"),
    "sign-in": ("sign in", "签到"),
    "purchase": ("purchase", "购药"),
    "refund": ("refund", "退费"),
    "totals": ("totals of the day", "当日对账"),
    "books": ("books", "账簿"),
    "resolve": ("resolve", "处理未决"),
    "bye": ("bye", "结束"),
    "scan-please": ("scan, please", "请扫码"),
    "slots": ("list slots", "查询号源"),
    "lock": ("hold a slot", "锁号"),
    "release": ("give the slot up", "释放号源"),
    "register": ("register", "挂号"),
    "fees": ("doctor's order", "医生开单"),
    "pending": ("what is to be paid", "查询待缴费"),
    "pay": ("pay", "缴费"),
    "refund-part": ("refund a part", "部分退费"),
    "admit": ("admit", "入院"),
    "charge": ("charge", "住院记账"),
    "discharge": ("discharge", "出院"),
    "settle": ("settle the stay", "住院结算"),
    "cancel-admission": ("cancel the admission", "撤销入院"),
    "insurance": ("show the insurance", "查询参保"),
    "proof": ("proof of payments", "参保缴费证明"),
    "tier": ("change the tier", "变更缴费档次"),
    "leave": ("end the session", "退出"),
    "screen": ("what the screen shows", "屏幕内容"),
    "present-please": ("present, please", "请出示"),
    "released": ("given out", "已发放"),
    "code": ("code", "展码"),
    "id-card": ("ID card", "身份证"),
    "card": ("social-insurance card", "社保卡"),
    "card-pin": ("card's password", "社保卡密码"),
    "face": ("face", "人脸"),
    "iot-box": ("Alipay's IoT box", "支付宝IoT设备"),
    "goods": ("goods", "商品"),
    "slip": ("slip", "凭条"),
    "self-service": ("self-service", "自助机"),
    "mobile": ("mobile", "移动端"),
    "online": ("online", "线上"),
    "accepted": ("accepted", "成功"),
    "refused": ("refused", "拒绝"),
    "unknown": ("outcome unknown", "结果未知"),
}
"""What crosses the counter port."""

REASONS: Mapping[str, Pair] = {
    "code-expired": ("code expired", "二维码已过期"),
    "code-used": ("code used", "二维码已使用"),
    "code-unknown": ("code unknown", "二维码无效"),
    "wrong-code-kind": ("another kind of code", "非医保码"),
    "not-activated": ("voucher not activated", "凭证未激活"),
    "scan-unreadable": ("no readable scan", "未扫到有效码"),
    "not-signed-in": ("not signed in", "未签到"),
    "wrong-password": ("wrong password", "密码错误"),
    "declined": ("declined", "参保人拒绝"),
    "not-answered": ("not answered", "未应答"),
    "amounts-disagree": ("amounts disagree", "金额不符"),
    "already-refunded": ("already refunded", "已退费"),
    "no-original": ("nothing to take back", "无原交易"),
    "voucher-centre-unavailable": ("voucher centre unavailable", "凭证中心无应答"),
    "platform-unavailable": ("platform unavailable", "平台无应答"),
    "platform-refused": ("platform refused", "平台拒绝"),
    "slot-taken": ("slot taken", "号源已占用"),
    "no-such-slot": ("no such slot", "无此号源"),
    "lock-expired": ("lock expired", "锁号已过期"),
    "refund-at-window": ("refund at the window", "须到窗口退号"),
    "nothing-pending": ("nothing to pay", "没有待缴费记录"),
    "not-theirs": ("another person's", "非本人"),
    "not-discharged": ("not discharged", "未出院"),
    "has-fees": ("has settled fees", "已有结算费用"),
    "library-mismatch": ("library of another width, or none", "动态库不匹配"),
    "card-unreadable": ("card unreadable", "读卡失败"),
    "card-unknown": ("card unknown", "卡无对应人员"),
    "card-locked": ("card's password locked", "卡密码已锁定"),
    "face-mismatch": ("face not accepted", "人脸不符"),
    "not-identified": ("not identified", "未识别身份"),
}
"""Why the counter refuses."""

EVENTS: Mapping[str, Pair] = {
    "good-read": ("good read", "读码成功"),
    "no-read": ("no read", "未读到"),
    "same-code-locked-out": ("same code locked out", "重复码忽略"),
    "beep": ("beeps", "蜂鸣"),
    "code-issued": ("code issued", "已发码"),
    "code-refused": ("code refused", "展码被拒"),
    "show-refused": ("shows no code", "无法展码"),
    "token-issued": ("token issued", "已发令牌"),
    "payment-confirmed": ("payment confirmed", "支付已确认"),
    "payment-not-confirmed": ("payment not confirmed", "支付未确认"),
    "refused": ("refused", "拒绝"),
    "card-presented": ("card presented", "已出示卡"),
    "face-presented": ("face presented", "已刷脸"),
    "code-presented": ("code presented", "已出示码"),
    "presented": ("presented", "已出示"),
    "card-pulled": ("card taken out", "卡已取出"),
    "card-read": ("card read", "已读卡"),
    "face-begun": ("face check begun", "已发起刷脸"),
    "face-refused": ("face refused", "刷脸被拒"),
    "keypad-asked": ("keypad asked", "请输入密码"),
    "keypad-typed": ("typed at the keypad", "已输入密码"),
    "library-read": ("library has read", "动态库读取成功"),
    "library-refused": ("library has not read", "动态库读取失败"),
    "library": ("library laid out", "放置动态库"),
    "screen": ("screen", "屏幕"),
    "cancelled": ("cancelled", "已取消"),
    "settle-notified": ("result told", "已通知结果"),
    "proof-issued": ("proof issued", "已出具证明"),
    "tier-changed": ("tier changed", "档次已变更"),
    "voucher-issued": ("voucher issued", "已签发凭证"),
    "activated": ("activated", "已激活"),
    "activation-step": ("activation step done", "激活步骤完成"),
    "activation-refused": ("activation refused", "激活被拒"),
    "password-set": ("password set", "已设置密码"),
    "password-wrong": ("wrong password", "密码错误"),
    "password-locked": ("password locked", "密码已锁定"),
    "place-chosen": ("insured place chosen", "已选参保地"),
    "family-bound": ("family bound", "已绑定亲情账户"),
    "family-unbound": ("family unbound", "已解绑亲情账户"),
    "family-refused": ("family refused", "亲情账户被拒"),
    "institution-code-given": ("institution's code given", "已给机构码"),
    "promoter-earned": ("promoter rewarded", "推广奖励到账"),
    "promoter-not-rewarded": ("promoter not rewarded", "无推广奖励"),
    "promoter-refused": ("promoter refused", "推广请求被拒"),
    "promoter-review": ("withdrawal in review", "提现待审核"),
    "promoter-reviewed": ("withdrawal reviewed", "提现已审核"),
    "promoter-withdrawn": ("withdrawn", "已提现"),
    "sms-sent": ("text message sent", "短信已发"),
    "shown-without-valid-record": ("shown without a valid record", "无有效参保仍展示"),
    "malformed": ("breaks the interface on purpose", "有意不合规"),
    "expect-answer": ("expected answer", "预期应答"),
    "hospital-listens": ("the hospital takes notices", "医院接收通知"),
    "authorised": ("authorised", "已授权"),
    "order-created": ("order created", "订单已创建"),
    "order-placed": ("order placed", "订单已下单"),
    "own-paid": ("own part paid", "自费已支付"),
    "own-reversed": ("own part given back", "自费已冲正"),
    "order-paid": ("order paid", "订单已支付"),
    "order-failed": ("order failed", "订单失败"),
    "order-revoked": ("order revoked", "订单已撤销"),
    "refunded": ("refunded", "已退费"),
    "refund-failed": ("refund failed", "退费失败"),
    "refund-unknown": ("refund unknown", "退费结果未知"),
    "service-refused": ("refused", "拒绝"),
    "envelope-refused": ("envelope refused", "报文被拒"),
    "callback-sent": ("notice sent", "通知已发"),
    "callback-answered": ("notice answered", "通知已应答"),
    "callback-given-up": ("notice given up", "通知放弃"),
    "insurance-unknown": ("insurance part unknown", "医保部分未知"),
    "order-exception": ("order needs a person", "订单异常"),
    "hospital-settled": ("hospital settled", "院内结算完成"),
    "order-settled": ("order settled", "结算完成"),
    "out-of-order": ("out of order", "暂停服务"),
    "notice-undelivered": ("notice undelivered", "通知未送达"),
    "bill-undelivered": ("bill undelivered", "账单未送达"),
    "pin-wrong": ("wrong card password", "卡密码错误"),
    "card-unlocked": ("card unlocked", "卡已解锁"),
    "restarted": ("switched off and on", "重新启动"),
    "present-undelivered": ("what was presented was not delivered", "出示未送达"),
    "answer-undelivered": ("answer undelivered", "应答未送达"),
}
"""What devices say of themselves."""

EFFECTS: Mapping[str, Pair] = {
    "lose-request": ("request lost", "请求丢失"),
    "lose-reply": ("reply lost after booking", "应答丢失（已记账）"),
    "late-request": ("request late", "请求迟到"),
    "late-reply": ("reply later than the time-out", "应答超时"),
    "bad-gateway": ("502, never seen by the party", "网关 502（未到达）"),
    "bad-gateway-after": ("502 after the party acted", "网关 502（已处理）"),
    "empty-body": ("empty body", "空应答"),
    "cut-json": ("JSON cut short", "JSON 截断"),
    "doubled-json": ("JSON within a string", "JSON 二次编码"),
    "wrong-charset": ("GBK where UTF-8 is due", "字符集错误"),
    "cut-connection": ("connection cut", "连接中断"),
    "drop-byte": ("byte lost on the line", "串口丢字节"),
    "garble-byte": ("bit flipped on the line", "串口误码"),
    "double-read": ("read twice", "重复扫码"),
    "split-read": ("read in two pieces", "分段到达"),
}

AREAS: Mapping[str, Pair] = {
    "voucher": ("Voucher and code", "电子凭证"),
    "activation": ("Activation", "激活"),
    "settlement": ("At the counter", "结算"),
    "outpatient": ("Outpatient", "门诊"),
    "self-service": ("Self-service", "自助服务"),
    "adapter": ("Adapter", "接口"),
    "device": ("Devices", "设备"),
    "bank": ("Bank", "银行"),
    "security": ("Security", "安全"),
    "rollout": ("Rollout", "推广"),
    "capacity": ("Capacity", "容量"),
    "unlisted": ("Not in the catalogue", "目录外"),
}

OUTCOMES: Mapping[str, Pair] = {
    "passed": ("passed", "通过"),
    "failed": ("failed", "不通过"),
    "inconclusive": ("inconclusive", "无法判定"),
    "missing": ("not run", "未执行"),
    "not-covered": ("not covered by this plan", "本计划未覆盖"),
    "not-run": ("not run this time", "本次未执行"),
    "left-out": ("left out", "未包含"),
    "not-shown": ("not shown", "未验证"),
    "certified": ("certified", "通过认证"),
    "findings": ("findings", "存在问题"),
}

LACKS: Mapping[str, Pair] = {
    "terminal": ("no terminal on the bench", "测试台没有医保综合服务终端"),
    "iot-box": ("no Alipay IoT box at the counter", "收银台没有支付宝IoT设备"),
    "bench-clock": ("the adapter keeps its own clock", "被测程序使用自身时钟"),
    "card-office": ("no card whose password may be locked", "没有可锁定密码的社保卡"),
    "phone": ("no phone on the bench", "测试台没有手机"),
    "voucher-centre": ("no voucher centre on the bench", "测试台没有电子凭证中心"),
    "platform": ("no platform at which the centre settles", "测试台没有医保支付平台"),
    "own-doors": ("no doors at which people authorise and pay", "没有授权和自费支付接口"),
    "notices": ("the centre cannot reach the hospital", "移动支付中心无法通知医院"),
    "header": ("the machine's messages have no header", "加密机报文无消息头"),
    "virtual-subject": ("what is under test is real and cannot be told to fail", "被测对象为真实设备，不能注入故障"),
}
"""Why a case is left out: what is lacking, by the name that a plan's `needs` uses."""

COLOURS: Mapping[str, str] = {
    "passed": "green",
    "certified": "bold green",
    "failed": "bold red",
    "findings": "bold red",
    "inconclusive": "yellow",
    "missing": "yellow",
}
"""Outcomes on a terminal."""
SIGNS: Mapping[str, str] = {"passed": "✓", "failed": "✗", "inconclusive": "?"}

SOURCES: Mapping[str, str] = {
    "QH": "青医保办发〔2020〕88号",
    "GS": "广水市 2021",
    "PL": "平罗县 2021-06-17",
    "NX": "宁医保办发〔2020〕79号",
    "MY": "米府办发〔2021〕33号",
}
"""The documents that requirements come from, by the mark that the catalogue uses."""


def pair(table: Mapping[str, Pair], word: str) -> Pair:
    """English and Chinese of a word; itself and nothing when the table has none."""
    return table.get(word, (word, ""))


def both(table: Mapping[str, Pair], word: str) -> str:
    """A word in English and Chinese in one line."""
    return " ".join(part for part in pair(table, word) if part)


def lack(name: str) -> Pair:
    """Why a case is left out, in English and Chinese."""
    return LACKS.get(name, (f"what is under test does not offer {name}", f"被测对象不支持 {name}"))


@cache
def message(name: str) -> str:
    """A message as people call it, in English and Chinese; a transaction's own table of fields names it first."""
    table = fixture(f"institution/{name}.toml") if name.isalnum() else None
    if table is not None and table.is_file():
        head = tomllib.loads(table.read_text(encoding="utf-8"))
        said = f"{head.get('english', '')} {head.get('name', '')}".strip()
    else:
        said = both(MESSAGES, name)
    return f"{name} {said}" if name[:1].isdigit() and said != name else said


@cache
def rules_in_chinese() -> Mapping[str, str]:
    """The sentence of each rule in Chinese, by its id."""
    return tomllib.loads(fixture("rules_zh.toml").read_text(encoding="utf-8"))


def rule_in_chinese(name: str) -> str:
    """What a rule demands, in Chinese; empty for one that is not ours."""
    return rules_in_chinese().get(name, "")


def source(reference: str) -> str:
    """A requirement's source with its document's full name: `青医保办发〔2020〕88号 1.1`."""
    mark, _, place = reference.partition(" ")
    return f"{SOURCES[mark]} {place}" if mark in SOURCES else reference


def printable(text: str) -> str:
    """A text that cannot steer a terminal: control characters are replaced, line ends and tabs stay."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)
