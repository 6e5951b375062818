"""`liantiao tape RUN`: what a run recorded, for reading, for Wireshark, or as digests to compare."""

import sys
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigError, ExitStatus
from harness.judge.history import read_histories
from harness.line.folder import TAPE
from harness.line.pcapng import write_pcapng
from harness.line.record import Record, comparable_digest, volatile_tokens
from harness.line.tape import read_tape
from harness.line.text import tape_lines


@dataclass(frozen=True, kw_only=True)
class TapeOptions:
    """What to show of a tape."""

    case: str | None = None
    channel: str | None = None
    full: bool = False
    clear: bool = False
    pcapng: Path | None = None
    digest: bool = False


def show_tape(folder: Path, options: TapeOptions) -> ExitStatus:
    """Print or export; the status is inconclusive when the tape is damaged. Raises BenchError or ConfigError."""
    reading = read_tape(folder / TAPE)
    records = _chosen(reading.records, options)
    if options.digest:
        tokens = volatile_tokens(reading.records)
        for history in read_histories(reading.records):
            if options.case in {None, history.case}:
                print(comparable_digest(history.records, tokens=tokens), history.case)
    elif options.pcapng is not None:
        count = write_pcapng(options.pcapng, records, clear=options.clear)
        print(f"{count} packets in {options.pcapng}")
    else:
        for line in tape_lines(records, full=options.full, clear=options.clear):
            print(line)
    if reading.broken is not None:
        print(reading.broken, file=sys.stderr)
        return ExitStatus.INCONCLUSIVE
    return ExitStatus.CERTIFIED


def _chosen(records: tuple[Record, ...], options: TapeOptions) -> list[Record]:
    chosen: list[Record] = list(records)
    if options.case is not None:
        found = [history for history in read_histories(records) if history.case == options.case]
        if not found:
            raise ConfigError(
                f"The tape holds no case {options.case!r}.",
                cause="a slip of the pen, or the run ended before it",
                remedy=f"use one of: {', '.join(history.case for history in read_histories(records))}",
            )
        chosen = list(found[0].records)
    if options.channel is not None:
        chosen = [record for record in chosen if record.channel.startswith(options.channel)]
    return chosen
