"""Sealed messages on the page: what they hold stands below them, where the tape has the bench's throw-away keys."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.judge.history import CaseHistory
from harness.line.record import Direction, Kind, Record
from reports import html
from reports.frames import OPENED, show
from reports.html import report_page
from reports.opened import Opens, nothing, opens
from reports.run_folder import read_run_folder
from tests.harness.rules.mobile_tape import ORDER, begun, good_story


def sealed(history: CaseHistory) -> list[Record]:
    return [record for record in history.records if record.kind is Kind.FRAME and b'"encData"' in record.data]


def texts(record: Record, opened: str, *, headers: bool = False) -> list[str]:
    return [line.text for line in show(record, headers=headers, opened=opened).lines]


def test_requests_answers_and_notices_are_opened() -> None:
    history = good_story().history()
    opened = opens(history)
    found = [json.loads(opened(record)) for record in sealed(history)]
    assert len(found) > 10
    assert {"medOrgOrd", "ordStas", "callType", "refStatus"} <= {name for content in found for name in content}
    assert all(opened(record) == "" for record in history.records if record not in sealed(history))


def test_what_is_sealed_stands_below_as_it_was_written() -> None:
    tape = begun()
    tape.query("6", feeSumamt="44.90")
    history = tape.history()
    record = next(r for r in sealed(history) if r.direction is Direction.SENT)
    lines = texts(record, opens(history)(record))
    at = lines.index(OPENED)
    assert '  "feeSumamt": "44.90"' in lines[at:]
    assert any(ORDER in line for line in lines[at:])
    (cipher,) = (line for line in lines[:at] if '"encData"' in line)
    assert "more digits on the tape" in cipher
    (whole,) = (line for line in texts(record, "{}", headers=True) if '"encData"' in line)
    assert "more digits" not in whole
    assert len(whole) > len(cipher)


def test_what_does_not_open_is_left_as_it_is() -> None:
    tape = begun()
    tape.query("6")
    record = next(r for r in sealed(tape.history()) if r.direction is Direction.SENT)
    head, _, body = record.data.partition(b"\r\n\r\n")
    opened = opens(tape.history())
    for spoilt in (b"", b"{}", b'{"encData":5}', b'{"encData":"zz"}', b'{"encData":"00"}', b'"encData"'):
        assert opened(replace(record, data=head + b"\r\n\r\n" + spoilt)) == ""
    assert opened(replace(record, data=body)), "a body alone, as on the line of callbacks"


def test_nothing_is_opened_without_a_key() -> None:
    for terms in ({"secret": ""}, {"centre_key": "no key"}, {"variant": "nobody's"}):
        tape = begun(**terms)
        tape.query("6")
        assert opens(tape.history()) is nothing
    assert opens(None) is nothing


@pytest.mark.parametrize("virtual", [True, False])
def test_with_a_real_device_nothing_is_opened(run_folder: Path, monkeypatch: pytest.MonkeyPatch, virtual: bool) -> None:
    asked: list[str] = []

    def seen(history: CaseHistory | None) -> Opens:
        asked.append(history.case if history else "")
        return nothing

    monkeypatch.setattr(html, "opens", seen)
    run = read_run_folder(run_folder)
    real = replace(run.manifest.devices[0], virtual=virtual)
    report_page(replace(run, manifest=replace(run.manifest, devices=(real, *run.manifest.devices[1:]))))
    assert bool(asked) is virtual, "personal data in it could not be hidden"
