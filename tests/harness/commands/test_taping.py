"""Printing a tape: the whole, a case, a channel, digests, a capture; what is not there is said."""

from pathlib import Path

import pytest

from harness.commands.taping import TapeOptions, show_tape
from harness.errors import BenchError, ConfigError, ExitStatus
from harness.line.folder import TAPE


def shown(capsys: pytest.CaptureFixture[str], folder: Path, options: TapeOptions) -> list[str]:
    assert show_tape(folder, options) is ExitStatus.CERTIFIED
    return capsys.readouterr().out.splitlines()


def test_a_case_and_a_channel_are_picked_out(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = shown(capsys, finished, TapeOptions())
    case = shown(capsys, finished, TapeOptions(case="my/second"))
    channel = shown(capsys, finished, TapeOptions(case="my/second", channel="counter"))
    assert len(whole) > len(case) > len(channel) > 0
    assert "case-start" in case[0]
    assert all("  counter" in line for line in channel)


def test_a_digest_a_case(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, finished, TapeOptions(digest=True))
    assert [line.split(" ")[1] for line in lines] == ["my/first", "my/second", "my/third"]
    assert shown(capsys, finished, TapeOptions(digest=True, case="my/second")) == lines[1:2]


def test_a_capture_is_written(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (said,) = shown(capsys, finished, TapeOptions(pcapng=tmp_path / "x.pcapng"))
    assert "packets" in said
    assert (tmp_path / "x.pcapng").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (TapeOptions(case="my/secnd"), "slip of the pen for 'my/second'"),
        (TapeOptions(channel="platfrom"), "slip of the pen for 'platform"),
        (TapeOptions(digest=True, pcapng=Path("x")), "exclude each other"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(finished: Path, options: TapeOptions, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        show_tape(finished, options)
    assert says in str(caught.value)


def test_a_damaged_tape_is_shown_up_to_the_damage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / TAPE).write_bytes((folder / TAPE).read_bytes()[:-10])
    assert show_tape(folder, TapeOptions()) is ExitStatus.INCONCLUSIVE
    printed = capsys.readouterr()
    assert "my/third" in printed.out
    assert "in the middle of record" in printed.err


def test_a_folder_without_a_tape_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        show_tape(tmp_path, TapeOptions())
    with pytest.raises(ConfigError, match="is not the folder of a run"):
        show_tape(tmp_path / "nowhere", TapeOptions())
