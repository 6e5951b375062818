"""The command that runs one case of a run again, the same way: spelt once, for terminal, reports and failures alike.

    words = words_of(options, paths)
    spell(words, case="pharmacy/purchase", seed=7)
    spell(robot_words(suite, {}), case="robot/正常购药", seed=7, title="正常购药")

The words are kept on the run's tape. The line is to be pasted into a shell, in the folder where the run was started.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.options import RunOptions

PROGRAM = "liantiao"
ROBOT = "robot"
"""The program that runs Robot Framework's suites, and what the words of such a run begin with."""
ROBOT_PATTERN = re.compile(r"[*?\[]")


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


def robot_words(suite: Path | None, variables: Mapping[str, str | None]) -> tuple[str, ...]:
    """The words for a suite of Robot Framework, its file last; none when nobody knows which file it is.

    `variables` are those of its own that choose the bench; what is None is left out.
    """
    if suite is None:
        return ()
    told = [f"{name}:{value}" for name, value in variables.items() if value is not None]
    here = suite.relative_to(Path.cwd()) if suite.is_relative_to(Path.cwd()) else suite
    return (ROBOT, *(word for one in told for word in ("--variable", one)), str(here))


def spell(words: Sequence[str], *, case: str, seed: int | None, title: str = "") -> str:
    """What to paste into a shell to run one case again; empty when nobody knows how the run was started.

    `title` is the case's, which is the name of its test where Robot Framework ran it.
    """
    if not words:
        return ""
    if words[0] == ROBOT:
        *before, suite = words[1:]
        name = ROBOT_PATTERN.sub(r"[\g<0>]", title or case.partition("/")[2])
        seeded = ["--variable", f"SEED:{seed}"] if seed is not None else []
        return shlex.join([ROBOT, "--test", name, *before, *seeded, suite])
    more = ["--case", case, *(["--seed", str(seed)] if seed is not None else [])]
    return shlex.join([PROGRAM, *words, *more])
