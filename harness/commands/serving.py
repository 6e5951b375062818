"""`liantiao simulate` and `liantiao up`: devices that stay until they are told to end."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.table import Table

from harness.bench.alone import AloneOptions, run_alone
from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import Option, options_of, read_settings, unknown
from harness.bench.tls import TLS_NAMES, TlsSettings, speaks_http
from harness.commands.output import even_unread
from harness.errors import BenchError, ConfigError
from harness.interrupt import one_interrupt, shielded
from harness.line.address import parse_address

try:
    import fcntl
except ImportError:  # Windows: two benches at once are then the user's own affair
    fcntl = None  # type: ignore[assignment]

WIDE = 160
"""Columns of a table that nobody looks at but tools search: an address stays on one line."""


def simulate(kind: str, words: Sequence[str]) -> None:
    """Run one simulator until SIGINT or SIGTERM. Raises ConfigError or BenchError."""
    simulated = simulator_type(kind)
    common, own = _names(AloneOptions), _names(simulated.settings)
    secured = TLS_NAMES if speaks_http(kind) else frozenset()
    common -= frozenset() if secured else {"tls_folder"}
    given: dict[str, dict[str, str]] = {"common": {}, "own": {}, "peers": {}, "tls": {}}
    for option, value in _pairs(words).items():
        name = option.replace("-", "_")
        if name in own:
            given["own"][name] = value
        elif name in common:
            given["common"][name] = value
        elif name in secured:
            given["tls"][name] = value
        elif option in simulated.needs:
            given["peers"][option] = str(parse_address(value))
        else:
            known = [spelled.replace("_", "-") for spelled in {*common, *own, *secured}]
            raise unknown(f"simulate {kind}: there is no option --{option}", option, [*known, *simulated.needs])
    options = read_settings(AloneOptions, given["common"], where=f"simulate {kind}")
    tls = read_settings(TlsSettings, given["tls"], where=f"simulate {kind}")
    run_alone(kind, options, given["own"], peers=given["peers"], tls=tls)


def help_for(kind: str) -> str:
    """The options of a simulator, as `simulate KIND --help` prints them."""
    simulated = simulator_type(kind)
    lines = [f"Usage: liantiao simulate {kind} [OPTIONS]", "", "For every simulator:"]
    secured = speaks_http(kind)
    lines += _help_lines(option for option in options_of(AloneOptions) if secured or option.name != "tls_folder")
    lines += [f"  --{peer} ADDRESS: where its {peer} is; it also runs without" for peer in simulated.needs]
    if secured:
        lines += ["", "For TLS:", *_help_lines(options_of(TlsSettings))]
    lines += ["", f"For a {kind}:", *_help_lines(options_of(simulated.settings))]
    return "\n".join(lines)


def stay_up(file: BenchFile, addresses: Path, *, as_json: bool) -> None:
    """Bring a whole bench up, say and write where everything is, and stay until SIGINT or SIGTERM.

    Raises ConfigError when the bench is empty, or the file of addresses holds another bench's or something else;
    BenchError when it cannot be written.
    """
    if not file.devices:
        raise ConfigError(
            f"{file.source} has no device.", cause="an empty file", remedy="add at least one [device.NAME] table"
        )
    with one_interrupt(), suppress(KeyboardInterrupt), Bench(file) as bench:
        where = bench.addresses()
        with _claimed(addresses) as out:
            out.write(json.dumps(where, ensure_ascii=False, indent=2) + "\n")
            out.flush()
            with shielded(), even_unread():  # or what was written could be written once more
                if as_json:
                    print(json.dumps({"ready": "bench", "devices": where}, ensure_ascii=False), flush=True)
                else:
                    _show(file.bench.name, where, addresses)
            threading.Event().wait()


@contextmanager
def _claimed(addresses: Path) -> Iterator[IO[str]]:
    """The file of addresses, ours alone for as long as the bench is up, and gone after it."""
    try:
        out = addresses.open("a", encoding="utf-8")
    except OSError as error:
        raise BenchError(
            f"The addresses cannot be written to {addresses}: {error.strerror}.",
            cause="the folder is missing, full or not yours",
            remedy="name another file with --addresses",
        ) from error
    with out:
        try:
            if fcntl is not None:
                fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(
                f"Another bench is up and has its addresses in {addresses}.",
                cause="`liantiao up` runs already in this folder",
                remedy="end that one, or name another file with --addresses",
            ) from error
        if not _ours(addresses):
            raise ConfigError(
                f"{addresses} holds something else than addresses.",
                cause="a file of yours, which would be lost: the addresses are removed when the bench ends",
                remedy="name another file with --addresses",
            )
        out.truncate(0)
        try:
            yield out
        finally:
            addresses.unlink(missing_ok=True)


def _ours(addresses: Path) -> bool:
    """Whether a file is new, or left by a bench that was killed."""
    if not addresses.is_file():
        return False
    content = addresses.read_bytes()
    try:
        left = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return False
    return isinstance(left, dict) and all(
        isinstance(said, dict) and {"kind", "at"} <= said.keys() for said in left.values()
    )


def _show(name: str, where: Mapping[str, Mapping[str, str]], addresses: Path) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    table = Table(title=f"{name} — up 已就绪", title_justify="left")
    for heading in ("device 设备", "kind 类型", "at 地址", "back door 后门"):
        table.add_column(heading, overflow="fold", no_wrap=not console.is_terminal)
    for device, said in where.items():
        table.add_row(device, said["kind"], said["at"], said.get("control", ""))
    console.print(table)
    for ca in dict.fromkeys(said["ca"] for said in where.values() if "ca" in said):
        console.print(f"TLS: clients trust 信任的证书颁发机构 {ca}", highlight=False, soft_wrap=True)
    console.print(f"Written to {addresses}. Ctrl-C ends it. 按 Ctrl-C 结束。", highlight=False)


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
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
        if name in pairs:
            raise ConfigError(
                f"--{name} is given twice.", cause="a command line put together from two", remedy="give it once"
            )
        pairs[name] = value if separator else rest.pop(0)
    return pairs


def _names(settings: type) -> frozenset[str]:
    return frozenset(option.name for option in options_of(settings))


def _help_lines(options: Iterable[Option]) -> list[str]:
    lines = []
    for option in options:
        default = f" [default: {option.default}]" if option.default not in {"", "None"} else ""
        lines.append(f"  --{option.name.replace('_', '-')} ({option.type}): {option.text}{default}")
    return lines
