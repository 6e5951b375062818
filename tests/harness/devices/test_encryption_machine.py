"""The driver: every operation, checked by another implementation, and a pool that no late reply poisons."""

import contextlib
import pickle
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.clock import BenchClock
from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import (
    MachineBusy,
    MachineFailed,
    MachineMisused,
    MachineNotSetUp,
    MachineRefusedData,
    MachineSilent,
    MachineSpeaksNonsense,
)
from harness.devices.payment_machine import CipherKey, PaymentMachine
from harness.errors import BenchError, ConfigError, PeerViolation
from harness.faults.catalogue import Effect
from harness.gm import (
    DEFAULT_USER_ID,
    Ciphertext,
    DecryptionFailed,
    PrivateKey,
    Signature,
    signature_from_der,
    signature_to_der,
    sm4,
)
from harness.line.address import parse_address
from harness.line.client import Disconnected
from harness.line.tape import Tape
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.host import HostServerCodec
from harness.wire.encryption_machine.profile import load_host_profile
from tests.simulators.encryption_machine_rig import RunningMachine, machines

TASS, PAYSHIELD = load_host_profile("tass-sjj1310"), load_host_profile("payshield-like")
MESSAGE = "结算 12.50 元".encode()
KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
TEST_LMK = b"Liantiao test LM"
OPENSSL = shutil.which("openssl")
PATIENCE_S = 10.0


def under_lmk(key: bytes, kind: str = "00A") -> wire.WrappedKey:
    variant = TEST_LMK[:-2] + (int.from_bytes(TEST_LMK[-2:]) ^ int(kind, 16)).to_bytes(2)
    return wire.WrappedKey(scheme="R", wrapped=sm4.ecb_encrypt(variant, key, padding=sm4.Padding.NONE))


@pytest.fixture(scope="module")
def running() -> Iterator[RunningMachine]:
    with machines() as start:
        yield start()


@pytest.fixture
def virtual(running: RunningMachine) -> RunningMachine:
    running.faults.clear()
    running.reset()
    return running


@pytest.fixture(params=["tcp", "visa"])
def machine(request: pytest.FixtureRequest, virtual: RunningMachine) -> Iterator[EncryptionMachine]:
    host, port = virtual.ends.at.removeprefix("tcp:").split(":")
    address = virtual.ends.at if request.param == "tcp" else f"visa:TCPIP::{host}::{port}::SOCKET"
    with EncryptionMachine(parse_address(address), TASS, connections=2, timeout_s=5) as driver:
        yield driver


@pytest.fixture
def driver(virtual: RunningMachine) -> Iterator[EncryptionMachine]:
    with EncryptionMachine(parse_address(virtual.ends.at), TASS, connections=2, timeout_s=0.3) as made:
        yield made


# --- operations


def test_who_it_is_echo_random_health(machine: EncryptionMachine) -> None:
    assert machine.diagnose().firmware == TASS.firmware
    assert machine.echo(b"\0 any bytes \xff") == b"\0 any bytes \xff"
    first, second = machine.random(32), machine.random(32)
    assert len(first) == 32
    assert first != second
    assert machine.health().serial == TASS.serial


def test_signatures_are_checked_by_another_implementation(machine: EncryptionMachine) -> None:
    public = machine.public_key(1)
    raw = machine.sign(1, MESSAGE)
    assert len(raw) == 64
    assert public.verify(MESSAGE, raw)
    der = machine.sign(1, MESSAGE, form=Signature.DER)
    assert public.verify(MESSAGE, der, form=Signature.DER)
    other = machine.sign(1, MESSAGE, user_id=b"ALICE123@YAHOO.COM")
    assert public.verify(MESSAGE, other, user_id=b"ALICE123@YAHOO.COM")
    assert not public.verify(MESSAGE, other)


def test_verification_of_others_signatures(machine: EncryptionMachine) -> None:
    key = PrivateKey.generate()
    raw = key.sign(MESSAGE)
    assert machine.verify(key.public, MESSAGE, raw) is True
    assert machine.verify(key.public, MESSAGE, signature_to_der(raw), form=Signature.DER) is True
    assert machine.verify(key.public, MESSAGE + b"!", raw) is False
    assert machine.verify(key.public, MESSAGE, raw[32:] + raw[:32]) is False
    assert machine.verify(1, MESSAGE, raw) is False
    assert machine.verify(key.public, MESSAGE, key.sign(MESSAGE, user_id=b"")) is False
    assert machine.verify(1, MESSAGE, machine.sign(1, MESSAGE)) is True


@pytest.mark.parametrize("half", [1, 0x7F, 0x80, (1 << 248) - 1, 1 << 255])
def test_short_and_high_halves_survive_the_conversion(half: int) -> None:
    raw = half.to_bytes(32) + (half + 1).to_bytes(32)
    assert signature_from_der(signature_to_der(raw)) == raw


def test_a_sloppy_der_signature_is_no_signature(machine: EncryptionMachine) -> None:
    der = machine.sign(1, MESSAGE, form=Signature.DER)
    assert machine.verify(1, MESSAGE, der + b"\0", form=Signature.DER) is False
    assert machine.verify(1, MESSAGE, b"", form=Signature.DER) is False


def test_sm2_ciphertexts_cross(machine: EncryptionMachine) -> None:
    key = PrivateKey.generate()
    assert key.decrypt(machine.encrypt(key.public, MESSAGE)) == MESSAGE
    assert key.decrypt(machine.encrypt(key.public, MESSAGE, form=Ciphertext.DER), form=Ciphertext.DER) == MESSAGE
    public = machine.public_key(1)
    assert machine.decrypt(1, public.encrypt(MESSAGE)) == MESSAGE
    assert machine.decrypt(1, public.encrypt(MESSAGE, form=Ciphertext.DER), form=Ciphertext.DER) == MESSAGE
    assert machine.decrypt(1, machine.encrypt(1, MESSAGE)) == MESSAGE
    with pytest.raises(MachineRefusedData):
        machine.decrypt(2, public.encrypt(MESSAGE))


def test_key_pairs_are_made_and_loaded(machine: EncryptionMachine) -> None:
    pair = machine.generate_key_pair()
    assert pair.public.verify(MESSAGE, machine.sign(pair, MESSAGE))
    machine.load_key_pair(77, pair, label=b"bank")
    assert machine.public_key(77) == pair.public
    assert pair.public.verify(MESSAGE, machine.sign(77, MESSAGE))
    kept = machine.generate_key_pair(index=78)
    assert machine.public_key(78) == kept.public


def test_sm4_in_many_pieces(machine: EncryptionMachine) -> None:
    pieces = [bytes([number]) * 16 * (number + 1) for number in range(7)]
    expected = [sm4.ecb_encrypt(KEY, piece, padding=sm4.Padding.NONE) for piece in pieces]
    assert machine.sm4_encrypt(under_lmk(KEY), "00A", pieces) == expected
    assert machine.sm4_decrypt(under_lmk(KEY), "00A", expected) == pieces
    iv = bytes(range(16))
    (sealed,) = machine.sm4_encrypt(under_lmk(KEY), "00A", [b"x" * 32], iv=iv)
    assert sealed == sm4.cbc_encrypt(KEY, iv, b"x" * 32, padding=sm4.Padding.NONE)
    assert machine.sm4_encrypt(under_lmk(KEY), "00A", []) == []


def test_as_the_envelopes_machine(machine: EncryptionMachine) -> None:
    peer = PrivateKey.generate()
    payment = PaymentMachine(machine, sign_index=1, peer=peer.public, cipher=CipherKey(key=under_lmk(KEY), type="00A"))
    assert machine.public_key(1).verify(MESSAGE, payment.sign(MESSAGE))
    assert payment.verify(MESSAGE, peer.sign(MESSAGE))
    assert not payment.verify(MESSAGE, peer.sign(MESSAGE + b"!"))
    for size in (0, 1, 15, 16, 1967, 1968, 1969, 10_000):
        data = bytes(number % 251 for number in range(size))
        sealed = payment.encrypt(data)
        assert sealed == sm4.ecb_encrypt(KEY, data)
        assert payment.decrypt(sealed) == data
    for bad in (b"", b"x" * 15, sm4.ecb_encrypt(KEY, bytes(16), padding=sm4.Padding.NONE)):
        with pytest.raises(DecryptionFailed):
            payment.decrypt(bad)


@pytest.mark.external
@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command line tool")
def test_openssl_accepts_what_the_driver_returns_as_der(driver: EncryptionMachine, tmp_path: Path) -> None:
    assert OPENSSL is not None
    (tmp_path / "key.der").write_bytes(driver.public_key(1).spki)
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "signature").write_bytes(driver.sign(1, MESSAGE, form=Signature.DER))
    command = [OPENSSL, "pkeyutl", "-verify", "-pubin", "-inkey", str(tmp_path / "key.der"), "-keyform", "DER"]
    command += ["-rawin", "-digest", "sm3", "-in", str(tmp_path / "message"), "-sigfile", str(tmp_path / "signature")]
    command += ["-pkeyopt", f"distid:{DEFAULT_USER_ID.decode()}"]
    assert subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0


# --- errors by blame


def test_refusals_are_told_apart_by_whose_matter_they_are(driver: EncryptionMachine, virtual: RunningMachine) -> None:
    with pytest.raises(MachineNotSetUp) as absent:
        driver.sign(500, MESSAGE)
    assert isinstance(absent.value, ConfigError)
    assert absent.value.code in TASS.errors
    assert absent.value.code in str(absent.value)
    with pytest.raises(MachineMisused):
        driver.sm4_encrypt(under_lmk(KEY), "00A", [b"x" * 15])
    with pytest.raises(MachineRefusedData) as data:
        driver.decrypt(1, PrivateKey.generate().public.encrypt(MESSAGE))
    assert isinstance(data.value, PeerViolation)
    virtual.plan("E5", Effect.BUSY)
    with pytest.raises(MachineFailed) as busy:
        driver.sign(1, MESSAGE)
    assert isinstance(busy.value, BenchError)
    assert driver.sign(1, MESSAGE)


def test_what_cannot_be_spelled_is_the_callers_and_leaves_the_connection_whole(driver: EncryptionMachine) -> None:
    with pytest.raises(ConfigError, match="cannot be spelled"):
        driver.sign(1, b"x" * 1985)
    assert driver.sign(1, b"x" * 1984)
    with pytest.raises(ConfigError, match="cannot be spelled"):
        driver.ask(wire.VendorRequest(code="ZZ"))


def test_errors_survive_pickling() -> None:
    for error in (MachineSilent(begun=True), MachineBusy(3, 1.5), MachineSpeaksNonsense("x")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for address in (f"tcp:127.0.0.1:{port}", f"visa:TCPIP::127.0.0.1::{port}::SOCKET"):
        with (
            EncryptionMachine(parse_address(address), TASS, timeout_s=1) as driver,
            pytest.raises(Disconnected),
        ):
            driver.diagnose()
    with pytest.raises(ValueError, match="no TCP line"):
        EncryptionMachine(parse_address("serial:/dev/ttyS9"), TASS).diagnose()
    with pytest.raises(ValueError, match="pool"):
        EncryptionMachine(parse_address("tcp:127.0.0.1:1"), TASS, connections=0)


# --- the pool


class Script:
    """A machine that does what each test says: `serve` gets each connection, numbered from 0."""

    def __init__(self, serve: "Callable[[Script, int, socket.socket], None]") -> None:
        self._serve = serve
        self._server = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self.let_go = threading.Event()
        self.at = f"tcp:127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def visa(self) -> str:
        return f"visa:TCPIP::127.0.0.1::{self.at.rpartition(':')[2]}::SOCKET"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._open.append(connection)
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self._guarded, args=(number, connection), daemon=True).start()

    def _guarded(self, number: int, connection: socket.socket) -> None:
        try:
            self._serve(self, number, connection)
        except OSError:
            return

    def stop(self) -> None:
        self.let_go.set()
        for connection in self._open:
            connection.close()
        self._server.close()


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    made: list[Script] = []

    def make(serve: Callable[[Script, int, socket.socket], None]) -> Script:
        made.append(Script(serve))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def ask(connection: socket.socket, header: int = 0) -> tuple[bytes, bytes]:
    """One request's header and the rest; raises OSError at the end."""
    size = exactly(connection, 2)
    body = exactly(connection, int.from_bytes(size))
    return body[:header], body[header:]


def exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise OSError
        found += more
    return found


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(2) + body


def echo_of(body: bytes) -> bytes:
    return framed(b"B300" + body[6:])


def echoing(script: Script, number: int, connection: socket.socket) -> None:
    while True:
        connection.sendall(echo_of(ask(connection)[1]))


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
    with EncryptionMachine(parse_address(address), TASS, connections=1, timeout_s=0.2) as driver:
        began = time.monotonic()
        with pytest.raises(MachineSilent) as silent:
            driver.echo(b"first")
        assert time.monotonic() - began < 1.5
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
    with EncryptionMachine(parse_address(address), TASS, connections=1, timeout_s=2) as driver:
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
    with EncryptionMachine(parse_address(peer.at), TASS, connections=2, timeout_s=0.2) as driver:
        asked = [wire.Echo(data=data) for data in (b"1", b"2", b"3!", b"4", b"5")]
        for _ in range(3):
            with pytest.raises(MachineSilent):
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
    with EncryptionMachine(parse_address(peer.at), TASS, connections=1, timeout_s=0.3) as driver:
        thread = threading.Thread(target=lambda: _silently(driver))
        thread.start()
        assert asked.wait(PATIENCE_S)
        driver._timeout_s = 0.01
        with pytest.raises(MachineBusy):
            driver.echo(b"2")
        thread.join(PATIENCE_S)


def _silently(driver: EncryptionMachine) -> None:
    try:
        driver.echo(b"1")
    except MachineSilent:
        return


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
    with EncryptionMachine(parse_address(peer.at), TASS, connections=1, timeout_s=0.3) as driver:
        with pytest.raises((MachineSpeaksNonsense, MachineSilent)) as caught:
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


# --- against the machine's own faults

BROKEN = [
    (Effect.SILENCE, MachineSilent),
    (Effect.LATE_REPLY, MachineSilent),
    (Effect.LENGTH_TOO_BIG, (MachineSilent, MachineSpeaksNonsense)),
    (Effect.LENGTH_TOO_SMALL, (MachineSilent, MachineSpeaksNonsense)),
    (Effect.LENGTH_ZERO, (MachineSilent, MachineSpeaksNonsense)),
    (Effect.WRONG_REPLY_CODE, MachineSpeaksNonsense),
    (Effect.CUT_IN_HEADER, Disconnected),
    (Effect.CUT_IN_BODY, Disconnected),
    (Effect.CUT_CONNECTION, Disconnected),
    (Effect.CLOSE_UNANSWERED, Disconnected),
    (Effect.SIGNATURE_SHORT, MachineSpeaksNonsense),
    (Effect.SIGNATURE_DER, MachineSpeaksNonsense),
]


@pytest.mark.parametrize(("effect", "error"), BROKEN, ids=lambda part: getattr(part, "value", ""))
def test_each_fault_on_the_line_is_named_and_the_next_call_works(
    virtual: RunningMachine, effect: Effect, error: type[Exception]
) -> None:
    with EncryptionMachine(parse_address(virtual.ends.at), TASS, connections=1, timeout_s=0.3) as driver:
        virtual.plan("E5", effect)
        with pytest.raises(error):
            driver.sign(1, MESSAGE)
        assert "fault-fired" in virtual.events()
        assert driver.public_key(1).verify(MESSAGE, driver.sign(1, MESSAGE))


def test_the_hosts_side_can_be_recorded(virtual: RunningMachine) -> None:
    tape = Tape(BenchClock())
    with EncryptionMachine(parse_address(virtual.ends.at), TASS, tape=tape, channel="hsm") as driver:
        driver.echo(b"x")
    frames = tape.recent()
    assert [record.channel for record in frames] == ["hsm.host#1"] * 2
    (call,) = HostServerCodec(TASS).feed(frames[0].data)
    assert getattr(call, "code", "") == "B2"
