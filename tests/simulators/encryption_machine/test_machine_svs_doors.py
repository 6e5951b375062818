"""The signature server over HTTP and over TCP: what it signs, verifies, refuses, and what the tape does not hold."""

import base64
import itertools
import json
from typing import Any

import httpx
import pytest

from harness.gm import PublicKey, Signature, der
from simulators.encryption_machine.provision import PIN, seeded_private_key
from tests.simulators.encryption_machine_rig import (
    Client,
    RunningMachine,
    StartMachine,
    connected,
    der_request,
    der_sign,
    export_certificate,
    octets,
    svs,
    tagged,
)

METHOD, OTHER_METHOD = 131585, 0x00020101
KEY_INDEX, PIN_CODE, DECODE, EXPIRED, NOT_YET, REVOKED, INVALID, FORMAT, METHOD_CODE = (
    0x04000000 + last for last in (5, 6, 8, 9, 10, 11, 12, 13, 4)
)
ILLEGAL, NO_SUCH, INFO_TYPE = 0x04000007, 0x04000001, 0x04000002


def signed(machine: RunningMachine, data: bytes, index: int = 1, pin: bytes = PIN, **more: Any) -> dict[str, object]:
    return svs(
        machine, "SignData", signMethod=METHOD, keyIndex=index, keyValue=pin, inData=data, inDataLen=len(data), **more
    )


def verified(machine: RunningMachine, data: bytes, signature: bytes, certificate: bytes, level: int = 2) -> int:
    respond = svs(
        machine, "VerifySignedData", type=1, cert=certificate, inData=data, inDataLen=len(data),
        signature=signature, verifyLevel=level,
    )  # fmt: skip
    return int(respond["respValue"])


def public_of(machine: RunningMachine, index: int) -> PublicKey:
    client = Client(machine.ends.at)
    spki = client.ask(f"E2K{index:04d}".encode())[2:]
    client.close()
    return PublicKey.from_spki(spki)


def signature_of(respond: dict[str, object]) -> bytes:
    assert respond["respValue"] == 0, respond
    return base64.b64decode(str(respond["signature"]))


@pytest.mark.parametrize("index", [1, 8, 11, 18])
def test_both_doors_use_the_same_keys(shared_machine: RunningMachine, index: int) -> None:
    signature = signature_of(signed(shared_machine, b"data", index))
    assert public_of(shared_machine, index).verify(b"data", signature, form=Signature.DER)


def test_a_signature_verifies_with_the_certificate(shared_machine: RunningMachine) -> None:
    signature = signature_of(signed(shared_machine, b"data", 3))
    certificate = export_certificate(shared_machine, "liantiao-3")
    assert verified(shared_machine, b"data", signature, certificate) == 0
    assert verified(shared_machine, b"Data", signature, certificate) == INVALID
    assert verified(shared_machine, b"data", signature[:-1] + bytes([signature[-1] ^ 1]), certificate) == INVALID
    assert verified(shared_machine, b"data", signature + b"\0", certificate) == INVALID
    assert verified(shared_machine, b"data", signature, export_certificate(shared_machine, "liantiao-4")) == INVALID


def test_a_serial_number_names_a_certificate_too(shared_machine: RunningMachine) -> None:
    signature = signature_of(signed(shared_machine, b"data", 3))
    ask: dict[str, Any] = {"type": 2, "inData": b"data", "inDataLen": 4, "signature": signature, "verifyLevel": 2}
    assert svs(shared_machine, "VerifySignedData", certSN="4C540003", **ask)["respValue"] == 0
    assert svs(shared_machine, "VerifySignedData", certSN="4C54FFFF", **ask)["respValue"] == NO_SUCH


@pytest.mark.parametrize(
    ("name", "level", "code"),
    [
        ("expired", 0, EXPIRED),
        ("not-yet-valid", 0, NOT_YET),
        ("unknown-ca", 0, 0),
        ("unknown-ca", 1, ILLEGAL),
        ("revoked", 1, 0),
        ("revoked", 2, REVOKED),
    ],
)
def test_a_certificate_counts_as_far_as_the_level_looks(
    shared_machine: RunningMachine, name: str, level: int, code: int
) -> None:
    signature = signature_of(signed(shared_machine, b"data"))
    certificate = export_certificate(shared_machine, name)
    assert verified(shared_machine, b"data", signature, certificate, level) == code


def test_a_certificate_comes_of_age_with_the_clock(start_machine: StartMachine) -> None:
    machine = start_machine()
    signature = signature_of(signed(machine, b"data"))
    certificate = export_certificate(machine, "liantiao-1")
    machine.step(40 * 365 * 86400)
    assert verified(machine, b"data", signature, certificate) == EXPIRED


def test_certificates_are_validated_and_parsed(shared_machine: RunningMachine) -> None:
    states = {
        name: svs(shared_machine, "ValidateCert", cert=export_certificate(shared_machine, name), ocsp=False)
        for name in ("liantiao-1", "revoked", "unknown-ca", "expired")
    }
    assert states["liantiao-1"]["state"] == 0
    assert states["revoked"]["state"] == 1
    assert states["unknown-ca"]["state"] == 2
    assert states["expired"]["respValue"] == EXPIRED
    stored = export_certificate(shared_machine, "liantiao-1")
    assert svs(shared_machine, "ParseCert", infoType=0x31, cert=stored)["info"] == "liantiao-1"
    assert svs(shared_machine, "ParseCert", infoType=2, cert=stored)["info"] == "4C540001"
    assert svs(shared_machine, "ParseCert", infoType=0x7777, cert=stored)["respValue"] == INFO_TYPE
    broken = b"\x30\x03\x02\x01\x01"
    assert svs(shared_machine, "ParseCert", infoType=2, cert=broken)["respValue"] == DECODE
    assert svs(shared_machine, "ExportCert", identification="nobody")["respValue"] == NO_SUCH


def test_what_cannot_be_signed_is_refused_with_the_standards_codes(start_machine: StartMachine) -> None:
    machine = start_machine()
    assert signed(machine, b"data", 999)["respValue"] == KEY_INDEX
    assert signed(machine, b"data", pin=b"wrong")["respValue"] == PIN_CODE
    respond = svs(machine, "SignData", signMethod=1, keyIndex=1, keyValue=PIN, inData=b"data", inDataLen=4)
    assert respond["respValue"] == METHOD_CODE
    respond = svs(machine, "SignData", signMethod=OTHER_METHOD, keyIndex=1, keyValue=PIN, inData=b"data", inDataLen=4)
    assert respond["respValue"] == 0


def test_a_pin_locks_after_five_and_the_console_unlocks(start_machine: StartMachine) -> None:
    machine = start_machine()
    for _ in range(5):
        assert signed(machine, b"data", pin=b"wrong")["respValue"] == PIN_CODE
    assert signed(machine, b"data")["respValue"] == PIN_CODE
    assert signed(machine, b"data", 2)["respValue"] == 0
    state = httpx.post(machine.ends.also["control"] + "/keys/unlock", json={"index": 1}).json()
    assert not state["keys"]["pairs"][0]["locked"]
    assert signed(machine, b"data")["respValue"] == 0


@pytest.mark.parametrize("sizes", [(5,), (64, 64, 1), (1, 100, 63, 200)])
def test_signing_in_parts_is_signing_the_whole(shared_machine: RunningMachine, sizes: tuple[int, ...]) -> None:
    whole = bytes(range(256)) * 2
    ends = list(itertools.accumulate(sizes))
    parts = [whole[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    public = public_of(shared_machine, 2)
    respond = svs(
        shared_machine, "SignDataInit", signMethod=METHOD, signerPublicKey=public.spki,
        signerID=b"1234567812345678", signerIDLen=16, inData=parts[0], inDataLen=len(parts[0]),
    )  # fmt: skip
    for part in parts[1:]:
        state = base64.b64decode(respond["hashValue"])
        respond = svs(
            shared_machine, "SignDataUpdate", signMethod=METHOD, hashValue=state, hashValueLen=len(state),
            inData=part, inDataLen=len(part),
        )  # fmt: skip
    state = base64.b64decode(respond["hashValue"])
    ask: dict[str, Any] = {"signMethod": METHOD, "hashValue": state, "hashValueLen": len(state)}
    signature = signature_of(svs(shared_machine, "SignDataFinal", keyIndex=2, keyValue=PIN, **ask))
    assert public.verify(whole[: sum(sizes)], signature, form=Signature.DER)
    certificate = export_certificate(shared_machine, "liantiao-2")
    ask |= {"type": 1, "cert": certificate, "signature": signature, "verifyLevel": 2}
    assert svs(shared_machine, "VerifySignedDataFinal", **ask)["respValue"] == 0
    respond = svs(
        shared_machine, "VerifySignedDataFinal", **ask | {"hashValue": state[:-1], "hashValueLen": len(state) - 1}
    )
    assert respond["respValue"] not in {0}


def test_a_signed_message_verifies_whole_and_detached(shared_machine: RunningMachine) -> None:
    ask: dict[str, Any] = {"signMethod": METHOD, "keyIndex": 5, "keyValue": PIN, "inData": b"document", "inDataLen": 8}
    message = base64.b64decode(svs(shared_machine, "SignMessage", **ask)["signedMessage"])
    check: dict[str, Any] = {"signedMessage": message, "signedMessageLen": len(message)}
    given: dict[str, Any] = {"inData": b"document", "inDataLen": 8}
    assert svs(shared_machine, "VerifySignedMessage", **check, **given)["respValue"] == 0
    altered = message.replace(b"document", b"documenT")
    check = {"signedMessage": altered, "signedMessageLen": len(message)}
    assert svs(shared_machine, "VerifySignedMessage", **check, inData=b"documenT", inDataLen=8)["respValue"] == INVALID


def test_the_bank_dialect_is_served_beside_it_with_a_user_id(shared_machine: RunningMachine) -> None:
    user_id = b"ALICE123@YAHOO.COM"
    respond = svs(
        shared_machine, "SignData", base="/", signMethod=METHOD, keyIndex=1, keyValue=PIN,
        signerID=user_id, signerIDLen=len(user_id), inData=b"data", inDataLen=4,
    )  # fmt: skip
    assert public_of(shared_machine, 1).verify(b"data", signature_of(respond), user_id=user_id, form=Signature.DER)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"version":"v1","version":"v1"}',
        b'{"version":"v1","reqType":"SignData","request":{"keyIndex":"one"},"reqTime":"x"}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_bad_bodies_are_answered_with_a_code(shared_machine: RunningMachine, body: bytes) -> None:
    found = httpx.post(
        shared_machine.ends.also["svs-http"] + "/SignServerJson/SignData",
        content=body,
        headers={"content-type": "application/json"},
    )
    assert found.status_code == 200
    assert found.json()["respond"]["respValue"] > 0x04000000


def test_a_body_of_ten_mebibytes_is_refused_and_others_are_served(shared_machine: RunningMachine) -> None:
    url = shared_machine.ends.also["svs-http"] + "/SignServerJson/SignData"
    try:
        found = httpx.post(url, content=b"x" * (10 << 20), headers={"content-type": "application/json"})
        assert found.json()["respond"]["respValue"] > 0x04000000
    except httpx.TransportError:
        pass
    assert signed(shared_machine, b"data")["respValue"] == 0


def test_other_paths_and_methods_are_http_errors(shared_machine: RunningMachine) -> None:
    base = shared_machine.ends.also["svs-http"]
    assert httpx.post(base + "/nothing").status_code == 404
    assert httpx.get(base + "/SignServerJson/SignData").status_code == 405


# The DER door, spoken to with bytes that are made here.


def der_reply(client: Client) -> tuple[int, bytes]:
    """The response code and what follows it."""
    head = client.exactly(2)
    size = head[1]
    if size & 0x80:
        more = client.exactly(size & 0x7F)
        size = int.from_bytes(more, "big")
    outer = der.Reader(client.exactly(size))
    outer.take(0xB4)
    number = der.Reader(outer.take(0xB5)).integer()
    body = der.Reader(der.Reader(outer.take(0xA0 | number)).take(0x30))
    code = der.Reader(body.take(0xA0)).integer()
    return code, body.take(body.tag()) if body.left else b""


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_der_signs_however_it_is_split(shared_machine: RunningMachine, piece: int) -> None:
    client = Client(shared_machine.ends.also["svs-der"])
    request = der_sign(b"data", 3)
    for at in range(0, len(request), piece):
        client.socket.sendall(request[at : at + piece])
    code, signature = der_reply(client)
    assert code == 0
    assert public_of(shared_machine, 3).verify(b"data", signature, form=Signature.DER)
    client.close()


def test_der_refuses_with_the_same_codes(start_machine: StartMachine) -> None:
    client = Client(start_machine().ends.also["svs-der"])
    for request, expected in (
        (der_sign(b"data", 999), KEY_INDEX),
        (der_sign(b"data", 1, b"wrong"), PIN_CODE),
        (der_sign(b"data"), 0),
        (der_request(0, tagged(0, octets(b"nobody"))), NO_SUCH),
        (der_request(3, b""), None),
    ):
        client.socket.sendall(request)
        code, _ = der_reply(client)
        assert code == expected or (expected is None and code > 0x04000000)
    client.close()


def test_der_that_is_none_costs_the_connection_and_nobody_else(shared_machine: RunningMachine) -> None:
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\x30\x80\0\0", b"\x30\x85\xff\xff\xff\xff\xff", b"\0" * 100):
        client = Client(shared_machine.ends.also["svs-der"])
        client.socket.sendall(rubbish)
        assert client.gone()
        client.close()
    client = Client(shared_machine.ends.also["svs-der"])
    client.socket.sendall(der_sign(b"data"))
    assert der_reply(client)[0] == 0
    client.close()


# What the tape must not hold.


def test_no_key_material_is_on_the_tape(start_machine: StartMachine) -> None:
    machine = start_machine()
    client = Client(machine.ends.at)
    made = client.ask(b"E707")[2:]
    spki, wrapped = made[:91], made[95:]
    n_wrapped = f"{len(wrapped):04d}".encode() + wrapped
    client.ask(b"E107" + spki + n_wrapped + b"0300" + b"00")
    client.ask(b"E1xx" + spki + n_wrapped)
    client.ask(b"E520070016123456781234567;" + n_wrapped)
    client.ask(b"E520070000;0001m;K9999" + spki + n_wrapped + b"0")
    client.ask(b"S300109R" + b"AB" * 16 + b"000000" + b"0010" + b"x" * 16)
    half = b"E107" + spki + n_wrapped
    client.socket.sendall(b"\1\0" + half)
    client.close()
    signed(machine, b"data")
    client = Client(machine.ends.also["svs-der"])
    client.socket.sendall(der_sign(b"data"))
    der_reply(client)
    client.socket.sendall(der_sign(b"data")[:-20])
    client.close()
    url = machine.ends.also["svs-http"] + "/SignServerJson/SignData"
    httpx.post(
        url, content=b'{"keyValue" : "' + base64.b64encode(PIN) + b'", broken', headers={"content-type": "text/x"}
    )
    machine.loop.settle()
    taped = b"".join(record.data for record in machine.tape.recent())
    key = seeded_private_key("7/key/1/sign")
    for secret in (wrapped, b"ABABABAB", PIN, base64.b64encode(PIN), key.d.to_bytes(32, "big")):
        assert secret not in taped
        assert secret.hex().encode() not in taped
    assert machine.events().count("key-material-masked") >= 8


def test_a_masked_frame_keeps_its_length_and_all_else(start_machine: StartMachine) -> None:
    machine = start_machine()
    client = Client(machine.ends.also["svs-der"])
    request = der_sign(PIN + b" is in the data")
    client.socket.sendall(request)
    der_reply(client)
    client.close()
    taped = machine.frames()[0].data
    assert len(taped) == len(request)
    assert taped == request.replace(octets(PIN), octets(b"*" * len(PIN)))


def test_http_frames_hide_the_pin_alone(start_machine: StartMachine) -> None:
    machine = start_machine()
    signed(machine, b"data")
    request = machine.frames()[0].data
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    assert set(body["request"]["keyValue"]) == {"*"}
    assert base64.b64decode(body["request"]["inData"]) == b"data"


def test_sockets_that_say_nothing_hold_up_nobody(shared_machine: RunningMachine) -> None:
    silent = [connected(shared_machine.ends.also["svs-http"]) for _ in range(10)]
    silent[0].sendall(b"POST /SignServerJson/SignData HTTP/1.1\r\ncontent-length: 100\r\n\r\n{")
    assert signed(shared_machine, b"data")["respValue"] == 0
    for sock in silent:
        sock.close()
