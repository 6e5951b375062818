"""What docs/encryption-machine.md shows is true: its profile reads its capture, its back door takes its requests."""

import json
import re
import shlex
from pathlib import Path

import httpx
import pytest

from harness.devices.encryption_machine import EncryptionMachine
from harness.devices.machine_errors import MachineNotSetUp
from harness.gm import PublicKey
from harness.line.address import parse_address
from harness.wire.encryption_machine.host import HostAnswer, HostCall, HostClientCodec, HostServerCodec
from harness.wire.encryption_machine.host_messages import KeyIndex, Sm2Sign, Sm2SignReply
from harness.wire.encryption_machine.profile import load_host_profile, offered_machines
from tests.simulators.encryption_machine_rig import Client, machines

PAGE = (Path(__file__).parents[4] / "docs" / "encryption-machine.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """The page's block of a kind."""
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, f"the page has no {kind}"
    return found[1]


def captured() -> tuple[bytes, bytes]:
    lines = dict(line.split(maxsplit=1) for line in block("capture").splitlines())
    return bytes.fromhex(lines["request"]), bytes.fromhex(lines["reply"])


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """The page's profile as a file."""
    path = tmp_path / "mine.toml"
    path.write_text(block("toml"), encoding="utf-8")
    return str(path)


def test_one_capture_is_a_profile_without_code(mine: str) -> None:
    profile = load_host_profile(mine)
    request, reply = captured()
    (call,) = HostServerCodec(profile).feed(request)
    assert isinstance(call, HostCall), call
    asked = Sm2Sign(data=b"hello", key=KeyIndex(index=1), user_id=b"1234567812345678")
    assert (call.header, call.code, call.request) == (b"07", "E5", asked)
    for cell in ("`07`", "`E5`, Sm2Sign", "index 1", "`1234567812345678`", "`hello`"):
        assert f"| {cell} |" in PAGE
    client = HostClientCodec(profile)
    assert client.send(asked, header=b"07") == request
    (answer,) = client.feed(reply)
    assert isinstance(answer, HostAnswer), answer
    assert isinstance(answer.reply, Sm2SignReply)
    assert len(answer.reply.signature) == 64
    assert HostServerCodec(profile).answer(call, answer.reply) == reply


def test_the_machine_and_the_driver_speak_by_the_file(mine: str) -> None:
    request, reply = captured()
    with machines() as start:
        machine = start(profile=mine)
        client = Client(machine.ends.at, header=b"07")
        client.socket.sendall(request)
        answered = client.receive()
        assert len(answered) == len(reply) - 4
        assert answered[:4] == b"E600"
        public = PublicKey.from_spki(client.ask(b"E2K0001")[2:])
        assert public.verify(b"hello", bytes.fromhex(answered[4:].decode()))
        client.close()
        with EncryptionMachine(parse_address(machine.ends.at), load_host_profile(mine)) as driver:
            assert driver.diagnose().firmware == "2101-0007"
            assert public.verify(b"x" * 3999, driver.sign(1, b"x" * 3999))
            with pytest.raises(MachineNotSetUp, match="该索引无密钥"):
                driver.sign(900, b"hello")


def test_every_curl_of_the_page_is_taken() -> None:
    with machines() as start:
        machine = start()
        control = machine.ends.also["control"]
        lines = [line for line in block("sh").splitlines() if line.startswith("curl")]
        assert len(lines) > 10
        for line in lines:
            words = shlex.split(line)
            method = words[words.index("-X") + 1] if "-X" in words else "GET"
            body = words[words.index("-d") + 1] if "-d" in words else None
            (at,) = (word for word in words if word.startswith("$CONTROL"))
            found = httpx.request(method, at.replace("$CONTROL", control), content=body)
            assert found.status_code < 300, (line, found.text)
            json.loads(found.content or b"{}")


def test_the_page_names_every_profile_and_every_command() -> None:
    for name in set(offered_machines()) - {"gmt0029"}:
        assert f"{name}" in PAGE, name
    for code in load_host_profile("payshield-like").commands:
        assert re.search(rf"\b{code}\b", PAGE), code
