"""The command that runs one case of a run again, the same way: spelt once, for terminal, reports and failures alike.

    words = words_of(options, paths)
    spell(words, case="pharmacy/purchase", seed=7)

The words are kept on the run's tape. The line is to be pasted into a shell, in the folder where the run was started.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.options import RunOptions

PROGRAM = "liantiao"


def words_of(told: "RunOptions", paths: Sequence[Path] = ()) -> tuple[str, ...]:
    """The command and options that bring the same bench, adapter and cases; `paths` are a vendor's own cases.

    Cases and seed are left to `spell`. Files and programs are named as they were: relative to where the run started.
    """
    words = ["test", *map(str, paths), "--plan", told.plan] if paths else ["certify", told.plan]
    given = {
        "--bench": told.bench,
        "--adapter": told.adapter,
        "--profile": told.profile,
        "--mutant": told.mutant,
    }
    for option, value in given.items():
        if value is not None:
            words += [option, value]
    for device in told.devices:
        words += ["--device", device]
    return tuple(words)


def spell(words: Sequence[str], *, case: str, seed: int | None) -> str:
    """What to paste into a shell to run one case again; empty when nobody knows how the run was started."""
    if not words:
        return ""
    more = ["--case", case, *(["--seed", str(seed)] if seed is not None else [])]
    return shlex.join([PROGRAM, *words, *more])
