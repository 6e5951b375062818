"""Fuzz targets of the encryption machine's codecs: whatever comes in, an event goes out, and memory stays bounded.

Under pytest each target runs a fixed number of mutated messages from a fixed seed. With atheris installed:

    python tests/fuzz/test_encryption_machine_codecs.py host-server -max_total_time=60
"""

import contextlib
import importlib
import importlib.util
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest

from harness.wire.encryption_machine.host import HostCall, HostClientCodec, HostServerCodec, Malformed, encode_request
from harness.wire.encryption_machine.host_messages import (
    Diagnose,
    Digest,
    Echo,
    ExternalPrivateKey,
    ExternalPublicKey,
    GenerateKeyPair,
    KeyIndex,
    MacPublicKey,
    MoveKey,
    MoveKeyPair,
    Random,
    Request,
    Sm2Decrypt,
    Sm2Encrypt,
    Sm2Sign,
    Sm2Verify,
    Sm4Encrypt,
    SmBatch,
)
from harness.wire.encryption_machine.profile import HostProfile, load_host_profile, offered_host_profiles
from harness.wire.encryption_machine.svs import (
    ExportCert,
    MultiPartInit,
    Part,
    SignData,
    SvsMalformed,
    SvsRequest,
    ValidateCert,
    VerifySignedData,
    request_type,
)
from harness.wire.encryption_machine.svs_der import SvsDerClientCodec, SvsDerServerCodec
from harness.wire.encryption_machine.svs_http import FORM_TYPE, JSON_TYPE, SvsHttpCodec
from harness.wire.encryption_machine.svs_profile import load_svs_profile, offered_svs_profiles

RUNS = 2_000
NOW = datetime(2020, 10, 14, 0, 30, tzinfo=UTC)
HOSTS = [load_host_profile(name) for name in offered_host_profiles()]
HTTP = [SvsHttpCodec(load_svs_profile(name)) for name in offered_svs_profiles("http")]
DER = load_svs_profile("der-go")
KEY = KeyIndex(index=1)
ELEMENT = b"\x30\x03\x02\x01\x01"
HOST_REQUESTS: list[Request] = [
    Diagnose(),
    Echo(data=b"hello"),
    Random(size=8),
    GenerateKeyPair(index=1, label=b"bank"),
    Sm2Encrypt(data=b"abc", key=ExternalPublicKey(public=ELEMENT)),
    Sm2Decrypt(ciphertext=bytes(97), key=KEY),
    Sm2Sign(data=b"abc", key=KEY),
    Sm2Verify(data=b"abc", signature=bytes(64), key=KEY),
    Sm4Encrypt(key_type="109", key=KEY, data=bytes(16), derive=(bytes(16),), iv=bytes(16)),
    SmBatch(direction=0, key_type="109", key=KEY, blocks=(b"a", b"b")),
    MoveKeyPair(way=1, kek=1, index=2, public=ELEMENT, private=bytes(32)),
    MoveKey(way=0, under=1, protector=1, key_type="109", key=KEY),
    MacPublicKey(public=ELEMENT),
    Sm2Sign(data=b"abc", key=ExternalPrivateKey(private=bytes(48))),
    Digest(data=b"abc"),
]
SVS_REQUESTS: list[SvsRequest] = [
    ExportCert(identification="bank"),
    ValidateCert(certificate=ELEMENT, ocsp=True),
    SignData(key_index=1, pin=b"12345678", data=b"abc"),
    VerifySignedData(certificate=ELEMENT, data=b"abc", signature=ELEMENT),
    MultiPartInit(part=Part.SIGN_DATA, user_id=b"1234567812345678", data=b"abc"),
]


def _spelled(profile: HostProfile) -> Iterator[tuple[Request, bytes]]:
    """The requests that a machine has, and their bytes."""
    for request in HOST_REQUESTS:
        with contextlib.suppress(ValueError):
            yield request, encode_request(profile, request, header=b"0" * profile.header_length)


SPELLED = {profile.name: list(_spelled(profile)) for profile in HOSTS}


def fuzz_host_server(data: bytes) -> None:
    """The machine's side of the host commands."""
    for profile in HOSTS:
        codec = HostServerCodec(profile)
        for piece in (data[:7], data[7:]):
            for event in codec.feed(piece):
                match event:
                    case Malformed():
                        assert event.fatal or event.error
                        assert len(event.raw) <= profile.max_message + 2
                        codec.refuse(event)
                    case HostCall(request=request, header=header):
                        (again,) = HostServerCodec(profile).feed(encode_request(profile, request, header=header))
                        assert isinstance(again, HostCall)
                        assert again.request == request


def fuzz_host_client(data: bytes) -> None:
    """The client's side of the host commands."""
    for profile in HOSTS:
        for request, _ in SPELLED[profile.name]:
            codec = HostClientCodec(profile)
            codec.send(request)
            codec.feed(data)


def fuzz_svs_der(data: bytes) -> None:
    """Both sides of the signature server's DER."""
    server, client = SvsDerServerCodec(DER), SvsDerClientCodec(DER)
    for piece in (data[:5], data[5:]):
        for event in server.feed(piece):
            if isinstance(event, SvsMalformed):
                server.refuse(event, when=NOW)
    client.send(SVS_REQUESTS[2], when=NOW)
    client.feed(data)


def fuzz_svs_http(data: bytes) -> None:
    """Both sides of the signature server's HTTP."""
    for codec in HTTP:
        for path in codec.paths:
            for kind in (JSON_TYPE, FORM_TYPE):
                event = codec.read_call(path, kind, data)
                if isinstance(event, SvsMalformed):
                    codec.refuse(event, when=NOW)
        for request in _served(codec):
            codec.read_answer(request, JSON_TYPE, data)


def _served(codec: SvsHttpCodec) -> list[SvsRequest]:
    """The requests that a dialect has; some have but a few."""
    return [request for request in SVS_REQUESTS if request_type(request) in codec.profile.messages]


def _bodies(codec: SvsHttpCodec, request: SvsRequest) -> list[bytes]:
    """A request's body; none where the dialect has no word for one of its fields."""
    try:
        return [codec.call(request, when=NOW).body]
    except ValueError:
        return []


def _seeds(name: str) -> list[bytes]:
    """Good messages to begin from."""
    match name:
        case "host-server":
            return [raw for spelled in SPELLED.values() for _, raw in spelled]
        case "host-client":
            return [b"\x00\x1dND005D672700000000001500-0023", b"\x00\x48E6000064" + bytes(64), b"\x00\x0aSX000002ab"]
        case "svs-der":
            return [SvsDerClientCodec(DER).send(request, when=NOW) for request in SVS_REQUESTS]
        case _:
            return [body for codec in HTTP for request in _served(codec) for body in _bodies(codec, request)]


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "host-server": fuzz_host_server,
    "host-client": fuzz_host_client,
    "svs-der": fuzz_svs_der,
    "svs-http": fuzz_svs_http,
}


def _mutated(seed: bytes, dice: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.randrange(4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del data[at : at + dice.randrange(8)]
            case 2:
                data[at:at] = dice.randbytes(dice.randrange(8))
            case 3:
                data[at:at] = data[: dice.randrange(len(data) + 1)]
            case _:
                del data[at:]
    return bytes(data) if dice.randrange(20) else dice.randbytes(dice.randrange(200))


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_messages_are_survived(name: str) -> None:
    dice = random.Random(f"20201014/{name}")
    seeds = _seeds(name)
    for _ in range(RUNS // 10 if name == "svs-http" else RUNS):
        TARGETS[name](_mutated(dice.choice(seeds), dice))


def main() -> None:
    """Hand one target to atheris."""
    atheris = importlib.import_module("atheris")
    target = TARGETS[sys.argv.pop(1)]
    atheris.instrument_all()
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    if importlib.util.find_spec("atheris") is None:
        sys.exit("atheris is not installed; pytest runs the same targets without it")
    main()
