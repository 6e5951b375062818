"""A run's folder: the names of its files, how it is named and made, and how files are written into it."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.errors import BenchError

TAPE, MANIFEST, CASES, VERDICT = "tape.bin", "manifest.json", "cases.jsonl", "verdict.json"
ADAPTER_LOG, REPORT, JUNIT, PROOF = "adapter.log", "report.html", "junit.xml", "prove.json"


def new_folder(parent: Path, name: str, *, now: datetime) -> Path:
    """Make `parent/<time>-<name>`, with a number behind it when that exists. Raises BenchError."""
    stamp = now.strftime("%Y%m%d-%H%M%S")
    for attempt in range(1, 1000):
        folder = parent / (f"{stamp}-{name}" if attempt == 1 else f"{stamp}-{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise BenchError(
                f"The run's folder {folder} cannot be made: {error.strerror}.",
                cause="no right to write there, a full disk, or a file where a folder should be",
                remedy="name another place with --runs",
            ) from error
        return folder
    raise BenchError(
        f"There are a thousand runs of this second below {parent}.", cause="a loop", remedy="tidy up the folder"
    )


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of a run's folder, whole or not at all. Raises BenchError."""
    draft = path.with_suffix(".new")
    with _refusals(path), contextlib.ExitStack() as failed:
        failed.callback(draft.unlink, missing_ok=True)
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
        failed.pop_all()


def append_line(path: Path, line: str) -> None:
    """Add a line to a file of a run's folder. Raises BenchError."""
    with _refusals(path), path.open("a", encoding="utf-8") as file:
        file.write(line)


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BenchError(
            f"{path} cannot be written: {error.strerror}.",
            cause="the disk is full or went away, or the folder is not yours",
            remedy="free some space, or name another place with --runs; what was recorded so far is readable",
        ) from error
