"""The names of the files in a run's folder, and how a new folder is named and made."""

from datetime import datetime
from pathlib import Path

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
