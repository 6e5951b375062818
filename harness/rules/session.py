"""The operator's session with the platform, and what every envelope says of institution, operator and profile."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.judge.history import CaseHistory, Exchange
from harness.rules.registry import Observation, rule
from harness.rules.transactions import SIGN_IN, as_object, earlier, reply_output, request_input, shown, text

SIGN_OUT = "9002"
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
    """Every transaction but the sign-in comes after an accepted sign-in and carries its sign_no."""
    for exchange in history.sent():
        if exchange.infno == SIGN_IN:
            continue
        valid = _sign_numbers(history, exchange)
        sign_no = text(exchange.request.json.get("sign_no"))
        if not valid:
            yield Observation(
                seq=exchange.request.seq, expected=f"an accepted 9001 before {exchange.infno}", seen="not signed in"
            )
        elif sign_no not in valid:
            yield Observation(
                seq=exchange.request.seq, expected=f"sign_no {' or '.join(valid)}", seen=f"sign_no {shown(sign_no)}"
            )


def _sign_numbers(history: CaseHistory, exchange: Exchange) -> list[str]:
    """The sign-in numbers that are good for a transaction, in the order in which they were given."""
    valid: list[str] = []
    for other in earlier(history, exchange, SIGN_IN, SIGN_OUT):
        if not other.granted or other.reply is None or other.reply.seq > exchange.request.seq:
            continue
        if other.infno == SIGN_IN:
            valid.append(text(as_object(reply_output(other).get("signinoutb")).get("sign_no")))
        else:
            gone = text(as_object(request_input(other).get("signOut")).get("sign_no"))
            valid = [number for number in valid if number != gone]
    return [number for number in valid if number]


@rule("envelope-as-told")
def envelope_as_told(history: CaseHistory) -> Iterator[Observation]:
    """Envelope and sign-in name the institution, operator, versions and signature that the adapter was told."""
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
        for field, due, seen in wanted:
            if due is not None and text(seen) != text(due):
                yield Observation(
                    seq=exchange.request.seq, expected=f"{field} {shown(due)}", seen=f"{field} {shown(seen)}"
                )


@rule("path-as-profiled")
def path_as_profiled(history: CaseHistory) -> Iterator[Observation]:
    """Every transaction goes to the path that the province's profile gives it, or to the one that takes any."""
    for exchange in history.sent():
        profile = as_object(history.hello_at(exchange.request.seq).get("profile"))
        paths: Mapping[str, Any] = as_object(profile.get("paths"))
        allowed = {text(paths.get(exchange.infno)), text(profile.get("any_path")) or ANY_PATH} - {""}
        path = exchange.path.partition("?")[0]
        if exchange.infno in paths and path not in allowed:
            yield Observation(
                seq=exchange.request.seq, expected=f"{exchange.infno} at {paths[exchange.infno]}", seen=path
            )
