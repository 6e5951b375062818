"""Judging again: the same tape gives the same bytes anywhere, and a tape that was touched is never taken for whole."""

import random
from pathlib import Path

import pytest

from harness.commands.judging import judge_run
from harness.errors import ConfigError, ExitStatus
from harness.judge.verdict import Verdict
from harness.line.folder import CASES, TAPE


def test_a_copy_elsewhere_is_judged_byte_for_byte_the_same(folder: Path) -> None:
    again = judge_run(folder)
    assert again.text.encode() == (folder / CASES).read_bytes()
    assert (again.verdict, again.missing, again.differences, again.broken) == (Verdict.PASSED, (), (), None)
    assert again.status is ExitStatus.CERTIFIED


@pytest.mark.parametrize("where", ["nowhere", "."])
def test_a_folder_of_something_else_is_the_users_affair(tmp_path: Path, where: str) -> None:
    with pytest.raises(ConfigError, match="is not the folder of a run"):
        judge_run(tmp_path / where)


def test_a_tape_cut_anywhere_is_never_taken_for_whole(folder: Path) -> None:
    whole = (folder / TAPE).read_bytes()
    for size in random.Random(1).sample(range(len(whole)), 25):
        (folder / TAPE).write_bytes(whole[:size])
        again = judge_run(folder)
        assert not again.sound
        assert again.status is ExitStatus.INCONCLUSIVE


def test_a_byte_changed_anywhere_is_found(folder: Path) -> None:
    whole = (folder / TAPE).read_bytes()
    for place in random.Random(2).sample(range(len(whole)), 25):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        (folder / TAPE).write_bytes(changed)
        again = judge_run(folder)
        assert again.broken is not None
        assert again.status is ExitStatus.INCONCLUSIVE
