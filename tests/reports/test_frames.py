"""Records read as they were on the wire, and the offending field is found."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.line.record import Direction, Kind, Record, event_data
from reports.frames import filled, marked, show


def frame(data: bytes, channel: str = "platform.http#1", direction: Direction = Direction.RECEIVED) -> Record:
    return Record(seq=5, at_ns=0, real_ns=0, kind=Kind.FRAME, direction=direction, channel=channel, data=data)


def text(record: Record) -> str:
    return "\n".join(line.text for line in show(record).lines)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"


def test_numbers_order_and_double_members_stay_as_they_were() -> None:
    body = b'{"z": 12.50, "a": 1E+2, "a": 007e, "n": null}'.replace(b"007e", b"-0.0")
    assert text(frame(HEAD + body)).endswith('\n\n{\n  "z": 12.50,\n  "a": 1E+2,\n  "a": -0.0,\n  "n": null\n}')


def test_headers_can_be_left_out() -> None:
    record = frame(HEAD + b"{}")
    assert [line.text for line in show(record, headers=False).lines] == ["HTTP/1.1 200 OK", "", "{}"]
    assert show(record).lines[1].text == "content-type: application/json"


def test_gbk_is_read_and_said_to_be_so() -> None:
    shown = text(frame(HEAD + '{"err_msg": "余额不足"}'.encode("gbk")))
    assert "not UTF-8; read as GBK" in shown
    assert "余额不足" in shown


def test_rubbish_is_shown_in_hex_and_cut() -> None:
    shown = text(frame(HEAD + b"\xff\xfe\x00" * 400))
    assert "0000  ff fe 00" in shown
    assert "(688 more bytes)" in shown


def test_an_image_is_named_and_not_dumped() -> None:
    shown = text(frame(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n" + b"\x89PNG" * 1000))
    assert shown.splitlines()[-1] == "(image/png, 4000 bytes)"


def test_a_scan_is_shown_as_text_and_bytes() -> None:
    shown = show(frame(b"42\r", "scanner.serial", Direction.SENT))
    assert next(line.text for line in shown.lines) == "42<CR>"
    assert shown.lines[1].text.startswith("0000  34 32 0d")


def test_an_event_shows_its_times_for_people() -> None:
    data = event_data("code-issued", {"expires_ns": 1602635460_000_000_000})
    record = Record(
        seq=1, at_ns=0, real_ns=0, kind=Kind.EVENT, direction=Direction.NONE, channel="voucher-centre", data=data
    )
    assert "2020-10-14 08:31:00" in text(record)
    assert show(record).title == "voucher-centre: code-issued"


@given(st.binary(max_size=200), st.sampled_from(["platform.http#1", "counter", "scanner.serial", "x.tcp"]))
def test_any_bytes_can_be_shown(data: bytes, channel: str) -> None:
    shown = show(frame(data, channel))
    assert all("\n" not in line.text and "\x1b" not in line.text for line in shown.lines)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_shown_json_means_what_the_body_means(value: object) -> None:
    shown = show(frame(json.dumps(value).encode(), "counter"))
    assert json.loads("\n".join(line.text for line in filled(shown, 60).lines)) == value
    assert json.loads("\n".join(line.text for line in shown.lines)) == value


DRUGINFO = {"medfee_sumamt": "25.00", "acct_used_flag": "1", "psn_no": "25.00"}
BODY = {
    "infno": "2102",
    "msgid": "P63999900001202010140830000004",
    "input": {"druginfo": DRUGINFO, "drugdetail": [{"pric": 1}, {"pric": "x"}]},
}


@pytest.mark.parametrize(
    ("expected", "seen", "lit"),
    [
        ("medfee_sumamt 24.00", "medfee_sumamt 25.00", ["medfee_sumamt"]),
        ("24.00", "25.00", ["medfee_sumamt", "psn_no"]),
        ("acct_used_flag present", "acct_used_flag: missing", ["acct_used_flag"]),
        ("one settlement", "two", []),
        ("0", "1", []),
        ("a 2601 naming P63999900001202010140830000004", "neither", ["msgid"]),
        ("druginfo.medfee_sumamt is 24.00", "it is 25.00", ["medfee_sumamt"]),
        ("druginfo: an object", "nothing", ["druginfo"]),
        ("input.druginfo.med_type: a code", "nothing", ["druginfo"]),
        ("drugdetail[1].pric: a number", "'x'", ["pric"]),
    ],
)
def test_the_offending_field_is_lit(expected: str, seen: str, lit: list[str]) -> None:
    shown = marked(show(frame(HEAD + json.dumps(BODY).encode())), expected=expected, seen=seen)
    assert [line.key for line in shown.lines if line.lit] == lit
    assert [line.key for line in filled(shown, 200).lines if line.lit] == lit


def test_filled_lines_are_fewer_and_not_too_long() -> None:
    shown = show(frame(json.dumps({f"name{i}": i for i in range(30)}).encode(), "counter"))
    lines = filled(shown, 60).lines
    assert len(lines) < 15
    assert max(len(line.text) for line in lines) <= 60
