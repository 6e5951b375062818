"""What a party's back door offers really happens: every effect on HTTP and TLS, at every party with an HTTP door."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.bench.registry import kinds
from harness.bench.tls import speaks_http
from harness.faults.catalogue import HANDSHAKE, ON_HTTP, ON_TLS, Effect
from harness.line.authority import Authority
from harness.line.tls import ClientTls
from tests.simulators.http_parties_rig import REQUESTS, RunningParty, ask

NO_ANSWER = {Effect.LOSE_REQUEST, Effect.LATE_REQUEST, Effect.LOSE_REPLY, Effect.LATE_REPLY}
GATEWAYS = {
    Effect.BAD_GATEWAY: 502,
    Effect.BAD_GATEWAY_AFTER: 502,
    Effect.GATEWAY_TIMEOUT: 504,
    Effect.GATEWAY_TIMEOUT_AFTER: 504,
}
PATIENCE_S, SILENCE_S = 60.0, 0.08
"""How long an answer may take that must come, and how long nothing may come that must not."""
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For plain HTTP; reading the authorities of this machine takes long."""
WHY = {
    Effect.TLS_EXPIRED: "certificate has expired",
    Effect.TLS_WRONG_NAME: "IP address mismatch",
    Effect.TLS_UNKNOWN_CA: "unable to get local issuer certificate",
}


def _late(effect: Effect) -> bool:
    """Whether there must have been a message before."""
    return effect is Effect.STALE_REPLY


@pytest.fixture(scope="module", params=list(REQUESTS))
def shared(request: pytest.FixtureRequest) -> Iterator[RunningParty]:
    party = RunningParty(request.param)
    yield party
    party.close()


@pytest.fixture
def party(shared: RunningParty) -> RunningParty:
    shared.as_new()
    return shared


def test_every_party_with_an_http_door_is_here() -> None:
    assert set(REQUESTS) == {kind for kind in kinds() if speaks_http(kind)}


def test_a_party_offers_all_effects_on_http_and_none_on_tls_that_it_does_not_speak(party: RunningParty) -> None:
    assert party.offered() >= set(ON_HTTP)
    assert not party.offered() & set(ON_TLS)


@pytest.mark.parametrize(
    ("effect", "nth"),
    [(effect, nth) for effect in sorted(ON_HTTP) for nth in (1, 2, 3) if nth != (1 if _late(effect) else 2)],
)
def test_an_effect_happens_to_the_nth_message_and_to_no_other(party: RunningParty, effect: Effect, nth: int) -> None:
    name, request = REQUESTS[party.kind]
    party.plan(name, effect, nth=nth)
    with httpx.Client(base_url=party.at, trust_env=False, timeout=PATIENCE_S, verify=NOBODY) as client:
        before = [ask(client, request(number)) for number in range(1, nth)]
        assert not party.events("fault-fired")
        assert all(answer.status_code == 200 for answer in before)
        _disturbed(client, party, effect, nth, before)
        (fired,) = party.events("fault-fired")
        assert (fired.event["effect"], fired.event["nth"], fired.event["message"]) == (effect.value, nth, name)
        after = ask(client, request(nth + 1))
        assert (after.status_code, len(party.events("fault-fired"))) == (200, 1)
    in_vain = effect is Effect.WRONG_CHARSET and after.text.isascii()  # the same in either charset
    assert len(party.events("fault-without-effect")) == in_vain
    assert not party.events("problem")


def _disturbed(
    client: httpx.Client, party: RunningParty, effect: Effect, nth: int, before: list[httpx.Response]
) -> None:
    """Send the n-th message and see what comes."""
    asked = REQUESTS[party.kind][1](nth)
    if effect in NO_ANSWER:
        silence = httpx.Timeout(PATIENCE_S, read=SILENCE_S)
        hasty = httpx.Client(base_url=party.at, trust_env=False, timeout=silence, verify=NOBODY)
        with hasty, pytest.raises(httpx.ReadTimeout):
            ask(hasty, asked)
        party.tape.wait_for(lambda record: record.name == "fault-fired", since=0, timeout=PATIENCE_S)
        return
    if effect is Effect.CUT_CONNECTION:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            ask(client, asked)
        return
    answer = ask(client, asked)
    if effect in GATEWAYS:
        assert answer.status_code == GATEWAYS[effect]
        assert answer.content.startswith(b"<html>")
        return
    assert answer.status_code == 200
    match effect:
        case Effect.STALE_REPLY:
            assert answer.content == before[-1].content
        case Effect.EMPTY_BODY:
            assert answer.content == b""
        case Effect.CUT_JSON:
            assert not _is_json(answer.content)
        case Effect.DOUBLED_JSON:
            assert isinstance(json.loads(answer.content), str)
        case Effect.WRONG_CHARSET:
            assert answer.headers["content-type"] == "application/json;charset=UTF-8"
            text = answer.content.decode("gbk")
            assert text.isascii() or not _is_utf8(answer.content)
        case _:
            pytest.fail(f"nobody has said what {effect} looks like")


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("kind", list(REQUESTS))
def test_answers_differ_so_that_a_stale_one_is_seen(kind: str) -> None:
    party = RunningParty(kind)
    try:
        with httpx.Client(base_url=party.at, trust_env=False, timeout=PATIENCE_S, verify=NOBODY) as client:
            first, second = (ask(client, REQUESTS[kind][1](number)) for number in (1, 2))
        assert first.content != second.content
    finally:
        party.close()


@pytest.mark.parametrize("kind", list(REQUESTS))
def test_every_effect_on_tls_is_seen_by_who_looks_and_witnessed_for_who_does_not(kind: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    party = RunningParty(kind, tls=authority.server(kind, "127.0.0.1"))
    good, careless = ClientTls(ca=str(authority.ca)).context(), ClientTls(verify=False).context()
    request = REQUESTS[kind][1]
    try:
        assert party.at.startswith("https://")
        assert party.offered() >= set(ON_TLS)
        for effect in sorted(ON_TLS):
            party.as_new()
            party.plan(HANDSHAKE, effect, nth=2)
            party.plan(HANDSHAKE, effect, nth=3)
            assert ask(_client(party, good), request(1)).status_code == 200
            assert not party.events("fault-fired")
            with pytest.raises(httpx.ConnectError, match=WHY[effect]):
                ask(_client(party, good), request(2))
            assert not party.events("tls-not-verified")
            assert ask(_client(party, careless), request(3)).status_code == 200
            (told,) = party.events("tls-not-verified")
            assert told.event["certificate"] == effect.value
            assert len(party.events("fault-fired")) == 2
            assert ask(_client(party, good), request(4)).status_code == 200
    finally:
        party.close()


def _client(party: RunningParty, context: ssl.SSLContext) -> httpx.Client:
    return httpx.Client(
        base_url=party.at, trust_env=False, timeout=PATIENCE_S, verify=context, headers={"connection": "close"}
    )
