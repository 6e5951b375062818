"""What is written on the pages can be read: by day, in the dark and on paper (WCAG 2, 4.5 to 1 for small text)."""

import re
from pathlib import Path

import pytest

from reports.html import TEMPLATES

PAGE = (TEMPLATES / "page.css").read_text(encoding="utf-8")
LEAST = 4.5
PAIRS = [
    *(("ink", ground) for ground in ("paper", "sheet", "wash", "good-wash", "bad-wash", "doubt-wash", "blue-wash")),
    *(("soft", ground) for ground in ("paper", "sheet", "wash", "good-wash", "bad-wash", "doubt-wash", "blue-wash")),
    *(("faint", ground) for ground in ("paper", "sheet", "wash")),
    *((name, ground) for name in ("good", "bad", "doubt", "blue", "violet") for ground in (f"{name}-wash", "sheet")),
    *(("blue", "paper"), ("blue", "doubt-wash"), ("mark-ink", "mark"), ("sheet", "bad")),
]


def colours(start: str, end: str) -> dict[str, str]:
    """The colours that are set between two places of the style."""
    part = PAGE[PAGE.index(start) :]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", part[: part.index(end)]))


LIGHT = colours(":root", "@media")
PALETTES = {
    "light": LIGHT,
    "dark": colours("@media (prefers-color-scheme: dark)", "* {"),
    "paper": colours("@media print", "@page"),
}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    assert len(digits) == 6, f"{colour}: a colour that shines through has no contrast of its own"
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", PALETTES)
def test_every_text_stands_out_from_its_ground(palette: str) -> None:
    shades = PALETTES[palette]
    assert shades.keys() == LIGHT.keys(), "every colour is set anew"
    for text, ground in PAIRS:
        one, other = sorted((luminance(shades[text]), luminance(shades[ground])), reverse=True)
        assert (one + 0.05) / (other + 0.05) >= LEAST, f"{text} on {ground}"


def test_the_pages_set_no_colours_beside_the_palette() -> None:
    for page in TEMPLATES.glob("*.j2"):
        strange = set(re.findall(r"(?<!&)#[0-9a-f]{3,8}\b(?=[;\"])", page.read_text(encoding="utf-8"))) - {"#fff"}
        assert not strange, page.name


def test_on_a_narrow_screen_the_verdict_is_one_column() -> None:
    """A line of it that stays in column 2 would squeeze the rest."""
    narrow = PAGE[PAGE.index("@media (max-width: 700px)") : PAGE.index("@media print")]
    columns = re.findall(r"(\.verdict [^{]+)\{ grid-column: 2;", PAGE)
    assert columns
    for selector in columns:
        assert f"{selector}{{ grid-column: 1;" in narrow


def test_paper_is_a4() -> None:
    assert "@page { size: A4;" in PAGE
    assert Path(TEMPLATES / "page.css").is_file()
