"""How settings are spelled, whatever the family: in batches, as numbers, or not at all."""

from collections.abc import Sequence

from harness.errors import ConfigError

MAX_BATCH = 200
"""Characters of a command at most, as makers' software has it."""


def batches(items: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Settings in commands of at most `MAX_BATCH` characters."""
    found: list[list[tuple[str, str]]] = [[]]
    size = 0
    for tag, data in items:
        added = len(tag) + len(data) + 1
        if found[-1] and size + added > MAX_BATCH:
            found.append([])
            size = 0
        found[-1].append((tag, data))
        size += added
    return [batch for batch in found if batch]


def number(text: str) -> int:
    """A setting's name or value as a number. Raises ValueError for what is none."""
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"{text!r} is no number such as 138 or 0x8A") from None


def cannot(whom: str, what: str) -> ConfigError:
    """The error for what a family has no command for."""
    return ConfigError(
        f"{whom[:1].upper()}{whom[1:]} cannot {what}.",
        cause="the family's dialect has no such command that is published",
        remedy="look it up in the box's manual; set it by its configuration barcodes",
    )
