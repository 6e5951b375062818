"""Compiled layouts say what the fields themselves say, of whole messages and of spoiled ones, in every profile."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.encryption_machine.host_compiled import Compiled, read_values, write_values
from harness.wire.encryption_machine.host_fields import Bytes, Constant, Digits, LayoutError, Number, Text
from harness.wire.encryption_machine.host_layout import Key, Layout, read_layout, write_layout
from harness.wire.encryption_machine.host_messages import KeyIndex
from harness.wire.encryption_machine.profile import load_host_profile, offered_host_profiles

LAYOUTS = [
    layout
    for name in offered_host_profiles()
    for spec in load_host_profile(name).commands.values()
    for layout in (spec.request, spec.reply)
]
PIECES = st.sampled_from(
    [
        b"20",
        b"07",
        b"00",
        b"0016",
        b"0002",
        b"ab",
        b";",
        b"K",
        b"0001",
        b"9999",
        b"0",
        b"0_1",
        b" 12",
        b"+12",
        b"R",
        b"\xff",
    ]
)
HAND_MADE = Compiled(
    (
        Constant(text=b"20"),
        Constant(text=b"07"),
        Bytes(name="user", length=Digits(count=4), maximum=32),
        Constant(text=b";"),
        Number(name="size", digits=Digits(count=3, base=16), minimum=1, maximum=2000),
        Text(name="text", size=3),
        Bytes(name="data", length=Digits(count=2, base=256)),
        Key(name="key"),
        Constant(text=b"0"),
    )
)
VALUES = {"user": b"ab", "size": 255, "text": "a~ ", "data": b"xyz", "key": KeyIndex(index=7)}
SPELLED = b"20070002ab;0FFa~ \x00\x03xyzK00070"


def said(layout: Layout, data: bytes, *, quickly: bool) -> object:
    try:
        return read_values(layout, data) if quickly else read_layout(layout, data)
    except LayoutError as error:
        return error.args


def test_a_whole_message_is_read_and_spelled_without_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HAND_MADE.plain(SPELLED) == VALUES
    assert write_values(HAND_MADE, VALUES) == SPELLED
    assert read_values(tuple(HAND_MADE), SPELLED) == VALUES
    assert write_values(tuple(HAND_MADE), VALUES) == SPELLED


@pytest.mark.parametrize("count", range(len(SPELLED)))
def test_every_spoiled_byte_is_complained_of_as_ever(count: int) -> None:
    for data in (
        SPELLED[:count],
        SPELLED[:count] + b"\xff" + SPELLED[count + 1 :],
        SPELLED[:count] + b"9" + SPELLED[count + 1 :],
        SPELLED[:count] + SPELLED[count + 1 :],
        SPELLED[:count] + b" " + SPELLED[count:],
    ):
        assert said(HAND_MADE, data, quickly=True) == said(HAND_MADE, data, quickly=False), data


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(LAYOUTS), st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=12).map(b"".join))
def test_any_bytes_are_read_alike(layout: Layout, data: bytes) -> None:
    assert isinstance(layout, Compiled)
    assert said(layout, data, quickly=True) == said(layout, data, quickly=False)


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, 9999), st.integers(-1, 3000))
def test_values_are_spelled_alike_or_refused_alike(user: bytes, index: int, size: int) -> None:
    values = {**VALUES, "user": user, "key": KeyIndex(index=index), "size": size}

    def spelled(*, quickly: bool) -> object:
        try:
            return write_values(HAND_MADE, values) if quickly else write_layout(HAND_MADE, values)
        except ValueError as error:
            return str(error)

    assert spelled(quickly=True) == spelled(quickly=False)


def test_a_key_reference_is_made_once() -> None:
    first, second = HAND_MADE.plain(SPELLED), HAND_MADE.plain(SPELLED)
    assert first is not None
    assert second is not None
    assert first["key"] is second["key"]
    assert first is not second
