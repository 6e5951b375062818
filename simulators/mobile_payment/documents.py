"""Orders and authorisations as documents of the store, and back; people and institutions stand in them by number."""

from collections.abc import Mapping
from functools import cache

import msgspec

from fixtures.population import Institution, Person, institutions, people
from simulators.mobile_payment.auths import Authorisation
from simulators.mobile_payment.orders import Order

Body = Mapping[str, object]


def order_body(order: Order) -> Body:
    """An order as a document."""
    leg = order.leg
    return {
        **_by_number(vars(order)),
        "leg": leg and {**vars(leg), "sender": _by_number(vars(leg.sender))},
    }


def read_order(body: Body) -> Order:
    """The order of a document. Raises ValueError for one that names nobody here."""
    leg = body["leg"]
    if isinstance(leg, Mapping):
        leg = {**leg, "sender": _found(leg["sender"])}
    return msgspec.convert({**_found(body), "leg": leg}, Order)


def authorisation_body(given: Authorisation) -> Body:
    """An authorisation as a document."""
    return _by_number(vars(given))


def read_authorisation(body: Body) -> Authorisation:
    """The authorisation of a document. Raises ValueError for one that names nobody here."""
    return msgspec.convert(_found(body), Authorisation)


def _by_number(fields: Body) -> dict[str, object]:
    named = dict(fields)
    if isinstance(person := named.get("person"), Person):
        named["person"] = person.id_no
    if isinstance(institution := named.get("institution"), Institution):
        named["institution"] = institution.code
    return named


def _found(fields: Body) -> dict[str, object]:
    found = dict(fields)
    for name, register in (("person", _people()), ("institution", _institutions())):
        if name in found:
            number = str(found[name])
            if number not in register:
                raise ValueError(f"there is no {name} {number} in this population")
            found[name] = register[number]
    return found


@cache
def _people() -> Mapping[str, object]:
    return {person.id_no: person for person in people()}


@cache
def _institutions() -> Mapping[str, object]:
    return {institution.code: institution for institution in institutions()}
