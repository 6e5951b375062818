"""What the machine knows about itself, by the names in the layouts of status commands (NO, J4, J8, JK, NI).

Counted: commands served and refused, messages and bytes of the host door. Not counted, and zero: broadcasts, discarded
packets, PIN verifications, which this machine has none of; the list of connections (NI) is empty.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from harness.clock import BEIJING, NS
from simulators.encryption_machine.device_facts import Condition
from simulators.encryption_machine.machine import Machine

RUNNING, NOT_RUNNING, NOT_CONFIGURED = 1, 2, 3
NOT_TAMPERED, TAMPERED, CASE_TAMPERED = 1, 2, 8
TEST_LMK = "00000V2TLiantiao test LMK\x14"
"""Identifier, not authorised, no activities, variant, algorithm (SM4 has no code: 2 is invented), test, a comment."""


@dataclass
class Traffic:
    """What has gone over the host door."""

    received: int = 0
    sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    refused: int = 0
    commands: Counter[str] = field(default_factory=Counter)

    def count(self, command: str, received: bytes, sent: bytes, *, refused: bool) -> None:
        """One request and its reply."""
        self.received += 1
        self.bytes_received += len(received)
        self.sent += bool(sent)
        self.bytes_sent += len(sent)
        self.refused += refused
        self.commands[command] += 1


def known(machine: Machine, traffic: Traffic) -> Mapping[str, object]:
    """All that there is to tell, by name."""
    health, who = machine.health(), machine.diagnose()
    lost = health.condition is Condition.KEYS_LOST
    now = moment(health.now_ns)
    return {
        "serial": health.serial,
        "since": moment(health.since_ns),
        "until": now,
        "now": now,
        "seconds": max(0, health.now_ns - health.since_ns) // NS,
        "firmware": who.firmware,
        "lmk_check": who.lmk_check,
        "reserved": "00000",
        "buffer": 0,
        "transport": 1,
        "sockets": 64,
        "commands": tuple(sorted((code, count) for code, count in traffic.commands.items() if len(code) == 2)),
        "reboots": 0,
        "tampers": int(lost),
        "pin_failures_minute": 0,
        "pin_failures_hour": 0,
        "pin_attacks": 0,
        "console": NOT_RUNNING,
        "manager": NOT_RUNNING,
        "host_1": RUNNING,
        "host_2": NOT_CONFIGURED,
        "reserved_2": "00",
        "tamper": TAMPERED if lost else NOT_TAMPERED,
        **({"tamper_cause": CASE_TAMPERED, "tampered_at": now} if lost else {"tamper_cause": None, "tampered_at": ""}),
        "lmks_loaded": int(not lost),
        "lmks_test": int(not lost),
        "lmks_old": 0,
        "lmks": "" if lost else TEST_LMK,
        "fraud": 0,
        "pin_attack": 0,
        "connections": (),
        "bytes_sent": traffic.bytes_sent,
        "bytes_received": traffic.bytes_received,
        "packets_sent": traffic.sent,
        "packets_received": traffic.received,
        "others_sent": 0,
        "others_received": 0,
        "discarded_sending": 0,
        "discarded_receiving": 0,
        "errors_sending": 0,
        "errors_receiving": traffic.refused,
        "unknown_packets": 0,
    }


def moment(at_ns: int) -> str:
    """yyMMddHHmmss in Beijing."""
    return datetime.fromtimestamp(at_ns // NS, tz=UTC).astimezone(BEIJING).strftime("%y%m%d%H%M%S")
