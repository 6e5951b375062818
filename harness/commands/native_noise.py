"""Lines that a C library writes to standard error by itself, kept from the person at the terminal.

GmSSL prints where in its source it refused a signature, for each one that is refused; a machine under test refuses
hundreds. Only such lines are dropped; whatever else native code says (a crash, a warning) gets through.
"""

import atexit
import os
import re
import sys
import threading
from collections.abc import Callable
from typing import TextIO

NOISE = re.compile(rb"^\S*GmSSL/src/\w+\.c:\d+:\w+\(\):")
STANDARD_ERROR = 2
LAST_WORDS_S = 1.0


def without_native_noise(reopened: Callable[[int], TextIO]) -> None:
    """From now on descriptor 2 leads through a filter, and Python's own standard error straight to where it did.

    `reopened` makes a stream for a descriptor. Nothing happens where a program around us has replaced the stream.
    """
    try:
        if sys.stderr.fileno() != STANDARD_ERROR:
            return
    except (AttributeError, OSError, ValueError):
        return
    sys.stderr.flush()
    straight = os.dup(STANDARD_ERROR)
    sys.stderr = reopened(straight)
    outlet, inlet = os.pipe()
    os.dup2(inlet, STANDARD_ERROR)
    os.close(inlet)
    pump = threading.Thread(target=_pump, args=(outlet, straight), name="native-noise", daemon=True)
    pump.start()

    def restore() -> None:
        os.dup2(straight, STANDARD_ERROR)
        pump.join(LAST_WORDS_S)

    atexit.register(restore)


def _pump(outlet: int, straight: int) -> None:
    held = b""
    with os.fdopen(outlet, "rb", buffering=0) as source:
        while piece := source.read(65536):
            *lines, held = (held + piece).split(b"\n")
            kept = b"".join(line + b"\n" for line in lines if not NOISE.match(line))
            if kept:
                os.write(straight, kept)
    if held:
        os.write(straight, held)
