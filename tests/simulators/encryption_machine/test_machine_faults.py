"""Every fault of the machine: what the client sees, that it is witnessed, and that the next call is good again."""

import base64
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from harness.faults.catalogue import ON_MACHINE, Effect
from harness.gm import DecryptionFailed, InvalidEncoding, PrivateKey, PublicKey, Signature, der, signature_from_der
from harness.line.record import Direction
from simulators.encryption_machine.provision import PIN, seeded_private_key
from tests.simulators.encryption_machine_rig import (
    Client,
    RunningMachine,
    StartMachine,
    connected,
    der_request,
    export_certificate,
    n4,
    octets,
    sign_request,
    svs,
    tagged,
)

USER = b"1234567812345678"
BAD_VERIFY = b"E62007" + n4(USER) + b";0" + n4(b"\1" * 64) + b";" + n4(b"m") + b";K0001"
METHOD = 131585


@pytest.fixture
def machine(start_machine: StartMachine) -> RunningMachine:
    return start_machine(nonces="random")


def ready(machine: RunningMachine, message: str, effect: Effect, **detail: int) -> Client:
    """A client, before the faulty call."""
    client = Client(machine.ends.at)
    client.ask(b"NC")
    machine.plan(message, effect, **detail)
    return client


def recovered(machine: RunningMachine, client: Client | None = None) -> None:
    """The fault fired, and the next good call works, on the same connection where there is one."""
    assert "fault-fired" in machine.events()
    assert "fault-without-effect" not in machine.events()
    fresh = client or Client(machine.ends.at)
    assert fresh.ask(b"B20002ok") == b"00ok"
    fresh.close()


def public_of(client: Client) -> PublicKey:
    return PublicKey.from_spki(client.ask(b"E2K0001")[2:])


# Transport


@pytest.mark.parametrize(("effect", "size"), [(Effect.CUT_IN_HEADER, 3), (Effect.CUT_IN_BODY, 5)])
def test_a_reply_is_cut(machine: RunningMachine, effect: Effect, size: int) -> None:
    client = ready(machine, "B2", effect)
    client.send(b"B20004abcd")
    assert len(client.exactly(size)) == size
    assert client.gone()
    assert len(machine.frames()[-1].data) == size
    recovered(machine)


@pytest.mark.parametrize("effect", [Effect.CUT_CONNECTION, Effect.CLOSE_UNANSWERED, Effect.REBOOT])
def test_the_connection_ends_without_an_answer(machine: RunningMachine, effect: Effect) -> None:
    client = ready(machine, "B2", effect)
    client.send(b"B20004abcd")
    assert client.gone()
    recovered(machine)


@pytest.mark.parametrize("effect", [Effect.LOSE_REQUEST, Effect.LOSE_REPLY])
def test_one_answer_is_missing(machine: RunningMachine, effect: Effect) -> None:
    client = ready(machine, "B2", effect)
    client.send(b"B20004lost")
    assert client.ask(b"B20004next") == b"00next"
    recovered(machine, client)


def test_silence_lasts(machine: RunningMachine) -> None:
    client = ready(machine, "B2", Effect.SILENCE)
    client.send(b"B20004lost")
    client.send(b"B20004next")
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.receive()
    recovered(machine)


def test_a_connection_is_refused(machine: RunningMachine) -> None:
    machine.plan("connect", Effect.REFUSE_CONNECTION)
    assert Client(machine.ends.at).gone()
    recovered(machine)


@pytest.mark.parametrize("effect", [Effect.DRIP, Effect.SLOW])
def test_a_slow_reply_is_whole_and_keeps_its_place(machine: RunningMachine, effect: Effect) -> None:
    client = ready(machine, "B2", effect, pause_ms=2)
    client.send(b"B20004slow")
    client.send(b"B20004next")
    assert client.receive() == b"B300slow"
    assert client.receive() == b"B300next"
    recovered(machine, client)


def test_replies_are_glued(machine: RunningMachine) -> None:
    client = ready(machine, "B2", Effect.GLUE_REPLIES)
    client.send(b"B20003one")
    client.send(b"B20003two")
    assert client.receive() == b"B300one"
    assert client.receive() == b"B300two"
    assert machine.frames()[-1].data == b"\0\7B300one\0\7B300two"
    recovered(machine, client)


@pytest.mark.parametrize(
    ("effect", "frame"),
    [
        (Effect.LENGTH_TOO_BIG, b"\0\x09B300abcd"),
        (Effect.LENGTH_TOO_SMALL, b"\0\7B300abcd"),
        (Effect.LENGTH_ZERO, b"\0\0B300abcd"),
        (Effect.WRONG_REPLY_CODE, b"\0\x08B400abcd"),
    ],
)
def test_a_reply_is_misspelt(machine: RunningMachine, effect: Effect, frame: bytes) -> None:
    client = ready(machine, "B2", effect)
    client.send(b"B20004abcd")
    assert client.exactly(len(frame)) == frame
    assert machine.frames()[-1].data == frame
    recovered(machine)


def test_a_header_is_not_echoed(start_machine: StartMachine) -> None:
    machine = start_machine(profile="payshield-like")
    client = Client(machine.ends.at, header=b"HEAD")
    machine.plan("NC", Effect.WRONG_HEADER)
    client.send(b"NC")
    assert client.exactly(6)[2:] not in {b"HEAD", b""}
    assert "fault-fired" in machine.events()


# Order


def test_two_replies_are_swapped(machine: RunningMachine) -> None:
    client = ready(machine, "B2", Effect.SWAP_REPLIES)
    client.send(b"B20003one")
    client.send(b"B20003two")
    assert [client.receive()[4:], client.receive()[4:]] == [b"two", b"one"]
    recovered(machine, client)


def test_a_late_reply_comes_as_the_answer_to_the_next_request(machine: RunningMachine) -> None:
    client = ready(machine, "B2", Effect.LATE_REPLY)
    client.send(b"B20003one")
    client.send(b"B20003two")
    assert [client.receive()[4:], client.receive()[4:]] == [b"one", b"two"]
    frames = [(frame.direction, frame.data[-3:]) for frame in machine.frames()[-4:]]
    sent, received = Direction.SENT, Direction.RECEIVED
    assert frames == [(received, b"one"), (received, b"two"), (sent, b"one"), (sent, b"two")]
    recovered(machine, client)


def test_a_reply_comes_twice(machine: RunningMachine) -> None:
    client = ready(machine, "B2", Effect.DUPLICATE_REPLY)
    client.send(b"B20003one")
    assert [client.receive(), client.receive()] == [b"B300one"] * 2
    recovered(machine, client)


def test_bytes_come_that_nobody_asked_for(machine: RunningMachine) -> None:
    client = ready(machine, "B2", Effect.UNSOLICITED)
    client.send(b"B20003one")
    assert client.receive().startswith(b"ND00")
    assert client.receive() == b"B300one"
    recovered(machine, client)


# Refusals and conditions


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (Effect.BUSY, b"41"),
        (Effect.SESSION_LOST, b"17"),
        (Effect.KEY_ABSENT, b"21"),
        (Effect.KEY_MISMATCH, b"10"),
        (Effect.PIN_IS_WRONG, b"17"),
        (Effect.PIN_LOCKED, b"17"),
        (Effect.RANDOM_FAILURE, b"41"),
    ],
)
def test_the_machine_refuses(machine: RunningMachine, effect: Effect, error: bytes) -> None:
    client = ready(machine, "E5", effect)
    assert client.ask(sign_request(b"m")) == error
    assert client.ask(sign_request(b"m")).startswith(b"000064")
    recovered(machine, client)


def test_too_many_connections(machine: RunningMachine) -> None:
    client = ready(machine, "E5", Effect.TOO_MANY_CONNECTIONS)
    assert client.ask(sign_request(b"m")) == b"41"
    assert client.gone()
    recovered(machine)


@pytest.mark.parametrize(("effect", "error"), [(Effect.ALARM, b"41"), (Effect.KEYS_LOST, b"12")])
def test_the_device_fails_until_it_is_repaired(machine: RunningMachine, effect: Effect, error: bytes) -> None:
    client = ready(machine, "E5", effect)
    assert client.ask(sign_request(b"m")) == error
    assert client.ask(sign_request(b"m")) == error
    diagnosis = client.ask(b"NC")
    assert diagnosis.startswith(b"00")
    assert (diagnosis[2:18] == b"0" * 16) == (effect is Effect.KEYS_LOST)
    assert httpx.post(machine.ends.also["control"] + "/repair").json()["condition"] == "well"
    assert client.ask(sign_request(b"m")).startswith(b"00")
    recovered(machine, client)


def test_the_firmware_changes(machine: RunningMachine) -> None:
    client = ready(machine, "NC", Effect.FIRMWARE_CHANGED)
    assert client.ask(b"NC")[18:] != b"1500-0023"
    machine.reset()
    assert client.ask(b"NC")[18:] == b"1500-0023"


# Results


@pytest.mark.parametrize(
    "effect",
    [
        Effect.SIGNATURE_BIT,
        Effect.SIGNATURE_SWAPPED,
        Effect.SIGNATURE_WITHOUT_ZA,
        Effect.SIGNATURE_OTHER_ID,
        Effect.KEY_ROTATED,
    ],
)
def test_a_signature_is_wrong_on_the_host_door(machine: RunningMachine, effect: Effect) -> None:
    client = ready(machine, "E5", effect)
    raw = client.ask(sign_request(b"m"))[6:]
    assert len(raw) == 64
    assert not public_of(client).verify(b"m", raw)
    raw = client.ask(sign_request(b"m"))[6:]
    assert public_of(client).verify(b"m", raw)
    recovered(machine, client)


def test_a_signature_is_der_where_raw_is_due(machine: RunningMachine) -> None:
    client = ready(machine, "E5", Effect.SIGNATURE_DER)
    stored = client.ask(sign_request(b"m"))[6:]
    assert public_of(client).verify(b"m", stored, form=Signature.DER)
    recovered(machine, client)


def test_a_raw_signature_lacks_a_leading_zero(machine: RunningMachine) -> None:
    client = ready(machine, "E5", Effect.SIGNATURE_SHORT)
    reply = client.ask(sign_request(b"m"))
    assert reply[2:6] == b"0063"
    assert public_of(client).verify(b"m", b"\0" + reply[6:])
    recovered(machine, client)


@pytest.mark.parametrize("effect", [Effect.TRUNCATED_RESULT])
@pytest.mark.parametrize(("message", "request_"), [("E5", sign_request(b"m")), ("B2", b"B20004abcd"), ("N0", b"N0016")])
def test_a_result_is_truncated(machine: RunningMachine, effect: Effect, message: str, request_: bytes) -> None:
    client = ready(machine, message, effect)
    short, whole = client.ask(request_), client.ask(request_)
    assert len(short) == len(whole) - 1
    recovered(machine, client)


def test_an_old_order_of_the_ciphertext(machine: RunningMachine) -> None:
    client = ready(machine, "E3", Effect.OLD_ORDER)
    cipher = client.ask(b"E307" + n4(b"secret" * 10) + b";K00010")[6:]
    key = seeded_private_key("7/key/1/sign")
    with pytest.raises(DecryptionFailed):
        key.decrypt(cipher)
    assert key.decrypt(cipher[:65] + cipher[-32:] + cipher[65:-32]) == b"secret" * 10
    recovered(machine, client)


def test_a_padding_that_was_not_asked_for(machine: RunningMachine) -> None:
    client = ready(machine, "S3", Effect.WRONG_PADDING)
    request = b"S300109K0001000000" + b"0010" + b"x" * 16
    wrong, right = client.ask(request), client.ask(request)
    assert (wrong[2:6], right[2:6]) == (b"0020", b"0010")
    recovered(machine, client)


def test_random_bytes_are_all_the_same(machine: RunningMachine) -> None:
    client = ready(machine, "N0", Effect.CONSTANT_RANDOM)
    assert len(set(client.ask(b"N0032")[2:])) == 1
    assert len(set(client.ask(b"N0032")[2:])) > 8
    recovered(machine, client)


def test_verify_says_good_for_a_bad_signature_and_the_reverse(machine: RunningMachine) -> None:
    client = ready(machine, "E6", Effect.VERIFY_SAYS_GOOD)
    assert [client.ask(BAD_VERIFY), client.ask(BAD_VERIFY)] == [b"00", b"01"]
    raw = client.ask(sign_request(b"m"))[6:]
    good = BAD_VERIFY.replace(b"\1" * 64, raw)
    machine.plan("E6", Effect.VERIFY_SAYS_BAD)
    assert [client.ask(good), client.ask(good)] == [b"01", b"00"]
    recovered(machine, client)


# The signature server


def signed(machine: RunningMachine) -> bytes:
    respond = svs(machine, "SignData", signMethod=METHOD, keyIndex=1, keyValue=PIN, inData=b"m", inDataLen=1)
    assert respond["respValue"] == 0
    return base64.b64decode(respond["signature"])


@pytest.mark.parametrize(
    ("effect", "good"),
    [
        (Effect.SIGNATURE_BIT, lambda public, stored: False),
        (Effect.SIGNATURE_RAW, lambda public, stored: public.verify(b"m", stored)),
    ],
)
def test_a_signature_is_wrong_on_the_http_door(
    machine: RunningMachine, effect: Effect, good: Callable[[PublicKey, bytes], bool]
) -> None:
    client = Client(machine.ends.at)
    public = public_of(client)
    client.close()
    machine.plan("signData", effect)
    try:
        stored = signed(machine)
    except AssertionError:
        assert effect is Effect.SIGNATURE_RAW
        stored = b""
    assert not public.verify(b"m", stored, form=Signature.DER)
    assert stored == b"" or good(public, stored) or effect is Effect.SIGNATURE_BIT
    assert public.verify(b"m", signed(machine), form=Signature.DER)


def test_a_der_signature_lacks_its_zero_byte(machine: RunningMachine) -> None:
    machine.plan("signData", Effect.SIGNATURE_SHORT)
    stored = signed(machine)
    with pytest.raises(InvalidEncoding, match="negative"):
        signature_from_der(stored)


@pytest.mark.parametrize(
    ("effect", "last"),
    [
        (Effect.CERTIFICATE_EXPIRED, 9),
        (Effect.CERTIFICATE_NOT_YET, 10),
        (Effect.CERTIFICATE_REVOKED, 11),
        (Effect.CERTIFICATE_UNKNOWN_CA, 7),
        (Effect.REVOCATION_UNREACHABLE, 3),
    ],
)
def test_a_certificate_is_refused(machine: RunningMachine, effect: Effect, last: int) -> None:
    stored = export_certificate(machine, "liantiao-1")
    machine.plan("validateCert", effect)
    assert svs(machine, "ValidateCert", cert=stored, ocsp=True)["respValue"] == 0x04000000 + last
    assert svs(machine, "ValidateCert", cert=stored, ocsp=True) == {"respValue": 0, "state": 0}


@pytest.mark.parametrize("effect", [Effect.BAD_GATEWAY, Effect.CUT_JSON, Effect.EMPTY_BODY])
def test_http_faults_happen_on_the_http_door(machine: RunningMachine, effect: Effect) -> None:
    machine.plan("signData", effect)
    with pytest.raises((AssertionError, json.JSONDecodeError)):
        signed(machine)
    assert signed(machine)


# The back door


def test_the_back_door_schedules_faults_and_shows_state_without_keys(machine: RunningMachine) -> None:
    control = machine.ends.also["control"]
    found = httpx.post(control + "/fault", json={"message": "E5", "effect": "signature-bit"}).json()
    assert found["planned"][0]["effect"] == "signature-bit"
    assert set(found["offered"]) >= {effect.value for effect in ON_MACHINE}
    client = Client(machine.ends.at)
    assert not public_of(client).verify(b"m", client.ask(sign_request(b"m"))[6:])
    client.close()
    text = httpx.get(control + "/state").text
    for index, use in itertools.product((1, 11), ("sign", "encrypt")):
        key: PrivateKey = seeded_private_key(f"7/key/{index}/{use}")
        assert f"{key.d:064X}" not in text.upper()
    assert PIN.decode() not in text


def test_a_fault_that_cannot_do_anything_is_said_to_be_without_effect(machine: RunningMachine) -> None:
    client = ready(machine, "B2", Effect.SIGNATURE_BIT)
    assert client.ask(b"B20002ok") == b"00ok"
    client.close()
    assert "fault-without-effect" in machine.events()


@pytest.mark.parametrize("code", ["01", "15", "41", "47", "90", "D2"])
def test_the_machine_refuses_with_the_code_it_is_told(machine: RunningMachine, code: str) -> None:
    client = ready(machine, "B2", Effect.REFUSE, code=int(code, 16))
    assert client.ask(b"B20004abcd") == code.encode()
    recovered(machine, client)


@pytest.mark.parametrize("value", [0x04000001, 0x0400000C, 0x0400001D])
def test_the_signature_server_refuses_with_the_code_it_is_told(machine: RunningMachine, value: int) -> None:
    machine.plan("exportCert", Effect.REFUSE, code=value)
    assert svs(machine, "ExportCert", identification="liantiao-1") == {"respValue": value}
    assert export_certificate(machine, "liantiao-1")
    machine.plan("exportCert", Effect.REFUSE, code=value)
    line = connected(machine.ends.also["svs-der"])
    for due in (der.integer(value), der.integer(0)):
        line.sendall(der_request(0, tagged(0, octets(b"liantiao-1"))))
        assert tagged(0, due) in line.recv(4096)
    line.close()
    recovered(machine)


@pytest.mark.parametrize(
    "detail", [{}, {"code": 0}, {"code": 0x1FF}, {"code": -1}], ids=["none", "ok", "large", "less"]
)
def test_a_code_that_is_none_has_no_effect(machine: RunningMachine, detail: dict[str, int]) -> None:
    client = ready(machine, "B2", Effect.REFUSE, **detail)
    assert client.ask(b"B20002ok") == b"00ok"
    assert "fault-without-effect" in machine.events()


@pytest.mark.parametrize("detail", [{}, {"code": 0}, {"code": 1 << 32}], ids=["none", "success", "large"])
def test_a_response_code_that_is_none_has_no_effect(machine: RunningMachine, detail: dict[str, int]) -> None:
    machine.plan("exportCert", Effect.REFUSE, **detail)
    assert export_certificate(machine, "liantiao-1")
    assert "fault-without-effect" in machine.events()


def test_every_effect_has_its_test() -> None:
    """Each effect is named by a test of this file."""
    named = set(re.findall(r"Effect\.([A-Z0-9_]+)", Path(__file__).read_text(encoding="utf-8")))
    assert named >= {effect.name for effect in ON_MACHINE}, sorted({effect.name for effect in ON_MACHINE} - named)


def test_a_stale_reply_of_the_signature_server_is_the_one_before(machine: RunningMachine) -> None:
    machine.plan("genRandomData", Effect.STALE_REPLY, nth=2)
    first, second, third = (svs(machine, "GenRandomData", len=16) for _ in range(3))
    assert first["respValue"] == 0
    assert second == first != third
    recovered(machine)
