"""The gateway before the platform: what it turns away, with which code, and that nothing of it is booked."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harness.clock import BEIJING, local_time
from harness.wire.gateway import cainfo, headers_for
from harness.wire.msgid import make_msgid
from harness.wire.profile import Profile, load_profile
from tests.simulators.insurer_rig import PEOPLE, Rig, start_rig, stop_rig

P1 = PEOPLE["P001"]


class Province:
    """A platform of a province, and an institution that does all that its profile asks."""

    def __init__(self, rig: Rig, profile: Profile) -> None:
        self.rig = rig
        self.profile = profile
        self.nonces = 0

    def headers(self, **changed: str) -> dict[str, str]:
        """Right headers of now, with a new nonce, some changed or (empty) left out."""
        self.nonces += 1
        found = {**headers_for(self.profile, at=local_time(self.rig.clock), nonce=f"n{self.nonces}"), **changed}
        return {name: value for name, value in found.items() if value}

    def body(self, infno: str, data: Mapping[str, object], **fields: object) -> dict[str, object]:
        """A right request."""
        at = local_time(self.rig.clock)
        self.rig.numbers += 1
        msgid = make_msgid("P63999900001", at=at, seq=self.rig.numbers, form=self.profile.msgid_form)
        whole = {**self.rig.request(infno, data, msgid=msgid), **self.profile.envelope, **fields}
        if self.profile.input_as == "string":
            whole["input"] = json.dumps(whole["input"], ensure_ascii=False)
        gateway = self.profile.gateway
        return {**whole, "cainfo": cainfo(gateway, whole)} if gateway.cainfo else whole

    def post(self, body: dict[str, object], headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a request."""
        path = self.profile.path_of(str(body["infno"]))
        sent = self.headers() if headers is None else headers
        return self.rig.http.post(self.rig.platform_at + path, json=body, headers=sent)

    def sign_in(self) -> dict[str, Any]:
        """9001; the answer, as it came."""
        content = {"signIn": {"opter_no": "001", "mac": "00-00-00-00-00-01", "ip": "10.0.0.7"}}
        answer: Any = self.post(self.body("9001", content)).json()
        answer = json.loads(answer) if isinstance(answer, str) else answer
        output = json.loads(answer["output"]) if isinstance(answer.get("output"), str) else answer.get("output", {})
        self.rig.sign_nos["P63999900001"] = output["signinoutb"]["sign_no"]
        return dict(answer)

    def settlement(self) -> dict[str, object]:
        """A 2102 without the password."""
        return self.body("2102", self.rig.purchase(P1), signtype="MOCK")


@pytest.fixture
def province() -> Iterator[Callable[[str], Province]]:
    rigs: list[Rig] = []

    def make(name: str) -> Province:
        rigs.append(start_rig(profile=name))
        return Province(rigs[-1], load_profile(name))

    yield make
    for rig in rigs:
        stop_rig(rig)


@pytest.mark.parametrize(
    "name", ["inner-mongolia", "jiangsu", "henan", "shanxi", "shenzhen", "unnamed-cainfo", "unnamed-tif", "hubei"]
)
def test_who_does_as_the_profile_says_settles(province: Callable[[str], Province], name: str) -> None:
    here = province(name)
    assert here.sign_in()["infcode"] == 0
    answer = here.post(here.settlement())
    assert answer.status_code == 200
    assert isinstance(answer.json(), str if name == "shanxi" else dict)
    assert len(here.rig.events("booked")) == 1


@pytest.mark.parametrize(
    ("name", "changed", "code"),
    [
        ("inner-mongolia", {"apikey": ""}, "982001"),
        ("inner-mongolia", {"apikey": "another"}, "982002"),
        ("jiangsu", {"_api_signature": ""}, "982001"),
        ("jiangsu", {"_api_signature": "AAAA"}, "982003"),
        ("jiangsu", {"_api_access_key": "another"}, "982002"),
        ("jiangsu", {"_api_timestamp": "1602635400"}, "9000"),
        ("unnamed-tif", {"x-tif-nonce": "another"}, "982003"),
        ("unnamed-tif", {"x-tif-paasid": ""}, "982001"),
        ("unnamed-tif", {"x-tif-timestamp": "1602635400000"}, "982004"),
    ],
)
def test_the_gateway_turns_away_and_nothing_is_booked(
    province: Callable[[str], Province], name: str, changed: dict[str, str], code: str
) -> None:
    here = province(name)
    here.sign_in()
    body = here.settlement()
    answer = here.post(body, here.headers(**changed)).json()
    assert (answer["code"], answer["success"]) == (code, False)
    assert "infcode" not in answer, "the platform never saw it"
    assert [event["code"] for event in here.rig.events("gateway-refused")] == [code]
    assert here.rig.events("booked") == []
    assert here.post(body).json()["infcode"] == 0, "the same request is good with good headers"


@pytest.mark.parametrize(("name", "code"), [("jiangsu", "9000"), ("unnamed-tif", "982004")])
@pytest.mark.parametrize("seconds", [301, -301])
def test_a_clock_that_is_wrong_is_told_so(
    province: Callable[[str], Province], name: str, code: str, seconds: int
) -> None:
    here = province(name)
    at = local_time(here.rig.clock) + timedelta(seconds=seconds)
    headers = headers_for(here.profile, at=at.astimezone(BEIJING), nonce="n")
    body = here.body("9001", {"signIn": {"opter_no": "001", "ip": "10.0.0.7"}})
    assert here.post(body, headers).json()["code"] == code


def test_a_nonce_comes_once_even_with_another_request_and_again_when_its_time_is_over(
    province: Callable[[str], Province],
) -> None:
    here = province("unnamed-tif")
    here.sign_in()
    headers = here.headers()
    assert here.post(here.settlement(), headers).json()["infcode"] == 0
    assert here.post(here.settlement(), headers).json()["code"] == "982005"
    assert len(here.rig.events("booked")) == 1
    here.rig.clock.step(seconds=2 * here.profile.gateway.tolerance_s + 1)
    again = headers_for(here.profile, at=local_time(here.rig.clock), nonce=headers["x-tif-nonce"])
    assert here.post(here.settlement(), again).json()["infcode"] == 0


def test_an_envelope_that_was_changed_after_it_was_signed_is_turned_away(
    province: Callable[[str], Province],
) -> None:
    here = province("unnamed-cainfo")
    here.sign_in()
    body = here.settlement()
    assert here.post({**body, "opter": "002"}).json()["code"] == "982006"
    assert here.post({**body, "cainfo": ""}).json()["code"] == "982006"
    assert here.rig.http.post(here.rig.platform_at + "/fsi/api/callService", content=b"{").json()["code"] == "982007"
    assert here.rig.events("booked") == []


@pytest.mark.parametrize(
    ("name", "fields", "named"),
    [
        ("jiangsu", {"fixmedins_soft_fcty": ""}, "fixmedins_soft_fcty"),
        ("jiangsu", {"enc_type": ""}, "enc_type"),
        ("henan", {"msgid": "P63999900001202010140830009999"}, "msgid"),
        ("shenzhen", {"fixmedins_code": "P639999000010"}, "fixmedins_code"),
    ],
)
def test_what_the_province_wants_of_the_envelope_is_checked(
    province: Callable[[str], Province], name: str, fields: dict[str, object], named: str
) -> None:
    here = province(name)
    here.sign_in()
    answer = here.post({**here.settlement(), **fields}).json()
    assert answer["warn_msg"] == "981003"
    assert named in answer["err_msg"]


def test_input_as_an_object_is_refused_where_text_is_due(province: Callable[[str], Province]) -> None:
    here = province("unnamed-cainfo")
    here.sign_in()
    body = here.settlement()
    answer = here.post({**body, "input": json.loads(str(body["input"]))}).json()
    assert answer["warn_msg"] == "981003"
    assert "input" in answer["err_msg"]


@pytest.mark.parametrize(("name", "refused"), [("qinghai", True), ("jiangsu", False)])
def test_the_electronic_social_security_card_is_known_in_one_province(
    province: Callable[[str], Province], name: str, *, refused: bool
) -> None:
    here = province(name)
    here.sign_in()
    content = {"data": {"mdtrt_cert_type": "04", "mdtrt_cert_no": "x", "begntime": "2020-10-14 08:30:00"}}
    answer = here.post(here.body("1101", content)).json()
    assert (answer["warn_msg"] == "981003") is refused, answer


def test_a_faults_message_is_found_by_its_body_where_there_is_one_path(
    province: Callable[[str], Province],
) -> None:
    here = province("shanxi")
    here.sign_in()
    here.rig.http.post(here.rig.back_doors["platform"] + "/fault", json={"message": "2102", "effect": "bad-gateway"})
    assert here.post(here.settlement()).status_code == 502
    assert here.rig.events("booked") == []


def test_a_late_original_of_another_form_of_msgid_is_barred_after_its_reversal(
    province: Callable[[str], Province],
) -> None:
    here = province("henan")
    here.sign_in()
    late = here.settlement()
    data = {"data": {"psn_no": P1.psn_no, "omsgid": late["msgid"], "oinfno": "2102"}}
    assert here.post(here.body("2601", data)).json()["warn_msg"] == "981027"
    assert here.post(late).json()["warn_msg"] == "981008"
    assert here.rig.events("booked") == []


@pytest.mark.parametrize(
    ("name", "code"),
    [("jiangsu", "9000"), ("unnamed-tif", "982004"), ("inner-mongolia", "981087"), ("unnamed-cainfo", "981087")],
)
def test_a_clock_that_is_ahead_turns_away_in_the_provinces_own_way(
    province: Callable[[str], Province], name: str, code: str
) -> None:
    here = province(name)
    here.sign_in()
    here.rig.http.post(here.rig.back_doors["platform"] + "/fault", json={"message": "2102", "effect": "clock-skew"})
    body = here.settlement()
    answer = here.post(body).json()
    assert code in {answer.get("code"), answer.get("warn_msg")}
    assert here.rig.events("booked") == []
    assert len(here.rig.events("fault-fired")) == 1
    assert here.post(body).json()["infcode"] == 0
