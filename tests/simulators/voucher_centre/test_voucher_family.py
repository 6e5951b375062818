"""Family accounts: bound by ID number, children by face, unbound members not shown."""

from collections.abc import Callable
from typing import Any

import pytest

from fixtures.population import Person
from harness.wire import voucher_messages as messages
from simulators.voucher_centre.settings import VoucherCentreSettings
from tests.simulators.insurer_rig import PEOPLE, Rig

HOLDER, ADULT, CHILD, TEEN, NOBODY, LAPSED = (PEOPLE[n] for n in ("P002", "P001", "P011", "P012", "P005", "P003"))


def family(rig: Rig, action: str, member: Person | None = None, **more: object) -> dict[str, Any]:
    body: dict[str, object] = {
        "transType": "ec.family",
        "idNo": HOLDER.id_no,
        "userName": HOLDER.name,
        "chnlId": "alipay",
        "action": action,
        "agreed": True,
    }
    if member is not None:
        body |= {"memberIdNo": member.id_no, "memberName": member.name}
    return rig.centre_post(messages.FAMILY_PATH, {**body, **more})


def shown(rig: Rig, member: Person, channel: str = "alipay", **more: object) -> dict[str, Any]:
    wish = {
        "transType": "ec.qrcode",
        "idNo": HOLDER.id_no,
        "idType": "01",
        "userName": HOLDER.name,
        "chnlId": channel,
        "memberIdNo": member.id_no,
        **more,
    }
    return rig.centre_post(messages.QRCODE_PATH, wish)


def test_a_bound_adults_code_is_shown_and_is_theirs(rig: Rig) -> None:
    answer = family(rig, "bind", ADULT)
    assert answer["data"]["members"] == [{"memberIdNo": ADULT.id_no, "memberName": ADULT.name}]
    data = rig.decode(shown(rig, ADULT)["data"]["ecQrCode"])["data"]
    assert (data["idNo"], data["userName"]) == (ADULT.id_no, ADULT.name)
    (bound,), (issued,) = rig.events("family-bound"), rig.events("code-issued")
    assert (bound["holder"], bound["member"], bound["by"]) == (HOLDER.id_no, ADULT.id_no, "id-number")
    assert (issued["id_no"], issued["holder"]) == (ADULT.id_no, HOLDER.id_no)


def test_an_unbound_members_code_is_not_shown(rig: Rig) -> None:
    assert shown(rig, ADULT)["code"] == 980015
    family(rig, "bind", ADULT)
    assert shown(rig, ADULT)["code"] == 0
    assert family(rig, "unbind", ADULT)["data"]["members"] == []
    assert shown(rig, ADULT)["code"] == 980015
    assert family(rig, "unbind", ADULT)["code"] == 980015
    refused = rig.events("show-refused")
    assert [(event["why"], event["member"]) for event in refused] == [("member-not-bound", ADULT.id_no)] * 2


def test_a_holder_whose_voucher_has_lapsed_neither_binds_nor_shows(rig: Rig) -> None:
    lapsed = {"idNo": LAPSED.id_no, "userName": LAPSED.name}
    assert family(rig, "bind", ADULT, **lapsed)["code"] == 980003
    assert rig.events("family-bound") == []
    assert shown(rig, ADULT, **lapsed)["code"] == 980003
    refused = rig.events("family-refused") + rig.events("show-refused")
    assert [event["why"] for event in refused] == ["not-activated"] * 2


def test_the_consent_page_is_not_left_out(rig: Rig) -> None:
    assert family(rig, "bind", ADULT, agreed=False)["code"] == 980009
    assert shown(rig, ADULT)["code"] == 980015
    assert rig.events("family-refused")[0]["why"] == "step-skipped"


@pytest.mark.parametrize(
    ("face_of", "code"), [(None, 980009), (HOLDER.id_no, 980025), (ADULT.id_no, 980025), (CHILD.id_no, 0)]
)
def test_a_child_is_bound_by_face(rig: Rig, face_of: str | None, code: int) -> None:
    assert family(rig, "bind", CHILD, faceOf=face_of)["code"] == code
    assert (shown(rig, CHILD)["code"] == 0) == (code == 0)
    if code == 0:
        assert rig.events("family-bound")[0]["by"] == "face"
        assert [(event["by"], event["newly"]) for event in rig.events("activated")] == [(HOLDER.id_no, True)]
        assert rig.decode(shown(rig, CHILD)["data"]["ecQrCode"])["data"]["idNo"] == CHILD.id_no


def test_who_turns_sixteen_today_is_bound_by_id_number(rig: Rig) -> None:
    assert family(rig, "bind", TEEN)["code"] == 980009, "sixteen tomorrow"
    rig.clock.step(seconds=24 * 3600)
    assert family(rig, "bind", TEEN)["code"] == 980003, "no longer by face, and the voucher is not activated"
    assert rig.events("activated") == []


def test_who_is_not_activated_or_not_known_is_not_bound(rig: Rig) -> None:
    assert family(rig, "bind", NOBODY)["code"] == 980003
    assert family(rig, "bind", ADULT, memberName="别人")["code"] == 980021
    assert family(rig, "bind", PEOPLE["P013"])["code"] == 980021
    assert family(rig, "bind", PEOPLE["P015"])["code"] == 980022
    assert family(rig, "bind", HOLDER)["code"] == 980005
    assert family(rig, "list")["data"]["members"] == []


def test_a_binding_is_the_holders_alone_and_forgotten_by_a_reset(rig: Rig) -> None:
    family(rig, "bind", ADULT)
    wish = {
        "transType": "ec.qrcode",
        "idNo": ADULT.id_no,
        "idType": "01",
        "userName": ADULT.name,
        "chnlId": "alipay",
        "memberIdNo": HOLDER.id_no,
    }
    assert rig.centre_post(messages.QRCODE_PATH, wish)["code"] == 980015, "it does not work the other way round"
    assert rig.state("voucher-centre")["families"] == [{"holder": HOLDER.id_no, "members": [ADULT.id_no]}]
    rig.loop.call(rig.centre.reset(seed=7))
    assert shown(rig, ADULT)["code"] == 980015


@pytest.mark.parametrize(("ends", "code"), [(False, 0), (True, 980015)])
def test_a_shown_code_lives_on_after_the_binding_or_dies_with_it_as_the_centre_is_set(
    make_rig: Callable[..., Rig], ends: bool, code: int
) -> None:
    rig = make_rig(centre=VoucherCentreSettings(unbinding_ends_codes=ends))
    family(rig, "bind", ADULT)
    digits = [shown(rig, ADULT)["data"]["ecQrCode"] for _ in range(2)]
    assert rig.decode(digits[0])["code"] == 0
    family(rig, "unbind", ADULT)
    assert rig.decode(digits[1])["code"] == code
    assert rig.decode(rig.new_code(ADULT))["code"] == 0, "their own is as good as ever"
    family(rig, "bind", ADULT)
    assert rig.decode(shown(rig, ADULT)["data"]["ecQrCode"])["code"] == 0
