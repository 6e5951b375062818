"""Who and what an institution has registered: departments (科室对照), medical staff (医护人员对码), operators.

Of an institution that the register has, what is not in it is refused, as platforms do until codes are mapped. A code
with an empty national code is registered and not mapped (缺少国家码). Institutions that it lacks are not looked at.
Which members are compared is by their names; the form of the file is our own design.

    [H63999900001]
    operators = ["C0001"]
    departments = { D01 = "A03.01" }
    staff = { DR01 = "D639999000001", DR02 = "" }
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import ConfigError
from harness.wire.fields import is_array, is_object
from harness.wire.institution import SIGN_IN
from simulators.platform.call import Call
from simulators.platform.refusals import RefusedError

DEPARTMENT = ("dept_code", "_dept_codg")
STAFF = ("atddr_no", "dise_dor_no", "_dr_codg", "_dr_code")
"""How the names of members end that have a code of a department, of a doctor or nurse."""


@dataclass(frozen=True, kw_only=True)
class Staff:
    """One institution's: operators, and the national code of each department and of each of the staff."""

    operators: frozenset[str]
    departments: Mapping[str, str]
    staff: Mapping[str, str]


@cache
def register_of(path: str) -> Mapping[str, Staff]:
    """The register of a file, by institution. Raises ConfigError."""
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return {code: _staff(row) for code, row in found.items()}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The register of staff {path} cannot be used: {error}.",
            cause="the file is not there, or is not of the form that docs/institution-interface.md shows",
            remedy="correct staff_register, or the file; without it every code is taken",
        ) from error


def require_registered(register: Mapping[str, Staff], call: Call) -> None:
    """Raises RefusedError that names every code of the kind which is not registered, or has no national code."""
    known = register.get(call.institution.code)
    if known is None:
        return
    operators = {call.operator, *_of(call.data, ("opter_no",))} if call.infno == SIGN_IN else {call.operator}
    if unknown := sorted(operators - known.operators):
        raise RefusedError("operator-unregistered", codes="、".join(unknown))
    for why, ends, mapped in (
        ("department-unmapped", DEPARTMENT, known.departments),
        ("staff-unmapped", STAFF, known.staff),
    ):
        codes = sorted(set(_of(call.data, ends)))
        if unknown := [code for code in codes if code not in mapped]:
            raise RefusedError(why, codes="、".join(unknown))
        if without := [code for code in codes if not mapped[code]]:
            raise RefusedError("national-code-missing", codes="、".join(without))


def _of(value: object, ends: tuple[str, ...]) -> Iterator[str]:
    """The codes that stand anywhere in an input under a name with such an end."""
    left = [value]
    while left:
        one = left.pop()
        if is_array(one):
            left += one
        elif is_object(one):
            yield from (code for name, code in one.items() if isinstance(code, str) and code and name.endswith(ends))
            left += one.values()


def _staff(row: object) -> Staff:
    if not is_object(row) or set(row) - {"operators", "departments", "staff"}:
        raise ValueError("an institution has operators, departments and staff, and nothing else")
    operators = row.get("operators", [])
    tables = [row.get(name, {}) for name in ("departments", "staff")]
    if not is_array(operators) or not all(is_object(table) for table in tables):
        raise ValueError("operators is a list; departments and staff are tables of national codes")
    departments, staff = ({str(k): str(v) for k, v in table.items()} for table in tables if is_object(table))
    return Staff(operators=frozenset(map(str, operators)), departments=departments, staff=staff)
