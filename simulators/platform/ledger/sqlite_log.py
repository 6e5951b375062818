"""How far SQLite's write-ahead log has grown, read from the file itself.

Its size does not tell: a log that has been written out is begun anew over what is there. Each beginning has a salt of
its own, in the log's head and in the head of each page since; so one look at one page says whether the log has come
that far. The layout is SQLite's documented "WAL-mode file format". No look is taken at the log's index, the file
beside it: to close that would drop the locks that this process holds on it.
"""

import os
import struct

HEAD = struct.Struct(">8xI4x8s8x")
"""Magic and version, page size, sequence, salt, checksum."""
PAGE_HEAD = struct.Struct(">8x8s8x")
"""Page number and size of the database, salt, checksum."""


class LogState:
    """Says when a log is worth writing out: at `first` pages, and each `again` pages while some are left behind."""

    def __init__(self, *, first: int, again: int) -> None:
        self._first = first
        self._again = again
        self._salt = b""
        self._due = first

    def reaches(self, log: int) -> bool:
        """Whether the log, an open file, has come to the page that is waited for. Raises OSError."""
        head = os.pread(log, HEAD.size, 0)
        if len(head) < HEAD.size:
            return False
        page_size, salt = HEAD.unpack(head)
        if salt != self._salt:
            self._salt, self._due = salt, self._first
        at = HEAD.size + (self._due - 1) * (PAGE_HEAD.size + page_size)
        page = os.pread(log, PAGE_HEAD.size, at)
        return len(page) == PAGE_HEAD.size and PAGE_HEAD.unpack(page) == (salt,)

    def written_out(self, in_log: int, in_file: int) -> None:
        """The log has so many pages, and so many of them are in the database file by now."""
        self._due = in_log + (self._first if in_file >= in_log else self._again)
