"""The institution interface (定点医药机构接口): envelope, and what may be wrong with a message.

Requests and answers are JSON objects; `decode` reads them without a float ever being made, `check` and `check_reply`
compare them with the field tables of `fixtures/institution/` and report every wrong field. What a transaction does is
the platform's business, not this module's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from itertools import chain, islice

import msgspec

from harness.clock import BEIJING
from harness.money import Fen, parse_yuan
from harness.wire.fields import (
    FieldProblem,
    FieldSpec,
    Node,
    Rule,
    check_fields,
    check_nodes,
    code_table,
    is_absent,
    is_array,
    is_object,
    load_toml,
    parse_nodes,
    show,
    written_plainly,
)
from harness.wire.msgid import CODE_IN_MSGID, CODE_TIME, parse_msgid

SIGN_IN, SIGN_OUT = "9001", "9002"
PERSON, PRE_SETTLE, SETTLE, REFUND = "1101", "2101", "2102", "2103"
REVERSE, QUERY = "2601", "5203"
OUTPATIENT = ("2201", "2202", "2203", "2203A", "2204", "2205", "2206", "2206A", "2207", "2207A", "2208")
INPATIENT = ("2301", "2302", "2303", "2304", "2305", "2401", "2402", "2403", "2404", "2405")
DIRECTORY = ("1201", "1901", "2001")
TOTALS, STATED = "3201", ("3201", "3202")
"""Reconciliation: of totals; of totals and details."""
STATEMENTS = ("3201", "3202", "3203", "3204", "9101", "9102")
HALL = ("9801", "9802", "9803")
"""Own design, for a government hall's terminal: proof of contributions, change of tier, check of a proof."""
TRANSACTIONS = (
    *(SIGN_IN, SIGN_OUT, PERSON, PRE_SETTLE, SETTLE, REFUND, REVERSE, QUERY),
    *OUTPATIENT,
    *INPATIENT,
    *DIRECTORY,
    *STATEMENTS,
    *HALL,
)
TRACE_NODE = "drug_trac_info"
TRACED = (SETTLE, "2207")
"""Settlements that may list trace codes; the inpatient 2303 and 2304 are without."""
TRACE_FIELDS = ("trdn_flag", "min_prcunt_type")
"""What an entry of `TRACE_NODE` may lack by the national tables."""
REFUND_FLAGS = {"short": ("0", "1"), "long": ("000000", "000001")}
"""refd_setl_flag of 3201 and 3202: no refund, a refund."""
LINE_REFUND_FLAGS = {"short": ("0", "1"), "long": ("000", "001")}
"""refd_setl_flag in the lines of 3202's files."""
SETLINFO = "setlinfo"
MOST_PROBLEMS = 1000
"""How many wrong fields of a message are looked for: a few megabytes can have millions, which nobody reads."""
_TIME = "%Y-%m-%d %H:%M:%S"


def _plain_number(text: str) -> Decimal:
    """A number of JSON; 4.498e1, which as a Decimal would look like 44.98, becomes NaN: no field takes an exponent."""
    found = Decimal(text)
    return Decimal("NaN") if ("e" in text or "E" in text) and written_plainly(found) else found


_DECODER = msgspec.json.Decoder(float_hook=_plain_number)


@dataclass(frozen=True, kw_only=True)
class Form:
    """What provinces want of an envelope beyond, or otherwise than, the national field tables."""

    msgid: str = CODE_TIME
    code_length: int = 30
    """The most characters of fixmedins_code."""
    cert_types: tuple[str, ...] = ()
    """The mdtrt_cert_type that there are; empty: all of the code table."""
    members: tuple[str, ...] = ()
    """Members that the envelope must have."""
    input_as: str = ""
    """`string` where input must be a string of JSON; empty: an object or a string."""
    trace_codes: tuple[str, ...] = ()
    """Settlements that list trace codes (追溯码) with every field; 2207A goes as 2207."""
    refund_flags: str = ""
    """The family of refd_setl_flag in 3201 and 3202, of `REFUND_FLAGS`; empty: any."""
    statement_members: tuple[str, ...] = ()
    """Members that the data of 3201 must have."""
    hifdm_pay: bool = False
    """Whether setlinfo must have hifdm_pay."""


NATIONAL = Form()


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What every request of one operator at one institution carries, in readable names (docs/sources.md, 4.1)."""

    infno: str
    msgid: str
    at: datetime
    institution: str
    institution_name: str
    area: str
    """Place of treatment (mdtrtarea_admvs)."""
    insured_place: str = ""
    """Insured place (insuplc_admdvs); due as soon as the input carries psn_no."""
    operator: str
    operator_name: str
    operator_type: str = "1"
    sign_no: str = ""
    recer_sys_code: str = "YBXT"
    infver: str = "V1.0"
    signtype: str = "SM3"
    dev_no: str = ""


def request(
    envelope: Envelope,
    data: Mapping[str, object],
    *,
    input_as: str = "object",
    members: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """A request as the wire spells it; `data` is the content of input, `members` what a province's envelope adds."""
    return {
        "infno": envelope.infno,
        "msgid": envelope.msgid,
        "mdtrtarea_admvs": envelope.area,
        "insuplc_admdvs": envelope.insured_place,
        "recer_sys_code": envelope.recer_sys_code,
        "dev_no": envelope.dev_no,
        "dev_safe_info": "",
        "cainfo": "",
        "signtype": envelope.signtype,
        "infver": envelope.infver,
        "opter_type": envelope.operator_type,
        "opter": envelope.operator,
        "opter_name": envelope.operator_name,
        "inf_time": envelope.at.astimezone(BEIJING).strftime(_TIME),
        "fixmedins_code": envelope.institution,
        "fixmedins_name": envelope.institution_name,
        "sign_no": envelope.sign_no,
        **(members or {}),
        "input": encode(data).decode() if input_as == "string" else data,
    }


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer: accepted when `infcode` is 0; otherwise `err_msg` is what the operator reads."""

    infcode: int
    err_msg: str
    warn_msg: str
    inf_refmsgid: str
    output: Mapping[str, object]

    @property
    def accepted(self) -> bool:
        """Whether the transaction was done."""
        return self.infcode == 0


def parse_reply(body: Mapping[str, object]) -> Reply:
    """An answer's envelope. Raises ValueError when it has no usable infcode."""
    try:
        infcode = int(str(body["infcode"]))
    except (KeyError, ValueError) as error:
        raise ValueError("the answer has no infcode") from error
    return Reply(
        infcode=infcode,
        err_msg=str(body.get("err_msg") or ""),
        warn_msg=str(body.get("warn_msg") or ""),
        inf_refmsgid=str(body.get("inf_refmsgid") or ""),
        output=_content(body.get("output")) or {},
    )


def decode(raw: bytes, *, charset: str = "utf-8", twice: bool = False) -> Mapping[str, object]:
    """A message from its bytes, numbers with a point as Decimal. Raises ValueError when it is no JSON object.

    `twice`: it may come as a JSON string of JSON.
    """
    if charset != "utf-8":
        raw = raw.decode(charset).encode()
    try:
        value = _DECODER.decode(raw)
        if twice and isinstance(value, str):
            value = _DECODER.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    if not is_object(value):
        raise ValueError(f"a JSON object is due, not {show(value)}")
    return value


def encode(message: object) -> bytes:
    """A message as UTF-8 JSON without blanks; a Decimal becomes a JSON number."""
    return _ENCODER.encode(message)


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def content(body: Mapping[str, object]) -> Mapping[str, object]:
    """The input of a request, whether an object or a string of JSON; empty when it is neither."""
    return _content(body.get("input")) or {}


def amount(value: object) -> Fen:
    """Fen from a wire amount: a decimal string or a JSON number of yuan. Raises ValueError otherwise."""
    if type(value) is str:
        return _fen(value)
    if isinstance(value, Decimal) and written_plainly(value):
        value = format(value, "f")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is no amount")
    return parse_yuan(value)


_fen = lru_cache(maxsize=4096)(parse_yuan)
_ONE = Decimal(1)


def line_amount(price: object, count: object) -> Fen:
    """Price times count (pric N16,6; cnt N16,4), rounded half up to the fen."""
    price = price if type(price) is Decimal else Decimal(str(price))
    count = count if type(count) is Decimal else Decimal(str(count))
    return Fen(int((price * count * 100).quantize(_ONE, rounding=ROUND_HALF_UP)))


@cache
def input_nodes(infno: str) -> tuple[Node, ...]:
    """The field table of a transaction's input."""
    return parse_nodes(_rows(infno, "input"))


@cache
def output_nodes(infno: str) -> tuple[Node, ...]:
    """The field table of a transaction's output; empty for those that have none, like 2601."""
    return parse_nodes(_rows(infno, "output"))


def _rows(infno: str, part: str) -> list[dict[str, object]]:
    """The nodes of a table's part as data, each `like = "TABLE.NODE"` (less `without`, with `fields`) written out."""
    rows = load_toml(f"institution/{infno}.toml").get(part, [])
    assert isinstance(rows, list)
    return [_written_out(row, part) for row in rows]


def _written_out(row: Mapping[str, object], part: str) -> dict[str, object]:
    if "like" not in row:
        return dict(row)
    table, _, name = str(row["like"]).partition(".")
    model = next(other for other in _rows(table, part) if other["node"] == name)
    without, own = row.get("without", []), row.get("fields", [])
    fields = model["fields"]
    assert isinstance(without, list)
    assert isinstance(own, list)
    assert isinstance(fields, list)
    changed = {field["name"]: field for field in own}
    kept = [changed.pop(field["name"], field) for field in fields if field["name"] not in without]
    rest = {key: value for key, value in row.items() if key not in {"like", "without"}}
    return {**rest, "fields": [*kept, *changed.values()]}


@cache
def _envelope(part: str) -> tuple[FieldSpec, ...]:
    rows = load_toml("institution/envelope.toml")[part]
    assert isinstance(rows, list)
    return tuple(FieldSpec(**row) for row in rows)


def check(
    infno: str, body: Mapping[str, object], *, insuplc_required: bool = True, form: Form = NATIONAL
) -> tuple[FieldProblem, ...]:
    """Every wrong field of a request's envelope and input, up to `MOST_PROBLEMS`; empty when all is well.

    `infno` is the transaction that the sender called, e.g. by the path; `insuplc_required`, `form` are the profile's.
    """
    found = chain(
        _problems(infno, body, insuplc_required=insuplc_required, msgid_form=form.msgid),
        _form_problems(infno, body, form),
    )
    return tuple(islice(found, MOST_PROBLEMS))


def form_problems(body: Mapping[str, object], form: Form) -> tuple[FieldProblem, ...]:
    """Every field that is right by the national tables and wrong in a province."""
    return tuple(_form_problems(str(body.get("infno")), body, form))


def _form_problems(infno: str, body: Mapping[str, object], form: Form) -> Iterator[FieldProblem]:
    code = body.get("fixmedins_code")
    if isinstance(code, str) and len(code) > form.code_length:
        expected = f"text of at most {form.code_length} characters"
        yield _problem("fixmedins_code", Rule.LENGTH, expected, f"{len(code)} characters")
    for name in form.members:
        if is_absent(body.get(name)):
            yield _problem(name, Rule.REQUIRED, "text, due in this province,", body.get(name))
    if form.input_as == "string" and is_object(body.get("input")):
        yield _problem("input", Rule.TYPE, "a string of JSON", body.get("input"))
    if infno[:4] in form.trace_codes:
        yield from _trace_problems(body)
    if infno in STATED:
        yield from _statement_problems(infno, body, form)
    if not form.cert_types:
        return
    known = code_table("mdtrt_cert_type")
    for node, value in (_content(body.get("input")) or {}).items():
        kind = value.get("mdtrt_cert_type") if is_object(value) else None
        if isinstance(kind, str) and kind in known and kind not in form.cert_types:
            yield _problem(f"input.{node}.mdtrt_cert_type", Rule.CODE, f"one of {' '.join(form.cert_types)}", kind)


def _trace_problems(body: Mapping[str, object]) -> Iterator[FieldProblem]:
    """What entries of `TRACE_NODE` lack; which lines have no entry is for the platform to say, which knows them."""
    rows = (_content(body.get("input")) or {}).get(TRACE_NODE)
    for index, row in enumerate(rows if is_array(rows) else ()):
        if not is_object(row):
            continue  # the field table says so
        for name in TRACE_FIELDS:
            if is_absent(row.get(name)):
                where = f"input.{TRACE_NODE}[{index}].{name}"
                yield _problem(where, Rule.REQUIRED, "a code, due in this province,", row.get(name))


def _statement_problems(infno: str, body: Mapping[str, object], form: Form) -> Iterator[FieldProblem]:
    data = (_content(body.get("input")) or {}).get("data")
    if not is_object(data):
        return
    for name in form.statement_members if infno == TOTALS else ():
        if is_absent(data.get(name)):
            yield _problem(f"input.data.{name}", Rule.REQUIRED, "a value, due in this province,", data.get(name))
    flag, flags = data.get("refd_setl_flag"), REFUND_FLAGS.get(form.refund_flags)
    if flags and isinstance(flag, str) and flag in code_table("refd_setl_flag") and flag not in flags:
        yield _problem("input.data.refd_setl_flag", Rule.CODE, f"one of {' '.join(flags)}", flag)


def check_reply(infno: str, body: Mapping[str, object], *, form: Form = NATIONAL) -> tuple[FieldProblem, ...]:
    """Every wrong field of an answer's envelope and, when it is a success, of its output; `form` is the profile's."""
    problems = list(check_fields(_envelope("reply"), body, ""))
    if str(body.get("infcode")) == "0" and infno in TRANSACTIONS:
        output = _content(body.get("output"))
        if output is None:
            if output_nodes(infno):
                problems.append(_problem("output", Rule.REQUIRED, "an object", body.get("output")))
        else:
            problems += check_nodes(output_nodes(infno), output, "output")
            info = output.get(SETLINFO)
            if form.hifdm_pay and is_object(info) and is_absent(paid := info.get("hifdm_pay")):
                expected = "an amount, due in this province,"
                problems.append(_problem(f"output.{SETLINFO}.hifdm_pay", Rule.REQUIRED, expected, paid))
    elif str(body.get("infcode")) != "0" and is_absent(body.get("err_msg")):
        problems.append(_problem("err_msg", Rule.REQUIRED, "a text for the operator", body.get("err_msg")))
    return tuple(problems)


def _problems(
    infno: str, body: Mapping[str, object], *, insuplc_required: bool, msgid_form: str
) -> Iterator[FieldProblem]:
    yield from check_fields(_envelope("fields"), body, "")
    named = body.get("infno")
    if isinstance(named, str) and named != infno and named in code_table("infno"):
        yield _problem("infno", Rule.CONSISTENT, f"the called transaction {infno}", named)
    yield from _msgid_problems(body, msgid_form)
    data = _content(body.get("input"))
    if is_absent(body.get("input")):
        yield _problem("input", Rule.REQUIRED, "an object", body.get("input"))
    elif data is None:
        yield _problem("input", Rule.TYPE, "an object, or a string of one", body["input"])
    else:
        if infno in TRANSACTIONS:
            yield from check_nodes(input_nodes(infno), data, "input")
        if insuplc_required and is_absent(body.get("insuplc_admdvs")) and _carries_person(data.values()):
            expected = "the insured place, since input carries psn_no,"
            yield _problem("insuplc_admdvs", Rule.REQUIRED, expected, body.get("insuplc_admdvs"))


def _msgid_problems(body: Mapping[str, object], form: str) -> Iterator[FieldProblem]:
    msgid, institution = body.get("msgid"), body.get("fixmedins_code")
    if not isinstance(msgid, str) or not msgid:
        return
    try:
        parsed = parse_msgid(msgid, form=form)
    except ValueError as error:
        yield _problem("msgid", Rule.FORMAT, str(error), msgid)
        return
    if isinstance(institution, str) and institution and parsed.institution != institution[:CODE_IN_MSGID]:
        yield _problem("msgid", Rule.CONSISTENT, f"to begin with {institution[:CODE_IN_MSGID]}", msgid)


def _carries_person(nodes: Iterable[object]) -> bool:
    entries = [entry for node in nodes for entry in (node if is_array(node) else [node])]
    return any(is_object(entry) and not is_absent(entry.get("psn_no")) for entry in entries)


def _content(value: object) -> Mapping[str, object] | None:
    if isinstance(value, str) and value:
        try:
            value = _DECODER.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
    return value if is_object(value) else None


def _problem(path: str, rule: Rule, expected: str, seen: object) -> FieldProblem:
    return FieldProblem(path=path, rule=rule, expected=expected, seen=show(seen))
