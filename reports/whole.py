"""A page is written whole or not at all: half a report may say `certified` and lack what speaks against it."""

import os
from contextlib import suppress
from pathlib import Path

from harness.errors import BenchError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name and give it its own at the end. Raises BenchError; an older one stays then."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise BenchError(
            f"{path} cannot be written: {error.strerror}.",
            cause="the disk is full or went away, or the folder is not yours",
            remedy="free some space, or copy the folder to where you may write, and call `liantiao report`",
        ) from error
