"""`liantiao simulate` and `liantiao up`: devices that stay until they are told to end."""

import json
import signal
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table

from harness.bench.alone import AloneOptions, run_alone
from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import kinds, simulator_type
from harness.bench.settings import Option, options_of, read_settings, unknown
from harness.errors import ConfigError


def simulate(kind: str, words: Sequence[str]) -> None:
    """Run one simulator until SIGINT or SIGTERM. Raises ConfigError or BenchError."""
    given = _pairs(words)
    settings = simulator_type(kind).settings
    peers = {name: given.pop(name) for name in list(given) if name in kinds()}
    common = {field.name for field in fields(AloneOptions)} - {"peers"}
    mine = {name.replace("-", "_"): value for name, value in given.items()}
    known = sorted(common | set(_names(settings)) | set(kinds()))
    for name in mine:
        if name not in known:
            raise unknown(f"simulate {kind}: there is no option --{name.replace('_', '-')}", name, known)
    own = {name: value for name, value in mine.items() if name in _names(settings)}
    rest = {name: value for name, value in mine.items() if name not in own}
    options = read_settings(AloneOptions, {**rest, "peers": peers}, where=f"simulate {kind}")
    run_alone(kind, options, own)


def help_for(kind: str) -> str:
    """The options of a simulator, as `simulate KIND --help` prints them."""
    lines = [f"Usage: liantiao simulate {kind} [OPTIONS]", "", "For every simulator:"]
    lines += _help_lines(option for option in options_of(AloneOptions) if option.name != "peers")
    peers = simulator_type(kind).needs
    lines += [f"  --{peer} ADDRESS: where its {peer} is; it also runs without" for peer in peers]
    lines += ["", f"For a {kind}:", *_help_lines(options_of(simulator_type(kind).settings))]
    return "\n".join(lines)


def stay_up(file: BenchFile, addresses: Path, *, as_json: bool) -> None:
    """Bring a whole bench up, say and write where everything is, and stay until SIGINT or SIGTERM."""
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    with Bench(file) as bench:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        where = bench.addresses()
        text = json.dumps(where, ensure_ascii=False, indent=2) + "\n"
        addresses.write_text(text, encoding="utf-8")
        if as_json:
            print(json.dumps({"ready": "bench", "devices": where}, ensure_ascii=False), flush=True)
        else:
            _show(file.bench.name, where, addresses)
        ended.wait()
    addresses.unlink(missing_ok=True)


def _show(name: str, where: Mapping[str, Mapping[str, str]], addresses: Path) -> None:
    console = Console()
    table = Table(title=f"{name} — up 已就绪", title_justify="left")
    for heading in ("device 设备", "kind 类型", "at 地址", "back door 后门"):
        table.add_column(heading, overflow="fold")
    for device, said in where.items():
        table.add_row(device, said["kind"], said["at"], said.get("control", ""))
    console.print(table)
    console.print(f"Written to {addresses}. Ctrl-C ends it. 按 Ctrl-C 结束。", highlight=False)


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, separator, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or (not separator and not rest):
            raise ConfigError(
                f"{word!r} is not of the form --name VALUE.",
                cause="a missing value, or a single dash",
                remedy="`liantiao simulate KIND --help` lists the options",
            )
        pairs[name] = value if separator else rest.pop(0)
    return pairs


def _names(settings: type) -> list[str]:
    return [option.name for option in options_of(settings)]


def _help_lines(options: Iterable[Option]) -> list[str]:
    lines = []
    for option in options:
        default = f" [default: {option.default}]" if option.default not in {"", "None"} else ""
        lines.append(f"  --{option.name.replace('_', '-')} ({option.type}): {option.text}{default}")
    return lines
