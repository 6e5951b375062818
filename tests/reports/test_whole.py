"""A page is whole or as it was before, whatever the disk does."""

import errno
import os
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.line.folder import JUNIT, REPORT
from reports.render import render_all
from reports.whole import write_whole


def test_it_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.html", b"one")
    write_whole(tmp_path / "a.html", b"two")
    assert (tmp_path / "a.html").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


@pytest.mark.parametrize("fails", ["write_bytes", "replace"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    (tmp_path / "a.html").write_bytes(b"one")
    write = Path.write_bytes

    def refuse(path: Path, content: object) -> int:
        if isinstance(content, bytes):
            write(path, content[:1])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, fails, refuse)
    with pytest.raises(BenchError, match="cannot be written: No space left on device"):
        write_whole(tmp_path / "a.html", b"two")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.html": b"one"}


@pytest.mark.parametrize("name", [REPORT, JUNIT])
def test_a_report_is_not_written_through_a_link(good_folder: Path, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (good_folder / name).symlink_to(victim)
    render_all(good_folder)
    assert victim.read_text() == "mine"
    assert not (good_folder / name).is_symlink()
