"""Commands of the lab: virtual devices and benches that stay up, real scanner boxes and what they read."""

import os
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.words import BenchOption, DeviceOption, JsonOption, ProfileOption, RunsOption, SeedOption
from harness.commands.output import even_unread, say

WORDS_OF_ITS_OWN = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""For typer: the options of `simulate KIND` are the settings of the kind."""


def simulate(context: typer.Context, kind: Annotated[str, typer.Argument(help="The kind, e.g. platform.")]) -> None:
    """Run one virtual device alone; `simulate KIND --help` lists its options."""
    from harness.bench.registry import kinds
    from harness.commands.serving import help_for
    from harness.commands.serving import simulate as serve

    if kind in {"--help", "-h"}:
        print(
            f"Usage: liantiao simulate KIND [OPTIONS]\n\nKINDS: {', '.join(kinds())}\n`simulate KIND --help` says more."
        )
        return
    if {"--help", "-h"} & set(context.args):
        print(help_for(kind))
        return
    serve(kind, context.args)


def up(
    *,
    bench: BenchOption = None,
    plan: Annotated[str, typer.Option(help="Whose bench, when no file is named.")] = "pharmacy",
    device: DeviceOption = None,
    seed: SeedOption = None,
    profile: ProfileOption = None,
    addresses: Annotated[Path, typer.Option(help="Where the addresses are written.")] = Path("bench.addresses.json"),
    stepped: Annotated[bool, typer.Option("--stepped", help="Stand still until stepped by a back door.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a whole bench up on the machine's clock and keep it, to develop an adapter against."""
    from harness.bench.tables import ClockKind
    from harness.commands.serving import stay_up
    from harness.judge.plan import load_plan
    from harness.options import chosen_bench

    file = chosen_bench(load_plan(plan), bench=bench, devices=device or (), seed=seed, profile=profile)
    stay_up(file.on_clock(ClockKind.BENCH if stepped else ClockKind.SYSTEM), addresses, as_json=as_json)


def soak(
    kind: Annotated[str, typer.Argument(help="What to soak: scanner.")] = "scanner",
    *,
    scans: Annotated[int, typer.Option(help="How many rotating codes to show.")] = 1000,
    unplugs: Annotated[int, typer.Option(help="Pull a virtual box's cable so often in the middle of a scan.")] = 0,
    bench: BenchOption = None,
    device: DeviceOption = None,
    runs: RunsOption = Path("runs"),
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show thousands of rotating codes to a scanner box and count what is lost, doubled or wrong."""
    from harness.commands.soaking import KIND, SoakOptions, progress, show_result
    from harness.commands.soaking import soak as run
    from harness.errors import ConfigError

    if kind != KIND:
        raise ConfigError(f"A {kind} cannot be soaked.", cause="only scanner boxes can", remedy=f"write: soak {KIND}")
    options = SoakOptions(scans=scans, unplugs=unplugs, bench=bench, devices=tuple(device or ()), runs=runs, seed=seed)
    with progress(scans, shown=not as_json) as told:
        folder, result = run(options, told)
    with even_unread():
        show_result(folder, result, as_json=as_json)
    raise typer.Exit(int(result.status))


def show(
    *,
    person: Annotated[str, typer.Option(help="Whose code.")] = "P001",
    channel: Annotated[str, typer.Option(help="The app that shows it; the national one without.")] = "",
    kind: Annotated[str, typer.Option(help="voucher, or pay for a payment code.")] = "voucher",
    refresh: Annotated[int, typer.Option(help="Seconds that a code stays on the screen.")] = 60,
    module_px: Annotated[int, typer.Option(help="Pixels of one module of the QR code.")] = 10,
    centre: Annotated[str, typer.Option(help="Address of a voucher centre that issues the codes.")] = "",
    browse: Annotated[bool, typer.Option("--browse", help="Open the page here.")] = False,
) -> None:
    """Show rotating codes in a browser page, for a real scanner box to read."""
    from harness.commands.showing import ShowOptions, show_codes

    options = ShowOptions(
        person=person, channel=channel, kind=kind, refresh_s=refresh, module_px=module_px, centre=centre
    )
    show_codes(options, browse=browse)


def optics(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the page and the CSV.")] = Path("runs/optics"),
    samples: Annotated[int, typer.Option(help="Codes a level.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed gives the same pictures.")] = 0,
    processes: Annotated[int, typer.Option(help="How many at a time.")] = os.cpu_count() or 1,
    only: Annotated[list[str] | None, typer.Option(help="Only this degradation; may be repeated.")] = None,
) -> None:
    """Measure how often each decoder reads each code under each degradation of the light path."""
    from importlib.metadata import entry_points

    from reports.decode_rates import as_text, write_decode_rates

    (point,) = entry_points(group="liantiao.measurements", name="optics")
    table = point.load()(samples=samples, seed=seed, processes=processes, only=only or ())
    page, _ = write_decode_rates(out, table)
    with even_unread():
        print(as_text(table), end="", flush=True)
    say(f"The table: {page}")


def devices(
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Open each port and ask the box who it is.")] = False,
    also: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Another address to look at.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List what is plugged in that could be a scanner box."""
    from harness.commands.devices import show_devices

    show_devices(asked=ask, also=also or (), as_json=as_json)


def share(
    port: Annotated[str, typer.Argument(help="The port, e.g. serial:/dev/ttyUSB0.")],
    *,
    at: Annotated[str, typer.Option(help="PORT or HOST:PORT; loopback and any port by default.")] = "",
    allow: Annotated[list[str] | None, typer.Option(help="Only this host; may be repeated.")] = None,
) -> None:
    """Share a serial port over the network (RFC 2217)."""
    from harness.commands.devices import share as serve

    serve(port, at=at, allow=allow or ())
