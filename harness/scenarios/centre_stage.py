"""The stage of a voucher centre under test: its driver, what its settings promise, and who asks it.

A case says of each call how it has to end, by the ids of `fixtures/voucher_codes.toml`; the judge compares. Before it
breaks a request on purpose it says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from fixtures.population import Person, people
from harness.bench.tables import CentreTable
from harness.clock import local_time
from harness.devices.phone import PhoneDriver
from harness.devices.voucher_centre import Held, VoucherCentre
from harness.errors import ConfigError
from harness.faults.catalogue import Effect
from harness.line.record import Direction
from harness.scenarios.stage import CASE, Stage
from harness.wire import voucher_calls as calls
from harness.wire.voucher_calls import CentreCall, Desk, Holder
from harness.wire.voucher_messages import CentreReply, Identity, return_codes

PARTY = "voucher-centre"
"""The kind of device that is under test."""
OK, MALFORMED = "ok", "invalid-request"
"""How a call ends, by the ids of return codes."""
APP = "nhsa-app"
"""The national app."""


class CentreTerms(Protocol):
    """What the settings of a voucher centre promise, and how it writes; seconds, counts, years."""

    data_as: str
    charset: str
    code_field: str
    issuer: str
    refresh_s: int
    validity_s: int
    grace_s: int
    single_use: bool
    token_s: int
    password_lock_after: int
    password_lock_s: int
    activation_s: int
    face_auth_s: int
    scan_s: int
    family_face_below: int


@dataclass(frozen=True, kw_only=True)
class CentreStage(Stage):
    """What a scenario with a voucher centre has to hand."""

    centre: VoucherCentre
    """The driver; fresh connections for each case."""
    terms: CentreTerms
    """How the centre is set."""
    table: CentreTable
    """Who asks."""
    phone: PhoneDriver | None = None
    """The phones of the bench, if it has them; they show the centre's codes as pictures."""

    # --- who is who ---

    def person(self, person_id: str) -> Person:
        """A person by the id of `fixtures/people.toml`. Raises ConfigError."""
        for person in people():
            if person.id == person_id:
                return person
        raise ConfigError(
            f"There is no person {person_id}.", cause="a slip of the pen", remedy="see fixtures/people.toml"
        )

    def holder(self, person_id: str, channel: str = APP) -> Holder:
        """A person in a channel."""
        person = self.person(person_id)
        return Holder(channel=channel, id_no=person.id_no, name=person.name)

    @property
    def desk(self) -> Desk:
        """The cashier who asks."""
        return Desk(institution=self.table.institution)

    @property
    def other_desk(self) -> Desk:
        """The cashier of another institution."""
        return Desk(institution=self.table.other_institution)

    @property
    def now(self) -> str:
        """Beijing time, as messages spell it."""
        return local_time(self.clock).strftime("%Y-%m-%d %H:%M:%S")

    def business_number(self) -> str:
        """A number of the institution's own (outBizNo) that it has not used before; the same in equal runs."""
        when = local_time(self.clock).strftime("%Y%m%d%H%M%S")
        return f"{self.table.institution}{when}{self.tape.seq:09d}"

    # --- asking ---

    @property
    def begins_anew(self) -> bool:
        """Whether the centre's people are as new in every case; one elsewhere keeps what earlier cases did."""
        return PARTY in self.back_doors

    def ask(
        self, call: CentreCall, *reasons: str, charset: str = calls.UTF_8, data_as: str = calls.AS_OBJECT
    ) -> CentreReply:
        """Make a call and put on the tape how it has to end: with one of these reasons, without any with success."""
        reply = self.centre.ask(call, charset=charset, data_as=data_as)
        self.expect(*reasons)
        return reply

    def say(
        self, path: str, raw: bytes, *reasons: str, content_type: str = "application/json;charset=UTF-8"
    ) -> CentreReply:
        """Send a body by hand; it has to be refused as malformed unless other reasons are given."""
        self.tape.event(CASE, "malformed", path=path)
        reply = self.centre.say(path, raw, content_type=content_type)
        self.expect(*(reasons or (MALFORMED,)))
        return reply

    def ask_malformed(self, call: CentreCall) -> CentreReply:
        """Make a call that breaks the interface: it has to be refused for that."""
        self.tape.event(CASE, "malformed", path=call.path)
        return self.ask(call, MALFORMED)

    def begin(self, call: CentreCall) -> Held:
        """Make a call that waits for a patient; returns when the centre has it, if that can be seen."""
        since = self.tape.seq
        held = self.centre.begin(call)
        if PARTY in self.back_doors:
            self.tape.wait_for(
                lambda r: r.channel.startswith(f"{PARTY}.http") and r.direction is Direction.RECEIVED,
                since=since,
                timeout=self.patience_s,
            )
        return held

    def ended_by(self, call: CentreCall, held: Held) -> CentreReply:
        """The answer to a call that waited, ended by what this other call does; the caller says what it had to be.

        Both answers are read when the centre has sent both, if that can be seen, so that equal runs have equal tapes.
        """
        since = self.tape.seq
        other = self.begin(call)
        for _ in (other, held) if PARTY in self.back_doors else ():
            sent = self.await_reply(PARTY, since=since)
            since = since if sent is None else sent.seq + 1
        other.answer()
        self.expect()
        return held.answer()

    def expect(self, *reasons: str) -> None:
        """Put on the tape how the call before this had to end; the judge compares."""
        ids = reasons or (OK,)
        codes = sorted(return_codes()[reason].code for reason in ids)
        invented = any(return_codes()[reason].invented for reason in ids)
        own = self.table.own_codes and invented
        self.tape.event(CASE, "expect-answer", codes=[*codes], reasons=[*ids], any_refusal=own)

    def spoil(self, message: str, effect: Effect, *, nth: int = 1, **detail: int) -> None:
        """Schedule a fault of the centre. Raises BenchError when it is real."""
        self.disturb(PARTY, message, effect, nth=nth, **detail)

    # --- what most cases begin with ---

    def code(self, holder: Holder, *, member: str = "") -> str:
        """The digits of a code that the holder shows; empty when the centre gives none."""
        return str(self.ask(calls.show_code(holder, member=member)).data.get("ecQrCode", ""))

    def decode(self, text: str, *reasons: str, desk: Desk | None = None, charset: str = calls.UTF_8) -> CentreReply:
        """A scanned text at a cashier's."""
        call = calls.decode(desk or self.desk, text, code_field=self.terms.code_field)
        return self.ask(call, *reasons, charset=charset)

    def identify(self, holder: Holder, *, desk: Desk | None = None) -> Identity:
        """Who the cashier finds a holder to be, by a fresh code. Raises AssertionError when nobody."""
        reply = self.decode(self.code(holder), desk=desk)
        assert reply.accepted, f"a fresh code was refused with {reply.code}"
        return reply.identity()

    def still_serves(self) -> None:
        """After whatever was tried, the next good code is decoded."""
        self.identify(self.holder("P009"))


def without(call: CentreCall, *path: str) -> CentreCall:
    """The same call without one member."""
    return replace(call, body=_changed(call.body, path, drop=True))


def having(call: CentreCall, value: object, *path: str) -> CentreCall:
    """The same call with one member changed."""
    return replace(call, body=_changed(call.body, path, value=value))


def _changed(
    body: Mapping[str, object], path: tuple[str, ...], *, value: object = None, drop: bool = False
) -> dict[str, object]:
    name, *rest = path
    changed = dict(body)
    if rest:
        inner = changed[name]
        assert isinstance(inner, Mapping)
        changed[name] = _changed(inner, tuple(rest), value=value, drop=drop)
    elif drop:
        changed.pop(name)
    else:
        changed[name] = value
    return changed
