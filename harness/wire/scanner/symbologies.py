"""The ids that boxes put before a code or into its packet, by symbology.

`aim` is the AIM id `]cm` (ISO/IEC 15424), `letter` the one-character id of the Honeywell family, `ssi` the type byte of
an SSI packet. Newland boxes have letters of their own, which are not published here: the common ones are assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Ids:
    """How one symbology is named on the wire; `assumed` names the fields that no maker's manual at hand confirms."""

    aim: bytes
    letter: bytes
    ssi: int
    assumed: tuple[str, ...] = ()


SYMBOLOGIES: Mapping[str, Ids] = MappingProxyType(
    {
        "qr": Ids(aim=b"]Q1", letter=b"s", ssi=0x1C),
        "code128": Ids(aim=b"]C0", letter=b"j", ssi=0x03),
        "gs1-128": Ids(aim=b"]C1", letter=b"I", ssi=0x0F),
        "code39": Ids(aim=b"]A0", letter=b"b", ssi=0x01, assumed=("aim",)),
        "ean13": Ids(aim=b"]E0", letter=b"d", ssi=0x0B),
        "ean8": Ids(aim=b"]E4", letter=b"D", ssi=0x0A),
        "upca": Ids(aim=b"]E0", letter=b"c", ssi=0x08, assumed=("aim", "letter")),
        "datamatrix": Ids(aim=b"]d1", letter=b"w", ssi=0x1B),
        "pdf417": Ids(aim=b"]L0", letter=b"r", ssi=0x11),
        "aztec": Ids(aim=b"]z0", letter=b"z", ssi=0x2D, assumed=("aim",)),
        "hanxin": Ids(aim=b"]h0", letter=b"H", ssi=0xB7, assumed=("aim", "ssi")),
    }
)
"""By name, as the optics spell it."""
UNKNOWN = Ids(aim=b"]X0", letter=b"?", ssi=0x00, assumed=("aim", "letter", "ssi"))
BY_SSI: Mapping[int, str] = MappingProxyType({ids.ssi: name for name, ids in SYMBOLOGIES.items()})
BY_AIM: Mapping[bytes, str] = MappingProxyType({ids.aim: name for name, ids in reversed(list(SYMBOLOGIES.items()))})
"""`]E0` stands for EAN-13, of which UPC-A is a part."""


def ids_of(symbology: str) -> Ids:
    """The ids of a symbology; those of an unknown one for a name that is not in the table."""
    return SYMBOLOGIES.get(symbology) or SYMBOLOGIES.get(symbology.replace("-", ""), UNKNOWN)
