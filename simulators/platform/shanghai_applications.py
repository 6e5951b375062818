"""Application numbers (jssqxh) of Shanghai's front machine: a pre-settlement gives one, its settlement names it.

They live in memory: a pre-settlement does not outlive a restart, and its settlement is then refused. A number is good
for the institution, the type and the content that it was given for, and for one settlement; while one is under way no
other may name it, and when that one is refused it may be named again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.wire import shanghai as wire
from harness.wire.fields import is_array, is_object

MAY_DIFFER = frozenset({"jzrq", "czylx"})
"""Members of a pre-settlement's content that its settlement may have otherwise."""


@dataclass(frozen=True, kw_only=True)
class _Application:
    """What a number was given for."""

    institution: str
    confirmed_by: str
    """The type of message that may name it."""
    asked: Mapping[str, object]
    """What the settlement must say as well."""
    taken_by: str = ""
    """The msgid of the settlement under way that names it."""


class Applications:
    """The numbers of one case."""

    def __init__(self) -> None:
        self._given: dict[str, _Application] = {}
        self._used: set[str] = set()

    def give(self, message: Mapping[str, object]) -> str:
        """The number of a pre-settlement that was done; the same for the same msgid."""
        number = f"JS{message['msgid']}"
        if number not in self._used:
            application = _Application(
                institution=str(message["jgdm"]),
                confirmed_by=wire.CONFIRMS[wire.kind_of(message)],
                asked=_essence(message),
            )
            self._given.setdefault(number, application)
        return number

    def take(self, message: Mapping[str, object]) -> bool:
        """Whether a settlement may name its number; from now on no other may, until `free` or `use`."""
        number, msgid = _named(message), str(message.get("msgid") or "")
        found = self._given.get(number)
        if found is None or found.taken_by not in {"", msgid}:
            return False
        said = _essence(message)
        same = all(name in said and said[name] == value for name, value in found.asked.items())
        if not same or (found.institution, found.confirmed_by) != (message.get("jgdm"), wire.kind_of(message)):
            return False
        self._given[number] = replace(found, taken_by=msgid)
        return True

    def free(self, message: Mapping[str, object]) -> None:
        """The settlement was refused: its number may be named again."""
        number = _named(message)
        if number in self._given:
            self._given[number] = replace(self._given[number], taken_by="")

    def use(self, message: Mapping[str, object]) -> None:
        """The settlement is booked: its number is used up."""
        number = _named(message)
        self._given.pop(number, None)
        self._used.add(number)


def _named(message: Mapping[str, object]) -> str:
    return str(wire.content(message).get("jssqxh") or "")


def _essence(message: Mapping[str, object]) -> dict[str, object]:
    """What a pre-settlement and its settlement must have in common."""
    told = {name: value for name, value in wire.content(message).items() if name not in MAY_DIFFER}
    rows = told.get("mxs")
    if is_array(rows):
        told["mxs"] = [
            {name: value for name, value in row.items() if name != "fyrq"} if is_object(row) else row for row in rows
        ]
    return told
