"""Every profile that ships can be served, and what cannot be is said with a remedy."""

import base64
from urllib.parse import parse_qs, urlencode

import httpx
import pytest

from harness.errors import ConfigError
from harness.wire.encryption_machine.profile import load_host_profile, offered_host_profiles
from harness.wire.encryption_machine.svs_profile import offered_svs_profiles
from simulators.encryption_machine.provision import PIN
from simulators.encryption_machine.settings import EncryptionMachineSettings
from tests.simulators.encryption_machine_rig import SGD_SM3_SM2, Client, StartMachine, der_sign


@pytest.mark.parametrize("profile", offered_host_profiles())
def test_every_host_profile_is_served(start_machine: StartMachine, profile: str) -> None:
    machine = start_machine(profile=profile)
    found = load_host_profile(profile)
    client = Client(machine.ends.at, header=b"H" * found.header_length)
    if found.binary:
        client.send(b"\xd3\x0a\x20\0\2hi")
        assert client.receive()[:1] == b"A"
    else:
        assert client.ask(b"B20002hi") == b"00hi"


@pytest.mark.parametrize("profile", offered_svs_profiles("der"))
def test_every_der_profile_is_served(start_machine: StartMachine, profile: str) -> None:
    client = Client(start_machine(der_profile=profile).ends.also["svs-der"])
    client.socket.sendall(der_sign(b"data"))
    assert client.exactly(1) == b"\x30"


@pytest.mark.parametrize("profile", offered_svs_profiles("http"))
def test_every_http_profile_is_served(start_machine: StartMachine, profile: str) -> None:
    machine = start_machine(svs_profile=profile)
    assert machine.ends.also["svs-http"].startswith("http://")


def test_forms_are_answered_as_forms(start_machine: StartMachine) -> None:
    machine = start_machine(svs_profile="form-flat")
    form = {
        "signMethod": SGD_SM3_SM2,
        "keyIndex": 1,
        "keyValue": PIN.decode(),
        "inData": base64.b64encode(b"data").decode(),
        "inDataLen": 4,
    }
    found = httpx.post(
        machine.ends.also["svs-http"] + "/SignData",
        content=urlencode(form),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert parse_qs(found.text)["respValue"] == ["0"]
    assert PIN not in b"".join(frame.data for frame in machine.frames())


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": 0},
        {"connections": 0},
        {"sessions": 0},
        {"idle_s": -1},
        {"host_port": 70_000},
        {"first_index": 5, "last_index": 4},
        {"last_index": 9999},
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=list(wrong)[-1]):
        EncryptionMachineSettings(**wrong)  # type: ignore[arg-type]  # whole numbers alone


@pytest.mark.parametrize(
    "wrong",
    [{"profile": "no-such-machine"}, {"svs_profile": "der-go"}, {"der_profile": "fisherman-json"}],
)
def test_profiles_that_cannot_be_are_refused(start_machine: StartMachine, wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        start_machine(**wrong)
