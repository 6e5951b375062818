"""The phone's pages: everybody at `/`, a person's screen at `/people/ID`, the bills page of a channel at
`/people/ID/bills`. Each is whole in itself.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2

from fixtures.channels import Channel, bill_channels, channels
from fixtures.population import Person, VoucherState, people
from harness.line.record import JsonValue
from harness.money import Fen, format_yuan
from simulators.phone.codes import Code, CodeKind
from simulators.phone.texts import Refusal

POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
)
"""The pages' content security policy: a browser refuses anything that is not in the page or from the phone itself."""
VOUCHER_STATES = {
    VoucherState.ACTIVE: ("已激活", "active"),
    VoucherState.LAPSED: ("已失效", "lapsed"),
    VoucherState.NONE: ("未激活", "not activated"),
}
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, kw_only=True)
class PersonPage:
    """What a person's page shows beside the code; `screen` is what the live feed would say now."""

    person: Person
    channel: Channel
    kind: CodeKind
    screen: Mapping[str, JsonValue]
    member: Person | None = None
    """Whose code it shows, if not the person's own."""
    family: tuple[Person, ...] = ()
    """The members whose codes the person may show."""

    @property
    def account(self) -> Mapping[str, JsonValue]:
        """Balance and notices: the member's where the person may see them while they show the member's code."""
        told = self.screen.get("member")
        return told if isinstance(told, Mapping) and "balance" in told else self.screen


def people_page(balances: Mapping[str, str]) -> str:
    """The list of people with balance and voucher state."""
    rows = [
        {"person": person, "balance": balances[person.id], "state": VOUCHER_STATES[person.voucher]}
        for person in people()
    ]
    return _TEMPLATES.get_template("people.html").render(rows=rows)


def person_page(page: PersonPage, *, code: Code | None = None, png: bytes = b"", refusal: Refusal | None = None) -> str:
    """A person's screen with a code, or with the reason why there is none."""
    start: dict[str, JsonValue] = {
        "person": page.person.id,
        "channel": page.channel.id,
        "kind": page.kind.value,
        "member": page.member.id if page.member else "",
        "screen": page.screen,
        "code": {"issued_ms": _ms(code.issued_ns), "refresh_ms": _ms(code.refresh_ns)} if code else None,
    }
    return _TEMPLATES.get_template("person.html").render(
        page=page,
        masked=masked(page.person.id_no),
        masked_of=lambda person: masked(person.id_no),
        state=VOUCHER_STATES[page.person.voucher],
        whose=page.member or page.person,
        owner=page.member if page.account is not page.screen else page.person,
        bills=page.channel.id in bill_channels(),
        channels=channels(),
        kinds=(("voucher", "医保码", "Voucher code"), ("pay", "付款码", "Pay code")),
        code=code,
        picture=f"data:image/png;base64,{base64.b64encode(png).decode()}",
        refusal=refusal,
        start=start,
    )


def bills_page(person: Person, channel: Channel, *, screen: Mapping[str, JsonValue]) -> str:
    """The bills page of a channel, or that the channel has none; `screen` is what the live feed would say now."""
    return _TEMPLATES.get_template("bills.html").render(
        person=person,
        channel=channel,
        masked=masked(person.id_no),
        has=channel.id in bill_channels(),
        others=[known for known in channels() if known.id in bill_channels()],
        start={"person": person.id, "channel": channel.id, "screen": screen},
    )


def refusal_page(refusal: Refusal) -> str:
    """A page that says why there is no other; for an unknown person with the list of those there are."""
    return _TEMPLATES.get_template("refusal.html").render(refusal=refusal, people=people())


def masked(id_no: str) -> str:
    """An ID number as apps show it: the first four and the last four digits."""
    return f"{id_no[:4]}{'*' * (len(id_no) - 8)}{id_no[-4:]}"


def opening_balance(person: Person) -> str:
    """The balance in yuan before any movement."""
    return format_yuan(Fen(person.balance_fen))


def _ms(ns: int) -> int:
    return ns // 1_000_000
