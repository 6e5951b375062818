"""The libraries (动态库) that a HIS loads, and whether their width is its own: a 64-bit program cannot use 32-bit ones.

What is read is the machine field of the PE header, as the loader of the operating system reads it.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

MACHINES = {0x014C: 32, 0x8664: 64}
"""Machine field of the COFF header: width in bits (PE format)."""
_PE_OFFSET_AT = 0x3C


def width_of(path: Path) -> int | None:
    """The width of a library in bits; None for one that is missing or no PE file of a width that we know."""
    try:
        with path.open("rb") as file:
            head = file.read(_PE_OFFSET_AT + 4)
            if len(head) < _PE_OFFSET_AT + 4 or head[:2] != b"MZ":
                return None
            file.seek(struct.unpack_from("<I", head, _PE_OFFSET_AT)[0])
            signature = file.read(6)
    except OSError:
        return None
    if len(signature) < 6 or signature[:4] != b"PE\0\0":
        return None
    return MACHINES.get(struct.unpack_from("<H", signature, 4)[0])


def unfit(libraries: Mapping[str, str], bits: int) -> str:
    """What is wrong with the first library that does not fit a system of `bits`, in both languages; empty: nothing."""
    for path in libraries.values():
        width = width_of(Path(path))
        name = Path(path).name
        if width is None:
            english = f"{name} is missing or no library; the system has {bits} bits"
            return f"{name}缺失或不是有效的动态库，系统为{bits}位 ({english})"
        if width != bits:
            return f"{name}为{width}位，系统为{bits}位 ({name} has {width} bits, the system {bits})"
    return ""
