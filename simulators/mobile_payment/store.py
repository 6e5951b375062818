"""Where a centre's state stands for good: documents in a ledger of the platform's kind, in memory, a file or a server.

Everything that the centre must know after its end is put here and written by `save`, one transaction of the store, all
that one piece of work has put, or nothing of it. What is put twice alike is written once. The ledger may be the
platform's own; the kinds are ours.
One centre at a time: who opens the store last has it, and the one before is refused by its next `save`.
"""

import json
from collections.abc import Mapping
from enum import StrEnum

from harness.errors import BenchError
from harness.wire import institution as wire
from simulators.mobile_payment.work import CURRENT
from simulators.platform.ledger import Ledger


class Kind(StrEnum):
    """What a document is of."""

    ORDER = "mobile-order"
    ANSWER = "mobile-answer"
    """The first answer to a submission, by service and key."""
    AUTH = "mobile-auth"
    BALANCE = "mobile-balance"
    """Of an own account, by id_no, once it has moved."""
    SENT = "mobile-sent"
    """A message to the platform whose outcome is not known, by transaction, institution and key."""
    VISIT = "mobile-visit"
    """A visit that the centre has opened at the platform, by institution and iptOtpNo."""
    NOTE = "mobile-note"
    """One of a kind: what `Note` names."""


class Note(StrEnum):
    """Keys of `Kind.NOTE`."""

    OWNER = "owner"
    """How often the store was opened: the last has it."""
    NUMBERS = "numbers"
    MSGID = "msgid"
    CALLBACK = "callback"


Body = Mapping[str, object]


class Store:
    """Documents of one centre in a ledger. Methods raise BenchError when the ledger cannot be used."""

    def __init__(self, ledger: Ledger, *, alone: bool = False) -> None:
        """`alone`: the ledger is in memory, where no other program can lock it."""
        self._ledger = ledger
        self._alone = alone
        self._saved: dict[tuple[str, str], bytes] = {}
        self._owner = 0

    def open(self) -> None:
        """Have the store, from now on and alone."""
        with self._ledger.writing():
            self._owner = self._owner_there() + 1
            self._ledger.keep(Kind.NOTE, Note.OWNER, b'{"n":%d}' % self._owner)

    def clear(self) -> None:
        """Forget everything of ours but who has the store."""
        self._saved.clear()
        with self._ledger.writing():
            for kind in Kind:
                for key, _ in self._ledger.all_kept(kind):
                    if (kind, key) != (Kind.NOTE, Note.OWNER):
                        self._ledger.drop(kind, key)

    def put(self, kind: Kind, key: str, body: Body) -> None:
        """Have a document written by the next `save` of the same work."""
        CURRENT.get().documents[kind, key] = wire.encode(body)

    def drop(self, kind: Kind, key: str) -> None:
        """Have a document deleted by the next `save` of the same work."""
        CURRENT.get().documents[kind, key] = None

    async def turn(self) -> None:
        """Wait for the turn to write, right before it, while others go on. Raises LockedError: nobody could write.

        Without it whoever writes waits for other programs, and the loop with them.
        """
        if not self._alone:
            await self._ledger.turn()

    @property
    def behind(self) -> bool:
        """Whether this work has put anything that is not saved."""
        return any(body != self._saved.get(place) for place, body in CURRENT.get().documents.items())

    def saved(self, kind: Kind, key: str) -> Body | None:
        """A document as it was saved last."""
        raw = self._saved.get((kind, key))
        return None if raw is None else wire.decode(raw)

    def save(self) -> None:
        """Write what this work has put since the last time; afterwards it survives the end of this process."""
        work = CURRENT.get()
        staged, work.documents = work.documents, {}
        changed = {place: body for place, body in staged.items() if body != self._saved.get(place)}
        if not changed:
            return
        with self._ledger.writing():
            if self._owner_there() != self._owner:
                raise BenchError(
                    "Another mobile-payment centre has opened this ledger.",
                    cause="two centres were started with the same setting ledger",
                    remedy="give each its own ledger, and start this one again if it is the right one",
                )
            for (kind, key), body in changed.items():
                if body is None:
                    self._ledger.drop(kind, key)
                else:
                    self._ledger.keep(kind, key, body)
        for place, body in changed.items():
            if body is None:
                self._saved.pop(place, None)
            else:
                self._saved[place] = body

    async def flushed(self) -> None:
        """Return when all that was saved is as safe as was asked for."""
        await self._ledger.flushed()

    def read(self, kind: Kind) -> list[tuple[str, Body]]:
        """All documents of a kind, as saved, in the order of their keys."""
        found = []
        for key, raw in self._ledger.all_kept(kind):
            self._saved[kind, key] = raw
            found.append((key, wire.decode(raw)))
        return found

    def note(self, which: Note) -> Body:
        """A document that there is one of; empty without it."""
        raw = self._ledger.kept(Kind.NOTE, which)
        return {} if raw is None else wire.decode(raw)

    def reread(self) -> None:
        """The ledger is to be read again."""
        self._saved.clear()

    def _owner_there(self) -> int:
        found = self.note(Note.OWNER).get("n", 0)
        return found if isinstance(found, int) else 0


def key_of(*parts: str) -> str:
    """One key of several texts of which no part can be mistaken for two; only characters that every store takes."""
    return json.dumps(parts)


def parts_of_key(key: str) -> tuple[str, ...]:
    """The texts of a key."""
    return tuple(json.loads(key))
