"""A quick yes to requests that `harness.wire.institution.check` would find nothing wrong with; see `quick_tables`."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from harness.wire.fields import FieldSpec, is_moment, load_toml
from harness.wire.institution import input_nodes
from harness.wire.msgid import CODE_IN_MSGID
from harness.wire.quick_tables import QuickTable

_MSGID = re.compile(r"[0-9A-Za-z]{12}[0-9]{18}\Z")


def surely_well_formed(infno: str, body: Mapping[str, object], *, insuplc_required: bool) -> bool:
    """Whether `check` would surely find nothing; a no means "look closer"."""
    if body.get("infno") != infno or (insuplc_required and not body.get("insuplc_admdvs")):
        return False
    if not _table(infno).surely_fits(body):
        return False
    msgid = str(body["msgid"])
    return (
        _MSGID.match(msgid) is not None
        and str(body["fixmedins_code"])[:CODE_IN_MSGID] == msgid[:CODE_IN_MSGID]
        and _is_stamp(msgid[CODE_IN_MSGID : CODE_IN_MSGID + 14])
    )


@lru_cache(maxsize=1024)
def _is_stamp(digits: str) -> bool:
    """Whether fourteen digits are a moment that exists."""
    day, time = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", f"{digits[8:10]}:{digits[10:12]}:{digits[12:14]}"
    return is_moment(f"{day} {time}", "datetime")


@cache
def _table(infno: str) -> QuickTable:
    rows = load_toml("institution/envelope.toml")["fields"]
    assert isinstance(rows, list)
    return QuickTable([FieldSpec(**row) for row in rows], input_nodes(infno), below="input")
