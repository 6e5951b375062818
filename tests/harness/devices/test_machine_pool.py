"""The pool: connections are shared, bounded, replaced when they are bad, and no late reply poisons them."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineBusy, MachineSilent, MachineSpeaksNonsense
from harness.line.address import parse_address
from harness.line.client import Disconnected
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.profile import load_host_profile
from tests.harness.devices.scripted_machine import PATIENCE_S, Script, ask, echo_of, echoing, framed, impatient, scripts

TASS, PAYSHIELD = load_host_profile("tass-sjj1310"), load_host_profile("payshield-like")


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    with scripts() as make:
        yield make


@pytest.mark.parametrize("kind", ["at", "visa"])
def test_a_late_reply_never_answers_the_next_request(script: Callable[..., Script], kind: str) -> None:
    """The classic: the first request times out, its reply comes when the second is asked."""

    def late(script: Script, number: int, connection: socket.socket) -> None:
        _, first = ask(connection)
        if number == 0:
            assert script.let_go.wait(PATIENCE_S)
        connection.sendall(echo_of(first))
        echoing(script, number, connection)

    peer = script(late)
    address = peer.at if kind == "at" else peer.visa()
    with EncryptionMachine(parse_address(address), TASS, connections=1, timeout_s=PATIENCE_S) as driver:
        with impatient(driver), pytest.raises(MachineSilent) as silent:
            driver.echo(b"first")
        assert not peer.let_go.is_set(), "it was not waited for"
        assert not silent.value.begun
        peer.let_go.set()
        assert driver.echo(b"second") == b"second"
        assert peer.connections == 2


@pytest.mark.parametrize("kind", ["at", "visa"])
def test_a_reply_that_nobody_asked_for_is_never_taken(script: Callable[..., Script], kind: str) -> None:
    def doubled(script: Script, number: int, connection: socket.socket) -> None:
        _, body = ask(connection)
        connection.sendall(echo_of(body))
        if number == 0:
            connection.sendall(echo_of(body))
            script.let_go.set()
        echoing(script, number, connection)

    peer = script(doubled)
    address = peer.at if kind == "at" else peer.visa()
    with EncryptionMachine(parse_address(address), TASS, connections=1, timeout_s=PATIENCE_S) as driver:
        with contextlib.suppress(MachineSpeaksNonsense):  # when both replies come in one piece
            assert driver.echo(b"first") == b"first"
        assert peer.let_go.wait(PATIENCE_S)
        assert driver.echo(b"second") == b"second"
        assert peer.connections == 2


def test_two_replies_in_one_piece_close_the_connection(script: Callable[..., Script]) -> None:
    def glued(script: Script, number: int, connection: socket.socket) -> None:
        _, body = ask(connection)
        connection.sendall(echo_of(body) * (2 if number == 0 else 1))
        echoing(script, number, connection)

    peer = script(glued)
    with EncryptionMachine(parse_address(peer.at), TASS, connections=1) as driver:
        with pytest.raises(MachineSpeaksNonsense):
            driver.echo(b"first")
        assert driver.echo(b"second") == b"second"
        assert peer.connections == 2


def test_headers_differ_and_another_ones_reply_is_refused(script: Callable[..., Script]) -> None:
    seen: list[bytes] = []

    def serve(script: Script, number: int, connection: socket.socket) -> None:
        while True:
            header, body = ask(connection, PAYSHIELD.header_length)
            seen.append(header)
            answered = seen[0] if len(seen) == 3 else header
            connection.sendall(framed(answered + b"B300" + body[6:]))

    peer = script(serve)
    with EncryptionMachine(parse_address(peer.at), PAYSHIELD, connections=1) as driver:
        assert driver.echo(b"1") == b"1"
        assert driver.echo(b"2") == b"2"
        with pytest.raises(MachineSpeaksNonsense, match="header"):
            driver.echo(b"3")
        assert driver.echo(b"4") == b"4"
    assert len(set(seen)) == len(seen) == 4
    assert peer.connections == 2


@pytest.mark.parametrize("kind", ["at", "visa"])
def test_a_closed_kept_connection_is_replaced_without_a_word(script: Callable[..., Script], kind: str) -> None:
    def once(script: Script, number: int, connection: socket.socket) -> None:
        connection.sendall(echo_of(ask(connection)[1]))
        connection.close()

    peer = script(once)
    with EncryptionMachine(parse_address(peer.at if kind == "at" else peer.visa()), TASS, connections=1) as driver:
        for number in range(5):
            assert driver.echo(b"%d" % number) == b"%d" % number
    assert peer.connections == 5


def test_hung_up_during_a_request_is_asked_once_more_unless_it_changes_something(
    script: Callable[..., Script],
) -> None:
    asked: list[bytes] = []

    def second_fails(script: Script, number: int, connection: socket.socket) -> None:
        while True:
            _, body = ask(connection)
            asked.append(body[:2])
            if body.startswith(b"E7") or (number == 0 and len(asked) == 2):
                connection.close()
            connection.sendall(echo_of(body))

    peer = script(second_fails)
    with EncryptionMachine(parse_address(peer.at), TASS, connections=1) as driver:
        driver.echo(b"1")
        assert driver.echo(b"2") == b"2"
        with pytest.raises(Disconnected):
            driver.generate_key_pair()
    assert asked == [b"B2", b"B2", b"B2", b"E7"]


@pytest.mark.parametrize("kind", ["at", "visa"])
def test_a_fresh_connection_that_fails_is_not_tried_again(script: Callable[..., Script], kind: str) -> None:
    def hang_up(script: Script, number: int, connection: socket.socket) -> None:
        ask(connection)
        connection.close()

    peer = script(hang_up)
    address = parse_address(peer.at if kind == "at" else peer.visa())
    began = time.monotonic()
    with EncryptionMachine(address, TASS, timeout_s=PATIENCE_S) as driver, pytest.raises(Disconnected):
        driver.echo(b"1")
    assert time.monotonic() - began < PATIENCE_S / 2, "a hang-up is noticed at once"
    assert peer.connections == 1


def test_many_requests_are_under_way_on_as_many_connections_as_there_are(script: Callable[..., Script]) -> None:
    gate = threading.Barrier(3, timeout=PATIENCE_S)

    def in_step(script: Script, number: int, connection: socket.socket) -> None:
        while True:
            _, body = ask(connection)
            gate.wait()
            connection.sendall(echo_of(body))

    peer = script(in_step)
    with EncryptionMachine(parse_address(peer.at), TASS, connections=3, timeout_s=PATIENCE_S) as driver:
        replies = driver.ask_all([wire.Echo(data=b"%d" % number) for number in range(3)])
        assert replies == [wire.EchoReply(data=b"%d" % number) for number in range(3)]
        assert driver.ask_all([]) == []
    assert peer.connections == 3


def test_a_failure_among_many_leaves_the_pool_whole(script: Callable[..., Script]) -> None:
    def third_is_silent(script: Script, number: int, connection: socket.socket) -> None:
        while True:
            _, body = ask(connection)
            if body.endswith(b"!"):
                script.let_go.wait(PATIENCE_S)
            connection.sendall(echo_of(body))

    peer = script(third_is_silent)
    with EncryptionMachine(parse_address(peer.at), TASS, connections=2, timeout_s=PATIENCE_S) as driver:
        asked = [wire.Echo(data=data) for data in (b"1", b"2", b"3!", b"4", b"5")]
        for _ in range(3):
            with impatient(driver), pytest.raises(MachineSilent):
                driver.ask_all(asked)
        good = [wire.Echo(data=b"%d" % number) for number in range(9)]
        assert driver.ask_all(good) == [wire.EchoReply(data=request.data) for request in good]


def test_threads_share_the_pool_and_get_their_own_replies(script: Callable[..., Script]) -> None:
    peer = script(echoing)
    wrong: list[bytes] = []
    with EncryptionMachine(parse_address(peer.at), TASS, connections=3, timeout_s=PATIENCE_S) as driver:

        def work(name: int) -> None:
            for number in range(40):
                data = b"%d/%d" % (name, number)
                if driver.echo(data) != data:
                    wrong.append(data)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert not wrong
    assert 1 <= peer.connections <= 3


def test_a_pool_that_is_full_for_too_long_says_so(script: Callable[..., Script]) -> None:
    asked = threading.Event()

    def holding(script: Script, number: int, connection: socket.socket) -> None:
        _, body = ask(connection)
        asked.set()
        script.let_go.wait(PATIENCE_S)
        connection.sendall(echo_of(body))

    peer = script(holding)
    with EncryptionMachine(parse_address(peer.at), TASS, connections=1, timeout_s=PATIENCE_S) as driver:
        thread = threading.Thread(target=lambda: driver.echo(b"1"))
        thread.start()
        assert asked.wait(PATIENCE_S)
        with impatient(driver, 0.01), pytest.raises(MachineBusy):
            driver.echo(b"2")
        peer.let_go.set()
        thread.join(PATIENCE_S)


@pytest.mark.parametrize(
    "answer",
    [b"\xff\xff", b"\0\0", framed(b"B"), framed(b"B4001"), framed(b"B3\xff\xff"), framed(b"B3000009x"), b"\0\5B300"],
)
def test_nonsense_and_cut_replies_are_bounded_and_recovered_from(script: Callable[..., Script], answer: bytes) -> None:
    def serve(script: Script, number: int, connection: socket.socket) -> None:
        if number == 0:
            ask(connection)
            connection.sendall(answer)
            script.let_go.wait(PATIENCE_S)
            return
        echoing(script, number, connection)

    peer = script(serve)
    with EncryptionMachine(parse_address(peer.at), TASS, connections=1, timeout_s=PATIENCE_S) as driver:
        with impatient(driver), pytest.raises((MachineSpeaksNonsense, MachineSilent)) as caught:
            driver.echo(b"0001x")
        if isinstance(caught.value, MachineSilent):
            assert caught.value.begun
        assert driver.echo(b"again") == b"again"


def test_a_reply_byte_by_byte_is_taken(script: Callable[..., Script]) -> None:
    def dripping(script: Script, number: int, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            for byte in echo_of(ask(connection)[1]):
                connection.sendall(bytes([byte]))

    peer = script(dripping)
    for address in (peer.at, peer.visa()):
        with EncryptionMachine(parse_address(address), TASS) as driver:
            assert driver.echo(b"0123456789") == b"0123456789"
