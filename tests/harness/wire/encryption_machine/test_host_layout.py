"""Keys, optional parts and repeated ones."""

import pytest

from harness.wire.encryption_machine.host_fields import Bytes, Constant, Der, Digits, Hex, LayoutError, Number
from harness.wire.encryption_machine.host_layout import (
    Key,
    Layout,
    Optional,
    Repeat,
    When,
    names,
    read_layout,
    write_layout,
)
from harness.wire.encryption_machine.host_messages import (
    ExternalKeyPair,
    ExternalPrivateKey,
    ExternalPublicKey,
    KeyIndex,
    WrappedKey,
)
from harness.wire.encryption_machine.reasons import Reason

PUBLIC = Der(name="public")
PRIVATE = Bytes(name="private", length=Digits.of("4N"))
PAIR: Layout = (Key(name="key", external=(PUBLIC, PRIVATE)),)
SYMMETRIC: Layout = (Key(name="key", schemes={"R": 32, "X": 64, "": 16}),)
SPKI = b"\x30\x03abc"


@pytest.mark.parametrize(
    ("layout", "key", "spelled"),
    [
        (PAIR, KeyIndex(index=0), b"K0000"),
        (PAIR, ExternalKeyPair(public=SPKI, private=b"pp"), b"K9999" + SPKI + b"0002pp"),
        ((Key(name="key", external=(PUBLIC,)),), ExternalPublicKey(public=SPKI), b"K9999" + SPKI),
        ((Key(name="key", external=(PRIVATE,)),), ExternalPrivateKey(private=b"pp"), b"K99990002pp"),
        ((Key(name="key"),), KeyIndex(index=9999), b"K9999"),
        (SYMMETRIC, WrappedKey(scheme="R", wrapped=bytes(16)), b"R" + b"00" * 16),
        (SYMMETRIC, WrappedKey(scheme="X", wrapped=bytes(32)), b"X" + b"00" * 32),
        (SYMMETRIC, WrappedKey(scheme="", wrapped=bytes(8)), b"00" * 8),
    ],
)
def test_keys(layout: Layout, key: object, spelled: bytes) -> None:
    assert write_layout(layout, {"key": key}) == spelled
    assert read_layout(layout, spelled) == {"key": key}


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        (PAIR, KeyIndex(index=9999)),
        (PAIR, ExternalPublicKey(public=SPKI)),
        (PAIR, WrappedKey(scheme="R", wrapped=bytes(16))),
        (SYMMETRIC, WrappedKey(scheme="R", wrapped=bytes(8))),
        (SYMMETRIC, None),
    ],
)
def test_keys_that_have_no_place(layout: Layout, key: object) -> None:
    with pytest.raises(ValueError, match="key"):
        write_layout(layout, {"key": key})


def test_an_unknown_letter_is_a_matter_of_the_scheme_where_there_are_schemes() -> None:
    only_r: Layout = (Key(name="key", schemes={"R": 32}),)
    for layout, reason in ((only_r, Reason.KEY_SCHEME), (PAIR, Reason.BAD_INPUT)):
        with pytest.raises(LayoutError) as caught:
            read_layout(layout, b"Q0000")
        assert caught.value.reason is reason


def test_an_optional_part_with_a_beginning() -> None:
    index = Number(name="index", digits=Digits(count=4))
    layout: Layout = (Optional(starts=b"K", fields=(Constant(text=b"K"), index)), Bytes(name="rest"))
    assert read_layout(layout, b"K0001x") == {"index": 1, "rest": b"x"}
    assert read_layout(layout, b"x") == {"rest": b"x"}
    assert write_layout(layout, {"index": None, "rest": b"x"}) == b"x"
    assert write_layout(layout, {"index": 0, "rest": b"x"}) == b"K0000x"
    with pytest.raises(LayoutError):
        read_layout(layout, b"K00")


def test_a_part_that_hangs_on_a_number() -> None:
    layout: Layout = (
        Number(name="mode", digits=Digits(count=2)),
        When(name="mode", is_not=0, fields=(Hex(name="data", size=4),)),
    )
    assert read_layout(layout, b"00") == {"mode": 0}
    assert read_layout(layout, b"01ABCD") == {"mode": 1, "data": b"\xab\xcd"}
    assert write_layout(layout, {"mode": 0, "data": b""}) == b"00"
    with pytest.raises(ValueError, match="nothing is due"):
        write_layout(layout, {"mode": 0, "data": b"ab"})


def test_repeated_fields() -> None:
    block = Bytes(name="block", length=Digits.of("2N"))
    counted: Layout = (Repeat(name="blocks", count=Digits.of("2N"), maximum=3, fields=(block,)),)
    assert read_layout(counted, b"0201a02bb") == {"blocks": (b"a", b"bb")}
    assert write_layout(counted, {"blocks": (b"a", b"bb")}) == b"0201a02bb"
    assert read_layout(counted, b"00") == {"blocks": ()}
    with pytest.raises(LayoutError):
        read_layout(counted, b"0401a01a01a01a")
    with pytest.raises(ValueError, match="blocks"):
        write_layout(counted, {"blocks": (b"",) * 4})
    rows: Layout = (Repeat(name="rows", fields=(Number(name="a", digits=Digits(count=1)), Bytes(name="b", size=1))),)
    assert read_layout(rows, b"1x2y") == {"rows": ((1, b"x"), (2, b"y"))}
    assert write_layout(rows, {"rows": ((1, b"x"), (2, b"y"))}) == b"1x2y"
    with pytest.raises(ValueError, match="rows"):
        write_layout(rows, {"rows": ((1,),)})


def test_a_repeated_nothing_ends() -> None:
    layout: Layout = (Repeat(name="rows", fields=(Bytes(name="a", size=0),)),)
    with pytest.raises(LayoutError, match="never end"):
        read_layout(layout, b"x")
    counted: Layout = (Repeat(name="rows", count=Digits.of("9N"), fields=(Bytes(name="a", size=0),)),)
    with pytest.raises(LayoutError, match="never end"):
        read_layout(counted, b"999999999")


def test_the_names_of_a_layout_are_those_of_its_values() -> None:
    assert names(PAIR) == {"key"}
    assert names((Constant(name="curve", text=b"07"), Optional(fields=(PUBLIC,)))) == {"public"}


def test_what_is_left_over_is_noticed() -> None:
    with pytest.raises(LayoutError, match="too many"):
        read_layout(PAIR, b"K0001x")
