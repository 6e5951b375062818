"""Message ids: made, read and refused, in each form that a province has."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import BEIJING, BENCH_ORIGIN
from harness.wire.msgid import CODE_DAY, CODE_TIME, TIME_CODE, make_msgid, parse_msgid

FORMS = {
    CODE_TIME: "P63999900001202010140830050007",
    TIME_CODE: "201014083005-P63999900001-0007",
    CODE_DAY: "P6399990000120201014306050007",
}
"""The same message in each."""


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_made_and_comes_apart(form: str) -> None:
    text = make_msgid("P63999900001", at=datetime(2020, 10, 14, 8, 30, 5, tzinfo=BEIJING), seq=7, form=form)
    assert text == FORMS[form]
    parsed = parse_msgid(text, form=form)
    assert (parsed.institution, parsed.at.date().isoformat()) == ("P63999900001", "2020-10-14")
    assert parsed.seq == (306050007 if form == CODE_DAY else 7)


@pytest.mark.parametrize(("form", "other"), [(a, b) for a in FORMS for b in FORMS if a != b])
def test_a_msgid_of_another_form_is_refused(form: str, other: str) -> None:
    with pytest.raises(ValueError, match=r"due|no time"):
        parse_msgid(FORMS[other], form=form)


def test_a_msgid_is_institution_time_and_sequence() -> None:
    at = datetime(2020, 10, 14, 8, 30, 5, tzinfo=BEIJING)
    assert make_msgid("P63999900001", at=at, seq=7) == "P63999900001202010140830050007"
    assert make_msgid("P63999900001EXTRA", at=at, seq=7) == "P63999900001202010140830050007"
    parsed = parse_msgid("P63999900001202010140830050007")
    assert (parsed.institution, parsed.at, parsed.seq) == ("P63999900001", at, 7)


@given(
    seq=st.integers(0, 9999),
    at=st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)).map(  # noqa: DTZ001 - made local below
        lambda moment: moment.replace(microsecond=0, tzinfo=BEIJING)
    ),
)
def test_a_msgid_comes_apart_as_it_was_made(seq: int, at: datetime) -> None:
    text = make_msgid("H63999900001", at=at, seq=seq)
    assert len(text) == 30
    assert str(parse_msgid(text)) == text
    assert parse_msgid(text).at == at


@pytest.mark.parametrize(("code", "seq"), [("P6399", 1), ("P63999900001", 10_000), ("P63999900001", -1)])
def test_no_msgid_of_a_short_code_or_a_long_sequence(code: str, seq: int) -> None:
    with pytest.raises(ValueError, match="no msgid"):
        make_msgid(code, at=BENCH_ORIGIN, seq=seq)


@pytest.mark.parametrize(
    "text", ["", "P63999900001", "P63999900001202013140830000001", "P6399990000120201014083000-001"]
)
def test_a_malformed_msgid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"due|yyyyMMddHHmmss"):
        parse_msgid(text)
