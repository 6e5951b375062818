"""A msgid that has its answer, where the platform does it once more."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.wire.institution import decode
from simulators.platform.attempts import booked_by, key_of, msgid_of, next_attempt
from simulators.platform.settings import PlatformSettings, RepeatedMsgid
from tests.simulators.insurer_rig import PHARMACY
from tests.simulators.platform.test_statements import (
    CENTRE,
    LEVEL,
    PATIENTS,
    line_of,
    result_of_details,
    result_of_totals,
    totals,
)
from tests.simulators.platform_office import Office, open_office
from tests.simulators.platform_rigs import purchase

P = PATIENTS[0]
REUSED = "981007"


@pytest.fixture
def office() -> Iterator[Office]:
    opened = open_office(PlatformSettings(token_check=False, repeated_msgid=RepeatedMsgid.PROCESS_AGAIN))
    opened.sign_in(PHARMACY)
    yield opened
    opened.close()


def read(raw: bytes) -> dict[str, Any]:
    return dict(decode(raw))


def msgid_in(raw: bytes) -> str:
    return str(decode(raw)["msgid"])


def reversal(office: Office, msgid: str) -> str:
    data = {"psn_no": P.psn_no, "omsgid": msgid, "oinfno": "2102"}
    answer = office.call("2601", {"data": data}, PHARMACY)
    return str(answer["infcode"]) if answer["infcode"] == 0 else str(answer["warn_msg"])


def standing(office: Office) -> list[str]:
    return [s.setl_id for s in office.ledger.settlements() if s.infno == "2102" and office.ledger.in_force(s.setl_id)]


def test_the_books_have_it_twice_and_the_reconciliation_lists_the_difference(office: Office) -> None:
    sent = office.request("2102", purchase(P, "A000001"), PHARMACY)
    first, second = (read(office.answer(sent))["output"] for _ in range(2))
    assert first["setlinfo"]["setl_id"] != second["setlinfo"]["setl_id"]
    assert first["setlinfo"]["medins_setl_id"] == second["setlinfo"]["medins_setl_id"] == msgid_in(sent)
    assert [(s.infno, msgid_of(s.msgid)) for s in office.ledger.settlements()] == [("2102", msgid_in(sent))] * 2
    assert sum(office.ledger.totals().values()) == 0
    known = [line_of(second)]
    told = totals(known, clr_type="41", insutype=P.insutype)
    assert result_of_totals(office, PHARMACY, told) == CENTRE
    (difference,) = result_of_details(office, PHARMACY, known, told)
    named = (difference.code, difference.setl_id, difference.msgid)
    assert named == (CENTRE, first["setlinfo"]["setl_id"], msgid_in(sent))
    both = [line_of(first), line_of(second)]
    assert result_of_totals(office, PHARMACY, totals(both, clr_type="41", insutype=P.insutype)) == LEVEL


def test_a_reversal_takes_back_the_newest_that_stands(office: Office) -> None:
    before = office.ledger.balance(P.psn_no)
    sent = office.request("2102", purchase(P, "A000001"), PHARMACY)
    ids = [read(office.answer(sent))["output"]["setlinfo"]["setl_id"] for _ in range(3)]
    assert standing(office) == ids
    for left in (ids[:2], ids[:1], []):
        assert reversal(office, msgid_in(sent)) == "0"
        assert standing(office) == left
    assert reversal(office, msgid_in(sent)) != "0"
    assert office.ledger.balance(P.psn_no) == before


def test_what_may_be_done_once_is_refused_the_second_time(office: Office) -> None:
    bought = office.done("2102", purchase(P, "A000001"), PHARMACY)
    keys = {name: bought["setlinfo"][name] for name in ("setl_id", "mdtrt_id", "psn_no")}
    sent = office.request("2103", {"data": keys}, PHARMACY)
    assert [read(office.answer(sent))["infcode"] for _ in range(2)] == [0, -1]


def test_a_refusal_is_tried_anew(office: Office) -> None:
    nobody = {**purchase(P, "A000001")}
    nobody["druginfo"] = {**dict(nobody["druginfo"]), "psn_no": "639999000000009999"}  # type: ignore[call-overload]  # an object
    sent = office.request("2102", nobody, PHARMACY)
    for _ in range(2):
        assert read(office.answer(sent))["infcode"] == -1
    assert next_attempt(office.ledger, msgid_in(sent)) == 3
    assert booked_by(office.ledger, msgid_in(sent)) is None


@pytest.mark.parametrize("infno", ["2101", "2102"])
def test_other_content_is_refused_all_the_same(office: Office, infno: str) -> None:
    sent = office.request(infno, purchase(P, "A000001"), PHARMACY)
    assert read(office.answer(sent))["infcode"] == 0
    other = sent.replace(b"A000001", b"A000002")
    assert read(office.answer(other))["warn_msg"] == REUSED
    assert read(office.answer(sent))["infcode"] == 0
    assert len(standing(office)) == (2 if infno == "2102" else 0)


def test_two_at_once_are_done_one_after_the_other(office: Office) -> None:
    sent = office.request("2102", purchase(P, "A000001"), PHARMACY)
    assert office.platform._current is not None
    dispatcher = office.platform._current[1]

    async def both() -> list[bytes]:
        return list(await asyncio.gather(*(dispatcher.answer(sent, called=None) for _ in range(2))))

    ids = [read(reply)["output"]["setlinfo"]["setl_id"] for reply in office.runner.run(both())]
    assert sorted(ids) == standing(office)
    assert len(set(ids)) == 2


def test_attempts_go_on_after_a_restart(tmp_path: Path) -> None:
    settings = PlatformSettings(
        token_check=False, repeated_msgid=RepeatedMsgid.PROCESS_AGAIN, ledger=str(tmp_path / "books.db")
    )
    first = open_office(settings)
    first.sign_in(PHARMACY)
    sent = first.request("2102", purchase(P, "A000001"), PHARMACY)
    first.answer(sent)
    first.close()
    second = open_office(settings)
    second.answer(sent)
    keys = [settlement.msgid for settlement in second.ledger.settlements()]
    assert keys == [key_of(msgid_in(sent), attempt) for attempt in (1, 2)]
    second.close()


def test_attempts_of_two_processes_go_on_from_each_others(tmp_path: Path) -> None:
    settings = PlatformSettings(
        token_check=False, repeated_msgid=RepeatedMsgid.PROCESS_AGAIN, ledger=str(tmp_path / "books.db")
    )
    first, second = open_office(settings), open_office(settings)
    first.sign_in(PHARMACY)
    sent = first.request("2102", purchase(P, "A000001"), PHARMACY)
    ids = [read(office.answer(sent))["output"]["setlinfo"]["setl_id"] for office in (first, second, first, second)]
    assert standing(first) == standing(second) == ids
    assert len(set(ids)) == 4
    assert reversal(first, msgid_in(sent)) == "0"
    assert standing(second) == ids[:3]
    for office in (first, second):
        office.close()
