"""Trace codes at the counter: what was scanned is listed, by line and pack; bad ones are said; kept in the records."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulators.his.behaviour import Behaviour
from simulators.his.journal import Journal
from simulators.his.records import Record, Records
from simulators.his.sale import SaleLine, read_sale
from simulators.his.trace_codes import trace_members
from tests.simulators.his.conftest import basket
from tests.simulators.his.test_his_gateway import told

LINE = SaleLine(code="XP000001", name="x", price="1.00", quantity="2", amount=200, level="01", trace_codes=("81", "82"))
NEWER, RIGHT = told("unnamed-newer"), Behaviour()


def flags(line: SaleLine) -> list[tuple[str, str, str]]:
    """Code, trdn_flag and min_prcunt_type of each entry."""
    entries: Any = trace_members("2102", [("A1001", line)], NEWER, RIGHT).get("drug_trac_info", [])
    assert all(entry["feedetl_sn"] == "A1001" for entry in entries)
    return [(entry["drug_trac_codg"], entry["trdn_flag"], entry["min_prcunt_type"]) for entry in entries]


def test_one_entry_a_pack() -> None:
    assert flags(LINE) == [("81", "0", "2"), ("82", "0", "2")]


def test_of_a_fraction_the_last_pack_is_opened() -> None:
    assert flags(replace(LINE, quantity="1.5", amount=150)) == [("81", "0", "2"), ("82", "1", "1")]


@pytest.mark.parametrize("line", [replace(LINE, trace_codes=()), replace(LINE, amount=-200)])
def test_services_and_returns_have_none(line: SaleLine) -> None:
    assert trace_members("2102", [("A1001", line)], NEWER, RIGHT) == {}


@pytest.mark.parametrize("infno", ["2101", "2206", "2304"])
def test_other_transactions_have_none(infno: str) -> None:
    assert trace_members(infno, [("A1001", LINE)], NEWER, RIGHT) == {}


def test_elsewhere_there_are_none() -> None:
    assert trace_members("2102", [("A1001", LINE)], told("qinghai"), RIGHT) == {}


@pytest.mark.parametrize("codes", ["81", [81], [""], {"81": 1}, [None], 7])
def test_codes_that_are_no_list_of_texts_are_said(codes: object) -> None:
    command = basket()
    command["lines"][0]["trace_codes"] = codes
    with pytest.raises(ValueError, match="trace_codes"):
        read_sale(command)


def test_a_record_to_pay_keeps_them(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    records = Records(journal)
    record = records.records.put(Record(order="F1", registration="R1", lines=(LINE,)))
    assert records.records.get("F1") == record
    journal.close()


def test_a_record_from_before_there_were_any_is_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    records = Records(journal)
    records.records.put(Record(order="F1", registration="R1", lines=(LINE,)))
    body = journal.document("record", "F1")
    assert body is not None
    journal.keep("record", "F1", body.replace(', "trace_codes": ["81", "82"]', ""))
    found = records.records.get("F1")
    assert found is not None
    assert found.lines == (replace(LINE, trace_codes=()),)
    journal.close()
