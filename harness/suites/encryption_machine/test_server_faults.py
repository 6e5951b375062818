"""Faults of the signature server: what its client makes of them, and that the next request is served."""

import pytest

from harness.devices.machine_errors import MachineFailed, MachineSilent, MachineSpeaksNonsense
from harness.faults.catalogue import ON_HTTP, Effect
from harness.line.client import Disconnected
from harness.scenarios.machine_server import certificate_of, signing
from harness.scenarios.machine_stage import Door, MachineStage
from harness.wire.encryption_machine import svs

HSM = ["QH-HSM"]
MESSAGE = "医保电子凭证 2102".encode()
both_doors = pytest.mark.parametrize("door", list(Door), ids=str)


@pytest.mark.case("encryption-machine/server-http-fault", title="HTTP faults HTTP 故障", requirements=HSM)
@pytest.mark.parametrize("effect", sorted(ON_HTTP - {Effect.LATE_REQUEST, Effect.STALE_REPLY, Effect.WRONG_CHARSET}))
def test_server_http_fault(stage: MachineStage, effect: Effect) -> None:
    """A gateway's page, half an answer or none: the client notices, and the next request is served."""
    _, public = certificate_of(stage, Door.HTTP)
    stage.spoil("signData", effect)
    try:
        reply = stage.server(Door.HTTP).ask(signing(stage, MESSAGE))
    except (MachineSilent, MachineSpeaksNonsense, MachineFailed, Disconnected):
        pass
    else:
        assert isinstance(reply, svs.SvsRefusal)
    stage.ask_server(Door.HTTP, signing(stage, MESSAGE), public=public)


@pytest.mark.case("encryption-machine/server-result-fault", title="Wrong results 签名服务错误结果", requirements=HSM)
@both_doors
@pytest.mark.parametrize("effect", [Effect.SIGNATURE_RAW, Effect.SIGNATURE_BIT, Effect.KEY_ROTATED])
def test_server_result_fault(stage: MachineStage, door: Door, effect: Effect) -> None:
    """r‖s where DER is due, a flipped bit, another key: the client's own check refuses it."""
    _, public = certificate_of(stage, door)
    stage.spoil("signData", effect)
    try:
        signature = stage.server(door).sign(stage.keys.sign_index, MESSAGE, pin=stage.keys.pin.encode())
        assert not public.verify(MESSAGE, signature)
    except MachineSpeaksNonsense:
        pass
    stage.ask_server(door, signing(stage, MESSAGE), public=public)
