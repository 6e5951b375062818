"""Drivers over TLS: they say nothing to whom they do not trust, and people what to do about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bench.loop import LoopThread
from harness.devices.http import HttpClient
from harness.devices.phone import PhoneDriver
from harness.devices.signature_server import SignatureServer
from harness.devices.terminal import TerminalDriver
from harness.devices.voucher_centre import VoucherCentre
from harness.errors import BenchError, ConfigError
from harness.faults.catalogue import HANDSHAKE, Effect
from harness.line.address import parse_address
from harness.line.authority import Authority
from harness.line.client import Disconnected
from harness.line.tls import ClientTls
from harness.load.http import HttpPool, NotSentError
from harness.wire.encryption_machine.svs_profile import load_svs_profile
from simulators.his.exchange import NoAnswerError, post
from simulators.his.trust import Trust
from tests.simulators.http_parties_rig import RunningParty


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def trust(authority: Authority) -> ClientTls:
    return ClientTls(ca=str(authority.ca))


@pytest.fixture
def party(authority: Authority, request: pytest.FixtureRequest) -> Iterator[RunningParty]:
    running = RunningParty(request.param, tls=authority.server(request.param))
    yield running
    running.close()


def at_a(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("party", [kind], indirect=True)


@at_a("phone")
def test_a_driver_trusts_the_authority_that_it_was_told(party: RunningParty, trust: ClientTls) -> None:
    with PhoneDriver(party.at, tls=trust) as driver:
        assert driver.notices("P001") == []
    with PhoneDriver(party.at) as stranger, pytest.raises(BenchError) as caught:
        stranger.notices("P001")
    assert "was not sent" in caught.value.problem
    assert "unable to get local issuer certificate" in caught.value.cause
    assert "`ca`" in caught.value.remedy
    with PhoneDriver(party.at.replace("https:", "http:")) as plain, pytest.raises(BenchError):
        plain.notices("P001")


@at_a("phone")
@pytest.mark.parametrize(
    ("effect", "cause"),
    [(Effect.TLS_EXPIRED, "has expired"), (Effect.TLS_WRONG_NAME, "IP address mismatch")],
)
def test_what_is_wrong_with_a_certificate_is_named(
    party: RunningParty, trust: ClientTls, effect: Effect, cause: str
) -> None:
    party.plan(HANDSHAKE, effect)
    with PhoneDriver(party.at, tls=trust) as driver:
        with pytest.raises(BenchError, match=cause):
            driver.notices("P001")
        assert driver.notices("P001") == []
    assert not party.events("tls-not-verified")


@at_a("terminal")
def test_the_terminals_driver(party: RunningParty, trust: ClientTls) -> None:
    with TerminalDriver(party.at, tls=trust) as driver:
        driver.cancel()


@at_a("voucher-centre")
def test_the_voucher_centres_driver(party: RunningParty, trust: ClientTls) -> None:
    with VoucherCentre(parse_address(party.at), tls=trust) as centre:
        for _ in range(2):
            assert centre.say("/localcfc/api/hsecfc/localQrCodeQuery", b"{}").code == 980005
    with VoucherCentre(parse_address(party.at)) as stranger, pytest.raises(Disconnected, match="no safe connection"):
        stranger.say("/", b"{}")


@at_a("encryption-machine")
def test_the_signature_servers_driver(party: RunningParty, trust: ClientTls) -> None:
    profile = load_svs_profile("fisherman-json")
    with SignatureServer(parse_address(party.at), profile, tls=trust, clock=party.clock) as server:
        assert len(server.random(16)) == 16


@at_a("platform")
def test_the_load_client(party: RunningParty, trust: ClientTls) -> None:
    async def ask(tls: ClientTls) -> int:
        async with HttpPool(party.at, connections=1, reply_s=10, tls=tls) as pool:
            for _ in range(2):
                status = (await pool.ask("POST", "/fsi/api/callService", b"{}")).status
            return status

    loop = LoopThread()
    try:
        assert loop.call(ask(trust)) == 200
        with pytest.raises(NotSentError, match="not to be trusted"):
            loop.call(ask(ClientTls()))
    finally:
        loop.close()


@at_a("platform")
def test_the_reference_adapter(party: RunningParty, authority: Authority) -> None:
    def sent(trust: Trust) -> object:
        return post(f"{party.at}/fsi/api/callService", b"{}", connect_s=10, reply_s=10, trust=trust)["infcode"]

    told = Trust(ca=str(authority.ca))
    assert sent(told) == -1
    for effect in (Effect.TLS_EXPIRED, Effect.TLS_WRONG_NAME, Effect.TLS_UNKNOWN_CA):
        party.plan(HANDSHAKE, effect)
        with pytest.raises(NoAnswerError, match="CERTIFICATE_VERIFY_FAILED"):
            sent(told)
    with pytest.raises(NoAnswerError):
        sent(Trust())
    assert not party.events("tls-not-verified")
    assert sent(told) == -1


def test_an_https_address_needs_no_port_and_files_are_read_at_once(tmp_path: Path) -> None:
    assert HttpClient("https://platform.example", party="it").address == "https://platform.example"
    with pytest.raises(ConfigError, match="cannot be read"):
        HttpClient("https://platform.example", party="it", tls=ClientTls(ca=str(tmp_path / "absent")))
