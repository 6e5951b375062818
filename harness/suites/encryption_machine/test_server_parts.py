"""Messages in parts and signed messages (PKCS#7) at the signature server: the whole signed, any change refused."""

import pytest

from harness.gm import PublicKey
from harness.scenarios.machine_server import certificate_of, digested
from harness.scenarios.machine_stage import Door, MachineStage
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import Part

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
both_doors = pytest.mark.parametrize("door", list(Door), ids=str)


@pytest.mark.case("encryption-machine/server-parts", title="A message in parts 分段签名", requirements=HSM)
@both_doors
def test_server_parts(stage: MachineStage, door: Door) -> None:
    """A signature made in parts is one over the whole."""
    certificate, public = certificate_of(stage, door)
    state = digested(stage, door, Part.SIGN_DATA, public, [MESSAGE] * 3)
    pin = stage.keys.pin.encode()
    made = stage.ask_server(door, svs.SignDataFinal(key_index=stage.keys.sign_index, pin=pin, state=state))
    assert isinstance(made, svs.SignedReply)
    whole = svs.VerifySignedData(certificate=certificate, data=MESSAGE * 3, signature=made.signature)
    stage.ask_server(door, whole, public=public)
    state = digested(stage, door, Part.VERIFY_SIGNED_DATA, public, [MESSAGE] * 3)
    final = svs.VerifySignedDataFinal(certificate=certificate, state=state, signature=made.signature)
    stage.ask_server(door, final)


@pytest.mark.case("encryption-machine/server-message", title="A signed message 消息签名", requirements=HSM)
@both_doors
def test_server_message(stage: MachineStage, door: Door) -> None:
    """A signed message verifies, and not with other content."""
    pin = stage.keys.pin.encode()
    made = stage.ask_server(door, svs.SignMessage(key_index=stage.keys.sign_index, pin=pin, data=MESSAGE))
    assert isinstance(made, svs.SignedMessageReply)
    stage.ask_server(door, svs.VerifySignedMessage(signed_message=made.signed_message))
    changed = made.signed_message.replace(MESSAGE, MESSAGE[:-1] + b"!")
    assert changed != made.signed_message
    stage.ask_server(door, svs.VerifySignedMessage(signed_message=changed), Reason.VERIFY_FAILED)


@pytest.mark.case("encryption-machine/server-parts-forged", title="Other parts 分段验签拒绝", requirements=HSM)
@both_doors
def test_server_parts_forged(stage: MachineStage, door: Door) -> None:
    """In parts too, a signature of another message does not verify, and a state that was cut is refused."""
    certificate, public = certificate_of(stage, door)
    pin, index = stage.keys.pin.encode(), stage.keys.sign_index
    state = digested(stage, door, Part.SIGN_DATA, public, [MESSAGE, MESSAGE])
    made = stage.ask_server(door, svs.SignDataFinal(key_index=index, pin=pin, state=state))
    assert isinstance(made, svs.SignedReply)
    other = digested(stage, door, Part.VERIFY_SIGNED_DATA, public, [MESSAGE])
    final = svs.VerifySignedDataFinal(certificate=certificate, state=other, signature=made.signature)
    stage.ask_server(door, final, Reason.VERIFY_FAILED)
    cut = svs.SignDataFinal(key_index=index, pin=pin, state=state[:-1])
    stage.ask_server(door, cut, Reason.BAD_INPUT, Reason.DATA_LENGTH)
    stage.ask_server(door, svs.SignDataFinal(key_index=index, pin=pin, state=state))


@pytest.mark.case(
    "encryption-machine/server-message-parts", title="A signed message in parts 分段消息签名", requirements=HSM
)
@both_doors
def test_server_message_parts(stage: MachineStage, door: Door) -> None:
    """A signed message made in parts verifies over the whole and in parts, and over nothing else."""
    _, public = certificate_of(stage, door)
    signed = _signed_in_parts(stage, door, public)
    whole = svs.VerifySignedMessage(data=MESSAGE * 2, signed_message=signed)
    stage.ask_server(door, whole)
    state = digested(stage, door, Part.VERIFY_SIGNED_MESSAGE, public, [MESSAGE, MESSAGE])
    stage.ask_server(door, svs.VerifySignedMessageFinal(state=state, signed_message=signed))
    other = svs.VerifySignedMessage(data=MESSAGE * 3, signed_message=signed)
    stage.ask_server(door, other, Reason.VERIFY_FAILED)
    state = digested(stage, door, Part.VERIFY_SIGNED_MESSAGE, public, [MESSAGE])
    final = svs.VerifySignedMessageFinal(state=state, signed_message=signed)
    stage.ask_server(door, final, Reason.VERIFY_FAILED)


@pytest.mark.case(
    "encryption-machine/server-message-bare", title="A signature beside its message 分离式消息签名", requirements=HSM
)
@both_doors
def test_server_message_bare(stage: MachineStage, door: Door) -> None:
    """A signed message without its content verifies with the content beside it, and not without or with another."""
    asked = svs.SignMessage(
        key_index=stage.keys.sign_index, pin=stage.keys.pin.encode(), data=MESSAGE, original_text=False
    )
    made = stage.ask_server(door, asked)
    assert isinstance(made, svs.SignedMessageReply)
    assert MESSAGE not in made.signed_message
    stage.ask_server(door, svs.VerifySignedMessage(data=MESSAGE, signed_message=made.signed_message))
    stage.ask_server(door, svs.VerifySignedMessage(signed_message=made.signed_message), Reason.VERIFY_FAILED)
    other = svs.VerifySignedMessage(data=MESSAGE[:-1] + b"!", signed_message=made.signed_message)
    stage.ask_server(door, other, Reason.VERIFY_FAILED)


def _signed_in_parts(stage: MachineStage, door: Door, public: PublicKey) -> bytes:
    state = digested(stage, door, Part.SIGN_MESSAGE, public, [MESSAGE, MESSAGE])
    pin = stage.keys.pin.encode()
    made = stage.ask_server(door, svs.SignMessageFinal(key_index=stage.keys.sign_index, pin=pin, state=state))
    assert isinstance(made, svs.SignedMessageReply)
    return made.signed_message
