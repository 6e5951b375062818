"""Activation through every channel, skipped steps, the documented failures, places, passwords."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fixtures.channels import Step, activation_flows, channel_ids
from fixtures.population import Person
from fixtures.prompts import failure_prompts
from harness.wire import voucher_messages as messages
from simulators.voucher_centre.settings import VoucherCentreSettings
from tests.simulators.insurer_rig import PEOPLE, PHARMACY, Rig

NOBODY, FACELESS, TWO_PLACES = PEOPLE["P005"], PEOPLE["P018"], PEOPLE["P019"]
P1, LAPSED = PEOPLE["P001"], PEOPLE["P003"]
PASSWORD = "246810"


class Walk:
    """One person's activation in one channel, step by step."""

    def __init__(self, rig: Rig, person: Person, channel: str, **begin: object) -> None:
        self.rig, self.person, self.channel = rig, person, channel
        self.number = ""
        self.begin = begin

    def step(self, step: str, **members: object) -> dict[str, Any]:
        """Take a step with what it needs, or with `members`."""
        usual: dict[str, dict[str, object]] = {
            "identity": {"idNo": self.person.id_no, "idType": "01", "userName": self.person.name, **self.begin},
            "region": {"region": "630100"},
            "consent": {"agreed": True},
            "face": {"faceOf": self.person.id_no},
            "password": {"password": PASSWORD},
            "place": {"insuOrg": "639900"},
        }
        body = {"transType": "ec.activate", "chnlId": self.channel, "step": step, "activationNo": self.number}
        if step == "sms" and not members:
            self.rig.centre_post(messages.ACTIVATE_PATH, body)
            sms = self.rig.http.get(f"{self.rig.centre_at}/sms?activationNo={self.number}").json()
            members = {"smsCode": sms["data"]["smsCode"]}
        answer = self.rig.centre_post(messages.ACTIVATE_PATH, {**body, **usual.get(step, {}), **members})
        if step == "identity" and answer["code"] == 0:
            self.number = answer["data"]["activationNo"]
        return answer

    def all(self, *, but: str = "") -> Iterator[dict[str, Any]]:
        """Every mandatory step in order."""
        for step in activation_flows()[self.channel].mandatory:
            if step != but:
                yield self.step(step)


def channel_call(
    rig: Rig, path: str, kind: str, person: Person, channel: str = "wechat", **more: object
) -> dict[str, Any]:
    body = {"transType": kind, "idNo": person.id_no, "userName": person.name, "chnlId": channel, "idType": "01", **more}
    return rig.centre_post(path, body)


def code_of(rig: Rig, person: Person, channel: str = "wechat", **more: object) -> dict[str, Any]:
    return channel_call(rig, messages.QRCODE_PATH, "ec.qrcode", person, channel, **more)


def voucher(rig: Rig, person: Person) -> dict[str, Any]:
    rows = rig.state("voucher-centre")["vouchers"]
    found: dict[str, Any] = next(row for row in rows if row["id_no"] == person.id_no)
    return found


@pytest.mark.parametrize("channel", channel_ids())
def test_a_voucher_is_activated_in_every_channel(rig: Rig, channel: str) -> None:
    walk = Walk(rig, NOBODY, channel)
    answers = list(walk.all())
    assert [answer["code"] for answer in answers] == [0] * len(answers)
    assert answers[-1]["data"]["activated"] is True
    (event,) = rig.events("activated")
    assert (event["id_no"], event["chnl"], event["newly"]) == (NOBODY.id_no, channel, True)
    answer = rig.decode(code_of(rig, NOBODY, channel)["data"]["ecQrCode"])
    assert (answer["data"]["idNo"], answer["data"]["chnlId"]) == (NOBODY.id_no, channel)
    steps = [event["step"] for event in rig.events("activation-step")]
    assert set(activation_flows()[channel].mandatory) <= set(steps)


@pytest.mark.parametrize(
    ("channel", "skipped"),
    [(channel, step) for channel in channel_ids() for step in activation_flows()[channel].mandatory[:-1]],
)
def test_a_skipped_step_is_refused_and_named(rig: Rig, channel: str, skipped: Step) -> None:
    walk = Walk(rig, NOBODY, channel)
    flow = activation_flows()[channel]
    for step in flow.mandatory[: flow.mandatory.index(skipped)]:
        assert walk.step(step)["code"] == 0
    following = flow.mandatory[flow.mandatory.index(skipped) + 1]
    answer = walk.step(following)
    assert (answer["code"], answer["data"]["missing"]) == (980009, skipped.value)
    event = rig.events("activation-refused")[-1]
    assert (event["why"], event["missing"], event["step"]) == ("step-skipped", skipped.value, following.value)
    assert rig.events("activated") == []
    assert code_of(rig, NOBODY, channel)["code"] in {980003, 980011}
    assert walk.step(skipped)["code"] == 0, "it can be taken after that"
    assert walk.step(following)["code"] == 0


def test_a_channel_that_leaves_consent_unanswered_has_skipped_it(rig: Rig) -> None:
    walk = Walk(rig, NOBODY, "ccb")
    walk.step("identity")
    assert walk.step("consent", agreed=False)["code"] == 980009
    assert walk.step("consent", agreed="yes")["code"] == 980009


def test_recommended_steps_can_be_left_out_and_taken_later(rig: Rig) -> None:
    walk = Walk(rig, NOBODY, "wechat")
    list(walk.all())
    assert voucher(rig, NOBODY)["password_set"] is False
    assert code_of(rig, NOBODY)["code"] == 0
    assert walk.step("password")["code"] == 0
    assert voucher(rig, NOBODY)["password_set"] is True
    assert len(rig.events("activated")) == 1


def test_an_unfinished_activation_shows_nothing(rig: Rig) -> None:
    walk = Walk(rig, NOBODY, "ccb")
    for step in ("identity", "consent", "face", "issue"):
        walk.step(step)
    assert code_of(rig, NOBODY, "ccb")["code"] == 980011
    assert code_of(rig, NOBODY, "wechat")["code"] == 980010, "another channel has not activated it at all"


def test_a_second_channel_shows_the_same_voucher(rig: Rig) -> None:
    list(Walk(rig, NOBODY, "wechat").all())
    Walk(rig, NOBODY, "ccb")
    second = Walk(rig, NOBODY, "alipay")
    list(second.all())
    assert [event["newly"] for event in rig.events("activated")] == [True, False]
    assert len(rig.events("voucher-issued")) == 1, "one person, one voucher"
    identities = [rig.decode(code_of(rig, NOBODY, chnl)["data"]["ecQrCode"])["data"] for chnl in ("wechat", "alipay")]
    assert identities[0]["ecIndexNo"] == identities[1]["ecIndexNo"]


def test_an_activation_that_is_still_open_sets_no_second_password(rig: Rig) -> None:
    walk = Walk(rig, NOBODY, "wechat")
    list(walk.all())  # the password is left out
    channel_call(rig, messages.PASSWORD_PATH, "ec.password", NOBODY, action="set", password=PASSWORD)
    for _ in range(5):
        wrong = channel_call(rig, messages.PASSWORD_PATH, "ec.password", NOBODY, action="verify", password="000000")
    assert wrong["code"] == 980012
    assert walk.step("password", password="135791")["code"] == 980005
    assert voucher(rig, NOBODY)["locked"] is True


def test_of_two_channels_at_once_the_second_takes_over_what_the_first_has_set(rig: Rig) -> None:
    first, second = Walk(rig, TWO_PLACES, "hxb"), Walk(rig, TWO_PLACES, "cmb")
    for walk in (first, second):
        for step in activation_flows()[walk.channel].mandatory[:-2]:
            assert walk.step(step)["code"] == 0
    assert first.step("password")["data"]["missing"] == ["place"]
    assert second.step("password", password="135791")["code"] == 980005
    assert first.step("place", insuOrg="639900")["data"]["activated"] is True
    assert second.step("place", insuOrg="639901")["code"] == 980005
    assert voucher(rig, TWO_PLACES)["place"] == "639900"
    assert voucher(rig, TWO_PLACES)["unfinished"] == []
    codes = [code_of(rig, TWO_PLACES, walk.channel)["code"] for walk in (first, second)]
    assert codes == [0, 0]
    verified = channel_call(
        rig, messages.PASSWORD_PATH, "ec.password", TWO_PLACES, "cmb", action="verify", password=PASSWORD
    )
    assert verified["code"] == 0


def test_activating_once_more_where_it_is_active_hides_no_code(rig: Rig) -> None:
    walk = Walk(rig, P1, "alipay")
    for step in ("identity", "consent", "face", "issue"):
        assert walk.step(step)["code"] == 0
    assert code_of(rig, P1, "alipay")["code"] == 0


def test_a_refusal_does_not_repeat_an_orgid_of_any_length(rig: Rig) -> None:
    answer = rig.centre_post(messages.QR_QUERY_PATH, {"orgId": "x" * 1_000_000, "transType": "ec.query", "data": {}})
    assert answer["code"] == 980005
    assert len(str(answer)) < 1000


def test_a_lapsed_voucher_is_activated_anew_without_its_old_password(rig: Rig) -> None:
    list(Walk(rig, LAPSED, "wechat").all())
    assert rig.decode(code_of(rig, LAPSED)["data"]["ecQrCode"])["code"] == 0
    assert voucher(rig, LAPSED)["password_set"] is False
    assert voucher(rig, LAPSED)["channels"] == ["wechat"]


def test_an_activation_is_one_channels_and_lives_half_an_hour(rig: Rig) -> None:
    walk = Walk(rig, NOBODY, "ccb")
    walk.step("identity")
    walk.channel = "abc"
    assert walk.step("consent")["code"] == 980017
    walk.channel = "ccb"
    rig.clock.step(seconds=1800)
    assert walk.step("consent")["code"] == 980017
    assert Walk(rig, NOBODY, "nobody").step("identity")["code"] == 980005


@pytest.mark.parametrize(("step_s", "code"), [(1799, 0), (1800, 980017)])
def test_a_clock_that_is_set_back_prolongs_no_activation(rig: Rig, step_s: int, code: int) -> None:
    walk = Walk(rig, NOBODY, "ccb")
    walk.step("identity")
    rig.clock.step(seconds=-3600)
    rig.clock.step(seconds=step_s)
    assert walk.step("consent")["code"] == code


def test_a_wrong_text_message_code_is_refused(rig: Rig) -> None:
    walk = Walk(rig, NOBODY, "abc")
    for step in ("identity", "region", "consent", "face", "insured-data"):
        walk.step(step)
    walk.step("sms", smsCode="")
    assert walk.step("sms", smsCode="x")["code"] == 980027
    assert walk.step("issue")["data"]["missing"] == "sms"


# --- the documented failures ---


@pytest.mark.parametrize(
    ("person", "failure", "step"),
    [
        ("P013", "identity-not-in-police-register", "identity"),
        ("P014", "identity-not-in-police-register", "identity"),
        ("P015", "no-insurance-record", "issue"),
        ("P018", "face-reference-unclear", "face"),
    ],
)
def test_each_documented_failure_gives_its_own_prompt(rig: Rig, person: str, failure: str, step: str) -> None:
    answers = list(Walk(rig, PEOPLE[person], "wechat").all())
    refused = next(answer for answer in answers if answer["code"])
    assert refused["message"] == failure_prompts()[failure].text
    assert refused["data"]["promptId"] == failure
    first = rig.events("activation-refused")[0]
    assert (first["why"], first["step"]) == (failure, step)
    assert rig.events("activated") == []


def test_somebody_elses_face_is_not_recognised(rig: Rig) -> None:
    walk = Walk(rig, NOBODY, "boc")
    walk.step("identity")
    walk.step("consent")
    answer = walk.step("face", faceOf=P1.id_no)
    assert (answer["code"], answer["message"]) == (980025, "身份验证失败")
    assert walk.step("issue")["data"]["missing"] == "face"
    assert walk.step("face")["code"] == 0


def test_a_wrong_name_is_not_in_the_police_register(rig: Rig) -> None:
    answer = Walk(rig, NOBODY, "boc").step("identity", userName="别人")
    assert answer["message"] == failure_prompts()["identity-not-in-police-register"].text


def test_codes_and_prompts_say_the_same() -> None:
    for failure, prompt in failure_prompts().items():
        assert messages.return_codes()[failure].chinese == prompt.text
    assert len({prompt.text for prompt in failure_prompts().values()}) == 5


def test_without_a_valid_record_offline_use_works_where_there_is_a_place_to_choose(rig: Rig) -> None:
    without, with_place = PEOPLE["P016"], PEOPLE["P017"]
    text = failure_prompts()["no-valid-insurance-on-show"].text
    for person, places in ((without, []), (with_place, ["639900"])):
        answer = code_of(rig, person)
        assert (answer["message"], answer["data"]["places"]) == (text, places)
    assert channel_call(rig, messages.PLACE_PATH, "ec.place", without, insuOrg="639900")["code"] == 980026
    assert channel_call(rig, messages.PLACE_PATH, "ec.place", with_place, insuOrg="639900")["code"] == 0
    shown = code_of(rig, with_place)["data"]
    assert shown["promptText"] == text
    assert rig.decode(shown["ecQrCode"])["code"] == 0
    assert [event["why"] for event in rig.events("show-refused")] == ["no-valid-insurance-on-show"] * 2
    assert len(rig.events("shown-without-valid-record")) == 1


def test_the_chosen_place_goes_into_identity_and_token(rig: Rig) -> None:
    walk = Walk(rig, TWO_PLACES, "hxb")
    for step in ("identity", "consent", "face", "insured-data", "issue", "password"):
        walk.step(step)
    assert walk.step("place", insuOrg="110000")["code"] == 980026
    answer = walk.step("place", insuOrg="639901")
    assert answer["data"]["places"] == ["639900", "639901"]
    data = rig.decode(code_of(rig, TWO_PLACES, "hxb")["data"]["ecQrCode"])["data"]
    assert (data["insuOrg"], data["ecToken"][:8]) == ("639901", "639901ec")


# --- passwords ---


@pytest.mark.parametrize("password", ["12345", "1234567", "12345a", "１２３４５６", "12345 "])
def test_a_password_has_six_digits(rig: Rig, password: str) -> None:
    walk = Walk(rig, NOBODY, "boc")
    for step in ("identity", "consent", "face", "issue"):
        walk.step(step)
    assert walk.step("password", password=password)["code"] == 980013
    assert rig.events("password-set") == []


def password(rig: Rig, action: str, given: str, **more: object) -> int:
    answer = channel_call(
        rig, messages.PASSWORD_PATH, "ec.password", P1, "wechat", action=action, password=given, **more
    )
    return int(answer["code"])


def test_a_password_is_changed_by_the_old_one_and_reset_by_face(rig: Rig) -> None:
    assert password(rig, "set", PASSWORD) == 980005, "there is one"
    assert password(rig, "change", PASSWORD, oldPassword="000000") == 980019
    assert password(rig, "change", PASSWORD, oldPassword=P1.password) == 0
    assert password(rig, "verify", P1.password) == 980019
    assert password(rig, "verify", PASSWORD) == 0
    assert password(rig, "reset", "135791", faceOf=NOBODY.id_no) == 980025
    assert password(rig, "reset", "135791", faceOf=P1.id_no) == 0
    assert password(rig, "verify", "135791") == 0


def test_wrong_passwords_lock_for_a_day_and_a_right_one_in_between_starts_anew(rig: Rig) -> None:
    for _ in range(4):
        assert password(rig, "verify", "000000") == 980019
    assert password(rig, "verify", P1.password) == 0
    for _ in range(4):
        assert password(rig, "verify", "000000") == 980019
    assert password(rig, "verify", "000000") == 980012
    assert password(rig, "verify", P1.password) == 980012
    assert len(rig.events("password-locked")) == 1
    rig.clock.step(seconds=86400)
    assert password(rig, "verify", P1.password) == 0


def test_a_face_unlocks_a_password_that_stays_locked(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(centre=VoucherCentreSettings(password_lock_after=2, password_lock_s=0))
    assert [password(rig, "verify", "000000") for _ in range(2)] == [980019, 980012]
    rig.clock.step(seconds=10_000_000)
    assert password(rig, "verify", P1.password) == 980012
    assert password(rig, "reset", PASSWORD, faceOf=P1.id_no) == 0
    assert password(rig, "verify", PASSWORD) == 0


def test_the_state_of_a_voucher_is_told(rig: Rig) -> None:
    data = channel_call(rig, messages.STATE_PATH, "ec.state", NOBODY)["data"]
    assert (data["state"], data["channels"], data["passwordSet"], data["places"]) == ("none", [], False, ["639900"])
    assert len(channel_call(rig, messages.STATE_PATH, "ec.state", P1)["data"]["channels"]) == 18


def test_an_institution_has_one_code_and_it_is_no_persons(rig: Rig) -> None:
    wish = {"transType": "ec.orgcode", "orgId": PHARMACY.code}
    codes = {rig.centre_post(messages.ORG_CODE_PATH, wish)["data"]["orgCode"] for _ in range(3)}
    assert len(codes) == 1
    (code,) = codes
    asked = rig.centre_post(messages.ORG_QUERY_PATH, {"transType": "ec.orgquery", "orgCode": code})
    assert asked["data"]["orgId"] == PHARMACY.code
    assert rig.decode(code)["code"] == 500159
    assert rig.centre_post(messages.ORG_CODE_PATH, {**wish, "orgId": "P0"})["code"] == 980005
    assert rig.centre_post(messages.ORG_QUERY_PATH, {"transType": "ec.orgquery", "orgCode": "org1"})["code"] == 980004
