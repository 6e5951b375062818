"""What the dialects of the signature server do alike: lengths that must agree, choices, messages made of values."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from harness.wire.encryption_machine.reasons import Reason
from harness.wire.encryption_machine.svs import RequestType, SvsReply, SvsRequest, VerifiedReply, makers
from harness.wire.encryption_machine.svs_profile import MAX_INTEGER, SvsField

Value = int | bool | str | bytes


class FieldError(Exception):
    """A field that is not as its table says."""

    def __init__(self, wire: str, text: str, reason: Reason) -> None:
        super().__init__(wire, text, reason)
        self.wire = wire
        self.text = text
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.wire}: {self.text}"


def to_write(
    layout: tuple[SvsField, ...], message: SvsRequest | SvsReply, given: Mapping[str, object] | None = None
) -> Iterator[tuple[SvsField, Value]]:
    """The fields that go onto the line, with their values. Raises ValueError for a message that has no spelling."""
    values = vars(message)
    if absent := _unspelled(layout, message, given or {}):
        raise ValueError(f"{absent} cannot be told in this dialect")
    for part in layout:
        match part.form:
            case "length":
                counted = values[part.of]
                if counted is not None:
                    yield part, len(counted)
            case "choice":
                chosen = [number for number, name in (part.options or {}).items() if values[name] is not None]
                if len(chosen) != 1:
                    raise ValueError(f"{part.wire}: exactly one of {', '.join((part.options or {}).values())} is due")
                yield part, chosen[0]
            case _:
                value = values[part.name]
                if value is None:
                    if not part.optional:
                        raise ValueError(f"{part.wire} is due")
                    continue
                if part.form == "integer" and not 0 <= value < MAX_INTEGER:
                    raise ValueError(f"{part.wire}: {value} is no number of 0 to {MAX_INTEGER - 1}")
                if part.values is not None:
                    value = part.values.get(value, value)
                yield part, value


def made(
    layout: tuple[SvsField, ...],
    found: Mapping[str, Value],
    type_: RequestType,
    *,
    reply: bool,
    given: Mapping[str, object] | None = None,
) -> SvsRequest | SvsReply:
    """The message of the values found, by wire name. Raises FieldError."""
    values: dict[str, object] = dict(given or {})
    for part in layout:
        if part.form in {"length", "choice"}:
            continue
        if part.wire in found:
            value = found[part.wire]
            if part.values is not None and isinstance(value, int):
                value = {theirs: ours for ours, theirs in part.values.items()}.get(value, value)
            _check_size(part, value)
            values[part.name] = value
        elif not part.optional:
            raise FieldError(part.wire, "it is missing", part.reason)
    for part in layout:
        if part.wire not in found:
            if part.form == "choice":
                raise FieldError(part.wire, "it is missing", part.reason)
            continue
        number = found[part.wire]
        if part.form == "length":
            counted = values.get(part.of, b"")
            size = len(counted) if isinstance(counted, str | bytes) else 0
            if number != size:
                raise FieldError(part.wire, f"it says {number!r}, there are {size} bytes", part.reason)
        elif part.form == "choice":
            _choose(part, number, values)
    request_maker, reply_maker = makers(type_)
    if not reply:
        return request_maker(**values)
    return VerifiedReply() if reply_maker is VerifiedReply else reply_maker(**values)


def _unspelled(layout: tuple[SvsField, ...], message: SvsRequest | SvsReply, given: Mapping[str, object]) -> str:
    """The first field of a message that says more than its default and has no place in the layout; "" for none.

    What is given without being said may be said only as it is given; a PIN that the server holds is not compared.
    """
    known = {part.name for part in layout} | {"part"}
    told = vars(message)
    for own in fields(message):
        if own.name in known or (own.name in given and isinstance(given[own.name], bytes)):
            continue
        if told[own.name] != given.get(own.name, own.default):
            return own.name
    return ""


def _check_size(part: SvsField, value: Value) -> None:
    if part.maximum is not None and isinstance(value, str | bytes) and len(value) > part.maximum:
        raise FieldError(part.wire, f"{len(value)} bytes are more than {part.maximum}", Reason.DATA_LENGTH)


def _choose(part: SvsField, number: object, values: dict[str, object]) -> None:
    options = part.options or {}
    name = options.get(number) if isinstance(number, int) else None
    if name is None:
        raise FieldError(part.wire, f"{number!r} is none of {sorted(options)}", part.reason)
    if values.get(name) is None:
        raise FieldError(part.wire, f"it promises {name}, which is missing", part.reason)
    for other in options.values():
        if other != name:
            values.pop(other, None)
