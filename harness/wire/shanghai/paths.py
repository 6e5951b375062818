"""Where a wrong field of a translated request stands in the message: `input.data.psn_no` is `xxnr.personno`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from harness.wire.fields import FieldProblem
from harness.wire.shanghai.names import ENVELOPE
from harness.wire.shanghai.transactions import FORMS

_PLACE = re.compile(r"input\.(?P<node>\w+)(?P<row>\[\d+\])?(\.(?P<name>\w+))?\Z")
_OUTSIDE = {**{ours: theirs for theirs, ours in ENVELOPE.items()}, "insuplc_admdvs": "xxnr.insuplc"}
_OUTSIDE |= {"opter_type": "xxnr.czylx", "input": "xxnr"}


def in_message(infno: str, problems: Iterable[FieldProblem]) -> tuple[FieldProblem, ...]:
    """The problems by the message's own names, each once: what all rows share stands in the message once."""
    named = (replace(problem, path=_path(infno, problem.path)) for problem in problems)
    return tuple({problem.path: problem for problem in named}.values())


def _path(infno: str, path: str) -> str:
    place = _PLACE.match(path)
    if place is None:
        return _OUTSIDE.get(path, path)
    node, row, name = place["node"], place["row"] or "", place["name"] or ""
    rows, inside, shared = _names(infno).get(node, ("", {}, {}))
    if name in shared:
        return f"xxnr.{shared[name]}"
    where = f".{rows}{row}" if rows else ""
    return f"xxnr{where}" + (f".{inside.get(name, name)}" if name else "")


@cache
def _names(infno: str) -> Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]]:
    """For each node of an input: the member with its rows, and the message's names of what each row has and shares."""
    return {
        node.name: (
            node.rows,
            {ours: theirs for theirs, ours in node.members.items()},
            {ours: theirs for theirs, ours in node.shared.items()},
        )
        for node in (FORMS[infno].input if infno in FORMS else ())
    }
