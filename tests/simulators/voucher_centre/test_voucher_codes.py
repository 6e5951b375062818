"""Codes at the centre's front door: issued, decoded, refused."""

from collections.abc import Callable

import pytest

from harness.clock import NS, BenchClock, Clock, SystemClock
from harness.line.tape import Tape
from harness.wire import voucher_messages as messages
from harness.wire.voucher import issuing_key, parse_code, phone_code, window_of
from simulators.voucher_centre.office import Books, Office, open_office
from simulators.voucher_centre.settings import DataAs, Issuer, VoucherCentreSettings
from simulators.voucher_centre.terminal import TerminalLine
from tests.simulators.insurer_rig import OTHER_PHARMACY, PEOPLE, PHARMACY, SEED, Rig

P1 = PEOPLE["P001"]


def test_a_fresh_code_gives_identity_and_token(rig: Rig) -> None:
    code = rig.new_code(P1, "wechat")
    assert parse_code(code).province == "63"
    answer = rig.decode(code)
    assert (answer["code"], answer["success"], answer["orgId"]) == (0, True, PHARMACY.code)
    data = answer["data"]
    assert messages.check_identity(data) == ()
    assert (data["idNo"], data["userName"], data["idType"]) == (P1.id_no, P1.name, "01")
    assert (data["gender"], data["birthday"]) == ("男", "1985.03.12")
    assert (data["chnlId"], data["ecQrCode"]) == ("wechat", code)
    assert len(data["ecToken"]) == 38
    assert data["ecToken"].startswith("639900ec")
    (issued,), (token,) = rig.events("code-issued"), rig.events("token-issued")
    assert issued["expires_ns"] - issued["issued_ns"] == 60 * NS
    assert (token["token"], token["institution"], token["digits"]) == (data["ecToken"], PHARMACY.code, code)


def test_the_variant_path_decodes_too(rig: Rig) -> None:
    query = messages.EcQuery(
        institution=PHARMACY.code,
        operator="1",
        operator_name="收",
        office="1",
        office_name="药",
        code=rig.new_code(P1),
    )
    assert rig.centre_post("/fsi/api/hsecfc/localQrCodeQuery", messages.ec_query(query))["code"] == 0


def test_a_code_is_spent_once_decoded(rig: Rig) -> None:
    code = rig.new_code(P1)
    assert rig.decode(code)["code"] == 0
    assert rig.decode(code)["code"] == 980002
    assert rig.decode(code, OTHER_PHARMACY.code)["code"] == 980002
    assert [event["why"] for event in rig.events("code-refused")] == ["used", "used"]


def test_single_use_can_be_switched_off(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(single_use=False))
    code = rig.new_code(P1)
    tokens = {rig.decode(code)["data"]["ecToken"] for _ in range(2)}
    assert len(tokens) == 2


@pytest.mark.parametrize(("step_s", "code"), [(59, 0), (60, 980001), (3600, 980001)])
def test_a_code_expires_on_the_bench_clock(rig: Rig, step_s: int, code: int) -> None:
    digits = rig.new_code(P1)
    rig.clock.step(seconds=step_s)
    assert rig.decode(digits)["code"] == code


@pytest.mark.parametrize(("grace_s", "step_s", "code"), [(0, 59, 0), (0, 60, 980001), (5, 64, 0), (5, 65, 980001)])
def test_a_clock_that_is_set_back_prolongs_no_code(
    make_rig: Callable[..., Rig], grace_s: int, step_s: int, code: int
) -> None:
    rig = make_rig(centre=VoucherCentreSettings(grace_s=grace_s))
    digits = rig.new_code(P1)
    rig.clock.step(seconds=-3600)
    rig.clock.step(seconds=step_s)
    assert rig.decode(digits)["code"] == code


def test_a_code_bears_the_province_of_the_place_that_was_chosen(rig: Rig) -> None:
    office = opened(rig.clock)
    office.vouchers.of(P1).place = "150100"
    assert office.codes.issue(P1, "alipay", now_ns=0).digits[22:24] == "15"


@pytest.mark.parametrize(("clock", "again"), [(BenchClock, True), (SystemClock, False)])
def test_a_centre_that_is_started_again_gives_other_codes_and_tokens_unless_time_stands_still(
    clock: Callable[[], Clock], again: bool
) -> None:
    first, second = opened(clock()), opened(clock())
    codes = {office.codes.issue(P1, "alipay", now_ns=0).digits for office in (first, second)}
    tokens = {office.tokens.issue(P1, PHARMACY.code, "", now_ns=0).text for office in (first, second)}
    assert (len(codes), len(tokens)) == ((1, 1) if again else (2, 2))
    assert first.register.own_code(PHARMACY) == second.register.own_code(PHARMACY)


async def nobody(_: str, __: object) -> bool:
    return False


def opened(clock: Clock) -> Office:
    return open_office(
        VoucherCentreSettings(),
        clock=clock,
        tape=Tape(clock),
        seed=SEED,
        name="voucher-centre",
        terminal=TerminalLine(post=nobody),
        books=Books(),
    )


def test_grace_prolongs_what_the_centre_takes_not_what_the_phone_is_told(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(grace_s=5))
    digits, late = rig.new_code(P1), rig.new_code(P1)
    rig.clock.step(seconds=64)
    assert rig.decode(digits)["code"] == 0
    rig.clock.step(seconds=1)
    assert rig.decode(late)["code"] == 980001


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("134567890123456789", 500159),
        ("2801234567890123", 500159),
        ("640122199001011234", 500159),
        ("https://example.invalid/health-card", 500159),
        ("4240000000000000000000630000", 980004),
        ("424094190871045931940863000", 980004),
    ],
)
def test_what_is_no_living_code_is_refused_by_kind(rig: Rig, text: str, code: int) -> None:
    answer = rig.decode(text)
    assert (answer["code"], answer["success"]) == (code, False)
    (event,) = rig.events("code-refused")
    assert (event["digits"], event["code"]) == (text, str(code))


def test_a_lapsed_voucher_shows_a_code_that_is_refused(rig: Rig) -> None:
    answer = rig.decode(rig.new_code(PEOPLE["P003"]))
    assert answer["code"] == 980003
    assert "激活" in answer["message"]


def test_without_a_voucher_there_is_no_code(rig: Rig) -> None:
    person = PEOPLE["P005"]
    request = {
        "transType": "ec.qrcode",
        "idNo": person.id_no,
        "idType": "01",
        "userName": person.name,
        "chnlId": "alipay",
    }
    assert rig.centre_post(messages.QRCODE_PATH, request)["code"] == 980003
    assert rig.centre_post(messages.QRCODE_PATH, {**request, "userName": "别人"})["code"] == 980008
    assert rig.centre_post(messages.QRCODE_PATH, {**request, "idNo": "1"})["code"] == 980008
    assert rig.events("code-issued") == []


def test_an_unknown_channel_gets_no_code(rig: Rig) -> None:
    request = {
        "transType": "ec.qrcode",
        "idNo": P1.id_no,
        "idType": "01",
        "userName": P1.name,
        "chnlId": "nobody",
    }
    assert rig.centre_post(messages.QRCODE_PATH, request)["code"] == 980005


def test_an_unknown_institution_decodes_nothing_and_spends_nothing(rig: Rig) -> None:
    code = rig.new_code(P1)
    assert rig.decode(code, "P99999999999")["code"] == 980005
    assert rig.decode(code)["code"] == 0


def test_data_can_travel_as_a_string(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(data_as=DataAs.STRING, code_field="qrCode"))
    query = messages.EcQuery(
        institution=PHARMACY.code, operator="1", operator_name="收", office="1", office_name="药", code=rig.new_code(P1)
    )
    answer = rig.centre_post(messages.QR_QUERY_PATH, messages.ec_query(query, code_field="qrCode"))
    assert isinstance(answer["data"], str)
    assert messages.parse_reply(answer).identity().id_no == P1.id_no


def test_the_same_seed_gives_the_same_codes_and_tokens_and_another_seed_others(make_rig: Callable[..., Rig]) -> None:
    def drawn(seed: int) -> list[str]:
        rig = make_rig(seed=seed)
        return [rig.new_code(P1), rig.new_code(P1), rig.token(P1)]

    first = drawn(1)
    assert first == drawn(1)
    assert not set(first) & set(drawn(2))


# --- phones that compute their codes --------------------------------------------------------------------


def shown(rig: Rig, *, windows_ago: int = 0, person: str = "P001", seed: int = SEED) -> str:
    window = window_of(rig.clock.now_ns(), refresh_s=60) - windows_ago
    someone = PEOPLE[person]
    return phone_code(
        key=issuing_key(seed),
        id_no=someone.id_no,
        channel="cmb",
        window=window,
        insured_place=someone.insured_place,
    )


@pytest.fixture
def phone_issued(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig(centre=VoucherCentreSettings(issuer=Issuer.PHONE))


def test_the_centre_recognises_a_code_it_never_issued(phone_issued: Rig) -> None:
    data = phone_issued.decode(shown(phone_issued))["data"]
    assert (data["idNo"], data["chnlId"]) == (P1.id_no, "cmb")


def test_a_computed_code_is_spent_expires_lapses_and_can_be_unknown(phone_issued: Rig) -> None:
    rig = phone_issued
    code = shown(rig)
    assert [rig.decode(code)["code"] for _ in range(2)] == [0, 980002]
    assert rig.decode(shown(rig, person="P008", windows_ago=1))["code"] == 980001
    assert rig.decode(shown(rig, person="P003"))["code"] == 980003
    assert rig.decode(shown(rig, person="P005"))["code"] == 980004
    assert rig.decode(shown(rig, seed=99))["code"] == 980004
    assert rig.decode(shown(rig, person="P008", windows_ago=500))["code"] == 980004
    assert rig.new_code(P1, "cmb") == code


def test_a_server_issued_centre_does_not_take_computed_codes(rig: Rig) -> None:
    assert rig.decode(shown(rig))["code"] == 980004
