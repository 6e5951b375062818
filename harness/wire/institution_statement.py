"""Reconciliation files (对账文件) of 3202: the institution's TXT in a ZIP that 9101 uploads, and the result of 9102.

UTF-8, tabulators between the fields, an empty field is the text `null`, one line a settlement, no heading; a refund is
a line of its own with amounts below zero. Institution interface, 3202. No I/O: bytes in, lines out.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.money import Fen, format_yuan
from harness.wire.institution import amount

RESULT_NAME = "result.txt"
EMPTY = "null"
MOST_BYTES = 64 * 1024 * 1024
"""The longest text that a ZIP may hold."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How a ZIP may hold it: what every program can read; the others are refused (assumed)."""
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError, OverflowError),
    *(NotImplementedError, RuntimeError, IndexError),
)
"""What reading a damaged ZIP may raise besides ValueError."""
MARK = "\ufeff"
UPLOAD_FIELDS = (
    *("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay"),
    *("refd_setl_flag", "exp_content"),
)
RESULT_FIELDS = (
    *("psn_no", "mdtrt_id", "setl_id", "msgid", "stmt_rslt", "refd_setl_flag", "memo"),
    *("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "exp_content"),
)


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One settlement or refund as an institution has it in its books; amounts in fen."""

    setl_id: str
    mdtrt_id: str
    psn_no: str
    total: Fen
    fund: Fen
    account: Fen
    refund_flag: str = ""
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class ResultLine:
    """One line of a result; `msgid` is what 2601 would reverse, `code` a stmt_rslt."""

    psn_no: str
    mdtrt_id: str
    setl_id: str
    msgid: str
    code: str
    refund_flag: str
    memo: str
    total: Fen
    fund: Fen
    account: Fen
    content: str = ""


def write_upload(lines: Iterable[StatementLine], *, name: str = "settlements.txt") -> bytes:
    """The ZIP that an institution uploads. Raises ValueError for a text with a tabulator or an end of line."""
    rows = (
        (
            *(line.setl_id, line.mdtrt_id, line.psn_no),
            *(format_yuan(line.total), format_yuan(line.fund), format_yuan(line.account)),
            *(line.refund_flag, line.content),
        )
        for line in lines
    )
    return _zipped(rows, name)


def read_upload(raw: bytes) -> tuple[StatementLine, ...]:
    """The lines of an upload. Raises ValueError that names what is wrong, every wrong line with its number."""
    lines, wrong = [], []
    for number, row in enumerate(_rows(raw), start=1):
        try:
            lines.append(_upload_line(row))
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(lines)


def write_result(lines: Iterable[ResultLine]) -> bytes:
    """The ZIP with result.txt."""
    rows = (
        (
            *(line.psn_no, line.mdtrt_id, line.setl_id, line.msgid, line.code, line.refund_flag, line.memo),
            *(format_yuan(line.total), format_yuan(line.fund), format_yuan(line.account), line.content),
        )
        for line in lines
    )
    return _zipped(rows, RESULT_NAME)


def read_result(raw: bytes) -> tuple[ResultLine, ...]:
    """The lines of a result. Raises ValueError."""
    lines = []
    for number, row in enumerate(_rows(raw), start=1):
        if len(row) != len(RESULT_FIELDS):
            raise ValueError(f"line {number}: {len(RESULT_FIELDS)} fields are due, not {len(row)}")
        lines.append(
            ResultLine(
                psn_no=row[0],
                mdtrt_id=row[1],
                setl_id=row[2],
                msgid=row[3],
                code=row[4],
                refund_flag=row[5],
                memo=row[6],
                total=amount(row[7]),
                fund=amount(row[8]),
                account=amount(row[9]),
                content=row[10],
            )
        )
    return tuple(lines)


def _upload_line(row: Sequence[str]) -> StatementLine:
    if len(row) != len(UPLOAD_FIELDS):
        raise ValueError(f"{len(UPLOAD_FIELDS)} fields are due, not {len(row)}")
    if missing := [name for name, value in zip(UPLOAD_FIELDS[:6], row, strict=False) if not value]:
        raise ValueError(f"{', '.join(missing)} must not be empty")
    return StatementLine(
        setl_id=row[0],
        mdtrt_id=row[1],
        psn_no=row[2],
        total=amount(row[3]),
        fund=amount(row[4]),
        account=amount(row[5]),
        refund_flag=row[6],
        content=row[7],
    )


def _rows(raw: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise ValueError(f"a ZIP of one file is due, not of {len(names)}")
            if (method := archive.getinfo(names[0]).compress_type) not in METHODS:
                raise ValueError(f"a ZIP that is stored or deflated is due, not method {method}")
            with archive.open(names[0]) as file:
                text = file.read(MOST_BYTES + 1)
    except BROKEN as error:
        raise ValueError(f"no ZIP: {error}") from error
    if len(text) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    try:
        lines = text.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: {error}") from error
    if lines[0].startswith(MARK):
        raise ValueError("UTF-8 without a byte order mark (EF BB BF) is due")
    return [["" if field == EMPTY else field for field in line.split("\t")] for line in lines if line]


def _field(text: str) -> str:
    if any(mark in text for mark in "\t\r\n"):
        raise ValueError(f"{text!r} has a tabulator or an end of line, which part fields and lines")
    if text.startswith(MARK):
        raise ValueError(f"{text!r} begins with a byte order mark, which is no part of a field")
    return text or EMPTY


def _zipped(rows: Iterable[Sequence[str]], name: str) -> bytes:
    text = "".join("\t".join(_field(field) for field in row) + "\n" for row in rows)
    made = io.BytesIO()
    entry = zipfile.ZipInfo(name)  # a fixed date: equal lines give equal bytes
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry, text.encode())
    return made.getvalue()
