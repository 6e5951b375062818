"""Every error code of the machine's tables: the client says whose matter it is, as the table does, and goes on."""

import pytest

from harness.devices.machine_errors import (
    MachineFailed,
    MachineMisused,
    MachineNotSetUp,
    MachineRefusal,
    MachineRefusedData,
)
from harness.faults.catalogue import Effect
from harness.scenarios.machine_stage import Door, MachineStage
from harness.wire.encryption_machine.reasons import Blame
from harness.wire.encryption_machine.svs import WIRE_NAMES, RequestType

HSM = ["QH-HSM"]
ECHOED = b"still there"
MEANT: dict[Blame, type[MachineRefusal]] = {
    Blame.CALLER: MachineMisused,
    Blame.CONFIGURATION: MachineNotSetUp,
    Blame.DATA: MachineRefusedData,
    Blame.MACHINE: MachineFailed,
}
REFUSALS = tuple(MEANT.values())
EXPORT = WIRE_NAMES[RequestType.EXPORT_CERT]
by_blame = pytest.mark.parametrize("blame", list(MEANT), ids=str)


@pytest.mark.case("encryption-machine/error-codes", title="Every error code 全部错误码", requirements=HSM)
@by_blame
def test_error_codes(stage: MachineStage, blame: Blame) -> None:
    """The machine refuses with each code of its table in turn; the next request is served each time."""
    entries = [entry for entry in stage.profile.errors.values() if entry.blame is blame]
    assert entries, f"no code is the matter of {blame}"
    for entry in entries:
        stage.refuse_next("B2", entry.code)
        try:
            stage.machine.echo(ECHOED)
        except REFUSALS as error:
            _demand(error, entry.code, entry.name, blame)
        else:
            raise AssertionError(f"{entry.code} was not noticed")
        stage.expect_code(entry.code)
        assert stage.machine.echo(ECHOED) == ECHOED
        stage.expect()


@pytest.mark.case("encryption-machine/server-error-codes", title="Every response code 全部响应码", requirements=HSM)
@pytest.mark.parametrize("door", list(Door), ids=str)
@by_blame
def test_server_error_codes(stage: MachineStage, door: Door, blame: Blame) -> None:
    """The signature server refuses with each code of its table in turn; the next request is served each time."""
    server = stage.server(door)
    entries = {value: entry for value, entry in server.profile.codes.items() if entry.blame is blame}
    assert entries, f"no code is the matter of {blame}"
    for value, entry in entries.items():
        stage.spoil(EXPORT, Effect.REFUSE, code=value)
        try:
            server.export_certificate(stage.keys.certificate)
        except REFUSALS as error:
            _demand(error, entry.code, entry.name, blame)
            stage.expect_server_code(door, EXPORT, int(error.code, 16), due=value)
        else:
            raise AssertionError(f"{entry.code} was not noticed")
        assert server.export_certificate(stage.keys.certificate)


def _demand(error: MachineRefusal, code: str, name: str, blame: Blame) -> None:
    assert type(error) is MEANT[blame], f"{code} is the matter of {blame}, not {type(error).__name__}"
    assert error.code == code
    assert error.name == name
