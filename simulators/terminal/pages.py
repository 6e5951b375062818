"""The terminal's page: its screen with keypad, card slot and camera; whole in itself, kept up to date by events."""

from collections.abc import Mapping
from pathlib import Path

import jinja2

from fixtures.population import institutions, people
from harness.line.record import JsonValue

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
"""The page's content security policy: a browser refuses anything that is not in the page or from the terminal."""
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def terminal_page(institution: str, shown: Mapping[str, JsonValue]) -> str:
    """The page; `shown` is what the live feed would say now."""
    name = next(known.name for known in institutions() if known.code == institution)
    return _TEMPLATES.get_template("terminal.html").render(
        institution=institution, name=name, people=people(), start=shown
    )
