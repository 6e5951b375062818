"""The optics of a scanner box: what it sees in a picture, through a model of the light path and a real decoder.

`pictures` opens what is shown, `target` finds the code in it, `light_path` is what can be set, `camera` applies it,
`engines` decode (zxing-cpp, and `zbar` where there is one), `reader` puts them together, `decode_rates` measures.
"""

from simulators.scanner.optics.engines import EngineName
from simulators.scanner.optics.light_path import CLEAR, LightPath, parse_light_path
from simulators.scanner.optics.pictures import MAX_BYTES, MAX_PIXELS, BadPicture
from simulators.scanner.optics.reader import Optics, Several
from simulators.scanner.optics.symbology import Sighting, Symbology, Unreadable, View, parse_formats

__all__ = [
    "CLEAR",
    "MAX_BYTES",
    "MAX_PIXELS",
    "BadPicture",
    "EngineName",
    "LightPath",
    "Optics",
    "Several",
    "Sighting",
    "Symbology",
    "Unreadable",
    "View",
    "parse_formats",
    "parse_light_path",
]
