"""`liantiao soak scanner`: so many rotating codes before a box, each to be delivered once, whole and in order.

    folder, result = soak(SoakOptions(scans=10_000), told)

Every code is another one, so no lock-out is in the way. What arrives is read by the driver on a line of the host's own
and compared with what was shown: lost, doubled, wrong and out of order are counted, and stand with the rate in
`soak.json` beside the tape. With `unplugs` the cable is pulled in the middle of scans: a scan that had not arrived by
then is no scan, so its code is held up again, as a person would, unless the box itself sends it again.
"""

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from harness.bench.bench import Bench
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.clock import BEIJING
from harness.crews import crew_type
from harness.devices.back_door import BackDoorClient
from harness.devices.code_screen import CodeScreen
from harness.devices.scanner import NoScan, Scanner
from harness.devices.scanner_family import Family
from harness.errors import BenchError, ConfigError, ExitStatus, PeerViolation
from harness.judge.plan import load_plan
from harness.line.address import Scheme, parse_address
from harness.line.client import Disconnected
from harness.line.folder import TAPE, new_folder, write_json
from harness.line.serial_format import SerialFormat
from harness.options import chosen_bench
from harness.scenarios.code_pictures import CODE128, QR, code_picture
from harness.scenarios.scanner_spelling import SUFFIXES
from harness.wire.scanner.framing import ScanFraming

KIND, RESULT = "scanner", "soak.json"
FORGET_EVERY = 1000
"""After so many scans the records that are on disk are dropped from memory."""
TRIES = 3
"""So often a code is held up again that did not arrive when the cable was pulled."""
BOX_WAITS_S = 12
"""Longer than any acknowledgement may take and than the lock-out of the shipped bench, on the bench's clock."""
Told = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class SoakOptions:
    """What a soak may be told on the command line."""

    scans: int = 1000
    unplugs: int = 0
    """How often the cable is pulled in the middle of a scan; a virtual box only."""
    bench: str | None = None
    devices: tuple[str, ...] = ()
    runs: Path = Path("runs")
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.scans < 1 or not 0 <= self.unplugs <= self.scans:
            raise ConfigError(
                f"A soak of {self.scans} scans with {self.unplugs} unplugs cannot be.",
                cause="a slip in --scans or --unplugs",
                remedy="take at least one scan, and not more unplugs than scans",
            )


@dataclass(kw_only=True)
class SoakResult:
    """What came of it; `delivered` counts codes that arrived whole and in their turn."""

    scans: int
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    out_of_order: int = 0
    unplugs: int = 0
    held_up_again: int = 0
    """Codes whose scan the unplugged cable cut off, and that were shown once more."""
    seconds: float = 0.0
    first: list[str] = field(default_factory=list)
    """What went wrong first, in words."""

    @property
    def good(self) -> bool:
        """Whether every code was delivered once, whole and in order."""
        return self.delivered == self.scans and not (self.lost or self.doubled or self.wrong or self.out_of_order)

    @property
    def status(self) -> ExitStatus:
        """0 when good, else 1."""
        return ExitStatus.CERTIFIED if self.good else ExitStatus.FINDINGS

    @property
    def scans_per_s(self) -> float:
        """The rate, real time."""
        return round(self.scans / self.seconds, 1) if self.seconds else 0.0

    def as_json(self) -> dict[str, object]:
        """What `soak.json` holds."""
        return {**asdict(self), "seconds": round(self.seconds, 3), "scans_per_s": self.scans_per_s, "good": self.good}


def soak(options: SoakOptions, told: Told = lambda _: None) -> tuple[Path, SoakResult]:
    """Run it; `told` is called with the number of scans so far. Returns the folder and what came of it.

    Raises ConfigError before anything is started, BenchError when the bench cannot be brought up.
    """
    plan = load_plan(KIND)
    file = chosen_bench(plan, bench=options.bench, devices=options.devices, seed=options.seed)
    crew_type(plan).check(file)
    if options.unplugs and not file.device(KIND).virtual:
        raise ConfigError(
            "The cable of a real box cannot be pulled from here.",
            cause="--unplugs is for a virtual box",
            remedy="leave --unplugs out, or pull the cable yourself and read what was counted",
        )
    folder = new_folder(options.runs, f"soak-{KIND}", now=datetime.now(tz=BEIJING)).resolve()
    if file.device(KIND).virtual:
        file = file.with_setting(KIND, "link", str(folder / "port"))
    with Bench(file, tape_path=folder / TAPE) as bench, ExitStack() as opened:
        result = _Soak(options, file, bench, opened).run(told)
    write_json(folder / RESULT, result.as_json())
    return folder, result


def show_result(folder: Path, result: SoakResult, *, as_json: bool) -> None:
    """Print what came of it."""
    if as_json:
        print(json.dumps({**result.as_json(), "run": str(folder)}, ensure_ascii=False), flush=True)
        return
    counts = {
        "delivered 送达": result.delivered,
        "lost 丢失": result.lost,
        "doubled 重复": result.doubled,
        "wrong 错误": result.wrong,
        "out of order 乱序": result.out_of_order,
    }
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    print(f"{result.scans} scans 次: {told}; {result.scans_per_s:g} scans/s")
    if result.unplugs:
        print(f"{result.unplugs} unplugs 拔线, {result.held_up_again} codes held up again 重新出示")
    for words in result.first:
        print(f"  {words}")
    print(f"{folder / RESULT}", flush=True)


@contextmanager
def progress(total: int, *, shown: bool) -> Iterator[Told]:
    """A bar on standard error while a soak runs, where that is a terminal."""
    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda _: None
        return
    columns = (TextColumn("scans"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


class _Soak:
    def __init__(self, options: SoakOptions, file: BenchFile, bench: Bench, opened: ExitStack) -> None:
        self._bench = bench
        self._options = options
        self._table = file.scanner
        self._result = SoakResult(scans=options.scans)
        spec = file.device(KIND)
        settings = read_settings(simulator_type(KIND).settings, spec.settings, where=spec.where)
        self._packeted = bool(settings.packeted)
        self._address = parse_address(bench.address(KIND))
        if self._address.scheme is Scheme.SERIAL and spec.virtual:
            bench.tape.volatile("port", self._address.target)
        framing = ScanFraming(prefix=settings.prefix_bytes, suffix=SUFFIXES[settings.suffix.value])
        self._head = (1 if settings.code_id else 0) + (3 if settings.aim_id else 0)
        self._driver = opened.enter_context(
            Scanner.open(
                self._address,
                bench.tape,
                name="client",
                framing=framing,
                wire=SerialFormat(baud=settings.baud),
                family=Family(settings.family),
                follow=True,
            )
        )
        self._show: Callable[[bytes], object]
        self._window: _Window | None = None
        if spec.virtual:
            control = bench.back_door(KIND)
            self._back = opened.enter_context(BackDoorClient(control, party=KIND))
            self._window = opened.enter_context(_Window(control))
            self._show = self._window.show
        else:
            screen = opened.enter_context(CodeScreen(self._table.screen))
            self._show = screen.show
            print(f"Open {screen.url} before the box.", flush=True)
        self._codes = _codes(file.bench.seed, options.scans)
        self._place = {digits: number for number, digits in enumerate(self._codes)}
        self._arrived: set[str] = set()
        self._current = 0

    def run(self, told: Told) -> SoakResult:
        """Show every code and read what comes."""
        result, unplugs = self._result, self._options.unplugs
        pulled = {(number + 1) * self._options.scans // (unplugs + 1) for number in range(unplugs)}
        began = time.monotonic()
        for number, digits in enumerate(self._codes):
            self._current = number
            picture = code_picture(digits, QR if number % 2 else CODE128)
            if number in pulled:
                self._pull_out(digits, picture)
            else:
                self._show(picture)
                self._await(digits, self._table.read_s)
            if number % FORGET_EVERY == 0:
                self._bench.tape.forget()
            told(number + 1)
        self._take(self._table.quiet_s)
        result.seconds = time.monotonic() - began
        for digits in self._codes:
            if digits not in self._arrived:
                result.lost += 1
                self._note(f"scan {self._place[digits] + 1}: the code never arrived")
        return result

    def _pull_out(self, digits: str, picture: bytes) -> None:
        """Pull the cable in the middle of this scan, put it back, and get the code all the same."""
        assert self._window is not None
        self._result.unplugs += 1
        since = self._bench.tape.seq
        self._back.call("/plug", {"in": False, "scan": 1, "byte": len(digits) // 2})
        self._show(picture)
        tape, patience_s = self._bench.tape, self._table.read_s
        if tape.wait_for(lambda record: record.name == "unplugged", since=since, timeout=patience_s) is None:
            raise BenchError(
                f"The cable was not pulled within {patience_s:g} s.",
                cause="the box did not send the scan in which it was to be pulled",
                remedy="look at the tape in the run's folder",
            )
        self._back.call("/replug")
        self._take(self._table.quiet_s)
        for _ in range(TRIES):
            if digits in self._arrived:
                return
            if not self._packeted:
                self._result.held_up_again += 1
                self._window.blank()
            if self._bench.clock.steppable:
                self._bench.step(seconds=BOX_WAITS_S)
            if not self._packeted:
                self._show(picture)
            self._await(digits, self._table.read_s)

    def _await(self, digits: str, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while digits not in self._arrived and (left := deadline - time.monotonic()) > 0:
            if not self._take_one(left):
                return

    def _take(self, within_s: float) -> None:
        while self._take_one(within_s):
            pass

    def _take_one(self, within_s: float) -> bool:
        """Read one scan and count it; False when none came."""
        result = self._result
        try:
            text = self._driver.read(within_s).text[self._head :]
        except NoScan:
            return False
        except Disconnected:
            if not result.unplugs:
                raise
            return False  # not back yet; the next read goes on waiting
        except PeerViolation as error:
            if not result.unplugs:
                result.wrong += 1
                self._note(error.problem)
            return True
        place = self._place.get(text, -1)
        if place < 0:
            result.wrong += 1
            self._note(f"a code of {len(text)} characters that was never shown")
        elif text in self._arrived:
            result.doubled += 1
            self._note(f"scan {place + 1} arrived again")
        elif place != self._current:
            result.out_of_order += 1
            self._note(f"scan {place + 1} arrived when it was the turn of scan {self._current + 1}")
        else:
            result.delivered += 1
        if place >= 0:
            self._arrived.add(text)
        return True

    def _note(self, words: str) -> None:
        if len(self._result.first) < 10:
            self._result.first.append(words)


class _Window:
    """A virtual box's back door over one connection that stays."""

    def __init__(self, control: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(control).netloc, timeout=30)

    def __enter__(self) -> "_Window":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def show(self, picture: bytes) -> None:
        """Show a picture. Raises BenchError."""
        self._call("POST", picture)

    def blank(self) -> None:
        """Show nothing. Raises BenchError."""
        self._call("DELETE", b"")

    def _call(self, method: str, body: bytes) -> None:
        try:
            self._connection.request(method, "/show", body)
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            raise BenchError(
                f"The virtual scanner box does not answer: {error}.",
                cause="its simulator stopped",
                remedy="look at the tape in the run's folder",
            ) from error
        if response.status != http.client.OK:
            raise BenchError(
                f"The virtual scanner box refuses a picture with {response.status}.",
                cause="the picture is not as the box takes it",
                remedy="look at the tape in the run's folder",
            )


def _codes(seed: int, count: int) -> list[str]:
    """So many different codes of 28 digits."""
    drawn = random.Random(f"{seed}/soak")  # noqa: S311 - reproducible test data
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"62{drawn.randrange(10**26):026}"] = None
    return list(found)
