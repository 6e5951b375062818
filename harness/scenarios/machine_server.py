"""What cases ask of a machine's signature server again and again: its certificate, a signature, a message in parts."""

from collections.abc import Iterable

from harness.gm import PublicKey
from harness.scenarios.machine_stage import Door, MachineStage
from harness.wire.encryption_machine import svs
from harness.wire.encryption_machine.svs import Part

PUBLIC_KEY_ITEM = 0x08
"""The SGD number of a certificate's public key (GM/T 0006)."""


def certificate_of(stage: MachineStage, door: Door) -> tuple[bytes, PublicKey]:
    """The certificate of the pair at `sign_index`, and its public key."""
    found = stage.ask_server(door, svs.ExportCert(identification=stage.keys.certificate))
    assert isinstance(found, svs.ExportCertReply)
    item = stage.ask_server(door, svs.ParseCert(info_type=PUBLIC_KEY_ITEM, certificate=found.certificate))
    assert isinstance(item, svs.ParseCertReply)
    return found.certificate, PublicKey.from_spki(bytes.fromhex(item.info))


def signing(stage: MachineStage, data: bytes, pin: bytes | None = None) -> svs.SignData:
    """A request for a signature of that pair, with its PIN unless another is given."""
    return svs.SignData(key_index=stage.keys.sign_index, pin=stage.keys.pin.encode() if pin is None else pin, data=data)


def digested(stage: MachineStage, door: Door, part: Part, public: PublicKey, parts: Iterable[bytes]) -> bytes:
    """The chaining state after all parts of a message; `public` is the signer's, for ZA."""
    begun = svs.MultiPartInit(part=part, public_key=public.spki, user_id=svs.DEFAULT_USER_ID)
    reply = stage.ask_server(door, begun)
    for data in parts:
        assert isinstance(reply, svs.StateReply)
        reply = stage.ask_server(door, svs.MultiPartUpdate(part=part, state=reply.state, data=data))
    assert isinstance(reply, svs.StateReply)
    return reply.state
