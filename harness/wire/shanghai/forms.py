"""How a message's content becomes the input of a transaction, and its output the content of the answer.

A `Form` is data: for each node of the institution interface the members that it takes from a message. What is missing
in one is missing in the other; what has another type stays as it is, so that the field tables see it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.wire.fields import is_absent, is_array, is_object
from harness.wire.shanghai.names import Members


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of an input or output."""

    name: str
    members: Mapping[str, str]
    """Members of the message, and what the node calls them."""
    rows: str = ""
    """The member that lists its rows; empty for a node that is one object: its members stand in the content itself."""
    shared: Mapping[str, str] = field(default_factory=dict)
    """Members that the message has once, and each row of the node for itself."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Members of the node that a message may leave out, or has no place for."""
    many: bool = False
    """Whether a node without rows is a list of one."""

    def national(self, told: Members) -> object:
        """The node, from the content of a message."""
        if not self.rows:
            entry = {**self.fixed, **renamed(told, self.members)}
            return [entry] if self.many else entry
        found, shared = told.get(self.rows), renamed(told, self.shared)
        if is_absent(found):
            return []
        if not is_array(found):
            return found
        return [{**self.fixed, **shared, **renamed(row, self.members)} if is_object(row) else row for row in found]

    def told(self, node: object) -> dict[str, object]:
        """The part of an answer's content that this node is."""
        if self.rows:
            rows = [row for row in node if is_object(row)] if is_array(node) else []
            return {self.rows: [spelt(row, self.members) for row in rows]}
        return spelt(node, self.members) if is_object(node) else {}


@dataclass(frozen=True, kw_only=True)
class Form:
    """A transaction: the nodes of its input, and those of its output; none for one that answers nothing."""

    input: Sequence[Node]
    output: Sequence[Node] = ()


def renamed(told: Members, names: Mapping[str, str]) -> dict[str, object]:
    """Members of a message under the names that the institution interface has for them."""
    return {ours: told[theirs] for theirs, ours in names.items() if theirs in told}


def spelt(values: Members, names: Mapping[str, str]) -> dict[str, object]:
    """Members of the institution interface as a message spells them: all are text."""
    return {theirs: str(values[ours]) for theirs, ours in names.items() if ours in values}
