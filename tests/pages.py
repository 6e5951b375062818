"""What the pages in docs/ show as examples, for tests that hold them to it."""

from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str) -> list[str]:
    """The indented blocks of a page, without their indentation; blank lines inside belong to them."""
    found: list[list[str]] = []
    within = False
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            if not within:
                found.append([])
            found[-1].append(line.removeprefix("    "))
            within = True
        elif line.strip():
            within = False
        elif within:
            found[-1].append("")
    return ["\n".join(lines).rstrip("\n") + "\n" for lines in found]
