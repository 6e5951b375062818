"""The vouchers: one a person (一人一码), its state, channels, password and insured place.

A wrong password counts; so many in a row lock it, for a while (by the centre's own timer: no clock that is set back
prolongs it) or until it is reset by face. Whoever the population has
as active (or lapsed) holds their voucher in every channel, with their password set.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from fixtures.people_register import Insurance
from fixtures.population import Person, VoucherState
from harness.clock import NS, Clock
from harness.line.record import JsonValue
from simulators.voucher_centre.people import Register
from simulators.voucher_centre.refusal import RefusedError

PASSWORD = re.compile(r"[0-9]{6}\Z")
Tell = Callable[..., None]


class Verdict(StrEnum):
    """What a password was."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    """Locked before, or by this one."""
    NOT_SET = "not-set"


@dataclass(kw_only=True)
class Voucher:
    """One person's voucher; `unfinished` are the mandatory steps of activation that are still open, by channel."""

    person: Person
    state: VoucherState
    channels: set[str]
    password: str = field(repr=False)
    place: str
    wrong: int = 0
    locked: bool = False
    lock_over_ns: int = 0
    """When a lock ends by the time that has gone by."""
    unfinished: set[str] = field(default_factory=set)


class VoucherBook:
    """All vouchers of one case; `tell` leaves events."""

    def __init__(self, register: Register, clock: Clock, *, lock_after: int, lock_s: int, tell: Tell) -> None:
        self._clock = clock
        self._lock_after = lock_after
        self._lock_s = lock_s
        self._tell = tell
        self._vouchers = {person.id_no: _first(person, register) for person in register.people}

    def of(self, person: Person) -> Voucher:
        """A person's voucher, activated or not."""
        return self._vouchers[person.id_no]

    def issue(self, person: Person) -> bool:
        """The national platform issues the voucher; False when the person has it already."""
        voucher = self.of(person)
        if voucher.state is VoucherState.ACTIVE:
            return False
        voucher.state = VoucherState.ACTIVE
        if voucher.channels:  # it had lapsed: what was set of old is void
            voucher.channels.clear()
            voucher.password, voucher.place, voucher.wrong, voucher.locked = "", "", 0, False
        return True

    def check_password(self, person: Person, matches: Callable[[str], bool]) -> Verdict:
        """Whether a password is right; `matches` compares the true one with what was given. Counts wrong ones."""
        voucher = self.of(person)
        if self.is_locked(voucher):
            return Verdict.LOCKED
        if not voucher.password:
            return Verdict.NOT_SET
        if matches(voucher.password):
            voucher.wrong = 0
            return Verdict.RIGHT
        voucher.wrong += 1
        left = self._lock_after - voucher.wrong
        self._tell("password-wrong", id_no=person.id_no, left=left)
        if left > 0:
            return Verdict.WRONG
        voucher.locked = True
        voucher.lock_over_ns = self._clock.elapsed_ns() + self._lock_s * NS
        until_ns = self._clock.now_ns() + self._lock_s * NS if self._lock_s else None
        self._tell("password-locked", id_no=person.id_no, until_ns=until_ns)
        return Verdict.LOCKED

    def set_password(self, person: Person, password: str) -> None:
        """Set a password, which also unlocks. Raises RefusedError unless it has six digits."""
        if not PASSWORD.match(password):
            raise RefusedError("password-form")
        voucher = self.of(person)
        voucher.password, voucher.wrong, voucher.locked = password, 0, False
        self._tell("password-set", id_no=person.id_no)

    def is_locked(self, voucher: Voucher) -> bool:
        """Whether the password is locked now; a lock whose time is over is lifted."""
        if voucher.locked and self._lock_s and self._clock.elapsed_ns() >= voucher.lock_over_ns:
            voucher.locked, voucher.wrong = False, 0
        return voucher.locked

    def choose_place(self, person: Person, place: str, offered: tuple[str, ...]) -> None:
        """Choose the insured place. Raises RefusedError for one that is not offered."""
        if place not in offered:
            raise RefusedError("place-not-offered", more={"places": list(offered)})
        self.of(person).place = place
        self._tell("place-chosen", id_no=person.id_no, place=place)

    def state(self) -> list[JsonValue]:
        """Every voucher, for the back door; no passwords."""
        return [
            {
                "id_no": voucher.person.id_no,
                "state": voucher.state.value,
                "channels": sorted(voucher.channels),
                "password_set": bool(voucher.password),
                "wrong": voucher.wrong,
                "locked": self.is_locked(voucher),
                "place": voucher.place,
                "unfinished": sorted(voucher.unfinished),
            }
            for voucher in self._vouchers.values()
        ]


def _first(person: Person, register: Register) -> Voucher:
    record = register.record(person)
    held = person.voucher is not VoucherState.NONE
    return Voucher(
        person=person,
        state=person.voucher,
        channels=set(register.channels) if held else set(),
        password=person.password if held else "",
        place=person.insured_place if held and record.insurance is Insurance.VALID else "",
    )
