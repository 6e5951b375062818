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
    "terminal": ("Terminal", "终端"),
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
    "ec.query": ("decode the code", "凭证解码"),
    "ec.qrcode": ("issue a code", "申请展码"),
    "localEcTokenCheck": ("token check", "令牌核验"),
    "payConfirm": ("ask for the password", "请求支付确认"),
    "payAnswer": ("the person's answer", "支付确认应答"),
    "push/prompt": ("password prompt", "推送密码确认"),
    "push/notice": ("notice of movement", "动账通知"),
    "confirm": ("answer the prompt", "确认支付"),
    "prompt": ("look at the prompt", "查看确认框"),
    "prompts": ("look at the prompts", "查看确认框"),
    "notices": ("look at the notices", "查看通知"),
    "code.png": ("take the shown code", "取展码图像"),
    "code.txt": ("take the shown digits", "取展码数字"),
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
    "accepted": ("accepted", "成功"),
    "refused": ("refused", "拒绝"),
    "unknown": ("outcome unknown", "结果未知"),
}
"""What crosses the counter port."""

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
    "not-shown": ("not shown", "未验证"),
    "certified": ("certified", "通过认证"),
    "findings": ("findings", "存在问题"),
}

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


def source(reference: str) -> str:
    """A requirement's source with its document's full name: `青医保办发〔2020〕88号 1.1`."""
    mark, _, place = reference.partition(" ")
    return f"{SOURCES[mark]} {place}" if mark in SOURCES else reference


def printable(text: str) -> str:
    """A text that cannot steer a terminal: control characters are replaced, line ends and tabs stay."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)
