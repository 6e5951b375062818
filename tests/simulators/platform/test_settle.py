"""2101 and 2102: amounts, refusals, the password, and what stands on the tape."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from harness.line.record import Direction
from harness.wire.institution import amount, check_reply, decode
from simulators.platform.settings import AmountsAs, PlatformSettings
from tests.simulators.insurer_rig import LINES, OTHER_PHARMACY, PEOPLE, Rig, reset_rig

P1, P2, P4, P9 = (PEOPLE[name] for name in ("P001", "P002", "P004", "P009"))


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    reset_rig(shared_rig).sign_in()
    return shared_rig


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def in_background(rig: Rig, pool: ThreadPoolExecutor, body: object) -> Future[dict[str, Any]]:
    def post() -> dict[str, Any]:
        with httpx.Client(trust_env=False, timeout=60) as client:
            return rig.send(body, client=client)

    return pool.submit(post)


def paid(answer: dict[str, Any]) -> tuple[str, str, str, str]:
    info = answer["output"]["setlinfo"]
    return info["medfee_sumamt"], info["fund_pay_sumamt"], info["acct_pay"], info["psn_cash_pay"]


# --- amounts --------------------------------------------------------------------------------------------


def test_pre_settlement_books_nothing_and_settlement_comes_to_the_same(rig: Rig) -> None:
    token = rig.token(P1)
    before = rig.call("2101", rig.purchase(P1, token=token))
    assert check_reply("2101", before) == ()
    assert "setl_id" not in before["output"]["setlinfo"]
    assert rig.balance(P1) == 200_000
    assert rig.events("booked") == []
    after = rig.settle(P1, token=token)
    assert check_reply("2102", after) == ()
    assert paid(before) == paid(after) == ("44.98", "13.37", "31.61", "0.00")
    assert before["output"]["detlcutinfo"] == after["output"]["detlcutinfo"]
    assert rig.balance(P1) == 200_000 - 3161
    (presettled,) = rig.events("presettled")
    assert (presettled["total_fen"], presettled["fund_fen"], presettled["account_fen"], presettled["cash_fen"]) == (
        4498,
        1337,
        3161,
        0,
    )


def test_settlement_needs_no_pre_settlement(rig: Rig) -> None:
    answer = rig.settle(P1)
    assert answer["infcode"] == 0
    assert answer["output"]["setlinfo"]["medins_setl_id"] == rig.events("booked")[0]["msgid"]


@pytest.mark.parametrize(
    ("person", "flag", "expected"),
    [
        ("P001", "1", ("44.98", "13.37", "31.61", "0.00")),
        ("P001", "0", ("44.98", "13.37", "0.00", "31.61")),
        ("P002", "1", ("44.98", "13.37", "5.00", "26.61")),
        ("P004", "1", ("44.98", "5.02", "0.00", "39.96")),
    ],
)
def test_who_pays_what(rig: Rig, person: str, flag: str, expected: tuple[str, ...]) -> None:
    answer = rig.settle(PEOPLE[person], acct_used_flag=flag)
    assert paid(answer) == expected


def test_the_identities_hold_in_the_answer(rig: Rig) -> None:
    info = rig.settle(P2)["output"]["setlinfo"]
    yuan = {name: amount(value) for name, value in info.items() if name.endswith(("_amt", "_pay", "amt", "_selfpay"))}
    total = yuan["medfee_sumamt"]
    assert total == yuan["fund_pay_sumamt"] + yuan["psn_part_amt"]
    assert yuan["psn_part_amt"] == yuan["acct_pay"] + yuan["psn_cash_pay"]
    parts = ("inscp_scp_amt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")
    assert total == sum(yuan[name] for name in parts)
    funds = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
    assert yuan["fund_pay_sumamt"] == sum(yuan[name] for name in funds)


def test_amounts_are_text_or_numbers_as_set(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(platform=PlatformSettings(amounts=AmountsAs.NUMBER))
    rig.sign_in()
    body = rig.request("2102", rig.purchase(P1), signtype="MOCK")
    raw = rig.http.post(rig.platform_at + "/fsi/api/callService", json=body).content
    assert b'"acct_pay":31.61' in raw
    answer = dict(decode(raw))
    assert check_reply("2102", answer) == ()
    refund = rig.call("2103", rig.keys(rig.settle(P1)))
    assert refund["output"]["setlinfo"]["acct_pay"] == -31.61
    assert decode(raw)["output"]["setlinfo"]["acct_pay"] == Decimal("31.61")  # type: ignore[index]  # it is an object


# --- the tape and the notice ----------------------------------------------------------------------------


def test_it_is_booked_before_the_notice_and_the_notice_comes_before_the_answer(rig: Rig) -> None:
    answer = rig.settle(P1, invono="A0042")
    records = rig.tape.recent()
    booked = next(r.seq for r in records if r.name == "booked")
    noticed = next(r.seq for r in records if b"/push/notice" in r.data)
    answered = max(r.seq for r in records if r.channel == "platform.http#1" and r.direction is Direction.SENT)
    assert booked < noticed < answered
    (event,) = rig.events("booked")
    info = answer["output"]["setlinfo"]
    assert {name: event[name] for name in ("setl_id", "mdtrt_id", "order", "balance_fen", "reverses", "infno")} == {
        "setl_id": info["setl_id"],
        "mdtrt_id": info["mdtrt_id"],
        "order": "A0042",
        "balance_fen": 196_839,
        "reverses": None,
        "infno": "2102",
    }
    assert rig.phone.notices == [
        {
            "idNo": P1.id_no,
            "amount": "31.61",
            "balance": "1968.39",
            "setlId": info["setl_id"],
            "kind": "payment",
            "at": "2020-10-14 08:30:00",
        }
    ]


def test_no_movement_of_the_account_no_notice(rig: Rig) -> None:
    rig.settle(P1, acct_used_flag="0")
    assert rig.phone.notices == []
    assert rig.events("notice-undelivered") == []


def test_a_notice_that_cannot_be_delivered_changes_nothing(rig: Rig) -> None:
    rig.phone.refuses = True
    answer = rig.settle(P1)
    assert answer["infcode"] == 0
    assert [event["setl_id"] for event in rig.events("notice-undelivered")] == [answer["output"]["setlinfo"]["setl_id"]]
    assert rig.balance(P1) == 196_839


# --- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("infno", ["2101", "2102"])
@pytest.mark.parametrize(
    ("druginfo", "code", "said"),
    [
        ({"psn_no": "0"}, "981009", "参保"),
        ({"mdtrt_cert_type": "04"}, "981003", "04"),
        ({"mdtrt_cert_no": "639900ec" + "0" * 30}, "981011", "令牌"),
        ({"insutype": "390"}, "981014", "390"),
        ({"med_type": "11"}, "981015", "11"),
        ({"medfee_sumamt": "44.99"}, "981018", "44.98与结算信息医疗费总额44.99"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_booked(
    rig: Rig, infno: str, druginfo: dict[str, Any], code: str, said: str
) -> None:
    answer = rig.call(infno, rig.purchase(P1, **druginfo), signtype="MOCK")
    assert (answer["infcode"], answer["warn_msg"]) == (-1, code)
    assert said in answer["err_msg"]
    assert check_reply(infno, answer) == ()
    assert rig.events("booked") == rig.events("presettled") == []
    assert rig.balance(P1) == 200_000


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (("XP000001", "12.50", "2", "25.01"), "981017", "12.50×2≠25.01"),
        (("XP000001", "12.50", "0", "0.00"), "981016", "A0001-1"),
        (("XP000001", "-12.50", "-2", "25.00"), "981016", "A0001-1"),
    ],
)
def test_a_line_that_is_wrong_in_itself_is_refused(rig: Rig, line: tuple[str, ...], code: str, said: str) -> None:
    answer = rig.settle(P1, lines=(line,))
    assert answer["warn_msg"] == code
    assert said in answer["err_msg"]


def test_every_wrong_line_is_named(rig: Rig) -> None:
    answer = rig.settle(P1, lines=(("XP000001", "1", "1", "2.00"), LINES[1], ("XP000003", "1", "1", "3.00")))
    assert "A0001-1" in answer["err_msg"]
    assert "A0001-3" in answer["err_msg"]


def test_a_line_number_twice_is_refused(rig: Rig) -> None:
    purchase: dict[str, Any] = rig.purchase(P1)
    purchase["drugdetail"][1]["feedetl_sn"] = "A0001-1"
    assert rig.call("2102", purchase, signtype="MOCK")["warn_msg"] == "981019"


def test_the_insured_place_must_be_the_persons(rig: Rig) -> None:
    answer = rig.call("2102", rig.purchase(P1), signtype="MOCK", insuplc_admdvs="630100")
    assert answer["warn_msg"] == "981013"
    assert "630100" in answer["err_msg"]


def test_anothers_token_or_another_institutions_is_refused(rig: Rig) -> None:
    assert rig.settle(P1, token=rig.token(P9))["warn_msg"] == "981011"
    assert rig.settle(P1, token=rig.token(P1, OTHER_PHARMACY.code))["warn_msg"] == "981011"


# --- the password ---------------------------------------------------------------------------------------


def test_the_right_password_settles(rig: Rig, pool: ThreadPoolExecutor) -> None:
    answer = in_background(rig, pool, rig.request("2102", rig.purchase(P1)))
    rig.wait_for("prompt-shown")
    assert (rig.phone.prompts[0]["amount"], rig.phone.prompts[0]["accountAmount"]) == ("44.98", "31.61")
    assert rig.events("booked") == []
    rig.answer_prompt(P1.password)
    assert answer.result(60)["infcode"] == 0
    names = [record.name for record in rig.tape.recent()]
    assert names.index("payment-confirmed") < names.index("booked")


@pytest.mark.parametrize(("password", "code"), [("000000", "981020"), (None, "981021"), ("", "981022")])
def test_without_it_nothing_is_booked(rig: Rig, pool: ThreadPoolExecutor, password: str | None, code: str) -> None:
    body = rig.request("2102", rig.purchase(P1))
    answer = in_background(rig, pool, body)
    rig.wait_for("prompt-shown")
    if password == "":
        rig.clock.step(seconds=60)
    else:
        rig.answer_prompt(password)
    assert (answer.result(60)["infcode"], answer.result()["warn_msg"]) == (-1, code)
    assert rig.events("booked") == []
    assert rig.balance(P1) == 200_000
    assert rig.send(body) == answer.result(), "the refusal is remembered"


def test_the_account_may_not_change_while_the_person_confirms(rig: Rig, pool: ThreadPoolExecutor) -> None:
    first = in_background(rig, pool, rig.request("2102", rig.purchase(P2)))
    rig.wait_for("prompt-shown")
    assert rig.settle(P2)["infcode"] == 0
    rig.answer_prompt(P2.password)
    assert first.result(60)["warn_msg"] == "981023"
    assert rig.balance(P2) == 0
    assert len(rig.events("booked")) == 1


def test_without_a_voucher_centre_nothing_is_settled(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(alone=True)
    rig.sign_in()
    assert rig.call("2102", rig.purchase(P1, token="639900ec" + "0" * 30), signtype="MOCK")["warn_msg"] == "981012"


def test_alone_and_without_token_check_a_mock_settlement_works(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(alone=True, platform=PlatformSettings(token_check=False))
    rig.sign_in()
    assert rig.settle(P1, token="639900ec" + "0" * 30)["infcode"] == 0
    assert len(rig.events("notice-undelivered")) == 1


def test_a_phone_that_answers_byte_by_byte_for_ever_holds_no_settlement_up(
    make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.platform.app.PEER_TIMEOUT_S", 0.5)
    rig = make_rig(alone=True, platform=PlatformSettings(token_check=False))

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.05)
        writer.close()

    async def serve() -> asyncio.Server:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        rig.platform.connect({"phone": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        return server

    server = rig.loop.call(serve())
    try:
        rig.sign_in()
        assert rig.settle(P1, token="639900ec" + "0" * 30)["infcode"] == 0
        assert len(rig.events("notice-undelivered")) == 1
    finally:
        rig.loop.call(_closed(server))


async def _closed(server: asyncio.Server) -> None:
    server.close()


def test_a_centre_that_breaks_off_books_nothing(rig: Rig) -> None:
    token = rig.token(P1)
    rig.http.post(rig.back_doors["voucher-centre"] + "/fault", json={"message": "pay-confirm", "effect": "bad-gateway"})
    answer = rig.call("2102", rig.purchase(P1, token=token))
    assert answer["warn_msg"] == "981012"
    assert rig.events("booked") == []


def test_a_reset_abandons_what_waits(rig: Rig, pool: ThreadPoolExecutor) -> None:
    answer = in_background(rig, pool, rig.request("2102", rig.purchase(P1)))
    rig.wait_for("prompt-shown")
    reset_rig(rig)
    with pytest.raises(httpx.RemoteProtocolError):
        answer.result(60)
    assert rig.tape.recent() == []
    assert rig.balance(P1) == 200_000


def test_every_line_that_is_not_above_zero_is_named(rig: Rig) -> None:
    lines = (("XP000001", "1.00", "0", "0.00"), ("XP000001", "1.00", "1", "1.00"), ("XP000001", "1.00", "-1", "-1.00"))
    answer = rig.settle(P1, lines=lines)
    assert answer["warn_msg"] == "981016"
    assert answer["err_msg"].endswith("A0001-1、A0001-3")
