"""What the steps of a diagram say: a request, its reply, an answer at the counter, an event, bytes of a line."""

from collections.abc import Mapping
from typing import Any

from harness.judge.counter_talk import PortLine
from harness.judge.exchange import ADAPTER, Exchange
from harness.judge.history import Event
from harness.judge.messages import Message
from harness.money import Fen, format_yuan
from reports.steps import Look
from reports.vocabulary import EFFECTS, EVENTS, MESSAGES, REASONS, VERBS, both

CONTROLS = {0x02: "STX", 0x03: "ETX", 0x06: "ACK", 0x09: "TAB", 0x0A: "LF", 0x0D: "CR", 0x15: "NAK", 0x1B: "ESC"}


def message_name(exchange: Exchange) -> str:
    """What a request is called: its transaction number, its transType, or the end of its path."""
    if exchange.infno:
        return exchange.infno
    kind = exchange.request.json.get("transType")
    if isinstance(kind, str) and kind:
        return kind
    parts = [part for part in exchange.path.partition("?")[0].split("/") if part]
    pushed = "/".join(parts[-2:])
    return pushed if pushed in MESSAGES else (parts[-1] if parts else "/")


def outcome_of(exchange: Exchange) -> tuple[str, Look]:
    """What the reply says, in a few words, and how it looks."""
    reply = exchange.reply
    if reply is None:
        return "no reply 无应答", Look.TROUBLE
    if not 200 <= exchange.status < 300 and not reply.well_formed:
        return " ".join(reply.start.split(" ")[1:]) or "no HTTP 非 HTTP", Look.TROUBLE
    answer = reply.json
    code = answer.get("infcode", answer.get("code"))
    if code is None:
        return _plain_reply(exchange, reply)
    word = "infcode" if "infcode" in answer else "code"
    said = str(answer.get("err_msg") or answer.get("message") or "") if str(code) != "0" else ""
    inner = answer.get("data")
    more = [f"{key} {inner[key]}" for key in ("flag", "result") if isinstance(inner, dict) and key in inner]
    status = "" if exchange.status == 200 else f"HTTP {exchange.status}, "
    text = status + ", ".join([f"{word} {code}", *more])
    return (f"{text}: {said}" if said else text), Look.REPLY if str(code) == "0" else Look.REFUSED


def _plain_reply(exchange: Exchange, reply: Message) -> tuple[str, Look]:
    kind = reply.headers.get("content-type", "").partition(";")[0]
    if not reply.body and exchange.client == ADAPTER:
        return f"HTTP {exchange.status}, empty body 空应答", Look.TROUBLE
    if kind.startswith("image/"):
        return f"{kind}, {len(reply.body)} bytes", Look.REPLY
    inner = reply.json.get("result")
    if inner is not None:
        return f"result {inner}", Look.REPLY
    if exchange.client == ADAPTER and exchange.status == 200 and not reply.well_formed:
        return f"HTTP {exchange.status}, no JSON object 非 JSON 对象", Look.TROUBLE
    return f"HTTP {exchange.status}", Look.REPLY if exchange.status < 400 else Look.REFUSED


def answer_words(line: PortLine) -> tuple[str, str, Look]:
    """What an adapter's line says, in a few words, with a detail, and how it looks."""
    content = line.content
    if not content:
        return "no JSON 非 JSON", visible(line.raw[:60]), Look.TROUBLE
    if "ready" in content:
        ready = content["ready"]
        return both(VERBS, "ready"), str(ready.get("adapter", "")) if isinstance(ready, dict) else "", Look.ANSWER
    if "event" in content:
        words = [both(VERBS, str(content["what"]))] if "what" in content else []
        words += [str(content["order"])] if "order" in content else []
        return both(VERBS, str(content["event"])), ", ".join(words), Look.ANSWER
    if "error" in content:
        return "error 错误", str(content["error"]), Look.TROUBLE
    outcome = str(content.get("outcome", "?"))
    reason = content.get("reason")
    parts = content.get("amounts", content)
    names = (("total", ""), ("fund", "fund "), ("account", "account "), ("cash", "cash "))
    found = [f"{name}{parts[key]}" for key, name in names if isinstance(parts, dict) and key in parts]
    detail = f"{found[0]} = {' + '.join(found[1:])}" if len(found) > 1 else str(content.get("prompt", ""))
    look = {"accepted": Look.ANSWER, "refused": Look.REFUSED}.get(outcome, Look.TROUBLE)
    return both(VERBS, outcome) + (f": {both(REASONS, str(reason))}" if reason else ""), detail, look


def event_words(event: Event) -> tuple[str, str, Look] | None:
    """What an event is on the diagram; None when it is not shown there."""
    match event.name:
        case "case-start" | "case-end" | "adapter-log" | "adapter-started" | "volatile" | "run" | "device":
            return None
        case "step":
            return str(event["text"]), "", Look.STEP
        case "expect":
            wanted = [both(VERBS, word) for word in _words(event["outcomes"])]
            wanted += [both(REASONS, word) for word in _words(event["reasons"])]
            return f"expects 预期: {', '.join(wanted)}", "", Look.PLAIN
        case "expect-answer":
            wanted = [str(item) for item in event["codes"] or []] + _words(event["reasons"])
            return both(EVENTS, event.name), ", ".join(wanted), Look.PLAIN
        case "centre" | "mobile" | "opened":
            return None
        case "problem":
            return f"problem 异常: {event['problem']}", str(event["cause"] or "").partition("\n")[0], Look.TROUBLE
        case "clock-step":
            seconds = event["seconds"]
            sign = "+" if isinstance(seconds, int) and seconds >= 0 else ""
            return f"clock 时钟 {sign}{seconds} s", "", Look.CLOCK
        case "fault-scheduled":
            return f"fault planned 故障待发: {event['message']}", str(event["effect"]), Look.PLAIN
        case "fault-fired":
            return f"⚡ {event['message']}: {both(EFFECTS, str(event['effect']))}", "", Look.FAULT
        case "booked":
            back = " (takes back 冲回)" if event["reverses"] else ""
            return f"booked 记账{back}", amounts(event.fields), Look.BOOKED
        case "presettled":
            return "pre-settled 预结算", amounts(event.fields), Look.PLAIN
        case "replayed":
            return f"answered as before 重放应答: {event['infno']}", "", Look.PLAIN
        case "code-shown":
            return f"shows a code 展码: {event['chnl'] or ''} {event['format'] or ''}", str(event["digits"]), Look.PLAIN
        case "prompt-shown":
            return "password prompt 密码确认", _yuan(event["amount_fen"]), Look.PROMPT
        case "prompt-answered":
            return f"answers 应答: {event['answer']}", "", Look.PROMPT
        case "notice":
            return "notice 动账通知", _yuan(event["amount_fen"]), Look.PROMPT
        case "bill":
            back = " (takes back 退回)" if event["reverses"] else ""
            return f"bill 账单{back}: {event['chnl']}", amounts(event.fields), Look.PROMPT
        case "adapter-crash":
            return "killed 进程被终止", "", Look.FAULT
        case "adapter-ended" if event["expected"]:
            return None
        case "adapter-ended":
            return f"ended 进程退出: {event['status']}", "", Look.TROUBLE
        case "refused" | "code-refused" | "payment-not-confirmed" | "no-read" | "same-code-locked-out":
            said = event["text"] or event["why"] or event["result"] or ""
            return f"{_named(event)} {event['code'] or ''}".rstrip(), str(said), Look.REFUSED
        case _:
            words = [str(v) for k, v in event.fields.items() if k in {"code", "why", "result", "symbology", "flag"}]
            return _named(event), ", ".join(words), Look.PLAIN


def amounts(fields: Mapping[str, Any]) -> str:
    """`25.00 = fund 15.00 + account 10.00 + cash 0.00` of an event's fields in fen; empty without a total."""
    names = (("total_fen", ""), ("fund_fen", "fund "), ("account_fen", "account "), ("cash_fen", "cash "))
    found = [f"{name}{format_yuan(Fen(fields[key]))}" for key, name in names if isinstance(fields.get(key), int)]
    return f"{found[0]} = {' + '.join(found[1:])}" if len(found) > 1 else "".join(found)


def visible(data: bytes) -> str:
    """Bytes of a line as text, control characters and those above ASCII by their names: `<CR>`, `<80>`."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"<{CONTROLS.get(byte, f'{byte:02X}')}>" for byte in data)


def _named(event: Event) -> str:
    return both(EVENTS, event.name) if event.name in EVENTS else event.name.replace("-", " ")


def _words(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _yuan(fen: object) -> str:
    return format_yuan(Fen(fen)) if isinstance(fen, int) else ""
