"""The decode-rate table as page, CSV and text."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from reports.decode_rates import as_csv, as_page, as_text, lines, write_decode_rates


@dataclass(frozen=True)
class Cell:
    level: float
    read: int
    reference: int | None = 50
    kind: str = "qr"
    degradation: str = "<glare>"
    unit: str = "modules"
    engine: str = "standard"
    frames: int = 10
    wrong: int = 1


CELLS = (Cell(0.2, 10, 100), Cell(0.5, 3, 0), Cell(1, 1, None, engine="budget"))


def test_a_row_is_put_together_with_its_distance() -> None:
    near, bare = lines(CELLS)
    assert (near.rates, near.reference, near.mean, near.apart, near.off) == ((100, 30), (100, 0), 65, 15, True)
    assert (bare.rates, bare.reference, bare.apart, bare.off) == ((10,), (), None, False)
    assert near.wrong == 2


def test_the_csv_has_a_line_a_measurement() -> None:
    told = list(csv.DictReader(io.StringIO(as_csv(CELLS))))
    assert [row["percent"] for row in told] == ["100.0", "30.0", "10.0"]
    assert [row["reference"] for row in told] == ["100", "0", ""]


def test_the_page_is_text_and_no_markup_of_others() -> None:
    page = as_page(CELLS)
    assert "&lt;glare&gt;" in page
    assert "<glare>" not in page
    assert "+15.0" in page
    assert '<td class="off">' in page


def test_the_text_marks_what_is_off(tmp_path: Path) -> None:
    first, second = as_text(CELLS).splitlines()
    assert "100/30" in first
    assert first.endswith("+15.0 !")
    assert "!" not in second
    for path in write_decode_rates(tmp_path / "out", CELLS):
        assert path.stat().st_size > 100
