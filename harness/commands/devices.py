"""`liantiao devices` and `liantiao share`: what is plugged in, who it is, and a box for others on the network."""

import asyncio
import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.bench.loop import new_loop
from harness.commands.output import even_unread, say
from harness.devices.discovery import Machine, Port, PortKind
from harness.devices.scanner_identity import Introduction, ask
from harness.errors import ConfigError, LiantiaoError
from harness.line.address import MAX_PORT, Address, Scheme, parse_address
from harness.line.http import LOOPBACK

WIDE = 300
"""Columns of a table that nobody looks at but tools search."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A port, and what its box said; `failure` says why it was not asked to the end."""

    address: Address
    port: Port | None
    introduction: Introduction | None = None
    failure: str = ""


def show_devices(*, asked: bool, also: Sequence[str] = (), as_json: bool, root: Path = Path("/")) -> None:
    """Print the serial, HID and keyboard ports of this machine, and addresses that are named `also`.

    `asked`: ask each box who it is; that opens its port. Raises ConfigError for an address that is none.
    """
    ports = Machine(root).ports()
    found = [Found(address=port.address, port=port) for port in ports]
    known = {str(one.address) for one in found}
    found += [Found(address=parse_address(text), port=None) for text in also if text not in known]
    if asked:
        found = [_asked(one) for one in found]
    with even_unread():
        if as_json:
            print(json.dumps([_as_json(one) for one in found], ensure_ascii=False, indent=2), flush=True)
        else:
            _print(found, asked=asked)


def share(port: str, *, at: str = "", allow: Sequence[str] = ()) -> None:
    """Share a serial port over RFC 2217 until SIGINT or SIGTERM; `at` is `HOST:PORT` or `PORT`, loopback by default.

    Raises ConfigError for what is no serial port or address, BenchError when the network port cannot be had.
    """
    from harness.line.rfc2217_share import SharedSerial

    where = parse_address(port)
    if where.scheme is not Scheme.SERIAL:
        raise ConfigError(
            f"{port} cannot be shared: it is no serial port of this machine.",
            cause="it is reached over the network already, or has no bytes to share",
            remedy="name a serial port, e.g. serial:/dev/ttyUSB0",
        )
    host, number = _host_port(at)

    async def serve() -> None:
        ended = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
        shared = SharedSerial(where, host=host, number=number, allow=frozenset(allow), say=say)
        await shared.start()
        try:
            print(json.dumps({"ready": "share", "at": str(shared.address), "port": port}), flush=True)
            await ended.wait()
        finally:
            await shared.stop()

    with even_unread(), asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve())


def _host_port(at: str) -> tuple[str, int]:
    host, _, number = at.removeprefix("rfc2217:").rpartition(":")
    if not at:
        return LOOPBACK, 0
    if not number.isdigit() or not 0 <= int(number) <= MAX_PORT:
        raise ConfigError(
            f"{at!r} is no place to listen at.",
            cause="a slip in --at",
            remedy="write PORT or HOST:PORT; 0.0.0.0:PORT is the whole network, and then needs --allow or a tunnel",
        )
    return host.strip("[]") or LOOPBACK, int(number)


def _asked(one: Found) -> Found:
    if one.port is not None and one.port.kind is PortKind.KEYBOARD:
        return Found(address=one.address, port=one.port, failure="a keyboard cannot be asked 键盘口无法询问")
    try:
        told = ask(one.address, likely=one.port.family if one.port else None)
    except LiantiaoError as error:
        return Found(address=one.address, port=one.port, failure=error.problem)
    failure = "" if told is not None else "no answer 无应答"
    return Found(address=one.address, port=one.port, introduction=told, failure=failure)


def _as_json(one: Found) -> dict[str, object]:
    port, told = one.port, one.introduction
    return {
        "at": str(one.address),
        "kind": port.kind.value if port else one.address.scheme.value,
        "usb": port.usb if port else "",
        "serial_number": port.serial_number if port else "",
        "product": port.product if port else "",
        "maker": port.maker.name if port and port.maker else "",
        "mode": port.mode if port else "",
        "family": told.family.value if told else port.family.value if port and port.family else None,
        "asked": None if told is None else {"family": told.family.value, "baud": told.baud, "says": told.text},
        "failure": one.failure,
    }


def _print(found: Sequence[Found], *, asked: bool) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    if not found:
        console.print("Nothing is plugged in that could be a scanner box. 未发现可用的扫码设备。")
        return
    table = Table(title="Devices 设备", title_justify="left")
    headings = ["at 地址", "USB", "serial number 序列号", "product 产品", "family 协议族"]
    for heading in (*headings, "says 应答") if asked else headings:
        table.add_column(heading, overflow="fold", no_wrap=not console.is_terminal)
    for one in found:
        content = _as_json(one)
        told = one.introduction
        mode = f" ({content['mode']})" if content["mode"] else ""
        guess = f"{content['family'] or '?'}{'' if told else ' ?' if content['family'] else ''}"
        row = [str(content["at"]), str(content["usb"]), str(content["serial_number"])]
        row += [f"{content['product'] or content['maker']}{mode}", guess]
        if asked:
            row.append(f"{told.text} ({told.baud} Bd)" if told else one.failure)
        table.add_row(*row)
    console.print(table)
