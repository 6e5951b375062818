"""What may be wrong with a message: every wrong field, by the nation's tables and by the form of a province."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from harness.wire.fields import (
    FieldProblem,
    Rule,
    check_fields,
    check_nodes,
    code_table,
    is_absent,
    is_array,
    is_object,
    show,
)
from harness.wire.institution.message import as_object, encode
from harness.wire.institution.names import (
    CERT_TYPE,
    REFUND_FLAGS,
    SETLINFO,
    STATED,
    TOTALS,
    TRACE_FIELDS,
    TRACE_NODE,
    TRANSACTIONS,
    UPLOAD,
)
from harness.wire.institution.tables import envelope_fields, input_nodes, output_nodes
from harness.wire.msgid import CODE_IN_MSGID, CODE_TIME, parse_msgid

MOST_PROBLEMS = 1000
"""How many wrong fields of a message are looked for: a few megabytes can have millions, which nobody reads."""


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
    name_length: int = 200
    """The most characters of fixmedins_name."""
    input_length: int = 0
    """The most characters of input as text of JSON, for all but 9101; 0: as many as there are."""
    oinfno_length: int = 4
    """The most characters of oinfno of 2601; from 5 on a letter has its place."""
    cert_codes: tuple[str, ...] = ()
    """What the province has for mdtrt_cert_type where that is another than the nation's (`local_codes.to_national`)."""
    local_codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Codes of a field beyond its national table, by the field's name."""


NATIONAL = Form()


def check(
    infno: str, body: Mapping[str, object], *, insuplc_required: bool = True, form: Form = NATIONAL
) -> tuple[FieldProblem, ...]:
    """Every wrong field of a request's envelope and input, up to `MOST_PROBLEMS`; empty when all is well.

    `infno` is the transaction that the sender called, e.g. by the path; `insuplc_required`, `form` are the profile's.
    """
    found = chain(
        _but_local(_problems(infno, body, insuplc_required=insuplc_required, msgid_form=form.msgid), form),
        _form_problems(infno, body, form),
    )
    return tuple(islice(found, MOST_PROBLEMS))


def form_problems(body: Mapping[str, object], form: Form) -> tuple[FieldProblem, ...]:
    """Every field that is right by the national tables and wrong in a province."""
    return tuple(_form_problems(str(body.get("infno")), body, form))


def _form_problems(infno: str, body: Mapping[str, object], form: Form) -> Iterator[FieldProblem]:
    code = body.get("fixmedins_code")
    if isinstance(code, str) and len(code) > form.code_length:
        yield _too_long("fixmedins_code", f"text of at most {form.code_length}", len(code))
    name = body.get("fixmedins_name")
    if isinstance(name, str) and len(name) > form.name_length:
        yield _too_long("fixmedins_name", f"text of at most {form.name_length}", len(name))
    if form.input_length and infno != UPLOAD and (length := _length(body.get("input"))) > form.input_length:
        yield _too_long("input", f"JSON of at most {form.input_length}", length)
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
    for node, value in (as_object(body.get("input")) or {}).items():
        kind = value.get("mdtrt_cert_type") if is_object(value) else None
        if isinstance(kind, str) and kind in known and kind not in form.cert_types:
            yield _problem(
                f"input.{node}.mdtrt_cert_type",
                Rule.CODE,
                f"one of {' '.join(form.cert_codes or form.cert_types)}",
                kind,
            )


def _but_local(problems: Iterable[FieldProblem], form: Form) -> Iterator[FieldProblem]:
    """The problems of the national tables without those that are none in a province."""
    for problem in problems:
        name = problem.path.rpartition(".")[2]
        local = problem.rule is Rule.CODE and problem.seen in {show(code) for code in form.local_codes.get(name, ())}
        letter = problem.rule is Rule.LENGTH and name == "oinfno" and _characters(problem) <= form.oinfno_length
        own = name == CERT_TYPE and bool(form.cert_codes)
        if local or letter or (own and problem.rule is Rule.LENGTH):
            continue  # of what is too long for a code, too, the table says what it should be
        if own and problem.rule is Rule.CODE:
            yield replace(problem, expected=f"one of {' '.join(form.cert_codes)}")
        else:
            yield problem


def _too_long(path: str, expected: str, length: int) -> FieldProblem:
    return FieldProblem(path=path, rule=Rule.LENGTH, expected=f"{expected} characters", seen=f"{length} characters")


def _characters(problem: FieldProblem) -> int:
    """How many a text has that is too long."""
    return int(problem.seen.partition(" ")[0])


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    return len(encode(value).decode())


def _trace_problems(body: Mapping[str, object]) -> Iterator[FieldProblem]:
    """What entries of `TRACE_NODE` lack; which lines have no entry is for the platform to say, which knows them."""
    rows = (as_object(body.get("input")) or {}).get(TRACE_NODE)
    for index, row in enumerate(rows if is_array(rows) else ()):
        if not is_object(row):
            continue  # the field table says so
        for name in TRACE_FIELDS:
            if is_absent(row.get(name)):
                where = f"input.{TRACE_NODE}[{index}].{name}"
                yield _problem(where, Rule.REQUIRED, "a code, due in this province,", row.get(name))


def _statement_problems(infno: str, body: Mapping[str, object], form: Form) -> Iterator[FieldProblem]:
    data = (as_object(body.get("input")) or {}).get("data")
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
    problems = list(check_fields(envelope_fields("reply"), body, ""))
    if str(body.get("infcode")) == "0" and infno in TRANSACTIONS:
        output = as_object(body.get("output"))
        if output is None:
            if output_nodes(infno):
                problems.append(_problem("output", Rule.REQUIRED, "an object", body.get("output")))
        else:
            problems += _but_local(check_nodes(output_nodes(infno), output, "output"), form)
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
    yield from check_fields(envelope_fields("fields"), body, "")
    named = body.get("infno")
    if isinstance(named, str) and named != infno and named in code_table("infno"):
        yield _problem("infno", Rule.CONSISTENT, f"the called transaction {infno}", named)
    yield from _msgid_problems(body, msgid_form)
    data = as_object(body.get("input"))
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


def _problem(path: str, rule: Rule, expected: str, seen: object) -> FieldProblem:
    return FieldProblem(path=path, rule=rule, expected=expected, seen=show(seen))
