"""The driver: every operation, checked by another implementation, and a pool that no late reply poisons."""

import pickle
import shutil
import socket
import subprocess
from collections.abc import Iterator
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
from tests.harness.devices.scripted_machine import PATIENCE_S, impatient
from tests.simulators.encryption_machine_rig import RunningMachine, machines

TASS, PAYSHIELD = load_host_profile("tass-sjj1310"), load_host_profile("payshield-like")
MESSAGE = "结算 12.50 元".encode()
KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
TEST_LMK = b"Liantiao test LM"
OPENSSL = shutil.which("openssl")


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
    with EncryptionMachine(parse_address(address), TASS, connections=2, timeout_s=PATIENCE_S) as driver:
        yield driver


@pytest.fixture
def driver(virtual: RunningMachine) -> Iterator[EncryptionMachine]:
    with EncryptionMachine(parse_address(virtual.ends.at), TASS, connections=2, timeout_s=PATIENCE_S) as made:
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


def test_many_pieces_in_one_message(machine: EncryptionMachine) -> None:
    pieces = [b"a" * 16, b"b" * 32]
    sealed = machine.sm4_batch(under_lmk(KEY), "00A", pieces)
    assert sealed == [sm4.ecb_encrypt(KEY, piece, padding=sm4.Padding.NONE) for piece in pieces]
    assert machine.sm4_batch(under_lmk(KEY), "00A", sealed, decrypt=True) == pieces


def test_keys_are_moved_under_a_kek_and_under_sm2(machine: EncryptionMachine) -> None:
    pair = machine.export_key_pair(3, kek=1)
    machine.import_key_pair(79, pair, kek=1)
    assert machine.public_key(79) == machine.public_key(3) == pair.public
    with pytest.raises(MachineNotSetUp):
        machine.import_key_pair(80, pair, kek=2)
    check = sm4.ecb_encrypt(KEY, bytes(16), padding=sm4.Padding.NONE)[:8]
    for under in wire.Under:
        moved = machine.export_key(under_lmk(KEY), "00A", protector=4, under=under)
        assert KEY not in moved.wrapped
        back = machine.import_key(moved.wrapped, "00A", protector=4, under=under)
        assert moved.check == back.check == check
        assert back.wrapped == under_lmk(KEY).wrapped
    assert machine.public_key_mac(pair.public) == machine.public_key_mac(machine.public_key(79))
    assert machine.public_key_mac(pair.public) != machine.public_key_mac(machine.public_key(4))


def test_status_tells_a_tamper() -> None:
    with machines() as start:
        running = start(profile="payshield-like")
        with EncryptionMachine(parse_address(running.ends.at), PAYSHIELD) as machine:
            assert machine.status("JK")["tamper"] == 1
            running.plan("NC", Effect.KEYS_LOST)
            assert machine.diagnose().lmk_check == "0" * 16
            told = machine.status("JK")
            assert (told["tamper"], told["tamper_cause"], told["lmks_loaded"]) == (2, 8, 0)
            assert machine.status("J8")["tampers"] == 1
            assert machine.status("NO")["firmware"] == PAYSHIELD.firmware


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
    assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


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
            EncryptionMachine(parse_address(address), TASS, timeout_s=PATIENCE_S) as driver,
            pytest.raises(Disconnected),
        ):
            driver.diagnose()
    with pytest.raises(ValueError, match="no TCP line"):
        EncryptionMachine(parse_address("serial:/dev/ttyS9"), TASS).diagnose()
    with pytest.raises(ValueError, match="pool"):
        EncryptionMachine(parse_address("tcp:127.0.0.1:1"), TASS, connections=0)


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
    with EncryptionMachine(parse_address(virtual.ends.at), TASS, connections=1, timeout_s=PATIENCE_S) as driver:
        virtual.plan("E5", effect)
        silent = error in {MachineSilent, (MachineSilent, MachineSpeaksNonsense)}
        with impatient(driver, 0.3 if silent else PATIENCE_S), pytest.raises(error):
            driver.sign(1, MESSAGE)
        virtual.until_fired()
        assert driver.public_key(1).verify(MESSAGE, driver.sign(1, MESSAGE))


def test_the_hosts_side_can_be_recorded(virtual: RunningMachine) -> None:
    tape = Tape(BenchClock())
    with EncryptionMachine(parse_address(virtual.ends.at), TASS, tape=tape, channel="hsm") as driver:
        driver.echo(b"x")
    frames = tape.recent()
    assert [record.channel for record in frames] == ["hsm.host#1"] * 2
    (call,) = HostServerCodec(TASS).feed(frames[0].data)
    assert getattr(call, "code", "") == "B2"
