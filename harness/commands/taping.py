"""`liantiao tape RUN`: what a run recorded, for reading, for Wireshark, or as digests to compare."""

import sys
from dataclasses import dataclass
from pathlib import Path

from harness.bench.settings import unknown
from harness.commands.output import say
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
    if options.digest and options.pcapng is not None:
        raise ConfigError(
            "--digest and --pcapng exclude each other.", cause="two outputs asked for at once", remedy="call it twice"
        )
    if not folder.is_dir():
        raise ConfigError(
            f"{folder} is not the folder of a run.", cause="a wrong path", remedy="name a folder below runs/"
        )
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
    sys.stdout.flush()
    if reading.broken is not None:
        say(f"{reading.broken}; what stands before it is intact")
        return ExitStatus.INCONCLUSIVE
    return ExitStatus.CERTIFIED


def _chosen(records: tuple[Record, ...], options: TapeOptions) -> list[Record]:
    chosen: list[Record] = list(records)
    if options.case is not None:
        histories = read_histories(records)
        chosen = [record for history in histories if history.case == options.case for record in history.records]
        if not chosen:
            raise unknown(
                f"The tape holds no case {options.case!r}", options.case, [history.case for history in histories]
            )
    if options.channel is not None:
        channels = sorted({record.channel for record in chosen})
        chosen = [record for record in chosen if record.channel.startswith(options.channel)]
        if not chosen:
            raise unknown(f"No channel there begins with {options.channel!r}", options.channel, channels)
    return chosen
