"""The kinds of counter by the name that `python -m simulators.his KIND` takes."""

from collections.abc import Mapping
from types import MappingProxyType

from simulators.his.equipment import CounterKind
from simulators.his.hall import Hall
from simulators.his.hospital import Hospital
from simulators.his.pharmacy import Pharmacy

KINDS: Mapping[str, CounterKind] = MappingProxyType(
    {"pharmacy": Pharmacy, "hospital": Hospital, "hall": Hall, "pharmacy-tls": Pharmacy}
)
"""`pharmacy-tls` is a pharmacy, its mutants are those that only a bench with TLS sees."""
