"""zbar, the decoder of cheap boxes, through ctypes: the system's libzbar, or the one that pyzbar brings along.

It is optional. Where there is none, asking for it is a ConfigError that says what to install.
"""

import ctypes
from collections.abc import Sequence
from ctypes import c_char_p, c_int, c_uint, c_ulong, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from harness.errors import ConfigError
from simulators.scanner.optics.symbology import Sighting, Symbology

_NAMES = ("libzbar.so.0", "libzbar.so", "libzbar.0.dylib", "libzbar.dylib", "libzbar-64.dll")
_TYPES = {
    Symbology.QR: 64,
    Symbology.CODE128: 128,
    Symbology.EAN13: 13,
    Symbology.EAN8: 8,
    Symbology.UPC_A: 12,
    Symbology.CODE39: 39,
}
"""zbar's numbers for the symbologies; it reads no others of ours."""
_ALL, _ENABLE = 0, 0
_GREY = int.from_bytes(b"Y800", "little")
_CALLS = (
    ("zbar_image_scanner_create", c_void_p, ()),
    ("zbar_image_scanner_destroy", None, (c_void_p,)),
    ("zbar_image_scanner_set_config", c_int, (c_void_p, c_int, c_int, c_int)),
    ("zbar_scan_image", c_int, (c_void_p, c_void_p)),
    ("zbar_image_create", c_void_p, ()),
    ("zbar_image_destroy", None, (c_void_p,)),
    ("zbar_image_set_format", None, (c_void_p, c_ulong)),
    ("zbar_image_set_size", None, (c_void_p, c_uint, c_uint)),
    ("zbar_image_set_data", None, (c_void_p, c_char_p, c_ulong, c_void_p)),
    ("zbar_image_first_symbol", c_void_p, (c_void_p,)),
    ("zbar_symbol_next", c_void_p, (c_void_p,)),
    ("zbar_symbol_get_type", c_int, (c_void_p,)),
    ("zbar_symbol_get_data", c_void_p, (c_void_p,)),
    ("zbar_symbol_get_data_length", c_uint, (c_void_p,)),
    ("zbar_symbol_get_loc_size", c_uint, (c_void_p,)),
    ("zbar_symbol_get_loc_x", c_int, (c_void_p, c_uint)),
    ("zbar_symbol_get_loc_y", c_int, (c_void_p, c_uint)),
)

Spot = tuple[float, float]


def available() -> bool:
    """Whether this machine has zbar."""
    return _library() is not None


def check(formats: Sequence[Symbology]) -> None:
    """Raise ConfigError unless this machine has zbar and zbar reads every one of the symbologies."""
    if not available():
        raise ConfigError(
            "The engine budget needs zbar, which this machine does not have.",
            cause="libzbar is a library of the system and does not come with Liantiao",
            remedy="install it (Debian and Ubuntu: libzbar0; macOS: brew install zbar), or set the engine to standard",
        )
    strange = [symbology for symbology in formats if symbology not in _TYPES]
    if strange:
        raise ConfigError(
            f"The engine budget does not read {', '.join(strange)}.",
            cause="zbar knows these: " + ", ".join(_TYPES),
            remedy="take them out of the formats, or set the engine to standard",
        )


def scan(image: Image.Image, formats: Sequence[Symbology]) -> list[tuple[Sighting, Spot]]:
    """Every code found, each with its middle in pixels, in zbar's order. Needs `check` first."""
    zbar = _library()
    if zbar is None:
        return []
    grey = image.convert("L")
    pixels = grey.tobytes()
    scanner, held = zbar.zbar_image_scanner_create(), zbar.zbar_image_create()
    try:
        zbar.zbar_image_scanner_set_config(scanner, _ALL, _ENABLE, 0)
        for symbology in formats:
            zbar.zbar_image_scanner_set_config(scanner, _TYPES[symbology], _ENABLE, 1)
        zbar.zbar_image_set_format(held, _GREY)
        zbar.zbar_image_set_size(held, grey.width, grey.height)
        zbar.zbar_image_set_data(held, pixels, len(pixels), None)
        zbar.zbar_scan_image(scanner, held)
        return _found(zbar, held, formats)
    finally:
        zbar.zbar_image_destroy(held)
        zbar.zbar_image_scanner_destroy(scanner)


def _found(zbar: ctypes.CDLL, held: int, formats: Sequence[Symbology]) -> list[tuple[Sighting, Spot]]:
    names = {_TYPES[symbology]: symbology for symbology in formats}
    found: list[tuple[Sighting, Spot]] = []
    symbol = zbar.zbar_image_first_symbol(held)
    while symbol:
        symbology = names.get(zbar.zbar_symbol_get_type(symbol))
        data = ctypes.string_at(zbar.zbar_symbol_get_data(symbol), zbar.zbar_symbol_get_data_length(symbol))
        corners = range(zbar.zbar_symbol_get_loc_size(symbol))
        if symbology is not None and corners:
            x = sum(zbar.zbar_symbol_get_loc_x(symbol, at) for at in corners) / len(corners)
            y = sum(zbar.zbar_symbol_get_loc_y(symbol, at) for at in corners) / len(corners)
            found.append((Sighting(symbology=symbology, data=data, text=data.decode(errors="replace")), (x, y)))
        symbol = zbar.zbar_symbol_next(symbol)
    return found


@cache
def _library() -> ctypes.CDLL | None:
    names = list(_NAMES)
    pyzbar = find_spec("pyzbar")
    if pyzbar is not None and pyzbar.origin is not None:
        names += [str(path) for path in sorted(Path(pyzbar.origin).parent.glob("libzbar*.dll"))]
    for name in names:
        try:
            zbar = ctypes.CDLL(name)
        except OSError:
            continue
        for call, result, arguments in _CALLS:
            function = getattr(zbar, call)
            function.restype, function.argtypes = result, arguments
        return zbar
    return None
