"""What a mutant is: the right behaviour with one member replaced, and how it is described."""

from dataclasses import dataclass

from simulators.his.behaviour import Behaviour


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A defect, in both languages, and what shows it from outside."""

    name: str
    english: str
    chinese: str
    shown_by: str
    behaviour: Behaviour
    kinds: tuple[str, ...] = ("pharmacy",)
    """The kinds of counter whose plan finds it."""
    profile: str = ""
    """The province's profile under which alone it shows; empty: under any."""
