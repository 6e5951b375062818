"""Whoever stands at a counter: what they show, type and confirm when the desk, the terminal or the phone asks.

By code, ID card, face or social-insurance card, or at Alipay's box. Everything is presented only after the call that
waits for it is on the tape, so that the order of things is the same in every run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from fixtures.population import Person, people
from harness.counter.hospital import Asked, By, Way
from harness.counter.outcome import Outcome
from harness.counter.port import Operation
from harness.devices.phone import Shown
from harness.line.record import Record
from harness.scenarios.counter_stage import TERMINAL, CounterStage, Terminal, next_at_counter
from harness.wire.voucher_messages import BOX_SCAN, FACE_CHECK, READ_CARD

CODE_LIFE_S = 61
"""One second more than a shown code is valid; the phone then shows its next one."""
PROMPT_LIFE_S = 61
"""One second more than a prompt waits for its answer."""
PRESENT_LIFE_S = 61
"""One second more than a terminal waits for a card or its password."""
HELD_UP_AGAIN_S = 5
"""How long it takes to hold a phone up again; longer than a box's same-code lock-out, shorter than a code's life."""
CENTRE = "voucher-centre"
NEVER = "never"
READ_SOCIAL_CARD, VERIFY_PIN = "/HeaSecReadInfo/ReadCardBas", "/HeaSecReadInfo/VerifyPIN"
"""Calls of the settlement library at the terminal (own design: over HTTP)."""


class Answer(StrEnum):
    """What the person does when the phone or the keypad asks for a password."""

    PASSWORD = "password"  # noqa: S105 - the name of an answer
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of an answer
    DECLINE = "decline"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """Who comes: a person of the population, how they identify and where, and what they do at the prompt."""

    person: str = "P001"
    channel: str = "alipay"
    kind: str = "voucher"
    picture: str = "qr"
    answer: Answer = Answer.PASSWORD
    by: By = By.CODE
    way: Way = Way.WINDOW
    fresh: bool = False
    """Refresh the code before showing it, as after an earlier use."""
    shows: str = ""
    """Whose card or face is presented, where it is not their own."""
    how: str = "well"
    """How a card is presented: well, unreadable, or `never`."""
    to_box: str = "code"
    """What Alipay's box gets to see: `code` or `face`."""

    @property
    def who(self) -> Person:
        """The person's record."""
        return next(person for person in people() if person.id == self.person)

    @property
    def password(self) -> str:
        """The voucher password of this synthetic person."""
        return self.who.password

    @property
    def pin(self) -> str:
        """The password of this synthetic person's social-insurance card."""
        return self.who.card_pin

    def again(self) -> Self:
        """The same person, later in the same case: with a fresh code."""
        return replace(self, fresh=True)

    def typed(self, right: str) -> str:
        """What they type where `right` is right."""
        if self.answer is Answer.WRONG_PASSWORD:
            return "000000" if right != "000000" else "000001"
        return right


def serve(
    stage: CounterStage,
    operation: Operation,
    shopper: Shopper,
    *,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> Outcome:
    """Play the person for whatever the desk has begun, until it ends.

    `before_scan` may let time pass, or put another picture, between showing and scanning.
    """
    attend(stage, operation, shopper, before_scan=before_scan)
    return operation.outcome()


def attend(
    stage: CounterStage,
    operation: Operation,
    shopper: Shopper,
    *,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> None:
    """Play the person as `serve` does, and leave the outcome alone: it may be an error."""
    since = stage.command_at
    asked_before = False
    while (asked := operation.until_asked()) is not None:
        if asked is Asked.SCAN and asked_before:
            stage.step("the counter asks for the code once more; the customer holds it up again")
            stage.step_clock(HELD_UP_AGAIN_S)
        asked_before = asked is Asked.SCAN
        since = present(stage, asked, shopper, since=since, before_scan=before_scan)
        match stage.await_prompt_or_answer(since=since):
            case "prompt":
                answer_prompt(stage, shopper)
            case "keypad":
                answer_keypad(stage, shopper)
            case _:
                pass


def present(
    stage: CounterStage,
    asked: Asked,
    shopper: Shopper,
    *,
    since: int,
    before_scan: Callable[[Shown], Shown] | None = None,
) -> int:
    """Show, once, what is asked for; returns the record from which on its consequences are to be found."""
    match asked:
        case Asked.SCAN:
            shown = stage.phone.show(
                shopper.person,
                channel=shopper.channel,
                kind=shopper.kind,
                format=shopper.picture,
                fresh=shopper.fresh,
            )
            if before_scan is not None:
                shown = before_scan(shown)
            here = stage.tape.seq
            stage.scanner.show(shown.picture)
        case Asked.ID_CARD:
            stage.await_call(CENTRE, READ_CARD, since=since)
            here = _at_terminal(stage, shopper, lambda terminal, who: terminal.present_id_card(who, how=shopper.how))
        case Asked.FACE:
            stage.await_call(CENTRE, FACE_CHECK, since=since)
            here = _at_terminal(stage, shopper, lambda terminal, who: terminal.present_face(who, shopper.person))
        case Asked.IOT_BOX:
            stage.await_call(CENTRE, BOX_SCAN, since=since)
            here = _at_box(stage, shopper)
        case Asked.CARD:
            stage.await_call(TERMINAL, READ_SOCIAL_CARD, since=since)
            here = _at_terminal(stage, shopper, lambda terminal, who: terminal.present_card(who, how=shopper.how))
        case Asked.CARD_PIN:
            call = stage.await_call(TERMINAL, VERIFY_PIN, since=since)
            here = stage.tape.seq
            if call is None:
                return here  # it went on without the terminal: nobody is asked for anything
            if not stage.keypad_asks(since=call.seq):
                return call.seq
            match shopper.answer:
                case Answer.NOTHING:
                    stage.step("nobody types the card's password until the time is over")
                    stage.step_clock(PRESENT_LIFE_S)
                case Answer.DECLINE:
                    stage.at_terminal().cancel()
                case _:
                    stage.at_terminal().type_password(shopper.typed(shopper.pin))
    return here


def _at_terminal(stage: CounterStage, shopper: Shopper, show: Callable[[Terminal, str], object]) -> int:
    here = stage.tape.seq
    if shopper.how == NEVER:
        stage.step("nothing is presented until the time is over")
        stage.step_clock(PRESENT_LIFE_S)
    else:
        show(stage.at_terminal(), shopper.shows or shopper.person)
    return here


def _at_box(stage: CounterStage, shopper: Shopper) -> int:
    """A code or a face before Alipay's box; the code is shown by the phone."""
    if shopper.to_box == "face" or shopper.how == NEVER:
        return _at_terminal(stage, shopper, lambda terminal, who: terminal.present_face(who, shopper.person))
    shown = stage.phone.show(shopper.person, channel=shopper.channel, kind=shopper.kind, fresh=shopper.fresh)
    here = stage.tape.seq
    stage.at_terminal().present_code(shown.digits)
    return here


def kill_when_booked(stage: CounterStage, operation: Operation, shopper: Shopper, infno: str) -> None:
    """Play the person until the platform has booked a transaction, and told the phone; then the adapter is killed.

    The reply to that transaction must have been disturbed, so that the adapter still waits for it.
    """
    since = here = stage.command_at
    while True:
        found = stage.tape.wait_for(
            lambda r: _is_booking(r, infno) or bool(next_at_counter(r)), since=here, timeout=stage.patience_s
        )
        if found is None or _is_booking(found, infno):
            break
        here = found.seq + 1
        match stage.happened(found):
            case "scan" | "ask":
                asked = operation.until_asked()
                since = present(stage, asked, shopper, since=since) if asked is not None else since
            case "prompt":
                answer_prompt(stage, shopper)
            case "keypad":
                answer_keypad(stage, shopper)
            case _:
                break
    notice = stage.await_event("notice", since=found.seq if found is not None else since)
    stage.await_reply("phone", since=notice.seq if notice is not None else since)
    stage.step(f"the platform has booked {infno} and told the phone; its reply is lost, and the adapter dies")
    stage.counter.kill()


def _is_booking(record: Record, infno: str) -> bool:
    return record.name == "booked" and record.event.get("infno") == infno


def answer_prompt(stage: CounterStage, shopper: Shopper) -> None:
    """Do what the person does when the phone asks for the payment password."""
    match shopper.answer:
        case Answer.PASSWORD | Answer.WRONG_PASSWORD:
            stage.phone.confirm(shopper.person, shopper.typed(shopper.password))
        case Answer.DECLINE:
            stage.phone.decline(shopper.person)
        case Answer.NOTHING:
            stage.step("the shopper does not answer until the prompt has expired")
            stage.step_clock(PROMPT_LIFE_S)


def answer_keypad(stage: CounterStage, shopper: Shopper) -> None:
    """Do what the person does when the terminal's keypad asks for the voucher password."""
    match shopper.answer:
        case Answer.PASSWORD | Answer.WRONG_PASSWORD:
            stage.at_terminal().type_password(shopper.typed(shopper.password))
        case Answer.DECLINE:
            stage.at_terminal().cancel()
        case Answer.NOTHING:
            stage.step("nobody types a password until the prompt has expired")
            stage.step_clock(PROMPT_LIFE_S)
