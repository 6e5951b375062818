"""What happened in a case, as steps of a sequence diagram: arrows between parties and notes on their life lines.

`sequence(history)` knows the meaning of records and nothing of drawing; `reports.diagram` draws what it returns.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.judge.history import ADAPTER, COUNTER, CaseHistory, Event, Exchange, Message, PortLine
from harness.line.record import Direction, Kind
from harness.money import Fen, format_yuan
from reports.vocabulary import EFFECTS, EVENTS, MESSAGES, PARTIES, REASONS, VERBS, Pair, both, message

CASHIER, SYSTEM_UNDER_TEST = "cashier", "adapter"
"""Life lines of the two ends of the counter port."""
CLIENT = "client"
"""The bench as those who ask a voucher centre; it records its calls itself."""
ORDER = (
    *("phone", "scanner", "terminal", CASHIER, CLIENT, SYSTEM_UNDER_TEST),
    *("voucher-centre", "platform", "bank", "encryption-machine"),
)
"""Life lines from left to right, by kind; others follow as they appear."""
OUR_SIDE = frozenset({"bench", "case", "driver", "harness"})
"""Clients and channels that act for the cashier or for the bench as a whole."""
CONTROLS = {0x02: "STX", 0x03: "ETX", 0x06: "ACK", 0x09: "TAB", 0x0A: "LF", 0x0D: "CR", 0x15: "NAK", 0x1B: "ESC"}
VOUCHER_CENTRE = "voucher-centre"
NEVER_ARRIVES = frozenset({"lose-request", "late-request"})


class Look(StrEnum):
    """What an arrow or note is, for the eye."""

    REQUEST = "request"
    REPLY = "reply"
    REFUSED = "refused"
    TROUBLE = "trouble"
    SCAN = "scan"
    COMMAND = "command"
    ANSWER = "answer"
    STEP = "step"
    CLOCK = "clock"
    FAULT = "fault"
    BOOKED = "booked"
    PROMPT = "prompt"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """Something that goes from one party to another; a lost one ends on its way."""

    seq: int
    place: float
    """Where it stands among the steps: its record's number, or just before another's when nothing was recorded."""
    at_ns: int
    source: str
    target: str
    label: str
    detail: str = ""
    look: Look
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that happens at one party, or to all when `lane` is empty."""

    seq: int
    place: float
    at_ns: int
    lane: str
    label: str
    detail: str = ""
    look: Look


Step = Arrow | Note


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A life line: its name on the bench and what people call it."""

    name: str
    title: Pair


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """The life lines from left to right and the steps from top to bottom."""

    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]


def sequence(history: CaseHistory) -> Sequence:
    """The steps of a case, in the order of the tape."""
    steps = sorted(
        [*_http(history), *_counter(history.port), *_lines(history), *_events(history)], key=lambda step: step.place
    )
    kinds = {str(r.event.get("name")): str(r.event.get("kind")) for r in history.run_records if r.name == "device"}
    return Sequence(lanes=_lanes(steps, kinds), steps=tuple(steps))


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


def visible(data: bytes) -> str:
    """Bytes of a line as text, control characters and those above ASCII by their names: `<CR>`, `<80>`."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"<{CONTROLS.get(byte, f'{byte:02X}')}>" for byte in data)


def amounts(fields: Mapping[str, Any]) -> str:
    """`25.00 = fund 15.00 + account 10.00 + cash 0.00` of an event's fields in fen; empty without a total."""
    names = (("total_fen", ""), ("fund_fen", "fund "), ("account_fen", "account "), ("cash_fen", "cash "))
    found = [f"{name}{format_yuan(Fen(fields[key]))}" for key, name in names if isinstance(fields.get(key), int)]
    return f"{found[0]} = {' + '.join(found[1:])}" if len(found) > 1 else "".join(found)


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


def _http(history: CaseHistory) -> Iterator[Step]:
    asked = _asked_by_client(history)
    seen_twice = {other.request.seq for other in asked.values() if other is not None}
    for exchange in history.exchanges:
        if exchange.request.seq in seen_twice:
            continue
        name = message_name(exchange)
        client, party = _lane_of_client(exchange.client), exchange.party
        if party == CLIENT:
            other = asked[exchange.request.seq]
            client, party = CLIENT, VOUCHER_CENTRE if other is None else other.party
        shared: dict[str, Any] = {"seq": exchange.request.seq, "at_ns": exchange.request.at_ns}
        fault = _fault_on(history, exchange) if exchange.reply is None else None
        lost = fault is not None and str(fault["effect"]) in NEVER_ARRIVES
        yield Arrow(
            **shared,
            place=exchange.request.seq,
            source=client,
            target=party,
            label=message(name),
            detail=exchange.msgid,
            look=Look.REQUEST,
            lost=lost,
        )
        label, look = outcome_of(exchange)
        if exchange.reply is not None:
            yield Arrow(
                seq=exchange.reply.seq,
                place=exchange.reply.seq,
                at_ns=exchange.reply.at_ns,
                source=party,
                target=client,
                label=label,
                look=look,
            )
            continue
        place = _gives_up(history, exchange) - 0.5
        if lost:
            yield Note(**shared, place=place, lane=client, label=label, look=look)
        else:
            yield Arrow(**shared, place=place, source=party, target=client, label=label, look=look, lost=True)


def _asked_by_client(history: CaseHistory) -> dict[int, Exchange | None]:
    """The bench's own calls by their records' numbers, each with what a simulator recorded of the same call."""
    mine = [exchange for exchange in history.exchanges if exchange.party == CLIENT]
    others = [e for e in history.exchanges if e.party != CLIENT and e.client in OUR_SIDE] if mine else []
    found: dict[int, Exchange | None] = {}
    for call in mine:
        until = history.records[-1].seq if call.reply is None else call.reply.seq
        same = (e for e in others if call.request.seq < e.request.seq <= until and _same_request(call, e))
        found[call.request.seq] = next((e for e in same if e not in found.values()), None)
    return found


def _same_request(one: Exchange, other: Exchange) -> bool:
    return one.path.endswith(other.path) and one.request.body == other.request.body


def _fault_on(history: CaseHistory, exchange: Exchange) -> Event | None:
    others = [e.request.seq for e in history.exchanges if e.party == exchange.party]
    until = min((seq for seq in others if seq > exchange.request.seq), default=history.records[-1].seq + 1)
    fired = (e for e in history.named("fault-fired") if e.device == exchange.party)
    return next((e for e in fired if exchange.request.seq < e.seq < until), None)


def _gives_up(history: CaseHistory, exchange: Exchange) -> int:
    """The record before which the client of an unanswered request must have given up."""
    after = [e.request.seq for e in history.exchanges if e.client == exchange.client]
    if exchange.client == ADAPTER:
        after += [line.seq for line in history.port if not line.sent]
    return min((seq for seq in after if seq > exchange.request.seq), default=history.records[-1].seq)


def _counter(port: Iterable[PortLine]) -> Iterator[Step]:
    for line in port:
        shared: dict[str, Any] = {"seq": line.seq, "place": line.seq, "at_ns": line.at_ns}
        content = line.content
        if line.sent:
            verb = str(content.get("do", "hello" if "hello" in content else "?"))
            words = [str(content[key]) for key in ("order", "slot", "visit", "total", "day") if key in content]
            words += [both(VERBS, str(content[key])) for key in ("by", "way") if key in content]
            yield Arrow(
                **shared,
                source=CASHIER,
                target=SYSTEM_UNDER_TEST,
                label=both(VERBS, verb),
                detail=", ".join(words),
                look=Look.COMMAND,
            )
        elif content.get("event") == "journal":
            text = f"journal 日志: {content.get('infno', '')}"
            yield Note(
                **shared, lane=SYSTEM_UNDER_TEST, label=text, detail=str(content.get("msgid", "")), look=Look.PLAIN
            )
        else:
            label, detail, look = _said(line)
            yield Arrow(**shared, source=SYSTEM_UNDER_TEST, target=CASHIER, label=label, detail=detail, look=look)


def _said(line: PortLine) -> tuple[str, str, Look]:
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


def _lines(history: CaseHistory) -> Iterator[Step]:
    for record in history.records:
        device, _, line = record.channel.partition(".")
        if record.kind is not Kind.FRAME or device == COUNTER or line.startswith("http"):
            continue
        out = record.direction is Direction.SENT
        scan = out and device == "scanner"
        yield Arrow(
            seq=record.seq,
            place=record.seq,
            at_ns=record.at_ns,
            source=device if out else SYSTEM_UNDER_TEST,
            target=SYSTEM_UNDER_TEST if out else device,
            label="scan 扫码" if scan else f"{len(record.data)} bytes {len(record.data)} 字节",
            detail=visible(record.data[:48]),
            look=Look.SCAN,
        )


def _events(history: CaseHistory) -> Iterator[Step]:
    ours = CLIENT if any(exchange.party == CLIENT for exchange in history.exchanges) else CASHIER
    phone = next((e.device for e in history.named("code-shown")), "")
    for event in history.events:
        if event.name == "image-seen" and phone:
            yield Arrow(
                seq=event.seq,
                place=event.seq,
                at_ns=event.at_ns,
                source=phone,
                target=event.device,
                label="the shown code 展码",
                look=Look.SCAN,
            )
            continue
        told = _told(event)
        if told is not None:
            label, detail, look = told
            yield Note(
                seq=event.seq,
                place=event.seq,
                at_ns=event.at_ns,
                lane=_lane_of_event(event, look, ours),
                label=label,
                detail=detail,
                look=look,
            )


def _told(event: Event) -> tuple[str, str, Look] | None:
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
        case "centre":
            return None
        case "problem":
            return f"problem 异常: {event['problem']}", str(event["cause"] or ""), Look.TROUBLE
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


def _named(event: Event) -> str:
    return both(EVENTS, event.name) if event.name in EVENTS else event.name.replace("-", " ")


def _words(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _yuan(fen: object) -> str:
    return format_yuan(Fen(fen)) if isinstance(fen, int) else ""


def _lane_of_event(event: Event, look: Look, ours: str) -> str:
    if look in {Look.STEP, Look.CLOCK} or event.name == "problem":
        return ""
    if event.device == COUNTER or event.name.startswith("adapter-"):
        return SYSTEM_UNDER_TEST
    return ours if event.device in OUR_SIDE else event.device.partition(".")[0]


def _lane_of_client(client: str) -> str:
    if client == ADAPTER:
        return SYSTEM_UNDER_TEST
    return CASHIER if client in OUR_SIDE else client


def _lanes(steps: Iterable[Step], kinds: Mapping[str, str]) -> tuple[Lane, ...]:
    names: dict[str, None] = {}
    for step in steps:
        for name in (step.source, step.target) if isinstance(step, Arrow) else (step.lane,):
            if name:
                names.setdefault(name)
    appeared = list(names)

    def rank(name: str) -> tuple[int, int]:
        kind = kinds.get(name, name)
        return ORDER.index(kind) if kind in ORDER else len(ORDER), appeared.index(name)

    return tuple(Lane(name=name, title=_title(name, kinds.get(name, name))) for name in sorted(appeared, key=rank))


def _title(name: str, kind: str) -> Pair:
    en, zh = PARTIES.get(kind, (kind, ""))
    return (en, zh) if name == kind else (name, zh or en)
