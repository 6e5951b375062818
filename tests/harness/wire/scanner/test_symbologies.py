"""The table of ids, against the published ones."""

import pytest

from harness.wire.scanner.symbologies import BY_AIM, BY_SSI, SYMBOLOGIES, UNKNOWN, ids_of


@pytest.mark.parametrize(
    ("symbology", "aim", "letter", "ssi"),
    [
        ("qr", b"]Q1", b"s", 0x1C),
        ("code128", b"]C0", b"j", 0x03),
        ("gs1-128", b"]C1", b"I", 0x0F),
        ("ean13", b"]E0", b"d", 0x0B),
        ("ean8", b"]E4", b"D", 0x0A),
        ("datamatrix", b"]d1", b"w", 0x1B),
    ],
)
def test_published_ids(symbology: str, aim: bytes, letter: bytes, ssi: int) -> None:
    ids = ids_of(symbology)
    assert (ids.aim, ids.letter, ids.ssi, ids.assumed) == (aim, letter, ssi, ())


def test_ids_tell_symbologies_apart() -> None:
    assert BY_SSI[0x1C] == "qr"
    assert BY_AIM[b"]E0"] == "ean13"
    assert len({ids.letter for ids in SYMBOLOGIES.values()}) == len(SYMBOLOGIES) == len(BY_SSI)
    assert ids_of("no-such") is UNKNOWN
