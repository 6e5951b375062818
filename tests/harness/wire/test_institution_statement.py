"""Reconciliation files: what is written is read back, and bytes that another tool zipped are read, too."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.money import Fen
from harness.wire import institution_statement as statement

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20).filter(
    lambda text: text != statement.EMPTY and not text.startswith(statement.MARK)
)
FEN = st.integers(-(10**12), 10**12).map(Fen)
LINE = st.builds(
    statement.StatementLine,
    setl_id=TEXT, mdtrt_id=TEXT, psn_no=TEXT, total=FEN, fund=FEN, account=FEN,
    refund_flag=st.sampled_from(["", "0", "1"]), content=TEXT | st.just(""),
)  # fmt: skip
RESULT = st.builds(
    statement.ResultLine,
    psn_no=TEXT, mdtrt_id=TEXT, setl_id=TEXT, msgid=TEXT | st.just(""), code=TEXT, refund_flag=TEXT,
    memo=TEXT | st.just(""), total=FEN, fund=FEN, account=FEN, content=TEXT | st.just(""),
)  # fmt: skip


def zipped(text: bytes, *, names: tuple[str, ...] = ("a.txt",), method: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name in names:
            archive.writestr(name, text)
    return made.getvalue()


@given(st.lists(LINE, max_size=5))
def test_uploads_come_back_as_written(lines: list[statement.StatementLine]) -> None:
    assert statement.read_upload(statement.write_upload(lines)) == tuple(lines)


@given(st.lists(RESULT, max_size=5))
def test_results_come_back_as_written(lines: list[statement.ResultLine]) -> None:
    assert statement.read_result(statement.write_result(lines)) == tuple(lines)


def test_the_form_is_the_interfaces() -> None:
    line = statement.StatementLine(
        setl_id="S1", mdtrt_id="M1", psn_no="P1", total=Fen(1250), fund=Fen(0), account=Fen(-50)
    )
    with zipfile.ZipFile(io.BytesIO(statement.write_upload([line]))) as archive:
        (name,) = archive.namelist()
        assert name.endswith(".txt")
        assert archive.read(name) == b"S1\tM1\tP1\t12.50\t0.00\t-0.50\tnull\tnull\n"
    result = statement.write_result([])
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.namelist() == ["result.txt"]


@pytest.mark.parametrize("mark", ["\t", "\n", "\r"])
def test_what_parts_fields_and_lines_cannot_be_written(mark: str) -> None:
    line = statement.StatementLine(
        setl_id=f"S{mark}1", mdtrt_id="M1", psn_no="P1", total=Fen(1), fund=Fen(0), account=Fen(0)
    )
    with pytest.raises(ValueError, match="tabulator"):
        statement.write_upload([line])


def test_windows_line_ends_and_a_missing_last_one_are_read() -> None:
    text = b"S1\tM1\tP1\t1\t0\t0\t0\tnull\r\nS2\tM2\tP2\t-1.5\t0\t0\t1\tnull"
    assert [(line.setl_id, line.total) for line in statement.read_upload(zipped(text))] == [("S1", 100), ("S2", -150)]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no ZIP"),
        (b"PK\x03\x04 cut off", "no ZIP"),
        (zipped(b"", names=("a.txt", "b.txt")), "one file"),
        (zipped("测试".encode("gbk")), "UTF-8"),
        (zipped(b"\xef\xbb\xbfS1\tM1\tP1\t1\t0\t0\t0\tnull\n"), "without a byte order mark"),
        (zipped(b"S1", method=zipfile.ZIP_BZIP2), "method 12"),
        (zipped(b"S1", method=zipfile.ZIP_LZMA), "method 14"),
        (zipped(b"S1\tM1\tP1\t1\t0\t0\t0\n\nS2\tM2\tP2\t1.005\t0\t0\t0\tnull\n"), r"line 1: 8 fields.*line 2: '1.005'"),
        (zipped(b"null\tM1\tnull\t1\t0\t0\t0\tnull\n"), "setl_id, psn_no must not be empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(raw: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        statement.read_upload(raw)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@settings(max_examples=30)
@given(data=st.data())
def test_a_damaged_zip_is_read_or_refused_and_nothing_else(method: int, data: st.DataObject) -> None:
    raw = bytearray(zipped(b"S1\tM1\tP1\t1.00\t0.00\t1.00\t0\tnull\n" * 9, method=method))
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=4)):
        raw[at] = data.draw(st.integers(0, 255))
    damaged = bytes(raw[: data.draw(st.integers(len(raw) // 2, len(raw)))])
    with contextlib.suppress(ValueError):
        statement.read_upload(damaged)


def test_a_bomb_is_not_unpacked() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * (statement.MOST_BYTES + 1))
    with pytest.raises(ValueError, match="more than"):
        statement.read_upload(made.getvalue())


@given(st.binary(max_size=200))
def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="ZIP"):
        statement.read_upload(raw)
