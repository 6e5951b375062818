"""The cards that people put into the terminal: whose, of which kind, and what the library reads from them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fixtures.population import Person
from harness.gm import sm3
from harness.wire.voucher_messages import GENDER_TEXT
from simulators.terminal.settings import TerminalSettings

ISSUER = "联调测试公安局"
STANDARD = "3.00"
"""Version of the card's specification (规范版本); own choice."""
VALID_DAYS = 3650


class CardKind(StrEnum):
    """What can be read."""

    ID_CARD = "id-card"
    SOCIAL_CARD = "card"


class How(StrEnum):
    """How a card is put in."""

    WELL = "well"
    UNREADABLE = "unreadable"
    PULLED_OUT = "pulled-out"
    WRONG_KIND = "wrong-kind"


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card in the reader."""

    kind: CardKind
    person: Person
    how: How = How.WELL

    def problem(self, wanted: CardKind) -> str:
        """The reason why it cannot be read as a card of the wanted kind; empty when it can."""
        if self.how is not How.WELL:
            return f"card-{self.how.value}"
        return "" if self.kind is wanted else "card-wrong-kind"


def card_info(person: Person, settings: TerminalSettings, *, now: datetime) -> str:
    """What ReadCardBas gives: 11 fields between bars, as the institution reference has them (§2.8).

    Region, ID number, card number, card serial, name, reset data, version, issued, valid until, terminal, device.
    """
    issued = now.date() - timedelta(days=365)
    return "|".join(
        (
            person.insured_place,
            person.id_no,
            person.card_no,
            person.card_sn,
            person.name,
            "0081544C" + sm3(f"reset data {person.card_sn}".encode()).hex()[:18].upper(),
            STANDARD,
            f"{issued:%Y%m%d}",
            f"{issued + timedelta(days=VALID_DAYS):%Y%m%d}",
            settings.terminal_no,
            settings.device_no,
        )
    )


def id_card_info(person: Person) -> str:
    """What ReadSFZ gives (own design): name, sex, birthday, ID number and issuing authority between bars."""
    return "|".join((person.name, GENDER_TEXT[person.gender], person.birthday, person.id_no, ISSUER))
