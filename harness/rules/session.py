"""The operator's session with the platform, and what every envelope says of institution, operator and profile."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from harness.clock import BEIJING, NS
from harness.judge.exchange import Exchange
from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import SIGN_IN, as_object, earlier, reply_output, request_input, shown, text
from harness.wire.gateway import find_problem
from harness.wire.profile import gateway_from

SIGN_OUT = "9002"
SHANGHAI = "shanghai"
ANY_PATH = "/fsi/api/callService"
"""The path that takes every transaction where the profile names no other."""
ENVELOPE = {
    "fixmedins_code": ("institution", "code"),
    "fixmedins_name": ("institution", "name"),
    "mdtrtarea_admvs": ("institution", "admdvs"),
    "opter": ("operator", "no"),
    "opter_name": ("operator", "name"),
    "infver": ("profile", "infver"),
    "recer_sys_code": ("profile", "recer_sys_code"),
    "signtype": ("profile", "signtype"),
}
"""Fields of the envelope and where the adapter was told their value; that one is missing is for `fields-valid`."""
OPERATOR = {"opter_no": "no", "mac": "mac", "ip": "ip"}
"""Fields of 9001 and where the adapter was told their value."""


@rule("signed-in-first")
def signed_in_first(history: CaseHistory) -> Iterator[Observation]:
    """Every transaction but the sign-in comes after an accepted sign-in of that day and carries its sign_no."""
    for exchange in history.sent():
        if exchange.infno == SIGN_IN or _has_no_sign_in(history, exchange):
            continue
        valid = _sign_numbers(history, exchange)
        sign_no = text(exchange.request.json.get("sign_no"))
        if not valid:
            yield Observation(
                seq=exchange.request.seq,
                expected=f"an accepted 9001 of that day before {exchange.infno}",
                seen="not signed in",
            )
        elif sign_no not in valid:
            yield Observation(
                seq=exchange.request.seq, expected=f"sign_no {' or '.join(valid)}", seen=f"sign_no {shown(sign_no)}"
            )


@rule("sign-in-told-as-answered")
def sign_in_told_as_answered(history: CaseHistory) -> Iterator[Observation]:
    """Whoever is not signed in asks the platform at each sign-in, and is signed in only when it says so."""
    if not history.stood_in("platform"):
        return
    asked = history.sent(SIGN_IN)
    for operation in history.doing("sign-in"):
        said = operation.answer.content.get("reason") if operation.answer else None
        if operation.answer is None or said == "library-mismatch" or _no_sign_in_at(history, operation.command.seq):
            continue
        day = text(operation.command.content.get("at"))[:10]
        if any(e.granted and e.request.seq < operation.command.seq and _day(e).isoformat() == day for e in asked):
            continue
        mine = [e for e in asked if operation.spans(e.request.seq)]
        if not mine:
            yield Observation(seq=operation.last_seq, expected="a 9001, for nobody is signed in", seen="none sent")
        elif operation.outcome == "accepted" and not any(e.granted for e in mine):
            answered = "no readable answer" if mine[-1].unknown else "a refusal"
            yield Observation(
                seq=operation.last_seq, expected="accepted when 9001 is", seen=f"accepted, after {answered}"
            )


def _has_no_sign_in(history: CaseHistory, exchange: Exchange) -> bool:
    """Whether the province's protocol has no such message."""
    return _no_sign_in_at(history, exchange.request.seq)


def _no_sign_in_at(history: CaseHistory, seq: int) -> bool:
    profile = as_object(history.hello_at(seq).get("profile"))
    return text(profile.get("protocol")) == SHANGHAI


def _sign_numbers(history: CaseHistory, exchange: Exchange) -> list[str]:
    """The sign-in numbers that are good for a transaction, in the order in which they were given."""
    valid: list[str] = []
    for other in earlier(history, exchange, SIGN_IN, SIGN_OUT):
        if not other.granted or other.reply is None or other.reply.seq > exchange.request.seq:
            continue
        if other.infno == SIGN_IN and _day(other) == _day(exchange):
            valid.append(text(as_object(reply_output(other).get("signinoutb")).get("sign_no")))
        elif other.infno == SIGN_OUT:
            gone = text(as_object(request_input(other).get("signOut")).get("sign_no"))
            valid = [number for number in valid if number != gone]
    return [number for number in valid if number]


def _day(exchange: Exchange) -> date:
    """The day on which a transaction was sent, in Beijing."""
    return datetime.fromtimestamp(exchange.request.at_ns // NS, tz=BEIJING).date()


@rule("envelope-as-told")
def envelope_as_told(history: CaseHistory) -> Iterator[Observation]:
    """Envelope, sign-in and headers name institution, operator, versions and signatures as the adapter was told."""
    for exchange in history.sent():
        hello = history.hello_at(exchange.request.seq)
        wanted = [
            (field, as_object(hello.get(part)).get(name), exchange.request.json[field])
            for field, (part, name) in ENVELOPE.items()
            if field in exchange.request.json
        ]
        if exchange.infno == SIGN_IN:
            given = as_object(request_input(exchange).get("signIn"))
            operator = as_object(hello.get("operator"))
            wanted += [(field, operator.get(name), given.get(field)) for field, name in OPERATOR.items()]
        profile = as_object(hello.get("profile"))
        more = as_object(profile.get("envelope"))
        wanted += [(field, due, exchange.request.json.get(field)) for field, due in more.items()]
        yield from _wrong_at_the_gateway(exchange, profile)
        for field, due, seen in wanted:
            if due is not None and text(seen) != text(due):
                yield Observation(
                    seq=exchange.request.seq, expected=f"{field} {shown(due)}", seen=f"{field} {shown(seen)}"
                )


def _wrong_at_the_gateway(exchange: Exchange, profile: Mapping[str, Any]) -> Iterator[Observation]:
    """What a gateway of this profile finds wrong with the headers or the signed envelope."""
    agreed = {name: text(value) for name, value in as_object(profile.get("headers")).items()}
    gateway = gateway_from(as_object(profile.get("gateway")))
    now = datetime.fromtimestamp(exchange.request.at_ns // NS, tz=BEIJING)
    problem = find_problem(gateway, agreed, exchange.request.headers, exchange.request.json, now=now)
    if problem is not None:
        what = f": {problem.what}" if problem.what else ""
        yield Observation(
            seq=exchange.request.seq,
            expected="headers and signatures as the profile has them",
            seen=f"{problem.why}{what}",
        )


@rule("path-as-profiled")
def path_as_profiled(history: CaseHistory) -> Iterator[Observation]:
    """Every transaction goes to the path that the province's profile gives it, or to the one that takes any."""
    for exchange in history.sent():
        profile = as_object(history.hello_at(exchange.request.seq).get("profile"))
        paths: Mapping[str, Any] = as_object(profile.get("paths"))
        any_path = text(profile.get("any_path")) or ANY_PATH
        allowed = {text(paths.get(exchange.infno)), any_path} - {""}
        single = profile.get("single_path") is True
        path = exchange.path.partition("?")[0]
        if (single or exchange.infno in paths) and path not in allowed:
            due = any_path if single else paths[exchange.infno]
            yield Observation(seq=exchange.request.seq, expected=f"{exchange.infno} at {due}", seen=path)
