"""An outside client, written from the reference alone with nothing but sockets, runs every command of every door.

Keys and results are computed again with libraries that the product does not use for them: hashlib and cryptography.
What is here must be all that the profiles have, so that a command without an outside client is noticed.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness.wire.encryption_machine.profile import load_host_profile, offered_host_profiles
from harness.wire.encryption_machine.svs import WIRE_NAMES, RequestType
from tests.simulators.encryption_machine_rig import (
    Client,
    RunningMachine,
    StartMachine,
    connected,
    der_request,
    machines,
    n4,
    octets,
    sign_request,
    tagged,
)

SEED = 7
USER = b"1234567812345678"
PIN = b"73951846"
METHOD = 131585
SPKI_SIZE = 91
LMK = b"Liantiao test LM"


def ok(reply: bytes) -> bytes:
    """The fields of a reply whose error code is 00."""
    assert reply[:2] == b"00", reply
    return reply[2:]


def seeded(kind: str, number: int) -> bytes:
    """A symmetric key of a new machine, as its documentation says."""
    return hashlib.new("sm3", f"{SEED}/{kind}/{number}".encode()).digest()[:16]


def sm4(key: bytes, data: bytes, *, open_: bool = False) -> bytes:
    cipher = Cipher(algorithms.SM4(key), modes.ECB())
    return (cipher.decryptor() if open_ else cipher.encryptor()).update(data)


def under_lmk(key: bytes, kind: int) -> bytes:
    return sm4(LMK[:-2] + (int.from_bytes(LMK[-2:], "big") ^ kind).to_bytes(2, "big"), key)


def new_pair(client: Client, fields: bytes = b"E707") -> tuple[bytes, bytes]:
    made = ok(client.ask(fields))
    assert int(made[SPKI_SIZE : SPKI_SIZE + 4]) == len(made) - SPKI_SIZE - 4
    return made[:SPKI_SIZE], made[SPKI_SIZE + 4 :]


def nc(client: Client) -> None:
    assert len(ok(client.ask(b"NC"))) == 25


def b2(client: Client) -> None:
    assert ok(client.ask(b"B20003abc")) == b"abc"


def n0(client: Client) -> None:
    assert len(ok(client.ask(b"N0016"))) == 16


def j2(client: Client) -> None:
    fields = ok(client.ask(b"J2"))
    assert (len(fields) - 58) % 17 == 0
    assert fields[48:58].isdigit()


def j4(client: Client) -> None:
    ok(client.ask(b"NC"))
    fields = ok(client.ask(b"J4"))[58:]
    counts = {fields[at : at + 2]: int(fields[at + 2 : at + 14]) for at in range(0, len(fields), 14)}
    ok(client.ask(b"NC"))
    again = ok(client.ask(b"J4"))[58:]
    counted = {again[at : at + 2]: int(again[at + 2 : at + 14]) for at in range(0, len(again), 14)}
    assert counted[b"NC"] == counts[b"NC"] + 1


def j8(client: Client) -> None:
    assert len(ok(client.ask(b"J8"))) == 48 + 10 + 10 + 7 + 5 + 8


def jk(client: Client) -> None:
    fields = ok(client.ask(b"JK"))
    assert fields[30:31] == b"1", "not tampered"
    assert fields[31:37] == b"010100"
    lmks, _, flags = fields[37:].partition(b"\x15")
    assert lmks.endswith(b"\x14")
    assert flags == b"00"


def ni(client: Client) -> None:
    fields = ok(client.ask(b"NI"))
    count = int(fields[:4])
    totals = fields[4 + count * 26 :]
    assert len(totals) == 16 * 2 + 8 * 9
    received = int(totals[16:32], 16)
    later = ok(client.ask(b"NI"))[4 + count * 26 :]
    assert int(later[16:32], 16) == received + 2 + 4 + 2, "the bytes of the first NI: length, header, command"


def no(client: Client) -> None:
    assert len(ok(client.ask(b"NO00"))) == 18


def e1(client: Client) -> None:
    spki, wrapped = new_pair(client)
    assert client.ask(b"E107" + spki + n4(wrapped) + b"0401" + b"00") == b"00"
    assert ok(client.ask(b"E2K0401")) == spki


def e2(client: Client) -> None:
    assert ok(client.ask(b"E2K0001"))[:2] == b"\x30\x59"


def e3_e4(client: Client) -> None:
    sealed = ok(client.ask(b"E307" + n4(b"secret") + b";K00030"))
    assert client.ask(b"E4070" + sealed + b";K0003") == b"00" + n4(b"secret")


def e5_e6(client: Client) -> None:
    raw = ok(client.ask(sign_request(b"m")))
    assert raw[:4] == b"0064"
    request = b"E62007" + n4(USER) + b";0" + raw + b";" + n4(b"m") + b";K0001"
    assert client.ask(request) == b"00"
    assert client.ask(request.replace(b";0001m;", b";0001n;")) == b"01"


def e7(client: Client) -> None:
    spki, _ = new_pair(client, b"E707K040205label")
    assert ok(client.ask(b"E2K0402")) == spki


def s3_s4(client: Client) -> None:
    data = bytes(range(48))
    sealed = ok(client.ask(b"S300109K0001000000" + b"0030" + data))
    assert sealed == b"0030" + sm4(seeded("key", 1), data)
    assert ok(client.ask(b"S400109K0001000000" + sealed)) == b"0030" + data


def sw(client: Client) -> None:
    blocks = b"0010" + b"a" * 16 + b"0020" + b"b" * 32
    sealed = ok(client.ask(b"SW000109K000100000002" + blocks))
    assert sealed[:20] == b"0010" + sm4(seeded("key", 1), b"a" * 16)
    assert ok(client.ask(b"SW100109K000100000002" + sealed)) == blocks


def tt(client: Client) -> None:
    moved = ok(client.ask(b"TT0070002K0005"))
    spki, wrapped = moved[:SPKI_SIZE], moved[SPKI_SIZE + 4 :]
    assert spki == ok(client.ask(b"E2K0005"))
    d = sm4(seeded("kek", 2), wrapped, open_=True)
    assert sm4(seeded("kek", 3), d) != wrapped
    import_ = b"TT1070003K0403" + spki + n4(sm4(seeded("kek", 3), d))
    assert client.ask(import_) == b"00"
    assert ok(client.ask(b"E2K0403")) == spki
    assert client.ask(b"TT1070002K0404" + spki + n4(sm4(seeded("kek", 3), d))) == b"10", "under another KEK"
    assert client.ask(b"E2K0404") == b"21"
    assert client.ask(b"TT0070002K0999") == b"21"
    assert client.ask(b"TT0070099K0005") == b"21"


def tx(client: Client) -> None:
    zek = seeded("key", 11)
    check = sm4(zek, bytes(16))[:8].hex().upper().encode()
    moved = ok(client.ask(b"TX00K000100AK0011"))
    assert moved == n4(sm4(seeded("kek", 1), zek)) + check
    back = ok(client.ask(b"TX10K000100A" + n4(sm4(seeded("kek", 1), zek))))
    assert back == n4(under_lmk(zek, 0x00A)) + check
    sealed = ok(client.ask(b"TX01K000400AR" + under_lmk(zek, 0x00A).hex().upper().encode()))
    cipher = sealed[4:-16]
    assert ok(client.ask(b"E4070" + n4(cipher) + b";K0004")) == n4(zek)
    assert ok(client.ask(b"TX11K000400A" + n4(cipher))) == n4(under_lmk(zek, 0x00A)) + check
    assert client.ask(b"TX11K000500A" + n4(cipher)) == b"77", "for another pair: refused, and nothing comes out"
    assert client.ask(b"TX10K000100A" + n4(b"x" * 15)) == b"02"


def tq(client: Client) -> None:
    spki = ok(client.ask(b"E2K0001"))
    mac = ok(client.ask(b"TQ07" + spki))
    digest = hashlib.new("sm3", spki).digest()
    first = sm4(LMK, digest[:16])
    last = sm4(LMK, bytes(a ^ b for a, b in zip(first, digest[16:], strict=True)))
    assert mac == last[:8].hex().upper().encode()
    assert client.ask(b"TQ07" + spki[:-1] + bytes([spki[-1] ^ 1])) == b"76"


def binary(client: Client, message: bytes) -> bytes:
    client.send(message)
    return client.receive()


def l2(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def d306_d307(client: Client) -> None:
    signed = binary(client, b"\xd3\x06" + b"\0\1" + b"\x07\x20" + l2(USER) + l2(b"message digest"))
    assert (signed[:1], len(signed)) == (b"A", 65)
    d = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
    point = bytes.fromhex("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020") + bytes.fromhex(
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    plain = d + hashlib.new("sm3", d).digest()[:16]
    wrapped = Cipher(algorithms.SM4(LMK), modes.CBC(bytes(16))).encryptor().update(plain)
    outside = b"\xff\xff" + l2(wrapped) + b"\x07\x20" + l2(USER)
    signed = binary(client, b"\xd3\x06" + outside + l2(b"message digest"))
    assert signed[:1] == b"A"
    verify = b"\xd3\x07\xff\xff" + point + signed[1:] + b"\x20" + l2(USER)
    assert binary(client, verify + l2(b"message digest")) == b"A"
    assert binary(client, verify + l2(b"message Digest")) == b"E\x01"
    published = bytes.fromhex("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3") + bytes.fromhex(
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    verify = b"\xd3\x07\xff\xff" + point + published + b"\x20" + l2(USER)
    assert binary(client, verify + l2(b"message digest")) == b"A", "the standard's own signature"
    assert binary(client, b"\xd3\x06\x03\xe7\x07\x20" + l2(USER) + l2(b"m")) == b"E\x21"
    assert binary(client, b"\xd3\x99") == b"E\x68"


def d30a(client: Client) -> None:
    assert binary(client, b"\xd3\x0a\x20" + l2(b"abc")) == b"A" + hashlib.new("sm3", b"abc").digest()
    assert binary(client, b"\xd3\x0a\x20\x00\x09abc") == b"E\x80"


HOST: Mapping[str, Callable[[Client], None]] = {
    "NC": nc,
    "B2": b2,
    "N0": n0,
    "J2": j2,
    "J4": j4,
    "J8": j8,
    "JK": jk,
    "NI": ni,
    "NO": no,
    "E1": e1,
    "E2": e2,
    "E3": e3_e4,
    "E4": e3_e4,
    "E5": e5_e6,
    "E6": e5_e6,
    "E7": e7,
    "S3": s3_s4,
    "S4": s3_s4,
    "SW": sw,
    "TT": tt,
    "TX": tx,
    "TQ": tq,
    "D306": d306_d307,
    "D307": d306_d307,
    "D30A": d30a,
}
PROFILES = {name: load_host_profile(name) for name in offered_host_profiles()}


def test_no_host_command_is_left_out() -> None:
    assert set(HOST) == {code for profile in PROFILES.values() for code in profile.commands}


HEADERS = {"payshield-like": b"HEAD"}


@pytest.fixture(scope="module")
def hosts() -> Iterator[Mapping[str, RunningMachine]]:
    with machines() as start:
        yield {name: start(profile=name) for name in PROFILES}


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for name, profile in PROFILES.items() for code in profile.commands]
)
def test_every_host_command(hosts: Mapping[str, RunningMachine], name: str, code: str) -> None:
    client = Client(hosts[name].ends.at, header=HEADERS.get(name, b""))
    HOST[code](client)
    client.close()


# GM/T 0029: every request type, as JSON over a plain socket and as DER.


class JsonClient:
    """HTTP by hand."""

    def __init__(self, machine: RunningMachine) -> None:
        self._address = machine.ends.also["svs-http"]

    def ask(self, method: str, **request: object) -> dict[str, object]:
        """The `respond` of a call, bytes being sent as Base64 and their lengths beside them."""
        spelled: dict[str, object] = {}
        for name, value in request.items():
            spelled[name] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
            if name in {"inData", "hashValue", "signerID"}:
                spelled[name + "Len"] = len(value) if isinstance(value, bytes) else 0
        body = json.dumps({"version": "v1", "reqType": method, "request": spelled, "reqTime": "20201014083000+0000"})
        sent = f"POST /SignServerJson/{method} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        with connected(self._address) as line:
            line.sendall((sent + f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n{body}").encode())
            received = b""
            while more := line.recv(65536):
                received += more
        head, _, reply = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        respond = json.loads(reply)["respond"]
        assert isinstance(respond, dict)
        return respond

    def good(self, method: str, **request: object) -> dict[str, object]:
        """A reply that says yes."""
        respond = self.ask(method, **request)
        assert respond["respValue"] == 0, respond
        return respond


def octets_of(respond: dict[str, object], name: str) -> bytes:
    return base64.b64decode(str(respond[name]))


def run_every_json_request(machine: RunningMachine) -> set[str]:
    client = JsonClient(machine)
    asked: set[str] = set()

    def ask(method: str, **request: object) -> dict[str, object]:
        asked.add(method)
        return client.good(method, **request)

    certificate = octets_of(ask("ExportCert", identification="liantiao-1"), "cert")
    assert ask("ParseCert", infoType=0x31, cert=certificate)["info"] == "liantiao-1"
    assert ask("ValidateCert", cert=certificate, ocsp=True)["state"] == 0
    opened = {"signMethod": METHOD, "keyIndex": 1, "keyValue": PIN}
    check = {"type": 1, "cert": certificate, "verifyLevel": 2}
    signature = octets_of(ask("SignData", **opened, inData=b"data"), "signature")
    ask("VerifySignedData", **check, inData=b"data", signature=signature)
    message = octets_of(ask("SignMessage", **opened, inData=b"data"), "signedMessage")
    ask("VerifySignedMessage", inData=b"data", signedMessage=message)
    spki = certificate[certificate.index(bytes.fromhex("3059301306072a8648ce3d0201")) :][:SPKI_SIZE]
    for family in ("SignData", "VerifySignedData", "SignMessage", "VerifySignedMessage"):
        begun = ask(f"{family}Init", signMethod=METHOD, signerPublicKey=spki, signerID=USER, inData=b"da")
        state = octets_of(begun, "hashValue")
        state = octets_of(ask(f"{family}Update", signMethod=METHOD, hashValue=state, inData=b"ta"), "hashValue")
        match family:
            case "SignData":
                in_parts = octets_of(ask("SignDataFinal", **opened, hashValue=state), "signature")
                client.good("VerifySignedData", **check, inData=b"data", signature=in_parts)
            case "VerifySignedData":
                ask("VerifySignedDataFinal", signMethod=METHOD, **check, hashValue=state, signature=signature)
            case "SignMessage":
                detached = octets_of(ask("SignMessageFinal", **opened, hashValue=state), "signedMessage")
                client.good("VerifySignedMessage", inData=b"data", signedMessage=detached)
            case _:
                ask("VerifySignedMessageFinal", signMethod=METHOD, hashValue=state, signedMessage=message)
    assert len(octets_of(ask("GenRandomData", len=24), "randomData")) == 24
    return asked


def test_every_json_request(start_machine: StartMachine) -> None:
    asked = run_every_json_request(start_machine())
    assert {name[0].lower() + name[1:] for name in asked} == set(WIRE_NAMES.values())


class DerClient:
    """DER by hand, as the public implementation in Go has the tags."""

    def __init__(self, machine: RunningMachine) -> None:
        self._line = Client(machine.ends.also["svs-der"])

    def ask(self, number: int, *fields: bytes) -> bytes:
        """What follows respValue 0 in a reply: the value of its field [1]; empty for none."""
        self._line.socket.sendall(der_request(number, b"".join(fields)))
        message = self._element()
        parts = dict(children(content_of(message)))
        body = dict(children(content_of(parts[0xA0 | number])))
        assert content_of(body[0xA0]) == b"\0", "respValue is 0"
        return body.get(0xA1, b"")

    def _element(self) -> bytes:
        head = self._line.exactly(2)
        more = b"" if head[1] < 0x80 else self._line.exactly(head[1] & 0x7F)
        size = int.from_bytes(more, "big") if more else head[1]
        return head + more + self._line.exactly(size)


def split(data: bytes) -> tuple[int, bytes, bytes]:
    """The first element's tag and content, and what follows it."""
    size, at = data[1], 2
    if size & 0x80:
        at = 2 + (size & 0x7F)
        size = int.from_bytes(data[2:at], "big")
    return data[0], data[at : at + size], data[at + size :]


def content_of(element: bytes) -> bytes:
    return split(element)[1]


def children(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        tag, content, data = split(data)
        yield tag, content


def number(value: int) -> bytes:
    spelled = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return bytes([2, len(spelled)]) + spelled


def implicit(tag: int, element: bytes) -> bytes:
    """An element whose own tag gives way to a context tag."""
    return bytes([0x80 | (element[0] & 0x20) | tag]) + element[1:]


def run_every_der_request(machine: RunningMachine) -> set[int]:
    client = DerClient(machine)
    asked: set[int] = set()

    def ask(type_: int, *fields: bytes) -> bytes:
        asked.add(type_)
        return client.ask(type_, *fields)

    def data(tag: int, value: bytes) -> bytes:
        return tagged(tag - 1, number(len(value))) + tagged(tag, octets(value))

    certificate = ask(0, tagged(0, octets(b"liantiao-1")))
    assert content_of(ask(1, tagged(0, number(0x31)), implicit(1, certificate))) == b"liantiao-1"
    assert content_of(ask(2, implicit(0, certificate), tagged(1, b"\x01\x01\xff"))) == b"\0"
    opened = (tagged(0, number(METHOD)), tagged(1, number(1)), tagged(2, octets(PIN)))
    signature = ask(3, *opened, data(4, b"data"))
    known = (tagged(2, number(1)), implicit(0, certificate))
    ask(4, *known, data(4, b"data"), implicit(5, signature), tagged(6, number(2)))
    message_opened = (tagged(5, number(METHOD)), tagged(6, number(1)), tagged(7, octets(PIN)))
    message = content_of(ask(11, *message_opened, data(9, b"data")))
    ask(12, data(6, b"data"), tagged(7, octets(message)))
    spki = certificate[certificate.index(bytes.fromhex("3059301306072a8648ce3d0201")) :][:SPKI_SIZE]
    for first in (5, 8, 13, 16):
        signer = (implicit(0, octets(spki)), implicit(1, number(16)), implicit(2, octets(USER)))
        state = content_of(ask(first, tagged(3, number(METHOD)), *signer, data(5, b"da")))
        state = content_of(ask(first + 1, tagged(0, number(METHOD)), data(2, state), data(4, b"ta")))
        match first:
            case 5:
                in_parts = ask(7, *opened, data(4, state))
                client.ask(4, *known, data(4, b"data"), implicit(5, in_parts), tagged(6, number(2)))
            case 8:
                known_final = (tagged(2, number(METHOD)), tagged(3, number(1)), implicit(0, certificate))
                held = (tagged(4, number(len(state))), tagged(6, octets(state)))
                ask(10, *known_final, *held, implicit(5, signature), tagged(8, number(2)))
            case 13:
                detached = content_of(ask(15, *opened, data(4, state)))
                client.ask(12, data(6, b"data"), tagged(7, octets(detached)))
            case _:
                ask(18, tagged(0, number(METHOD)), data(2, state), tagged(3, octets(message)))
    return asked


def test_every_der_request(start_machine: StartMachine) -> None:
    asked = run_every_der_request(start_machine())
    assert asked == {int(type_) for type_ in RequestType} - {RequestType.GEN_RANDOM}
