"""What Init tells the social-card library: where systems are, how long calls wait, who knows a card's password.

The members are those of the institution reference (§2.8), in `fixtures/terminal_library.toml`. IP, PORT, API_… and keys
lead to the insurance, which this terminal does not ask; they are checked for their form alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from harness.wire.fields import FieldProblem, Rule, check_fields, is_absent, show
from simulators.terminal.library_fields import init_fields
from simulators.terminal.settings import MOST_S, PassType, TerminalSettings

PASS_TYPES = {"1": PassType.CARD, "2": PassType.DATABASE}
"""CARD_PASSTYPE."""
DEEPEST = 3
"""How many folders LOG_PATH may name, the drive not counted (that it is not is assumed)."""
HIGHEST_PORT = 65_535
_LOG_PATH = re.compile(r"[!-~]+\Z")


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the last Init said."""

    ec_url: str
    timeout_s: int | None
    pass_type: PassType | None
    area: str

    def over(self, settings: TerminalSettings) -> TerminalSettings:
        """The terminal's settings with what Init has said instead."""
        return replace(
            settings,
            card_s=self.timeout_s or settings.card_s,
            keypad_s=self.timeout_s or settings.keypad_s,
            pass_type=self.pass_type or settings.pass_type,
        )

    def leads_to(self, centre: str) -> bool:
        """Whether EC_URL is an address of the voucher centre at `centre`; none given is the centre's own."""
        return not self.ec_url or urlsplit(self.ec_url).netloc.lower() == urlsplit(centre).netloc.lower()

    @property
    def path(self) -> str:
        """Where at the centre EcQuery asks; empty for the usual place."""
        return urlsplit(self.ec_url).path.rstrip("/")


def read_setup(body: Mapping[str, object], needs: tuple[str, ...]) -> Setup | tuple[FieldProblem, ...]:
    """What Init says, or all that is wrong with it; `needs` are the members that must be there."""
    told = {name: str(value) if type(value) is int else value for name, value in body.items()}
    problems = [
        *check_fields([replace(spec, required=spec.name in needs) for spec in init_fields()], told, ""),
        *_malformed({name: value for name, value in told.items() if isinstance(value, str) and value}),
    ]
    if problems:
        return tuple(problems)
    timeout, kind = told.get("TIMEOUT"), told.get("CARD_PASSTYPE")
    return Setup(
        ec_url=str(told.get("EC_URL") or ""),
        timeout_s=None if is_absent(timeout) else int(str(timeout)),
        pass_type=None if is_absent(kind) else PASS_TYPES[str(kind)],
        area=str(told.get("AREA_CODE") or ""),
    )


def _malformed(told: Mapping[str, str]) -> Iterator[FieldProblem]:
    checks = {
        "PORT": (_is_number(told.get("PORT", ""), HIGHEST_PORT), f"a port, 1 to {HIGHEST_PORT}"),
        "TIMEOUT": (_is_number(told.get("TIMEOUT", ""), MOST_S), f"whole seconds, 1 to {MOST_S}"),
        "CARD_PASSTYPE": (told.get("CARD_PASSTYPE", "") in PASS_TYPES, "1 (card) or 2 (database)"),
        "EC_URL": (_is_url(told.get("EC_URL", "")), "an address that begins with http:// or https://"),
        "LOG_PATH": (_is_log_path(told.get("LOG_PATH", "")), f"at most {DEEPEST} folders, ASCII without blanks"),
    }
    for name, (well, expected) in checks.items():
        if name in told and not well:
            yield FieldProblem(path=name, rule=Rule.FORMAT, expected=expected, seen=show(told[name]))


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_log_path(text: str) -> bool:
    folders = [part for part in re.split(r"[/\\]", text) if part and not part.endswith(":")]
    return _LOG_PATH.match(text) is not None and len(folders) <= DEEPEST
