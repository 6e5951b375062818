"""The tokens of a voucher centre (ecToken): their form, whose they are, and how long they live."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.judge.centre_talk import NS, CentreAnswer, CentreTalk, centre_talk
from harness.judge.history import CaseHistory
from harness.rules.centre_identity import IDENTIFYING, written
from harness.rules.registry import Observation, rule
from harness.wire.voucher_messages import TOKEN_CHECK

FORM = re.compile(r"[0-9]{6}ec[0-9a-z]{30}")


@dataclass(frozen=True, kw_only=True)
class _Token:
    id_no: str
    name: str
    institution: str
    from_ns: int
    until_ns: int


@rule("centre-token-form")
def centre_token_form(history: CaseHistory) -> Iterator[Observation]:
    """A token is the insured place, `ec` and 30 lower-case letters and digits: 38 characters."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call in talk.accepted(*IDENTIFYING):
        token = str(call.data.get("ecToken") or "")
        if not FORM.fullmatch(token):
            yield Observation(seq=call.at, expected="place, ec, 30 characters", seen=f"{len(token)} characters")
        elif token[:6] != call.data.get("insuOrg"):
            yield Observation(seq=call.at, expected="the insured place first", seen=token[:6])


@rule("centre-tokens-never-repeat")
def centre_tokens_never_repeat(history: CaseHistory) -> Iterator[Observation]:
    """Every identification gives a token of its own."""
    talk = centre_talk(history)
    if talk is None:
        return
    seen: set[str] = set()
    for call in talk.accepted(*IDENTIFYING):
        token = str(call.data.get("ecToken") or "")
        if token in seen:
            yield Observation(seq=call.at, expected="a new token", seen="one that was given before")
        seen.add(token)


@rule("centre-token-bound")
def centre_token_bound(history: CaseHistory) -> Iterator[Observation]:
    """A token is confirmed only if it was given, and only for its own person and its own institution."""
    talk = centre_talk(history)
    if talk is None:
        return
    for call, token in _checked(talk):
        if call.data.get("flag") != "1":
            continue
        if token is None:
            yield Observation(seq=call.at, expected='flag "0" for a token that nobody was given', seen='flag "1"')
        elif not _belongs(talk, call, token):
            yield Observation(seq=call.at, expected='flag "0" for another\'s token', seen='flag "1"')


@rule("centre-token-life")
def centre_token_life(history: CaseHistory) -> Iterator[Observation]:
    """A token is confirmed as long as it lives, and not a moment longer."""
    talk = centre_talk(history)
    if talk is None:
        return
    life_ns = talk.seconds("token_s") * NS
    for call, token in _checked(talk):
        if token is None or not _belongs(talk, call, token):
            continue
        flag = call.data.get("flag")
        if flag == "1" and call.asked_ns >= token.until_ns + life_ns:
            yield Observation(seq=call.at, expected=f'flag "0" after {life_ns // NS} s', seen='flag "1"')
        elif flag != "1" and call.answered_ns < token.from_ns + life_ns:
            yield Observation(seq=call.at, expected='flag "1" for a token that lives', seen=f'flag "{flag}"')


def _checked(talk: CentreTalk) -> Iterator[tuple[CentreAnswer, _Token | None]]:
    """Every token check that was answered, with what is known of the token at that moment."""
    tokens: dict[str, _Token] = {}
    for call in talk.accepted(*IDENTIFYING, TOKEN_CHECK):
        if call.name == TOKEN_CHECK:
            yield call, tokens.get(str(call.body.get("ecToken")))
            continue
        tokens[str(call.data.get("ecToken") or "")] = _Token(
            id_no=str(call.data.get("idNo")),
            name=str(call.data.get("userName")),
            institution=call.institution,
            from_ns=call.asked_ns,
            until_ns=call.answered_ns,
        )


def _belongs(talk: CentreTalk, call: CentreAnswer, token: _Token) -> bool:
    """Whether what is asked about agrees with the token; what is not said cannot disagree.

    The name is known as the charset of the answers spells it.
    """
    claims = {"idNo": token.id_no, "userName": token.name, "orgId": token.institution}
    said = {name: call.body.get(name) for name in claims}
    if said["userName"]:
        said["userName"] = written(talk, str(said["userName"]))
    return all(said[name] in {None, "", value} for name, value in claims.items())
