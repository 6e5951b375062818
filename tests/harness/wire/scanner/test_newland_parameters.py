"""The table of settings."""

import pytest

from harness.wire.scanner.newland_parameters import CODE_IDS, PARAMETERS, HexBytes, OneOf, Parameter, Source, Whole


@pytest.mark.parametrize("row", PARAMETERS.values(), ids=PARAMETERS.keys())
def test_every_row_is_sound(row: Parameter) -> None:
    assert len(row.tag) == 6
    assert row.tag.isupper()
    assert row.values.accepts(row.default)
    assert not row.values.accepts("")
    assert not row.values.accepts("-1")
    assert row.meaning


def test_tags_without_a_published_source_say_so() -> None:
    assert {tag for tag, row in PARAMETERS.items() if row.source is Source.ASSUMED} == {
        "TSUENA", "TSUSET", "CPRENA", "CPRSET", "AIDENA", "232BAD", "INTERF",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "taken", "refused"),
    [
        ("RRDDUR", ["1", "3000", "3600000"], ["0", "3600001", "3 000", "３", "1e3", "99999999999999999999"]),
        ("ORTSET", ["0", "100", "3600000"], ["99", "3600001"]),
        ("SCNMOD", ["0", "2", "3", "4"], ["1", "5", "03"]),
        ("TSUSET", ["0D", "0D0A", "0d"], ["0", "0D0A0D", "GG", "\\r"]),
    ],
)
def test_published_ranges(tag: str, taken: list[str], refused: list[str]) -> None:
    assert [value for value in taken if not PARAMETERS[tag].values.accepts(value)] == []
    assert [value for value in refused if PARAMETERS[tag].values.accepts(value)] == []


def test_ranges_can_be_told() -> None:
    assert str(Whole(least=100, most=200, also=(0,))) == "0,100-200"
    assert str(OneOf(values=("0", "2"))) == "0,2"
    assert str(HexBytes(most=2)) == "1-2 bytes in hex"


def test_code_ids_are_one_letter_each() -> None:
    assert {len(letter) for letter in CODE_IDS.values()} == {1}
