"""A box that types: reports, and the events that the kernel makes of them."""

import struct

import pytest

from harness.line.wedge_keys import LEFT_ALT, LEFT_SHIFT, Country
from harness.line.wedge_typing import EV_KEY, INPUT_EVENT, RELEASED, Beyond, KernelKeyboard, Typist

SCAN = b"6201234567890123456789012345\r"


def events(reports: list[bytes]) -> list[tuple[int, int, int]]:
    kernel = KernelKeyboard()
    raw = b"".join(kernel.events(report, at_ns=1_500_000_000) for report in reports)
    return [(kind, code, value) for _, _, kind, code, value in INPUT_EVENT.iter_unpack(raw)]


def test_28_digits_and_enter_are_58_reports_and_174_events() -> None:
    reports = Typist().reports(SCAN)
    assert len(reports) == 58
    assert len(events(reports)) == 174


def test_a_key_is_pressed_and_released() -> None:
    assert Typist().reports(b"1A") == [
        bytes([0, 0, 0x1E, 0, 0, 0, 0, 0]),
        RELEASED,
        bytes([LEFT_SHIFT, 0, 0x04, 0, 0, 0, 0, 0]),
        RELEASED,
    ]


def test_the_bytes_of_an_event() -> None:
    """`struct input_event` on a 64-bit machine, as evtest shows A pressed: EV_MSC, EV_KEY 30, EV_SYN."""
    raw = KernelKeyboard().events(bytes([0, 0, 4, 0, 0, 0, 0, 0]), at_ns=1_000_002_000)
    assert raw == b"".join(struct.pack("<qqHHi", 1, 2, *event) for event in ((4, 4, 0x70004), (1, 30, 1), (0, 0, 0)))


def test_shift_is_pressed_before_its_key_in_one_report() -> None:
    keys = [(code, value) for kind, code, value in events(Typist().reports(b"A")) if kind == EV_KEY]
    assert keys == [(42, 1), (30, 1), (42, 0), (30, 0)]


def test_a_lost_release_swallows_the_same_key_pressed_again() -> None:
    reports = Typist().reports(b"11")
    pressed = [code for kind, code, value in events([reports[0], *reports[2:]]) if kind == EV_KEY and value == 1]
    assert pressed == [2]


@pytest.mark.parametrize(
    ("text", "beyond", "codes"),
    [
        ("\x1d", Beyond.ALT_GBK, ["029"]),
        ("4\x1d", Beyond.ALT_UNICODE, ["029"]),
        ("医", Beyond.ALT_GBK, ["53949"]),
        ("医", Beyond.ALT_UNICODE, ["21307"]),
        ("医\x1d", Beyond.DROP, []),
        ("\N{GRINNING FACE}", Beyond.ALT_GBK, []),
    ],
)
def test_beyond_the_keyboard(text: str, beyond: Beyond, codes: list[str]) -> None:
    strokes = Typist(beyond=beyond).strokes(text.encode())
    digits = "".join(
        "1234567890"[s.usage - 0x59] if s.modifiers == LEFT_ALT else " " for s in strokes if s.usage != 0x21
    )
    assert digits.split() == codes


def test_everything_by_alt_codes_costs_more_reports_and_holds_alt_over_a_code() -> None:
    reports = Typist(always_alt=True).reports(b"0")
    assert [report[0] for report in reports] == [LEFT_ALT] * 6 + [0]
    assert [report[2] for report in reports] == [0x62, 0, 0x5C, 0, 0x60, 0, 0]


@pytest.mark.parametrize("report", [b"", b"\x00" * 7, b"\x00" * 64, bytes([0, 0, 1, 1, 1, 1, 1, 1])])
def test_what_is_no_boot_report_makes_no_event(report: bytes) -> None:
    assert KernelKeyboard().events(report) == b""


def test_usages_without_a_key_code_are_let_pass() -> None:
    kinds = [kind for kind, _, _ in events([bytes([0, 0, 0xDD, 0, 0, 0, 0, 0]), RELEASED])]
    assert EV_KEY not in kinds


def test_a_country_without_the_key_goes_beyond() -> None:
    assert Typist(country=Country.IT, beyond=Beyond.DROP).reports(b"{") == []
