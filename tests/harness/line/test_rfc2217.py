"""The words of RFC 2217, cut out of any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.line.rfc2217 import (
    ComPort,
    ComPortCommand,
    Data,
    Negotiation,
    Option,
    Verb,
    Word,
    Words,
    com_port,
    encode_data,
    negotiation,
)

WORDS = st.one_of(
    st.binary(min_size=1, max_size=20).map(Data),
    st.builds(Negotiation, st.sampled_from(Verb), st.integers(0, 255)),
    st.builds(ComPortCommand, st.integers(0, 112), st.binary(max_size=8)),
)


def spelled(word: Word) -> bytes:
    match word:
        case Data(data=data):
            return encode_data(data)
        case Negotiation(verb=verb, option=option):
            return negotiation(verb, option)
        case ComPortCommand(number=number, value=value):
            return com_port(number, value)


def joined(words: list[Word]) -> list[Word]:
    """Adjacent data as one, however it was cut."""
    found: list[Word] = []
    for word in words:
        if isinstance(word, Data) and found and isinstance(found[-1], Data):
            found[-1] = Data(found[-1].data + word.data)
        else:
            found.append(word)
    return found


@given(st.lists(WORDS, max_size=12), st.data())
def test_words_come_back_whatever_the_pieces(words: list[Word], data: st.DataObject) -> None:
    raw = b"".join(map(spelled, words))
    reader, found, at = Words(), list[Word](), 0
    while at < len(raw):
        size = data.draw(st.integers(1, len(raw) - at))
        found += reader.feed(raw[at : at + size])
        at += size
    assert joined(found) == joined(words)


@given(st.lists(st.binary(max_size=600), max_size=6))
def test_garbage_does_no_harm(pieces: list[bytes]) -> None:
    reader = Words()
    for piece in pieces:
        reader.feed(piece)
    end = b"\xff\xf0" + b"\xff\xf0" + b"." + negotiation(Verb.DO, 1)
    assert reader.feed(end)[-1] == Negotiation(Verb.DO, 1)


def test_the_rfcs_own_bytes() -> None:
    """SET-BAUDRATE 9600, RFC 2217 section 3: IAC SB COM-PORT-OPTION SET-BAUDRATE 00 00 25 80 IAC SE."""
    raw = bytes.fromhex("FF FA 2C 01 00 00 25 80 FF F0")
    assert com_port(ComPort.SET_BAUDRATE, (9600).to_bytes(4, "big")) == raw
    assert Words().feed(raw) == [ComPortCommand(1, b"\x00\x00\x25\x80")]


def test_a_value_of_ff_stands_doubled() -> None:
    raw = com_port(ComPort.SET_MODEMSTATE_MASK, b"\xff")
    assert raw == bytes.fromhex("FF FA 2C 0B FF FF FF F0")
    assert Words().feed(raw) == [ComPortCommand(11, b"\xff")]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfa\x18\x01\xff\xf0",
        b"\xff\xfa\xff\xf0",
        b"\xff\xf1",
        b"\xff\xfa" + b"x" * 300 + b"\xff\xf0",
        b"\xff\xfa\x2c\x01\x00\xff\xf9",
    ],
    ids=["terminal-type", "empty", "nop", "endless", "broken-off"],
)
def test_what_is_none_of_use_is_passed_over(raw: bytes) -> None:
    found = Words().feed(raw + b"\xff\xf0" + negotiation(Verb.WILL, Option.ECHO))
    assert found[-1] == Negotiation(Verb.WILL, 1)
    assert not [word for word in found if isinstance(word, ComPortCommand)]
