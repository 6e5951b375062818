"""What the machine tells of itself: status, command counts, health, network; only machines that have these commands."""

from collections.abc import Mapping

import pytest

from harness.scenarios.machine_stage import MachineStage
from harness.wire.encryption_machine import host_messages as wire

HSM = ["QH-HSM"]
NOT_TAMPERED = 1


@pytest.mark.case("encryption-machine/status", title="Status 状态查询", requirements=HSM)
def test_status(stage: MachineStage) -> None:
    """NO shows the firmware that NC shows, and how many clients may connect."""
    who = stage.ask(wire.Diagnose())
    assert isinstance(who, wire.DiagnoseReply)
    told = _told(stage, "NO")
    assert told["firmware"] == who.firmware
    assert _number(told, "sockets") >= 1


@pytest.mark.case("encryption-machine/command-counts", title="Command counts 命令计数", requirements=HSM)
def test_command_counts(stage: MachineStage) -> None:
    """J4 counts every command, also those that came in between."""
    stage.ask(wire.Diagnose())
    before = _counts(stage)
    for _ in range(3):
        stage.ask(wire.Diagnose())
    after = _counts(stage)
    assert after["NC"] >= before["NC"] + 3
    assert after["J4"] >= before.get("J4", 0) + 1


@pytest.mark.case("encryption-machine/health-counts", title="Health counts 健康计数", requirements=HSM)
def test_health_counts(stage: MachineStage) -> None:
    """J8: the moments are in order, and looking does not change what is counted."""
    told = _told(stage, "J8")
    assert str(told["since"]) <= str(told["until"]) <= str(told["now"])
    counted = ("reboots", "tampers", "pin_failures_minute", "pin_failures_hour", "pin_attacks")
    again = _told(stage, "J8")
    assert [again[name] for name in counted] == [told[name] for name in counted]


@pytest.mark.case("encryption-machine/instant-health", title="Health now 即时健康", requirements=HSM)
def test_instant_health(stage: MachineStage) -> None:
    """JK: a machine that signs is not tampered with and has an LMK."""
    told = _told(stage, "JK")
    assert told["tamper"] == NOT_TAMPERED
    assert _number(told, "lmks_loaded") >= 1
    assert told["lmks"]


@pytest.mark.case("encryption-machine/network", title="Network 网络统计", requirements=HSM)
def test_network(stage: MachineStage) -> None:
    """NI counts the bytes that came and went, at least those of this very client."""
    before = _told(stage, "NI")
    data = bytes(200)
    stage.ask(wire.Echo(data=data))
    after = _told(stage, "NI")
    for name in ("bytes_received", "bytes_sent"):
        assert _number(after, name) >= _number(before, name) + len(data)
    for name in ("packets_received", "packets_sent"):
        assert _number(after, name) >= _number(before, name) + 1


def _told(stage: MachineStage, command: str) -> Mapping[str, object]:
    given: Mapping[str, object] = {"mode": "00"} if command == "NO" else {}
    reply = stage.ask(wire.VendorRequest(code=command, values=given))
    assert isinstance(reply, wire.VendorReply)
    return reply.values


def _counts(stage: MachineStage) -> dict[str, int]:
    rows = _told(stage, "J4")["commands"]
    assert isinstance(rows, tuple)
    return {str(code): int(count) for code, count in rows}


def _number(told: Mapping[str, object], name: str) -> int:
    found = told[name]
    assert isinstance(found, int)
    return found
