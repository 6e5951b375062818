"""`liantiao show`: a person's phone with its rotating code in a browser page, for a real scanner box to read.

The phone and a voucher centre run on the machine's clock and on loopback, so the codes are those that a centre on this
machine would accept; `--centre ADDRESS` takes them from another one.
"""

import json
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fixtures.channels import channels
from fixtures.population import people
from harness.bench.bench import Bench
from harness.bench.config import BenchFile, parse_bench
from harness.bench.settings import unknown
from harness.commands.output import even_unread
from harness.errors import ConfigError
from harness.interrupt import one_interrupt, shielded

LEAST_S, MOST_S = 1, 86_400
KINDS = ("voucher", "pay")


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """What may be told on the command line."""

    person: str = "P001"
    channel: str = ""
    """Whose app shows the code; the national app without one."""
    kind: str = "voucher"
    """voucher, or pay for a payment code."""
    refresh_s: int = 60
    """How long a code stays on the screen, 1 to 86400 s."""
    module_px: int = 10
    """Pixels of one module of the QR code."""
    centre: str = ""
    """Address of a voucher centre that issues the codes; one of our own without."""

    def __post_init__(self) -> None:
        known = [person.id for person in people()]
        if self.person not in known:
            raise unknown(f"there is no person {self.person!r}", self.person, known)
        ids = [channel.id for channel in channels()]
        if self.channel and self.channel not in ids:
            raise unknown(f"there is no channel {self.channel!r}", self.channel, ids)
        if self.kind not in KINDS:
            raise unknown(f"there is no kind of code {self.kind!r}", self.kind, KINDS)
        if not LEAST_S <= self.refresh_s <= MOST_S:
            raise ConfigError(
                f"A code cannot stay for {self.refresh_s} s.",
                cause="a slip in --refresh",
                remedy=f"take {LEAST_S} to {MOST_S} s; real codes stay for 60",
            )

    @property
    def page(self) -> str:
        """The page below the phone's address."""
        query = {"channel": self.channel, "kind": self.kind}
        told = urlencode({name: value for name, value in query.items() if value})
        return f"/people/{quote(self.person)}?{told}"

    def bench_file(self) -> BenchFile:
        """A bench of a phone and the voucher centre. Raises ConfigError."""
        at = json.dumps(self.centre or "virtual")
        times = f"refresh_s = {self.refresh_s}\nvalidity_s = {self.refresh_s}\n"
        text = (
            f'[bench]\nname = "codes on a screen"\nclock = "system"\n'
            f'[device.voucher-centre]\nkind = "voucher-centre"\nat = {at}\n{times}'
            f'[device.phone]\nkind = "phone"\nat = "virtual"\n{times}module_px = {self.module_px}\n'
        )
        return parse_bench(text, source="liantiao show")


def show_codes(options: ShowOptions, *, browse: bool = False, wait: Callable[[], object] | None = None) -> None:
    """Show rotating codes until SIGINT or SIGTERM; `browse` opens the page here. Raises ConfigError, BenchError."""
    with one_interrupt(), suppress(KeyboardInterrupt), Bench(options.bench_file()) as bench:
        url = bench.address("phone") + options.page
        with shielded(), even_unread():
            print(json.dumps({"ready": "show", "at": url}, ensure_ascii=False), flush=True)
        if browse:
            webbrowser.open(url)
        (wait or threading.Event().wait)()
