"""The two libraries that a HIS loads, as stand-in files: the voucher library and the region's settlement library.

Both exist in a 32-bit and a 64-bit build, and only the one of the system's own width can be loaded (NX-DLL-PAIR). A
stand-in is a real PE header and nothing else: whoever reads its machine field sees how wide it is, nobody can run it.
"""

import struct
from enum import StrEnum
from pathlib import Path

MACHINES = {32: 0x014C, 64: 0x8664}
"""IMAGE_FILE_MACHINE_I386 and _AMD64 by width in bits (PE format, COFF file header)."""
PE_AT = 0x80
"""Where the PE signature stands in a stand-in, as e_lfanew says."""
OPTIONAL = {32: (0x10B, 0xE0), 64: (0x20B, 0xF0)}
"""Magic and size of the optional header: PE32 and PE32+."""
IS_DLL = 0x2002
"""Characteristics: executable image, DLL."""


class Library(StrEnum):
    """A library by its name in hello.libraries."""

    VOUCHER = "voucher"
    SETTLEMENT = "settlement"


FILES = {Library.VOUCHER: "NationECCode.dll", Library.SETTLEMENT: "HeaSecReadInfo.dll"}


class Libraries:
    """A folder with both libraries, as an installer left it: of one width, or with a mistake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def paths(self) -> dict[str, str]:
        """The members of hello.libraries."""
        return {library.value: str(self.folder / name) for library, name in FILES.items()}

    def fit(self, bits: int) -> None:
        """Install both in one width: 32 or 64."""
        for library in Library:
            self.install(library, bits=bits)

    def install(self, library: Library, *, bits: int) -> None:
        """Install one in a width: 32 or 64."""
        path, wanted = self.folder / FILES[library], stand_in(bits)
        try:
            if path.read_bytes() == wanted:
                return
        except OSError:
            self.folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted)

    def remove(self, library: Library) -> None:
        """Forget to install one."""
        (self.folder / FILES[library]).unlink(missing_ok=True)

    def cut(self, library: Library, *, size: int = PE_AT + 2) -> None:
        """Install one whose copying was broken off after so many bytes."""
        path = self.folder / FILES[library]
        path.write_bytes(path.read_bytes()[:size])


def stand_in(bits: int) -> bytes:
    """A DLL's headers in a width, 32 or 64, without any section. Raises KeyError for another."""
    magic, size = OPTIONAL[bits]
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", PE_AT)
    coff = struct.pack("<HHIIIHH", MACHINES[bits], 0, 0, 0, 0, size, IS_DLL)
    return dos.ljust(PE_AT, b"\0") + b"PE\0\0" + coff + struct.pack("<H", magic).ljust(size, b"\0")
