"""What a host's window receives of what a box types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.line.wedge_keys import Country
from harness.line.wedge_reading import AltCodes, HostKeyboard, InputMethod, KeyReader
from harness.line.wedge_typing import EV_KEY, EV_SYN, INPUT_EVENT, SYN_DROPPED, Beyond, KernelKeyboard, Typist

SCAN = "6201234567890123456789012345\r"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


def stream(text: str, typist: Typist | None = None, lost: frozenset[int] = frozenset()) -> bytes:
    kernel = KernelKeyboard()
    reports = (typist or Typist()).reports(text.encode())
    return b"".join(kernel.events(report) for number, report in enumerate(reports) if number not in lost)


def received(text: str, host: HostKeyboard | None = None, typist: Typist | None = None) -> str:
    return KeyReader(host).feed(stream(text, typist))


@given(PRINTABLE, st.sampled_from(Country), st.integers(1, 100))
def test_box_and_host_of_one_country_agree_whatever_the_pieces(text: str, country: Country, size: int) -> None:
    raw = stream(text, Typist(country=country, beyond=Beyond.DROP))
    reader = KeyReader(HostKeyboard(country=country))
    got = "".join(reader.feed(raw[at : at + size]) for at in range(0, len(raw), size))
    missing = {Country.DE: "^`", Country.IT: "`{}~"}.get(country, "")
    assert got == "".join(character for character in text if character not in missing)


@pytest.mark.parametrize(
    ("sent", "host", "got"),
    [
        (SCAN, HostKeyboard(), SCAN),
        ("]Q1abc\r", HostKeyboard(caps_lock=True), "]q1ABC\r"),
        (SCAN, HostKeyboard(caps_lock=True), SCAN),
        ("620\r", HostKeyboard(country=Country.FR), "-éà\r"),
        ("620\r", HostKeyboard(method=InputMethod.FULL_WIDTH), "６２０\r"),
        ("620\r", HostKeyboard(method=InputMethod.PINYIN), "620\r"),
        ("]Q1620\r", HostKeyboard(method=InputMethod.PINYIN), "]〓620\r"),
        ("abc\r", HostKeyboard(method=InputMethod.PINYIN), "abc"),
        ("ab c\r", HostKeyboard(method=InputMethod.PINYIN), "〓c"),
    ],
)
def test_where_they_disagree(sent: str, host: HostKeyboard, got: str) -> None:
    assert received(sent, host) == got


def test_alt_codes_leak_as_digits_on_linux_and_are_characters_elsewhere() -> None:
    gs = "01\x1d21"
    assert received(gs) == "0102921"
    assert received(gs, HostKeyboard(alt_codes=AltCodes.GBK)) == gs
    assert received("医保\r", HostKeyboard(alt_codes=AltCodes.GBK)) == "医保\r"
    unicode = Typist(beyond=Beyond.ALT_UNICODE)
    assert received("医保\r", HostKeyboard(alt_codes=AltCodes.UNICODE), unicode) == "医保\r"
    assert received("医保\r", HostKeyboard(alt_codes=AltCodes.GBK), Typist(beyond=Beyond.DROP)) == "\r"


def test_without_num_lock_the_keypad_types_nothing() -> None:
    assert received("\x1d1\r", HostKeyboard(num_lock=False)) == "1\r"


def test_lost_reports() -> None:
    assert KeyReader().feed(stream("1123\r", lost=frozenset({1}))) == "123\r"
    assert KeyReader().feed(stream("1234\r", lost=frozenset({2, 3}))) == "134\r"


def test_auto_repeat_and_unknown_keys_are_ignored() -> None:
    raw = b"".join(
        INPUT_EVENT.pack(0, 0, EV_KEY, code, value) for code, value in ((2, 1), (2, 2), (2, 2), (2, 0), (700, 1))
    )
    assert KeyReader().feed(raw) == "1"


def test_locks_turn_while_typing() -> None:
    caps = b"".join(INPUT_EVENT.pack(0, 0, EV_KEY, 58, value) for value in (1, 0))
    reader = KeyReader()
    assert reader.feed(stream("a") + caps + stream("a") + caps + stream("a")) == "aAa"


def test_after_a_loss_in_the_kernel_reading_begins_anew() -> None:
    shift_down = INPUT_EVENT.pack(0, 0, EV_KEY, 42, 1)
    lost = INPUT_EVENT.pack(0, 0, EV_SYN, SYN_DROPPED, 0)
    inside = INPUT_EVENT.pack(0, 0, EV_KEY, 30, 1) + INPUT_EVENT.pack(0, 0, EV_SYN, 0, 0)
    reader = KeyReader()
    assert reader.feed(shift_down + lost + inside + stream("b")) == "b"
    assert reader.dropped == 1


@given(st.binary(max_size=2000), st.sampled_from(InputMethod), st.sampled_from(AltCodes))
def test_any_bytes_do_no_harm(data: bytes, method: InputMethod, alt: AltCodes) -> None:
    KeyReader(HostKeyboard(method=method, alt_codes=alt)).feed(data)


def test_any_keys_do_no_harm() -> None:
    keys = bytearray()
    for code in range(256):
        for value in (1, 2, 0):
            keys += INPUT_EVENT.pack(0, 0, EV_KEY, code, value)
    for method in InputMethod:
        for alt in AltCodes:
            KeyReader(HostKeyboard(method=method, alt_codes=alt)).feed(bytes(keys))
