"""The bench file: which devices there are, real or virtual, and what is under test.

Reading is strict: an unknown table, key, kind or setting is a ConfigError that names the line and the remedy.
"""

import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.bench.registry import kinds, simulator_type
from harness.bench.settings import read_settings, unknown
from harness.bench.tables import (
    BenchTable,
    CentreTable,
    ClockKind,
    CounterTable,
    MachineTable,
    MobileTable,
    ScannerTable,
)
from harness.bench.tls import TLS_NAMES, TlsSettings, speaks_http
from harness.errors import ConfigError
from harness.line.address import parse_address

VIRTUAL = "virtual"
TABLES = ("bench", "device", "counter", "machine", "scanner", "centre", "mobile")
_DEVICE_KEYS = ("kind", "at")


@dataclass(frozen=True, kw_only=True)
class DeviceSpec:
    """One device of the bench file."""

    name: str
    kind: str
    at: str = VIRTUAL
    settings: Mapping[str, object] = field(default_factory=dict)
    tls: TlsSettings = field(default_factory=TlsSettings)
    where: str = ""
    """Where it stands, for messages: `bench.toml, line 12, [device.scanner]`."""

    @property
    def virtual(self) -> bool:
        """Whether a simulator stands in for it."""
        return self.at == VIRTUAL


@dataclass(frozen=True, kw_only=True)
class BenchFile:
    """A bench file, read and checked."""

    source: str
    bench: BenchTable
    devices: tuple[DeviceSpec, ...]
    counter: CounterTable
    command: tuple[str, ...]
    """The command that starts the adapter under test; empty when the bench has none."""
    machine: MachineTable
    scanner: ScannerTable = field(default_factory=ScannerTable)
    centre: CentreTable = field(default_factory=CentreTable)
    mobile: MobileTable = field(default_factory=MobileTable)

    def device(self, kind: str) -> DeviceSpec:
        """The device of a kind. Raises ConfigError when the bench has none."""
        for spec in self.devices:
            if spec.kind == kind:
                return spec
        raise ConfigError(
            f"{self.source}: the bench has no device of kind {kind!r}.",
            cause="the plan or scenario needs one",
            remedy=f'add a table [device.{kind}] with kind = "{kind}" and at = "virtual"',
        )

    def with_setting(self, kind: str, name: str, value: object) -> "BenchFile":
        """The same bench with one setting of the device of a kind changed. Raises ConfigError."""
        chosen = self.device(kind)
        settings = {**chosen.settings, name: value}
        read_settings(simulator_type(kind).settings, settings, where=chosen.where)
        devices = tuple(replace(spec, settings=settings) if spec is chosen else spec for spec in self.devices)
        return replace(self, devices=devices)

    def on_clock(self, clock: ClockKind) -> "BenchFile":
        """The same bench on another clock."""
        return replace(self, bench=replace(self.bench, clock=clock))

    def with_overrides(
        self,
        *,
        devices: Sequence[str] = (),
        seed: int | None = None,
        command: str | Sequence[str] | None = None,
        profile: str | None = None,
    ) -> "BenchFile":
        """The same bench with `--device NAME=AT`, `--seed`, `--adapter` and `--profile` applied. Raises ConfigError."""
        specs = {spec.name: spec for spec in self.devices}
        for override in devices:
            name, separator, at = override.partition("=")
            if not separator or not at:
                raise ConfigError(
                    f"--device {override!r} is not of the form NAME=ADDRESS.",
                    cause="the equals sign or the address is missing",
                    remedy="write e.g. --device scanner=serial:/dev/ttyUSB0",
                )
            if name not in specs:
                raise unknown(f"--device {override!r}: the bench has no device {name!r}", name, specs)
            specs[name] = replace(specs[name], at=_checked_at(at, f"--device {name}"))
        bench = self.bench if seed is None else replace(self.bench, seed=seed)
        bench = bench if profile is None else replace(bench, profile=profile)
        words = self.command if command is None else _words(command)
        return replace(self, devices=tuple(specs.values()), bench=bench, command=words)


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command) if isinstance(command, str) else command)
    except ValueError as error:
        raise ConfigError(
            f"--adapter {command!r} cannot be taken apart: {error}.",
            cause="a quotation mark without its partner",
            remedy="quote the command as for a shell",
        ) from error


def load_bench(path: Path) -> BenchFile:
    """Read a bench file. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(
            f"The bench file {path} cannot be read: {reason}.",
            cause="a wrong path, or no right to read it",
            remedy="name an existing file with --bench, or leave --bench out for the all-virtual bench",
        ) from error
    return parse_bench(text, source=path.name)


def parse_bench(text: str, *, source: str) -> BenchFile:
    """A bench file from its text; `source` is what messages call it. Raises ConfigError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{source} is not TOML: {error}.", cause="a slip of the pen there", remedy="compare docs/bench-file.md"
        ) from error
    places = _Places(source, text)
    for name in raw:
        if name not in TABLES:
            raise unknown(f"{places.of(name)}: there is no table {name!r}", name, TABLES)
    bench = read_settings(BenchTable, _table(raw, "bench", places), where=places.of("bench"))
    counter_raw = dict(_table(raw, "counter", places))
    command = _command(counter_raw.pop("command", []), places)
    counter = read_settings(CounterTable, counter_raw, where=places.of_any("counter", counter_raw, CounterTable))
    machine_raw = _table(raw, "machine", places)
    machine = read_settings(MachineTable, machine_raw, where=places.of_any("machine", machine_raw, MachineTable))
    scanner_raw = _table(raw, "scanner", places)
    scanner = read_settings(ScannerTable, scanner_raw, where=places.of_any("scanner", scanner_raw, ScannerTable))
    centre_raw = _table(raw, "centre", places)
    centre = read_settings(CentreTable, centre_raw, where=places.of_any("centre", centre_raw, CentreTable))
    mobile_raw = _table(raw, "mobile", places)
    mobile = read_settings(MobileTable, mobile_raw, where=places.of_any("mobile", mobile_raw, MobileTable))
    devices = tuple(_device(name, table, places) for name, table in _table(raw, "device", places).items())
    _refuse_twins(devices, places)
    return BenchFile(
        source=source,
        bench=bench,
        devices=devices,
        counter=counter,
        command=command,
        machine=machine,
        scanner=scanner,
        centre=centre,
        mobile=mobile,
    )


def _device(name: str, table: object, places: "_Places") -> DeviceSpec:
    where = places.of(f"device.{name}")
    if not isinstance(table, dict):
        raise ConfigError(
            f"{where}: {name} must be a table.", cause="a missing header", remedy=f"write [device.{name}]"
        )
    kind = table.get("kind", name)
    if kind not in kinds():
        raise unknown(f"{places.of(f'device.{name}', 'kind')}: there is no device of kind {kind!r}", str(kind), kinds())
    common = _DEVICE_KEYS + (tuple(TLS_NAMES) if speaks_http(str(kind)) else ())
    settings = {key: value for key, value in table.items() if key not in common}
    tls = {key: value for key, value in table.items() if key in common and key not in _DEVICE_KEYS}
    at = _checked_at(table.get("at", VIRTUAL), places.of(f"device.{name}", "at"))
    wanted = simulator_type(str(kind)).settings
    read_settings(wanted, settings, where=places.of_any(f"device.{name}", settings, wanted))
    said = read_settings(TlsSettings, tls, where=where)
    if at != VIRTUAL and said.own is not None:
        raise ConfigError(
            f"{places.of(f'device.{name}', 'tls_cert')}: {name} is a real device and shows its own certificate.",
            cause="tls_cert was left standing when the device was virtual",
            remedy="remove tls_cert, tls_key and tls_client_ca; `ca` says whose certificates it is trusted by",
        )
    return DeviceSpec(name=name, kind=str(kind), at=at, settings=settings, tls=said, where=where)


def _checked_at(at: object, where: str) -> str:
    try:
        return str(parse_address(str(at)))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.problem}", cause=error.cause, remedy=error.remedy) from error


def _refuse_twins(devices: Sequence[DeviceSpec], places: "_Places") -> None:
    seen: dict[str, str] = {}
    for spec in devices:
        if spec.kind in seen:
            raise ConfigError(
                f"{places.of(f'device.{spec.name}')}: {spec.name} and {seen[spec.kind]} are both of kind {spec.kind}.",
                cause="a bench holds one device of a kind",
                remedy="remove one of them",
            )
        seen[spec.kind] = spec.name


def _command(raw: object, places: "_Places") -> tuple[str, ...]:
    if isinstance(raw, list) and all(isinstance(word, str) and word for word in raw):
        return tuple(raw)
    raise ConfigError(
        f"{places.of('counter', 'command')}: command must be a list of words, not {raw!r}.",
        cause="a command line written as one text",
        remedy='write e.g. command = ["java", "-jar", "adapter.jar"]',
    )


def _table(raw: Mapping[str, object], name: str, places: "_Places") -> Mapping[str, object]:
    table = raw.get(name, {})
    if isinstance(table, dict):
        return table
    raise ConfigError(f"{places.of(name)}: {name} must be a table.", cause="a missing header", remedy=f"write [{name}]")


class _Places:
    """Where things stand in the file, for messages; TOML readers do not tell."""

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._lines = text.splitlines()

    def of(self, table: str, key: str = "") -> str:
        """`bench.toml, line 12, [device.scanner]`."""
        number = 0
        for index, line in enumerate(self._lines, start=1):
            stripped = line.split("#")[0].strip()
            if stripped.replace(" ", "") == f"[{table}]":
                number = index
                if not key:
                    break
            elif number and stripped.startswith("["):
                break
            elif number and re.match(rf"[\"']?{re.escape(key)}[\"']?\s*=", stripped):
                number = index
                break
        line_part = f", line {number}" if number else ""
        return f"{self._source}{line_part}, [{table}]"

    def of_any(self, table: str, raw: Mapping[str, object], wanted: type) -> str:
        """The place of the first key that is no setting of `wanted`; else the table's."""
        strange = [key for key in raw if key not in getattr(wanted, "__dataclass_fields__", {})]
        return self.of(table, strange[0] if strange else "")
